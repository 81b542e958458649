"""The two blocks of `wl.systems.quadratic` for molecular dynamics: x = ln u², y = ln v², ∇x = 2u/u².

The exact case of a sampler by forces: S = n₁ x/2 + n₂ y/2 up to a constant while both balls fit the box.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import assign
from wl.interface.forces import measure, pull, register_box

__all__ = ["NoScratch", "QuadraticForceModel"]


class QuadraticForceModel(NamedTuple):
    """Constants."""

    n_first: int  # coordinates of the first block
    half_widths: np.ndarray  # float64 (n_first + n_second,), all 1


class NoScratch(NamedTuple):
    """No work space."""

    nothing: int


@measure.register(QuadraticForceModel)
def _measure(model, state):
    first, second = 0.0, 0.0
    for k in range(model.n_first):
        first += state.parameters[k] * state.parameters[k]
    for k in range(model.n_first, state.parameters.size):
        second += state.parameters[k] * state.parameters[k]
    state.coordinates[0] = math.log(first) if first > 0.0 else -math.inf
    state.coordinates[1] = math.log(second) if second > 0.0 else -math.inf
    assign(state.values, state.coordinates)


@pull.register(QuadraticForceModel)
def _pull(model, state, first, second):
    by_first, by_second = 2.0 * first * math.exp(-state.values[0]), 2.0 * second * math.exp(-state.values[1])
    for k in range(state.parameters.size):
        state.gradient[k] = (by_first if k < model.n_first else by_second) * state.parameters[k]


register_box(QuadraticForceModel)
