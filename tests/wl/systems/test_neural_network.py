"""Neural networks: values that depend on the parameters alone, moves, and the box."""

import itertools
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_networks_forward import plain_quality

from wl.interface.seeds import stream_of
from wl.interface.system import commit, draw, measured, propose, proposed
from wl.interface.xoroshiro import uniform
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.networks.forward import quality
from wl.systems.network.system import VARIABLES, NetworkOptions, neural_network

BOTH = ("log_train_loss", "test_accuracy")
OUTPUTS = {"logistic": 1, "softmax": 2, "classes": 3, "linear": 2}
BLOCKS = NetworkOptions(block_share=0.5, block_step=0.05, step=0.4)


@pytest.fixture(autouse=True)
def _wrapping():
    """Without compilation the sums of a stream warn where they wrap around, as they should."""
    with np.errstate(over="ignore"):
        yield


def points(architecture, n_points, seed):
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_points, architecture.n_inputs))
    if architecture.head == "linear":
        return Split(features, rng.normal(size=(n_points, architecture.n_outputs)))
    return Split(features, rng.integers(0, max(2, architecture.n_outputs), n_points))


def network(head="logistic", activation="tanh", hidden=(5, 9, 3), variables=BOTH, options=BLOCKS):
    architecture = Architecture(2, hidden, OUTPUTS[head], activation, "softmax" if head == "classes" else head)
    return architecture, neural_network(
        architecture, points(architecture, 21, 1), points(architecture, 13, 2), variables, options
    )


def started(system, seed):
    state, stream = system.new_state(), stream_of(np.random.SeedSequence(seed))
    draw(system.model, state, stream)
    return state, stream


def copy(state):
    return type(state)(*(array.copy() for array in state))


def configuration(state):
    return [array.tobytes() for array in (state.parameters, state.weights, state.values, state.places, state.step)]


def anew(system, state):
    """Values of the same parameters in a state that has seen no moves."""
    fresh = system.new_state()
    fresh.parameters[:] = state.parameters
    return measured(system.model, fresh)


def cannot(values):
    return any(math.isnan(value) for value in values)


CASES = {
    "tanh": ("logistic", "tanh", BOTH, "float32"),
    "two_classes": ("softmax", "relu", BOTH, "float32"),
    "regression": ("linear", "silu", ("log_test_loss", "log_train_loss"), "float64"),
    "three_classes": ("classes", "relu", ("train_accuracy", "log_test_loss"), "float32"),
    "double": ("logistic", "tanh", ("smoothed_test_accuracy", "log_train_loss"), "float64"),
    "silu": ("logistic", "silu", ("test_accuracy", "smoothed_train_accuracy"), "float32"),
}
FAST = ("tanh", "regression")
ALL = [pytest.param(name, marks=[] if name in FAST else pytest.mark.slow) for name in CASES]
ROUNDING = {"float32": 1e-5, "float64": 1e-12}


def system_of(case, options):
    head, activation, variables, precision = CASES[case]
    return network(head, activation, variables=variables, options=replace(options, precision=precision))


@pytest.mark.parametrize("name", ALL)
def test_values_follow_the_moves_to_the_last_bit(name):
    """Single moves and blocks, taken and rejected: the same values as anew, and as plain NumPy in double precision."""
    _, _, variables, precision = CASES[name]
    architecture, system = system_of(name, NetworkOptions(step=0.4, block_share=0.3, block_step=0.1))
    splits = points(architecture, 21, 1), points(architecture, 13, 2)
    model, (state, stream) = system.model, started(system, 3)
    fields = {"log": "log_loss", "train": "accuracy", "test": "accuracy", "smoothed": "smoothed_accuracy"}
    n_taken, sizes = 0, set()
    for k in range(1200):
        move, before = propose(model, state, stream), configuration(state)
        values = proposed(model, state, move)
        assert configuration(state) == before
        if cannot(values):
            assert all(math.isnan(value) for value in values)
            continue
        if uniform(stream) < 0.6:
            commit(model, state, move)
            n_taken, sizes = n_taken + 1, sizes | {move[1]}
            assert tuple(state.values) == values
        assert anew(system, state) == tuple(state.values)
        if k % 10 == 0:
            exact = [plain_quality(architecture, state.parameters.astype(float), split) for split in splits]
            for value, variable in zip(state.values, variables, strict=True):
                quality_there = exact["test" in variable]
                assert value == pytest.approx(
                    getattr(quality_there, fields[variable.split("_")[0]]), abs=ROUNDING[precision]
                )
    assert n_taken > 300
    assert sizes == {1, 3, 6, 10, 4}  # one parameter, or a neuron's


def test_measuring_changes_nothing_of_a_chain():
    _, system = network()
    one, stream = started(system, 4)
    other, same_stream = copy(one), stream.copy()
    for _ in range(300):
        for state, source in ((one, stream), (other, same_stream)):
            move = propose(system.model, state, source)
            if not cannot(proposed(system.model, state, move)):
                commit(system.model, state, move)
        assert tuple(measured(system.model, other)) == tuple(one.values)
    assert one.parameters.tobytes() == other.parameters.tobytes()
    assert stream.tobytes() == same_stream.tobytes()


@pytest.mark.parametrize("pair", [*itertools.permutations(VARIABLES, 2), *((name,) for name in VARIABLES)])
def test_every_choice_of_variables(pair):
    architecture, system = network(hidden=(4,), variables=pair)
    splits = points(architecture, 21, 1), points(architecture, 13, 2)
    state, _ = started(system, 5)
    found = [quality(architecture, state.parameters, split) for split in splits]
    for value, name in zip(state.values, pair if len(pair) == 2 else pair * 2, strict=True):
        own = found["test" in name]
        if "loss" in name:
            assert value == pytest.approx(own.log_loss, abs=1e-6)
        else:
            assert value == pytest.approx(own.smoothed_accuracy if "smoothed" in name else own.accuracy, abs=1e-6)
    assert tuple(variable.name for variable in system.variables) == pair == system.default_variables


def test_steps_are_uniform_the_same_everywhere_and_reach_every_parameter():
    architecture, system = network(hidden=(3,), options=NetworkOptions("float32", 2.0, 0.3, 0.5, 0.1, (1.0,)))
    state, stream = started(system, 6)
    n_draws, n_parameters = 20_000, architecture.n_parameters
    counts, steps = np.zeros(n_parameters), {1: [], 0: []}
    start = state.parameters.copy() * 0.2
    state.parameters[:] = start
    for _ in range(n_draws):
        measured(system.model, state)
        move = propose(system.model, state, stream)
        proposed(system.model, state, move)
        commit(system.model, state, move)
        changed = np.nonzero(state.parameters != start)[0]
        assert changed.size == move[1]
        if move[1] == 1:
            counts[changed] += 1
        steps[int(move[1] == 1)] += list(state.parameters[changed] - start[changed])
        state.parameters[:] = start
    n_single = counts.sum()
    assert abs(n_single / n_draws - 0.5) < 6.0 * 0.5 / n_draws**0.5
    assert np.abs(counts - n_single / n_parameters).max() < 6.0 * (n_single / n_parameters) ** 0.5
    for single, step in ((1, 0.3), (0, 0.1)):  # 6 standard deviations
        found = np.array(steps[single]) / step
        assert -1.0 - 1e-5 < found.min() < -0.99 < 0.99 < found.max() < 1.0 + 1e-5
        for power in (1, 2, 3):
            mean = 0.0 if power % 2 else 1.0 / (power + 1)
            assert abs(np.mean(found**power) - mean) < 6.0 / found.size**0.5


def moved_from_zero(system, state, stream):
    """A move from the middle of the box."""
    state.parameters[:] = 0.0
    measured(system.model, state)
    move = propose(system.model, state, stream)
    proposed(system.model, state, move)
    commit(system.model, state, move)
    return move


def test_each_scale_is_as_likely():
    options = NetworkOptions("float32", 2.0, 0.5, 0.0, 0.1, (1.0, 0.1, 0.01))
    _, system = network(hidden=(3,), options=options)
    state, stream = started(system, 8)
    found = []
    for _ in range(6000):
        moved_from_zero(system, state, stream)
        found.append(np.abs(state.parameters).max() / 0.5)
    found = np.array(found)
    for power in (1, 2):  # 6 standard deviations
        mean = np.mean([scale**power for scale in options.scales]) / (power + 1)
        assert abs(np.mean(found**power) - mean) < 6.0 * np.std(found**power) / found.size**0.5
    assert system.step is None


def test_steps_of_a_block_are_independent():
    _, system = network(hidden=(3,), options=NetworkOptions("float32", 2.0, 0.3, 1.0, 0.1, (1.0,)))
    state, stream = started(system, 7)
    found = []
    for _ in range(6000):
        move = moved_from_zero(system, state, stream)
        if move[1] == 3:
            found.append(state.parameters[state.parameters != 0.0])
    assert np.abs(np.corrcoef(np.array(found).T) - np.eye(3)).max() < 6.0 / len(found) ** 0.5


def test_the_box_may_differ_from_layer_to_layer_and_is_never_left():
    options = NetworkOptions("float32", (0.3, 0.8), 0.5, 0.2, 0.5)
    architecture, system = network(hidden=(4,), options=options)
    state, stream = started(system, 8)
    half = architecture.half_widths((0.3, 0.8))
    assert system.parameters["log_box_volume"] == pytest.approx(np.log(2.0 * half).sum(), rel=1e-6)
    outside = 0
    for _ in range(2000):
        move = propose(system.model, state, stream)
        values = proposed(system.model, state, move)
        if cannot(values):
            outside += 1
            continue
        commit(system.model, state, move)
        assert np.all(np.abs(state.parameters) <= half.astype(np.float32))
    assert 50 < outside < 1900
    assert np.all(np.abs(state.weights) <= np.float32(0.8))


def test_uniform_draws_fill_the_box():
    architecture, system = network(hidden=(3,), options=NetworkOptions("float32", (0.5, 2.0)))
    (state, stream), n_draws = started(system, 9), 4000
    found = np.empty((n_draws, architecture.n_parameters))
    for k in range(n_draws):
        draw(system.model, state, stream)
        found[k] = state.parameters / architecture.half_widths((0.5, 2.0))
    assert np.abs(found.mean(axis=0)).max() < 6.0 * (n_draws * 3.0) ** -0.5
    assert np.abs(found.T @ found / n_draws - np.eye(found.shape[1]) / 3.0).max() < 6.0 / n_draws**0.5
    assert tuple(measured(system.model, copy(state))) == tuple(state.values)


@pytest.mark.parametrize("name", ["tanh", "regression"])
def test_a_loss_that_is_not_finite_is_no_place_to_go(name, monkeypatch):
    """Sums that overflow have nan for values; the state goes on from where it was. Such data are refused as a rule."""
    monkeypatch.setattr("wl.systems.network.system.check_range", lambda *_: None)
    size = 2e38 if CASES[name][3] == "float32" else 1.5e308
    _, system = system_of(name, NetworkOptions(box=size, step=size))
    state, stream = started(system, 10)
    state.parameters[:] = 0.5
    before, n_refused = measured(system.model, state), 0
    for _ in range(200):
        kept, move = configuration(state), propose(system.model, state, stream)
        values = proposed(system.model, state, move)
        n_refused += cannot(values)
        assert configuration(state) == kept
        assert not any(math.isinf(value) for value in values)
    assert n_refused < 200
    state.parameters[:] = size
    assert cannot(measured(system.model, state))
    state.parameters[:] = 0.5
    assert measured(system.model, state) == before


def chain(name):
    """A walk in exact steps: parameters and stream, which do not depend on how losses are rounded."""
    with np.errstate(over="ignore"):
        _, system = system_of(name, NetworkOptions(step=0.3, block_share=0.3))
        state, stream = started(system, 13)
        values = [list(map(float, state.values))]
        for _ in range(100):
            move = propose(system.model, state, stream)
            if not cannot(proposed(system.model, state, move)):
                commit(system.model, state, move)
            values.append(list(map(float, state.values)))
        return state.parameters.tobytes().hex() + stream.tobytes().hex(), np.array(values)


@pytest.mark.parametrize("name", ["tanh", "regression"])
def test_plain_python_walks_the_same_way(name, run_python):
    """Parameters to the last bit; values within rounding, as products and sums are contracted when compiled."""
    code = f"import test_neural_network as t\nbits, values = t.chain({name!r})\nprint(bits, *values.ravel())"
    bits, *values = run_python(code, Path(__file__).parent, NUMBA_DISABLE_JIT="1").split()
    here, found = chain(name)
    assert bits == here
    assert np.abs(np.array(values, float) - found.ravel()).max() < ROUNDING[CASES[name][3]]
