"""The bias of molecular dynamics: ln g of the bins as a smooth surface, and how it grows.

The cost of the bins becomes a surface U(x, y) with continuous slopes by quadratic B-splines, the weights of which over
three neighbouring bins are (½ - t)²/2, ¾ - t², (½ + t)²/2 at distance t from the middle one, |t| <= ½. Beyond an open
end U is level; beyond a closed one, or the end of a window, it goes on with the slope at the end where that drives
back, and so balances the entropy, and rises by `wall` times the square of the distance (paper H, eq. 3). Learning adds
Gaussian hills whose sum over the bins is 1, mirrored at the ends of the window; beyond them nothing is added.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import dispatched, njit

FAR = 1e6  # bins
LEVEL = 0.5  # bins beyond the centre of the last one, where the slope of the surface has gone to 0


class Bias(NamedTuple):
    """Bins under the surface, and the hills; pairs are over the variables, the second of one bin where there is one."""

    first: tuple[int, int]  # bin of the window
    last: tuple[int, int]
    n_second: int
    lowest: tuple[float, float]  # edge of bin 0
    widths: tuple[float, float]
    walled: tuple[tuple[bool, bool], tuple[bool, bool]]  # below and above
    wall: float
    sigmas: tuple[float, float]  # of a hill, in bins
    cutoff: float  # of a hill, in standard deviations


@njit(borrows=True)
def place_of(bias, axis, value, margin):
    """Place on an axis in bins, whole numbers at their centres; at an open end not beyond the last by a margin."""
    place = (value - bias.lowest[axis]) / bias.widths[axis] - 0.5
    low, high = np.float64(bias.first[axis]), np.float64(bias.last[axis])
    if not bias.walled[axis][0]:
        place = max(place, low - margin)
    if not bias.walled[axis][1]:
        place = min(place, high + margin)
    return min(max(place, low - FAR), high + FAR)


@njit(borrows=True)
def spline(place):
    """Middle bin of three, their weights, and the derivatives of these by the place."""
    middle = math.floor(place + 0.5)
    t = place - middle
    weights = (0.5 * (0.5 - t) ** 2, 0.75 - t * t, 0.5 * (0.5 + t) ** 2)
    return np.int64(middle), weights, (t - 0.5, -2.0 * t, t + 0.5)


@njit(borrows=True)
def _limited(bias, axis, place):
    """Place within the window, and what is beyond its ends."""
    inside = min(max(place, bias.first[axis] - 0.5), bias.last[axis] + 0.5)
    return inside, place - inside


@njit(borrows=True)
def _neighbours(bias, axis, k):
    """Two bins and their factors that stand for bin k, which may lie next to the window: a straight line goes on."""
    first, last = bias.first[axis], bias.last[axis]
    if k < first:
        return (first, min(first + 1, last), 2.0, -1.0) if bias.walled[axis][0] else (first, first, 1.0, 0.0)
    if k > last:
        return (last, max(last - 1, first), 2.0, -1.0) if bias.walled[axis][1] else (last, last, 1.0, 0.0)
    return k, k, 1.0, 0.0


@njit(borrows=True)
def _along_second(bias, cost, row, column):
    """Value and slope, a bin, of one row at a column."""
    middle, weights, slopes = spline(column)
    value, slope = 0.0, 0.0
    for j in range(3):
        one, other, factor, rest = _neighbours(bias, 1, middle + j - 1)
        height = factor * cost[row * bias.n_second + one] + rest * cost[row * bias.n_second + other]
        value += weights[j] * height
        slope += slopes[j] * height
    return value, slope


@njit(borrows=True)
def _inward(slope, beyond):
    """Slope at a place, or what is left of it beyond an end: nothing where it would drive further out."""
    return 0.0 if slope * beyond < 0.0 else slope


@dispatched
def surface_at(bias, cost, first, second):
    """U and its derivatives by both variables."""
    raise NotImplementedError(f"surface_at has no kernel for {type(bias).__name__}")


@surface_at.register(Bias)
def _surface_over_bins(bias, cost, first, second):
    row, beyond = _limited(bias, 0, place_of(bias, 0, first, LEVEL))
    column, beyond_second = _limited(bias, 1, place_of(bias, 1, second, LEVEL))
    middle, weights, slopes = spline(row)
    value, by_first, by_second, by_both = 0.0, 0.0, 0.0, 0.0
    for i in range(3):
        one, other, factor, rest = _neighbours(bias, 0, middle + i - 1)
        along, slope = _along_second(bias, cost, one, column)
        if rest != 0.0:
            far, far_slope = _along_second(bias, cost, other, column)
            along, slope = factor * along + rest * far, factor * slope + rest * far_slope
        value += weights[i] * along
        by_first += slopes[i] * along
        by_second += weights[i] * slope
        by_both += slopes[i] * slope
    by_first, by_second = _inward(by_first, beyond), _inward(by_second, beyond_second)
    value += by_first * beyond + by_second * beyond_second
    if beyond == 0.0 and by_second != 0.0:
        by_first += by_both * beyond_second
    if beyond_second == 0.0 and beyond != 0.0 and by_first != 0.0:
        by_second += by_both * beyond
    by_first, by_second = by_first / bias.widths[0], by_second / bias.widths[1]
    beyond, beyond_second = beyond * bias.widths[0], beyond_second * bias.widths[1]
    return (
        value + bias.wall * (beyond * beyond + beyond_second * beyond_second),
        by_first + 2.0 * bias.wall * beyond,
        by_second + 2.0 * bias.wall * beyond_second,
    )


@njit(borrows=True)
def _outside(bias, axis, place):
    """Whether a place lies beyond an end of the window."""
    return place < bias.first[axis] - 0.5 or place > bias.last[axis] + 0.5


@njit(borrows=True)
def _fill_hill(bias, axis, place, sigma, profile):
    """Heights along one axis for the bins under a hill and its images, of sum 1; returns first and last bin."""
    reach, first, last = bias.cutoff * sigma, bias.first[axis], bias.last[axis]
    low = max(np.int64(math.ceil(place - reach)), first)
    high = min(np.int64(math.floor(place + reach)), last)
    total = 0.0
    for k in range(low, high + 1):
        height = math.exp(-0.5 * ((k - place) / sigma) ** 2)
        for image in (2.0 * first - 1.0 - place, 2.0 * last + 1.0 - place):
            if abs(k - image) <= reach:
                height += math.exp(-0.5 * ((k - image) / sigma) ** 2)
        profile[k - low] = height
        total += height
    for k in range(low, high + 1):
        profile[k - low] /= total
    return low, high


@njit
def add_hill(bias, cost, first, second, amount, shrink, profiles):
    """Add a hill at a point of the window; `shrink` scales its width, not below one bin.

    At the ends of the window it is mirrored, so that hills at all places alike make a level surface. `profiles` is
    (2, n), scratch.
    """
    row = place_of(bias, 0, first, 0.0)
    column = place_of(bias, 1, second, 0.0)
    if _outside(bias, 0, row) or _outside(bias, 1, column):
        return
    low, high = _fill_hill(bias, 0, row, max(1.0, shrink * bias.sigmas[0]), profiles[0])
    left, right = _fill_hill(bias, 1, column, max(1.0, shrink * bias.sigmas[1]), profiles[1])
    for r in range(low, high + 1):
        height, base = amount * profiles[0, r - low], r * bias.n_second
        for c in range(left, right + 1):
            cost[base + c] += height * profiles[1, c - left]
