"""Schedules against their formulas, and what a discovery does to them."""

import math

import numpy as np
import pytest

from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.schedule import KNOWN, adapt
from wl.engine.kernels.walk import Surface, discover
from wl.engine.settings import SCHEDULES, Settings, Target, settings_for
from wl.interface.grid import Grid, make_axis
from wl.systems.free_spins import free_spins
from wl.systems.ising import ising


def surface_of(n_known, n_bins=10):
    flags = np.zeros(n_bins, np.uint8)
    flags[:n_known] = KNOWN
    zeros = [np.zeros(n_bins) for _ in range(2)]
    return Surface(*zeros, np.ones(n_bins), flags, np.zeros(n_bins, np.int64), np.zeros(n_bins, np.int64))


def clock_of(n_known, total, log_f=1.0, since=None):
    clock = np.zeros(clocks.CLOCK_SIZE)
    clock[[clocks.LOG_F, clocks.TOTAL, clocks.N_KNOWN, clocks.TARGET_SUM]] = log_f, total, n_known, n_known
    clock[clocks.SINCE_RESTART] = total if since is None else since
    return clock


def kernel(**chosen):
    system = free_spins(9)
    return Settings(**chosen).kernel(Grid((make_axis(system, "magnetization"),)))


def test_stages_of_paper_h():
    """ln f = 5/(n + 10) at stage n, a stage of 1000 trials."""
    schedule, surface = kernel(schedule="stages", period=1000.0), surface_of(10)
    for total, stage in ((0, 0), (999, 0), (1000, 1), (123_456, 123)):
        clock = clock_of(10, total)
        adapt(schedule, clock, surface)
        assert clock[clocks.LOG_F] == 5.0 / (stage + 10)


def test_ramp_of_paper_h():
    """Rises to t₁, stays to t₂, then f_max (t₂ - t₃)/(t - t₃)."""
    schedule, surface = kernel(schedule="ramp", first_log_f=0.3, times=(100.0, 200.0, 150.0)), surface_of(10)
    for total, factor in ((50, 0.5), (100, 1.0), (199, 1.0), (200, 1.0), (250, 0.5), (1150, 0.05)):
        clock = clock_of(10, total)
        adapt(schedule, clock, surface)
        assert clock[clocks.LOG_F] == pytest.approx(0.3 * factor, rel=1e-14)


def test_plateau_ends_when_a_walker_came_and_went_and_exploration_is_over():
    """Or after half of the learning; ln f is n/t from there."""
    schedule, surface = kernel(schedule="plateau-then-inverse", first_log_f=0.3), surface_of(10)
    schedule = schedule._replace(longest_plateau=5000.0)
    for total, exploring, crossed, over in (
        (1000, 0.0, 0.0, False),
        (1000, 1.0, 1.0, False),
        (1000, 0.0, 1.0, True),
        (4999, 1.0, 0.0, False),
        (5000, 1.0, 0.0, True),
    ):
        clock = clock_of(10, total, log_f=0.3)
        clock[[clocks.EXPLORING, clocks.CROSSED]] = exploring, crossed
        adapt(schedule, clock, surface)
        clock[clocks.SINCE_RESTART] += 400.0
        adapt(schedule, clock, surface)
        assert clock[clocks.LOG_F] == (10 / 400 if over else 0.3)


@pytest.mark.parametrize(("n_learning", "factor"), [(1e3, 1.0), (1e5, 2.0), (1e7, 20.0), (math.inf, 20.0)])
def test_a_large_factor_is_lowered_for_ln_f_to_fall_from_a_tenth_of_the_learning_on(n_learning, factor):
    schedule = kernel(schedule="inverse", factor=20.0, first_log_f=2e-3)._replace(longest_first=0.1 * n_learning)
    clock, surface = clock_of(10, 50_000, log_f=2e-3), surface_of(10)
    adapt(schedule, clock, surface)
    assert clock[clocks.LOG_F] == pytest.approx(min(2e-3, factor * 10 / 50_000), rel=1e-14)


def test_constant():
    clock = clock_of(10, 12345, log_f=0.01)
    adapt(kernel(schedule="constant"), clock, surface_of(10))
    assert clock[clocks.LOG_F] == 0.01


def test_halves_when_all_known_bins_were_visited():
    schedule, surface = kernel(hold=0.0), surface_of(8)
    clock = clock_of(8, 10_000)
    adapt(schedule, clock, surface)
    assert clock[clocks.LOG_F] == 1.0  # none was visited
    surface.histogram[:8] = 1
    adapt(schedule, clock, surface)
    assert clock[clocks.LOG_F] == 0.5
    adapt(schedule, clock, surface)
    assert clock[clocks.LOG_F] == 0.5  # not since then
    surface.histogram[:8] += 1
    adapt(schedule, clock, surface)
    assert clock[clocks.LOG_F] == 0.25


def test_waits_for_a_hold_without_discoveries():
    surface = surface_of(8)
    surface.histogram[:8] = 1
    schedule = kernel(hold=100.0)
    clock = clock_of(8, 10_000, since=799)
    adapt(schedule, clock, surface)
    assert clock[clocks.LOG_F] == 1.0
    clock[clocks.SINCE_RESTART] = 800
    adapt(schedule, clock, surface)
    assert clock[clocks.LOG_F] == 0.5


@pytest.mark.parametrize("factor", [0.5, 1.0, 8.0])
def test_follows_one_over_time_at_the_end(factor):
    """ln f = c n/t from where half of ln f would be below it; never upwards."""
    schedule, surface = kernel(hold=0.0, factor=factor), surface_of(8)
    clock = clock_of(8, 1_000_000, log_f=1.0)
    previous = 1.0
    for total in (1_000_000, 2_000_000, 3_000_000, 40_000_000):
        for _ in range(40):
            surface.histogram[:8] += 1
            clock[[clocks.TOTAL, clocks.SINCE_RESTART]] = total
            adapt(schedule, clock, surface)
            assert clock[clocks.LOG_F] <= previous
            previous = clock[clocks.LOG_F]
        assert clock[clocks.LOG_F] == pytest.approx(factor * 8 / total)


def test_frozen_stays_frozen():
    for name in SCHEDULES:
        clock = clock_of(8, 1_000_000, log_f=0.0)
        adapt(kernel(schedule=name), clock, surface_of(8))
        assert clock[clocks.LOG_F] == 0.0


def test_discovery_restarts():
    """ln f back to its exploration value, the clock to 0, and the new bin gets the least ln g of the known ones."""
    schedule, surface = kernel(exploration_log_f=0.05), surface_of(3)
    surface.cost[:3] = 5.0, 2.0, 7.0
    clock = clock_of(3, 10_000, log_f=1e-4)
    clock[clocks.INVERSE_PHASE] = 1.0
    discover(surface, clock, schedule, 6)
    assert surface.cost[6] == 2.0
    assert surface.flags[6] == KNOWN
    assert clock[clocks.N_KNOWN] == 4
    assert (clock[clocks.LOG_F], clock[clocks.SINCE_RESTART], clock[clocks.INVERSE_PHASE]) == (0.05, 0.0, 0.0)


def test_least_log_g_counts_the_target():
    """With a target π the cost is ln g - ln π; it is ln g that a new bin inherits."""
    schedule, surface = kernel(), surface_of(2)
    surface.log_target[:] = np.log(np.arange(1.0, 11.0))
    surface.cost[:2] = 3.0, 2.9
    discover(surface, clock_of(2, 100), schedule, 4)
    assert surface.cost[4] == pytest.approx(3.0 - math.log(5.0))


def test_target_is_normalised_over_the_grid():
    """π ∝ (k + offset)^-power along the first variable, equal along the second."""
    system = ising(4)
    grid = Grid((make_axis(system, "energy"), make_axis(system, "magnetization")))
    density = np.exp(Target(2.0, 10.0).log_density(grid)).reshape(grid.shape)
    assert density[0] == pytest.approx(density[0, 0])
    assert density[5, 0] / density[0, 0] == pytest.approx((10.0 / 15.0) ** 2)
    assert np.ptp(Target().log_density(grid)) == 0.0


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"schedule": "linear"}, "schedule = 'linear' is not known"),
        ({"start": "cold"}, "start = 'cold' is not known"),
        ({"factor": 0.0}, "factor = 0.0 is out of range"),
        ({"learning": 1.5}, "learning = 1.5 is out of range"),
        ({"n_walkers": 0}, "n_walkers = 0 is out of range"),
        ({"n_windows": 3}, "n_walkers = 1 with n_windows = 3"),
    ],
)
def test_bad_settings_are_refused(chosen, words):
    with pytest.raises(ValueError, match=words):
        settings_for(ising(4), **chosen)
