"""Two blocks of real coordinates in a box, with the logarithms of their squared lengths; a sum of ball volumes.

The first block u has n₁ coordinates, the second v has n₂, all in [-1, 1]. The values are x = ln u² and y = ln v², where
u² and v² are sums of squares. As long as a ball fits the box, which is where x <= 0, its share of the box is

    P(ln u² <= x) = V e^{n₁ x/2}/2^{n₁},   V = π^{n₁/2}/Γ(n₁/2 + 1),

so that a bin [x, x + w) holds ln g = ln(V/2^{n₁}) + n₁(x + w)/2 + ln(1 - e^{-n₁ w/2}), and ln g of both variables is
the sum of two such terms: the blocks are independent. It is the exact case of a real variable, and of a loss that falls
over many decades.

A move changes one coordinate by a uniform step in (-step, step); outside the box it cannot be made. Squares are cut to
multiples of 2⁻⁵³, so that their sums are exact integers: carried along they never drift, and values depend on the
configuration alone, to the last bit. The cut lowers x by at most n₁ 2⁻⁵³/u², that is 5e-8 n₁ at x = -20 and 1e-3 n₁ at
x = -30, below which the system is not to be used. At fixed step the acceptance falls where u² is well below step² n₁:
sample a few units of x at a time or make the step small.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.checks import check_integer, check_real
from perceptron.base.jit import njit
from wl.interface.forces import new_force_state
from wl.interface.system import System, Variable, commit, draw, measured, propose, proposed
from wl.interface.xoroshiro import below, uniform
from wl.systems.quadratic_forces import NoScratch, QuadraticForceModel

__all__ = ["QuadraticModel", "QuadraticState", "quadratic_blocks"]

NOWHERE = math.nan
UNITS = 2.0**53
N_DRAWS, LARGEST_STEP = 1_000_000, 2.0
MOST_COORDINATES = 1000  # of a block; their sum of squares fits 63 bits


class QuadraticModel(NamedTuple):
    """Constants."""

    n_first: int  # coordinates of the first block


class QuadraticState(NamedTuple):
    """A point of the box."""

    coordinates: np.ndarray  # float64 (n_first + n_second,)
    squares: np.ndarray  # int64 (2,): u², v² in units of 2⁻⁵³
    values: np.ndarray  # float64 (2,): ln u², ln v²
    step: np.ndarray  # float64 (1,), largest change of a coordinate


def quadratic_blocks(first_dimension: int, second_dimension: int, *, step: float = 0.5, forces: bool = False) -> System:
    """Two blocks of coordinates in the box [-1, 1] each.

    Parameters
    ----------
    first_dimension, second_dimension : int
        Numbers of coordinates n₁ and n₂, from 1 to 1000.
    step : float
        Largest change of a coordinate in one move at first, 0 < step < 2; it stands in the state, and runs adapt it
        while they learn.
    forces : bool
        Whether all coordinates move at once, along gradients (`wl.systems.quadratic_forces`).

    Raises
    ------
    ValueError
        For numbers out of range.
    """
    first = check_integer("first_dimension", first_dimension, least=1, most=MOST_COORDINATES)
    second = check_integer("second_dimension", second_dimension, least=1, most=MOST_COORDINATES)
    largest = check_real("step", step, above=0.0, below=2.0)
    return System(
        name="quadratic",
        model=QuadraticForceModel(first, np.ones(first + second)) if forces else QuadraticModel(first),
        new_state=lambda: _new_state(first + second, largest, forces),
        variables=(
            Variable("log_first_square", -math.inf, math.log(first)),
            Variable("log_second_square", -math.inf, math.log(second)),
        ),
        default_variables=("log_first_square",),
        log_total=0.0,
        n_uniform_draws=N_DRAWS,
        step=None if forces else "step",
        largest_step=LARGEST_STEP,
        forces=forces,
        parameters={"first_dimension": first, "second_dimension": second} | ({"forces": True} if forces else {}),
    )


def _new_state(number: int, step: float, forces: bool) -> Any:
    if forces:
        return new_force_state(np.ones(number), step, NoScratch(0))
    return QuadraticState(np.zeros(number), np.zeros(2, np.int64), np.full(2, -np.inf), np.array([step]))


@njit
def _square(x):
    """x² as a number of units."""
    return np.int64(x * x * UNITS)


@njit
def _log_of(units):
    """Logarithm of a sum of squares."""
    return math.log(units / UNITS) if units > 0 else -math.inf


@propose.register(QuadraticModel)
def _propose(model, state, stream):
    place = below(stream, state.coordinates.size)
    return place, state.coordinates[place] + state.step[0] * (2.0 * uniform(stream) - 1.0)


@proposed.register(QuadraticModel)
def _proposed(model, state, move):
    place, value = move
    if abs(value) > 1.0:
        return NOWHERE, NOWHERE
    change = _square(value) - _square(state.coordinates[place])
    if place < model.n_first:
        return _log_of(state.squares[0] + change), state.values[1]
    return state.values[0], _log_of(state.squares[1] + change)


@commit.register(QuadraticModel)
def _commit(model, state, move):
    place, value = move
    block = 0 if place < model.n_first else 1
    state.squares[block] += _square(value) - _square(state.coordinates[place])
    state.values[block] = _log_of(state.squares[block])
    state.coordinates[place] = value


@measured.register(QuadraticModel)
def _measured(model, state):
    state.squares[:] = 0
    for k in range(state.coordinates.size):
        state.squares[0 if k < model.n_first else 1] += _square(state.coordinates[k])
    state.values[0] = _log_of(state.squares[0])
    state.values[1] = _log_of(state.squares[1])
    return state.values[0], state.values[1]


@draw.register(QuadraticModel)
def _draw(model, state, stream):
    for k in range(state.coordinates.size):
        state.coordinates[k] = 2.0 * uniform(stream) - 1.0
    measured(model, state)
