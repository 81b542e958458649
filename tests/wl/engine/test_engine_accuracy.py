"""The engine against binomials, volumes of balls, and enumeration of small perceptrons."""

import itertools
import math

import numpy as np
import pytest
from flat_runs import Range, estimate, sampled

from benchmarks.exact_densities import free_spins_count, log_share_of_box
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance
from perceptron.patterns import random_patterns
from wl.systems.free_spins import free_spins
from wl.systems.perceptron.system import binary_perceptron
from wl.systems.quadratic import quadratic_blocks


def test_free_spins_are_binomial():
    """N = 40: ln C(N, k) spans 25 nats; five errors are a false alarm in 1e5."""
    value, error = estimate(sampled(free_spins(40), ["magnetization"], 1e7, 1))
    exact = np.array([math.log(math.comb(40, k)) for k in range(41)])
    assert np.sqrt(np.mean((value - exact) ** 2)) < 0.03
    assert np.abs((value - exact) / error).max() < 5.0


def test_free_spins_with_a_reference():
    """Joint counts of magnetisation and distance, N = 12."""
    reference = np.where(np.arange(12) < 5, -1, 1)
    value, _ = estimate(sampled(free_spins(12, reference), ["magnetization", "hamming_distance"], 1e7, 2))
    counts = np.array([[free_spins_count(reference, m, d) for d in range(13)] for m in range(-12, 13, 2)], dtype=float)
    assert np.array_equal(np.isfinite(value), counts > 0)
    difference = (value - np.log(np.where(counts > 0, counts, 1.0)))[counts > 0]
    assert np.sqrt(np.mean(difference**2)) < 0.05


def test_quadratic_blocks_inside_the_ball():
    """n = 3 dimensions: S(ln |u|²) is that of shells of balls, on a grid that ends where the ball meets the box."""
    system = quadratic_blocks(3, 2)
    window = {"log_first_square": Range(-9.0, 0.0, 0.25, open_high=True)}
    value, error = estimate(sampled(system, ["log_first_square"], 2e7, 3, window))
    edges = -9.0 + 0.25 * np.arange(37)
    exact = np.array([log_share_of_box(3, low, high) for low, high in itertools.pairwise(edges[:-1])])
    shape, spread = value[:-1] - exact, error[:-1]
    assert np.sqrt(np.mean((shape - shape.mean()) ** 2)) < 0.05
    assert np.abs((shape - np.average(shape, weights=spread**-2.0)) / spread).max() < 5.0


@pytest.fixture(scope="module")
def instance():
    """N = 21, P = 9 with margin 0: patterns, a reference, and all counts."""
    patterns = random_patterns(21, 9, rng=np.random.default_rng(4))
    reference = np.where(np.random.default_rng(5).random(21) < 0.5, -1, 1).astype(np.int8)
    exact = enumerate_instance(patterns, reference=reference, options=EnumerationOptions(deficit_threshold=1))
    return patterns, reference, exact


def rms(value, counts):
    """rms error of ln g over the levels that exist; all of them must be known."""
    exists = counts > 0
    assert np.array_equal(np.isfinite(value), exists)
    return math.sqrt(np.mean((value[exists] - np.log(counts[exists])) ** 2))


def test_deficit_of_an_enumerated_instance(instance):
    """Up to the open bin, which holds all the rest."""
    patterns, _, exact = instance
    value, error = estimate(sampled(binary_perceptron(patterns), ["deficit"], 3e7, 1))
    counts = capped(exact.deficit_counts, value.size)
    assert rms(value, counts) < 0.02
    assert np.nanmax(np.abs(value - np.log(counts)) / error) < 5.0


def capped(counts, size):
    """Counts with everything from the last level on in one."""
    return np.append(counts[: size - 1], counts[size - 1 :].sum(axis=0, keepdims=True), axis=0).astype(float)


def test_errors_of_an_enumerated_instance(instance):
    patterns, _, exact = instance
    value, _ = estimate(sampled(binary_perceptron(patterns, variable="n_errors"), ["n_errors"], 2e7, 2))
    assert rms(value, capped(exact.error_counts, value.size)) < 0.02


def test_minimum_stability_of_an_enumerated_instance(instance):
    patterns, _, exact = instance
    system = binary_perceptron(patterns, variable="minimum_stability")
    value, _ = estimate(sampled(system, ["minimum_stability"], 5e7, 3))
    assert rms(value, exact.counts.astype(float)) < 0.02


@pytest.mark.slow
def test_minimum_stability_and_distance_of_an_enumerated_instance(instance):
    """Every bin, and Σ_x g(x, d) = C(N, d)."""
    patterns, reference, exact = instance
    system = binary_perceptron(patterns, variable="minimum_stability", reference=reference)
    sampler = sampled(system, ["minimum_stability", "hamming_distance"], 1.5e8, 4)
    value, _ = estimate(sampler)
    assert rms(value, exact.joint_counts.astype(float)) < 0.05
    sums = np.log(np.nansum(np.exp(value), axis=0))
    assert sums == pytest.approx([math.log(math.comb(21, d)) for d in range(22)], abs=0.1)


@pytest.mark.slow
def test_all_counts_of_an_enumerated_instance_to_two_hundredths(instance):
    """g(x), g(E) and g(x, d) at N = 21, longer runs."""
    patterns, reference, exact = instance
    system = binary_perceptron(patterns, variable="minimum_stability", reference=reference)
    joint, _ = estimate(sampled(system, ["minimum_stability", "hamming_distance"], 2e9, 5))
    deficit, _ = estimate(sampled(binary_perceptron(patterns), ["deficit"], 3e8, 6))
    errors = rms(joint, exact.joint_counts.astype(float)), rms(deficit, capped(exact.deficit_counts, deficit.size))
    print(f"rms errors of ln g(x, d) and ln g(E): {errors[0]:.4f}, {errors[1]:.4f}")
    assert max(errors) < 0.02
