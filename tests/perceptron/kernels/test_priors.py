"""Binary weights in a field: closed forms."""

from typing import NamedTuple

import mpmath as mp
import pytest

from perceptron.base.jit import njit
from perceptron.kernels.typical.priors import BinaryWeights, log_partition

FIELDS = [0.0, 1e-300, 1e-12, 1e-5, 0.3, 1.0, 5.0, 19.0, 40.0, 350.0]


@pytest.mark.parametrize("field", [*FIELDS, *[-field for field in FIELDS]])
def test_binary_weights_in_a_field(field):
    log_z, mean, variance = log_partition(BinaryWeights(), field)
    with mp.workdps(40):
        exact = mp.mpf(field)
        assert abs(log_z / mp.log(2 * mp.cosh(exact)) - 1) < 1e-15
        assert abs(mean - mp.tanh(exact)) < 2.3e-16
        assert abs(variance * mp.cosh(exact) ** 2 - 1) < 1e-15


def test_a_huge_field_saturates():
    for field in (800.0, 1e8):
        assert log_partition(BinaryWeights(), field) == (field, 1.0, 0.0)
        assert log_partition(BinaryWeights(), -field) == (field, -1.0, 0.0)


def test_mean_and_variance_are_derivatives():
    step = 1e-4
    for field in (-2.0, -0.1, 0.0, 0.7, 3.0):
        _, mean, variance = log_partition(BinaryWeights(), field)
        below, above = (log_partition(BinaryWeights(), field + shift) for shift in (-step, step))
        assert (above[0] - below[0]) / (2.0 * step) == pytest.approx(mean, abs=1e-8)
        assert (above[1] - below[1]) / (2.0 * step) == pytest.approx(variance, abs=1e-8)


def test_python_and_compiled_code_choose_the_same_kernel():
    @njit(cache=False)
    def compiled(prior, field):
        return log_partition(prior, field)

    for field in FIELDS:
        assert compiled(BinaryWeights(), field) == log_partition(BinaryWeights(), field)


def test_a_prior_that_is_not_registered_is_named():
    class Ternary(NamedTuple):
        dilution: float

    with pytest.raises(TypeError, match="log_partition is not registered for Ternary"):
        log_partition(Ternary(0.5), 1.0)
