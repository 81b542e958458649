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
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr
from xarray.backends import H5NetCDFStore

from perceptron.base.checksums import digest_of
from perceptron.base.files import provenance, write_atomically
from perceptron.base.reading import damage_of, read_content
from wl.engine.sampler import Sampler
from wl.engine.trace import TRACE_COLUMNS
from wl.landscape.convergence import Verdict, judge
from wl.landscape.estimates import (
    ALONG_FIRST,
    OF_WALK,
    curves_of,
    fields_of,
    learned_with_constant,
    mean_of,
    normalised_where_whole,
)
from wl.landscape.frozen_walk import joined, with_constant
from wl.landscape.integrator import integrator_numbers

__all__ = ["landscape_of", "load_landscape", "save_landscape", "verdict_of"]

CHECKSUM = "checksum"


def landscape_of(samplers: list[Sampler], parameters: dict[str, Any], tolerance: float) -> xr.Dataset:
    """Landscape of independent runs.

    Parameters
    ----------
    samplers : list of Sampler
        Runs of the same system, grid and settings.
    parameters : dict
        What is kept with the result.
    tolerance : float
        Standard error of ln g below which a bin counts as converged.

    Returns
    -------
    xarray.Dataset
        log_g and log_g_error over the runs, log_g_runs and log_g_runs_error of each, log_g_wang_landau,
        log_g_transition_matrix, histogram, visited, and the trace.
    """
    grid = samplers[0].grid
    curves, absolute = curves_of(samplers)
    matrices = [_transition_matrix(sampler) for sampler in samplers]
    data: dict[str, Any] = {}
    for name, found in curves.items():
        n_axes = 1 if name in ALONG_FIRST else len(grid.axes)
        data |= fields_of(name, found, grid.names[:n_axes], grid.shape[:n_axes])
    log_g = normalised_where_whole(data["log_g"][1].ravel(), samplers, absolute)
    histogram = sum(window.surface.histogram for sampler in samplers for window in sampler.windows)
    walked = curves.get(OF_WALK, curves["log_g"]).values
    fields = {
        "log_g": log_g,
        "log_g_wang_landau": mean_of(np.stack([learned_with_constant(sampler).of_walk for sampler in samplers])),
        "log_g_transition_matrix": mean_of(np.stack([value for value, _ in matrices])),
        "log_g_transition_matrix_error": mean_of(np.stack([error for _, error in matrices])),
        "histogram": histogram,
        "visited": np.isfinite(walked).any(axis=0),
        "found": np.any([window.known for sampler in samplers for window in sampler.windows], axis=0),
    }
    data |= {name: (grid.names, array.reshape(grid.shape)) for name, array in fields.items()}
    data["run_given_start"] = (("run",), np.array([sampler.starts is not None for sampler in samplers], np.int8))
    return _dataset(samplers, data, parameters, tolerance, absolute)


def _dataset(
    samplers: list[Sampler], data: dict[str, Any], parameters: dict[str, Any], tolerance: float, absolute: bool
) -> xr.Dataset:
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
    dataset.attrs["absolute"] = int(absolute)
    dataset.attrs |= integrator_numbers(samplers)
    verdict = judge(dataset, samplers, tolerance)
    dataset.attrs |= {"status": verdict.status.name, "report": verdict.text}
    return dataset


def verdict_of(samplers: list[Sampler], tolerance: float) -> Verdict:
    """Judgement of a run in progress."""
    return judge(landscape_of(samplers, {}, tolerance), samplers, tolerance)


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
        value = with_constant(sampler, joined(values, weights), np.sum(weights, axis=0), sampler.uniform_draws).of_walk
    except ValueError:
        return nothing, nothing
    error = np.where(np.isnan(errors), -np.inf, errors).max(axis=0)
    return value, np.where(np.isfinite(error), error, np.nan)


def save_landscape(path: Path | str, dataset: xr.Dataset) -> None:
    """Write NetCDF to a temporary name and rename; the dataset gets its checksum as an attribute.

    It is made in memory: the NetCDF library does not survive a disk that becomes full under it.
    """
    encoding = {name: {"zlib": True} for name, array in dataset.data_vars.items() if array.size > 1000}
    buffer = io.BytesIO()
    store = H5NetCDFStore(h5netcdf.File(buffer, "w"))
    dataset.attrs[CHECKSUM] = checksum_of(dataset)
    dataset.dump_to_store(store, encoding=encoding)
    store.close()
    write_atomically(path, buffer.getvalue())


def load_landscape(path: Path | str) -> xr.Dataset:
    """Read a landscape; attribute `checksum` is there where the file has one, which all but early files have.

    The file is read as a whole, without a lock: landscapes are replaced, never written in place.

    Raises
    ------
    ValueError
        If the file is missing, damaged or no landscape.
    """
    content = read_content(path, "landscape")
    with damage_of("landscape", path), xr.open_dataset(io.BytesIO(content), engine="h5netcdf") as dataset:
        loaded = dataset.load()
    if "log_g" not in loaded or "system" not in loaded.attrs:
        raise ValueError(f"{str(path)!r} is not a landscape: it has no log_g")
    with damage_of("landscape", path):
        found = checksum_of(loaded)
    if loaded.attrs.get(CHECKSUM, found) != found:
        raise ValueError(f"landscape {str(path)!r} is damaged: its content has another checksum")
    return loaded


def checksum_of(dataset: xr.Dataset) -> str:
    """Hash of the variables with their dimensions, and of all attributes but the checksum itself."""
    arrays = {f"{name} {array.dims}": array.values for name, array in dataset.variables.items()}
    attributes = {name: _plain(value) for name, value in dataset.attrs.items() if name != CHECKSUM}
    of_variables = {
        str(name): {key: _plain(value) for key, value in array.attrs.items()}
        for name, array in dataset.variables.items()
    }
    text = json.dumps([attributes, of_variables], sort_keys=True)
    return digest_of(arrays | {"attributes": np.frombuffer(text.encode(), np.uint8)})


def _plain(value: Any) -> Any:
    """An attribute as it is before it was written and after it was read."""
    return value.tolist() if isinstance(value, np.generic | np.ndarray) else value
