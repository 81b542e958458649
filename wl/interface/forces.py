"""What a system of continuous parameters tells molecular dynamics: its values and their gradients.

As in `wl.interface.system` the class of the model selects the kernels. The trial of the engine is one evaluation of
the force:

    measure(model, state)                  values of both variables from the parameters, into `values`, and the smooth
                                           ones that stand for them in the bias, into `coordinates`
    pull(model, state, first, second)      the gradient of first · x + second · y of the coordinates, right afterwards

Values and coordinates differ where a value has steps, as an accuracy has: there the bias acts on a smooth stand-in, and
the values are what is counted.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from perceptron.base.jit import dispatched
from wl.interface.normals import N_LANES, seed_lanes
from wl.interface.system import draw, measured
from wl.interface.xoroshiro import uniform

__all__ = ["ForceState", "measure", "new_force_state", "pull", "register_box"]

PART = 512  # parameters moved at once

# numbers of a state
N_STEPS, DRIFT, SQUARED_DRIFT, TEMPERATURE, N_MOVES, N_ACCEPTED, BOLTZMANN, N_LOST, BLOWN = range(9)
ENERGY, START_ENERGY, KEPT_ENERGY, PRESENT_STEP, SHORT_STEPS, N_NUMBERS = range(9, 15)


class ForceState(NamedTuple):
    """Parameters with their velocities, unit masses."""

    parameters: np.ndarray  # (n_parameters,), float32 or float64
    values: np.ndarray  # float64 (2,)
    coordinates: np.ndarray  # float64 (2,)
    velocities: np.ndarray  # (n_parameters,)
    gradient: np.ndarray  # (n_parameters,), of U at the parameters
    kept_parameters: np.ndarray  # (n_parameters,), where a trajectory began
    kept_gradient: np.ndarray  # (n_parameters,)
    kept_values: np.ndarray  # float64 (4,), values and coordinates there
    progress: np.ndarray  # int64 (1,), steps of the present trajectory
    numbers: np.ndarray  # float64 (N_NUMBERS,), what is measured of the integrator
    lanes: np.ndarray  # uint32 (4, N_LANES), of the normals
    walls: np.ndarray  # (n_parts,), half-width of the box of each PART of parameters, 0 where they differ
    time_step: np.ndarray  # float64 (1,); hybrid Monte Carlo adapts it while it learns
    scratch: Any  # NamedTuple of work space, not kept with checkpoints


@dispatched
def measure(model, state):
    """Values and coordinates from the parameters alone."""
    raise NotImplementedError(f"measure has no kernel for {type(model).__name__}")


@dispatched
def pull(model, state, first, second):
    """Fill the gradient with that of first · x + second · y; called right after `measure`."""
    raise NotImplementedError(f"pull has no kernel for {type(model).__name__}")


def _draw_in_box(model, state, stream):
    seed_lanes(state.lanes, stream)
    for k in range(state.parameters.size):
        state.parameters[k] = model.half_widths[k] * (2.0 * uniform(stream) - 1.0)
    measure(model, state)


def _measured_values(model, state):
    measure(model, state)
    return state.values[0], state.values[1]


def register_box(model: type) -> None:
    """Give a model whose parameters fill a box, `half_widths`, the kernels of uniform draws and of its values."""
    draw.register(model)(_draw_in_box)
    measured.register(model)(_measured_values)


def new_force_state(half_widths: np.ndarray, time_step: float, scratch: Any) -> ForceState:
    """State of zeros for parameters in a box, in the precision of its half-widths."""
    own = [np.zeros_like(half_widths) for _ in range(5)]
    parts = [half_widths[first : first + PART] for first in range(0, half_widths.size, PART)]
    return ForceState(
        own[0],
        np.zeros(2),
        np.zeros(2),
        own[1],
        own[2],
        own[3],
        own[4],
        np.zeros(4),
        np.zeros(1, np.int64),
        np.zeros(N_NUMBERS),
        np.ones((4, N_LANES), np.uint32),
        np.array([part[0] if np.all(part == part[0]) else 0.0 for part in parts], half_widths.dtype),
        np.array([time_step]),
        scratch,
    )
