"""Every system keeps what the engine relies on; a new one is a row in SYSTEMS."""

import itertools
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from benchmarks.exact_densities import free_spins_count, ising_counts
from wl.interface.seeds import stream_of
from wl.interface.system import System, commit, draw, measured, propose, proposed
from wl.interface.xoroshiro import next_word, uniform
from wl.systems.free_spins import free_spins
from wl.systems.ising import ising
from wl.systems.quadratic import quadratic_blocks

REFERENCE = [1, -1, -1, 1, -1, 1]


class Case(NamedTuple):
    """A system, and what the tests must know of it; the first array of its state is the configuration."""

    system: System
    values: Callable[[np.ndarray], tuple[Any, Any]]  # of a configuration, worked out anew
    variance: float  # of an entry of the configuration in uniform draws, whose mean is 0
    words: int = 0  # random words of a move; 0 where configurations are not discrete


@pytest.fixture(autouse=True)
def _wrapping():
    """Without compilation the sums of a stream warn where they wrap around, as they should."""
    with np.errstate(over="ignore"):
        yield


def ising_values(spins):
    lattice = spins.reshape(math.isqrt(spins.size), -1).astype(int)
    return -sum((lattice * np.roll(lattice, 1, axis)).sum() for axis in (0, 1)), lattice.sum()


def quadratic_values(coordinates):
    blocks = [np.array(part) for part in (coordinates[:3], coordinates[3:])]
    squares = [math.fsum(block**2) for block in blocks]
    pairs = zip(blocks, squares, strict=True)
    return tuple(pytest.approx(math.log(u2), rel=0, abs=block.size * 2.0**-53 / u2 + 1e-15) for block, u2 in pairs)


SYSTEMS = {
    "ising": Case(ising(4), ising_values, 1.0, 1),
    "odd_ising": Case(ising(3), ising_values, 1.0, 1),
    "free_spins": Case(free_spins(6, REFERENCE), lambda spins: (spins.sum(), (spins != REFERENCE).sum()), 1.0, 1),
    "quadratic": Case(quadratic_blocks(3, 2, step=0.4), quadratic_values, 1 / 3),
}
ALL = pytest.mark.parametrize("case", SYSTEMS.values(), ids=SYSTEMS.keys())
DISCRETE = pytest.mark.parametrize(
    "case",
    [case for case in SYSTEMS.values() if case.words],
    ids=[name for name, case in SYSTEMS.items() if case.words],
)


def copy(state):
    return type(state)(*(array.copy() for array in state))


def contents(state):
    return [array.tobytes() for array in state]


def started(system, seed):
    state, stream = system.new_state(), stream_of(np.random.SeedSequence(seed))
    draw(system.model, state, stream)
    return state, stream


def stream_giving(word, first):
    """State of a stream whose next word is given; `first`, its first half, is free."""
    turned = (word - first) % 2**64
    total = ((turned >> 17) | (turned << 47)) % 2**64
    return np.array([first, (total - first) % 2**64], np.uint64)


def cannot(values):
    return any(math.isnan(value) for value in values)


def chain(name):
    """A walk that takes every second move on average: all values and the last state, to the last bit."""
    with np.errstate(over="ignore"):  # sums of the stream wrap around
        system = SYSTEMS[name].system
        state, stream = started(system, 21)
        lines = [" ".join(float(value).hex() for value in state.values)]
        for _ in range(300):
            move = propose(system.model, state, stream)
            values = proposed(system.model, state, move)
            if not cannot(values) and uniform(stream) < 0.5:
                commit(system.model, state, move)
            lines.append(" ".join(float(value).hex() for value in (*move, *values, *state.values)))
        lines += [array.tobytes().hex() for array in (*state, stream)]
    return "\n".join(lines)


@ALL
def test_values_follow_the_moves(case):
    model, (state, stream) = case.system.model, started(case.system, 1)
    n_accepted = 0
    for _ in range(500):
        move, before = propose(model, state, stream), contents(state)
        values = proposed(model, state, move)
        assert contents(state) == before
        if cannot(values):
            assert all(math.isnan(value) for value in values)
            continue
        if uniform(stream) < 0.7:
            commit(model, state, move)
            n_accepted += 1
            assert tuple(state.values) == values
        anew = copy(state)
        assert tuple(measured(model, anew)) == tuple(state.values) == tuple(anew.values)
        assert contents(anew) == contents(state)
        assert tuple(state.values) == case.values(state[0])
    assert n_accepted > 200


@ALL
def test_values_are_a_pair_of_the_kind_and_range_of_the_variables(case):
    model, (state, stream) = case.system.model, started(case.system, 2)
    assert len(case.system.variables) == state.values.size == 2
    whole = all(variable.spacing is not None for variable in case.system.variables)
    kind = (int, np.integer) if whole else float
    for _ in range(200):
        move = propose(model, state, stream)
        values = proposed(model, state, move)
        assert all(isinstance(value, kind) for value in (*values, *measured(model, state)))
        if cannot(values):
            continue
        for value, variable in zip(values, case.system.variables, strict=True):
            assert variable.lowest <= value <= variable.highest
            assert not whole or (value - variable.lowest) % variable.spacing == 0
        commit(model, state, move)
    assert {*case.system.default_variables} <= {variable.name for variable in case.system.variables}


@ALL
def test_draws_are_uniform(case):
    model, (state, stream), n_draws = case.system.model, started(case.system, 3), 4000
    draws = []
    for _ in range(n_draws):
        draw(model, state, stream)
        draws.append(state[0].astype(float))
    assert tuple(state.values) == tuple(measured(model, copy(state))) == case.values(state[0])
    draws = np.array(draws)
    # at most 16 means and 136 covariances of 16 entries; 6 standard deviations: false alarm below 1e-6
    assert np.abs(draws.mean(axis=0)).max() < 6.0 * (case.variance / n_draws) ** 0.5
    apart = draws.T @ draws / n_draws - case.variance * np.eye(draws.shape[1])
    assert np.abs(apart).max() < 6.0 * case.variance / n_draws**0.5


def outcomes(system, state, streams):
    """How often each configuration is proposed."""
    counts = Counter()
    for stream in streams:
        move, changed = propose(system.model, state, stream), copy(state)
        commit(system.model, changed, move)
        counts[changed[0].tobytes()] += 1
    return counts


@DISCRETE
def test_a_move_is_as_likely_as_its_reverse(case):
    """First words on a regular grid: exact counts where a move takes one word, else 6 standard deviations."""
    (state, _), rng = started(case.system, 4), np.random.default_rng(4)
    n_words = 40 * state[0].size

    def streams():
        words = [((2 * k + 1) * 2**63) // n_words for k in range(n_words)]
        return [stream_giving(word, int(rng.integers(1, 2**63))) for word in words]

    here, there = state[0].tobytes(), outcomes(case.system, state, streams())
    assert sum(there.values()) == n_words
    for place in sorted(there)[:8]:
        other = copy(state)
        other[0][:] = np.frombuffer(place, other[0].dtype)
        measured(case.system.model, other)
        back = outcomes(case.system, other, streams())[here]
        spread = 0.0 if case.words == 1 else 6.0 * math.sqrt(back + there[place])
        assert abs(back - there[place]) <= spread


def test_streams_that_give_a_word():
    for word, first in itertools.product((0, 1, 2**63 + 12345, 2**64 - 1), (1, 2**62 + 7)):
        assert int(next_word(stream_giving(word, first))) == word


def test_enumeration_gives_the_exact_densities():
    energies, pairs = Counter(), Counter()
    for system, size, counts in ((ising(3), 9, energies), (free_spins(6, REFERENCE), 6, pairs)):
        state = system.new_state()
        for spins in itertools.product((-1, 1), repeat=size):
            state.spins[:] = spins
            values = measured(system.model, state)
            counts[values[0] if size == 9 else values] += 1
    assert [energies[-18 + 4 * j] for j in range(10)] == ising_counts(3)
    for m, d in itertools.product(range(-6, 7), range(7)):
        assert pairs[m, d] == free_spins_count(REFERENCE, m, d)


def test_references_are_kept():
    assert free_spins(5).data["reference"].tolist() == [1, -1, 1, -1, 1]
    system = free_spins(40, rng=np.random.default_rng(8))
    reference = system.data["reference"]
    assert np.array_equal(reference, system.model.reference)
    assert np.array_equal(reference, free_spins(40, rng=np.random.default_rng(8)).data["reference"])
    assert set(reference.tolist()) == {-1, 1}
    assert system.log_total == 40 * math.log(2.0)


@pytest.mark.parametrize("name", SYSTEMS)
def test_compiled_and_plain_python_agree_to_the_last_bit(name, run_python):
    code = f"import test_simple_systems\nprint(test_simple_systems.chain({name!r}))"
    plain = run_python(code, Path(__file__).parent, NUMBA_DISABLE_JIT="1")
    assert plain.count("\n") > 300
    assert plain == chain(name) + "\n"


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"size = 2 .* integers >= 3"):
        ising(2)
    with pytest.raises(ValueError, match=r"n_spins = 0 .* integers >= 1"):
        free_spins(0)
    with pytest.raises(ValueError, match=r"allowed: at most one of them"):
        free_spins(2, [1, 1], rng=np.random.default_rng(1))
    with pytest.raises(TypeError, match=r"rng = 1 is not usable; allowed: Generator"):
        free_spins(2, rng=1)
    with pytest.raises(ValueError, match=r"reference has shape \(3,\); allowed: \(n_spins,\) = \(2,\)"):
        free_spins(2, [1, 1, -1])
    with pytest.raises(ValueError, match=r"reference .*0"):
        free_spins(2, [1, 0])
    with pytest.raises(ValueError, match=r"variables = 'mass' is not a variable of quadratic; allowed: log_first"):
        quadratic_blocks(2, 2).variable("mass")
