"""How the size of moves adapts: the rules against plain counting, trial by trial, and what they must not depend on."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace

import numpy as np
import pytest

from wl.engine.kernels.walk import ACCEPTED
from wl.engine.sampler import Sampler
from wl.engine.settings import Settings, preset_of, settings_for
from wl.interface.grid import Grid, Range, make_axis
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run, settings_from
from wl.systems.quadratic import quadratic_blocks
from wl.tasks.options import TaskOptions
from wl.tasks.tasks import make_task, network_system

NAME = "log_first_square"
LARGEST = 2.0  # of the quadratic system


def sampler_of(step, rule="band", n_trials=None, top=0.0, **chosen):
    system = quadratic_blocks(3, 2, step=step)
    grid = Grid((make_axis(system, NAME, Range(-5.0, top, 0.5), None),))
    settings = settings_for(system, (NAME,), step_rule=rule, transition_matrix=False, **chosen)
    sampler = Sampler(system, grid, settings, np.random.SeedSequence(7), n_trials)
    sampler.prepare()
    return sampler


def walkers_of(sampler):
    return [particle for window in sampler.windows for particle in window.particles]


def step_of(particle):
    return float(particle.state.step[0])


def in_the_band(step, n_accepted):
    """The rule of paper H after 1000 trials."""
    if n_accepted > 700:
        step = step * 1.1
    elif n_accepted < 300:
        step = step * 0.9
    return min(step, LARGEST)


@pytest.mark.parametrize(("first", "top", "change"), [(0.02, 0.0, 1), (1.9, -3.0, -1), (0.9, 0.0, 0)])
def test_a_step_follows_the_configurations_that_were_accepted(first, top, change):
    """Acceptances are seen from outside: a trial that was accepted left other coordinates behind."""
    sampler = sampler_of(first, top=top)
    (walker,) = walkers_of(sampler)
    expected, seen = first, set()
    for _ in range(3):
        n_accepted = 0
        for _ in range(1000):
            assert step_of(walker) == expected
            before = walker.state.coordinates.copy()
            sampler.advance(1)
            n_accepted += not np.array_equal(before, walker.state.coordinates)
        seen.add(int(n_accepted > 700) - int(n_accepted < 300))
        expected = in_the_band(expected, n_accepted)
    assert step_of(walker) == expected
    assert seen == {change}


def test_a_step_never_exceeds_the_largest_one():
    sampler = sampler_of(0.5)
    (walker,), band = walkers_of(sampler), sampler.windows[0].band
    assert band.largest == LARGEST
    for first, expected in ((1.9, LARGEST), (1.5, 1.1 * 1.5)):
        walker.state.step[0] = first
        band.note(walker.state, np.array([0, 0]), 1000, 701)
        assert step_of(walker) == expected


@pytest.mark.parametrize(("n_accepted", "factor"), [(701, 1.1), (700, 1.0), (300, 1.0), (299, 0.9)])
def test_the_ends_of_the_band_change_nothing(n_accepted, factor):
    sampler = sampler_of(0.5)
    (walker,), tally = walkers_of(sampler), np.array([400, n_accepted - 100])
    sampler.windows[0].band.note(walker.state, tally, 600, 100)
    assert step_of(walker) == factor * 0.5
    assert tally.tolist() == [0, 0]


def test_every_walker_has_its_own_step_through_exchanges():
    sampler = sampler_of(0.1, n_windows=2, n_walkers=2, overlap=0.6)
    walkers, expected = walkers_of(sampler), [0.1] * 4
    for _ in range(100):
        before = [walker.walker.counts[ACCEPTED] for walker in walkers]
        sampler.advance(1000)
        walkers = walkers_of(sampler)
        for k, walker in enumerate(walkers):
            expected[k] = in_the_band(expected[k], walker.walker.counts[ACCEPTED] - before[k])
            assert step_of(walker) == expected[k]
    assert sampler.n_exchanges[0, 1] > 0
    assert len(set(expected)) > 1


@pytest.mark.parametrize("chosen", [{}, {"n_walkers": 3}, {"n_windows": 2, "n_walkers": 2, "overlap": 0.6}])
def test_pieces_checkpoints_and_threads_change_no_bit(chosen):
    whole, pieces = sampler_of(0.02, **chosen), sampler_of(0.02, **chosen)
    whole.advance(20_000)
    with ThreadPoolExecutor(2) as executor:
        for number in (1, 136, 1700, 4163, 3999):
            pieces.advance(number, executor)
            resumed = sampler_of(0.02, **chosen)
            resumed.restore({name: array.copy() for name, array in pieces.arrays().items()})
            pieces = resumed
        pieces.advance(20_000 - pieces.trials, executor)
    mine, other = whole.arrays(), pieces.arrays()
    assert mine.keys() == other.keys()
    for name, array in mine.items():
        np.testing.assert_array_equal(array, other[name], err_msg=name)
    assert any(step_of(walker) != 0.02 for walker in walkers_of(whole))


@pytest.mark.parametrize("rule", ["band", "common"])
def test_frozen_weights_keep_their_step(rule):
    sampler = sampler_of(0.02, rule, n_trials=20_000, learning=0.5)
    sampler.advance(10_000)
    (walker,) = walkers_of(sampler)
    assert sampler.frozen
    kept = step_of(walker)
    assert kept != 0.02
    sampler.advance(10_000)
    assert step_of(walkers_of(sampler)[0]) == kept


def test_the_common_rule_by_counting():
    """At every mark all steps are scaled by twice the acceptance since the last one, at most by 3/2."""
    sampler = sampler_of(0.02, "common", n_walkers=2)
    expected, marked, n_accepted = 0.02, 0, 0
    for _ in range(30):
        sampler.advance(1000)
        if sampler.trace.lines and sampler.trace.lines[-1][0] == sampler.trials:
            total = sum(int(walker.walker.counts[ACCEPTED]) for walker in walkers_of(sampler))
            share = (total - n_accepted) / (2 * (sampler.trials - marked))
            expected = min(LARGEST, expected * min(1.5, max(1.0 / 1.5, share / 0.5)))
            marked, n_accepted = sampler.trials, total
        assert [step_of(walker) for walker in walkers_of(sampler)] == pytest.approx([expected] * 2, rel=1e-14)
    assert expected > 0.1


def test_chains_of_the_default_are_what_they_were():
    """Regression: histogram and step of the version before the second rule; integers, and a step made of ratios."""
    sampler = sampler_of(0.5, "common")
    assert sampler.settings == settings_for(sampler.system, (NAME,), transition_matrix=False)
    sampler.advance(50_000)
    assert sampler.windows[0].surface.histogram.tolist() == HISTOGRAM
    assert step_of(walkers_of(sampler)[0]) == pytest.approx(STEP, rel=1e-14)


HISTOGRAM = [4946, 4958, 4956, 4989, 4985, 5013, 5012, 5039, 5040, 5062]
STEP = 0.9351045018357782


def test_descriptions_and_checkpoints_without_the_rule_are_of_the_common_one():
    described = json.loads(json.dumps(asdict(Settings())))
    del described["step_rule"]
    assert settings_from(described) == Settings(step_rule="common")
    assert settings_from(json.loads(json.dumps(asdict(Settings(step_rule="band"))))).step_rule == "band"
    whole, sampler = sampler_of(0.02, "common"), sampler_of(0.02, "common")
    sampler.advance(1500)
    early = {name: array for name, array in sampler.arrays().items() if not name.endswith("tally")}
    resumed = sampler_of(0.02, "common")
    resumed.restore(early)
    whole.advance(5000)
    resumed.advance(3500)
    np.testing.assert_array_equal(whole.windows[0].surface.cost, resumed.windows[0].surface.cost)
    with pytest.raises(ValueError, match="step_rule = 'half' is not known; allowed: common, band"):
        Settings(step_rule="half")


def test_the_preset_of_the_paper_moves_as_the_paper_does(wl, tmp_path):
    """One parameter at a time, first by 0.1 at most, later by 0.5 at most, the step in the band of acceptances."""
    small = ["--hidden", "3", "--train-points", "4", "--test-points", "3", "--steps", "5000"]
    for preset, rule in (("paper", "band"), ("default", "common")):
        assert wl("run", "spiral", *small, "--preset", preset, "--output", preset)[0] == 0
        text = json.loads((tmp_path / preset / "parameters.json").read_text())
        assert text["settings"]["step_rule"] == rule
    moves = json.loads((tmp_path / "paper/parameters.json").read_text())["system"]["parameters"]
    assert (moves["step"], moves["block_share"], moves["scales"]) == (0.1, 0.0, [1.0])
    names = ("log_train_loss", "test_accuracy")
    options = TaskOptions(hidden="3", train_points=4, test_points=3)
    system = network_system(make_task("spiral", options), names, step=0.1, block_share=0.0, scales=(1.0,))
    assert system.largest_step == 0.5
    plan = Plan(system, names, settings_for(system, names, **preset_of("paper")), Goal(steps=100_000))
    run = Run(replace(plan, seed=3))
    run.prepare()
    (walker,) = walkers_of(run.samplers[0])
    expected = 0.1
    for _ in range(60):
        before = walker.walker.counts[ACCEPTED]
        run.samplers[0].advance(1000)
        n_accepted = walker.walker.counts[ACCEPTED] - before
        expected = min(0.5, expected * (1.1 if n_accepted > 700 else 0.9 if n_accepted < 300 else 1.0))
        assert step_of(walker) == expected
    assert expected > 0.1
