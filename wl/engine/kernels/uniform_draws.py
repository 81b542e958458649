"""Bins of uniform draws of the configuration."""

from perceptron.base.jit import njit
from wl.interface.bins import bin_of
from wl.interface.system import draw


@njit(nogil=True)
def count_draws(model, state, grid, stream, counts, n_draws):
    """Draw `n_draws` times and count the bins that are hit; draws without a bin are not counted."""
    for _ in range(n_draws):
        draw(model, state, stream)
        found = bin_of(grid, (state.values[0], state.values[1]))
        if found >= 0:
            counts[found] += 1
