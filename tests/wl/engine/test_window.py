"""Several walkers add up differences; one that brings nan is rejected and reported; tasks may go to any executor."""

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context

import numpy as np
import pytest
from flat_runs import sampled

from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.schedule import KNOWN
from wl.engine.sampler import Sampler
from wl.engine.settings import settings_for
from wl.interface.grid import Grid, make_axis
from wl.systems.ising import ising


@pytest.fixture
def sampler():
    """Three walkers of the 4 x 4 lattice after a few rounds."""
    system = ising(4)
    chosen = settings_for(system, n_walkers=3)
    made = Sampler(system, Grid((make_axis(system, "energy"),)), chosen, np.random.SeedSequence(1), 100_000)
    made.prepare()
    made.advance(5000)
    return made


def at_round_start(sampler):
    window = sampler.windows[0]
    window.begin_round()
    return window, window.surface.cost.copy()


def test_differences_are_added_not_totals(sampler):
    window, before = at_round_start(sampler)
    known = np.flatnonzero(window.known)
    for number, share in enumerate(window.shares, 1):
        share.surface.cost[known[number]] += 0.5 * number
        share.surface.histogram[known[number]] += 10 * number
        share.clock[clocks.TOTAL] += 1000
    visits, total = window.surface.histogram.copy(), window.own.clock[clocks.TOTAL]
    window.end_round()
    change = window.surface.cost - before
    assert change[known[1:4]] == pytest.approx([0.5, 1.0, 1.5])
    assert np.count_nonzero(change) == 3
    assert (window.surface.histogram - visits)[known[1:4]].tolist() == [10, 20, 30]
    assert window.own.clock[clocks.TOTAL] == total + 3000


def test_bins_that_one_walker_found_are_kept(sampler):
    window, before = at_round_start(sampler)
    found = np.flatnonzero(~window.known)[0]
    expected = before[window.known].min() + 12.5
    share = window.shares[1]
    share.surface.flags[found] |= KNOWN
    share.surface.cost[found] = expected
    window.end_round()
    assert window.known[found]
    assert window.surface.cost[found] == expected
    assert window.own.clock[clocks.N_KNOWN] == np.count_nonzero(window.known)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_walker_that_is_not_finite_is_rejected(sampler, bad):
    """Nothing of it is added, it takes another's configuration, and it is counted."""
    window, before = at_round_start(sampler)
    known = np.flatnonzero(window.known)
    window.shares[1].surface.cost[known[0]] = bad
    window.shares[1].surface.cost[known[1]] += 99.0
    window.shares[2].surface.cost[known[1]] += 1.0
    window.end_round()
    change = window.surface.cost - before
    assert change[known[1]] == pytest.approx(1.0)
    assert np.isfinite(window.surface.cost).all()
    assert window.n_rejected_walkers == 1
    assert np.array_equal(window.particles[1].state.spins, window.particles[0].state.spins)
    sampler.advance(5000)  # and it goes on
    assert np.isfinite(window.surface.cost).all()


def test_nothing_is_left_when_all_walkers_fail(sampler):
    window, _ = at_round_start(sampler)
    for share in window.shares:
        share.surface.cost[np.flatnonzero(window.known)[0]] = np.nan
    with pytest.raises(ArithmeticError, match="every walker"):
        window.end_round()


def test_threads_change_nothing():
    """Two walkers in two windows, on none, one and two threads."""
    system = ising(4)
    chosen = settings_for(system, n_walkers=2, n_windows=2)
    results = []
    for jobs in (0, 1, 2):
        made = Sampler(system, Grid((make_axis(system, "energy"),)), chosen, np.random.SeedSequence(3), 60_000)
        made.prepare()
        if jobs:
            with ThreadPoolExecutor(jobs) as executor:
                made.advance(60_000, executor)
        else:
            made.advance(60_000)
        results.append([window.surface.cost.copy() for window in made.windows])
    for other in results[1:]:
        assert all(np.array_equal(one, two) for one, two in zip(results[0], other, strict=True))


@pytest.mark.slow
def test_processes_change_nothing():
    """Walkers travel to other processes and back; the kernels come from the disk cache there."""
    here = sampled(ising(4), ["energy"], 60_000, 5, n_walkers=2)
    system = ising(4)
    chosen = settings_for(system, n_walkers=2)
    there = Sampler(system, here.grid, chosen, np.random.SeedSequence(5), 30_000)
    there.prepare()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as executor:
        there.advance(30_000, executor)
    assert np.array_equal(here.windows[0].surface.cost, there.windows[0].surface.cost)
