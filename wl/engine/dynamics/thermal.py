"""Molecular dynamics at a fixed temperature: the potential is the loss itself, βL, where L = e^x of the first variable.

No bias is learned, so that what the network relaxes to is a test of a landscape by other means.
"""

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit
from wl.engine.dynamics.bias import surface_at
from wl.engine.dynamics.movers import advance
from wl.interface.forces import BLOWN


class Thermal(NamedTuple):
    """U = βL of a system whose first coordinate is ln L."""

    inverse_temperature: float


@surface_at.register(Thermal)
def _thermal_energy(thermal, _cost, first, _second):
    energy = thermal.inverse_temperature * math.exp(first)
    return energy, energy, 0.0


@njit(nogil=True)
def relax_walk(mover, model, state, thermal, stream, records, every, frozen):
    """Fill rows of `records` with both values after `every` evaluations each; returns how many rows were filled."""
    nothing = np.empty(0)
    for row in range(records.shape[0]):
        left, counted = every, False
        while left > 0 or not counted:
            counted = advance(mover, model, state, thermal, nothing, stream, frozen)
            left -= 1
            if state.numbers[BLOWN] != 0.0:
                return row
        records[row, 0], records[row, 1] = state.values[0], state.values[1]
    return records.shape[0]
