"""Absolute ln g of a grid that does not hold everything, and steps that settle before the measurement."""

import itertools
import math

import numpy as np
import pytest
import xarray as xr

from benchmarks.exact_densities import log_share_of_box
from wl.analysis.curves import marginal
from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.landscape.build import landscape_of, load_landscape, save_landscape
from wl.landscape.convergence import _draws
from wl.landscape.merge import merge_landscapes
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run
from wl.systems.quadratic import quadratic_blocks


def finished(window, n_steps=6_000_000, step=0.5, **settings):
    system = quadratic_blocks(3, 2, step=step)
    name = "log_first_square"
    plan = Plan(
        system, (name,), settings_for(system, (name,), **settings), Goal(steps=n_steps), ranges={name: window}, seed=3
    )
    run = Run(plan)
    run.prepare()
    while not run.reached():
        run.advance()
    return run


@pytest.mark.parametrize("open_high", [False, True])
def test_windows_are_absolute(open_high):
    # bins below 0 lie in the ball, where their volumes are known; without the draws ln g would be relative
    run = finished(Range(-5.0, 0.0, 0.5, open_high=open_high))
    found = landscape_of(run.samplers, {}, 0.05)
    edges = np.arange(-5.0, 0.01, 0.5)
    exact = np.array([log_share_of_box(3, low, high) for low, high in itertools.pairwise(edges)])
    covered = 1.0 - math.exp(log_share_of_box(3, -math.inf, -5.0))
    if not open_high:
        covered = math.exp(log_share_of_box(3, -5.0, 0.0))
    assert abs(found.attrs["covered"] - covered) < 5.0 * found.attrs["covered_error"]
    assert np.exp(found["log_g"].values).sum() == pytest.approx(found.attrs["covered"], rel=1e-12)
    inside = slice(0, -1) if open_high else slice(None)
    deviation = found["log_g"].values[inside] - exact[inside]
    error = np.hypot(found["log_g_error"].values[inside], 2e-3)  # that of the constant, of 1e6 draws, is below 2e-3
    assert np.all(np.abs(deviation) < 5.0 * error)
    assert "rms deviation from uniform draws" in found.attrs["report"]


def test_draws_that_miss_the_window_leave_it_relative():
    run = finished(Range(-16.0, -14.0, 0.5), 2_000_000)
    found = landscape_of(run.samplers, {}, 0.05)
    assert found.attrs["covered"] == 0.0
    assert math.isnan(found.attrs["log_covered"])
    assert np.exp(found["log_g"].values).sum() == pytest.approx(1.0, rel=1e-12)
    assert found.attrs["absolute"] == 0
    assert "not tested: they hit no bin often enough" in found.attrs["report"]


def judged(counts, walk, error, absolute=1):
    """What the criterion says of a walk along one variable beside draws that all fell into the grid."""
    return _draws(
        xr.Dataset(
            {
                "uniform_draws": (("x",), np.array(counts)),
                "log_g_of_walk": (("x",), np.array(walk)),
                "log_g_of_walk_error": (("x",), np.array(error)),
            },
            attrs={"log_total": 0.0, "n_uniform_draws": sum(counts), "absolute": absolute},
        )
    )


def test_a_walk_that_knows_none_of_the_bins_of_the_draws_is_refused():
    walk, error = [0.0, -1.0, np.nan], [0.01, 0.01, np.nan]
    assert judged([0, 0, 5000], walk, error, absolute=0).met is False
    assert judged([0, 0, 50], walk, error, absolute=0).met is None  # too few draws to say anything


def test_a_bin_of_the_draws_that_the_walk_missed_is_not_passed_over():
    counts = [3000, 2000, 5000]
    walk = np.log(np.array(counts) / 1e4)
    assert judged(counts, walk, np.full(3, 0.02)).met is True
    found = judged(counts, [*walk[:2], np.nan], [0.02, 0.02, np.nan])
    assert found.met is False
    assert "1 of their bins never visited, with 0.5 of the draws" in found.found


@pytest.mark.parametrize("deviation", [0.0, 0.2])
def test_deviations_from_the_draws_are_told_in_errors(deviation):
    counts = np.array([2000, 8000, 90_000])
    log_g = np.log(counts / counts.sum()) + deviation * np.array([1.0, -1.0, 0.0])
    assert judged(list(counts), log_g, np.full(3, 0.02)).met == (deviation == 0.0)


@pytest.mark.parametrize("first_step", [1e-3, 1.9])
def test_steps_settle_while_learning_and_stay(first_step):
    # half of the moves are accepted, whatever the first step was
    run = finished(Range(-9.0, -7.0, 0.5), 4_000_000, first_step)
    sampler = run.samplers[0]
    step = sampler.windows[0].particles[0].state.step[0]
    accepted = sampler.counts[0, 0, 0] / (sampler.trials - sampler.phases.freeze_at)
    assert 0.4 < accepted < 0.6
    assert (
        np.abs(sampler.windows[0].particles[0].state.coordinates).max() <= 1.0
    )  # the way to the window kept to the box
    before = step
    sampler.advance(100_000)
    assert sampler.windows[0].particles[0].state.step[0] == before


def test_starts_are_taken_in_turn():
    system = quadratic_blocks(3, 2)
    name = "log_first_square"
    settings = settings_for(system, (name,), n_walkers=3)
    run = Run(Plan(system, (name,), settings, Goal(steps=1000), ranges={name: Range(-5.0, 1.5, 0.5)}))
    starts = np.array([[0.5] * 5, [0.25] * 5])
    run.samplers[0].starts = starts
    run.prepare()
    found = [particle.state.coordinates for particle in run.samplers[0].windows[0].particles]
    assert np.array_equal(found, starts[[0, 1, 0]])


def test_two_variables_merge_with_their_draws_and_curves(tmp_path):
    # the blocks are independent: ln Σ_y g(x, y) is the volume of the first one's shell times the share of the second
    system, paths = quadratic_blocks(3, 2), []
    ranges = {name: Range(-2.0, 0.0, 0.5) for name in ("log_first_square", "log_second_square")}
    names = tuple(ranges)
    for seed in (1, 2):
        settings = settings_for(system, names, first_log_f=0.05)
        plan = Plan(system, names, settings, Goal(steps=3_000_000), ranges=ranges, seed=seed)
        run = Run(plan)
        run.prepare()
        while not run.reached():
            run.advance()
        paths.append(tmp_path / f"{seed}.nc")
        save_landscape(paths[-1], landscape_of(run.samplers, plan.description(), 0.05))
    merged, single = merge_landscapes(paths, tmp_path / "merged.nc"), load_landscape(paths[0])
    assert merged.attrs["n_uniform_draws"] == 2 * single.attrs["n_uniform_draws"] == 2_000_000
    assert merged.attrs["covered"] == pytest.approx(merged["uniform_draws"].sum() / 2_000_000)
    shells = itertools.pairwise(np.arange(-2.0, 0.01, 0.5))
    exact = np.array([log_share_of_box(3, *shell) for shell in shells]) + log_share_of_box(2, -2.0, 0.0)
    for found in (merged, single):
        curve = marginal(found)
        assert np.all(np.abs(curve.value - exact) < 5.0 * np.hypot(curve.error, 2e-3))
        assert curve.error.max() < 0.05
    assert merged["conditional_mean_runs"].shape == (2, 4)
