"""Belief propagation: exact on a tree, near enumeration at small N, one node against another, theory at large N."""

import itertools
import math

import numpy as np
import pytest
from scipy.special import log_ndtr

from perceptron.base.results import ConvergenceError, Status
from perceptron.message_passing.belief_propagation import SweepOptions, belief_propagation
from perceptron.message_passing.nodes import NODES, node_of
from perceptron.patterns import random_patterns
from perceptron.theory.typical.solutions import typical_solutions

FINE = SweepOptions(tolerance=1e-10, max_sweeps=5000)
SHORT = SweepOptions(tolerance=1e-5, max_sweeps=5000)  # the relaxed node is in single precision


def instance(n_weights, n_patterns, seed, gaussian=False):
    return random_patterns(n_weights, n_patterns, rng=np.random.default_rng(seed), gaussian=gaussian)


def enumerate_measure(patterns, margin, external):
    """(F, magnetisations) by a sum over all configurations."""
    weights = np.array(list(itertools.product((-1.0, 1.0), repeat=patterns.n_weights)))
    sums = weights @ patterns.values.T.astype(np.float64)
    solves = (sums >= margin * math.sqrt(patterns.n_weights) - 1e-9).all(axis=1)
    measure = np.exp(weights @ external) * solves
    return math.log(measure.sum()), measure @ weights / measure.sum()


@pytest.mark.parametrize("margin", [-0.6, 0.0, 0.5])
@pytest.mark.parametrize("n_weights", [12, 13])
@pytest.mark.parametrize("strength", [0.0, 0.8])
def test_one_pattern_is_a_tree_where_the_exact_node_is_exact(n_weights, margin, strength):
    patterns = instance(n_weights, 1, 1)
    external = strength * np.random.default_rng(2).standard_normal(n_weights)
    free_entropy, magnetisations = enumerate_measure(patterns, margin, external)
    result = belief_propagation(patterns, margin, node="exact", external=external, options=FINE)
    assert result.status is Status.CONVERGED
    assert result.free_entropy.value * n_weights == pytest.approx(free_entropy, abs=1e-8)
    assert np.abs(result.magnetisations - magnetisations).max() < 1e-9
    entropy = (free_entropy - external @ magnetisations) / n_weights
    assert result.entropy.value == pytest.approx(entropy, abs=1e-8)
    assert result.overlap.value == pytest.approx(np.mean(magnetisations**2), abs=1e-8)


@pytest.mark.parametrize("node", NODES)
def test_small_instances_against_enumeration(node):
    # a few patterns at N = 13..15: measured 0.0405 at the most over these 16, 0.020 root mean square, every node
    # alike, which is what the loops of the Bethe approximation cost at this size
    differences = []
    for n_weights, n_patterns in ((13, 3), (14, 4), (15, 5), (15, 6)):
        for seed in range(4):
            patterns = instance(n_weights, n_patterns, seed)
            external = 0.2 * np.random.default_rng(seed + 9).standard_normal(n_weights)
            free_entropy, _ = enumerate_measure(patterns, 0.0, external)
            options = SHORT if node == "relaxed" else FINE
            result = belief_propagation(patterns, node=node, external=external, options=options)
            assert result.status is Status.CONVERGED
            differences.append(result.free_entropy.value - free_entropy / n_weights)
    assert np.max(np.abs(differences)) < 0.05
    assert np.sqrt(np.mean(np.square(differences))) < 0.03


def mean_differences(n_weights, n_patterns, nodes, n_instances):
    """Mean |difference| of entropy and of overlap between two nodes."""
    rows = []
    for seed in range(n_instances):
        patterns = instance(n_weights, n_patterns, seed)
        one, other = (
            belief_propagation(patterns, node=node, options=SHORT if node == "relaxed" else FINE) for node in nodes
        )
        rows.append([one.entropy.value - other.entropy.value, one.overlap.value - other.overlap.value])
    return np.abs(rows).mean(axis=0)


def test_without_edge_messages_the_difference_falls_as_1_over_n():
    # N times the differences is 0.09..0.12 in the entropy and 0.23..0.41 in the overlap at both sizes
    small = mean_differences(201, 101, ("amp", "gaussian"), 6)
    large = mean_differences(1601, 801, ("amp", "gaussian"), 2)
    ratio = small / large
    assert np.all(ratio > 0.6 * 1601 / 201)
    assert np.all(ratio < 1.7 * 1601 / 201)


def test_to_first_order_the_difference_falls_as_1_over_n():
    small = mean_differences(201, 101, ("relaxed", "gaussian"), 6)
    large = mean_differences(1601, 801, ("relaxed", "gaussian"), 2)
    assert 0.6 * 1601 / 201 < small[1] / large[1] < 1.7 * 1601 / 201
    assert small[0] < 0.01 / 201  # in the entropy it is of higher order
    assert large[0] < 0.01 / 1601


def test_the_gaussian_node_comes_near_the_exact_one():
    # N times the differences is below 0.02 in the entropy and 0.03 in the overlap at N = 75 and 301
    for n_weights, n_instances in ((75, 4), (301, 1)):
        difference = mean_differences(n_weights, n_weights // 4, ("gaussian", "exact"), n_instances)
        assert np.all(difference < 0.05 / n_weights)


def against_theory(seeds):
    """(mean over instances less theory, its standard error) at N = 2001, α = 0.5."""
    entropies = []
    for seed in seeds:
        patterns = instance(2001, 1000, seed)
        result = belief_propagation(patterns, node="amp")
        assert result.status is Status.CONVERGED
        entropies.append(result.entropy.value)
    theory = typical_solutions(patterns.load, result.effective_margin).entropy.value
    return np.mean(entropies) - theory, np.std(entropies, ddof=1) / math.sqrt(len(entropies))


def test_the_mean_entropy_is_that_of_theory():
    # 3 standard errors of 8 instances: false alarms 2% over seeds, which are fixed; an instance fluctuates by 0.006,
    # as |Σ_μ ξ^μ|²/(NP) does
    difference, error = against_theory(range(8))
    assert error < 0.004
    assert abs(difference) < 3.0 * error


@pytest.mark.slow
def test_the_mean_entropy_of_many_is_that_of_theory():
    # 3 standard errors of 20 instances: false alarms 0.7% over seeds, which are fixed
    difference, error = against_theory(range(100, 120))
    print(f"mean entropy less theory: {difference:.5f} ± {error:.5f}")
    assert error < 0.0025
    assert abs(difference) < 3.0 * error


# per weight; amp and exact messages make their free entropy stationary, Gaussian ones up to O(1/N)
@pytest.mark.parametrize(
    ("node", "n_weights", "allowed"),
    [("exact", 21, 1e-7), ("amp", 21, 1e-7), ("amp", 201, 1e-7), ("gaussian", 21, 0.02 / 21), ("gaussian", 201, 1e-4)],
)
def test_magnetisations_are_derivatives_of_the_free_entropy(node, n_weights, allowed):
    patterns = instance(n_weights, int(0.3 * n_weights), 1)
    direction = 0.3 * np.random.default_rng(5).standard_normal(n_weights)
    below, middle, above = (
        belief_propagation(patterns, node=node, external=scale * direction, options=FINE)
        for scale in (0.999, 1.0, 1.001)
    )
    derivative = (above.free_entropy.value - below.free_entropy.value) / 0.002
    assert derivative == pytest.approx(middle.magnetisations @ direction / n_weights, abs=allowed)


@pytest.mark.parametrize("node", ["gaussian", "relaxed", "exact"])
@pytest.mark.parametrize("damping", [0.0, 0.3])
def test_sequential_sweeps_settle_on_the_same_point(node, damping):
    patterns = instance(61, 20, 3)
    tolerance = 1e-5 if node == "relaxed" else 1e-9
    options = SweepOptions(damping=damping, sequential=True, tolerance=tolerance)
    sequential = belief_propagation(patterns, 0.1, node=node, options=options, rng=np.random.default_rng(1))
    parallel = belief_propagation(patterns, 0.1, node=node, options=SweepOptions(tolerance=tolerance))
    assert sequential.status is parallel.status is Status.CONVERGED
    assert np.abs(sequential.magnetisations - parallel.magnetisations).max() < 100 * tolerance


@pytest.mark.parametrize("node", NODES)
def test_without_effect_of_the_patterns_weights_are_free(node):
    patterns = instance(101, 20, 4)
    external = 0.3 * np.random.default_rng(6).standard_normal(101)
    result = belief_propagation(patterns, -9.0, node=node, external=external, options=FINE)
    assert np.abs(result.magnetisations - np.tanh(external)).max() < 1e-6
    assert result.free_entropy.value == pytest.approx(np.log(2 * np.cosh(external)).mean(), abs=1e-6)


def test_a_run_goes_on_from_the_messages_of_another():
    patterns = instance(101, 40, 5)
    node = node_of("gaussian", patterns, patterns.threshold())
    first = belief_propagation(patterns, node=node)
    again = belief_propagation(patterns, node=node)
    assert again.n_sweeps < first.n_sweeps / 4
    assert again.entropy.value == pytest.approx(first.entropy.value, abs=1e-5)


def test_gaussian_patterns():
    patterns = instance(301, 90, 6, gaussian=True)
    gaussian, relaxed = (belief_propagation(patterns, 0.1, node=node) for node in ("gaussian", "relaxed"))
    assert gaussian.effective_margin == 0.1
    assert gaussian.entropy.value == pytest.approx(relaxed.entropy.value, abs=1.0 / 301)
    for node in ("exact", "amp"):
        with pytest.raises(ValueError, match=f"Gaussian, which node '{node}' does not take"):
            belief_propagation(patterns, node=node)


def test_messages_that_do_not_settle_are_a_status():
    patterns = instance(101, 50, 7)
    options = SweepOptions(max_sweeps=1)
    result = belief_propagation(patterns, options=options)
    assert result.status is Status.NOT_CONVERGED
    assert math.isfinite(result.entropy.value)
    with pytest.raises(ConvergenceError, match="did not settle") as caught:
        belief_propagation(patterns, options=options, throw=True)
    assert caught.value.result.status is Status.NOT_CONVERGED
    assert caught.value.result.entropy.value == result.entropy.value


def test_errors_of_the_iteration_are_of_the_right_size():
    patterns = instance(201, 100, 8)
    exact = belief_propagation(patterns, options=FINE)
    for tolerance in (1e-2, 1e-3, 1e-4):
        rough = belief_propagation(patterns, options=SweepOptions(tolerance=tolerance))
        assert abs(rough.entropy.value - exact.entropy.value) < 3 * rough.entropy.error
        assert abs(rough.overlap.value - exact.overlap.value) < 3 * rough.overlap.error
        assert rough.entropy.error < tolerance


def test_bad_input_is_named():
    patterns, other = instance(11, 3, 9), instance(11, 3, 10)
    for arguments, message in (
        ({"node": "mean field"}, "node = 'mean field' is not known; allowed: gaussian, relaxed, exact, amp"),
        ({"external": np.zeros(10)}, r"external has shape \(10,\)"),
        ({"external": math.nan}, "not finite"),
        ({"margin": math.inf}, "margin = inf"),
        ({"node": node_of("exact", other, other.threshold())}, "belongs to another instance"),
        ({"node": node_of("exact", patterns, patterns.threshold(0.5))}, "belongs to another instance or margin"),
        ({"node": "amp", "options": SweepOptions(sequential=True)}, "sequential = True is not possible"),
    ):
        with pytest.raises(ValueError, match=message):
            belief_propagation(patterns, **arguments)
    for options in ({"damping": 1.0}, {"damping": -0.1}, {"tolerance": 0.0}, {"max_sweeps": 0}, {"max_sweeps": 1.5}):
        with pytest.raises(ValueError, match=f"{next(iter(options))} = .* allowed"):
            SweepOptions(**options)


@pytest.mark.parametrize("size", [(201, 101), (2001, 1000)])
def test_packed_sweeps_settle_in_double_precision(size):
    # a residual that single precision could not reach, and the equations of the fixed point in plain NumPy
    patterns = instance(*size, 7)
    state = node_of("amp", patterns, patterns.threshold())
    options = SweepOptions(tolerance=1e-12, max_sweeps=500)
    assert belief_propagation(patterns, node=state, options=options).status is Status.CONVERGED
    xi = patterns.values.astype(np.float64)
    means = np.tanh(state.fields)
    variance = np.sum(1.0 - means**2)
    argument = (xi @ means - variance * state.slopes) / math.sqrt(variance)
    ratio = np.exp(-0.5 * argument**2 - log_ndtr(argument)) / math.sqrt(2.0 * math.pi)
    slopes, curvature = ratio / math.sqrt(variance), -np.sum(ratio * (ratio + argument)) / variance
    assert np.abs(state.slopes - slopes).max() < 1e-10
    assert np.abs(state.fields - (slopes @ xi - means * curvature)).max() < 1e-10
