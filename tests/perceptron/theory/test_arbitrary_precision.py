"""Digits beyond double precision: the bounds they rest on, independent quadrature, a proof where python-flint is."""

import math
from fractions import Fraction

import mpmath
import pytest

from perceptron.base.results import Status
from perceptron.theory.digits import arbitrary_precision as precise
from perceptron.theory.digits import enclosure, proven_quadrature
from perceptron.theory.typical import solutions as double

needs_flint = pytest.mark.skipif(not enclosure.is_available(), reason="python-flint is not installed")


@pytest.fixture
def mp():
    context = mpmath.MPContext()
    context.dps = 30
    return context


def mean(mp, f):
    return mp.quad(lambda z: mp.npdf(z) * f(z), [-15, -9, -6, -3, -1, 0, 1, 3, 6, 9, 15])


def test_majorants_hold_in_the_strips(mp):
    """The inequalities that the module's docstring derives, on a lattice of the strips and in the far tails."""
    lines = [mp.mpf(k) / 4 for k in range(-4, 5)]
    for u in [*(mp.mpf(k) / 4 for k in range(-40, 41)), mp.mpf(-30), mp.mpf(30)]:
        for v in lines:
            z = mp.mpc(u, v)
            tail = mp.erfc(z / mp.sqrt(2)) / 2
            ratio = mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi) / tail
            bound = 30 + 2 * abs(u)
            assert abs(ratio) <= 29 + abs(u)
            assert abs(mp.log(tail)) <= u * u / 2 + 2 * abs(u) + 31
            functions = mp.log(tail), ratio**2, ratio**2 * (ratio - z)
            curvature = ratio**2 * (ratio - z) ** 2 + 2 * ratio**3 * (ratio - z)
            assert max(abs(f) for f in (*functions, curvature)) <= 3 * bound**4
            sech2 = 1 / mp.cosh(z) ** 2
            assert max(abs(mp.log(2 * mp.cosh(z))), abs(sech2), abs(2 * sech2 - 3 * sech2**2)) <= 50 + abs(u)


@pytest.mark.parametrize("q_hat", ["0.01", "1.5", "40"])
def test_entropic_averages_agree_with_independent_quadrature_within_the_bound(mp, q_hat):
    q_hat = mp.mpf(q_hat)
    ours = proven_quadrature.entropic(precise.mpmath_arithmetic(mp), q_hat, float(q_hat) * 1.001, 25)
    sech2 = lambda z: mp.sech(mp.sqrt(q_hat) * z) ** 2  # noqa: E731
    exact = (
        mean(mp, lambda z: mp.log(2 * mp.cosh(mp.sqrt(q_hat) * z))),
        mean(mp, sech2),
        mean(mp, lambda z: 2 * sech2(z) - 3 * sech2(z) ** 2),
    )
    for value, expected in zip(ours, exact, strict=True):
        assert abs(value - expected) < 1e-25


@pytest.mark.parametrize(("margin", "c"), [("0", "0.5"), ("1.2", "0.1"), ("-2", "0.9")])
def test_energetic_averages_agree_with_independent_quadrature_within_the_bound(mp, margin, c):
    margin, c = mp.mpf(margin), mp.mpf(c)
    ours = proven_quadrature.energetic(precise.mpmath_arithmetic(mp), margin, c, 22)

    def pieces(z):
        x = (margin - mp.sqrt(1 - c) * z) / mp.sqrt(c)
        tail = mp.erfc(x / mp.sqrt(2)) / 2
        return x, tail, mp.npdf(x) / tail

    def curvature(z):
        x, _, r = pieces(z)
        return r * r * (r - x) ** 2 + 2 * r**3 * (r - x)

    assert abs(ours.log_tail - mean(mp, lambda z: mp.log(pieces(z)[1]))) < 1e-22
    assert abs(ours.squared_ratio - mean(mp, lambda z: pieces(z)[2] ** 2)) < 1e-22
    assert abs(ours.by_variance - mean(mp, curvature)) < 1e-22


def test_a_trapezoidal_rule_is_as_good_as_its_bound_and_not_absurdly_better(mp):
    """ln 2cosh at q̂ = 9: halving the digits asked for must not break the bound; the bound is not off by many orders."""
    exact = mean(mp, lambda z: mp.log(2 * mp.cosh(3 * z)))
    for digits in (3, 6, 10):
        rule = proven_quadrature.trapezoidal_rule(1.0 / 3.0, (1.0, 50.0, 3.0, 1), digits)
        terms = (
            mp.npdf(k * mp.mpf(rule.step)) * mp.log(2 * mp.cosh(3 * k * mp.mpf(rule.step)))
            for k in range(-rule.half, rule.half + 1)
        )
        error = abs(mp.mpf(rule.step) * mp.fsum(terms) - exact)
        assert rule.log_bound < -digits * math.log(10.0)
        assert error <= mp.exp(rule.log_bound)


def test_capacity_agrees_with_double_precision_and_with_itself():
    few, many = precise.capacity(0, 12), precise.capacity(0, 50)
    assert many.status is Status.CONVERGED
    assert float(many) == pytest.approx(double.capacity().value, abs=1e-14)
    assert abs(many.value - few.value) <= few.error + many.error
    assert many.error < 1e-50
    assert many.text == "0.83307859973957923368908689326696590805213275026266"


def test_the_capacity_solves_the_textbook_equations(mp):
    """φ = 0 and the saddle at the α_c found, by adaptive Gauss-Legendre quadrature in other variables."""
    alpha = precise.capacity("0.3", 25)
    root = precise.capacity_root("0.3", 25)
    q_hat, load, margin = (mp.mpf(value) for value in root.point)
    q = mean(mp, lambda z: mp.tanh(mp.sqrt(q_hat) * z) ** 2)

    def log_tail(z):
        return mp.log(mp.erfc((margin - mp.sqrt(q) * z) / mp.sqrt(2 * (1 - q))) / 2)

    def ratio(z):
        x = (margin - mp.sqrt(q) * z) / mp.sqrt(1 - q)
        return 2 * mp.npdf(x) / mp.erfc(x / mp.sqrt(2))

    entropy = mean(mp, lambda z: mp.log(2 * mp.cosh(mp.sqrt(q_hat) * z))) + load * mean(mp, log_tail)
    assert abs(entropy - q_hat * (1 - q) / 2) < 1e-24
    assert abs(q_hat - load / (1 - q) * mean(mp, lambda z: ratio(z) ** 2)) < 1e-24
    assert alpha.value == root.point[1]


@pytest.mark.parametrize(("load", "margin"), [("0.5", "0.1"), ("0.05", "1.5"), ("0.8", "-0.5")])
def test_typical_solutions_agree_with_double_precision_within_its_errors(load, margin):
    ours, theirs = precise.typical_solutions(load, margin, 20), double.typical_solutions(float(load), float(margin))
    for name in ("entropy", "overlap", "q_hat"):
        digits, estimate = getattr(ours, name), getattr(theirs, name)
        assert abs(float(digits) - estimate.value) <= 4.0 * estimate.error
        assert digits.error < 1e-20 * (1 + abs(digits.value))


def test_margin_and_load_invert_each_other():
    margin = precise.maximum_margin("0.5", 30)
    assert abs(precise.capacity(Fraction(str(margin.text)), 28).value - 0.5) < 1e-28
    assert float(margin) == pytest.approx(double.maximum_margin(0.5).value, abs=1e-14)


def test_a_string_is_a_decimal_and_a_float_is_binary():
    tenth, binary = (precise.typical_solutions(0.5, margin, 25).entropy.value for margin in ("0.1", 0.1))
    assert 1e-19 < abs(tenth - binary) < 1e-16
    assert precise.typical_solutions(0.5, Fraction(1, 10), 25).entropy.value == tenth


@pytest.mark.parametrize("digits", [0, -3, 2.5, "50", True])
def test_digits_are_checked(digits):
    with pytest.raises(ValueError, match=r"digits = .*allowed"):
        precise.capacity(0, digits)


@pytest.mark.parametrize(("load", "margin"), [(-1, 0), ("x", 0), ("1/0", 0), (0.5, 9), (0.5, math.nan)])
def test_bad_input_names_the_argument(load, margin):
    with pytest.raises(ValueError, match=r"(load|margin) = .*allowed"):
        precise.typical_solutions(load, margin, 20)


@needs_flint
@pytest.mark.parametrize("digits", [15, 50])
def test_the_capacity_is_enclosed(digits):
    interval = enclosure.enclose_capacity(0, digits)
    assert interval.contains(precise.capacity(0, digits + 5).value)
    assert interval.ball.rad() < 10.0**-digits
    assert not interval.contains(0.8330785997)
    assert abs(float(interval.ball.mid()) - double.capacity().value) < 1e-14


@needs_flint
def test_the_saddle_and_the_maximum_margin_are_enclosed():
    exact = precise.typical_solutions("0.5", "0.1", 30)
    for interval in enclosure.enclose_typical_solutions("0.5", "0.1", 18):
        assert interval.contains(getattr(exact, interval.name).value)
        assert interval.ball.rad() < 1e-18
    assert enclosure.enclose_maximum_margin("0.5", 18).contains(precise.maximum_margin("0.5", 30).value)


@needs_flint
def test_no_proof_is_given_of_what_is_not_a_root(monkeypatch):
    root = precise.capacity_root(0, 20)
    wrong = type(root)(
        [root.point[0], root.point[1] * 1.0001, root.point[2]],
        *(getattr(root, n) for n in ("errors", "equations", "iterations")),
    )
    monkeypatch.setattr(enclosure, "capacity_root", lambda *_: wrong)
    with pytest.raises(enclosure.ConvergenceError, match="no proof"):
        enclosure.enclose_capacity(0, 15)


@pytest.mark.skipif(enclosure.is_available(), reason="python-flint is installed")
def test_a_missing_library_is_named():
    with pytest.raises(ModuleNotFoundError, match="python-flint"):
        enclosure.enclose_capacity(0, 5)
