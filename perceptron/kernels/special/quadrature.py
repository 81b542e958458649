"""Gauss-Legendre panels whose lengths follow the integrand.

An integrand of the theory is smooth except near one or two known centres, where it bends over a known width.
Panels are at most `LARGEST_PANEL` long (in standard deviations of the Gaussian), shrink in proportion to the distance
from a centre, and are never shorter than its width: the cost grows with the logarithm of 1/width only.
"""

import math

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.special.gaussian import gaussian_density

N_NODES = 12
NODES, WEIGHTS = np.polynomial.legendre.leggauss(N_NODES)
LARGEST_PANEL = 1.5
SHORTEST_PANEL = 1e-7
GROWTH = 0.6
REACH = 8.4  # e^{-8.4²/2} = 5e-16


@njit
def reach(refinement):
    """Where the Gaussian is cut off; a finer grid also reaches further, so that errors of the cut show."""
    return REACH * math.sqrt(refinement)


@njit
def next_breakpoint(x, upper, features, refinement):
    """End of the panel that starts at x; `features` holds rows (centre, width)."""
    length = LARGEST_PANEL
    for row in range(features.shape[0]):
        distance = abs(x - features[row, 0])
        length = min(length, max(features[row, 1], GROWTH * distance))
    length = max(length, SHORTEST_PANEL)
    end = x + length / refinement
    return upper if end + 0.25 * length / refinement > upper else end


@njit
def graded_nodes(lower, upper, features, refinement):
    """Nodes and weights of ∫_lower^upper; empty when lower >= upper."""
    n_panels = 0
    x = lower
    while x < upper:
        x = next_breakpoint(x, upper, features, refinement)
        n_panels += 1
    nodes = np.empty(n_panels * N_NODES)
    weights = np.empty(n_panels * N_NODES)
    x = lower
    for panel in range(n_panels):
        end = next_breakpoint(x, upper, features, refinement)
        half = 0.5 * (end - x)
        for k in range(N_NODES):
            nodes[panel * N_NODES + k] = x + half * (1.0 + NODES[k])
            weights[panel * N_NODES + k] = half * WEIGHTS[k]
        x = end
    return nodes, weights


@njit
def gaussian_nodes(features, refinement):
    """Nodes and weights of ∫Dz, graded towards the features of the integrand in z."""
    end = reach(refinement)
    nodes, weights = graded_nodes(-end, end, features, refinement)
    for k in range(nodes.size):
        weights[k] *= gaussian_density(nodes[k])
    return nodes, weights


@njit
def gaussian_lattice(widest_step, refinement):
    """Equidistant nodes and trapezoidal weights of ∫Dz: exponentially accurate for analytic integrands."""
    step = widest_step / refinement
    half = math.ceil(reach(refinement) / step)
    nodes = np.empty(2 * half + 1)
    weights = np.empty(2 * half + 1)
    for k in range(2 * half + 1):
        nodes[k] = (k - half) * step
        weights[k] = step * gaussian_density(nodes[k])
    return nodes, weights
