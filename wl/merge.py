"""Independent runs of one landscape, merged; anything else is refused by the name of the difference."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from wl.convergence import INTEGRATOR
from wl.landscape import ALONG_FIRST, along_first_of_runs, combined, load_landscape, save_landscape
from wl.multicanonical import normalised
from wl.uniform_draws import UniformDraws

__all__ = ["merge_landscapes"]

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
    if len(paths) < 2:
        raise ValueError(f"directories = {len(paths)} of them; allowed: at least 2")
    places = [Path(path) for path in paths]
    landscapes = [load_landscape(place / "landscape.nc" if place.is_dir() else place) for place in places]
    for place, landscape in zip(places[1:], landscapes[1:], strict=True):
        _check_same(places[0], landscapes[0], place, landscape)
    origins = [origin for landscape in landscapes for origin in _origins(landscape)]
    seeds = [origin["parameters"]["seed"] for origin in origins]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds = {seeds} of the runs are not all different; allowed: independent runs")
    merged = _merge(landscapes)
    merged.attrs["provenance"] = json.dumps(origins)
    save_landscape(output, merged)
    return merged


def _merge(landscapes: list[xr.Dataset]) -> xr.Dataset:
    first = landscapes[0]
    merged = first.drop_dims([name for name in ("run", "record") if name in first.dims])
    values = np.concatenate([landscape["log_g_runs"].values for landscape in landscapes])
    errors = np.concatenate([landscape["log_g_runs_error"].values for landscape in landscapes])
    log_g, error = combined(values, errors)
    known, dims = np.isfinite(log_g), first["log_g"].dims
    if known.any():
        log_g = normalised(log_g, _log_covered(landscapes))
    merged["log_g"] = (dims, log_g, first["log_g"].attrs)
    merged["log_g_error"] = (dims, np.where(known, error, np.nan), first["log_g_error"].attrs)
    merged["histogram"] = (dims, np.sum([landscape["histogram"].values for landscape in landscapes], axis=0))
    merged["visited"] = (dims, known)
    merged["log_g_runs"] = (("run", *dims), values)
    merged["log_g_runs_error"] = (("run", *dims), errors)
    for name in ALONG_FIRST if len(dims) == 2 else ():
        rows, rows_errors = (
            np.concatenate([landscape[f"{name}_runs{end}"].values for landscape in landscapes])
            for end in ("", "_error")
        )
        for key, variable in along_first_of_runs(name, str(dims[0]), rows, rows_errors).items():
            merged[key] = variable
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
    numbers = [landscape.sizes["run"] for landscape in landscapes]
    for name in MEANS:
        rows = np.repeat([landscape[name].values for landscape in landscapes], numbers, axis=0)
        merged[name] = (dims, combined(rows, np.zeros_like(rows))[0])
    for name in SUMS:
        merged.attrs[name] = sum(landscape.attrs.get(name, 0) for landscape in landscapes)
    merged.attrs["log_covered"] = _log_covered(landscapes)
    for name in INTEGRATOR:
        if all(name in landscape.attrs for landscape in landscapes):
            merged.attrs[name] = float(np.mean([landscape.attrs[name] for landscape in landscapes]))
    statuses = [landscape.attrs["status"] for landscape in landscapes]
    merged.attrs["status"] = next((status for status in statuses if status != "CONVERGED"), "CONVERGED")
    merged.attrs["report"] = "\n\n".join(landscape.attrs["report"] for landscape in landscapes)
    return merged


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
        if name in first and name in other and np.array_equal(first[name].values, other[name].values):
            continue
        kind = "data" if name.startswith("data_") else "grid"
        raise ValueError(f"{kind} of {str(path)!r} and {str(first_path)!r} differ in {name}; allowed: equal ones")
