"""The tree committee of three sign units behind margin 0: integrals over the three cavity fields of its units.

N weights in three branches; a pattern is met when two of the three h_l = √(3/N) Σ w ξ are positive. With a common
overlap q in the branches, q̂ = α⟨Σ_l (∂_l ln Z)²⟩ over three independent cavity means √q z_l [1]_, and the replicon sums
(∂_l ∂_m ln Z)² over both units. Unlike that of wide committees the output has no margin: it counts to three.

References
----------
.. [1] E. Barkai, D. Hansel and H. Sompolinsky, Phys. Rev. A 45, 4146 (1992); A. Engel, H. M. Köhler, F. Tschepke,
   H. Vollmayr and A. Zippelius, Phys. Rev. A 45, 7590 (1992).
"""

import math
from typing import NamedTuple

from perceptron.base.jit import njit
from perceptron.kernels.committees.majority import (
    majority,
    squared_curvatures,
    squared_slopes,
    unit_tables,
)
from perceptron.kernels.special.quadrature import gaussian_lattice
from perceptron.kernels.typical.replica_symmetric import Energetic, energetic_averages

WIDEST_STEP = 0.55  # of a lattice
POLE_STEP = 0.25  # of a lattice, in widths of the change of Z
LEAST_STEP = 0.06  # what can be paid for; where it is too wide the error estimate speaks
NEGLIGIBLE = 1e-19  # weight of a triple


class SignCommitteeOfThree(NamedTuple):
    """Two of three sign units are positive. The field is a dummy: only margin 0 has a meaning."""

    margin: float = 0.0


@njit
def lattice_step(width):
    """Of a lattice in z for an integrand that changes over `width` near z = 0."""
    return max(min(WIDEST_STEP, POLE_STEP * width), LEAST_STEP)


@energetic_averages.register(SignCommitteeOfThree)
def _averages_of_three(constraint, one_minus_overlap, refinement):  # noqa: ARG001
    scale = math.sqrt(max(1.0 - one_minus_overlap, 0.0))
    step = lattice_step(math.sqrt(one_minus_overlap) / max(scale, 1e-300))
    nodes, weights = gaussian_lattice(step, refinement)
    units = unit_tables(scale * nodes, one_minus_overlap)
    log_z, squared_slope, squared_curvature = 0.0, 0.0, 0.0
    for a in range(nodes.size):
        for b in range(a + 1):
            pair = weights[a] * weights[b]
            if pair < NEGLIGIBLE:
                continue
            for c in range(b + 1):
                weight = pair * weights[c] * orders(c, b, a)
                if weight < NEGLIGIBLE:
                    continue
                parts = majority(units, c, b, a)
                log_z += weight * parts.log_probability
                squared_slope += weight * squared_slopes(units, parts, c, b, a)
                squared_curvature += weight * squared_curvatures(units, parts, c, b, a)
    return Energetic(log_z, math.nan, squared_slope, math.nan, squared_curvature)


@njit
def orders(c, b, a):
    """How many orders of c <= b <= a differ."""
    if a == c:
        return 1.0
    return 3.0 if b in (c, a) else 6.0
