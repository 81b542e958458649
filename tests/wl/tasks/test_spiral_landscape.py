"""The spiral's landscape where uniform draws know it too, and a symmetry of the prior."""

import numpy as np
import pytest

from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.landscape.build import landscape_of
from wl.landscape.estimates import conditional_means
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run
from wl.tasks.options import TaskOptions
from wl.tasks.tasks import make_task, network_system

VARIABLES = ("log_train_loss", "test_accuracy")


@pytest.fixture(scope="module", params=["relu", "tanh"])
def landscape(request):
    """ln g(ln L_train, A_test) of 2-6-6-6-1 down to where one draw in 1e5 comes."""
    system = network_system(make_task("spiral", TaskOptions(hidden="6,6,6", activation=request.param)), VARIABLES)
    ranges = {"log_train_loss": Range(-0.5, 0.6, 0.1, open_high=True)}
    plan = Plan(system, VARIABLES, settings_for(system, VARIABLES), Goal(steps=40_000_000), ranges=ranges, seed=2)
    run = Run(plan)
    run.prepare()
    while not run.reached():
        run.advance()
    return landscape_of(run.samplers, {}, 0.05)


@pytest.mark.slow
def test_equilibrium_accuracy_is_that_of_uniform_draws(landscape):
    # bins of at least 2000 draws; the draws' own error is the spread of the accuracy over the root of their number
    counts, accuracy = landscape["uniform_draws"].values, landscape["test_accuracy"].values
    often = counts.sum(axis=1) >= 2000
    assert np.count_nonzero(often) >= 5
    with np.errstate(divide="ignore"):
        drawn = conditional_means(np.log(counts), accuracy)[often]
    second = (counts[often] @ accuracy**2) / counts[often].sum(axis=1)
    error = np.sqrt((second - drawn**2) / counts[often].sum(axis=1))
    mean, own = (landscape[name].values[often] for name in ("conditional_mean", "conditional_mean_error"))
    print(np.round(np.array([landscape["log_train_loss"].values[often], mean, own, drawn]).T, 4).tolist())
    assert np.all(np.abs(mean - drawn) < 4.0 * np.hypot(own, error))


@pytest.mark.slow
def test_mean_accuracy_over_the_prior_is_one_half(landscape):
    # z → -z in the last layer turns right into wrong and keeps the prior; a loss below the window holds next to nothing
    log_g = landscape["log_g"].values
    share = np.where(np.isfinite(log_g), np.exp(log_g - np.nanmax(log_g)), 0.0)
    mean = (share.sum(axis=0) @ landscape["test_accuracy"].values) / share.sum()
    weight = share.sum(axis=1) / share.sum()
    error = np.sqrt(np.sum((weight * landscape["conditional_mean_error"].values) ** 2))
    print(f"mean accuracy {mean:.4f} ± {error:.4f}")
    assert landscape.attrs["covered"] > 0.999
    assert abs(mean - 0.5) < 4.0 * error + 1e-3 * 0.2


@pytest.mark.slow
def test_the_fast_tanh_makes_the_same_landscape():
    # single precision has a rational tanh within 5.5 units in the last place, double precision that of the library
    found = {}
    for precision in ("float32", "float64"):
        task = make_task("spiral", TaskOptions(hidden="4", activation="tanh"))
        system = network_system(task, VARIABLES[:1], precision=precision)
        ranges = {"log_train_loss": Range(-0.6, 0.6, 0.05, open_high=True)}
        settings = settings_for(system, VARIABLES[:1])
        run = Run(Plan(system, VARIABLES[:1], settings, Goal(steps=10_000_000), ranges=ranges, seed=3))
        run.prepare()
        while not run.reached():
            run.advance()
        found[precision] = landscape_of(run.samplers, {}, 0.05)
    one, other = found.values()
    error = np.hypot(one["log_g_error"].values, other["log_g_error"].values)
    known = error < 0.2  # not so for nan
    assert np.count_nonzero(known) >= 20
    apart = (one["log_g"] - other["log_g"]).values[known] / error[known]
    print(
        f"{apart.size} bins: rms difference {np.sqrt(np.mean(apart**2)):.2f} errors, largest {np.abs(apart).max():.2f}"
    )
    assert np.sqrt(np.mean(apart**2)) < 2.0  # neighbours move together
