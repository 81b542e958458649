"""Franz-Parisi entropy: identities, limits, an independent dense-quadrature version, and the paper's statements."""

import math

import numpy as np
import pytest

from benchmarks import plain_scipy
from perceptron.base.profile import geometric_bound
from perceptron.base.results import ConvergenceError, Status
from perceptron.kernels.franz_parisi import saddle as kernels
from perceptron.kernels.franz_parisi.energetic import energetic_term
from perceptron.kernels.franz_parisi.entropic import Conjugates, entropic_term
from perceptron.theory.franz_parisi.branch import franz_parisi_branch, make_problem
from perceptron.theory.typical.solutions import maximum_margin, typical_solutions

LOADS = (0.05, 0.3, 0.5, 0.7, 0.8)
MARGINS = (-0.5, 0.0, 0.2)
SHARES = (0.05, 0.5, 1.0)  # of the reference margin between the counted one (or 0) and the maximum


def _grid():
    for load in LOADS:
        end = maximum_margin(load).value
        for margin in MARGINS:
            low = min(max(margin, 0.0), end)
            for share in SHARES:
                fast = load in (0.3, 0.7) and share != 0.5
                place = (load, low + share * (end - low), margin)
                yield pytest.param(*place, marks=() if fast else pytest.mark.slow)


GRID = list(_grid())


def distances_for(branch):
    robust = branch.problem.reference.margin > branch.problem.counted.margin
    return np.geomspace(2e-5 if robust else 1e-3, 1.15 * branch.d_star.value, 15)


def converged(branch):
    points = [branch.at(float(d), throw=False) for d in distances_for(branch)[::-1]]
    return [point for point in points if point.status is Status.CONVERGED]


@pytest.mark.parametrize(("load", "reference_margin", "margin"), GRID)
def test_the_global_maximum_is_the_entropy_of_the_counted_solutions(load, reference_margin, margin):
    branch = franz_parisi_branch(load, reference_margin, margin)
    counted = typical_solutions(load, margin)
    top = branch.at(branch.d_star.value)
    assert top.local_entropy == pytest.approx(counted.entropy.value, abs=1e-12)
    assert top.overlap == pytest.approx(counted.overlap.value, abs=1e-11)
    assert top.q_hat == pytest.approx(counted.q_hat.value, rel=1e-10)
    assert top.other_reference_overlap == pytest.approx(top.reference_overlap, abs=1e-12)
    assert abs(top.derivative) < 1e-10
    assert top.second_derivative < 0.0
    assert branch.d_star.error < 1e-9


@pytest.mark.parametrize(("load", "reference_margin", "margin"), GRID)
def test_derivatives_agree_with_finite_differences(load, reference_margin, margin):
    branch = franz_parisi_branch(load, reference_margin, margin)
    for point in converged(branch)[::3]:
        step = 1e-3 * point.distance
        stencil = [branch.at(point.distance + k * step, throw=False) for k in (-2, -1, 1, 2)]
        if any(p.status is not Status.CONVERGED for p in stencil):
            continue
        weights = np.array([1.0, -8.0, 8.0, -1.0]) / (12.0 * step)
        by_entropy = weights @ [p.local_entropy for p in stencil]
        by_slope = weights @ [p.derivative for p in stencil]
        # the stencil's own error: sixth-order terms and the rounding of the entropies
        allowed = 1e-8 + 1e-9 * abs(point.derivative) + 20.0 * point.local_entropy_error / step
        assert by_entropy == pytest.approx(point.derivative, abs=allowed)
        slack = 1e-6 * abs(point.second_derivative) + 10.0 * point.second_derivative_error
        assert by_slope == pytest.approx(point.second_derivative, abs=slack)


@pytest.mark.parametrize(("load", "reference_margin", "margin"), GRID)
def test_doubling_the_quadrature_stays_within_the_error(load, reference_margin, margin):
    branch = franz_parisi_branch(load, reference_margin, margin)
    for point in converged(branch)[::2]:
        saddle = branch.saddles[point.distance]
        closure = kernels.Closure(kernels.DISTANCE, point.distance)
        doubled = kernels.solve_saddle_point(branch.problem, saddle.conjugates, closure, 2.0, 1e-12)
        if point.distance >= 1e-3:
            assert point.local_entropy == pytest.approx(doubled.local_entropy, abs=1e-8)
            assert point.derivative == pytest.approx(doubled.derivative, abs=1e-8)
        assert abs(point.local_entropy - doubled.local_entropy) <= 10.0 * point.local_entropy_error
        assert abs(point.derivative - doubled.derivative) <= 10.0 * point.derivative_error


@pytest.mark.parametrize(("load", "reference_margin"), [(0.5, 0.0), (0.5, 0.2), (0.729, 0.1)])
def test_an_independent_dense_quadrature_gives_the_same(load, reference_margin):
    # the dense version cuts its grids at 8 standard deviations and loses the edge in u below these distances
    distances = np.array([0.05, 0.1, 0.2])
    entropy, derivative = plain_scipy.local_entropy_profile(load, reference_margin, 0.0, distances)
    branch = franz_parisi_branch(load, reference_margin)
    for d, value, slope in zip(distances, entropy, derivative, strict=True):
        point = branch.at(float(d))
        assert point.local_entropy == pytest.approx(value, abs=2e-10)
        assert point.derivative == pytest.approx(slope, abs=2e-9)


def test_terms_have_the_gradients_and_hessians_of_one_free_entropy():
    problem = make_problem(0.5, 0.2, 0.0)
    q_tilde_hat, one_minus_q = problem.reference_q_hat, problem.reference_one_minus_q
    start, step = np.array([0.8, 0.6, 1.3]), 1e-5

    def entropic(x):
        term = entropic_term(q_tilde_hat, one_minus_q, Conjugates(*x), 1.0)
        return np.array([term.one_minus_p, one_minus_q + term.t_deficit - 1.0, term.one_minus_q]), term

    shifts = np.eye(3) * step
    numeric = np.array([entropic(start + s)[0] - entropic(start - s)[0] for s in shifts]).T / (2 * step)
    term = entropic(start)[1]
    exact = kernels.overlap_gradient(problem, Conjugates(*start), term)
    np.testing.assert_allclose(-numeric, exact, atol=1e-9)

    def energetic(x):
        """As a function of (p, t, q), with the conditional variance that belongs to them."""
        p, t, q = x
        q_tilde = 1.0 - one_minus_q
        variance = q - t * t / q_tilde - (p - t) ** 2 / one_minus_q
        moved = term._replace(
            one_minus_p=1.0 - p, t_deficit=q_tilde - t, one_minus_q=1.0 - q, conditional_variance=variance
        )
        return np.array(energetic_term(problem.counted, problem.reference, one_minus_q, moved, 1.0))

    here = np.array([1.0 - term.one_minus_p, 1.0 - one_minus_q - term.t_deficit, 1.0 - term.one_minus_q])
    value = energetic(here)
    numeric = np.array([energetic(here + s) - energetic(here - s) for s in shifts]) / (2 * step)
    np.testing.assert_allclose(numeric[:, 0], value[1:4], atol=1e-8)
    hessian = [[value[4], value[5], value[6]], [value[5], value[7], value[8]], [value[6], value[8], value[9]]]
    np.testing.assert_allclose(numeric[:, 1:4], hessian, atol=1e-8)


def test_stability_of_the_saddle_at_d_star_is_that_of_the_counted_solutions():
    branch = franz_parisi_branch(0.5, 0.1, 0.0)
    top = branch.at(branch.d_star.value)
    assert top.replicon == pytest.approx(typical_solutions(0.5, 0.0).replicon.value, abs=1e-11)


@pytest.mark.parametrize("margin", MARGINS)
def test_equal_margins_meet_at_the_typical_distance(margin):
    load = 0.5
    typical = typical_solutions(load, margin)
    branch = franz_parisi_branch(load, margin, margin)
    assert branch.d_star.value == pytest.approx(typical.typical_distance.value, abs=1e-10)
    assert branch.top.conjugates.v == pytest.approx(0.0, abs=1e-9)
    for factor in (0.999, 1.001):  # v touches zero between these
        point = branch.at(factor * branch.d_star.value)
        assert point.local_entropy < typical.entropy.value
        assert point.derivative * (1.0 - factor) > 0.0


@pytest.mark.parametrize("margin", MARGINS)
def test_solutions_of_equal_margin_are_isolated(margin):
    branch = franz_parisi_branch(0.5, margin, margin)
    ends = branch.at(1e-5, throw=False)
    for distance in np.geomspace(1.2 * ends.distance, 1e-3 if margin < 0.0 else 2e-3, 5):
        assert branch.at(float(distance)).local_entropy < 0.0


@pytest.mark.parametrize(("load", "reference_margin"), [(0.3, 0.5), (0.5, 0.2), (0.5, 0.418), (0.7, 0.13)])
def test_nearly_all_configurations_near_a_robust_reference_are_solutions(load, reference_margin):
    branch = franz_parisi_branch(load, reference_margin)
    for distance in (2e-5, 5e-5, 1e-4):
        bound = geometric_bound(distance)
        point = branch.at(distance)
        assert point.local_entropy <= bound * (1.0 + 1e-10)
        assert point.local_entropy == pytest.approx(bound, rel=1e-3)
    assert branch.at(1e-7).local_entropy < 2e-6


@pytest.mark.parametrize("load", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("share", [0.1, 0.6, 1.0])
def test_the_local_entropy_never_exceeds_the_geometric_bound(load, share):
    branch = franz_parisi_branch(load, share * maximum_margin(load).value)
    for distance in np.geomspace(1e-3, 0.45, 12):
        point = branch.at(float(distance), throw=False)
        if point.status is Status.CONVERGED:
            assert point.local_entropy <= geometric_bound(distance) + 10.0 * point.local_entropy_error


def test_the_local_entropy_grows_with_the_reference_margin_below_d_star_of_the_maximum():
    load = 0.5
    end = maximum_margin(load).value
    limit = franz_parisi_branch(load, end).d_star.value
    branches = [franz_parisi_branch(load, share * end) for share in (0.0, 0.05, 0.1, 0.25, 0.5, 0.75, 1.0)]
    for distance in np.geomspace(2e-3, 0.99 * limit, 8):
        values = [branch.at(float(distance)).local_entropy for branch in branches]
        assert np.all(np.diff(values) > 0.0)


@pytest.mark.parametrize("load", [0.05, 0.3, 0.5, 0.7])
def test_the_profile_of_zero_margin_references_is_reached_down_to_small_distances(load):
    """The paper's own curve is missing there; beyond α = 0.55 the saddle ends above 1e-3 with q -> 1."""
    point = franz_parisi_branch(load, 0.0).at(1e-3 if load < 0.55 else 2.5e-3)
    assert point.status is Status.CONVERGED
    assert point.local_entropy_error < 1e-8
    assert point.derivative_error < 1e-8


def test_no_configuration_of_larger_margin_lies_near_and_the_status_says_so():
    branch = franz_parisi_branch(0.5, 0.0, 0.2)
    last = branch.at(0.01, throw=False)
    assert last.status is Status.END_OF_BRANCH
    assert last.one_minus_overlap < 1e-3
    assert last.local_entropy < 0.0
    dense = plain_scipy.local_entropy_profile(0.5, 0.0, 0.2, np.array([0.025, 0.03]))
    for k, distance in enumerate((0.025, 0.03)):
        assert branch.at(distance).local_entropy == pytest.approx(dense[0][k], abs=1e-9)
        assert branch.at(distance).derivative == pytest.approx(dense[1][k], abs=1e-7)
    with pytest.raises(ConvergenceError, match="1 - q") as caught:
        branch.at(0.01)
    assert caught.value.result == last


def test_a_gap_without_saddles_is_entered_from_both_sides():
    branch = franz_parisi_branch(0.8, 0.5 * maximum_margin(0.8).value)
    assert branch.at(2e-3).status is Status.CONVERGED
    assert branch.at(6e-4, throw=False).status is Status.END_OF_BRANCH
    below = branch.at(1e-5)
    assert below.status is Status.CONVERGED
    assert 0.0 < below.local_entropy < geometric_bound(1e-5)


@pytest.mark.parametrize("distance", [0.0, 1.0, -0.1, math.nan, "0.1"])
def test_a_bad_distance_is_named(distance):
    with pytest.raises(ValueError, match=r"distance = .*allowed"):
        franz_parisi_branch(0.5, 0.1).at(distance)


def test_references_must_exist_up_to_a_slack():
    end = maximum_margin(0.5).value
    assert franz_parisi_branch(0.5, end + 5e-10).d_star.value == pytest.approx(0.285, abs=5e-4)
    with pytest.raises(ValueError, match=r"reference_margin = .*allowed"):
        franz_parisi_branch(0.5, end + 2e-9)
    assert franz_parisi_branch(0.5, 0.1, end + 0.05).top.local_entropy < 0.0  # the counted margin may be anything
