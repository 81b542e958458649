"""A run is a function of its seed: stops, restarts, workers and compilation change no bit of it."""

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from perceptron.patterns import random_patterns
from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.landscape.build import landscape_of
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run
from wl.systems.ising import ising
from wl.systems.perceptron.system import binary_perceptron

N_TRIALS = 60_000
SETTINGS = {
    "one walker": {},
    "three walkers": {"n_walkers": 3},
    "windows with exchange": {"n_walkers": 2, "n_windows": 2},
}


def perceptron():
    return binary_perceptron(random_patterns(15, 7, rng=np.random.default_rng(3)), 0.0)


def plan(kind, goal=None, n_runs=1, system=None, names=None, **more):
    system = system or ising(4)
    settings = settings_for(system, **SETTINGS[kind], **more)
    walkers = n_runs * settings.n_walkers * settings.n_windows
    goal = goal or Goal(steps=N_TRIALS * walkers)
    cap = 20.0 if system.name == "perceptron" else None
    return Plan(system, names or system.default_variables, settings, goal, 5, n_runs, {}, cap)


def started(of):
    run = Run(of)
    run.prepare()
    return run


def everything(run):
    return {f"{k}/{name}": np.array(a) for k, s in enumerate(run.samplers) for name, a in s.arrays().items()}


def assert_same(first, second):
    assert first.keys() == second.keys()
    for name, array in first.items():
        assert array.dtype == second[name].dtype, name
        assert array.tobytes() == second[name].tobytes(), name


def copied(run):
    """A new run at the state of another, by what a checkpoint holds."""
    other = Run(run.plan)
    for sampler, from_sampler in zip(other.samplers, run.samplers, strict=True):
        sampler.restore({name: np.array(array) for name, array in from_sampler.arrays().items()})
    return other


@pytest.mark.parametrize("kind", SETTINGS)
@pytest.mark.parametrize("stops", [(0,), (1,), (777, 20_000, 20_001), (12_345, 40_000, 59_999)])
def test_stopping_and_restarting_changes_no_bit(kind, stops):
    whole = started(plan(kind))
    whole.samplers[0].advance(N_TRIALS)
    run, done = started(plan(kind)), 0
    for stop in stops:
        run.samplers[0].advance(stop - done)
        run, done = copied(run), stop
    run.samplers[0].advance(N_TRIALS - done)
    assert_same(everything(whole), everything(run))
    assert whole.samplers[0].frozen


@pytest.mark.parametrize(
    ("system", "names"), [(perceptron, None), (lambda: ising(4), ("energy", "magnetization"))], ids=["deficit", "(E,M)"]
)
def test_stopping_and_restarting_other_systems(system, names):
    chosen = plan("three walkers", system=system(), names=names)
    whole, run = started(chosen), started(chosen)
    whole.samplers[0].advance(N_TRIALS)
    run.samplers[0].advance(31_313)
    run = copied(run)
    run.samplers[0].advance(N_TRIALS - 31_313)
    assert_same(everything(whole), everything(run))


@pytest.mark.parametrize(("kind", "n_runs"), [("three walkers", 1), ("windows with exchange", 1), ("one walker", 3)])
def test_workers_change_no_bit(kind, n_runs):
    chosen = plan(kind, n_runs=n_runs)
    alone, together = started(chosen), started(chosen)
    while not alone.reached():
        alone.advance()
    with ThreadPoolExecutor(3) as executor:
        while not together.reached():
            together.chunk = 1234
            together.advance(executor)
    assert_same(everything(alone), everything(together))
    first, second = (landscape_of(run.samplers, chosen.description(), 0.05) for run in (alone, together))
    assert first.identical(second)


CODE = """
import hashlib, json, sys
sys.path.insert(0, {folder!r})
from test_sampler_invariants import everything, perceptron, plan, started
from wl.systems.ising import ising
out = {{}}
for kind, system, names in (
    ("one walker", ising(4), ("energy",)),
    ("three walkers", ising(4), ("energy", "magnetization")),
    ("windows with exchange", perceptron(), ("deficit",)),
):
    run = started(plan(kind, system=system, names=names, start="uniform"))
    sampler = run.samplers[0]
    sampler.advance(1_700)
    sampler.phases.freeze(max(sampler.round_end, 1_701))
    sampler.advance(2_300)
    for name, array in everything(run).items():
        out[f"{{system.name}} {{names}} {{name}}"] = hashlib.sha256(array.tobytes()).hexdigest()
print(json.dumps(out))
"""


def test_compiled_runs_equal_pure_python(run_python, tmp_path, request):
    code = CODE.format(folder=str(request.path.parent))
    compiled = json.loads(run_python(code, tmp_path))
    plain = json.loads(run_python(code, tmp_path, NUMBA_DISABLE_JIT="1"))
    assert compiled.keys() == plain.keys()
    assert [name for name in compiled if compiled[name] != plain[name]] == []


def test_a_time_goal_freezes_the_weights_and_another_goal_replans():
    run = started(plan("one walker", Goal(seconds=0.3)))
    while not run.reached():
        run.advance()
    assert run.samplers[0].frozen
    open_end = started(plan("one walker", Goal(converged=True)))
    open_end.samplers[0].advance(5_000)
    assert open_end.samplers[0].phases.freeze_at > 2**60
    open_end.set_goal(Goal(steps=30_000))
    while not open_end.reached():
        open_end.advance()
    assert open_end.steps == 30_000
    assert open_end.samplers[0].frozen


def test_small_goals_and_their_refusals():
    with pytest.raises(ValueError, match=r"--steps 5 and --until converged says when to stop; allowed: exactly one"):
        Goal(steps=5, converged=True)
    with pytest.raises(ValueError, match="nothing says when to stop"):
        Goal()
    with pytest.raises(ValueError, match=r"steps = 0 is out of range"):
        Goal(steps=0)
    with pytest.raises(ValueError, match=r"window of 'deficit' is not used; allowed: energy"):
        Plan(ising(4), ("energy",), settings_for(ising(4)), Goal(steps=1), ranges={"deficit": Range(0, 1)})
