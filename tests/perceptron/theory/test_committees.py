"""Tree committees: integrals over the units by other means, closed forms, enumeration, and the literature."""

import math

import numpy as np
import pytest
from plain_committees import log_majority
from scipy.integrate import quad
from scipy.special import ndtr

from perceptron.base.results import Status
from perceptron.kernels.committees.three_relus import ReluCommitteeOfThree
from perceptron.kernels.committees.three_signs import SignCommitteeOfThree
from perceptron.kernels.committees.wide import (
    RELU_SCALE,
    WideReluCommittee,
    WideSignCommittee,
    unit_overlap,
)
from perceptron.kernels.franz_parisi.energetic import energetic_term
from perceptron.kernels.franz_parisi.entropic import Overlaps, overlaps_alone
from perceptron.kernels.typical.replica_symmetric import energetic_averages
from perceptron.kernels.typical.spherical import DiscreteWeights, SphericalWeights
from perceptron.theory.franz_parisi.branch import franz_parisi_branch
from perceptron.theory.franz_parisi.thresholds import dense_core_load, kappa_u
from perceptron.theory.typical.saddle_end import OF_THREE
from perceptron.theory.typical.solutions import capacity, maximum_margin, typical_solutions

SPHERE = SphericalWeights()
WIDE = (WideSignCommittee, WideReluCommittee)
THREE = SignCommitteeOfThree()
RELU_THREE = ReluCommitteeOfThree(0.1)
UNITS = {
    WideSignCommittee: (np.sign, 1.0),
    WideReluCommittee: (lambda h: np.maximum(h, 0.0), RELU_SCALE**2),
}

# overlaps of the outputs


@pytest.mark.parametrize("step", WIDE)
@pytest.mark.parametrize("q", [-0.7, 0.0, 0.3, 0.9, 0.999])
def test_the_overlap_of_outputs_is_a_covariance_of_units(step, q):
    """Δ(q) = E f(h)f(h') - (E f)² from a one-dimensional integral over h of f(h) E[f(h')|h], divided by Δ(1)."""
    unit, normalisation = UNITS[step]
    spread = math.sqrt(1.0 - q * q)

    def given(h):  # E[f(h')|h]
        mean = q * h
        if step is WideSignCommittee:
            return 2.0 * ndtr(mean / spread) - 1.0
        return mean * ndtr(mean / spread) + spread * math.exp(-0.5 * (mean / spread) ** 2) / math.sqrt(2.0 * math.pi)

    def integrand(h):
        return math.exp(-0.5 * h * h) / math.sqrt(2.0 * math.pi) * float(unit(h)) * given(h)

    product = quad(integrand, -12, 0, epsabs=1e-13)[0] + quad(integrand, 0, 12, epsabs=1e-13, limit=200)[0]
    mean = 0.0 if step is WideSignCommittee else 1.0 / math.sqrt(2.0 * math.pi)
    expected = normalisation * (product - mean * mean)
    assert 1.0 - unit_overlap(step(0.0), 1.0 - q).deficit == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("step", WIDE)
@pytest.mark.parametrize("deficit", [1e-8, 1e-3, 0.019, 0.021, 0.5, 1.7])
def test_slopes_of_the_overlap_of_outputs(step, deficit):
    here = unit_overlap(step(0.0), deficit)
    change = 1e-4 * deficit
    below, above = unit_overlap(step(0.0), deficit + change), unit_overlap(step(0.0), deficit - change)
    assert here.first == pytest.approx((below.deficit - above.deficit) / (2 * change), rel=1e-6)
    assert here.second == pytest.approx((above.first - below.first) / (2 * change), rel=1e-6)


# typical solutions


@pytest.mark.parametrize(("constraint", "value"), [(WideSignCommittee(0.0), 0.947), (WideReluCommittee(0.0), 0.904)])
def test_capacity_of_wide_binary_committees_is_known_to_three_digits(constraint, value):
    solution = capacity(constraint)
    assert solution.value == pytest.approx(value, abs=5e-4)
    assert solution.error < 1e-12
    assert solution.replicon < 1.0


def test_capacities_of_models_with_the_same_numbers_are_not_mixed_up():
    constraints = (0.0, WideSignCommittee(0.0), WideReluCommittee(0.0), THREE)
    assert len({capacity(constraint).value for constraint in constraints}) == len(constraints)
    assert capacity(0.0, prior=SPHERE).value > 2.0 * capacity(0.0).value


def test_spherical_relu_committee_has_a_finite_capacity_in_closed_form():
    """2Δ'(1)/Δ(1) at margin 0: near 2.93."""
    assert capacity(WideReluCommittee(0.0), prior=SPHERE).value == pytest.approx(2 * math.pi / (math.pi - 1), rel=1e-14)


def test_spherical_sign_committee_has_no_end_for_infinitely_many_units():
    assert capacity(WideSignCommittee(0.0), prior=SPHERE).status is Status.NO_SUCH_THRESHOLD


def test_spherical_committee_of_three_ends_at_4_02():
    """Literature: replica-symmetric 4.02. As q -> 1, 1/α is the mean squared distance to the nearest majority."""
    assert capacity(THREE, prior=SPHERE).value == pytest.approx(4.02, abs=6e-3)
    rng = np.random.default_rng(5)
    z = np.sort(rng.standard_normal((400_000, 3)), axis=1)
    distance = np.where(z[:, 0] > 0, 0, np.where(z[:, 1] > 0, 0, z[:, 1] ** 2 + np.where(z[:, 2] > 0, 0, z[:, 2] ** 2)))
    assert abs(distance.mean() - OF_THREE) < 5 * distance.std() / math.sqrt(distance.size)
    assert capacity(THREE, prior=SPHERE).value == pytest.approx(1.0 / OF_THREE, rel=1e-14)


@pytest.mark.parametrize("constraint", [WideReluCommittee(0.0), WideSignCommittee(0.0), THREE])
def test_spherical_committees_are_unstable_long_before_their_end(constraint):
    replicons = [typical_solutions(load, constraint, prior=SPHERE).replicon.value for load in (1.0, 1.6, 1.8)]
    assert replicons == sorted(replicons)
    stable_at_last = isinstance(constraint, WideSignCommittee)  # 2.9878
    assert (replicons[2] < 1.0) == stable_at_last
    assert replicons[1] < 1.0
    assert capacity(constraint, prior=SPHERE).is_stable is (None if stable_at_last else False)


@pytest.mark.parametrize("margin", [0.7, -0.3])
def test_the_replicon_of_the_sphere_approaches_that_of_its_end(margin):
    solution = capacity(margin, prior=SPHERE)
    near = typical_solutions(solution.value * (1.0 - 1e-5), margin, prior=SPHERE)
    assert near.replicon.value == pytest.approx(solution.replicon, rel=1e-2)
    assert solution.is_stable is (margin > 0.0)


@pytest.mark.parametrize("margin", [0.0, 0.4])
def test_relu_saddle_ends_at_the_closed_form(margin):
    """α = q̂/⟨g²⟩ is explicit at given q and reaches the capacity as q -> 1."""
    deficit = 1e-10
    squared = energetic_averages(WideReluCommittee(margin), deficit, 2.0).squared_slope
    explicit = (1.0 - deficit) / deficit**2 / squared
    assert explicit == pytest.approx(capacity(WideReluCommittee(margin), prior=SPHERE).value, rel=2e-5)


@pytest.mark.parametrize("constraint", [WideSignCommittee(0.2), WideReluCommittee(-0.1), THREE, RELU_THREE])
def test_the_squared_slope_is_the_derivative_in_the_overlap(constraint):
    """∂_q⟨ln Z⟩ = -½ Σ_l⟨(∂_l ln Z)²⟩, by finite differences."""
    deficit, change = 0.45, 1e-4
    low, high = (energetic_averages(constraint, deficit + s * change, 1.5).log_probability for s in (1, -1))
    here = energetic_averages(constraint, deficit, 1.5)
    assert (high - low) / (2 * change) == pytest.approx(-0.5 * here.squared_slope, rel=1e-7)


def test_averages_of_three_units_are_those_of_hermite_quadrature():
    deficit, nodes, change = 0.5, np.polynomial.hermite_e.hermegauss(48), 1e-3
    z, weights = nodes[0] * math.sqrt(1.0 - deficit), nodes[1] / math.sqrt(2.0 * math.pi)
    grid = np.meshgrid(z, z, z, indexing="ij")
    weight = np.einsum("i,j,k->ijk", weights, weights, weights)

    def at(*steps):
        return log_majority([field + step for field, step in zip(grid, steps, strict=True)], deficit)

    here = energetic_averages(THREE, deficit, 1.5)
    value = at(0, 0, 0)
    assert here.log_probability == pytest.approx(float((weight * value).sum()), abs=1e-9)
    own = (at(change, 0, 0) - 2 * value + at(-change, 0, 0)) / change**2
    corners = [at(s * change, t * change, 0) * s * t for s in (1, -1) for t in (1, -1)]
    mixed = sum(corners) / (4 * change**2)
    expected = float((weight * (3 * own**2 + 6 * mixed**2)).sum())
    assert here.squared_curvature == pytest.approx(expected, rel=2e-5)


def enumerated(n, n_patterns, rng):
    """The number of solutions of one committee of three branches of n weights, by enumeration."""
    weights = 1 - 2 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)
    patterns = 1 - 2 * rng.integers(0, 2, (n_patterns, 3, n))
    positive = np.einsum("wi,pbi->pbw", weights, patterns) > 0
    solved = np.ones((2**n, 2**n, 2**n), dtype=bool)
    for first, second, third in positive:
        pair = first[:, None] & second
        solved &= pair[:, :, None] | ((first[:, None] | second)[:, :, None] & third)
    return solved.sum()


def test_enumerated_committees_approach_the_entropy():
    """(1/N)⟨ln Z⟩ at α = 1/3, N = 9, 15 and 21, with a straight line in 1/N."""
    rng = np.random.default_rng(11)
    sizes, means, errors = np.array([9, 15, 21]), [], []
    for size, n_instances in zip(sizes, (12000, 8000, 60), strict=True):
        numbers = np.array([enumerated(size // 3, size // 3, rng) for _ in range(n_instances)])
        entropies = np.log(numbers[numbers > 0]) / size  # opposite patterns leave a few of the smallest unsolved
        means.append(entropies.mean())
        errors.append(entropies.std() / math.sqrt(n_instances))
    (_, limit), covariance = np.polyfit(1.0 / sizes, means, 1, w=1.0 / np.array(errors), cov="unscaled")
    expected = typical_solutions(1.0 / 3.0, THREE).entropy.value
    annealed = math.log(2.0) * 2.0 / 3.0
    assert abs(limit - expected) < 4 * math.sqrt(covariance[1, 1]) < annealed - expected


# the replicon, and surroundings of typical solutions


def slope_in_other_overlap(constraint, q, t):
    """∂_t G_E of references and counted solutions alike, at p = t."""
    variance = q - t * t / q
    reference = overlaps_alone(Overlaps(1.0 - t, q - t, 1.0 - q), variance)
    return energetic_term(constraint, constraint, 1.0 - q, reference, 1.2).d_t


@pytest.mark.parametrize(
    "constraint",
    [
        WideReluCommittee(0.1),
        pytest.param(WideSignCommittee(0.1), marks=pytest.mark.slow),
        pytest.param(THREE, marks=pytest.mark.slow),
        pytest.param(RELU_THREE, marks=pytest.mark.slow),
    ],
)
def test_the_replicon_is_the_response_of_two_copies(constraint):
    """Two solutions of overlap t in the same patterns have Σ⟨g g'⟩(t), whose slope at t -> q is Σ⟨(∂∂ ln Z)²⟩."""
    q = 0.5
    steps = np.array([0.005, 0.01, 0.015, 0.02])
    values = [slope_in_other_overlap(constraint, q, q - step) for step in steps]
    at_q = -energetic_averages(constraint, 1.0 - q, 1.5).squared_slope
    quotients = (np.array(values) - at_q) / steps
    slope = np.polynomial.polynomial.polyfit(steps, quotients, 3)[0]
    assert slope == pytest.approx(energetic_averages(constraint, 1.0 - q, 1.5).squared_curvature, rel=2e-5)


@pytest.mark.parametrize("step", [pytest.param(WideSignCommittee, marks=pytest.mark.slow), WideReluCommittee])
def test_local_entropy_of_wide_committees(step):
    """The maximum over d is the typical entropy; derivatives are those of finite differences; bounded by geometry."""
    branch = franz_parisi_branch(0.5, 0.2, 0.05, step=step)
    assert branch.top.local_entropy == pytest.approx(typical_solutions(0.5, step(0.05)).entropy.value, abs=1e-11)
    distance, change = 0.12, 1e-4
    below, here, above = (branch.at(distance + s * change) for s in (-1, 0, 1))
    assert here.derivative == pytest.approx((above.local_entropy - below.local_entropy) / (2 * change), rel=1e-7)
    assert here.second_derivative == pytest.approx((above.derivative - below.derivative) / (2 * change), rel=1e-6)
    assert here.local_entropy < -distance * math.log(distance) - (1 - distance) * math.log1p(-distance)


@pytest.mark.parametrize("step", [pytest.param(WideSignCommittee, marks=pytest.mark.slow), WideReluCommittee])
def test_around_references_of_the_same_margin_the_maximum_is_at_the_typical_distance(step):
    branch = franz_parisi_branch(0.6, 0.0, 0.0, step=step)
    typical = typical_solutions(0.6, step(0.0))
    assert branch.d_star.value == pytest.approx(typical.typical_distance.value, abs=1e-9)
    assert branch.top.local_entropy == pytest.approx(typical.entropy.value, abs=1e-10)


@pytest.mark.slow
@pytest.mark.parametrize("step", WIDE)
def test_dense_cores_of_committees_end_where_their_margins_meet(step):
    load = dense_core_load(0.0, step)
    assert load.status is Status.CONVERGED
    near = load.value - 1e-3
    assert 0.0 < maximum_margin(near, step).value - kappa_u(near, 0.0, step).value < 5e-3
    assert kappa_u(load.value + 1e-3, 0.0, step, throw=False).status is Status.NO_SUCH_THRESHOLD


# bad input


def test_three_units_have_no_margin():
    with pytest.raises(ValueError, match=r"margin = 0\.1 .* allowed: 0"):
        typical_solutions(0.5, SignCommitteeOfThree(0.1))
    with pytest.raises(ValueError, match="step = SignCommitteeOfThree is not usable here; allowed: MarginStep"):
        maximum_margin(0.5, SignCommitteeOfThree)
    with pytest.raises(ValueError, match="load"):
        franz_parisi_branch(0.95, 0.0, step=SignCommitteeOfThree)


def test_committees_want_weights_of_one_size():
    with pytest.raises(ValueError, match="allowed: weights of one size"):
        typical_solutions(0.5, WideReluCommittee(0.0), prior=DiscreteWeights((-1.0, 0.0, 1.0)))


def test_loads_and_margins_beyond_the_end_are_refused():
    with pytest.raises(ValueError, match="load"):
        typical_solutions(2.6, THREE)
    with pytest.raises(ValueError, match="margin"):
        typical_solutions(2.0, WideReluCommittee(0.5))
