"""Configurations to start from, such as trained networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from perceptron.files import load_arrays
from wl.systems.interface import System

__all__ = ["load_starts"]


def load_starts(path: Path | str, system: System) -> np.ndarray:
    """Parameters of networks that `wl train` saved, in the box of the system; runs that diverged are left out.

    Raises
    ------
    ValueError
        If the file is unusable, its networks have another number of parameters, or one lies outside the box.
    """
    arrays, _ = load_arrays(path, "starts", ("parameters",))
    starts = np.atleast_2d(np.asarray(arrays["parameters"], np.float64))
    starts = starts[np.isfinite(starts).all(axis=1)]
    half_widths = getattr(system.model, "half_widths", None)
    if half_widths is None:
        raise ValueError(f"--starts = {str(path)!r} is not used with {system.name}; allowed: leave it out")
    if len(starts) == 0 or starts.shape[1] != half_widths.size:
        raise ValueError(f"--starts = {str(path)!r} holds {starts.shape}; allowed: networks x {half_widths.size}")
    outside = np.abs(starts) > half_widths * (1.0 + 1e-6)
    if outside.any():
        network, place = np.argwhere(outside)[0]
        raise ValueError(
            f"--starts = {str(path)!r}: parameter {place} of network {network} is {starts[network, place]:.4g};"
            f" allowed: at most {half_widths[place]:.4g} in size, as `wl train --clip` keeps them"
        )
    return np.clip(starts, -half_widths, half_widths)
