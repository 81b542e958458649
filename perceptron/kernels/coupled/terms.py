"""The free entropy of coupled solutions and its derivatives from both terms, at given conjugates.

Every quantity is explicit: the conjugates give q₁ and q₀ (or δ), these the energetic averages, and α = q̂₀/E⟨g⟩² is the
load at which this is the saddle. What is left to solve is which conjugates belong to a load and a distance.
"""

import math
from typing import NamedTuple

from perceptron.base.jit import njit
from perceptron.kernels.coupled.many_replicas import energetic_limit, entropic_limit
from perceptron.kernels.coupled.replicas import Replicas, energetic_averages, entropic_averages

LARGEST = 100.0  # of the conjugates


class Coupled(NamedTuple):
    """y coupled solutions at given conjugates."""

    load: float
    one_minus_overlap: float  # 1 - q₁ = 2d
    spread: float  # q₁ - q₀, for y -> ∞ zero
    reference_overlap: float  # S
    entropy: float  # F
    external_entropy: float  # F_E
    overlap_slope: float  # ∂F/∂d at fixed S; with a reference its zero is one of the saddle's equations
    inner_replicon: float
    outer_replicon: float


@njit
def coupled(constraint, replicas, refinement):
    """All quantities at given conjugates; nan where they are not those of a saddle (q̂₀ <= 0) or absurd."""
    possible = replicas.n_replicas >= 1.0 and replicas.delta_hat > 0.0
    possible = possible and replicas.q_hat * replicas.n_replicas > replicas.delta_hat
    if not (possible and max(replicas.q_hat, replicas.delta_hat, replicas.p_hat) < LARGEST):
        return Coupled(math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan, math.nan)
    if math.isinf(replicas.n_replicas):
        return _infinitely_many(constraint, replicas, refinement)
    return _finitely_many(constraint, replicas, refinement)


@njit
def _finitely_many(constraint, replicas, refinement):
    y, q_hat, p_hat = replicas.n_replicas, replicas.q_hat, replicas.p_hat
    q_hat_0 = q_hat - replicas.delta_hat / y
    s = entropic_averages(replicas, refinement)
    e = energetic_averages(constraint, s.one_minus_overlap, s.spread, y, refinement)
    load = q_hat_0 / e.squared_mean_slope
    cost = -0.5 * ((1.0 - s.one_minus_overlap) * replicas.delta_hat + y * q_hat_0 * s.spread)  # y(q₀q̂₀ - q₁q̂₁)/2
    entropy = cost - 0.5 * q_hat * s.one_minus_overlap - p_hat * s.reference_overlap
    entropy += (s.log_partition + load * e.log_partition) / y
    external = s.log_partition - y * s.log_2cosh + load * (e.log_partition - y * e.log_probability) - y * cost
    return Coupled(
        load,
        s.one_minus_overlap,
        s.spread,
        s.reference_overlap,
        entropy,
        external,
        (y - 1.0) * (q_hat - load * e.squared_slope),
        load * e.squared_susceptibility * s.squared_susceptibility,
        load * e.squared_curvature * s.squared_curvature,
    )


@njit
def _infinitely_many(constraint, replicas, refinement):
    q_hat, delta_hat = replicas.q_hat, replicas.delta_hat
    s = entropic_limit(replicas, refinement)
    delta = s.response - s.one_minus_overlap
    e = energetic_limit(constraint, s.one_minus_overlap, delta, refinement)
    load = q_hat / e.squared_slope
    cost = -0.5 * ((1.0 - s.one_minus_overlap) * delta_hat + q_hat * delta)
    entropy = cost - 0.5 * q_hat * s.one_minus_overlap - replicas.p_hat * s.reference_overlap
    external = delta * delta_hat - delta_hat * s.response - load * delta * e.response
    external -= s.fluctuation + load * e.fluctuation
    return Coupled(
        load,
        s.one_minus_overlap,
        0.0,
        s.reference_overlap,
        entropy + s.largest + load * e.largest,
        0.5 * external,
        delta_hat - q_hat - load * (e.response - e.second),
        load * e.squared_susceptibility * s.squared_susceptibility,
        load * e.squared_curvature * s.squared_curvature,
    )


@njit
def coupled_flat(constraint, conjugates, n_replicas, has_reference, refinement):
    """`coupled` for Python, as a plain tuple (see `perceptron.kernels`); conjugates (q̂₁, δ̂, p̂)."""
    q_hat, delta_hat, p_hat = conjugates
    return coupled(constraint, Replicas(q_hat, delta_hat, n_replicas, p_hat, has_reference), refinement)[:]
