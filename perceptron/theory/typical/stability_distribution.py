"""Stabilities of typical solutions: how far from violation the patterns are.

P(Δ) = 1[Δ meets the constraint] ∫Dz N(Δ; √q z, 1-q)/Z(√q z, 1-q) at the replica-symmetric saddle. For one perceptron;
the output of a committee is not its unit.
"""

from __future__ import annotations

import numpy as np

from perceptron.base.checks import check_array
from perceptron.kernels.typical import replica_symmetric as kernels
from perceptron.kernels.typical.constraints import (
    MarginStep,
    SymmetricWindow,
    is_met,
    log_probability,
)
from perceptron.theory.typical.solutions import FINER, ROUNDING, typical_solutions

__all__ = ["stability_distribution"]


def stability_distribution(
    load: float, constraint: float | MarginStep | SymmetricWindow, stabilities: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Density P(Δ) of the stabilities Δ = ξ·w/√N of a typical solution.

    Parameters
    ----------
    load, constraint
        As in `typical_solutions`.
    stabilities : array_like, shape (n,)
        Where the density is wanted.

    Returns
    -------
    density, density_error : ndarray, shape (n,)
        Normalised to ∫P(Δ)dΔ = 1; zero where the constraint is violated.
    """
    stabilities = check_array("stabilities", stabilities)
    typical = typical_solutions(load, constraint)
    if type(typical.constraint) not in log_probability.registry:
        raise ValueError(f"constraint = {constraint!r} has no stability of its own; allowed: a margin or a window")
    one_minus_overlap = 2.0 * typical.typical_distance.value
    density, finer = np.zeros((2, stabilities.size))
    for k, stability in enumerate(stabilities):
        if is_met(typical.constraint, stability):
            density[k] = kernels.stability_density(typical.constraint, one_minus_overlap, stability, 1.0)
            finer[k] = kernels.stability_density(typical.constraint, one_minus_overlap, stability, FINER)
    # the saddle's own error moves the density by about its slope times that error
    return finer, np.abs(finer - density) + 10.0 * (ROUNDING + typical.overlap.error) * finer
