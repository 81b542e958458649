"""Distribution of stabilities over the solutions of one instance, from the messages of belief propagation.

In the absence of pattern μ the sum ξ^μ·w is Gaussian with mean a_μ and variance V_μ, which the messages give; the
pattern itself cuts off what lies below its threshold t:

    P_μ(s) = Θ(s - t) G((s - a_μ)/√V_μ) / (√V_μ H((t - a_μ)/√V_μ)),   P(Δ) = (√N/P) Σ_μ P_μ(√N Δ).

On the lattice of ±1 patterns t is the midpoint s_min - 1, and the level s owns the interval from s - 1 to s + 1. What
holds for the messages holds here: the measure must have settled (`belief_propagation` says so), and what the Gaussian
cavity and the Bethe approximation leave out, O(1/N) at large N, is in no error. Not for the stabilities of given
weights: those are `Patterns.stabilities`.
"""

from __future__ import annotations

import math

import numpy as np

from perceptron.base.checks import check_array, check_dtype
from perceptron.gaussian import log_gaussian_tail
from perceptron.message_passing.nodes import Node

__all__ = ["stability_masses"]


def stability_masses(state: Node, boundaries: np.ndarray, external: float | np.ndarray = 0.0) -> np.ndarray:
    """Probability that a stability of a solution lies between neighbouring boundaries, averaged over the patterns.

    Parameters
    ----------
    state : Node
        Messages that have settled: the node that was handed to `belief_propagation`.
    boundaries : array_like, shape (n + 1,)
        Increasing stabilities Δ = ξ·w/√N.
    external : float or ndarray, shape (n_weights,)
        h^ext with which the messages settled.

    Returns
    -------
    masses : ndarray, shape (n,)
        ∫P(Δ)dΔ over every interval; they sum to 1 when the intervals cover all of Δ >= κ_eff.

    Raises
    ------
    ValueError
        For boundaries that do not increase.
    """
    bounds = check_array("boundaries", boundaries)
    if np.any(np.diff(bounds) <= 0.0):
        raise ValueError(f"boundaries = {boundaries!r} do not increase; allowed: increasing stabilities")
    size, threshold = state.patterns.n_weights, state.threshold.midpoint
    check_dtype("external", np.asarray(external))
    field: np.ndarray = np.broadcast_to(np.asarray(external, dtype=state.number), (size,))
    means, variances = state.cavity_sums(field)
    widths = np.sqrt(variances)
    levels = np.maximum(bounds * math.sqrt(size), threshold)
    beyond = log_gaussian_tail((levels[:, None] - means) / widths) - log_gaussian_tail((threshold - means) / widths)
    return -np.diff(np.exp(beyond).mean(axis=1))
