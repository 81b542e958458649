"""Short way from a system to its landscape, for the tests of accuracy."""

import numpy as np

from wl.engine.sampler import Sampler
from wl.engine.settings import settings_for
from wl.interface.grid import Grid, Range, make_axis
from wl.landscape.build import landscape_of
from wl.landscape.frozen_walk import with_errors
from wl.runs.run import cap_of


def sampled(system, variables, n_steps, seed, ranges=None, **settings):
    """A finished sampler."""
    cap = cap_of(system, 1)
    axes = []
    for name in variables:
        capped = system.variable(name)[1].capped
        axes.append(make_axis(system, name, (ranges or {}).get(name), cap if capped else None))
    chosen = settings_for(system, variables, **settings)
    n_trials = int(n_steps) // (chosen.n_walkers * chosen.n_windows)
    sampler = Sampler(system, Grid(tuple(axes)), chosen, np.random.SeedSequence(seed), n_trials)
    sampler.prepare()
    sampler.advance(n_trials)
    return sampler


def estimate(sampler):
    """ln g and its error on the grid."""
    value, error = with_errors(sampler)
    return value.reshape(sampler.grid.shape), error.reshape(sampler.grid.shape)


def landscape(sampler):
    """The Dataset."""
    return landscape_of([sampler], {}, 0.05)


__all__ = ["Range", "estimate", "landscape", "sampled"]
