"""Independent runs of one landscape, merged; anything else is refused by the name of the difference."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from wl.landscape import combined, load_landscape, save_landscape
from wl.multicanonical import normalised

__all__ = ["merge_landscapes"]


def merge_landscapes(paths: list[Path], output: Path) -> xr.Dataset:
    """Merge landscapes of runs that differ in nothing but their seeds.

    Parameters
    ----------
    paths : list of Path
        Run directories or landscape files.
    output : Path
        NetCDF file to write.

    Raises
    ------
    ValueError
        For fewer than two, equal seeds, or a difference in system, grid or data, which is named.
    """
    if len(paths) < 2:
        raise ValueError(f"directories = {len(paths)} of them; allowed: at least 2")
    landscapes = [load_landscape(path / "landscape.nc" if path.is_dir() else path) for path in paths]
    for path, landscape in zip(paths[1:], landscapes[1:], strict=True):
        _check_same(paths[0], landscapes[0], path, landscape)
    seeds = [_parameters(landscape)["seed"] for landscape in landscapes]
    if len(set(seeds)) < len(seeds):
        raise ValueError(f"seeds = {seeds} of the runs are not all different; allowed: independent runs")
    merged = _merge(landscapes)
    merged.attrs["provenance"] = json.dumps([json.loads(landscape.attrs["provenance"]) for landscape in landscapes])
    save_landscape(output, merged)
    return merged


def _merge(landscapes: list[xr.Dataset]) -> xr.Dataset:
    first = landscapes[0]
    merged = first.drop_dims([name for name in ("run", "record") if name in first.dims])
    values = np.concatenate([landscape["log_g_runs"].values for landscape in landscapes])
    errors = np.concatenate([landscape["log_g_runs_error"].values for landscape in landscapes])
    log_g, error = combined(values, errors)
    dims = first["log_g"].dims
    merged["log_g"] = (dims, normalised(log_g, first.attrs["log_total"]), first["log_g"].attrs)
    merged["log_g_error"] = (dims, error, first["log_g_error"].attrs)
    merged["histogram"] = (dims, np.sum([landscape["histogram"].values for landscape in landscapes], axis=0))
    merged["visited"] = (dims, np.isfinite(log_g))
    merged["log_g_runs"] = (("run", *dims), values)
    merged["log_g_runs_error"] = (("run", *dims), errors)
    for name in ("log_g_wang_landau", "log_g_transition_matrix", "log_g_transition_matrix_error"):
        merged[name] = (dims, combined(np.stack([landscape[name].values for landscape in landscapes]), errors[:1])[0])
    for name in ("steps", "round_trips", "frozen_steps"):
        merged.attrs[name] = sum(int(landscape.attrs[name]) for landscape in landscapes)
    statuses = [landscape.attrs["status"] for landscape in landscapes]
    merged.attrs["status"] = next((status for status in statuses if status != "CONVERGED"), "CONVERGED")
    merged.attrs["report"] = "\n\n".join(landscape.attrs["report"] for landscape in landscapes)
    return merged


def _parameters(landscape: xr.Dataset) -> dict[str, Any]:
    return json.loads(landscape.attrs["provenance"])["parameters"]


def _check_same(first_path: Path, first: xr.Dataset, path: Path, other: xr.Dataset) -> None:
    one, two = _parameters(first), _parameters(other)
    for name in ("system", "variables"):
        if one[name] != two[name]:
            raise ValueError(
                f"{name} of {str(path)!r} is {two[name]}, of {str(first_path)!r} {one[name]}; allowed: equal"
            )
    all_names = [str(name) for name in first.variables]
    names = [name for name in all_names if name.endswith("_edges") or name.startswith("data_")]
    for variable in [*names, *map(str, first["log_g"].dims)]:
        if variable not in other or not np.array_equal(first[variable].values, other[variable].values):
            kind = "data" if variable.startswith("data_") else "grid"
            raise ValueError(
                f"{kind} of {str(path)!r} and {str(first_path)!r} differ in {variable}; allowed: equal ones"
            )
