"""Tree committees of three units: surroundings of their solutions, and all of the one with ReLU units."""

import math
from itertools import combinations

import numpy as np
import pytest
from plain_committees import log_majority, log_rectified
from scipy.optimize import minimize

from perceptron.kernels.committees.term_by_differences import moved
from perceptron.kernels.committees.three_relus import (
    BALANCED,
    ReluCommitteeOfThree,
    label_grid,
    outputs_at,
)
from perceptron.kernels.committees.three_signs import SignCommitteeOfThree
from perceptron.kernels.committees.wide import WideReluCommittee
from perceptron.kernels.franz_parisi.energetic import energetic_term
from perceptron.kernels.franz_parisi.entropic import Conjugates, Overlaps, entropic_term
from perceptron.kernels.typical.replica_symmetric import energetic_averages
from perceptron.kernels.typical.spherical import SphericalWeights
from perceptron.theory.franz_parisi.branch import franz_parisi_branch, make_problem
from perceptron.theory.typical.saddle_end import distance_downwards, distance_upwards
from perceptron.theory.typical.solutions import capacity, maximum_margin, typical_solutions

SPHERE = SphericalWeights()
THREE = SignCommitteeOfThree()
RELU_THREE = ReluCommitteeOfThree(0.1)


def draws_of(problem_overlaps, n_draws):
    """Cavity field of the reference, its stability and the counted cavity mean, of three units."""
    p, t, q, own = problem_overlaps
    root = np.linalg.cholesky([[own, own, t], [own, 1.0, p], [t, p, q]])
    return np.einsum("ij,jkn->ikn", root, np.random.default_rng(3).standard_normal((3, 3, n_draws)))


@pytest.mark.slow
def test_energetic_term_of_three_units_is_that_of_random_draws():
    deficit, entropic = surroundings(SignCommitteeOfThree)
    found = energetic_term(THREE, THREE, deficit, entropic, 1.0)
    p, q, own = 1 - entropic.one_minus_p, 1 - entropic.one_minus_q, 1 - deficit
    h, x, omega = draws_of((p, own - entropic.t_deficit, q, own), 2_000_000)
    weight = ((x > 0).sum(axis=0) >= 2) * np.exp(-log_majority(h, deficit))
    draws = weight * log_majority(omega, 1 - q)
    assert abs(draws.mean() - found.value) < 4 * draws.std() / math.sqrt(draws.size)


@pytest.mark.slow
def test_energetic_term_of_three_relu_units_is_that_of_random_draws():
    """Both margins and labels; Z by outputs at the drawn fields, which other tests check, one triple at a time."""
    deficit, entropic = surroundings(ReluCommitteeOfThree)
    reference, counted = ReluCommitteeOfThree(0.2), ReluCommitteeOfThree(0.05)
    found = energetic_term(counted, reference, deficit, entropic, 1.0)
    p, q, own = 1 - entropic.one_minus_p, 1 - entropic.one_minus_q, 1 - deficit
    h, x, omega = draws_of((p, own - entropic.t_deficit, q, own), 20_000)
    output, draws = np.maximum(x, 0.0).sum(axis=0) / math.sqrt(3.0) - BALANCED, np.zeros(20_000)
    for label in (-1.0, 1.0):
        met = label * output >= reference.margin
        own_z, counted_z = (
            probabilities(reference, label, h[:, met], deficit),
            probabilities(counted, label, omega[:, met], 1 - q),
        )
        draws[met] += 0.5 * np.log(counted_z) / own_z
    assert abs(draws.mean() - found.value) < 4 * draws.std() / math.sqrt(draws.size)
    assert draws.std() / math.sqrt(draws.size) < 0.02 * abs(found.value)


def probabilities(constraint, label, fields, variance):
    """Z at the columns of fields."""
    grid = label_grid(constraint, label, math.sqrt(variance), 1.5)
    return np.array(
        [outputs_at(grid, np.ascontiguousarray(triple), variance).probability[0, 1, 2] for triple in fields.T]
    )


def surroundings(step):
    """Deficit of references at load 0.5, and overlaps around them that belong to no saddle."""
    problem = make_problem(0.5, 0.0, 0.0, step)
    deficit = problem.reference_one_minus_q
    return deficit, entropic_term(problem.reference_q_hat, deficit, Conjugates(0.15, 0.8, 1.0), 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("step", [SignCommitteeOfThree, ReluCommitteeOfThree])
def test_derivatives_of_the_term_of_three_units(step):
    """First ones against differences of values, second ones, which are differences themselves, roughly."""
    deficit, entropic = surroundings(step)
    here, change = Overlaps(entropic.one_minus_p, entropic.t_deficit, entropic.one_minus_q), 1e-4
    found = energetic_term(step(), step(), deficit, entropic, 1.0)
    for k, name in enumerate(("p", "t", "q")):
        steps = np.zeros(3)
        steps[k] = change
        above = moved(step(), step(), deficit, here, tuple(steps), 1.0)
        below = moved(step(), step(), deficit, here, tuple(-steps), 1.0)
        assert getattr(found, f"d_{name}") == pytest.approx((above.value - below.value) / (2 * change), rel=1e-6)
        second = (getattr(above, f"d_{name}") - getattr(below, f"d_{name}")) / (2 * change)
        assert getattr(found, f"d_{name}{name}") == pytest.approx(second, rel=5e-3)


@pytest.mark.slow
@pytest.mark.parametrize("step", [SignCommitteeOfThree, ReluCommitteeOfThree])
def test_second_derivatives_survive_the_edge_of_the_feasible_overlaps(step):
    """References and counted solutions alike at p = t = q = q̃: the counted field is then known from the reference."""
    problem = make_problem(0.5, 0.0, 0.0, step)
    deficit, q_hat = problem.reference_one_minus_q, problem.reference_q_hat
    at_edge, inside = (
        energetic_term(step(), step(), deficit, entropic_term(q_hat, deficit, Conjugates(v, q_hat, q_hat), 1.0), 1.0)
        for v in (0.0, 0.003)
    )
    for name in ("d_pp", "d_pt", "d_pq", "d_tt", "d_tq", "d_qq"):
        assert getattr(at_edge, name) == pytest.approx(getattr(inside, name), rel=2e-2)


@pytest.mark.slow
@pytest.mark.parametrize("step", [SignCommitteeOfThree, ReluCommitteeOfThree])
def test_local_entropy_of_three_units(step):
    branch = franz_parisi_branch(0.5, 0.0, step=step)
    typical = typical_solutions(0.5, step())
    assert branch.d_star.value == pytest.approx(typical.typical_distance.value, abs=1e-8)
    assert branch.top.local_entropy == pytest.approx(typical.entropy.value, abs=1e-8)
    step_of_d = 1e-3
    here, above = branch.at(0.2), branch.at(0.2 + step_of_d)
    bent = step_of_d / 12.0 * (above.second_derivative - here.second_derivative)  # of the trapezoidal rule
    slope = (above.local_entropy - here.local_entropy) / step_of_d
    assert slope == pytest.approx(0.5 * (here.derivative + above.derivative) - bent, rel=1e-6)


@pytest.mark.slow
def test_around_references_of_the_largest_margin_more_relu_solutions_are_near():
    largest = maximum_margin(0.5, ReluCommitteeOfThree).value
    near = [franz_parisi_branch(0.5, margin, step=ReluCommitteeOfThree).at(0.1) for margin in (0.0, largest)]
    assert near[0].local_entropy < near[1].local_entropy < -0.1 * math.log(0.1) - 0.9 * math.log(0.9)


# three ReLU units: typical solutions


def test_at_the_balanced_threshold_random_weights_give_either_label_to_half_of_the_patterns():
    assert log_rectified(np.zeros(3), 1.0, -1.0, math.sqrt(3.0) * BALANCED) == pytest.approx(math.log(0.5), abs=1e-12)


@pytest.mark.parametrize("label", [-1.0, 1.0])
def test_outputs_of_three_relu_units(label):
    """Probability against a plain double sum; its derivatives by differences; all symmetric in the units."""
    fields, variance, change = np.array([-0.9, 0.3, 1.4]), 0.35, 1e-4
    grid = label_grid(RELU_THREE, label, math.sqrt(variance), 1.0)
    around = np.concatenate((fields, fields[2] + [change, -change], fields[1] + [change, -change]))
    outputs = outputs_at(grid, around, variance)
    z = outputs.probability
    for triple in ((0, 1, 2), (0, 0, 0), (2, 2, 2), (1, 2, 0)):
        expected = log_rectified(fields[list(triple)], variance, label, math.sqrt(3.0) * (BALANCED + 0.1 * label))
        assert math.log(z[triple]) == pytest.approx(expected, abs=1e-10)
    assert z[0, 1, 2] == pytest.approx(z[2, 0, 1], rel=1e-12)
    assert outputs.third[0, 1, 2] == pytest.approx((z[0, 1, 3] - z[0, 1, 4]) / (2 * change), rel=1e-7)
    slopes = outputs.third
    assert outputs.third_third[0, 1, 2] == pytest.approx((slopes[0, 1, 3] - slopes[0, 1, 4]) / (2 * change), rel=1e-7)
    assert outputs.second_third[0, 1, 2] == pytest.approx((slopes[0, 5, 2] - slopes[0, 6, 2]) / (2 * change), rel=1e-7)


def test_the_slope_of_three_relu_units_is_the_derivative_in_the_margin():
    low, here, high = (energetic_averages(ReluCommitteeOfThree(0.1 + step), 0.5, 1.0) for step in (-1e-4, 0.0, 1e-4))
    assert here.slope == pytest.approx(-(high.log_probability - low.log_probability) / 2e-4, rel=1e-7)


def test_three_relu_units_store_less_than_many_and_less_than_the_first_moment_allows():
    """At the balanced threshold the first moment is 2^{N-P}."""
    ends = capacity(ReluCommitteeOfThree()), capacity(WideReluCommittee(0.0))
    assert ends[0].value < ends[1].value < 1.0
    assert ends[0].error < 1e-11
    assert ends[0].replicon < 1.0


def enumerated_relu(n, n_patterns, rng):
    """The number of solutions of three branches of n weights behind ReLU units, with Gaussian patterns."""
    weights = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    fields = np.einsum("wi,pbi->pbw", weights, rng.standard_normal((n_patterns, 3, n))) / math.sqrt(n)
    solved = np.ones((2**n, 2**n, 2**n), dtype=bool)
    for first, second, third in np.maximum(fields, 0.0):
        above = first[:, None, None] + second[:, None] + third >= math.sqrt(3.0) * BALANCED
        solved &= above if rng.random() < 0.5 else ~above
    return solved.sum()


@pytest.mark.slow
def test_enumerated_relu_committees_approach_the_entropy():
    """(1/N)⟨ln Z⟩ at α = 1/3, N = 9, 15 and 21, with a straight line in 1/N."""
    rng = np.random.default_rng(12)
    sizes, means, errors = np.array([9, 15, 21]), [], []
    for size, n_instances in zip(sizes, (20000, 8000, 200), strict=True):
        numbers = np.array([enumerated_relu(size // 3, size // 3, rng) for _ in range(n_instances)])
        entropies = np.log(numbers[numbers > 0]) / size
        means.append(entropies.mean())
        errors.append(entropies.std() / math.sqrt(n_instances))
    (_, limit), covariance = np.polyfit(1.0 / sizes, means, 1, w=1.0 / np.array(errors), cov="unscaled")
    expected = typical_solutions(1.0 / 3.0, ReluCommitteeOfThree()).entropy.value
    annealed = math.log(2.0) * 2.0 / 3.0
    assert abs(limit - expected) < 4 * math.sqrt(covariance[1, 1]) < annealed - expected


def test_distances_to_the_sides_of_the_threshold_are_the_shortest():
    """Against a general optimiser from several starts."""
    rng, threshold = np.random.default_rng(4), 1.0
    fields = 1.5 * rng.standard_normal((12, 3))
    for side, distance in ((1.0, distance_upwards), (-1.0, distance_downwards)):
        for point, found in zip(fields, distance(fields, threshold), strict=True):
            moved_to = [
                minimize(
                    lambda x, point=point: np.sum((x - point) ** 2),
                    start,
                    constraints={"type": "ineq", "fun": lambda x, s=side: s * (np.maximum(x, 0.0).sum() - threshold)},
                    method="SLSQP",
                )
                for start in np.vstack((point, point + 2.0 * np.eye(3), np.eye(3), -np.ones((1, 3)), point + 1.0))
            ]
            reached = [step.fun for step in moved_to if step.success]
            assert found == pytest.approx(math.sqrt(max(min(reached), 0.0)), abs=2e-3)


def test_spherical_weights_behind_three_relu_units_end_at_the_mean_squared_distance():
    """Σ max(x, 0) is the largest sum over some units, so that one label asks for a union of half-spaces, the nearest of
    which counts; the other for their intersection, to which a common threshold λ on all units leads."""
    fields, bound = np.random.default_rng(5).standard_normal((2_000_000, 3)), math.sqrt(3.0) * BALANCED
    subsets = [list(units) for number in (1, 2, 3) for units in combinations(range(3), number)]
    missing = [np.maximum(bound - fields[:, units].sum(axis=1), 0.0) / math.sqrt(len(units)) for units in subsets]
    positive = -np.sort(-np.maximum(fields, 0.0), axis=1)
    common = np.maximum(((positive.cumsum(axis=1) - bound) / np.arange(1, 4)).max(axis=1), 0.0)
    beyond = (np.minimum(positive, common[:, None]) ** 2).sum(axis=1)
    squared = 0.5 * (np.min(missing, axis=0) ** 2 + beyond)
    end = capacity(ReluCommitteeOfThree(), prior=SPHERE)
    assert abs(squared.mean() - 1.0 / end.value) < 4 * squared.std() / math.sqrt(squared.size)
    assert end.error < 1e-4


@pytest.mark.slow
def test_spherical_weights_behind_three_relu_units_end_where_their_saddle_leads():
    """At given q the load is explicit, 1/α = ⟨g²⟩(1 - q)²/q, and regular but for a term in (1 - q)^(3/2)."""
    end, deficits = capacity(ReluCommitteeOfThree(), prior=SPHERE), np.array([0.1, 0.07, 0.05])
    squared = [energetic_averages(ReluCommitteeOfThree(), deficit, 1.0).squared_slope for deficit in deficits]
    terms = deficits[:, None] ** np.array([0.0, 1.0, 1.5])
    at_end = np.linalg.solve(terms, np.array(squared) * deficits**2)[0]
    assert end.value == pytest.approx(1.0 / at_end, rel=5e-3)


# bad input


def test_three_relu_units_have_margins_within_their_threshold():
    for margin in (0.6, -0.6):
        with pytest.raises(ValueError, match="margin"):
            typical_solutions(0.5, ReluCommitteeOfThree(margin))
    with pytest.raises(ValueError, match="threshold"):
        typical_solutions(0.5, ReluCommitteeOfThree(0.0, 0.0))
    with pytest.raises(ValueError, match="reference_margin"):
        franz_parisi_branch(0.5, 0.5, step=ReluCommitteeOfThree)
