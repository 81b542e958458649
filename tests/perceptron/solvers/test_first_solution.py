"""Every search ends with the first solution it meets: against plain loops of one sweep, at limits, after Ctrl-C."""

import itertools

import numpy as np
import pytest

from perceptron.base.results import Status
from perceptron.kernels.instance import stochastic_search as kernels
from perceptron.message_passing.focusing import Focusing
from perceptron.message_passing.nodes import RelaxedNode, ShortAmpNode
from perceptron.message_passing.protocols import pseudo_reinforcement
from perceptron.patterns import random_patterns
from perceptron.solvers import annealing, pace
from perceptron.solvers import sbpi as sbpi_module
from perceptron.solvers.annealing import AnnealingOptions
from perceptron.solvers.focusing import PORTFOLIO, REINFORCEMENT, follow_protocol
from perceptron.solvers.registry import SOLVERS
from perceptron.solvers.search import Limits

MOST = 400


def sbpi_states(patterns, margin, rng):
    """Weights of SBPI at the start and after every sweep."""
    hidden = 2 * rng.integers(0, 2, patterns.n_weights, dtype=np.int16) - np.int16(1)
    weights, order = hidden.astype(np.int8), np.arange(patterns.n_patterns)
    rules = (int(patterns.threshold(margin).smallest_sum), 2, 79, 0.3)
    yield weights
    while True:
        kernels.sbpi_sweep(patterns.values, hidden, weights, order, rules, rng)
        yield weights


def annealing_states(patterns, margin, rng):
    """Best weights of one annealing after another, at the start of each and after every sweep."""
    smallest, columns = int(patterns.threshold(margin).smallest_sum), np.ascontiguousarray(patterns.values.T)
    excess = np.empty(patterns.n_patterns, dtype=np.int16)
    best = (np.ones(patterns.n_weights, dtype=np.int8), np.array([patterns.n_patterns + 1, 0]))
    for number in itertools.count():
        weights = (2 * rng.integers(0, 2, patterns.n_weights, dtype=np.int8) - 1).astype(np.int8)
        best[1][1] = kernels.excesses(patterns.values, weights, smallest, excess)
        if best[1][1] < best[1][0]:
            best[0][:], best[1][0] = weights, best[1][1]
        if number == 0:
            yield best[0]
        elif best[1][0] == 0:  # the start of a further annealing is no sweep
            return
        for beta in AnnealingOptions().inverse_temperatures(2000 * 2**number):
            kernels.metropolis_sweep(columns, (weights, excess), best, beta, rng)
            yield best[0]


def protocol_states(attempts):
    """Centres of a search along protocols after every sweep; at the start, where it has none, what it would give."""

    def states(patterns, margin, rng):
        yield np.ones(patterns.n_weights, dtype=np.int8)
        for attempt in attempts:
            state = Focusing(
                (RelaxedNode if patterns.gaussian else ShortAmpNode)(patterns, patterns.threshold(margin)), rng
            )
            for point in attempt.points():
                state.sweep(point, attempt.damping)
                yield state.centre

    return states


PLAIN = {
    "sbpi": sbpi_states,
    "sa": annealing_states,
    "fbp": protocol_states(PORTFOLIO),
    "rbp": protocol_states(REINFORCEMENT),
}


def first_solution(solver, patterns, margin, seed):
    """(number of sweeps, weights) of the first solution within MOST sweeps; None without one."""
    for n_sweeps, weights in enumerate(PLAIN[solver](patterns, margin, np.random.default_rng(seed))):
        if (n_sweeps or solver in ("sbpi", "sa")) and patterns.n_errors(weights, margin) == 0:
            return n_sweeps, weights.copy()
        if n_sweeps == MOST:
            return None
    return None


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize(("n_patterns", "margin"), [(1, 0.0), (9, 0.0), (20, 0.0), (9, 0.5), (6, -0.3)])
def test_the_first_solution_of_plain_sweeps_is_the_one_found(solver, n_patterns, margin):
    n_solved = 0
    for seed in range(15):
        patterns = random_patterns(31, n_patterns, rng=np.random.default_rng(seed))
        expected = first_solution(solver, patterns, margin, seed + 100)
        rng, limits = np.random.default_rng(seed + 100), Limits(max_sweeps=MOST)
        found = SOLVERS[solver](patterns, margin, limits=limits, rng=rng)
        n_solved += expected is not None
        if expected is None:
            assert (found.status, found.n_sweeps) == (Status.NOT_SOLVED, MOST)
        else:
            assert (found.status, found.n_sweeps) == (Status.SOLVED, expected[0])
            assert np.array_equal(found.weights, expected[1])
    assert n_solved >= 5


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("group_seconds", [0.0, 1e9])  # sweeps one by one, and in groups of 1, 8, 64, …
def test_a_solution_of_the_last_sweep_counts_and_the_groups_do_not(solver, group_seconds, monkeypatch):
    monkeypatch.setattr(pace, "GROUP_SECONDS", group_seconds)
    n_compared = 0
    for seed in range(15):
        patterns = random_patterns(31, 15, rng=np.random.default_rng(seed))
        expected = first_solution(solver, patterns, 0.0, seed)
        if expected is None or expected[0] < 2:
            continue
        n_compared += 1
        for fewer, status in ((0, Status.SOLVED), (1, Status.NOT_SOLVED)):
            limits = Limits(max_sweeps=expected[0] - fewer)
            found = SOLVERS[solver](patterns, limits=limits, rng=np.random.default_rng(seed))
            assert (found.status, found.n_sweeps) == (status, expected[0] - fewer)
        longer = SOLVERS[solver](patterns, limits=Limits(1e6, MOST), rng=np.random.default_rng(seed))
        assert longer.n_sweeps == expected[0]
    assert n_compared >= 5


@pytest.mark.parametrize(
    ("solver", "module", "name"), [("sbpi", sbpi_module, "sbpi_sweeps"), ("sa", annealing, "metropolis_sweeps")]
)
def test_a_solution_of_an_interrupted_group_is_kept_and_told(solver, module, name, monkeypatch):
    patterns = random_patterns(31, 9, rng=np.random.default_rng(3))
    sweeps = getattr(module.kernels, name)

    def and_then_ctrl_c(*arguments):
        best = arguments[2]
        while best[1][0] > 0:
            sweeps(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(module.kernels, name, and_then_ctrl_c)
    found = SOLVERS[solver](patterns, limits=Limits(60.0), rng=np.random.default_rng(4))
    assert (found.status, found.interrupted, found.timed_out) == (Status.SOLVED, True, False)
    assert patterns.n_errors(found.weights) == 0


def test_kernels_stop_at_once_where_the_best_weights_solve():
    patterns = random_patterns(31, 9, rng=np.random.default_rng(8)).values
    weights, rng = np.ones(31, dtype=np.int8), np.random.default_rng(9)
    best = (weights.copy(), np.array([0, 5]))
    walker = (np.ones(31, dtype=np.int16), weights, np.arange(9))
    assert kernels.sbpi_sweeps(patterns, walker, best, (1, 2, 79, 0.3), 10, rng) == 0
    excess = np.zeros(9, dtype=np.int16)
    columns = np.ascontiguousarray(patterns.T)
    assert kernels.metropolis_sweeps(columns, (weights, excess), best, np.ones(10), rng) == 0


def test_a_solution_of_an_interrupted_protocol_is_kept_and_told():
    patterns = random_patterns(101, 40, rng=np.random.default_rng(5))
    first = follow_protocol(patterns, pseudo_reinforcement(0.005), rng=np.random.default_rng(6))
    assert (first.status, first.interrupted) == (Status.SOLVED, False)

    def cut_at(n_points):
        yield from itertools.islice(pseudo_reinforcement(0.005), n_points)
        raise KeyboardInterrupt

    for n_points, status in ((first.n_sweeps, Status.SOLVED), (first.n_sweeps - 1, Status.INTERRUPTED)):
        rng = np.random.default_rng(6)
        cut = follow_protocol(patterns, cut_at(n_points), to_the_end=True, rng=rng)
        assert (cut.status, cut.interrupted, cut.n_sweeps) == (status, True, n_points)


def test_a_solved_search_is_not_said_to_be_timed_out(monkeypatch):
    monkeypatch.setattr(pace.time, "perf_counter", itertools.count(0.0, 10.0).__next__)  # every look is 10 s later
    patterns = random_patterns(31, 1, rng=np.random.default_rng(7))
    for seed in range(10):
        found = SOLVERS["sbpi"](patterns, limits=Limits(5.0), rng=np.random.default_rng(seed))
        assert found.timed_out == (found.status is not Status.SOLVED)
