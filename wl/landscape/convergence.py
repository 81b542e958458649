"""Whether to trust a landscape, criterion by criterion and in words.

Flatness of a histogram says nothing. What is asked: small errors of the frozen walk, agreement of Wang-Landau with the
transition matrix, round trips, visits of all that was found before, no new bin for half of the time, no single stay
that makes up the visits of the rarest bin, and agreement with uniform draws. A criterion that could not be tested says
so; it neither trusts nor distrusts. No criterion sees what no walker found, except the level that was asked for;
independent runs from different starts are the only remedy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from perceptron.base.results import Status
from wl.analysis.start_dependence import Halves, compare_halves
from wl.engine.estimators.transition_matrix import MOST_BINS
from wl.engine.kernels import schedule as clocks
from wl.landscape.integrator import integrator_text

__all__ = ["INTEGRATOR", "Criterion", "Verdict", "judge"]

LEAST_TRIPS = 20
MOST_STAY = 0.2
LEAST_DRAWS = 100
LEAST_CHANCE = 0.01
LIKELY = 3.0  # nats below the largest of a row
MOST_MISSED = 0.01  # of the draws, in bins that the walk never visited
MOST_FROM_DRAWS = 2.0  # neighbouring bins move together, so that one is often met by chance
MOST_HEAT, LEAST_ACCEPTANCE = 0.02, 0.4
INTEGRATOR = (
    *("time_step", "energy_drift", "energy_error", "reversal_error"),
    *("temperature", "acceptance", "mean_boltzmann_factor", "lost_trajectories"),
)
MOST_DEVIATION = 3.0  # standard errors between Wang-Landau and the transition matrix


@dataclass(frozen=True, slots=True)
class Criterion:
    """One demand: what it is, what was found, whether it is met."""

    name: str
    found: str
    met: bool | None  # None where it was not tested

    @property
    def mark(self) -> str:
        """A cross where it is met, a dash where it was not tested."""
        return "-" if self.met is None else "x" if self.met else " "


@dataclass(frozen=True, slots=True)
class Verdict:
    """All demands; CONVERGED if every one that was tested is met."""

    criteria: tuple[Criterion, ...]

    @property
    def status(self) -> Status:
        """CONVERGED or NOT_CONVERGED."""
        return Status.NOT_CONVERGED if any(c.met is False for c in self.criteria) else Status.CONVERGED

    @property
    def text(self) -> str:
        """The report."""
        lines = [f"[{c.mark}] {c.name}: {'not tested: ' if c.met is None else ''}{c.found}" for c in self.criteria]
        failed = [c.name for c in self.criteria if c.met is False]
        word = "trust it" if not failed else "do not trust it yet, for: " + "; ".join(failed)
        return "\n".join([f"{self.status.name}: {word}", *lines])


def judge(dataset: Any, samplers: list[Any], tolerance: float) -> Verdict:
    """Judge the landscape of the samplers."""
    criteria = [
        _errors(dataset, tolerance, samplers),
        _agreement(dataset),
        _trips(samplers),
        _visits(dataset, samplers),
        _support(samplers),
        _stays(samplers),
    ]
    if "uniform_draws" in dataset:
        criteria.append(_draws(dataset))
    if samplers and samplers[0].windows[0].motion is not None:
        criteria.append(_integrator(dataset))
    halves = compare_halves(dataset)
    if halves is not None:
        criteria.append(_halves(halves))
    return Verdict(tuple(criteria))


def _errors(dataset: Any, tolerance: float, samplers: list[Any]) -> Criterion:
    error = dataset["log_g_error"].values[np.isfinite(dataset["log_g"].values)]
    name = f"standard errors of ln g below {tolerance:g}"
    if error.size == 0 or not np.isfinite(error).any():
        apart = any(sampler.frozen and len(sampler.windows) > 1 for sampler in samplers)
        found = "frozen walks of neighbouring windows have no bin in common" if apart else "no frozen walk yet"
        return Criterion(name, found, False)
    unknown = int(np.count_nonzero(~np.isfinite(error)))
    tail = f", {unknown} of {error.size} bins without an error (too few visits)" if unknown else ""
    held = _held_down_to(dataset, tolerance)
    return Criterion(
        name, f"largest {np.nanmax(error):.3g}{tail}{held}", bool(unknown == 0 and np.nanmax(error) < tolerance)
    )


def _held_down_to(dataset: Any, tolerance: float) -> str:
    """For a real first variable the lowest value from which on, up to the entropy maximum, errors are small."""
    name = dataset["log_g"].dims[0]
    if f"{name}_edges" not in dataset or np.issubdtype(dataset[name].dtype, np.integer):
        return ""
    log_g, error = (dataset[key].values.reshape(dataset[name].size, -1) for key in ("log_g", "log_g_error"))
    rows = np.where(np.isfinite(log_g), log_g, -np.inf).max(axis=1)
    place = top = int(np.argmax(rows))
    likely = log_g > rows[:, None] - LIKELY  # bins that hold nearly all of their row
    while place >= 0 and np.isfinite(rows[place]) and np.all(error[place][likely[place]] < tolerance):
        place -= 1
    if place == top:
        return ""
    return f"; in the likely bins of each row met down to {name} = {dataset[name].values[place + 1]:.4g}"


def _agreement(dataset: Any) -> Criterion:
    """Largest deviation of the transition matrix from the frozen walk, in standard errors of the difference.

    Most of the two share their noise; squares are added all the same.
    """
    matrix, error = dataset["log_g_transition_matrix"].values, dataset["log_g_error"].values
    name = f"Wang-Landau and transition matrix within {MOST_DEVIATION:g} errors"
    if not np.isfinite(matrix).any():
        return Criterion(name, f"no matrix: switched off, or more than {MOST_BINS} bins, or nothing counted yet", None)
    other = np.nan_to_num(dataset["log_g_transition_matrix_error"].values)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.abs(dataset["log_g"].values - matrix) / np.hypot(error, np.maximum(error, other))
    usable = np.isfinite(ratio)
    if not usable.any():
        return Criterion(name, "no errors to compare with yet", False)
    largest = float(np.max(ratio[usable]))
    return Criterion(name, f"largest deviation {largest:.2g} errors", largest <= MOST_DEVIATION)


def _draws(dataset: Any) -> Criterion:
    """Whether the walk alone says what uniform draws say, in bins and rows that they hit often.

    The root mean square deviation of ln g is taken in errors; the constant is the draws' own. A row of the walk is
    compared with all draws of the row, so that it fails where the walk missed much of it.
    """
    name = f"rms deviation from uniform draws below {MOST_FROM_DRAWS:g} errors, below {MOST_MISSED:.0%} of them missed"
    counts = dataset["uniform_draws"].values
    if counts.max() < LEAST_DRAWS:
        return Criterion(name, "they hit no bin often enough", None)
    often = counts >= LEAST_DRAWS
    if not dataset.attrs["absolute"]:
        return Criterion(
            name, "the walk knows none of the bins that they hit, so that ln g has an unknown constant", False
        )
    walk, error = (dataset[f"log_g_of_walk{end}"].values for end in ("", "_error"))
    missed = often & ~np.isfinite(walk)
    in_bins, n_bins = _rms_from_draws(dataset, walk, error, counts)
    found = [f"{in_bins:.2f} in {n_bins} bins"]
    met = in_bins < MOST_FROM_DRAWS
    if counts.ndim == 2:
        sums, errors = (dataset[f"log_g_marginal_of_walk{end}"].values for end in ("", "_error"))
        in_rows, n_rows = _rms_from_draws(dataset, sums, errors, counts.sum(axis=1))
        found.append(f"{in_rows:.2f} in {n_rows} rows")
        met &= in_rows < MOST_FROM_DRAWS
    if missed.any():
        share = counts[missed].sum() / counts.sum()
        found.append(
            f"{np.count_nonzero(missed)} of their bins never visited, with {share:.2g} of the draws in the grid"
        )
    return Criterion(name, ", ".join(found), bool(met and not missed.any()))


def _rms_from_draws(dataset: Any, log_g: np.ndarray, error: np.ndarray, counts: np.ndarray) -> tuple[float, int]:
    """Rms deviation from ln of the draws where there are many and an error is known, and in how many places."""
    usable = (counts >= LEAST_DRAWS) & np.isfinite(error)
    if not usable.any():
        return math.inf, 0
    drawn = np.log(counts[usable] / dataset.attrs["n_uniform_draws"]) + dataset.attrs["log_total"]
    total = np.hypot(error[usable], 1.0 / np.sqrt(counts[usable]))
    return float(np.sqrt(np.mean(((log_g[usable] - drawn) / total) ** 2))), int(np.count_nonzero(usable))


def _integrator(dataset: Any) -> Criterion:
    """Kinetic temperature of Langevin dynamics, or what became of trajectories."""
    found = {name: dataset.attrs[name] for name in INTEGRATOR if name in dataset.attrs}
    cold = abs(found.get("temperature", 1.0) - 1.0) < MOST_HEAT
    met = cold and found.get("acceptance", 1.0) > LEAST_ACCEPTANCE and found.get("lost_trajectories", 0.0) == 0.0
    name = f"kinetic temperature within {MOST_HEAT:g} of 1, trajectories accepted above {LEAST_ACCEPTANCE:g}, none lost"
    return Criterion(name, integrator_text(found), met)


def _halves(halves: Halves) -> Criterion:
    """Runs from given starts against those from uniform draws; where they part, the landscape does not hold."""
    name = f"runs from given and from uniform starts agree (p above {LEAST_CHANCE:g})"
    chances = {"ln g": halves.entropy.p_value} | ({} if halves.mean is None else {"mean": halves.mean.p_value})
    text = ", ".join(f"{what} p = {chance:.2g}" for what, chance in chances.items())
    found = f"{text}; bin by bin down to {halves.holds_down_to:.4g}"
    return Criterion(name, found, min(chances.values()) > LEAST_CHANCE)


def _trips(samplers: list[Any]) -> Criterion:
    fewest = min(sampler.round_trips / sampler.n_walkers for sampler in samplers)
    return Criterion(f"at least {LEAST_TRIPS} round trips a walker", f"{fewest:.1f}", fewest >= LEAST_TRIPS)


def _visits(dataset: Any, samplers: list[Any]) -> Criterion:
    """Whether the walk came to the level that is asked for, and to all rows that were found; what it never saw."""
    axis = samplers[0].grid.axes[0]
    frozen = all(sampler.frozen for sampler in samplers)
    seen = (dataset["visited"] if frozen else dataset["found"]).values.reshape(axis.n_bins, -1).any(axis=1)
    found = dataset["found"].values.reshape(axis.n_bins, -1).any(axis=1)
    asked = axis.row_asked_for
    name = "every level that was found is visited with frozen weights" if frozen else "levels found"
    if asked is not None:
        name += f", and {axis.level_text(asked)}"
    unseen = np.flatnonzero(~seen)
    if unseen.size == 0:
        return Criterion(name, f"all {seen.size} levels of the range", True)
    places = [place for place in (asked,) if place is not None and not seen[place]]
    places += [place for place in unseen if place not in places]
    lost = np.count_nonzero(found & ~seen)
    text = f"{unseen.size} of {seen.size} levels of the range never visited: {axis.levels_text(places)}"
    if lost:
        text += f"; {lost} of them were found while the weights were learned"
    return Criterion(name, text, bool(lost == 0 and (asked is None or seen[asked])))


def _support(samplers: list[Any]) -> Criterion:
    latest = max(
        float(window.own.clock[clocks.LAST_DISCOVERY] / max(1.0, window.own.clock[clocks.TOTAL]))
        for sampler in samplers
        for window in sampler.windows
    )
    n_away = sum(sampler.turned_away for sampler in samplers)
    n_trials = sum(sampler.trials * sampler.n_walkers for sampler in samplers)
    found = f"last one after {100.0 * latest:.2g} % of the trials"
    if n_away:
        found += f"; then walkers were turned away at unseen bins {n_away} times, {n_away / n_trials:.1g} a trial"
    return Criterion("no new bin since half of the trials", found, latest <= 0.5)


def _stays(samplers: list[Any]) -> Criterion:
    worst = max((sampler.longest_stay_share for sampler in samplers), key=lambda s: math.inf if math.isnan(s) else s)
    entries = min(sampler.entries for sampler in samplers)
    rarest = ", ".join(sorted({text for sampler in samplers for text in sampler.rarest_levels}))
    name = f"longest stay at the rarest level found ({rarest}) below {MOST_STAY:g} of its visits"
    if math.isnan(worst):
        return Criterion(name, "it was not visited with frozen weights", False)
    return Criterion(name, f"{worst:.2g} in {entries} entries", worst < MOST_STAY)
