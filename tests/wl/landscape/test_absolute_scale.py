"""The constant of ln g: from the bins that draws and walk both know, whatever the walk missed."""

import itertools
import math

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from benchmarks.exact_densities import log_share_of_box
from wl.engine.estimators.uniform_draws import UniformDraws
from wl.engine.kernels.uniform_draws import count_draws
from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.interface.seeds import stream_of
from wl.landscape.anchoring import anchored
from wl.landscape.build import landscape_of
from wl.landscape.estimates import offsets
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run
from wl.systems.free_spins import free_spins
from wl.systems.network.system import NetworkOptions, neural_network
from wl.systems.quadratic import quadratic_blocks
from wl.tasks.dynamics_presets import DynamicsOptions, dynamics_settings

G = np.array([0.6, 0.3, 0.09, 0.009, 0.001])  # shares of all, the open corner first


def counted(rng, number, n_visits, bias, missed=()):
    """Draws and independent visits of a walk that samples g e^-bias, without the bins that it missed."""
    draws = rng.multinomial(number, G)
    weights = G * np.exp(-bias)
    weights[list(missed)] = 0.0
    return draws, rng.multinomial(n_visits, weights / weights.sum())


def test_a_walk_that_misses_the_corner_has_the_right_constant():
    """Normalised over its own bins it would be off by ln 2.5, 0.9 nats."""
    bias = np.log(G)
    draws, visits = counted(np.random.default_rng(1), 100_000, 20_000, bias, missed=(0,))
    walk = np.where(visits > 0, np.log(np.maximum(visits, 1)) + bias, np.nan)
    found = anchored(walk, visits, draws, draws.sum(), 0.0)
    assert found.log_g == pytest.approx(np.log(G), abs=0.05)
    assert found.log_g[0] == pytest.approx(math.log(draws[0] / draws.sum()))
    assert np.isnan(found.of_walk[0])
    assert np.exp(found.log_g).sum() == pytest.approx(1.0, rel=1e-12)


def test_the_constant_is_unbiased_and_as_sharp_as_the_counts_allow():
    """Variance of the likeliest constant: the inverse of Σ (c + h) σ(1 - σ); 200 repetitions, a false alarm in 1e4."""
    rng, bias, z = np.random.default_rng(2), np.log(G), []
    for _ in range(200):
        draws, visits = counted(rng, 2000, 1000, bias)
        walk = np.where(visits > 0, np.log(np.maximum(visits, 1)) + bias, np.nan)
        found = anchored(walk, visits, draws, draws.sum(), 0.0)
        exact = math.log(draws.sum() / visits.sum() * np.sum(G * np.exp(-bias)))
        share = 1.0 / (1.0 + np.exp(-(bias + exact)))
        z.append((found.constant - exact) * math.sqrt(np.sum((draws + visits) * share * (1.0 - share))))
    assert abs(np.mean(z)) < 4.0 / math.sqrt(200)
    assert np.std(z) < 1.2  # smaller than 1: the numbers of draws and of visits are fixed


def test_too_little_in_common_leaves_it_relative():
    walk, visits = np.array([np.nan, np.nan, 0.0, -1.0]), np.array([0, 0, 50, 20])
    found = anchored(walk, visits, np.array([5000, 1000, 3, 0]), 6003, 0.0)
    assert math.isnan(found.constant)
    assert np.exp(found.log_g[2:]).sum() == pytest.approx(1.0)
    assert np.isnan(found.log_g[:2]).all()  # the draws' numbers have another constant


def test_parts_of_the_draws_make_up_the_draws():
    draws = UniformDraws(np.array([500, 0, 30, 1]), 1000)
    left_out = draws.without_parts()
    number = len(left_out)
    assert np.array_equal(sum(one.counts for one in left_out), (number - 1) * draws.counts)
    assert sum(one.number for one in left_out) == (number - 1) * draws.number
    spread = np.std([one.number for one in left_out])
    assert 0 < spread < 10  # parts are drawn, of about 16


def test_runs_without_a_constant_stand_where_the_others_do():
    log_g = np.array([[1.0, 2.0, 3.0], [np.nan, 0.5, 1.5], [-1.0, np.nan, np.nan]])
    assert offsets(log_g, np.array([True, False, False])) == pytest.approx([0.0, 1.5, 2.0])
    assert np.isnan(offsets(log_g[:, :2], np.array([False, True, False]))[2])  # no bin in common with the second
    relative = offsets(log_g[:2], np.array([False, False]))
    assert relative == pytest.approx(-np.logaddexp(log_g[:2, 1], log_g[:2, 2]))


def forget(run, bins):
    """Take the frozen visits of some bins away, as if the walk had never come there."""
    for sampler in run.samplers:
        for pieces in sampler.pieces:
            pieces.histograms[:, bins] = 0
            pieces.present[bins] = 0


def driven(system, names, n_steps, ranges=None, seed=1, **settings):
    plan = Plan(system, names, settings_for(system, names, **settings), Goal(steps=n_steps), seed, 1, ranges or {})
    run = Run(plan)
    with threadpool_limits(1):
        run.prepare()
        while not run.reached():
            run.advance()
    return run


@pytest.mark.parametrize("lost", [(-1,), (-1, -2), (0,)])
def test_a_walk_that_missed_bins_of_a_window_keeps_the_others(lost):
    """The open bin above the ball holds nearly half of the box."""
    window = {"log_first_square": Range(-5.0, 0.0, 0.5, open_high=True)}
    run = driven(quadratic_blocks(3, 2), ("log_first_square",), 3_000_000, window)
    forget(run, list(lost))
    found = landscape_of(run.samplers, {}, 0.05)
    exact = np.array([log_share_of_box(3, low, high) for low, high in itertools.pairwise(np.arange(-5.0, 0.01, 0.5))])
    exact[-1] = math.log(1.0 - np.exp(log_share_of_box(3, -math.inf, -0.5)))
    known = np.isfinite(found["log_g"].values)
    assert known[-2:].all()  # the draws know them
    z = (found["log_g"].values - exact)[known] / found["log_g_error"].values[known]
    assert np.abs(z).max() < 5.0
    assert found["log_g_error"].values[1:].max() < 0.03
    assert found["visited"].values.sum() == 10 - len(lost)


def test_a_walk_that_missed_a_bin_of_a_whole_grid_keeps_the_others():
    """Free spins: the middle bin holds a quarter of all states, and was found while the weights were learned."""
    run = driven(free_spins(10), ("magnetization",), 1_000_000)
    forget(run, [5])
    found = landscape_of(run.samplers, {}, 0.05)
    exact = np.array([math.log(math.comb(10, k)) for k in range(11)])
    others = np.arange(11) != 5
    assert np.isnan(found["log_g"].values[5])
    deviation = (found["log_g"].values - exact)[others]
    assert np.abs(deviation).max() < 0.1  # 0.28 if it were normalised without the bin
    assert np.abs(deviation / found["log_g_error"].values[others]).max() < 5.0
    told = next(
        line for line in found.attrs["report"].splitlines() if line[4:].startswith("every level that was found")
    )
    assert told.startswith("[ ]")
    assert "magnetization = 0; 1 of them were found" in told


def small_network(n_hidden, *, forces, names):
    """A table of 30 rows for a network of 9 or 13 parameters."""
    rng = np.random.default_rng(5)
    features = rng.normal(size=(30, 2))
    targets = np.sin(features[:, 0]) + 0.5 * features[:, 1] + 0.1 * rng.normal(size=30)
    targets = ((targets - targets.mean()) / targets.std())[:, None]
    parts = Split(features[:20], targets[:20]), Split(features[20:], targets[20:])
    return neural_network(
        Architecture(2, (n_hidden,), 1, "silu", "linear"), *parts, names, NetworkOptions(forces=forces)
    )


@pytest.mark.slow
@pytest.mark.parametrize("n_variables", [1, 2])
@pytest.mark.parametrize(
    ("n_hidden", "sampler"),
    [*((n, sampler) for n in (2, 3) for sampler in ("monte-carlo", "hmc")), (2, "langevin"), (2, "baoab")],
)
def test_rows_of_small_networks_are_those_of_draws(n_hidden, sampler, n_variables, capsys):
    """Eight runs of 3e6 steps against 1e7 draws: z over rows that draws hit 2000 times."""
    names = ("log_train_loss", "log_test_loss")[:n_variables]
    system = small_network(n_hidden, forces=sampler != "monte-carlo", names=names)
    chosen = dynamics_settings("table", "default", DynamicsOptions(sampler)) if sampler != "monte-carlo" else {}
    name, z, rows = ("log_g", "log_g_marginal")[n_variables - 1], [], None
    for seed in range(1, 9):
        run = driven(system, names, 3_000_000, seed=seed, **chosen)
        found = landscape_of(run.samplers, {}, 0.05)
        rows = true_rows(system, run.grid, 10_000_000) if rows is None else rows
        often = rows >= 2000
        exact = np.log(rows[often] / 1e7) + system.log_total
        value, error = (found[key].values[often] for key in (name, f"{name}_error"))
        z.append((value - exact) / np.hypot(error, rows[often] ** -0.5))
    rms = float(np.sqrt(np.mean(np.square(z))))
    with capsys.disabled():
        print(f"\n{sampler}, {n_hidden} hidden units, {n_variables} variables: rms z = {rms:.3f} in {len(z[0])} rows")
    assert 0.8 < rms < 1.25


def true_rows(system, grid, number):
    """Draws in each row of a grid."""
    counts = np.zeros(grid.n_bins, np.int64)
    with np.errstate(over="ignore"):
        stream = stream_of(np.random.SeedSequence(987))
        count_draws(system.model, system.new_state(), grid.kernel(), stream, counts, number)
    return counts.reshape(grid.axes[0].n_bins, -1).sum(axis=1)
