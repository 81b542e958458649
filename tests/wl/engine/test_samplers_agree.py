"""Monte Carlo of single parameters against hybrid Monte Carlo along gradients: the same network, box, data and grid.

The two share nothing but the forward formulas: one changes a parameter at a time under weights of bins, the other moves
all along the gradient of a smooth surface.
"""

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from wl.analysis.comparison import compare_runs
from wl.engine.dynamics.settings import Dynamics
from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.landscape.build import landscape_of
from wl.landscape.estimates import log_sums
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run
from wl.tasks.options import TaskOptions
from wl.tasks.tasks import make_task, network_system

VARIABLES = ("log_train_loss", "log_test_loss")
N_RUNS, WIDTH, MERGED = 8, 0.02, 5
LEAST_CHANCE = 0.005  # false alarm of each of three comparisons


def landscape(task, window, n_steps, dynamics=None):
    """Landscape of eight runs, and the fewest round trips of one."""
    system = network_system(task, VARIABLES, forces=dynamics is not None)
    chosen = {} if dynamics is None else {"dynamics": dynamics, "start": "anneal", "exploring": 0.1}
    settings = settings_for(system, VARIABLES, **chosen)
    seed = 1 if dynamics is None else 2
    run = Run(Plan(system, VARIABLES, settings, Goal(steps=int(n_steps) * N_RUNS), seed, N_RUNS, window))
    with threadpool_limits(1):
        run.prepare()
        while not run.reached():
            run.advance()
    return landscape_of(run.samplers, {}, 0.05), min(sampler.round_trips for sampler in run.samplers)


def merged(dataset):
    """Ln g of every run in bins of 0.1 by 0.1, shape (n_runs, n_bins)."""
    log_g = dataset["log_g_runs"].values
    n_rows = log_g.shape[1] // MERGED
    table = log_g[:, : n_rows * MERGED].reshape(N_RUNS, n_rows, MERGED, -1)
    return log_sums(np.moveaxis(table, 2, -1)).reshape(N_RUNS, -1)


CASES = {
    "109 parameters": (
        "spiral",
        TaskOptions(hidden="6,6,6", activation="tanh"),
        {VARIABLES[0]: Range(-0.6, -0.1, WIDTH, open_high=True), VARIABLES[1]: Range(-0.8, 0.7, 0.1)},
        (6e6, 8e5),
    ),
    "1051 parameters": (
        "spiral-regression",
        TaskOptions(width=30),
        {VARIABLES[0]: Range(-0.7, -0.5, WIDTH, open_high=True), VARIABLES[1]: Range(-0.8, -0.2, 0.1)},
        (4e6, 4e5),
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_single_moves_and_trajectories_give_one_landscape(name, capsys):
    task_name, options, window, (n_moves, n_evaluations) = CASES[name]
    window = {key: replace(value, open_low=key == VARIABLES[1], open_high=True) for key, value in window.items()}
    task = make_task(task_name, options)
    moves, trips = landscape(task, window, n_moves)
    trajectories, other_trips = landscape(task, window, n_evaluations, Dynamics("hmc", n_leaps=30, hill_width=0.1))
    found = {
        "ln g, both variables": compare_runs(merged(moves), merged(trajectories)),
        "ln g, first variable": compare_runs(*(d["log_g_marginal_runs"].values for d in (moves, trajectories))),
        "mean of the second": compare_runs(
            *(d["conditional_mean_runs"].values for d in (moves, trajectories)), constant=False
        ),
    }
    with capsys.disabled():
        print(f"\n{name}: fewest round trips {trips} (moves), {other_trips} (trajectories)")
        for what, comparison in found.items():
            z = comparison.difference / comparison.error
            known = np.isfinite(z)
            print(
                f"  {what}: F = {comparison.statistic:.2f}, p = {comparison.p_value:.3f}; {known.sum()} bins,"
                f" rms z {np.sqrt(np.mean(z[known] ** 2)):.2f}, largest {np.nanmax(np.abs(comparison.difference)):.3f}"
            )
    assert min(trips, other_trips) >= 20
    assert moves.attrs["absolute"] == trajectories.attrs["absolute"] == 1
    for what, comparison in found.items():
        assert comparison.p_value > LEAST_CHANCE, what
