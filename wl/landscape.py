"""The result: an xarray Dataset with ln g from every estimator, its standard errors, and where it came from.

Dimensions are the variables, each with a coordinate that holds the level itself (the centre of a real bin, whose edges
are in `<name>_edges`, infinite where open). `log_g` is the estimate to use: that of the frozen walk, or of Wang and
Landau while there is none yet. It is normalised over all bins to the known total and nan where nothing was visited;
attribute `absolute` is 0 where no total is known, as where no uniform draw has a bin: then Σ g = 1, and only
differences mean something.
"""

from __future__ import annotations

import io
import json
import math
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr
from xarray.backends import H5NetCDFStore

from perceptron.files import provenance, write_atomically
from wl.convergence import Verdict, judge
from wl.grid import Grid
from wl.integrator_report import integrator_numbers
from wl.multicanonical import joined, normalised, with_errors
from wl.sampler import Sampler
from wl.trace import TRACE_COLUMNS

__all__ = ["combined", "conditional_means", "landscape_of", "load_landscape", "save_landscape", "verdict_of"]

LEAST_RUNS_FOR_SPREAD = 8
ALONG_FIRST = ("log_g_marginal", "conditional_mean")  # curves along the first of two variables


def landscape_of(samplers: list[Sampler], parameters: dict[str, Any], tolerance: float) -> xr.Dataset:
    """Landscape of independent runs.

    Parameters
    ----------
    samplers : list of Sampler
        Of the same system, grid and settings.
    parameters : dict
        Kept with the result.
    tolerance : float
        Standard error of ln g below which a bin counts as converged.

    Returns
    -------
    xarray.Dataset
        log_g and log_g_error over the runs, log_g_runs and log_g_runs_error of each, log_g_wang_landau,
        log_g_transition_matrix, histogram, visited, and the trace.
    """
    grid, total = samplers[0].grid, samplers[0].log_covered
    frozen = [_frozen(sampler) for sampler in samplers]
    learned = np.stack([_wang_landau(sampler) for sampler in samplers])
    matrices = [_transition_matrix(sampler) for sampler in samplers]
    matrix = np.stack([value for value, _ in matrices])
    matrix_error = np.stack([error for _, error in matrices])
    values = np.stack([value[: grid.n_bins] for value, _ in frozen])
    errors = np.stack([error[: grid.n_bins] for _, error in frozen])
    best = values if np.isfinite(values).any() else learned
    log_g, error = combined(best, errors)
    known = np.isfinite(log_g)
    if known.any():
        log_g = normalised(log_g, total)
    histogram = sum(window.surface.histogram for sampler in samplers for window in sampler.windows)
    fields = {
        "log_g": log_g,
        "log_g_error": np.where(known, error, np.nan),
        "log_g_wang_landau": _mean(learned),
        "log_g_transition_matrix": _mean(matrix),
        "log_g_transition_matrix_error": _mean(matrix_error),
        "histogram": histogram,
        "visited": known,
    }
    data = {name: (grid.names, array.reshape(grid.shape)) for name, array in fields.items()}
    for name, array in (("log_g_runs", best), ("log_g_runs_error", errors)):
        data[name] = (("run", *grid.names), array.reshape(-1, *grid.shape))
    data["run_given_start"] = (("run",), np.array([sampler.starts is not None for sampler in samplers], np.int8))
    if len(grid.axes) == 2:
        along = np.stack([_along_first(row, grid) for row in best])
        along_errors = np.stack([found[grid.n_bins :] for _, found in frozen])
        halves = (np.split(rows, 2, axis=1) for rows in (along, along_errors))
        for name, *curves in zip(ALONG_FIRST, *halves, strict=True):
            data |= along_first_of_runs(name, grid.names[0], *curves)
    return _dataset(samplers, data, parameters, tolerance)


def conditional_means(log_g: np.ndarray, coordinate: np.ndarray) -> np.ndarray:
    """Σ_y y g(x, y)/Σ_y g(x, y) in every bin x, from ln g of shape (n_x, n_y); nan where no y is known.

    With x = ln L_train and y the test accuracy it is the equilibrium accuracy (paper H, eq. 1).
    """
    known = np.isfinite(log_g)
    largest = np.max(np.where(known, log_g, -np.inf), axis=1, keepdims=True)
    weights = np.where(known, np.exp(log_g - np.where(np.isfinite(largest), largest, 0.0)), 0.0)
    with np.errstate(invalid="ignore"):
        return (weights @ coordinate) / weights.sum(axis=1)


def log_sums(log_g: np.ndarray) -> np.ndarray:
    """Ln Σ_y g(x, y) from ln g of shape (..., n_x, n_y), nan where no y is known."""
    found = np.logaddexp.reduce(np.where(np.isfinite(log_g), log_g, -np.inf), axis=-1)
    return np.where(np.isfinite(found), found, np.nan)


def along_first_of_runs(name: str, dimension: str, values: np.ndarray, errors: np.ndarray) -> dict[str, Any]:
    """A curve along the first variable: that of each run, shape (n_runs, n_x), and what they combine to."""
    mean, error = combined(values, errors)
    return {
        name: ((dimension,), mean),
        f"{name}_error": ((dimension,), error),
        f"{name}_runs": (("run", dimension), values),
        f"{name}_runs_error": (("run", dimension), errors),
    }


def _along_first(log_g: np.ndarray, grid: Grid) -> np.ndarray:
    """Marginal of the first variable and conditional means of the second, one after the other."""
    table = log_g.reshape(grid.shape)
    return np.concatenate((log_sums(table), conditional_means(table, grid.axes[1].coordinate)))


def _frozen(sampler: Sampler) -> tuple[np.ndarray, np.ndarray]:
    """Ln g of the frozen walk with errors; for two variables followed by what `_along_first` gives."""
    if len(sampler.grid.axes) == 1:
        return with_errors(sampler)
    return with_errors(sampler, lambda log_g: np.concatenate((log_g, _along_first(log_g, sampler.grid))))


def _dataset(samplers: list[Sampler], data: dict[str, Any], parameters: dict[str, Any], tolerance: float) -> xr.Dataset:
    grid, first = samplers[0].grid, samplers[0]
    coordinates: dict[str, Any] = {axis.variable.name: axis.coordinate for axis in grid.axes}
    for axis in grid.axes:
        data[f"{axis.variable.name}_edges"] = ((f"{axis.variable.name}_edge",), axis.edges)
    length = min(len(sampler.trace.lines) for sampler in samplers)
    for column, name in enumerate(TRACE_COLUMNS):
        rows = np.array([[row[column] for row in sampler.trace.lines[:length]] for sampler in samplers])
        data[f"trace_{name}"] = (("run", "record"), rows)
    dataset = xr.Dataset(data, coords=coordinates)
    dataset["log_g"].attrs = {"long_name": "ln g, number of configurations", "units": "nats"}
    dataset["log_g_error"].attrs = {"long_name": "standard error of ln g", "units": "nats"}
    for name, array in first.system.data.items():
        dataset[f"data_{name}"] = (tuple(f"{name}_{k}" for k in range(array.ndim)), array)
    if first.uniform_draws is not None:
        dataset["uniform_draws"] = (grid.names, first.uniform_draws.counts.reshape(grid.shape))
    dataset.attrs = {
        "system": first.system.name,
        "log_total": first.log_total,
        "log_covered": first.log_covered,
        "steps": sum(sampler.trials * sampler.n_walkers for sampler in samplers),
        "start_steps": sum(window.n_start_trials for sampler in samplers for window in sampler.windows),
        "frozen_steps": sum(max(0, s.trials - s.phases.freeze_at) * s.n_walkers for s in samplers if s.frozen),
        "round_trips": sum(sampler.round_trips for sampler in samplers),
        "provenance": json.dumps(provenance(**parameters)),
    }
    if first.uniform_draws is not None:
        draws = first.uniform_draws
        dataset.attrs |= {"n_uniform_draws": draws.number, "covered": draws.share, "covered_error": draws.share_error}
    dataset.attrs["absolute"] = int(not math.isnan(first.log_covered))
    dataset.attrs |= integrator_numbers(samplers)
    verdict = judge(dataset, samplers, tolerance)
    dataset.attrs |= {"status": verdict.status.name, "report": verdict.text}
    return dataset


def verdict_of(samplers: list[Sampler], tolerance: float) -> Verdict:
    """Judgement of a run in progress."""
    return judge(landscape_of(samplers, {}, tolerance), samplers, tolerance)


def combined(values: np.ndarray, errors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over the runs that know a bin, and its error: from the spread of at least 8 runs, else from within them."""
    mean = _mean(values)
    number = np.isfinite(values).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        if values.shape[0] >= LEAST_RUNS_FOR_SPREAD:
            spread = np.sqrt(np.nansum((values - mean) ** 2, axis=0) / (number - 1.0) / number)
            return mean, np.where(number >= LEAST_RUNS_FOR_SPREAD, spread, np.nan)
        usable = np.isfinite(errors) & np.isfinite(values)
        within = np.sqrt(np.where(usable, errors**2, 0.0).sum(axis=0)) / number
        return mean, np.where(usable.sum(axis=0) == number, within, np.nan)


def _mean(values: np.ndarray) -> np.ndarray:
    known = np.isfinite(values)
    number = known.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(number > 0, np.where(known, values, 0.0).sum(axis=0) / number, np.nan)


def _wang_landau(sampler: Sampler) -> np.ndarray:
    values = [window.log_g for window in sampler.windows]
    weights = [np.where(window.known, 1.0, 0.0) for window in sampler.windows]
    try:
        return normalised(joined(values, weights), sampler.log_covered)
    except ValueError:  # windows that do not touch yet
        return np.full(sampler.grid.n_bins, np.nan)


def _transition_matrix(sampler: Sampler) -> tuple[np.ndarray, np.ndarray]:
    """Normalised ln g of the proposals, and its error; nan where it is off or the windows do not touch yet."""
    values, errors, weights = [], [], []
    for window, blocks in zip(sampler.windows, sampler.proposals, strict=True):
        value, error = blocks.log_g(window.tables, window.log_g)
        values.append(value)
        errors.append(error)
        weights.append(np.asarray(blocks.total(window.tables).sum(axis=1)).astype(float).ravel())
    nothing = np.full(sampler.grid.n_bins, np.nan)
    if not all(np.isfinite(value).any() for value in values):
        return nothing, nothing
    try:
        value = normalised(joined(values, weights), sampler.log_covered)
    except ValueError:
        return nothing, nothing
    error = np.where(np.isnan(errors), -np.inf, errors).max(axis=0)
    return value, np.where(np.isfinite(error), error, np.nan)


def save_landscape(path: Path | str, dataset: xr.Dataset) -> None:
    """Write NetCDF to a temporary name and rename.

    It is made in memory: the NetCDF library does not survive a disk that becomes full under it.
    """
    encoding = {name: {"zlib": True} for name, array in dataset.data_vars.items() if array.size > 1000}
    buffer = io.BytesIO()
    store = H5NetCDFStore(h5netcdf.File(buffer, "w"))
    dataset.dump_to_store(store, encoding=encoding)
    store.close()
    write_atomically(path, buffer.getvalue())


def load_landscape(path: Path | str) -> xr.Dataset:
    """Read a landscape.

    Raises
    ------
    ValueError
        If the file is missing, damaged or no landscape.
    """
    if not Path(path).is_file():
        raise ValueError(f"landscape {str(path)!r} does not exist")
    try:
        with xr.open_dataset(path, engine="h5netcdf") as dataset:
            loaded = dataset.load()
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"landscape {str(path)!r} cannot be read ({error})") from None
    if "log_g" not in loaded or "system" not in loaded.attrs:
        raise ValueError(f"{str(path)!r} is not a landscape: it has no log_g")
    return loaded


def grid_description(grid: Grid) -> dict[str, Any]:
    """Edges of every axis, for comparison of grids."""
    return {axis.variable.name: [_plain(edge) for edge in axis.edges] for axis in grid.axes}


def _plain(edge: float) -> float | str:
    return float(edge) if math.isfinite(edge) else str(edge)
