"""Searches by focusing and by reinforcement: what they claim is counted again; how often they succeed."""

import numpy as np
import pytest

from perceptron.base.results import Status
from perceptron.message_passing.local_entropy import field_profile, fields_for_distances
from perceptron.message_passing.protocols import pseudo_reinforcement, scoping
from perceptron.patterns import n_patterns_at, random_patterns
from perceptron.solvers.focusing import Attempt, focusing_search, follow_protocol, reinforced_search
from perceptron.solvers.search import Limits


def instance(n_weights, load, seed, gaussian=False):
    rng = np.random.default_rng(seed)
    return random_patterns(n_weights, n_patterns_at(load, n_weights), rng=rng, gaussian=gaussian)


def errors_of(patterns, weights, margin=0.0):
    """Counted with NumPy alone; no sum may lie within rounding of the margin."""
    assert set(np.unique(weights)) <= {-1, 1}
    sums = patterns.values.astype(np.float64) @ weights.astype(np.float64)
    return int(np.count_nonzero(sums < margin * np.sqrt(patterns.n_weights)))


@pytest.mark.parametrize("search", [focusing_search, reinforced_search])
@pytest.mark.parametrize("seed", range(3))
def test_dense_instances_are_solved(search, seed):
    patterns = instance(501, 0.5, seed)
    result = search(patterns, rng=np.random.default_rng(seed))
    assert result.status is Status.SOLVED
    assert result.n_errors == errors_of(patterns, result.weights) == 0
    assert not result.timed_out
    assert result.settings["attempt"] == 1


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("margin", [0.0, 0.2])
def test_margins_and_gaussian_patterns(gaussian, margin):
    patterns = instance(501, 0.3, 1, gaussian)
    result = focusing_search(patterns, margin, rng=np.random.default_rng(1))
    assert result.status is Status.SOLVED
    assert errors_of(patterns, result.weights, margin) == 0


@pytest.mark.parametrize("max_sweeps", [1, 57, 333])
@pytest.mark.parametrize("search", [focusing_search, reinforced_search])
def test_beyond_capacity_the_best_weights_come_back(search, max_sweeps):
    patterns = instance(201, 1.5, 2)
    result = search(patterns, rng=np.random.default_rng(2), limits=Limits(max_sweeps=max_sweeps))
    assert result.status is Status.NOT_SOLVED
    assert result.n_sweeps == max_sweeps
    assert result.n_errors == errors_of(patterns, result.weights) > 0
    if max_sweeps > 100:  # chance would miss half of 302 patterns, 151 ± 9; solutions end at α = 0.83
        assert result.n_errors < 100


def test_a_protocol_that_ends_is_not_solved():
    patterns = instance(201, 1.5, 3)
    result = follow_protocol(patterns, scoping(4.0, 0.02), rng=np.random.default_rng(3))
    assert (result.status, result.n_sweeps, result.timed_out) == (Status.NOT_SOLVED, 50, False)
    attempts = (Attempt("pseudo-reinforcement", 0.05), Attempt("scoping", 0.1))
    result = focusing_search(patterns, rng=np.random.default_rng(3), attempts=attempts)
    assert (result.status, result.n_sweeps, result.settings["attempt"]) == (Status.NOT_SOLVED, 30, 2)


@pytest.mark.parametrize("seed", range(3))
def test_to_the_end_of_a_protocol_solutions_are_denser(seed):
    patterns, fields = instance(501, 0.5, seed), fields_for_distances([0.01, 0.03])
    entropies, margins = [], []
    for to_the_end in (False, True):
        line = pseudo_reinforcement(0.002)
        result = follow_protocol(patterns, line, to_the_end=to_the_end, rng=np.random.default_rng(seed))
        assert result.status is Status.SOLVED
        assert errors_of(patterns, result.weights) == 0
        assert result.settings == {"damping": 0.5, "to_the_end": to_the_end, "attempt": 1}
        assert (result.n_sweeps == 500) == to_the_end
        scan = field_profile(patterns, result.weights, fields=fields, node="amp")
        assert scan.status is Status.CONVERGED
        field, distance = scan.array("field"), scan.array("distance")
        # ln of the sum over solutions with e^{γNp}: at equal γ the larger is denser, whatever the distances
        entropies.append(scan.array("local_entropy") + field * (1.0 - 2.0 * distance))
        margins.append(scan.reference_margin)
    assert np.all(entropies[1] > entropies[0] + 0.002)
    assert margins[1] > margins[0] + 0.05


def test_to_the_end_the_last_solution_comes_back():
    patterns = instance(501, 0.5, 1)
    first = follow_protocol(patterns, pseudo_reinforcement(0.002), rng=np.random.default_rng(1))
    for more in (0, 1, 100):
        limits = Limits(max_sweeps=first.n_sweeps + more)
        line = pseudo_reinforcement(0.002)
        last = follow_protocol(patterns, line, limits=limits, to_the_end=True, rng=np.random.default_rng(1))
        assert last.status is Status.SOLVED
        assert last.n_sweeps == first.n_sweeps + more
        assert np.array_equal(first.weights, last.weights) == (more == 0)


def test_a_time_limit_is_told():
    patterns = instance(201, 1.5, 4)
    result = focusing_search(patterns, rng=np.random.default_rng(4), limits=Limits(max_seconds=1e-9))
    assert (result.status, result.timed_out, result.n_sweeps) == (Status.NOT_SOLVED, True, 0)
    assert result.n_errors == errors_of(patterns, result.weights)


def test_a_seed_names_a_search():
    patterns = instance(301, 0.6, 5)
    first, again = (focusing_search(patterns, rng=np.random.default_rng(6)) for _ in range(2))
    assert np.array_equal(first.weights, again.weights)
    assert first.n_sweeps == again.n_sweeps


@pytest.mark.parametrize(
    ("attempt", "message"),
    [
        (Attempt("annealing"), "protocol = 'annealing' is not known; allowed: pseudo-reinforcement"),
        (Attempt(rho_step=0.0), r"rho_step = 0\.0"),
        (Attempt(rho_step=1.0), r"rho_step = 1\.0"),
        (Attempt(damping=1.0), r"damping = 1\.0"),
        (Attempt("scoping", replicas=0.5), r"replicas = 0\.5"),
    ],
)
def test_bad_attempts_are_named(attempt, message):
    with pytest.raises(ValueError, match=message):
        focusing_search(instance(51, 1.5, 7), rng=np.random.default_rng(7), attempts=[attempt])


def test_bad_points_and_limits_are_named():
    patterns = instance(51, 1.5, 8)
    for protocol, damping, message in (
        ([(0.1, 0.5)], 0.5, "replicas"),
        ([(-1.0, 2.0)], 0.5, "coupling"),
        ([], 1.0, "damping"),
    ):
        with pytest.raises(ValueError, match=message):
            follow_protocol(patterns, protocol, damping=damping, rng=np.random.default_rng(8))
    for limits in ({"max_sweeps": 0}, {"max_seconds": 0.0}):
        with pytest.raises(ValueError, match=f"{next(iter(limits))} = 0"):
            Limits(**limits)


def n_solved(load, **options):
    """Of 40 instances at N = 1001."""
    count = 0
    for seed in range(40):
        draw, search = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
        patterns = random_patterns(1001, n_patterns_at(load, 1001), rng=draw)
        result = focusing_search(patterns, rng=search, **options)
        assert result.n_errors == errors_of(patterns, result.weights)
        count += result.status is Status.SOLVED
    print(f"{count} of 40 solved at load {load} {options}")
    return count


# seeds are fixed; at the rates found (39, 21, 30 and 18 of 40) other seeds give fewer than asked with probabilities
# 0.08, 0.04, 0.002 and 0.0003
@pytest.mark.slow
def test_most_instances_are_solved_at_070():
    assert n_solved(0.70, attempts=[Attempt("pseudo-reinforcement", 0.002)]) >= 38


@pytest.mark.slow
def test_half_the_instances_are_solved_at_074():
    assert n_solved(0.74, attempts=[Attempt("scoping", 0.001, replicas=4.0)]) >= 16


@pytest.mark.slow
def test_the_portfolio_solves_more_of_them():
    assert n_solved(0.74) >= 22


@pytest.mark.slow
def test_some_instances_are_solved_at_076():
    assert n_solved(0.76) >= 8
