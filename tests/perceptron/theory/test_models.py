"""Models beyond binary weights behind a margin step: closed forms, textbook equations, limits and the literature."""

import math

import mpmath as mp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.special import log_ndtr
from scipy.stats import norm

from perceptron.base.profile import geometric_bound
from perceptron.base.results import ConvergenceError, Status
from perceptron.kernels.typical import replica_symmetric as kernels
from perceptron.kernels.typical import window_neighbours
from perceptron.kernels.typical.constraints import MarginStep, SymmetricWindow
from perceptron.kernels.typical.spherical import (
    DiscreteWeights,
    PlantedLabels,
    PlantedWeights,
    SphericalWeights,
)
from perceptron.theory.typical.solutions import capacity, typical_solutions
from perceptron.theory.typical.symmetric_perceptron import isolation_distance, window_local_entropy
from perceptron.theory.typical.teacher_student import (
    generalisation,
    perfect_learning_load,
    spinodal_load,
)

SPHERE, TEACHER, TERNARY = SphericalWeights(), PlantedWeights(), DiscreteWeights((-1.0, 0.0, 1.0))


def mean(f):
    return mp.quad(lambda z: mp.npdf(z) * f(z), [-14, -6, -3, -1, 0, 1, 3, 6, 14])


# spherical weights


def test_spherical_capacity_at_zero_margin_is_two():  # Cover 1965, Gardner 1988
    assert capacity(0.0, prior=SPHERE).value == pytest.approx(2.0, rel=1e-14)


@pytest.mark.parametrize("margin", [0.0, 0.3, 1.0, 2.5])
def test_spherical_capacity_is_gardners_integral(margin):
    integral = quad(lambda z: (margin + z) ** 2 * math.exp(-z * z / 2), -margin, 30, epsabs=0, epsrel=1e-13)[0]
    assert capacity(margin, prior=SPHERE).value == pytest.approx(math.sqrt(2 * math.pi) / integral, rel=1e-11)


@pytest.mark.parametrize("margin", [0.0, 0.5, 1.5])
def test_the_spherical_saddle_ends_at_the_closed_form(margin):
    """α = q̂/⟨g²⟩ is explicit at given q and reaches the capacity as q -> 1, linearly in √(1-q) or faster."""
    loads = []
    for deficit in (1e-8, 1e-10, 1e-12):
        squared = kernels.energetic_averages(MarginStep(margin), deficit, 2.0).squared_slope
        loads.append((1.0 - deficit) / deficit**2 / squared)
    assert loads[-1] == pytest.approx(capacity(margin, prior=SPHERE).value, rel=1e-10)


@pytest.mark.parametrize(("load", "margin"), [(1.9, 0.0), pytest.param(1.0, -1.0, marks=pytest.mark.slow)])
def test_spherical_entropy_is_stationary_in_the_textbook_form(load, margin):
    """φ(q) = ½ ln(1-q) + q/(2(1-q)) + α⟨ln H⟩ by mpmath, at the overlap found and around it."""
    typical = typical_solutions(load, margin, prior=SPHERE)

    def entropy(q):
        log_tail = mean(lambda z: mp.log(mp.erfc((margin - mp.sqrt(q) * z) / mp.sqrt(2 * (1 - q))) / 2))
        return mp.log(1 - q) / 2 + q / (2 * (1 - q)) + load * log_tail

    with mp.workdps(25):
        q = 1 - 2 * mp.mpf(typical.typical_distance.value)
        assert typical.entropy.value == pytest.approx(float(entropy(q)), rel=1e-11)
        step = mp.mpf("1e-6") * (1 - q)
        slope = (entropy(q + step) - entropy(q - step)) / (2 * step)
        curvature = (entropy(q + step) - 2 * entropy(q) + entropy(q - step)) / step**2
        assert abs(slope / curvature) < 1e-10 * (1 - q)


@pytest.mark.parametrize("half_width", [0.5, 1.5])
def test_a_window_leaves_the_sphere_its_first_moment(half_width):
    typical = typical_solutions(0.7, SymmetricWindow(half_width), prior=SPHERE)
    assert typical.overlap.value == 0.0
    assert typical.entropy.value == pytest.approx(0.7 * math.log(math.erf(half_width / math.sqrt(2.0))), rel=1e-13)


def test_replica_symmetry_of_spherical_weights_is_marginal_at_gardners_point():
    """At κ = 0 the replicon is below 1 up to α = 2, where it reaches 1; at κ < 0 it exceeds 1 before the end."""
    assert capacity(0.0, prior=SPHERE).replicon == pytest.approx(1.0, rel=1e-14)
    assert capacity(0.7, prior=SPHERE).is_stable
    replicons = [typical_solutions(load, 0.0, prior=SPHERE).replicon.value for load in (1.0, 1.9, 1.99, 1.999)]
    assert np.all(np.diff(replicons) > 0.0)
    assert 0.9 < replicons[-1] < 1.0
    load = 0.98 * capacity(-1.0, prior=SPHERE).value
    assert typical_solutions(load, -1.0, prior=SPHERE).replicon.value > 1.0


def test_beyond_its_end_there_is_no_spherical_saddle():
    with pytest.raises(ValueError, match=r"margin = .*allowed"):
        typical_solutions(2.0, 1e-6, prior=SPHERE)
    assert capacity(SymmetricWindow(1.0), prior=SPHERE).status is Status.NO_SUCH_THRESHOLD


# teacher and student


@pytest.mark.parametrize(
    "load", [pytest.param(0.3, marks=pytest.mark.slow), 1.0, pytest.param(1.4, marks=pytest.mark.slow)]
)
def test_students_agree_with_the_textbook_equations(load):
    """q = ⟨tanh(√q̂z + q̂)⟩, q̂ = 2α/(1-q) ∫Dz G²/H and φ by mpmath, in other variables than ours."""
    students = generalisation(load).students
    with mp.workdps(22):

        def equations(q, q_hat):
            x = lambda z: mp.sqrt(q / (1 - q)) * z  # noqa: E731
            ratio = mean(lambda z: 2 * mp.npdf(x(z)) ** 2 / mp.erfc(x(z) / mp.sqrt(2)))
            return q - mean(lambda z: mp.tanh(mp.sqrt(q_hat) * z + q_hat)), q_hat - 2 * load / (1 - q) * ratio

        q, q_hat = mp.findroot(equations, (students.overlap.value, students.q_hat.value), tol=1e-30)

        def information(z):
            tail = mp.erfc(mp.sqrt(q / (2 * (1 - q))) * z) / 2
            return tail * mp.log(tail)

        entropic = mean(lambda z: mp.log(2 * mp.cosh(mp.sqrt(q_hat) * z + q_hat)))
        entropy = -q_hat * (1 + q) / 2 + entropic + 2 * load * mean(information)
    assert students.overlap.value == pytest.approx(float(q), rel=1e-11)
    assert students.q_hat.value == pytest.approx(float(q_hat), rel=1e-11)
    assert students.entropy.value == pytest.approx(float(entropy), rel=1e-11)


def test_first_examples_teach_hebbs_overlap():
    """q = 2α/π and φ = ln 2 - α ln 2 as α -> 0."""
    students = generalisation(1e-11).students
    assert students.q_hat.value == pytest.approx(2e-11 / math.pi, rel=1e-10)
    assert students.entropy.value == pytest.approx(math.log(2.0) * (1.0 - 1e-11), rel=1e-14)


def students_load(q_hat):
    """α at which q̂ is the conjugate: q = ∫Dz tanh(√q̂ z + q̂), q̂ = 2α/(1-q) ∫Dz G(x)²/H(x), x = -√(q/(1-q)) z."""
    z = np.linspace(-12.0, 12.0, 4801)
    measure = norm.pdf(z) * (z[1] - z[0])
    q = measure @ np.tanh(math.sqrt(q_hat) * z + q_hat)
    x = -math.sqrt(q / (1.0 - q)) * z
    return q_hat * (1.0 - q) / (2.0 * measure @ np.exp(2.0 * norm.logpdf(x) - norm.logsf(x)))


def test_perfect_learning_is_the_literatures_and_its_spinodal_the_largest_load():  # Györgyi 1990: 1.245
    transition, spinodal = perfect_learning_load(), spinodal_load()
    assert transition.value == pytest.approx(1.2447, abs=5e-5)
    largest = minimize_scalar(lambda q_hat: -students_load(q_hat), bounds=(0.5, 8.0), options={"xatol": 1e-7})
    assert spinodal.value == pytest.approx(-largest.fun, abs=1e-9)
    assert max(transition.error, spinodal.error) < 1e-10
    for load, phase in ((1.24, "learning"), (1.25, "metastable"), (1.4926, "metastable"), (1.4927, "perfect")):
        assert generalisation(load).phase == phase


def test_errors_of_generalisation():
    """½ without examples; the majority errs less than one student; both fall with the load."""
    start = generalisation(1e-10)
    assert start.gibbs_error.value == pytest.approx(0.5, abs=1e-5)
    points = [generalisation(load) for load in np.linspace(0.1, 1.49, 12)]
    for point in points:
        q = point.students.overlap.value
        assert math.cos(math.pi * point.gibbs_error.value) == pytest.approx(q, rel=1e-12)
        assert math.cos(math.pi * point.bayes_error.value) ** 2 == pytest.approx(q, rel=1e-12)
        assert point.bayes_error.value < point.gibbs_error.value
    assert np.all(np.diff([point.bayes_error.value for point in points]) < 0.0)
    assert generalisation(1.6).gibbs_error.value == 0.0


def test_the_entropy_of_students_falls_by_the_information_of_a_label():
    step = 1e-4
    above, here, below = (generalisation(1.0 + shift).students for shift in (step, 0.0, -step))
    assert (above.entropy.value - below.entropy.value) / (2 * step) == pytest.approx(here.entropy_by_load, rel=1e-7)


def test_half_a_teacher_is_refused():
    with pytest.raises(ValueError, match=r"prior = .*PlantedLabels"):
        typical_solutions(0.5, 0.0, prior=TEACHER)
    with pytest.raises(ValueError, match="does not go with"):
        typical_solutions(0.5, PlantedLabels())


# discrete weights


@pytest.mark.parametrize("constraint", [MarginStep(0.0), MarginStep(0.3), SymmetricWindow(0.9)])
def test_two_values_are_binary_weights_at_any_scale(constraint):
    binary = typical_solutions(0.5, constraint)
    for scale in (1.0, 2.5):
        prior, scaled = DiscreteWeights((-scale, scale)), type(constraint)(constraint[0] * scale)
        typical = typical_solutions(0.5, scaled, prior=prior)
        assert typical.entropy.value == pytest.approx(binary.entropy.value, rel=1e-12)
        assert typical.self_overlap.value == pytest.approx(scale**2, rel=1e-13)
        assert typical.overlap.value == pytest.approx(scale**2 * binary.overlap.value, rel=1e-11, abs=1e-14)
        assert typical.replicon.value == pytest.approx(binary.replicon.value, rel=1e-11)


@pytest.mark.parametrize("half_width", [0.3, 0.8])
def test_ternary_weights_in_a_window_maximise_the_first_moment(half_width):
    """φ = max over the share ρ of nonzero weights of S(ρ) + ρ ln 2 + α ln P(|√ρ z| <= K)."""

    def first_moment(rho):
        mixing = -rho * math.log(rho) - (1.0 - rho) * math.log(1.0 - rho) + rho * math.log(2.0)
        return mixing + 0.5 * math.log(math.erf(half_width / math.sqrt(2.0 * rho)))

    best = minimize_scalar(lambda rho: -first_moment(rho), bounds=(0.01, 0.99), method="bounded")
    typical = typical_solutions(0.5, SymmetricWindow(half_width), prior=TERNARY)
    assert typical.entropy.value == pytest.approx(-best.fun, rel=1e-11)
    assert typical.self_overlap.value == pytest.approx(best.x, abs=1e-5)


@pytest.mark.parametrize(("load", "margin"), [(0.8, 0.1), (None, 0.0)])
def test_ternary_saddle_agrees_with_the_textbook_equations(load, margin):
    """Stationarity of the formula of four order parameters, by mpmath at the point found; at capacity it vanishes."""
    at_capacity = load is None
    load = capacity(0.0, prior=TERNARY).value if at_capacity else load
    typical = typical_solutions(load, margin, prior=TERNARY)
    with mp.workdps(22):
        q, q_hat = mp.mpf(typical.overlap.value), mp.mpf(typical.q_hat.value)
        size = mp.mpf(typical.self_overlap.value)
        width = mp.sqrt(size - q)
        x = lambda z: (margin - mp.sqrt(q) * z) / width  # noqa: E731
        ratio = lambda z: 2 * mp.npdf(x(z)) / mp.erfc(x(z) / mp.sqrt(2))  # noqa: E731
        curvature = -load * mean(lambda z: ratio(z) * (ratio(z) - x(z))) / width**2
        weight = lambda z: 2 * mp.exp(curvature / 2) * mp.cosh(mp.sqrt(q_hat) * z)  # noqa: E731
        magnetisation = lambda z: weight(z) * mp.tanh(mp.sqrt(q_hat) * z) / (1 + weight(z))  # noqa: E731
        assert abs(q - mean(lambda z: magnetisation(z) ** 2)) < 1e-11
        assert abs(size - mean(lambda z: weight(z) / (1 + weight(z)))) < 1e-11
        assert abs(q_hat - load / width**2 * mean(lambda z: ratio(z) ** 2)) < 1e-10
        entropy = mean(lambda z: mp.log(1 + weight(z))) + load * mean(lambda z: mp.log(mp.erfc(x(z) / mp.sqrt(2)) / 2))
        entropy -= q_hat * (size - q) / 2 + curvature * size / 2
    assert typical.entropy.value == pytest.approx(float(entropy), rel=1e-11, abs=1e-12)
    assert not at_capacity or abs(entropy) < 1e-11


def test_finer_weights_store_more_and_never_more_than_the_sphere():
    five = DiscreteWeights((-2.0, -1.0, 0.0, 1.0, 2.0))
    loads = [capacity(0.0).value, capacity(0.0, prior=TERNARY).value, capacity(0.0, prior=five).value]
    assert np.all(np.diff(loads) > 0.0)
    assert loads[-1] < 2.0


# symmetric perceptron


@pytest.mark.parametrize("half_width", [0.5, 1.0, 2.0])
def test_symmetric_capacity_has_its_closed_form(half_width):
    exact = -math.log(2.0) / math.log(math.erf(half_width / math.sqrt(2.0)))
    assert capacity(SymmetricWindow(half_width)).value == pytest.approx(exact, rel=1e-12)


def test_far_from_a_solution_there_are_as_many_as_anywhere():
    top = math.log(2.0) + 0.5 * math.log(math.erf(1.0 / math.sqrt(2.0)))
    point = window_local_entropy(0.5, 1.0, 0.4999)
    assert point.local_entropy.value == pytest.approx(top, abs=1e-7)
    assert point.derivative.value == pytest.approx(0.0, abs=1e-3)


@pytest.mark.parametrize("reference", [1.0, 0.6])
@pytest.mark.parametrize("distance", [0.3, 0.05, 0.01])
def test_first_patterns_cost_what_independent_patterns_do(reference, distance):
    """(φ_FP - h(d))/α -> E over the reference's stability of ln P(|pΔ̃ + √(1-p²) z| <= K) as α -> 0."""
    load, p = 1e-6, 1.0 - 2.0 * distance
    width = math.sqrt(2.0 * (1.0 - p * p))

    def log_met(s):
        return math.log(0.5 * (math.erf((1.0 - p * s) / width) + math.erf((1.0 + p * s) / width)))

    norm, cost = (
        quad(f, -reference, reference, epsabs=1e-13)[0]
        for f in (lambda s: math.exp(-s * s / 2), lambda s: math.exp(-s * s / 2) * log_met(s))
    )
    point = window_local_entropy(load, 1.0, distance, reference)
    assert point.saddle.entropy_by_load == pytest.approx(cost / norm, rel=1e-4)
    assert point.local_entropy.value == pytest.approx(geometric_bound(distance) + load * cost / norm, abs=1e-10)


@pytest.mark.parametrize(("load", "reference", "distance"), [(0.5, 1.0, 0.1), (1.5, 1.0, 0.05), (1.0, 0.5, 0.02)])
def test_the_saddle_holds_in_other_variables(load, reference, distance):
    """φ_FP, p, q and q̂ from nodes over (Δ̃, z) with ω = pΔ̃ + √(q-p²) z, instead of a law of Δ̃ given ω."""
    point = window_local_entropy(load, 1.0, distance, reference)
    q, q_hat, p = point.saddle.overlap.value, point.saddle.q_hat.value, 1.0 - 2.0 * distance
    overlaps = window_neighbours.overlaps_at(q_hat, distance, 2.0)
    z, w = np.polynomial.hermite_e.hermegauss(120)
    w /= w.sum()
    field = math.sqrt(q_hat) * z + overlaps[0]
    assert w @ np.tanh(field) == pytest.approx(p, rel=1e-9)
    assert w @ np.tanh(field) ** 2 == pytest.approx(q, rel=1e-9)
    x, v = np.polynomial.legendre.leggauss(400)
    stability = reference * x
    v = v * np.exp(-(stability**2) / 2)
    v /= v.sum()
    omega = p * stability[:, None] + math.sqrt(q - p * p) * z[None, :]
    step = 1e-5
    values = [_log_window(omega + s, 1.0 - q) for s in (0.0, step, -step)]
    log_z = v @ values[0] @ w
    squared = v @ ((values[1] - values[2]) / (2.0 * step)) ** 2 @ w
    assert load * squared == pytest.approx(q_hat, rel=1e-6)
    entropy = -overlaps[0] * p - q_hat * (1.0 - q) / 2.0 + w @ np.log(2.0 * np.cosh(field)) + load * log_z
    assert point.local_entropy.value == pytest.approx(entropy, abs=1e-8)


def _log_window(means, variance):
    width, size = math.sqrt(variance), np.abs(means)
    near, far = log_ndtr((1.0 - size) / width), log_ndtr((-1.0 - size) / width)
    return near + np.log1p(-np.exp(far - near))


@pytest.mark.parametrize("distance", [0.3, 0.1, 0.02])
def test_the_slope_is_that_of_the_entropy_and_the_entropy_below_both_bounds(distance):
    point, step = window_local_entropy(1.0, 1.0, distance), 1e-4 * distance
    above, below = (window_local_entropy(1.0, 1.0, distance + s).local_entropy.value for s in (step, -step))
    assert point.derivative.value == pytest.approx((above - below) / (2.0 * step), rel=1e-6)
    assert point.local_entropy.value < geometric_bound(distance)
    assert point.local_entropy.value < math.log(2.0) + math.log(math.erf(1.0 / math.sqrt(2.0)))


def test_typical_solutions_of_a_window_are_isolated():
    """φ_FP < 0 below the isolation distance at every load, down to where the branch ends; positive above it."""
    distances = []
    for load in (0.2, 1.0, 1.7):
        solution = isolation_distance(load, 1.0)
        distances.append(solution.value)
        assert solution.status is Status.CONVERGED
        assert window_local_entropy(load, 1.0, 1.01 * solution.value).local_entropy.value > 0.0
        assert window_local_entropy(load, 1.0, 0.99 * solution.value).local_entropy.value < 0.0
        assert window_local_entropy(load, 1.0, 0.6 * solution.value).local_entropy.value < 0.0
    assert np.all(np.diff(distances) > 0.0)
    assert isolation_distance(1.9, 1.0).status is Status.NO_SUCH_THRESHOLD


def test_a_stricter_reference_is_not_isolated_at_small_load():
    assert window_local_entropy(0.2, 1.0, 1e-4, 0.5).local_entropy.value > 0.0


def test_where_the_branch_ends_the_status_says_so():
    point = window_local_entropy(1.5, 1.0, 0.002, throw=False)
    assert point.status is Status.NOT_CONVERGED
    with pytest.raises(ConvergenceError, match="did not converge"):
        window_local_entropy(1.5, 1.0, 0.002)


@pytest.mark.parametrize("arguments", [(0.0, 1.0, 0.1), (0.5, -1.0, 0.1), (0.5, 1.0, 0.5), (0.5, 1.0, 0.1, 0.0)])
def test_bad_input_is_named(arguments):
    with pytest.raises(ValueError, match=r"(load|half_width|distance|reference_half_width) = .*allowed"):
        window_local_entropy(*arguments)
    with pytest.raises(ValueError, match=r"load = .*allowed"):
        generalisation(-1.0)
