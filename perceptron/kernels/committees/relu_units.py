"""The law of a sum of three rectified Gaussians: every event of the sum as a sum of products over the units.

With r_l = max(x_l, 0), x_l ~ N(μ_l, σ²) independent, an atom of weight H(μ_l/σ) at 0 and the density N(r; μ_l, σ²)
beyond,

    P(r₁+r₂+r₃ <= θ) = Σ_u Σ_a first_a(μ₁) second_ua(μ₂) third_u(μ₃),

a over the places of r₁ and u over those of r₁ + r₂ on one Gauss-Legendre grid of [0, θ] with the atom in front; the
inner integral ∫_0^u da N(a)N(u - a) is that of the interpolating polynomial, whose integrand is entire. For
P(r₁+r₂+r₃ > θ), summed without subtraction, one more place stands for sums that are past θ before the last unit. Where
the two units of Σ_a are given, `pair_density` is that inner integral in closed form, positive in every tail.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.special.gaussian import gaussian_density, gaussian_tail

FEWEST, PER_WIDTH = 8.0, 5.0  # places: this many, and so many for each standard deviation of a unit below θ
NEWTON_STEPS = 6


class Sum(NamedTuple):
    """Grid of partial sums below θ, and which side of θ is meant."""

    threshold: float
    sign: float  # +1: the sum exceeds θ, -1: it does not
    places: np.ndarray  # without the atom at 0
    weights: np.ndarray  # of ∫_0^θ
    partial: np.ndarray  # partial[u, a]: of ∫_0^{place u}


class Unit(NamedTuple):
    """What one unit contributes at each place of the grid, in each of the three roles."""

    first: np.ndarray
    second: np.ndarray
    third: np.ndarray
    third_slope: np.ndarray  # ∂third/∂μ


@njit
def sum_grid(threshold, sign, width, refinement):
    """As many places as products of densities of the given width ask for."""
    n = math.ceil(refinement * (FEWEST + PER_WIDTH * threshold / width))
    nodes, weights, partial = gauss_legendre(n)
    half = 0.5 * threshold
    return Sum(threshold, sign, half * (1.0 + nodes), half * weights, half * partial)


@njit
def gauss_legendre(n):
    """Nodes and weights of the rule on [-1, 1], and ∫_{-1}^{x_u} of the polynomial that is 1 at node a alone."""
    nodes, weights, values = np.empty(n), np.empty(n), np.empty((n, n + 1))
    for k in range(n):
        x = -math.cos(math.pi * (k + 0.75) / (n + 0.5))
        for _ in range(NEWTON_STEPS):
            legendre_values(x, values[k])
            slope = n * (x * values[k, n] - values[k, n - 1]) / (x * x - 1.0)
            x -= values[k, n] / slope
        nodes[k], weights[k] = x, 2.0 / ((1.0 - x * x) * slope * slope)
        legendre_values(x, values[k])
    partial = np.empty((n, n))
    for u in range(n):
        for a in range(n):
            total = 0.5 * (nodes[u] + 1.0)
            for k in range(1, n):
                total += 0.5 * (values[u, k + 1] - values[u, k - 1]) * values[a, k]
            partial[u, a] = weights[a] * total
    return nodes, weights, partial


@njit
def legendre_values(x, values):
    """P_0 to P_n at x."""
    values[0], values[1] = 1.0, x
    for k in range(1, values.size - 1):
        values[k + 1] = ((2 * k + 1) * x * values[k] - k * values[k - 1]) / (k + 1)


@njit
def empty_unit(grid):
    """Zeros of the right shapes: the atom, the places and, past θ, one more."""
    n = grid.places.size + (2 if grid.sign > 0.0 else 1)
    return Unit(np.zeros(n), np.zeros((n, n)), np.zeros(n), np.zeros(n))


@njit
def density(x, mean, width):
    """N(x; mean, width²)."""
    return gaussian_density((x - mean) / width) / width


@njit
def fill_unit(grid, mean, width, unit):
    """All of a unit's contributions at one mean."""
    n = grid.places.size
    first, second, third, slope = unit
    side, atom = grid.sign, gaussian_tail(mean / width)
    first[0] = second[0, 0] = atom
    third[0] = gaussian_tail(side * (grid.threshold - mean) / width)
    slope[0] = side * density(grid.threshold, mean, width)
    for u in range(n):
        first[1 + u] = second[1 + u, 0] = density(grid.places[u], mean, width)
        rest = grid.threshold - grid.places[u]
        third[1 + u] = grid.weights[u] * gaussian_tail(side * (rest - mean) / width)
        slope[1 + u] = side * grid.weights[u] * density(rest, mean, width)
        for a in range(n):
            between = grid.places[u] - grid.places[a]
            second[1 + u, 1 + a] = grid.partial[u, a] * density(between, mean, width)
        second[1 + u, 1 + u] += atom
    if side > 0.0:
        first[n + 1] = second[n + 1, 0] = third[0]
        for a in range(n):
            second[n + 1, 1 + a] = third[1 + a]
        second[n + 1, n + 1] = third[n + 1] = 1.0


@njit
def pair_density(place, fields, width, tails):
    """Density at `place` of r₁ + r₂ with both beyond their atoms, ∫_0^s da N(a; μ₁)N(s - a; μ₂), and ∂/∂μ₂ of it.

    `tails` are N(0) and N(s) of both units, as (N₁(0), N₂(0), N₁(s), N₂(s)).
    """
    excess, apart = place - fields[0] - fields[1], abs(fields[0] - fields[1])
    far = gaussian_tail((place + apart) / (math.sqrt(2.0) * width))
    near = (place - apart) / (math.sqrt(2.0) * width)
    inside = 1.0 - gaussian_tail(near) - far if near > 0.0 else gaussian_tail(-near) - far
    value = density(excess, 0.0, math.sqrt(2.0) * width) * inside
    turned = 0.5 * (tails[2] * tails[1] - tails[0] * tails[3])
    return value, 0.5 * excess / (width * width) * value + turned
