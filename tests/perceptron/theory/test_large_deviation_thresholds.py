"""α_u under its three definitions: literature, what each of them means, and independence of grid and start."""

import math

import numpy as np
import pytest

from perceptron.base.results import ConvergenceError, Status
from perceptron.theory.coupled import thresholds
from perceptron.theory.coupled.solutions import coupled_profile, coupled_solutions, densest_regions
from perceptron.theory.coupled.thresholds import (
    alpha_u,
    alpha_u_infinite_replicas,
    alpha_u_real_replicas,
    alpha_u_reference,
    region_thresholds,
)
from perceptron.theory.franz_parisi.thresholds import dense_core_load
from perceptron.theory.typical.solutions import capacity


def test_both_definitions_on_the_balanced_curve_round_to_the_literatures_value():
    """Phys. Rev. Lett. 127, 278301 (2021) quotes 0.77; the limit of many replicas is not that number."""
    assert round(alpha_u_reference().value, 2) == 0.77
    assert round(alpha_u_real_replicas().value, 2) == 0.77
    assert round(alpha_u_infinite_replicas().value, 2) == 0.76
    assert alpha_u() == alpha_u_reference()


def test_the_definitions_are_three_numbers_with_names_and_errors():
    found = list(region_thresholds())
    names = ["alpha_u_infinite_replicas", "alpha_u_real_replicas", "alpha_u_reference"]
    assert [solution.name for solution in found] == names
    for solution in found:
        assert solution.status is Status.CONVERGED
        assert 0.0 < solution.error < 1e-8
    a, b, c = (solution.value for solution in found)
    assert dense_core_load().value < a < c < b < capacity().value
    assert min(c - a, b - c) > 0.005


def test_each_one_says_whether_it_is_stable():
    a, b, c = region_thresholds()
    assert (a.is_stable, b.is_stable, c.is_stable) == (False, True, False)
    assert math.isinf(a.outer_replicon)
    assert a.external_entropy < 0.0
    assert max(a.inner_replicon, b.inner_replicon, c.inner_replicon) < 1.0
    for solution in (b, c):
        assert solution.external_entropy == pytest.approx(0.0, abs=1e-10)


def test_a_is_where_the_limit_of_many_replicas_stops_being_monotone():
    solution = alpha_u_infinite_replicas()
    around = solution.distance * np.linspace(0.8, 1.2, 21)
    for shift, sign in ((-1e-4, 1.0), (1e-4, -1.0)):
        slopes = [point.derivative for point in coupled_profile(solution.value + shift, around, math.inf).points]
        assert sign * min(slopes) > 0.0


def test_finitely_many_replicas_approach_a_like_their_inverse():
    """The load where F(d) at fixed y stops being monotone, from slopes next to the distance of (a)."""
    solution, gaps = alpha_u_infinite_replicas(), []
    around = solution.distance * np.linspace(0.9, 1.1, 11)
    for y in (200.0, 400.0):
        loads = solution.value + np.array([0.2, 1.0]) / y
        lowest = [min(p.derivative for p in coupled_profile(load, around, y).points) for load in loads]
        gaps.append(np.interp(0.0, lowest[::-1], loads[::-1]) - solution.value)
    assert gaps[0] / gaps[1] == pytest.approx(2.0, abs=0.1)
    assert gaps[1] == pytest.approx(0.5 / 400.0, rel=0.15)


def test_b_is_where_the_densest_regions_stop_being_monotone():
    solution = alpha_u_real_replicas()
    around = solution.distance * np.geomspace(0.6, 1.6, 17)
    for shift, sign in ((-1e-4, 1.0), (1e-4, -1.0)):
        slopes = [point.derivative for point in coupled_profile(solution.value + shift, around).points]
        assert sign * min(slopes) > 0.0
    at = densest_regions(solution.value, solution.distance)
    assert at.n_replicas == pytest.approx(solution.n_replicas, rel=1e-6)
    assert at.derivative == pytest.approx(0.0, abs=1e-8)
    assert at.outer_replicon == pytest.approx(solution.outer_replicon, rel=1e-6)


def test_c_is_where_the_curve_around_a_reference_breaks():
    solution = alpha_u_reference()
    whole = coupled_profile(solution.value - 2e-4, [0.5 * solution.distance, 1.4 * solution.distance], reference=True)
    assert whole.status is Status.CONVERGED
    broken = coupled_profile(solution.value + 2e-4, [solution.distance], reference=True)
    assert broken.status is Status.END_OF_BRANCH
    at = coupled_solutions(solution.value, solution.distance, solution.n_replicas, reference=True)
    assert at.external_entropy == pytest.approx(0.0, abs=1e-8)
    assert at.reference_distance == pytest.approx(solution.reference_distance, rel=1e-4)
    # F_E is stationary in y there, and in the mutual distance
    for d, y in ((1.01, 1.0), (0.99, 1.0), (1.0, 1.01), (1.0, 0.99)):
        near = coupled_solutions(solution.value, d * solution.distance, y * solution.n_replicas, reference=True)
        assert abs(near.external_entropy) < 5e-5


@pytest.mark.parametrize("definition", [thresholds.INFINITE_REPLICAS, thresholds.REAL_REPLICAS, thresholds.REFERENCE])
def test_another_start_grid_and_difference_change_nothing(definition):
    reference = thresholds._at_margin(definition, 0.0)
    start = np.array(definition.start) + 0.03
    other = thresholds._solve(definition, 0.0, start, step=2e-3, refinement=2.0)
    assert other.point.load == pytest.approx(reference.value, abs=1e-7)


def test_all_of_them_fall_with_the_margin_between_core_and_capacity():
    for margin in (-0.3, 0.3, 1.0):
        for solution in region_thresholds(margin):
            assert solution.status is Status.CONVERGED
            assert dense_core_load(margin).value < solution.value < capacity(margin).value
    values = [alpha_u(margin).value for margin in (-0.3, 0.0, 0.3, 1.0)]
    assert np.all(np.diff(values) < 0.0)


def test_where_continuation_ends_there_is_no_number():
    solution = alpha_u_real_replicas(-3.0, throw=False)
    assert solution.status is Status.NOT_CONVERGED
    assert math.isnan(solution.value)
    with pytest.raises(ConvergenceError):
        alpha_u_real_replicas(-3.0)


@pytest.mark.parametrize("margin", [math.nan, math.inf, "0.1", None])
def test_bad_margins_are_named(margin):
    for solve in (alpha_u, alpha_u_infinite_replicas, alpha_u_real_replicas, alpha_u_reference):
        with pytest.raises(ValueError, match=r"margin = .*allowed"):
            solve(margin)
