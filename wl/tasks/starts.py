"""Configurations to start from, such as trained networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from perceptron.base.checks import check_dtype
from perceptron.base.files import load_arrays
from wl.interface.system import System
from wl.networks.training.ensemble import ARRAYS

__all__ = ["load_starts"]

SHAPE = ("n_inputs", "hidden", "n_outputs")


def load_starts(path: Path | str, system: System, number: int = 2) -> np.ndarray:
    """Parameters of networks that `wl train` saved, in the box of the system; runs that diverged are left out.

    Parameters
    ----------
    path : path
    system : System
    number : int, optional
        Runs, or walks, of which every second one is to start from a network.

    Raises
    ------
    ValueError
        If the file is unusable, its networks have another shape or number of parameters, one lies outside the box, or
        a single run would use none of them.
    """
    arrays, origin = load_arrays(path, "starts", ("parameters",), ARRAYS)
    check_dtype(f"parameters in {str(path)!r}", arrays["parameters"])
    starts = np.atleast_2d(arrays["parameters"].astype(np.float64))
    starts = starts[np.isfinite(starts).all(axis=1)]
    half_widths = getattr(system.model, "half_widths", None)
    if half_widths is None:
        raise ValueError(f"--starts = {str(path)!r} is not used with {system.name}; allowed: leave it out")
    if len(starts) == 0 or starts.shape[1] != half_widths.size:
        raise ValueError(f"--starts = {str(path)!r} holds {starts.shape}; allowed: networks x {half_widths.size}")
    trained = origin.get("parameters", {}).get("architecture", {})
    for name in SHAPE:
        if name in trained and trained[name] != system.parameters[name]:
            given, needed = f"--starts = {str(path)!r} has networks with {name} =", system.parameters[name]
            raise ValueError(f"{given} {trained[name]}; allowed: {needed}")
    outside = np.abs(starts) > half_widths * (1.0 + 1e-6)
    if outside.any():
        network, place = np.argwhere(outside)[0]
        raise ValueError(
            f"--starts = {str(path)!r}: parameter {place} of network {network} is {starts[network, place]:.4g};"
            f" allowed: at most {half_widths[place]:.4g} in size, as `wl train --clip` keeps them"
        )
    if number < 2:
        raise ValueError(f"--starts = {str(path)!r} is not used by a single run; allowed: every second one of several")
    return np.clip(starts, -half_widths, half_widths)
