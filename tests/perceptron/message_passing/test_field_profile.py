"""Local entropy of given weights by a scan of the field: against enumeration, and dS/dd = 2γ along the scan."""

import itertools
import math

import numpy as np
import pytest

from perceptron.base.results import Status
from perceptron.message_passing.belief_propagation import SweepOptions, belief_propagation
from perceptron.message_passing.local_entropy import field_profile, fields_for_distances
from perceptron.patterns import random_patterns, teacher_student_patterns

FINE = SweepOptions(tolerance=1e-10, max_sweeps=5000)
LARGEST = 0.05
FIELDS = np.array([0.1, 0.3, 0.6, 1.0, 1.5, 2.5])


def enumerated(n_weights, n_patterns, seed):
    """An instance, the most stable of its solutions, and the sums w̃·w of all."""
    patterns = random_patterns(n_weights, n_patterns, rng=np.random.default_rng(seed))
    weights = np.array(list(itertools.product((-1, 1), repeat=n_weights)))
    sums = weights @ patterns.values.T.astype(int)
    solutions, stable = weights[(sums >= 0).all(axis=1)], weights[np.argmax(sums.min(axis=1))]
    return patterns, stable, solutions @ stable


def scan(patterns, weights, **options):
    profile = field_profile(patterns, weights, options=FINE, **options)
    assert profile.status is Status.CONVERGED
    return profile


@pytest.mark.parametrize("node", ["exact", "gaussian"])
def test_small_instances_against_enumeration(node):
    # per weight; loops of the Bethe approximation at N = 13..15. Not every solution will do: around one whose
    # stabilities are all the smallest allowed, messages of a strong field stay frozen as it weakens
    free_entropies, distances = [], []
    for (n_weights, n_patterns), seed in itertools.product(((13, 3), (14, 4), (15, 5)), range(4)):
        patterns, weights, sums = enumerated(n_weights, n_patterns, seed)
        profile = scan(patterns, weights, fields=FIELDS, node=node)
        for point in profile.points:
            terms = np.exp(point.field * sums)
            overlap = 1.0 - 2.0 * point.distance
            free_entropies.append(point.local_entropy + point.field * overlap - math.log(terms.sum()) / n_weights)
            distances.append(0.5 * (overlap - terms @ sums / terms.sum() / n_weights))
    print(node, np.max(np.abs(free_entropies)), np.max(np.abs(distances)))
    assert np.max(np.abs(free_entropies)) < LARGEST
    assert np.max(np.abs(distances)) < LARGEST


def test_one_pattern_is_exact():
    patterns, weights, sums = enumerated(13, 1, 5)
    for point in scan(patterns, weights, fields=FIELDS, node="exact").points:
        terms = np.exp(point.field * sums)
        overlap = terms @ sums / terms.sum() / 13
        assert 1.0 - 2.0 * point.distance == pytest.approx(overlap, abs=1e-9)
        entropy = math.log(terms.sum()) / 13 - point.field * overlap
        assert point.local_entropy == pytest.approx(entropy, abs=1e-9)


# the trapezoidal rule in γ costs 2e-5; the Gaussian node is stationary up to O(1/N) only, and the smaller the
# distance the more that is of a slope: below d = 0.05 it is not asked
@pytest.mark.parametrize(
    ("node", "n_weights", "nearest", "allowed"),
    [("exact", 21, 0.0, 1e-4), ("amp", 201, 0.05, 1e-4), ("gaussian", 201, 0.05, 2e-3)],
)
def test_the_slope_is_twice_the_field(node, n_weights, nearest, allowed):
    patterns = teacher_student_patterns(n_weights, n_weights // 3, rng=np.random.default_rng(3))
    profile = scan(patterns, patterns.teacher, fields=np.arange(0.3, 1.1, 0.01), node=node)
    distances, entropies, slopes = (profile.array(name) for name in ("distance", "local_entropy", "derivative"))
    assert np.array_equal(slopes, 2.0 * profile.array("field"))
    far = distances[:-1] > nearest
    assert np.count_nonzero(far) > 50
    found = np.diff(entropies) / np.diff(distances)
    assert np.abs(found / (0.5 * (slopes[1:] + slopes[:-1])) - 1.0)[far].max() < allowed


@pytest.mark.parametrize("node", ["gaussian", "relaxed"])
def test_the_error_of_the_slope_covers_what_the_node_leaves(node):
    # against ΔS/Δd over small steps of γ, where the trapezoidal rule is good to 1e-4 of the slope
    patterns = teacher_student_patterns(201, 67, rng=np.random.default_rng(3))
    options = SweepOptions(tolerance=1e-6) if node == "relaxed" else FINE
    fields = np.arange(0.3, 1.5, 0.02)
    profile = field_profile(patterns, patterns.teacher, fields=fields, node=node, options=options)
    assert profile.status is Status.CONVERGED
    distances, entropies, slopes, errors = (
        profile.array(name) for name in ("distance", "local_entropy", "derivative", "derivative_error")
    )
    missed = np.abs(np.diff(entropies) / np.diff(distances) - 0.5 * (slopes[1:] + slopes[:-1]))
    allowed = 1.5 * np.maximum(errors[1:], errors[:-1]) + 1e-4 * slopes[1:]
    print(node, missed.max(), errors.max(), np.max(missed / allowed))
    assert np.all(missed < allowed)
    assert np.median(errors) < 10.0 * np.median(missed)


@pytest.mark.parametrize("node", ["gaussian", "exact", "amp"])
def test_the_error_of_the_distance_covers_what_sweeps_leave(node):
    patterns = teacher_student_patterns(101, 50, rng=np.random.default_rng(5))
    for damping in (0.3, 0.8):
        coarse = SweepOptions(tolerance=1e-3, damping=damping)
        for field in (0.4, 0.8, 1.2):
            rough = field_profile(patterns, patterns.teacher, fields=[field], node=node, options=coarse).points[0]
            fine = field_profile(patterns, patterns.teacher, fields=[field], node=node, options=FINE).points[0]
            assert abs(rough.distance - fine.distance) < rough.distance_error < 0.02


@pytest.mark.parametrize("node", ["gaussian", "relaxed", "exact", "amp"])
def test_without_effect_of_the_patterns_it_is_the_bound(node):
    patterns = random_patterns(51, 10, rng=np.random.default_rng(6))
    asked = np.array([0.01, 0.1, 0.2, 0.4])
    weights = np.where(np.arange(51) % 3, 1, -1)
    profile = field_profile(patterns, weights, -9.0, fields=fields_for_distances(asked), node=node)
    assert profile.status is Status.CONVERGED
    assert profile.array("distance") == pytest.approx(asked, abs=1e-6)
    entropy = -asked * np.log(asked) - (1.0 - asked) * np.log1p(-asked)
    assert profile.array("local_entropy") == pytest.approx(entropy, abs=1e-5)
    assert profile.geometric_bound == pytest.approx(entropy, abs=1e-5)


def test_points_run_from_near_to_far_below_the_bound():
    patterns = teacher_student_patterns(201, 67, rng=np.random.default_rng(3))
    finished = []
    profile = field_profile(
        patterns, patterns.teacher, fields=[0.5, 1.3, 0.9], progress=lambda *numbers: finished.append(numbers)
    )
    assert finished == [(1, 3), (2, 3), (3, 3)]
    assert profile.array("field").tolist() == [1.3, 0.9, 0.5]
    assert np.all(np.diff(profile.array("distance")) > 0.0)
    assert np.all(profile.geometric_bound > profile.array("local_entropy"))
    assert profile.load == 67 / 201
    stabilities = patterns.values.astype(int) @ patterns.teacher / math.sqrt(201)
    assert profile.reference_margin == pytest.approx(stabilities.min(), rel=1e-14)


def test_points_that_do_not_settle_are_missing():
    patterns = teacher_student_patterns(51, 20, rng=np.random.default_rng(8))
    profile = field_profile(patterns, patterns.teacher, fields=[1.0, 0.5], options=SweepOptions(max_sweeps=1))
    assert profile.status is Status.NOT_CONVERGED
    assert (len(profile.points), len(profile.missing)) == (0, 2)


def test_bad_input_is_named():
    patterns = random_patterns(11, 3, rng=np.random.default_rng(9))
    for arguments, message in (
        ({"weights": np.ones(10)}, "weights has length 10"),
        ({"weights": np.zeros(11)}, "weights contains 0"),
        ({"fields": [math.inf]}, "fields contains inf"),
        ({"fields": []}, "fields = "),
        ({"node": "mean field"}, "node = 'mean field'"),
    ):
        with pytest.raises(ValueError, match=message):
            field_profile(patterns, **({"weights": np.ones(11)} | arguments))
    for distance in (0.0, 0.5):
        with pytest.raises(ValueError, match="distances contains"):
            fields_for_distances([distance])


def test_the_default_scan_does_not_freeze_at_a_typical_teacher():
    patterns = teacher_student_patterns(201, 100, rng=np.random.default_rng(7))
    profile = field_profile(patterns, patterns.teacher)
    weakest = min(profile.points, key=lambda point: point.field)
    fresh = belief_propagation(patterns, external=weakest.field * patterns.teacher)
    free_entropy = weakest.local_entropy + weakest.field * (1.0 - 2.0 * weakest.distance)
    assert weakest.distance > 0.05
    assert free_entropy == pytest.approx(fresh.free_entropy.value, abs=1e-6)
    assert free_entropy > weakest.field + 1e-3  # above the frozen fixed point, whose free entropy is γ
