"""Typical solutions against mpmath, closed forms, identities and the literature."""

import math

import mpmath as mp
import numpy as np
import pytest

from perceptron.base.results import ConvergenceError, Status
from perceptron.kernels.typical import replica_symmetric as kernels
from perceptron.kernels.typical.constraints import MarginStep, SymmetricWindow
from perceptron.kernels.typical.priors import BinaryWeights
from perceptron.theory.typical.solutions import (
    capacity,
    largest_margin,
    maximum_margin,
    typical_solutions,
)
from perceptron.theory.typical.stability_distribution import stability_distribution

GRID = [(load, margin) for load in (0.05, 0.3, 0.5, 0.7, 0.8) for margin in (-0.5, 0.0, 0.2)]


def gaussian_mean(f):
    return mp.quad(lambda z: mp.npdf(z) * f(z), [-14, -6, -3, -1, 0, 1, 3, 6, 14])


def mpmath_saddle(load, margin, start):
    """q, q̂ and φ from the textbook equations in arbitrary precision."""

    def tail(x):
        return mp.erfc(x / mp.sqrt(2)) / 2

    def equations(q, q_hat):
        x = lambda z: (margin - mp.sqrt(q) * z) / mp.sqrt(1 - q)  # noqa: E731
        ratio = lambda z: mp.npdf(x(z)) / tail(x(z))  # noqa: E731
        return (
            q - gaussian_mean(lambda z: mp.tanh(mp.sqrt(q_hat) * z) ** 2),
            q_hat - load / (1 - q) * gaussian_mean(lambda z: ratio(z) ** 2),
        )

    q, q_hat = mp.findroot(equations, start, tol=1e-30)
    entropic = gaussian_mean(lambda z: mp.log(2 * mp.cosh(mp.sqrt(q_hat) * z)))
    energetic = gaussian_mean(lambda z: mp.log(tail((margin - mp.sqrt(q) * z) / mp.sqrt(1 - q))))
    return q, q_hat, -q_hat * (1 - q) / 2 + entropic + load * energetic


@pytest.mark.parametrize(("load", "margin"), [pytest.param(0.5, 0.0, marks=pytest.mark.slow), (0.05, 1.5), (0.8, -0.5)])
def test_the_saddle_agrees_with_arbitrary_precision(load, margin):
    typical = typical_solutions(load, margin)
    with mp.workdps(22):
        q, q_hat, entropy = mpmath_saddle(mp.mpf(load), mp.mpf(margin), (typical.overlap.value, typical.q_hat.value))
    assert typical.overlap.value == pytest.approx(float(q), rel=5e-12)
    assert typical.q_hat.value == pytest.approx(float(q_hat), rel=5e-12)
    assert typical.entropy.value == pytest.approx(float(entropy), rel=5e-12)
    for ours, theirs in ((typical.overlap, q), (typical.q_hat, q_hat), (typical.entropy, entropy)):
        assert abs(ours.value - float(theirs)) <= 4.0 * ours.error


@pytest.mark.parametrize(("load", "margin"), GRID)
def test_doubling_the_quadrature_changes_nothing(load, margin):
    prior, constraint = BinaryWeights(), MarginStep(margin)
    typical = typical_solutions(load, margin)
    saddle = kernels.solve_saddle(prior, constraint, load, 2.0, 1e-15)
    entropy = kernels.free_entropy(prior, constraint, load, saddle, 2.0)[0]
    assert typical.entropy.value == pytest.approx(entropy, rel=5e-12)
    assert typical.q_hat.value == pytest.approx(saddle.q_hat, rel=5e-12)
    assert typical.typical_distance.value == pytest.approx(0.5 * saddle.one_minus_overlap, rel=5e-12)


@pytest.mark.parametrize(("load", "margin"), GRID)
def test_derivatives_of_the_entropy_are_those_at_the_saddle(load, margin):
    typical, step = typical_solutions(load, margin), 1e-4
    by_load = (
        typical_solutions(load + step, margin).entropy.value - typical_solutions(load - step, margin).entropy.value
    )
    by_margin = (
        typical_solutions(load, margin + step).entropy.value - typical_solutions(load, margin - step).entropy.value
    )
    assert by_load / (2 * step) == pytest.approx(typical.entropy_by_load, rel=1e-6)
    assert by_margin / (2 * step) == pytest.approx(typical.entropy_by_margin, rel=1e-6)


def test_entropy_at_zero_load_is_that_of_all_configurations():
    assert typical_solutions(1e-9, 0.0).entropy.value == pytest.approx(math.log(2.0), abs=2e-9)


@pytest.mark.parametrize("half_width", [0.3, 1.0, 2.0])
@pytest.mark.parametrize("load", [0.1, 0.4])
def test_symmetric_perceptron_has_its_closed_form(load, half_width):
    typical = typical_solutions(load, SymmetricWindow(half_width))
    log_p = math.log(math.erf(half_width / math.sqrt(2.0)))
    assert typical.overlap.value == 0.0
    assert typical.q_hat.value == 0.0
    assert typical.entropy.value == pytest.approx(math.log(2.0) + load * log_p, rel=1e-13)
    assert capacity(SymmetricWindow(half_width)).value == pytest.approx(-math.log(2.0) / log_p, rel=5e-13)


def test_patterns_that_every_stability_meets_leave_all_configurations():
    assert typical_solutions(0.5, -30.0).entropy.value == pytest.approx(math.log(2.0), rel=1e-15)


def test_capacity_at_zero_margin_is_that_of_krauth_and_mezard():
    solution = capacity(0.0)
    assert solution.value == pytest.approx(0.833, abs=5e-4)
    assert solution.error < 1e-10


@pytest.mark.parametrize("margin", [-1.0, -0.5, 0.0, 0.5, 1.0, 1.5])
def test_entropy_vanishes_at_the_capacity_and_margin_and_load_invert_each_other(margin):
    load = capacity(margin).value
    prior, constraint = BinaryWeights(), MarginStep(margin)
    saddle = kernels.solve_saddle(prior, constraint, load, 2.5, 1e-15)
    entropy = kernels.free_entropy(prior, constraint, load, saddle, 2.5)
    assert abs(entropy.value / entropy.log_probability) / load < 5e-12
    assert maximum_margin(load).value == pytest.approx(margin, abs=1e-11)


def test_maximum_margin_at_half_load_is_the_papers():
    assert maximum_margin(0.5).value == pytest.approx(0.418, abs=5e-4)  # PRL 127, 278301, figure 3


@pytest.mark.parametrize("load", [0.2, 0.3, 0.4, 0.6, 0.8])
def test_distance_and_entropy_fall_with_the_margin(load):  # PRL 127, 278301, figure 2
    margins = np.linspace(0.0, 0.99 * largest_margin(load), 30)
    typical = [typical_solutions(load, margin) for margin in margins]
    assert np.all(np.diff([t.typical_distance.value for t in typical]) < 0.0)
    assert np.all(np.diff([t.entropy.value for t in typical]) < 0.0)


@pytest.mark.parametrize(("load", "end"), [(0.2, 1.486), (0.5, 0.655), (0.8, 0.307)])
def test_the_saddle_ends_where_the_overlap_reaches_one(load, end):
    assert largest_margin(load) == pytest.approx(end, abs=6e-4)
    assert typical_solutions(load, largest_margin(load) - 1e-4).typical_distance.value < 5e-4
    with pytest.raises(ValueError, match="margin"):
        typical_solutions(load, largest_margin(load) + 1e-6)


def test_replica_symmetry_is_stable_up_to_the_capacity():
    for load in np.linspace(0.05, 0.83, 12):
        assert typical_solutions(load, 0.0).replicon.value < 1.0


@pytest.mark.parametrize("constraint", [0.0, -0.5, 0.3, SymmetricWindow(0.8)])
def test_distribution_of_stabilities_is_normalised_and_vanishes_where_the_constraint_is_violated(constraint):
    margin = constraint if isinstance(constraint, float) else -constraint.half_width
    end = 9.0 if isinstance(constraint, float) else constraint.half_width
    nodes, weights = np.polynomial.legendre.leggauss(120)
    stabilities = 0.5 * (margin + end) + 0.5 * (end - margin) * nodes
    density, error = stability_distribution(0.5, constraint, stabilities)
    assert 0.5 * (end - margin) * weights @ density == pytest.approx(1.0, abs=1e-10)
    assert np.all(error < 1e-10)
    assert stability_distribution(0.5, constraint, [margin - 0.01])[0][0] == 0.0


def test_mean_stability_is_that_of_the_cavity_argument():
    """⟨Δ⟩ = (1 - q) ∫Dz R(x)/√(1-q) for a margin step: the mean of a truncated Gaussian, averaged over its centre."""
    nodes, weights = np.polynomial.legendre.leggauss(120)
    stabilities = 4.5 * (nodes + 1.0)
    density, _ = stability_distribution(0.5, 0.0, stabilities)
    one_minus_q = 2.0 * typical_solutions(0.5, 0.0).typical_distance.value
    slope = kernels.energetic_averages(MarginStep(0.0), one_minus_q, 1.0).slope
    assert 4.5 * weights @ (density * stabilities) == pytest.approx(one_minus_q * slope, rel=1e-9)


BAD = [(-0.1, 0.0), (0.0, 0.0), (math.nan, 0.0), (math.inf, 0.0), ("0.5", 0.0), (0.5, math.nan), (0.5, "0"), (0.5, 9.0)]


@pytest.mark.parametrize(("load", "margin"), BAD)
def test_bad_input_names_argument_value_and_range(load, margin):
    name, value = ("load", load) if not (isinstance(load, float) and 0.0 < load < math.inf) else ("margin", margin)
    with pytest.raises(ValueError, match=rf"{name} = .*allowed") as caught:
        typical_solutions(load, margin)
    assert str(value) in str(caught.value)


def test_a_saddle_that_does_not_converge_says_so():
    load = 0.2
    beyond_double_precision = largest_margin(load) - 1e-9
    result = typical_solutions(load, beyond_double_precision, throw=False)
    assert result.status is Status.NOT_CONVERGED
    with pytest.raises(ConvergenceError, match="residual") as caught:
        typical_solutions(load, beyond_double_precision)
    assert caught.value.result.residual == result.residual
