"""Enumeration: brute force, exact sums over all configurations and over all instances, symmetries, limits."""

import itertools
import math

import numpy as np
import pytest

from perceptron.base.results import Status
from perceptron.enumeration import walk as enumeration_walk
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance, expected_seconds
from perceptron.patterns import Patterns, random_patterns, teacher_student_patterns, threshold_at

CASES = [(1, 1, 0.0), (2, 3, 0.0), (5, 1, 0.4), (8, 4, -0.5), (11, 5, 0.0), (12, 7, 0.3), (13, 9, -1.1), (13, 21, -0.6)]

CHAIN = """
import numpy as np
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance
from perceptron.patterns import random_patterns
for n_weights, n_patterns in ((1, 1), (6, 3), (7, 9)):
    patterns = random_patterns(n_weights, n_patterns, rng=np.random.default_rng(5))
    options = EnumerationOptions(deficit_threshold=2 + n_weights % 2, stabilities=True)
    found = enumerate_instance(patterns, 0.1, reference=patterns.values[0], options=options)
    for name in ("counts", "joint_counts", "joint_error_counts", "joint_deficit_counts", "stability_counts"):
        print(name, getattr(found, name).tolist())
"""


def instance(n_weights, n_patterns, seed=1):
    return random_patterns(n_weights, n_patterns, rng=np.random.default_rng([seed, n_weights, n_patterns]))


def all_weights(n_weights):
    return np.array(list(itertools.product((-1, 1), repeat=n_weights)), dtype=np.int64)


def histogram(rows, columns, shape):
    counts = np.zeros(shape, dtype=np.int64)
    np.add.at(counts, (rows, columns), 1)
    return counts


def binomials(n):
    return np.array([math.comb(n, k) for k in range(n + 1)])


@pytest.mark.parametrize("ties_solve", [True, False])
@pytest.mark.parametrize(("n_weights", "n_patterns", "margin"), CASES)
def test_counts_are_those_of_brute_force(n_weights, n_patterns, margin, ties_solve):
    patterns, weights = instance(n_weights, n_patterns), all_weights(n_weights)
    reference = weights[len(weights) // 3]
    s_star = n_weights % 2 + (2 if n_weights > 1 else 0)
    options = EnumerationOptions(ties_solve=ties_solve, deficit_threshold=s_star, stabilities=True)
    found = enumerate_instance(patterns, margin, reference=reference, options=options)

    sums = weights @ patterns.values.T.astype(np.int64)
    distances = np.count_nonzero(weights != reference, axis=1)
    errors = np.count_nonzero(sums < margin * math.sqrt(n_weights), axis=1)
    if not ties_solve:
        errors = np.count_nonzero(sums <= margin * math.sqrt(n_weights), axis=1)
    deficits = (np.maximum(0, s_star - sums) // 2).sum(axis=1)
    by_margin = histogram((sums.min(axis=1) + n_weights) // 2, distances, (n_weights + 1, n_weights + 1))
    by_errors = histogram(errors, distances, (n_patterns + 1, n_weights + 1))
    by_deficit = histogram(deficits, distances, (n_patterns * (n_weights + s_star) // 2 + 1, n_weights + 1))
    stabilities = np.bincount(((sums[errors == 0] + n_weights) // 2).ravel(), minlength=n_weights + 1)

    assert np.array_equal(found.margins, np.arange(-n_weights, n_weights + 1, 2))
    for joint, marginal, truth in (
        (found.joint_counts, found.counts, by_margin),
        (found.joint_error_counts, found.error_counts, by_errors),
        (found.joint_deficit_counts, found.deficit_counts, by_deficit),
    ):
        assert np.array_equal(joint, truth)
        assert np.array_equal(marginal, truth.sum(axis=1))
    assert np.array_equal(found.stability_counts, stabilities)
    assert found.n_solutions == np.count_nonzero(errors == 0)
    assert found.largest_margin == sums.min(axis=1).max()
    assert found.status is Status.EXACT


@pytest.mark.parametrize("low_bits", [0, 3, 11])
def test_any_cut_into_blocks_chunks_and_threads_counts_the_same(monkeypatch, low_bits):
    patterns, reference = instance(13, 6), np.tile([1, -1], 7)[:13]

    def count(n_threads):
        options = EnumerationOptions(deficit_threshold=3, stabilities=True, n_threads=n_threads)
        return enumerate_instance(patterns, 0.2, reference=reference, options=options)

    whole = count(1)
    monkeypatch.setattr(enumeration_walk, "LOW_BITS", low_bits)
    monkeypatch.setattr(enumeration_walk, "SMALLEST_CHUNK_BITS", max(low_bits, 9))
    assert enumeration_walk.Walk.of(patterns).n_chunks == (4 if low_bits == 11 else 16)
    for n_threads in (1, 2, 3):
        cut = count(n_threads)
        for name in ("joint_counts", "joint_error_counts", "joint_deficit_counts", "stability_counts"):
            assert np.array_equal(getattr(cut, name), getattr(whole, name))


@pytest.mark.parametrize(("n_weights", "n_patterns", "margin"), [(20, 9, 0.0), (21, 12, -0.3), (22, 13, 0.2)])
def test_sums_over_all_configurations(n_weights, n_patterns, margin):
    patterns = instance(n_weights, n_patterns)
    s_star = 2 + n_weights % 2
    options = EnumerationOptions(deficit_threshold=s_star, stabilities=True)
    found = enumerate_instance(patterns, margin, reference=patterns.values[0], options=options)
    agreements, number = np.arange(n_weights + 1), binomials(n_weights)  # of one pattern, over all weights
    for joint in (found.joint_counts, found.joint_error_counts, found.joint_deficit_counts):
        assert np.array_equal(joint.sum(axis=0), number)
    for counts in (found.counts, found.error_counts, found.deficit_counts):
        assert counts.sum() == 2**n_weights
    unsolved = number[found.margins < found.threshold.smallest_sum].sum()
    shortfall = np.maximum(0, (n_weights + s_star) // 2 - agreements) @ number
    assert found.error_counts @ np.arange(found.error_counts.size) == n_patterns * unsolved
    assert found.deficit_counts @ np.arange(found.deficit_counts.size) == n_patterns * shortfall
    assert found.stability_counts.sum() == n_patterns * found.n_solutions
    assert not found.stability_counts[found.margins < found.threshold.smallest_sum].any()


@pytest.mark.parametrize("n_weights", [10, 11])
@pytest.mark.parametrize("margin", [-0.7, 0.0, 0.15, 0.6])
def test_margins_errors_and_deficits_agree_on_the_solutions(n_weights, margin):
    patterns = instance(n_weights, 5)
    smallest = threshold_at(n_weights, margin).smallest_sum
    options = EnumerationOptions(deficit_threshold=smallest)
    found = enumerate_instance(patterns, margin, reference=np.ones(n_weights), options=options)
    other = enumerate_instance(patterns, 3.0, reference=np.ones(n_weights))
    assert found.n_solutions == found.error_counts[0] == found.deficit_counts[0]
    assert found.n_solutions == found.n_solutions_at(margin) == other.n_solutions_at(margin)
    assert found.n_solutions == found.cumulative_counts[found.margins >= smallest].max(initial=0)
    assert np.array_equal(found.joint_error_counts[0], other.solutions_by_distance(margin))
    assert np.array_equal(found.joint_deficit_counts[0], other.solutions_by_distance(margin))
    assert found.entropy == other.entropy_at(margin)
    stricter = enumerate_instance(patterns, margin, options=EnumerationOptions(ties_solve=False))
    assert stricter.n_solutions == found.n_solutions_at(margin, ties_solve=False)


def test_extreme_margins():
    patterns = instance(9, 4)
    all_of_them = enumerate_instance(patterns, -3.0)
    assert all_of_them.n_solutions == 2**9 == all_of_them.error_counts[0]
    assert abs(all_of_them.entropy.value - math.log(2.0)) <= all_of_them.entropy.error
    none = enumerate_instance(patterns, 50.0, options=EnumerationOptions(stabilities=True))
    assert none.n_solutions == 0
    assert none.error_counts[-1] == 2**9
    assert none.entropy.value == -math.inf
    assert not none.stability_counts.any()
    assert none.n_solutions_at(-50.0) == 2**9


def test_deficits_at_the_ends_of_their_range():
    patterns = instance(7, 3)
    lowest = enumerate_instance(patterns, options=EnumerationOptions(deficit_threshold=-7))
    assert lowest.deficit_counts.tolist() == [128]
    highest = enumerate_instance(patterns, options=EnumerationOptions(deficit_threshold=9))
    below = enumerate_instance(patterns, options=EnumerationOptions(deficit_threshold=7))
    assert np.array_equal(highest.deficit_counts[3:], below.deficit_counts)  # one more for each pattern
    assert not highest.deficit_counts[:3].any()


def test_gauge_and_order_do_not_matter():
    patterns, rng = instance(14, 6), np.random.default_rng(8)
    signs, places, rows = 2 * rng.integers(0, 2, 14) - 1, rng.permutation(14), rng.permutation(6)
    reference = 2 * rng.integers(0, 2, 14) - 1
    options = EnumerationOptions(deficit_threshold=2, stabilities=True)

    def arrays(values, weights):
        found = enumerate_instance(Patterns(values), 0.1, reference=weights, options=options)
        return [found.joint_counts, found.joint_error_counts, found.joint_deficit_counts, found.stability_counts]

    plain = arrays(patterns.values, reference)
    for values, weights in (
        (patterns.values * signs, reference * signs),
        (patterns.values[:, places], reference[places]),
        (patterns.values[rows], reference),
    ):
        assert all(np.array_equal(a, b) for a, b in zip(plain, arrays(values, weights), strict=True))


def test_a_teacher_is_a_solution_at_distance_zero():
    patterns = teacher_student_patterns(15, 9, rng=np.random.default_rng(2))
    found = enumerate_instance(patterns, reference=patterns.teacher)
    level = patterns.sums(patterns.teacher).min()
    assert found.joint_counts[:, 0].tolist() == [int(margin == level) for margin in found.margins]
    assert found.joint_error_counts[0, 0] == 1
    assert found.solutions_by_distance(0.0).sum() == found.n_solutions >= 1


@pytest.mark.parametrize(("n_weights", "n_patterns"), [(2, 3), (3, 2), (4, 2)])
@pytest.mark.parametrize("margin", [0.0, 0.6, -0.6])
def test_the_sum_over_all_instances_is_the_annealed_one(n_weights, n_patterns, margin):
    rows = all_weights(n_weights)
    total = sum(
        enumerate_instance(Patterns(np.array(values)), margin).n_solutions
        for values in itertools.product(rows, repeat=n_patterns)
    )
    solved = binomials(n_weights)[2 * np.arange(n_weights + 1) - n_weights >= margin * math.sqrt(n_weights)].sum()
    assert total == 2**n_weights * solved**n_patterns


def test_compiled_and_plain_python_count_the_same(run_python, tmp_path):
    compiled = run_python(CHAIN, tmp_path, NUMBA_DISABLE_JIT="0")
    assert len(compiled.split()) > 300
    assert run_python(CHAIN, tmp_path, NUMBA_DISABLE_JIT="1") == compiled


def test_progress_counts_chunks():
    calls = []
    enumerate_instance(instance(22, 3), progress=lambda *call: calls.append(call))
    assert calls == [(k, 4) for k in range(1, 5)]


@pytest.mark.parametrize("n_threads", [1, 2])
def test_an_interrupt_returns_no_counts_of_a_part(n_threads):
    def interrupt(finished, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        enumerate_instance(instance(22, 3), options=EnumerationOptions(n_threads=n_threads), progress=interrupt)


def test_arrays_are_exact_and_read_only():
    found = enumerate_instance(instance(6, 2), reference=np.ones(6))
    for array in (found.margins, found.counts, found.error_counts, found.joint_counts, found.joint_error_counts):
        assert array.dtype == np.int64
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert found.deficit_counts is None
    assert found.stability_counts is None


def test_too_many_weights_are_refused_before_anything_is_computed():
    with pytest.raises(ValueError, match=r"n_weights = 44 .* 1 to 30\. 2\^44 .* about .* hours on 2 threads"):
        enumerate_instance(instance(44, 9), options=EnumerationOptions(n_threads=2))
    with pytest.raises(ValueError, match=r"n_weights = 13 .* 1 to 12"):
        enumerate_instance(instance(13, 2), options=EnumerationOptions(max_weights=12))
    assert expected_seconds(31, 8, 2) == expected_seconds(30, 8)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ({}, {"deficit_threshold": 2}, r"deficit_threshold = 2 .* parity of n_weights = 5"),
        ({}, {"deficit_threshold": 9}, r"deficit_threshold = 9 .* from -5 to 7"),
        ({}, {"deficit_threshold": 1.0}, r"deficit_threshold = 1.0 is not an integer"),
        ({}, {"n_threads": 0}, r"n_threads = 0 .* integers >= 1"),
        ({}, {"max_weights": 63}, r"max_weights = 63 .* from 1 to 62"),
        ({"reference": [1, 1, 1]}, {}, r"reference has length 3; allowed: n_weights = 5"),
        ({"reference": [1, 1, 0, 1, 1]}, {}, r"reference contains 0"),
        ({"margin": math.nan}, {}, r"margin = nan"),
    ],
)
def test_bad_input_is_named(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        enumerate_instance(instance(5, 2), **arguments, options=EnumerationOptions(**options))


def test_other_bad_input():
    rng = np.random.default_rng(1)
    with pytest.raises(ValueError, match=r"patterns are Gaussian; allowed: patterns of ±1"):
        enumerate_instance(random_patterns(5, 2, rng=rng, gaussian=True))
    with pytest.raises(TypeError, match=r"(?s)patterns = array.* is not usable; allowed: Patterns"):
        enumerate_instance(np.ones((2, 5)))
    with pytest.raises(ValueError, match=r"deficits up to 70000; allowed: up to 65535"):
        enumerate_instance(instance(5, 14000), options=EnumerationOptions(deficit_threshold=5))
    with pytest.raises(ValueError, match=r"n_patterns = 70000 .* from 1 to 65535"):
        enumerate_instance(instance(1, 70000))
    with pytest.raises(ValueError, match=r"reference = None; allowed: weights"):
        enumerate_instance(instance(5, 2)).solutions_by_distance(0.0)


def test_many_patterns_fit_the_vectors():
    patterns = instance(6, 999)
    found = enumerate_instance(patterns, options=EnumerationOptions(deficit_threshold=6))
    sums = all_weights(6) @ patterns.values.T.astype(np.int64)
    assert np.array_equal(found.error_counts, np.bincount(np.count_nonzero(sums < 0, axis=1), minlength=1000))
    deficits = (np.maximum(0, 6 - sums) // 2).sum(axis=1)
    assert np.array_equal(found.deficit_counts, np.bincount(deficits, minlength=999 * 6 + 1))
