"""From values of collective variables to bins: one table look-up an axis.

An axis cuts its variable into cells of one width; `bins` says which bin a cell belongs to. Its first and last entries
stand for everything below and above, so an open outermost bin is one whose number stands there, and -1 means out of
range. Values are the pair of variables of a system; an axis is told which of them is its own (an index into a longer
tuple, known only at run time, would cost more than all the rest: numba then keeps references for the error message).
"""

from typing import NamedTuple

import numpy as np

from perceptron.base.jit import dispatched

OUT_OF_RANGE = -1


class IntegerAxis(NamedTuple):
    """Cells of consecutive integers."""

    variable: int  # 0 or 1, position of its variable in the pair of values
    lowest: int  # integer of the first cell that is not "below"
    bins: np.ndarray  # int32 (n_cells + 2,)


class RealAxis(NamedTuple):
    """Cells [edges[k], edges[k + 1]), all of one width but for rounding."""

    variable: int
    scale: float  # cells in a unit of the variable
    edges: np.ndarray  # float64 (n_cells + 1,), finite
    bins: np.ndarray  # int32 (n_cells + 2,)


class OneAxis(NamedTuple):
    """Grid of one variable."""

    first: IntegerAxis | RealAxis


class TwoAxes(NamedTuple):
    """Grid of two variables; bins are numbered with the second variable running fastest."""

    first: IntegerAxis | RealAxis
    second: IntegerAxis | RealAxis
    n_second: int


@dispatched
def bin_on_axis(axis, values):
    """Bin of the axis' own variable; OUT_OF_RANGE where it has none."""
    raise NotImplementedError(f"no kernel for {axis!r}")


@bin_on_axis.register(IntegerAxis)
def _integer(axis, values):
    value = values[0] if axis.variable == 0 else values[1]
    cell = value - axis.lowest + 1
    return axis.bins[min(max(cell, 0), axis.bins.size - 1)]


@bin_on_axis.register(RealAxis)
def _real(axis, values):
    value = values[0] if axis.variable == 0 else values[1]
    place = (value - axis.edges[0]) * axis.scale
    if not place >= -1.0:  # nan is not less
        return axis.bins[0] if place < -1.0 else np.int32(OUT_OF_RANGE)
    cell = np.int64(max(0.0, min(place, axis.bins.size - 3.0)))
    if value < axis.edges[cell]:  # a value on an edge belongs where the edges say, whatever rounding made of its place
        cell -= 1
    elif value >= axis.edges[cell + 1]:
        cell += 1
    return axis.bins[cell + 1]


@dispatched
def bin_of(grid, values):
    """Bin of a grid; OUT_OF_RANGE outside."""
    raise NotImplementedError(f"no kernel for {grid!r}")


@bin_of.register(OneAxis)
def _one(grid, values):
    return np.int64(bin_on_axis(grid.first, values))


@bin_of.register(TwoAxes)
def _two(grid, values):
    row = np.int64(bin_on_axis(grid.first, values))
    column = np.int64(bin_on_axis(grid.second, values))
    return np.int64(OUT_OF_RANGE) if row < 0 or column < 0 else row * grid.n_second + column
