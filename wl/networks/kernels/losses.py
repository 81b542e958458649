"""Losses and accuracies of a network from the rows of its outputs.

For classification all follow from the margin M of every point, the logarithm of the odds of its label,

    logistic: M = ±z,   softmax: M = z_label - ln Σ_{k≠label} e^(z_k),   P(label) = 1/(1 + e⁻ᴹ),

with the plain difference of the outputs where there are two classes. The cross-entropy is the mean of

    ln(1 + e⁻ᴹ) = max(-M, 0) + ln(1 + e^-|M|).

Its logarithm falls by hundreds, so that the mean itself would underflow: with s the least margin, or 0 where that is
negative, and q = e⁻ˢ, what is added up is ln(1 + q x)/q, x = e^(s - |M|), which is at least ln 2 for one of the points
(q is cut where 1 + q is 1, so that no product is denormal).
Loops over some of the points run over slices from 0 on: an index that might be negative could count from the end, and
its loads do not become those of vectors. Sums may be reordered by the compiler, but are the same wherever this code
runs: every caller goes through `value_of`.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import dispatched, njit
from wl.networks.layers.activations import CONTRACTED, Double, Precision, Single, exp, log1p_over

LOSS, ACCURACY, SMOOTHED = range(3)  # what a value is
MOST_BITS = 0x7FFFFFFF
REORDERED = {"contract", "reassoc", "nsz"}  # keeps nan and infinity, which are looked for outside


class Logistic(NamedTuple):
    """One output; targets are ±1, shape (1, n_points)."""

    precision: Precision


class TwoClasses(NamedTuple):
    """Two outputs; targets are -1 for label 0 and +1 for label 1, shape (1, n_points)."""

    precision: Precision


class ManyClasses(NamedTuple):
    """One output for each class; targets are labels, shape (1, n_points)."""

    precision: Precision


class Linear(NamedTuple):
    """Outputs are predictions; targets are (n_outputs, n_points)."""

    precision: Precision


Head = Logistic | TwoClasses | ManyClasses | Linear


@dispatched
def set_margins(head, margins, rows, places, targets):
    """Fill the margins of all points; `places` are the rows of the outputs."""
    raise NotImplementedError(f"set_margins has no kernel for {head!r}")


@dispatched
def n_correct(head, margins, rows, places, targets, bounds):
    """Number of points from bounds[0] on below bounds[1] whose label is the predicted one."""
    raise NotImplementedError(f"n_correct has no kernel for {head!r}")


@dispatched
def log_loss(head, margins, rows, places, targets, bounds):
    """Ln of the mean loss of these points."""
    raise NotImplementedError(f"log_loss has no kernel for {head!r}")


@njit(borrows=True)
def value_of(head, kind, margins, rows, places, targets, bounds):
    """Value of the points from bounds[0] on below bounds[1]; margins must be set for classification."""
    if kind == LOSS:
        return log_loss(head, margins, rows, places, targets, bounds)
    n_points = bounds[1] - bounds[0]
    if kind == ACCURACY:
        return n_correct(head, margins, rows, places, targets, bounds) / n_points
    return np.float64(sum_of_confidences(head.precision, margins, bounds)) / n_points


@set_margins.register(Logistic, borrows=True)
def _logistic_margins(head, margins, rows, places, targets):
    _fill_products(margins, rows[places[0]], targets[0])


@set_margins.register(TwoClasses, borrows=True)
def _two_margins(head, margins, rows, places, targets):
    _fill_differences(margins, rows[places[0]], rows[places[1]], targets[0])


@njit(_nrt=False)
def _fill_products(margins, outputs, signs):
    for k in range(margins.size):
        margins[k] = signs[k] * outputs[k]


@njit(_nrt=False)
def _fill_differences(margins, first, second, signs):
    for k in range(margins.size):
        margins[k] = signs[k] * (second[k] - first[k])


@set_margins.register(ManyClasses)
def _many_margins(head, margins, rows, places, targets):
    for k in range(margins.size):
        label = np.int64(targets[0, k])
        highest = -np.inf
        for j in range(places.size):
            if j != label:
                highest = max(highest, rows[places[j], k])
        total = 0.0
        for j in range(places.size):
            if j != label:
                total += math.exp(rows[places[j], k] - highest)
        margins[k] = rows[places[label], k] - highest - math.log(total)


@set_margins.register(Linear, borrows=True)
def _no_margins(head, margins, rows, places, targets):
    pass


@dispatched
def positive_least(precision, margins, bounds):
    """Smallest margin, or 0 where that is negative; anything where one is nan."""
    raise NotImplementedError(f"positive_least has no kernel for {precision!r}")


@positive_least.register(Single, borrows=True)
def _single_positive_least(precision, margins, bounds):
    return np.int32(max(_least_bits(margins, bounds), 0)).view(np.float32)


@njit(_nrt=False)
def _least_bits(margins, bounds):
    """Positive numbers are ordered as their bits are, and negative ones have the sign bit; a loop over integers."""
    found, margins = np.int32(MOST_BITS), margins[bounds[0] : bounds[1]]
    for k in range(margins.size):
        found = np.int32(min(found, np.int32(np.float32(margins[k]).view(np.int32))))
    return found


@positive_least.register(Double)
def _double_positive_least(precision, margins, bounds):
    found = margins[bounds[0]]
    for k in range(bounds[0], bounds[1]):
        found = min(found, margins[k])
    return max(found, 0.0)


@njit(fastmath=REORDERED, _nrt=False)
def sum_of_losses(precision, margins, bounds, shift, scale):
    """Σ max(-M, 0) + ln(1 + q e^(s - |M|))/q; nan where a margin is."""
    total, margins = precision.zero, margins[bounds[0] : bounds[1]]
    for k in range(margins.size):
        size = abs(margins[k])
        hinge = precision.half * (size - margins[k])
        total += hinge + log1p_over(precision, scale, exp(precision, shift - size))
    return total


@njit(fastmath=REORDERED, _nrt=False)
def sum_of_confidences(precision, margins, bounds):
    """Σ 1/(1 + e⁻ᴹ)."""
    total, one, margins = precision.zero, precision.half + precision.half, margins[bounds[0] : bounds[1]]
    for k in range(margins.size):
        power = exp(precision, -abs(margins[k]))
        total += (one if margins[k] >= precision.zero else power) / (one + power)
    return total


@njit
def mean_confidence(precision, margins, bounds, sharpness):
    """Mean of 1/(1 + e^(-sharpness M))."""
    total = _sum_of_sharp(precision, margins, bounds, margins.dtype.type(sharpness))
    return np.float64(total) / (bounds[1] - bounds[0])


@njit(fastmath=REORDERED, _nrt=False)
def _sum_of_sharp(precision, margins, bounds, sharpness):
    total, one, margins = precision.zero, precision.half + precision.half, margins[bounds[0] : bounds[1]]
    for k in range(margins.size):
        power = exp(precision, -abs(sharpness * margins[k]))
        total += (one if margins[k] >= precision.zero else power) / (one + power)
    return total


@njit(borrows=True)
def _log_cross_entropy(head, margins, rows, places, targets, bounds):
    precision = head.precision
    shift = positive_least(precision, margins, bounds)
    scale = exp(precision, max(-shift, precision.least_log_scale))
    total = np.float64(sum_of_losses(precision, margins, bounds, shift, scale))
    return math.log(total / (bounds[1] - bounds[0])) - np.float64(shift)


@njit(fastmath=REORDERED, _nrt=False)
def _n_right_signs(precision, margins, signs, bounds):
    """An output of 0 stands for label 0; counted in real numbers, as wide as the margins are."""
    number, one = precision.zero, precision.half + precision.half
    margins, signs = margins[bounds[0] : bounds[1]], signs[bounds[0] : bounds[1]]
    for k in range(margins.size):
        right = (margins[k] > precision.zero) | ((margins[k] == precision.zero) & (signs[k] < precision.zero))
        number += one if right else precision.zero
    return number


@njit(borrows=True)
def _n_correct_of_two(head, margins, rows, places, targets, bounds):
    return np.float64(_n_right_signs(head.precision, margins, targets[0], bounds))


@n_correct.register(ManyClasses)
def _n_correct_of_many(head, margins, rows, places, targets, bounds):
    number = 0
    for k in range(bounds[0], bounds[1]):
        best = 0
        for j in range(1, places.size):
            if rows[places[j], k] > rows[places[best], k]:
                best = j
        number += best == np.int64(targets[0, k])
    return number


@n_correct.register(Linear, borrows=True)
def _none_correct(head, margins, rows, places, targets, bounds):
    return 0


@njit(fastmath=CONTRACTED | REORDERED, _nrt=False)
def sum_of_squares(zero, outputs, targets, bounds):
    """Σ (z - y)²."""
    total, outputs, targets = zero, outputs[bounds[0] : bounds[1]], targets[bounds[0] : bounds[1]]
    for k in range(outputs.size):
        total += (outputs[k] - targets[k]) * (outputs[k] - targets[k])
    return total


@log_loss.register(Linear, borrows=True)
def _log_mean_square(head, margins, rows, places, targets, bounds):
    total = 0.0
    for j in range(places.size):
        total += np.float64(sum_of_squares(head.precision.zero, rows[places[j]], targets[j], bounds))
    return math.log(total / ((bounds[1] - bounds[0]) * places.size)) if total != 0.0 else -math.inf


@njit
def all_values(head, margins, rows, places, targets, bounds):
    """Ln of the loss, accuracy and smoothed accuracy of the points from bounds[0] on below bounds[1]."""
    set_margins(head, margins, rows, places, targets)
    return (
        value_of(head, LOSS, margins, rows, places, targets, bounds),
        value_of(head, ACCURACY, margins, rows, places, targets, bounds),
        value_of(head, SMOOTHED, margins, rows, places, targets, bounds),
    )


for _kind in (Logistic, TwoClasses, ManyClasses):
    log_loss.register(_kind, borrows=True)(getattr(_log_cross_entropy, "py_func", _log_cross_entropy))
for _kind in (Logistic, TwoClasses):
    n_correct.register(_kind, borrows=True)(getattr(_n_correct_of_two, "py_func", _n_correct_of_two))
