"""The list of solutions, their pair distances by both routes and their clusters: brute force and exact sums."""

import itertools
import math

import numpy as np
import pytest
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from perceptron.enumeration import pair_distances as pairs_module
from perceptron.enumeration import walk as enumeration_walk
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance
from perceptron.enumeration.pair_distances import PairLimits, Route, pair_distances
from perceptron.enumeration.solution_space import list_solutions, single_flip_clusters, weights_of
from perceptron.patterns import Patterns, random_patterns

CHAIN = """
import numpy as np
from perceptron.enumeration.pair_distances import Route, pair_distances
from perceptron.patterns import random_patterns
from perceptron.enumeration.solution_space import list_solutions, single_flip_clusters
patterns = random_patterns(7, 2, rng=np.random.default_rng(5))
solutions = list_solutions(patterns)
clusters = single_flip_clusters(solutions)
print(solutions.codes.tolist(), clusters.sizes.tolist(), clusters.labels.tolist(), clusters.n_neighbour_pairs)
with np.errstate(over="ignore"):  # the multiplication that adds up bytes wraps around
    for route in Route:
        print(pair_distances(solutions, route=route).counts.tolist())
"""


def instance(n_weights, n_patterns, seed=1):
    return random_patterns(n_weights, n_patterns, rng=np.random.default_rng([seed, n_weights, n_patterns]))


def all_weights(n_weights):
    """Row k has w_i = +1 where bit i of k is 1."""
    return 2 * ((np.arange(2**n_weights)[:, None] >> np.arange(n_weights)) & 1) - 1


@pytest.mark.parametrize(("n_weights", "n_patterns", "margin"), [(1, 1, 0.0), (6, 2, 0.0), (12, 5, 0.2), (13, 8, -0.4)])
def test_the_list_is_that_of_brute_force(monkeypatch, n_weights, n_patterns, margin):
    monkeypatch.setattr(enumeration_walk, "LOW_BITS", 4)
    monkeypatch.setattr(enumeration_walk, "SMALLEST_CHUNK_BITS", 6)
    patterns, weights = instance(n_weights, n_patterns), all_weights(n_weights)
    solved = (weights @ patterns.values.T.astype(int) >= margin * math.sqrt(n_weights)).all(axis=1)
    for n_threads in (1, 2):
        found = list_solutions(patterns, margin, options=EnumerationOptions(n_threads=n_threads))
        assert np.array_equal(found.codes, np.flatnonzero(solved))
        assert found.n_solutions == np.count_nonzero(solved)
        assert np.array_equal(found.weights(), weights[solved])
        assert found.message == ""


def test_codes_beyond_32_bits():
    assert weights_of(np.array([2**40]), 41).tolist() == [[-1] * 40 + [1]]


def test_larger_lists_agree_with_the_counts():
    patterns = instance(22, 6)
    found = list_solutions(patterns, 0.1, options=EnumerationOptions(ties_solve=False))
    assert found.n_solutions == enumerate_instance(patterns, 0.1).n_solutions_at(0.1, ties_solve=False)
    assert np.all(found.codes[1:] > found.codes[:-1])
    some = found.weights(100, 150)
    assert all(patterns.n_errors(weights, 0.1, ties_solve=False) == 0 for weights in some)


def test_a_list_that_does_not_fit_is_left_out_and_says_so():
    patterns = instance(12, 3)
    n_solutions = enumerate_instance(patterns).n_solutions
    assert list_solutions(patterns, max_solutions=n_solutions).codes.size == n_solutions
    found = list_solutions(patterns, max_solutions=n_solutions - 1)
    statement = f"{n_solutions} solutions exceed max_solutions = {n_solutions - 1}"
    assert found.codes is None
    assert found.n_solutions == n_solutions
    assert found.message == pair_distances(found).message == single_flip_clusters(found).message == statement
    assert pair_distances(found).n_pairs == n_solutions * (n_solutions - 1) // 2
    assert pair_distances(found).counts is None
    assert single_flip_clusters(found).sizes is None
    with pytest.raises(ValueError, match=r"codes = None \(.* exceed max_solutions"):
        found.weights()


@pytest.mark.parametrize("route", list(Route))
@pytest.mark.parametrize(("n_weights", "n_patterns"), [(1, 1), (5, 2), (10, 3), (13, 6)])
def test_pair_distances_are_those_of_brute_force(n_weights, n_patterns, route):
    solutions = list_solutions(instance(n_weights, n_patterns))
    weights = solutions.weights().astype(int)
    distances = ((n_weights - weights @ weights.T) // 2)[np.triu_indices(len(weights), 1)]
    for n_threads in (1, 2):
        found = pair_distances(solutions, route=route, n_threads=n_threads)
        assert np.array_equal(found.counts, np.bincount(distances, minlength=n_weights + 1))
        assert found.n_pairs == distances.size
        assert found.route is route


@pytest.mark.parametrize("route", list(Route))
def test_pairs_of_all_configurations(route):
    solutions = list_solutions(instance(11, 2), -4.0)
    expected = [2**10 * math.comb(11, d) if d > 0 else 0 for d in range(12)]
    assert pair_distances(solutions, route=route).counts.tolist() == expected


def test_both_routes_agree_across_blocks_and_slabs(monkeypatch):
    solutions = list_solutions(instance(17, 4))
    by_pairs, by_transform = (pair_distances(solutions, route=route) for route in Route)
    assert solutions.n_solutions > 1000
    assert by_pairs.counts.sum() == by_pairs.n_pairs
    assert np.array_equal(by_pairs.counts, by_transform.counts)
    monkeypatch.setattr(pairs_module, "BLOCK_BITS", 5)
    monkeypatch.setattr(pairs_module, "SLAB_BITS", 2)
    assert np.array_equal(pair_distances(solutions, route=Route.TRANSFORM).counts, by_pairs.counts)


@pytest.mark.parametrize("margin", [0.0, 0.6])
def test_pairs_summed_over_all_instances_are_the_annealed_ones(margin):
    n_weights, n_patterns = 4, 2
    rows, total = all_weights(n_weights), np.zeros(n_weights + 1, dtype=int)
    for values in itertools.product(rows, repeat=n_patterns):
        total += pair_distances(list_solutions(Patterns(np.array(values)), margin)).counts
    solves = rows @ rows.T >= margin * math.sqrt(n_weights)  # pattern by configuration
    for d in range(1, n_weights + 1):
        both = np.count_nonzero(solves[:, -1] & solves[:, 2 ** (n_weights - d) - 1])  # two configurations d flips apart
        assert total[d] == 2 ** (n_weights - 1) * math.comb(n_weights, d) * both**n_patterns


def test_the_cheaper_route_is_taken_and_limits_are_kept():
    few, many = list_solutions(instance(14, 12)), list_solutions(instance(14, 2))
    assert pair_distances(few).route is Route.PAIRS
    assert pair_distances(many).route is Route.TRANSFORM
    assert pair_distances(many, limits=PairLimits(max_bytes=4 * 2**14 - 1)).route is Route.PAIRS
    refused = pair_distances(many, limits=PairLimits(max_bytes=100, max_pairs=9))
    assert refused.counts is None
    assert refused.route is None
    assert refused.message.startswith("the transform needs 65536 bytes, max_bytes = 100; ")
    assert f"{refused.n_pairs} pairs exceed max_pairs = 9" in refused.message
    asked = pair_distances(many, route=Route.PAIRS, limits=PairLimits(max_pairs=9))
    assert asked.counts is None
    assert "max_bytes" not in asked.message


def brute_clusters(codes):
    flips = codes[:, None] ^ codes[None, :]
    neighbours = np.bitwise_count(flips) == 1
    n_clusters, labels = connected_components(coo_array(neighbours), directed=False)
    return n_clusters, labels, np.count_nonzero(neighbours) // 2


@pytest.mark.parametrize(("n_weights", "n_patterns"), [(1, 1), (8, 3), (13, 5), (13, 9), (16, 11)])
def test_clusters_are_those_of_the_graph_of_single_flips(n_weights, n_patterns):
    solutions = list_solutions(instance(n_weights, n_patterns))
    found = single_flip_clusters(solutions)
    n_clusters, labels, n_pairs = brute_clusters(solutions.codes)
    assert found.sizes.tolist() == sorted(np.bincount(labels).tolist(), reverse=True)
    assert len(set(zip(found.labels.tolist(), labels.tolist(), strict=True))) == n_clusters == found.sizes.size
    assert np.array_equal(np.bincount(found.labels), found.sizes)
    assert found.n_neighbour_pairs == n_pairs == pair_distances(solutions).counts[1]
    firsts = [int(np.flatnonzero(found.labels == label)[0]) for label in range(n_clusters)]
    for size in set(found.sizes.tolist()):  # equal clusters by their smallest code
        places = [firsts[label] for label in np.flatnonzero(found.sizes == size)]
        assert places == sorted(places)


def test_all_configurations_are_one_cluster():
    found = single_flip_clusters(list_solutions(instance(10, 2), -4.0))
    assert found.sizes.tolist() == [2**10]
    assert found.n_neighbour_pairs == 10 * 2**9


def test_no_solutions():
    solutions = list_solutions(instance(9, 2), 3.5)
    assert solutions.codes.size == solutions.n_solutions == 0
    assert solutions.weights().shape == (0, 9)
    for route in Route:
        assert pair_distances(solutions, route=route).counts.tolist() == [0] * 10
    assert single_flip_clusters(solutions).sizes.size == 0


def test_progress_covers_every_part():
    calls = []

    def record(finished, total):
        calls.append((finished, total))

    solutions = list_solutions(instance(21, 9), progress=record)
    single_flip_clusters(solutions, progress=record)
    assert calls == [(k, 4) for k in range(1, 5)] + [(k, 21) for k in range(1, 22)]
    for route in Route:
        calls.clear()
        pair_distances(solutions, route=route, progress=record)
        assert calls == [(k, len(calls)) for k in range(1, len(calls) + 1)]


def test_compiled_and_plain_python_find_the_same(run_python, tmp_path):
    compiled = run_python(CHAIN, tmp_path, NUMBA_DISABLE_JIT="0")
    assert len(compiled.split()) > 80
    assert run_python(CHAIN, tmp_path, NUMBA_DISABLE_JIT="1") == compiled


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"max_solutions = 0 .* integers >= 1"):
        list_solutions(instance(5, 2), max_solutions=0)
    with pytest.raises(ValueError, match=r"n_weights = 31 .* from 1 to 30"):
        list_solutions(instance(31, 2))
    with pytest.raises(ValueError, match="patterns are Gaussian"):
        list_solutions(random_patterns(5, 2, rng=np.random.default_rng(1), gaussian=True))
    with pytest.raises(ValueError, match=r"max_pairs = -1"):
        PairLimits(max_pairs=-1)
    with pytest.raises(ValueError, match=r"n_threads = 0"):
        pair_distances(list_solutions(instance(5, 2)), n_threads=0)
