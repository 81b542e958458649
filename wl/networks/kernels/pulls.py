"""Where a backward pass begins: derivatives of a value by the margin of every point, and by the outputs.

With M the margin of a point (`wl.networks.kernels.losses`) and s as there,

    ∂ ln L/∂M = -e^s/(1 + eᴹ)/Σ e^s ln(1 + e⁻ᴹ)   (cross-entropy),   ∂ ln L/∂z = 2(z - y)/Σ(z - y)²   (squares),
    ∂ A/∂M = α P(1 - P)/n,  P = 1/(1 + e^(-αM))    (smoothed accuracy of sharpness α).
"""

import numpy as np

from perceptron.base.jit import dispatched, njit
from wl.networks.kernels.losses import (
    LOSS,
    Linear,
    Logistic,
    ManyClasses,
    TwoClasses,
    positive_least,
)
from wl.networks.layers.activations import CONTRACTED, exp


@dispatched
def add_pulls(head, kind, sharpness, passes, bounds, log_loss, factor):
    """Add factor · ∂value/∂M to the pulls of the points from bounds[0] on below bounds[1]."""
    raise NotImplementedError(f"add_pulls has no kernel for {head!r}")


@dispatched
def set_output_deltas(head, outputs, targets, pulls, deltas):
    """δ of the outputs from the pulls of all points."""
    raise NotImplementedError(f"set_output_deltas has no kernel for {head!r}")


@njit(fastmath=CONTRACTED, _nrt=False)
def _add_loss_pulls(precision, margins, pulls, bounds, shift, factor):
    one = precision.half + precision.half
    margins, pulls = margins[bounds[0] : bounds[1]], pulls[bounds[0] : bounds[1]]  # as in `network_losses`
    for k in range(margins.size):
        size = abs(margins[k])
        small = exp(precision, -size)
        share = exp(precision, shift - size) if margins[k] >= precision.zero else one
        pulls[k] -= factor * share / (one + small)


@njit(fastmath=CONTRACTED, _nrt=False)
def _add_accuracy_pulls(precision, margins, pulls, bounds, sharpness, factor):
    one = precision.half + precision.half
    margins, pulls = margins[bounds[0] : bounds[1]], pulls[bounds[0] : bounds[1]]  # as in `network_losses`
    for k in range(margins.size):
        small = exp(precision, -abs(sharpness * margins[k]))
        pulls[k] += factor * small / ((one + small) * (one + small))


@njit
def _add_margin_pulls(head, kind, sharpness, passes, bounds, log_loss, factor):
    precision, margins, pulls = head.precision, passes.margins, passes.pulls
    real, n_points = pulls.dtype.type, bounds[1] - bounds[0]
    if kind == LOSS:
        shift = positive_least(precision, margins, bounds)
        total = np.exp(log_loss + shift) * n_points
        _add_loss_pulls(precision, margins, pulls, bounds, shift, real(factor / total))
    else:
        _add_accuracy_pulls(precision, margins, pulls, bounds, real(sharpness), real(factor * sharpness / n_points))


@add_pulls.register(Linear)
def _add_square_pulls(head, kind, sharpness, passes, bounds, log_loss, factor):
    pulls, n_points = passes.pulls, bounds[1] - bounds[0]
    pull = pulls.dtype.type(2.0 * factor * np.exp(-log_loss) / n_points)
    pulls = pulls[bounds[0] : bounds[1]]
    for k in range(pulls.size):
        pulls[k] += pull


@set_output_deltas.register(Linear)
def _square_deltas(head, outputs, targets, pulls, deltas):
    share = pulls.dtype.type(1.0 / outputs.shape[0])
    for j in range(outputs.shape[0]):
        for k in range(pulls.size):
            deltas[j, k] = share * pulls[k] * (outputs[j, k] - targets[j, k])


@set_output_deltas.register(Logistic)
def _logistic_deltas(head, outputs, targets, pulls, deltas):
    for k in range(pulls.size):
        deltas[0, k] = pulls[k] * targets[0, k]


@set_output_deltas.register(TwoClasses)
def _two_deltas(head, outputs, targets, pulls, deltas):
    for k in range(pulls.size):
        deltas[1, k] = pulls[k] * targets[0, k]
        deltas[0, k] = -deltas[1, k]


@set_output_deltas.register(ManyClasses)
def _many_deltas(head, outputs, targets, pulls, deltas):
    for k in range(pulls.size):
        label, highest, total = np.int64(targets[0, k]), -np.inf, 0.0
        for j in range(outputs.shape[0]):
            if j != label:
                highest = max(highest, outputs[j, k])
        for j in range(outputs.shape[0]):
            if j != label:
                total += np.exp(outputs[j, k] - highest)
        for j in range(outputs.shape[0]):
            if j == label:
                deltas[j, k] = pulls[k]
            else:
                deltas[j, k] = -pulls[k] * np.exp(outputs[j, k] - highest) / total


for _kind in (Logistic, TwoClasses, ManyClasses):
    add_pulls.register(_kind)(getattr(_add_margin_pulls, "py_func", _add_margin_pulls))
