"""Independent runs of one landscape, merged; anything else is refused by the name of the difference."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from perceptron.base.checks import check_path
from perceptron.base.files import check_place
from wl.engine.estimators.uniform_draws import UniformDraws
from wl.landscape.build import load_landscape, save_landscape
from wl.landscape.convergence import INTEGRATOR
from wl.landscape.estimates import ALONG_FIRST, MEAN, OF_WALK, Curves, fields_of, mean_of, offsets
from wl.landscape.frozen_walk import normalised

__all__ = ["merge_landscapes", "merged_landscape"]

OF_ONE_FILE = ("checksum", "fingerprint")
QUANTITIES = ("log_g", OF_WALK)
MEANS = ("log_g_wang_landau", "log_g_transition_matrix", "log_g_transition_matrix_error")
SUMS = ("steps", "seconds", "round_trips", "frozen_steps", "start_steps")


def merge_landscapes(paths: Sequence[Path | str], output: Path | str) -> xr.Dataset:
    """Merge landscapes of runs that differ in nothing but their seeds.

    Parameters
    ----------
    paths : sequence of paths
        Run directories or landscape files, merged ones too.
    output : Path or str
        NetCDF file to write.

    Raises
    ------
    ValueError
        For fewer than two, equal seeds, or a difference in system, grid or data, which is named.
    """
    if not isinstance(paths, Sequence) or isinstance(paths, str | bytes) or len(paths) < 2:
        raise ValueError(f"paths = {paths!r} is not usable; allowed: at least 2 directories or files of runs")
    for path in paths:
        check_path("paths", path)
    check_place("output", output)
    merged = merged_landscape(paths)
    save_landscape(output, merged)
    return merged


def merged_landscape(runs: Sequence[xr.Dataset | Path | str]) -> xr.Dataset:
    """As `merge_landscapes`, of landscapes, files or directories, without writing the result."""
    if not isinstance(runs, Sequence) or isinstance(runs, str | bytes) or len(runs) < 2:
        raise ValueError(f"landscapes = {runs!r} is not usable; allowed: at least 2")
    places = [Path(f"landscape {k}") if isinstance(run, xr.Dataset) else Path(run) for k, run in enumerate(runs, 1)]
    landscapes = [run if isinstance(run, xr.Dataset) else _read(Path(run)) for run in runs]
    for place, landscape in zip(places[1:], landscapes[1:], strict=True):
        _check_same(places[0], landscapes[0], place, landscape)
    origins = [origin for landscape in landscapes for origin in _origins(landscape)]
    seeds = [origin["parameters"]["seed"] for origin in origins]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds = {seeds} of the runs are not all different; allowed: independent runs")
    merged = _merge(landscapes)
    merged.attrs["provenance"] = json.dumps(origins)
    return merged


def _read(place: Path) -> xr.Dataset:
    return load_landscape(place / "landscape.nc" if place.is_dir() else place)


def _merge(landscapes: list[xr.Dataset]) -> xr.Dataset:
    first = landscapes[0]
    merged = first.drop_dims([name for name in ("run", "record") if name in first.dims])
    merged.attrs = {name: value for name, value in first.attrs.items() if name not in OF_ONE_FILE}
    dims = tuple(map(str, first["log_g"].dims))
    names = [name for name in (*QUANTITIES, *ALONG_FIRST) if all(f"{name}_runs" in one for one in landscapes)]
    curves = {name: _curves(landscapes, name) for name in names}
    numbers = [landscape.sizes["run"] for landscape in landscapes]
    absolute = np.repeat([_is_absolute(landscape) for landscape in landscapes], numbers)
    shifts = offsets(curves["log_g"].values, absolute)
    for name, found in curves.items():
        shifted = found if name == MEAN else replace(found, values=found.values + shifts[:, None])
        own = dims[:1] if name in ALONG_FIRST else dims
        for key, variable in fields_of(name, shifted, own, tuple(first.sizes[dim] for dim in own)).items():
            merged[key] = variable
    log_g = merged["log_g"].values
    if not absolute.any() or _is_whole(landscapes):
        merged["log_g"] = (dims, normalised(log_g, _log_covered(landscapes) if absolute.any() else np.nan))
    merged["log_g"].attrs, merged["log_g_error"].attrs = first["log_g"].attrs, first["log_g_error"].attrs
    merged["histogram"] = (dims, np.sum([landscape["histogram"].values for landscape in landscapes], axis=0))
    for name in ("visited", "found"):
        if all(name in landscape for landscape in landscapes):
            merged[name] = (dims, np.any([landscape[name].values for landscape in landscapes], axis=0))
    if "uniform_draws" in first:
        draws = np.sum([landscape["uniform_draws"].values for landscape in landscapes], axis=0)
        number = sum(landscape.attrs["n_uniform_draws"] for landscape in landscapes)
        both = UniformDraws(draws, int(number))
        merged["uniform_draws"] = (dims, draws)
        merged.attrs |= {"n_uniform_draws": number, "covered": both.share, "covered_error": both.share_error}
    merged["run_given_start"] = (
        ("run",),
        np.concatenate([landscape["run_given_start"].values for landscape in landscapes]),
    )
    for name in MEANS:
        rows = np.repeat([landscape[name].values for landscape in landscapes], numbers, axis=0)
        merged[name] = (dims, mean_of(rows))
    _merge_attributes(merged, landscapes)
    merged.attrs["absolute"] = int(absolute.any())
    return merged


def _merge_attributes(merged: xr.Dataset, landscapes: list[xr.Dataset]) -> None:
    for name in SUMS:
        merged.attrs[name] = sum(landscape.attrs.get(name, 0) for landscape in landscapes)
    merged.attrs["log_covered"] = _log_covered(landscapes)
    for name in INTEGRATOR:
        if all(name in landscape.attrs for landscape in landscapes):
            merged.attrs[name] = float(np.mean([landscape.attrs[name] for landscape in landscapes]))
    statuses = [landscape.attrs["status"] for landscape in landscapes]
    merged.attrs["status"] = next((status for status in statuses if status != "CONVERGED"), "CONVERGED")
    merged.attrs["report"] = "\n\n".join(landscape.attrs["report"] for landscape in landscapes)


def _curves(landscapes: list[xr.Dataset], name: str) -> Curves:
    """A quantity of all runs; draws of different landscapes are independent, those of the runs of one are the same."""
    values, errors = (
        np.concatenate([one[f"{name}_runs{end}"].values.reshape(one.sizes["run"], -1) for one in landscapes])
        for end in ("", "_error")
    )
    of_draws = np.zeros(values.shape[1])
    for one in landscapes:
        if f"{name}_draws_error" in one:
            share = one.sizes["run"] / len(values)
            of_draws = np.hypot(of_draws, share * one[f"{name}_draws_error"].values.ravel())
    return Curves(values, errors, of_draws)


def _is_absolute(landscape: xr.Dataset) -> bool:
    return bool(landscape.attrs.get("absolute", np.isfinite(landscape.attrs["log_covered"])))


def _is_whole(landscapes: list[xr.Dataset]) -> bool:
    """Whether ln g is normalised by an exact total: there are no draws, and no bin was found that no walk visited."""
    if "uniform_draws" in landscapes[0]:
        return False
    return not any("found" in one and np.any(one["found"].values & ~one["visited"].values) for one in landscapes)


def _log_covered(landscapes: list[xr.Dataset]) -> float:
    """Ln of the mean number of configurations in the grid: landscapes know it from draws of their own."""
    logs = [landscape.attrs["log_covered"] for landscape in landscapes]
    return float(np.logaddexp.reduce(logs) - np.log(len(logs)))


def _origins(landscape: xr.Dataset) -> list[dict[str, Any]]:
    """Provenance of every run in a landscape."""
    found = json.loads(landscape.attrs["provenance"])
    return found if isinstance(found, list) else [found]


def _check_same(first_path: Path, first: xr.Dataset, path: Path, other: xr.Dataset) -> None:
    one, two = (_origins(landscape)[0]["parameters"] for landscape in (first, other))
    for name in ("system", "variables"):
        if one[name] != two[name]:
            raise ValueError(
                f"{name} of {str(path)!r} is {two[name]}, of {str(first_path)!r} {one[name]}; allowed: equal"
            )
    names = [str(name) for name in {**first.variables, **other.variables}]
    kept = [name for name in names if name.endswith("_edges") or name.startswith("data_")]
    for name in [*map(str, first["log_g"].dims), *kept]:
        if name in first and name in other and _same(first[name].values, other[name].values, name):
            continue
        kind = "data" if name.startswith("data_") else "grid"
        raise ValueError(f"{kind} of {str(path)!r} and {str(first_path)!r} differ in {name}; allowed: equal ones")


def _same(one: np.ndarray, two: np.ndarray, name: str) -> bool:
    """Whether arrays are equal, edges and coordinates but for rounding."""
    if name.startswith("data_") or one.shape != two.shape:
        return np.array_equal(one, two)
    return bool(np.allclose(one, two, rtol=1e-12, atol=1e-12))
