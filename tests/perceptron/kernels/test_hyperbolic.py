"""tanh and 1 - tanh² against mpmath."""

import math

import mpmath as mp
import numpy as np
import pytest

from perceptron.kernels.special.hyperbolic import short_tanh_and_variance, tanh_and_variance

SIZES = [1e-300, 1e-30, 1e-8, *np.geomspace(1e-4, 8.0, 150).tolist(), 7.99]
LARGE = [8.0, 9.3, 12.0, 17.9, 18.1, 25.0, 1e3, 1e300, math.inf]


def exact(x):
    with mp.workdps(60):
        number = mp.mpf(x)
        return mp.tanh(number), mp.sech(number) ** 2


def test_double_precision():
    for x in [*SIZES, *LARGE]:
        tanh, variance = tanh_and_variance(x)
        assert abs(tanh / exact(x)[0] - 1) < 2e-15
        assert tanh_and_variance(-x) == (-tanh, variance)
        assert abs(tanh) <= 1.0
        assert variance > 0.0


def test_single_precision():
    for x in [*SIZES[2:], *LARGE[:-2], math.inf]:
        number = np.float32(x)
        tanh, variance = short_tanh_and_variance(number)
        assert abs(float(tanh) / exact(float(number))[0] - 1) < 5e-7
        assert short_tanh_and_variance(-number) == (-tanh, variance)
        assert variance > 0.0


def test_the_variance_keeps_its_digits():
    for x in SIZES:
        assert abs(tanh_and_variance(x)[1] / exact(x)[1] - 1) < 1e-12


def test_zero_and_nan():
    assert tanh_and_variance(0.0) == (0.0, 1.0)
    assert short_tanh_and_variance(np.float32(0.0)) == (0.0, 1.0)
    assert all(map(math.isnan, tanh_and_variance(math.nan)))
    assert all(map(math.isnan, short_tanh_and_variance(np.float32(math.nan))))


@pytest.mark.parametrize("x", [8.0, 12.0, 17.0])
def test_the_variance_of_saturated_weights_is_not_lost(x):
    assert tanh_and_variance(x)[1] == pytest.approx(float(exact(x)[1]), rel=1e-6)
