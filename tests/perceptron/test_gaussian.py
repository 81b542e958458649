"""The Gaussian toolbox against 40-digit arithmetic, closed forms and identities."""

import importlib.util
from pathlib import Path

import mpmath as mp
import numpy as np
import pytest

from perceptron.gaussian import (
    gaussian_average,
    gaussian_density,
    gaussian_tail,
    inverse_mills_ratio,
    log_2cosh,
    log_gaussian_tail,
)
from perceptron.kernels.special.mills_table import COEFFICIENTS, MAP_CONSTANT, N_INTERVALS

DENORMAL = 5e-324


def all_points():
    """[-8, 40] evenly, around 0 down to the smallest number, and on both sides of every end of a table interval."""
    ends = MAP_CONSTANT * N_INTERVALS / np.arange(3.0, N_INTERVALS + 1) - MAP_CONSTANT
    ends = np.concatenate([np.nextafter(ends, -1.0), ends, np.nextafter(ends, 100.0)])
    small = np.concatenate([10.0 ** np.arange(-17.0, 0.0), [0.0, DENORMAL]])
    points = np.concatenate([np.linspace(-8.0, 40.0, 1253), ends, -ends, small, -small])
    return points[(points >= -8.0) & (points <= 40.0)]


POINTS = all_points()


def density(x):
    return mp.npdf(mp.mpf(float(x)))


def tail(x):
    return mp.erfc(mp.mpf(float(x)) / mp.sqrt(2)) / 2


def log_tail(x):
    return mp.log(tail(x)) if x > 0 else mp.log1p(-tail(-x))


def worst_relative_error(function, reference, points):
    with mp.workdps(40):
        pairs = [(mp.mpf(float(value)), reference(x)) for value, x in zip(function(points), points, strict=True)]
        return float(max(abs(value - exact) / abs(exact) for value, exact in pairs))


def test_enough_points():
    assert POINTS.size >= 1400


def test_log_gaussian_tail_to_1e_14():
    assert worst_relative_error(log_gaussian_tail, log_tail, POINTS) < 1e-14


def test_inverse_mills_ratio_to_1e_14():
    assert worst_relative_error(inverse_mills_ratio, lambda x: density(x) / tail(x), POINTS) < 1e-14


def test_log_2cosh_to_1e_15():
    points = np.concatenate([POINTS, [-900.0, 350.0, 720.0]])
    assert worst_relative_error(log_2cosh, lambda x: mp.log(2 * mp.cosh(mp.mpf(float(x)))), points) < 1e-15


@pytest.mark.parametrize(("function", "reference"), [(gaussian_tail, tail), (gaussian_density, density)])
def test_tail_and_density_to_2e_13_up_to_37(function, reference):
    assert worst_relative_error(function, reference, POINTS[POINTS <= 37.0]) < 2e-13


def test_tail_underflows_correctly_and_silently():
    points = np.linspace(37.0, 40.0, 61)
    with np.errstate(divide="raise", invalid="raise", over="raise"), mp.workdps(40):
        for x, value in zip(points, gaussian_tail(points), strict=True):
            assert abs(mp.mpf(float(value)) - tail(x)) <= 1e-12 * tail(x) + 2 * mp.mpf(DENORMAL)
    assert gaussian_tail(38.0) == pytest.approx(2.885428e-316, rel=1e-6)
    assert gaussian_tail(40.0) == 0.0
    assert gaussian_density(40.0) == 0.0


def test_logarithm_and_ratio_stay_finite_where_the_tail_is_zero():
    points = np.array([50.0, 1e4, 1e8])
    np.testing.assert_allclose(log_gaussian_tail(points), -0.5 * points**2 - np.log(points * np.sqrt(2 * np.pi)), 4e-4)
    np.testing.assert_allclose(inverse_mills_ratio(points), points, 5e-4)


def test_both_tails_sum_to_one():
    assert np.abs(gaussian_tail(POINTS) + gaussian_tail(-POINTS) - 1.0).max() <= 2.0**-52


def test_derivative_of_the_inverse_mills_ratio():
    def derivative(x):
        return mp.diff(lambda u: mp.npdf(u) / (mp.erfc(u / mp.sqrt(2)) / 2), mp.mpf(float(x)))

    points = np.linspace(-8.0, 40.0, 60)
    ratio = inverse_mills_ratio(points)
    with mp.workdps(40):
        for x, value in zip(points, ratio * (ratio - points), strict=True):
            assert abs(value / derivative(x) - 1) < 4e-15 * (1.0 + max(x, 0.0) ** 2)  # R - x ~ 1/x is a difference


def test_mills_table_is_what_its_tool_writes():
    path = Path(__file__).parents[2] / "tools" / "make_mills_table.py"
    specification = importlib.util.spec_from_file_location("make_mills_table", path)
    tool = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(tool)
    assert (float(tool.C), tool.N_INTERVALS, tool.DEGREE + 1) == (MAP_CONSTANT, *COEFFICIENTS.shape)
    with mp.workdps(40):
        for row in (0, 1, 17, N_INTERVALS - 1):
            assert [float(c) for c in tool.interval_coefficients(row)] == COEFFICIENTS[row].tolist()


def integral(function, centre, width):
    """∫Dz f(z) by mpmath, cut at the bend and at distances from it that double."""
    steps = [mp.mpf(width) * 2**k for k in range(40)]
    cuts = {mp.mpf(-13), mp.mpf(13), mp.mpf(centre)} | {centre + sign * step for step in steps for sign in (-1, 1)}
    return mp.quad(lambda z: mp.npdf(z) * function(z), sorted(cut for cut in cuts if abs(cut) <= 13))


def tanh_squared(slope):
    return integral(lambda z: mp.tanh(slope * z) ** 2, mp.mpf(0), 1 / mp.mpf(slope))


def log_step(centre, width):
    centre, width = mp.mpf(centre), mp.mpf(width)
    return integral(lambda z: mp.log(mp.erfc((centre - z) / width / mp.sqrt(2)) / 2), centre, width)


CASES = {
    "1": (np.ones_like, (), lambda: 1),
    "cos z": (np.cos, (), lambda: mp.exp(-mp.mpf(1) / 2)),
    "cos 5z": (lambda z: np.cos(5.0 * z), (), lambda: mp.exp(-mp.mpf(25) / 2)),
    "z": (lambda z: z, (), lambda: 0),
    "z^2": (np.square, (), lambda: 1),
    "z^4": (lambda z: z**4, (), lambda: 3),
    "exp z": (np.exp, (), lambda: mp.exp(mp.mpf(1) / 2)),
    "exp 3z": (lambda z: np.exp(3.0 * z), (), lambda: mp.exp(mp.mpf(9) / 2)),
    "tanh^2 100z": (lambda z: np.tanh(100.0 * z) ** 2, [(0.0, 0.012)], lambda: tanh_squared(100)),
    "tanh^2 1e6 z": (lambda z: np.tanh(1e6 * z) ** 2, [(0.0, 1.2e-6)], lambda: tanh_squared(10**6)),
    "ln H": (lambda z: log_gaussian_tail((0.37 - z) / 0.01), [(0.37, 0.02)], lambda: log_step(0.37, 0.01)),
    "ln H, not named": (lambda z: log_gaussian_tail((0.37 - z) / 0.01), (), lambda: log_step(0.37, 0.01)),
    "tanh^2 100z, not named": (lambda z: np.tanh(100.0 * z) ** 2, (), lambda: tanh_squared(100)),
    "tanh^2 10z, not named": (lambda z: np.tanh(10.0 * z) ** 2, (), lambda: tanh_squared(10)),
    "step, not named": (lambda z: (z > 0.3) * 1.0, (), lambda: tail(0.3)),
    "|z|, not named": (np.abs, (), lambda: mp.sqrt(2 / mp.pi)),
}


def average(case):
    function, features, exact = CASES[case]
    with mp.workdps(25):
        estimate = gaussian_average(function, features)
        return estimate, float(abs(mp.mpf(estimate.value) - exact()))


@pytest.mark.parametrize("case", [case for case in CASES if "not named" not in case and case != "exp 3z"])
def test_averages_to_thirteen_digits(case):
    estimate, true_error = average(case)
    assert true_error < 1e-13 * max(1.0, abs(estimate.value))


@pytest.mark.parametrize("case", [case for case in CASES if "not named" not in case])
def test_the_error_estimate_covers_the_true_error(case):
    estimate, true_error = average(case)
    assert true_error <= estimate.error


@pytest.mark.parametrize("case", [case for case in CASES if "not named" in case])
def test_a_sharp_feature_that_is_not_named_shows_in_the_error(case):
    estimate, _ = average(case)
    assert estimate.error > 1e-9


@pytest.mark.parametrize("case", ["cos z", "tanh^2 100z", "tanh^2 1e6 z"])
def test_the_error_estimate_of_a_good_grid_is_rounding(case):
    estimate, _ = average(case)
    assert estimate.error < 1e-15


@pytest.mark.parametrize("width", [0.0, -0.1, float("nan"), float("inf"), "0.1", True])
def test_a_bad_width_is_named_with_its_value(width):
    with pytest.raises(ValueError, match=rf"width = {width!r} .*allowed: finite real numbers > 0"):
        gaussian_average(np.cos, [(0.0, width)])


@pytest.mark.parametrize("centre", [float("nan"), float("-inf"), None])
def test_a_bad_centre_is_named_with_its_value(centre):
    with pytest.raises(ValueError, match=rf"centre = {centre!r} "):
        gaussian_average(np.cos, [(centre, 0.1)])
