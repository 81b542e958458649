"""Levels that no walker came to are named in the report, and found when the run is extended."""

import math

import numpy as np
import pytest
from typer.testing import CliRunner

from perceptron.patterns import Patterns, random_patterns
from wl.cli.main import app
from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.landscape.build import landscape_of
from wl.runs.directory import create, open_directory
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run
from wl.systems.perceptron.system import binary_perceptron
from wl.systems.quadratic import quadratic_blocks

SYSTEM = binary_perceptron(Patterns(random_patterns(15, 9, rng=np.random.default_rng(3)).values), 0.0)


def plan_that_closes_at_once(goal):
    """Exploration is over after one trial: the walk knows the bins of its anneal alone, without the rarest."""
    settings = settings_for(SYSTEM, exploring=1e-9, start="uniform")
    return Plan(SYSTEM, SYSTEM.default_variables, settings, goal, seed=2, cap=12.0)


def driven(run):
    run.prepare()
    while not run.reached():
        run.advance()
    return landscape_of(run.samplers, {}, 0.05)


def line(found, start):
    return next(text for text in found.attrs["report"].splitlines() if text[4:].startswith(start))


def test_the_level_asked_for_is_named_first():
    found = driven(Run(plan_that_closes_at_once(Goal(steps=100_000))))
    told = line(found, "every level that was found is visited")
    assert told.startswith("[ ]")
    assert "deficit = 0 (ln Z), deficit = 1" in told
    assert found.attrs["status"] == "NOT_CONVERGED"
    away = line(found, "no new bin since half of the trials")
    assert "turned away at unseen bins" in away


def test_a_found_level_is_not_missed():
    found = driven(Run(Plan(SYSTEM, SYSTEM.default_variables, settings_for(SYSTEM), Goal(steps=300_000), cap=12.0)))
    assert line(found, "every level that was found").startswith("[x]")


@pytest.mark.parametrize("more", [Goal(steps=400_000), Goal(converged=True)])
def test_extending_opens_discovery_again(tmp_path, more):
    plan = plan_that_closes_at_once(Goal(steps=20_000))
    directory = create(tmp_path / "run", plan)
    run, _ = directory.load()
    driven(run)
    directory.save(run)
    directory.extend(more)
    run, _ = open_directory(tmp_path / "run").load()
    assert run.samplers[0].windows[0].own.clock[0] > 0.0  # ln f
    if more.converged:
        run.prepare()
        while not run.samplers[0].frozen and run.steps < 3_000_000:
            run.advance()
        assert run.samplers[0].windows[0].known[0]
        return
    # one trial into the new stage exploration would be over again: give it its usual share
    run.samplers[0].phases.close_at = run.steps + 50_000
    found = driven(run)
    assert np.isfinite(found["log_g"].values[0])
    exact = np.log(number_of_solutions())
    assert abs(found["log_g"].values[0] - exact) < 5.0 * found["log_g_error"].values[0] + 0.02


def number_of_solutions():
    weights = 2 * ((np.arange(2**15)[:, None] >> np.arange(15)) & 1) - 1
    return np.all(weights @ SYSTEM.data["patterns"].T.astype(int) >= 1, axis=1).sum()


def test_a_run_that_has_all_its_levels_stays_frozen_when_extended(tmp_path):
    plan = Plan(SYSTEM, SYSTEM.default_variables, settings_for(SYSTEM), Goal(steps=200_000), cap=12.0)
    directory = create(tmp_path / "run", plan)
    run, _ = directory.load()
    driven(run)
    directory.save(run)
    before = run.samplers[0].phases.array().copy()
    directory.extend(Goal(steps=100_000))
    run, _ = directory.load()
    assert np.array_equal(run.samplers[0].phases.array(), before)
    directory.extend(Goal(steps=100_000), explore=True)
    run, _ = directory.load()
    assert run.samplers[0].phases.freeze_at > run.steps
    assert run.samplers[0].pieces[0].total.sum() == 0


def test_rows_of_a_real_variable_are_named_by_their_ends():
    system = quadratic_blocks(6, 2)
    name = "log_first_square"
    settings = settings_for(system, (name,), exploring=0.01)
    plan = Plan(system, (name,), settings, Goal(steps=20_000), ranges={name: Range(-40.0, 1.0, 0.5, open_high=True)})
    found = driven(Run(plan))
    told = line(found, "every level that was found")
    assert "levels of the range never visited: log_first_square in [-40, " in told
    assert not math.isnan(found.attrs["log_covered"])


def test_explore_is_an_option_of_extend(tmp_path):
    runner, place = CliRunner(), str(tmp_path / "run")
    assert runner.invoke(app, ["run", "free-spins", "--n", "12", "--steps", "20000", "--output", place]).exit_code == 0
    assert runner.invoke(app, ["extend", place, "--steps", "20000", "--explore"]).exit_code == 0
