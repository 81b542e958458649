"""A landscape as the user holds it: ln g with its errors, the judgement of its convergence, and what follows."""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from perceptron.base.checks import check_kind, check_path
from perceptron.base.results import Solution, Status
from wl.analysis.comparison import Comparison, compare_runs
from wl.analysis.curves import Curve, equilibrium_curve, marginal, maximum_entropy_curve
from wl.analysis.thermal_means import Expected, expected_at
from wl.landscape.build import load_landscape, save_landscape

if TYPE_CHECKING:
    import pandas as pd
    import xarray as xr

    from wl.analysis.advantage import Advantage

__all__ = ["Criterion", "Landscape", "load"]

MARKS = {"x": True, " ": False, "-": None}
SOLUTIONS = ("deficit", "n_errors")  # variables that are 0 where all patterns are met


class Criterion(NamedTuple):
    """One line of the report of a landscape.

    Attributes
    ----------
    text : str
        What was asked and what was found.
    passed : bool or None
        None where it was not tested.
    """

    text: str
    passed: bool | None


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Landscape:
    """Logarithm of the density of states over one or two collective variables.

    Attributes
    ----------
    data : xarray.Dataset
        Everything, as it is on disk (`wl.landscape.build` lists the variables).
    """

    data: xr.Dataset

    @property
    def variables(self) -> tuple[str, ...]:
        """Names of the collective variables."""
        return tuple(map(str, self.data["log_g"].dims))

    @property
    def log_g(self) -> xr.DataArray:
        """Estimate of ln g in nats, nan where no configuration was found; see `is_absolute`."""
        return self.data["log_g"]

    @property
    def log_g_error(self) -> xr.DataArray:
        """Standard error of ln g; nan where it is unknown."""
        return self.data["log_g_error"]

    @property
    def is_absolute(self) -> bool:
        """Whether ln g counts configurations, or shares of the volume; otherwise it is known up to a constant."""
        return bool(self.data.attrs["absolute"])

    @property
    def status(self) -> Status:
        """CONVERGED where no criterion of the report failed, else NOT_CONVERGED; INTERRUPTED after Ctrl-C."""
        return Status.INTERRUPTED if self.data.attrs.get("interrupted") else Status[self.data.attrs["status"]]

    @property
    def report(self) -> tuple[Criterion, ...]:
        """Criteria of convergence: passed, failed, or not tested."""
        lines = self.data.attrs["report"].splitlines()
        marked = [line for line in lines if line[:1] == "[" and line[2:4] == "] "]
        return tuple(Criterion(line[4:], MARKS[line[1]]) for line in marked)

    @property
    def log_n_solutions(self) -> Solution:
        """Logarithm of the number of weights that meet all patterns, ln Z, of a landscape of a perceptron.

        The status is NOT_REACHED where no such weights were found; then there is no value.

        Raises
        ------
        ValueError
            If the landscape is not one of a perceptron over its deficit or its number of errors.
        """
        if not self.counts_solutions:
            raise ValueError(f"the landscape is of {self._what}; allowed: a perceptron over {' or '.join(SOLUTIONS)}")
        curve = self.marginal()
        here = np.flatnonzero((curve.x == 0.0) & np.isfinite(curve.value))
        if here.size == 0 or not self.is_absolute:
            return Solution("log_n_solutions", math.nan, math.nan, Status.NOT_REACHED, 0, math.nan, math.nan)
        value, error = float(curve.value[here[0]]), float(curve.error[here[0]])
        return Solution("log_n_solutions", value, error, self.status, 0, 0.0, math.nan)

    @property
    def counts_solutions(self) -> bool:
        """Whether it is a landscape of a perceptron over its deficit or its number of errors."""
        return bool(self.data.attrs["system"] == "perceptron" and self.variables[0] in SOLUTIONS)

    def marginal(self) -> Curve:
        """Ln g along the first variable, summed over the second."""
        return marginal(self.data)

    def equilibrium(self) -> Curve:
        """Mean of the second variable at each value of the first, over all configurations there (paper H, eq. 1)."""
        return equilibrium_curve(self.data)

    def maximum_entropy(self) -> Curve:
        """Value of the second variable at which ln g is largest, for each value of the first."""
        return maximum_entropy_curve(self.data)

    def advantage(self, ensemble: Any) -> Advantage:
        """How much better the equilibrium generalises than trained networks at the same training loss.

        Parameters
        ----------
        ensemble : TrainingEnsemble
            What `wl.train` returns; its runs that diverged are left out.
        """
        from wl.analysis.advantage import entropic_advantage  # noqa: PLC0415

        kept = ensemble.kept
        return entropic_advantage(self.data, ensemble[self.variables[0]][kept], ensemble[self.variables[1]][kept])

    def at_temperature(self, temperature: float) -> Expected:
        """Means of both variables where configurations have the density e^(-L/T), with L the training loss."""
        return expected_at(self.data, temperature)

    def compare(self, other: Landscape) -> Comparison:
        """Whether two landscapes of independent runs agree along the first variable, up to a constant.

        Raises
        ------
        ValueError
            Where one of them has fewer than four runs.
        """
        check_kind("other", other, Landscape)
        name = "log_g_runs" if len(self.variables) == 1 else "log_g_marginal_runs"
        return compare_runs(self.data[name].values, other.data[name].values)

    def plot(self, path: Path | str | None = None) -> Any:
        """Draw ln g, its errors, the trace and the report; into a .png or .pdf file, or as a matplotlib figure."""
        from wl.analysis.plots import landscape_figure, save_landscape_plot  # noqa: PLC0415

        if path is None:
            return landscape_figure(self.data)
        save_landscape_plot(check_path("path", path), self.data)
        return None

    def save(self, path: Path | str) -> None:
        """Write a NetCDF file, which `load` reads."""
        save_landscape(check_path("path", path), self.data)

    def to_dataframe(self) -> pd.DataFrame:
        """Table with a row for each bin that was found: variables, ln g and its standard error."""
        table = self.data[["log_g", "log_g_error"]].to_dataframe()
        return table[np.isfinite(table["log_g"])].reset_index()

    @property
    def provenance(self) -> Any:
        """What the landscape was made from: versions and all parameters, of each run where it was merged."""
        return json.loads(self.data.attrs["provenance"])

    @property
    def _what(self) -> str:
        return f"{self.data.attrs['system']} over {', '.join(self.variables)}"

    def summary(self) -> str:
        """Text with the status, the number of solutions where there is one, the report, and the provenance."""
        attributes = self.data.attrs
        lines = [f"landscape of {self._what}: {self.status.name}"]
        if self.counts_solutions:
            found = self.log_n_solutions
            known = f"{found.value:.6f} ± {found.error:.1g}" if math.isfinite(found.value) else found.status.name
            lines.append(f"ln of the number of solutions: {known}")
        lines.append(f"trials: {attributes['steps']:.4g}, round trips: {attributes['round_trips']}")
        scale = "counts configurations" if self.is_absolute else "is known up to a constant"
        lines.append(f"ln g {scale}; ln of all configurations: {attributes['log_total']:.6f}")
        lines += attributes["report"].splitlines()
        lines += [_origin(origin) for origin in _as_list(self.provenance)]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Landscape({self._what}, {self.status.name}, {self.data.attrs['steps']:.3g} trials)"

    def _repr_html_(self) -> str:
        return f"<pre>{html.escape(self.summary())}</pre>"


def _as_list(provenance: Any) -> list[Any]:
    return provenance if isinstance(provenance, list) else [provenance]


def _origin(origin: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in origin.get("versions", {}).items())
    parameters = origin.get("parameters", {})
    return f"made with seed {parameters.get('seed')}, {parameters.get('runs', 1)} run(s), by {versions}"


def load(path: Path | str) -> Landscape:
    """Read a landscape from a NetCDF file or from the directory of a run.

    Raises
    ------
    ValueError
        If the file is missing, damaged or no landscape.
    """
    place = check_path("path", path)
    return Landscape(load_landscape(place / "landscape.nc" if place.is_dir() else place))


def merge(landscapes: Sequence[Landscape | Path | str], output: Path | str | None = None) -> Landscape:
    """Combine independent runs of one system, grid and data set.

    Parameters
    ----------
    landscapes : sequence
        At least two landscapes, files or directories of runs, with different seeds.
    output : path, optional
        NetCDF file to write.

    Raises
    ------
    ValueError
        For fewer than two, equal seeds, or a difference in system, grid or data, which is named.
    """
    from wl.landscape.merge import merged_landscape  # noqa: PLC0415

    merged = Landscape(merged_landscape([one.data if isinstance(one, Landscape) else one for one in landscapes]))
    if output is not None:
        merged.save(output)
    return merged


def compare(first: Landscape | Path | str, second: Landscape | Path | str) -> Comparison:
    """Whether two landscapes of independent runs agree along the first variable, up to a constant."""
    pair = [one if isinstance(one, Landscape) else load(one) for one in (first, second)]
    return pair[0].compare(pair[1])
