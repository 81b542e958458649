"""Coupled solutions against an independent functional, identities, finite differences, limits and the literature."""

import math

import numpy as np
import pytest
from scipy.special import log_ndtr

from perceptron.base.results import ConvergenceError, Status
from perceptron.kernels.coupled.terms import Coupled, coupled_flat
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.theory.coupled.solutions import coupled_profile, coupled_solutions, densest_regions
from perceptron.theory.typical.solutions import typical_solutions

NODES, WEIGHTS = np.polynomial.legendre.leggauss(500)
Z = 20.0 * NODES  # the tilt by the y-th power moves the inner integrand far out
DZ = 20.0 * WEIGHTS * np.exp(-0.5 * Z * Z) / math.sqrt(2.0 * math.pi)


def log_average(exponents):
    """ln ∫Dz₁ e^{f} along the last axis."""
    top = exponents.max(axis=-1)
    return top + np.log(np.exp(exponents - top[..., None]) @ DZ)


def plain_functional(orders, place, *, reference):
    """F of theory sheet and docs at any order parameters (q₁, q₀, q̂₁, q̂₀, p̂, S), on a dense square grid."""
    q1, q0, q_hat, q_hat_0, p_hat, s = orders
    load, margin, y = place
    field = math.sqrt(q_hat_0) * Z[:, None] + math.sqrt(q_hat - q_hat_0) * Z[None, :]
    signs = (1.0, -1.0) if reference else (0.0,)
    entropic = np.logaddexp.reduce(
        [log_average(y * np.logaddexp(field + p_hat * w, -field - p_hat * w)) for w in signs], axis=0
    )
    x = (margin - math.sqrt(q0) * Z[:, None] - math.sqrt(q1 - q0) * Z[None, :]) / math.sqrt(1.0 - q1)
    energetic = log_average(y * log_ndtr(-x))
    cost = -0.5 * q_hat * (1.0 - q1) + 0.5 * y * (q0 * q_hat_0 - q1 * q_hat) - p_hat * s
    return cost + (DZ @ entropic + load * (DZ @ energetic)) / y


PLACES = [(0.5, 0.0, 2.0, False), (0.5, 0.1, 5.0, False), (0.7, 0.0, 3.0, True), (0.4, -0.3, 6.0, True)]


def orders_of(point, *, reference):
    s = 1.0 - 2.0 * point.reference_distance if reference else 0.0
    return np.array([point.overlap, point.outer_overlap, point.q_hat, point.outer_q_hat, point.p_hat, s])


@pytest.mark.parametrize(("load", "margin", "y", "reference"), PLACES)
def test_the_saddle_is_a_stationary_point_of_an_independent_functional(load, margin, y, reference):
    point = coupled_solutions(load, 0.1, y, margin, reference=reference)
    orders = orders_of(point, reference=reference)
    place = (load, margin, y)
    assert plain_functional(orders, place, reference=reference) == pytest.approx(point.entropy, abs=1e-12)
    free = (0, 1, 2, 3, 4) if reference else (1, 2, 3)
    for k in free:
        shift = 1e-5 * np.eye(6)[k]
        up, down = (plain_functional(orders + sign * shift, place, reference=reference) for sign in (1, -1))
        assert (up - down) / 2e-5 == pytest.approx(0.0, abs=3e-8)


@pytest.mark.parametrize(("load", "margin", "y", "reference"), PLACES)
def test_entropies_are_derivatives_in_the_number_of_replicas(load, margin, y, reference):
    """S_I = ∂(yF)/∂y and F_E = -y²∂F/∂y at fixed order parameters, where F is stationary."""
    point = coupled_solutions(load, 0.1, y, margin, reference=reference)
    orders, step = orders_of(point, reference=reference), 1e-5
    up, down = (plain_functional(orders, (load, margin, y + h), reference=reference) for h in (step, -step))
    slope = (up - down) / (2.0 * step)
    assert point.external_entropy == pytest.approx(-y * y * slope, abs=1e-8)
    assert point.local_entropy == pytest.approx(point.entropy + y * slope, abs=1e-9)


def five_point(function, at, step):
    values = [function(at + k * step) for k in (-2, -1, 1, 2)]
    return (values[0] - 8.0 * values[1] + 8.0 * values[2] - values[3]) / (12.0 * step)


@pytest.mark.parametrize("y", [2.0, 7.0, 50.0, math.inf])
@pytest.mark.parametrize(("load", "distance"), [(0.5, 0.1), (0.77, 0.01)])
def test_the_slope_agrees_with_finite_differences_to_eight_digits(load, distance, y):
    point = coupled_solutions(load, distance, y)
    slope = five_point(lambda d: coupled_solutions(load, d, y).entropy, distance, 1e-3 * distance)
    assert point.derivative == pytest.approx(slope, rel=1e-8, abs=1e-9)
    assert point.derivative_error < 1e-10


@pytest.mark.parametrize("y", [7.0, math.inf])
def test_the_slope_in_the_reference_distance_is_twice_its_field(y):
    """dF/dd_S = 2 p̂, both F and d_S being functions of the mutual distance."""
    by_entropy = five_point(lambda d: coupled_solutions(0.7, d, y, reference=True).entropy, 0.1, 1e-4)
    by_distance = five_point(lambda d: coupled_solutions(0.7, d, y, reference=True).reference_distance, 0.1, 1e-4)
    point = coupled_solutions(0.7, 0.1, y, reference=True)
    assert point.derivative == pytest.approx(by_entropy / by_distance, rel=1e-8)


@pytest.mark.parametrize("distance", [0.15, 0.05, 0.01])
def test_one_replica_is_the_replica_symmetric_result(distance):
    """F = φ at every distance, and the outer replicon is that of typical solutions."""
    typical, alone = typical_solutions(0.5), coupled_solutions(0.5, distance, 1.0)
    assert alone.entropy == pytest.approx(typical.entropy.value, abs=1e-13)
    assert alone.outer_replicon == pytest.approx(typical.replicon.value, abs=1e-12)
    assert alone.outer_overlap == pytest.approx(typical.overlap.value, abs=1e-12)
    assert alone.derivative == 0.0


@pytest.mark.parametrize("y", [2.0, 10.0, math.inf])
def test_coupling_changes_nothing_at_the_typical_distance(y):
    typical = typical_solutions(0.5)
    d = typical.typical_distance.value
    close = [coupled_solutions(0.5, d * (1.0 - gap), y) for gap in (1e-3, 5e-4)]
    for name, value in (("entropy", typical.entropy), ("inner_replicon", typical.replicon)):
        there = 2.0 * getattr(close[1], name) - getattr(close[0], name)  # linear in the gap
        assert there == pytest.approx(value.value, abs=3e-6)
    assert close[1].external_entropy == pytest.approx(0.0, abs=1e-5)
    assert close[1].derivative == pytest.approx(0.5 * close[0].derivative, rel=2e-3)


def test_many_replicas_approach_the_limit_as_the_external_entropy_over_y():
    limit = coupled_solutions(0.7, 0.05)
    ratios = []
    for y in (50.0, 200.0, 800.0):
        point = coupled_solutions(0.7, 0.05, y)
        ratios.append((point.entropy - limit.entropy) * y / limit.external_entropy)
    ratios = np.array(ratios)
    assert np.all(np.diff(ratios) > 0.0)
    assert ratios[2] == pytest.approx(1.0, abs=0.006)
    # the remainder falls by four, like 1/y
    assert (1.0 - ratios[:2]) / (1.0 - ratios[1:]) == pytest.approx(4.0, abs=0.2)


def test_many_replicas_around_a_reference_approach_the_limit_too():
    limit = coupled_solutions(0.7, 0.05, reference=True)
    for y, tolerance in ((200.0, 0.04), (800.0, 0.01)):
        point = coupled_solutions(0.7, 0.05, y, reference=True)
        moved = limit.derivative * (point.reference_distance - limit.reference_distance)  # F at fixed d_S
        ratio = (point.entropy - limit.entropy - moved) * y / limit.external_entropy
        assert ratio == pytest.approx(1.0, abs=tolerance)


def test_a_reference_without_a_field_adds_ln_2_to_the_external_entropy():
    conjugates, place = (1.2, 0.8, 0.0), (MarginStep(0.0), 5.0)
    alone, around = (
        Coupled(*coupled_flat(place[0], conjugates, place[1], has_reference, 1.0)) for has_reference in (False, True)
    )
    assert around.external_entropy - alone.external_entropy == pytest.approx(math.log(2.0), abs=1e-13)
    assert around.load == pytest.approx(alone.load, rel=1e-14)
    assert around.outer_replicon == pytest.approx(alone.outer_replicon, rel=1e-13)


@pytest.mark.parametrize("reference", [False, True])
def test_the_densest_regions_balance_number_and_size(reference):
    point = densest_regions(0.7, 0.05, reference=reference)
    assert point.external_entropy == pytest.approx(0.0, abs=1e-11)
    assert point.entropy == pytest.approx(point.local_entropy, abs=1e-11)
    at_fixed = coupled_solutions(0.7, 0.05, point.n_replicas, reference=reference)
    assert at_fixed.entropy == pytest.approx(point.entropy, abs=1e-11)
    fewer, more = (coupled_solutions(0.7, 0.05, y * point.n_replicas, reference=reference) for y in (0.8, 1.25))
    assert fewer.external_entropy > 0.0 > more.external_entropy
    assert fewer.local_entropy < point.local_entropy < more.local_entropy


def test_the_slope_along_the_balanced_curve_is_that_at_fixed_y():
    point = densest_regions(0.7, 0.05)
    slope = five_point(lambda d: densest_regions(0.7, d).entropy, 0.05, 1e-4)
    assert point.derivative == pytest.approx(slope, rel=1e-8)


def test_local_entropies_lie_below_that_of_all_configurations():
    profile = coupled_profile(0.5, np.geomspace(0.01, 0.12, 8), reference=True)
    assert profile.status is Status.CONVERGED
    d = profile.array("reference_distance")
    assert np.all(profile.array("local_entropy") < -d * np.log(d) - (1.0 - d) * np.log1p(-d))
    assert np.all(np.diff(d) > 0.0)


def test_profiles_and_single_points_agree():
    distances = [0.02, 0.06, 0.11]
    profile = coupled_profile(0.6, distances, 4.0)
    for point, distance in zip(profile.points, distances, strict=True):
        assert point.distance == distance
        assert point.entropy == pytest.approx(coupled_solutions(0.6, distance, 4.0).entropy, abs=1e-12)


def test_a_gap_in_the_curve_is_a_status():
    """Above α_u of the reference formulation (0.7668) a piece of the curve around d = 0.048 is missing."""
    profile = coupled_profile(0.77, [0.048, 0.08], reference=True)
    assert profile.missing == (0.048,)
    assert profile.status is Status.END_OF_BRANCH
    whole = coupled_profile(0.765, [0.02, 0.048, 0.07], reference=True)
    assert whole.status is Status.CONVERGED


def test_no_saddle_beyond_typical_distances_is_said():
    with pytest.raises(ConvergenceError, match=r"no saddle .* load 0\.5") as caught:
        coupled_solutions(0.5, 0.45, 3.0)
    assert caught.value.result.status is Status.END_OF_BRANCH
    assert math.isnan(coupled_solutions(0.5, 0.45, 3.0, throw=False).entropy)
    assert densest_regions(0.5, 0.3, throw=False).status is Status.END_OF_BRANCH


@pytest.mark.parametrize("y", [0.5, -1.0, math.nan, "many", None, True])
def test_numbers_of_replicas_below_one_are_refused(y):
    with pytest.raises(ValueError, match=r"n_replicas = .*allowed: numbers from 1 to 1e\+06, or infinity"):
        coupled_solutions(0.5, 0.1, y)


def test_a_reference_needs_more_than_one_replica():
    with pytest.raises(ValueError, match=r"n_replicas = 1.* allowed: numbers above 1"):
        coupled_solutions(0.5, 0.1, 1.0, reference=True)


@pytest.mark.parametrize("distance", [0.0, 0.5, -0.1, math.nan, "far"])
def test_distances_outside_zero_and_a_half_are_refused(distance):
    with pytest.raises(ValueError, match=r"distance.* allowed"):
        coupled_solutions(0.5, distance)
    with pytest.raises(ValueError, match=r"distance.* allowed"):
        densest_regions(0.5, distance)


@pytest.mark.parametrize(("load", "margin"), [(0.0, 0.0), (-1.0, 0.0), (math.nan, 0.0), (0.5, 3.0), (0.5, math.nan)])
def test_bad_loads_and_margins_are_named(load, margin):
    with pytest.raises(ValueError, match=r"(load|margin) = .*allowed"):
        coupled_solutions(load, 0.1, 2.0, margin)
