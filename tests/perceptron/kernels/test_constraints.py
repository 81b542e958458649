"""Constraints: ln Z and its derivatives against 60-digit arithmetic, dispatch, and constraints of users."""

import itertools
import json
from typing import NamedTuple

import mpmath as mp
import numpy as np
import pytest

from perceptron.base.jit import njit
from perceptron.kernels.typical.constraints import (
    MarginStep,
    SymmetricWindow,
    edges,
    is_met,
    log_probability,
)
from perceptron.theory.typical.solutions import typical_solutions

MEANS = [-6.0, -3.3, -1.0, -0.2, 0.0, 1e-3, 0.4, 0.7, 1.9, 6.0]
VARIANCES = [25.0, 1.0, 0.3, 1e-2, 1e-4]
CASES = [MarginStep(0.0), MarginStep(0.5), MarginStep(-0.7), SymmetricWindow(0.6), SymmetricWindow(1.5)]


def tail(x):
    return mp.erfc(x / mp.sqrt(2)) / 2


def exact_log_probability(constraint, mean, variance):
    """Ln Z as the logarithm of a small number or as log1p of minus a small number, whichever it is."""
    width = mp.sqrt(variance)
    if isinstance(constraint, MarginStep):
        x = (mp.mpf(constraint.margin) - mean) / width
        return mp.log(tail(x)) if x > 0 else mp.log1p(-tail(-x))
    far, near = ((mp.mpf(constraint.half_width) + sign * abs(mean)) / width for sign in (1, -1))
    return mp.log1p(-tail(near) - tail(far)) if near > 0 else mp.log(tail(-near) - tail(far))


def exact_derivative(constraint, mean, variance, order):
    step = mp.sqrt(variance) * mp.mpf(10) ** -25
    return mp.diff(lambda m: exact_log_probability(constraint, m, mp.mpf(variance)), mp.mpf(mean), order, h=step)


def distance_in_tails(constraint, mean, variance):
    """Largest distance of the mean from an edge in standard deviations: what rounding is multiplied with, squared."""
    return max(abs(edge - mean) for edge in edges(constraint)) / variance**0.5


@pytest.mark.parametrize("variance", VARIANCES)
@pytest.mark.parametrize("constraint", CASES, ids=str)
def test_log_probability_also_in_the_far_tails(constraint, variance):
    with mp.workdps(60):
        for mean in MEANS:
            value = log_probability(constraint, mean, variance)[0]
            exact = exact_log_probability(constraint, mp.mpf(mean), mp.mpf(variance))
            conditioning = 1.0 if exact < -1 else 1.0 + distance_in_tails(constraint, mean, variance) ** 2
            assert abs(value - exact) <= 4e-15 * conditioning * abs(exact) + 1e-300


def derivative_errors(constraint, mean, variance):
    """Errors of the slope, relative to what it is a difference of, and of the curvature, relative to itself."""
    _, slope, curvature = log_probability(constraint, mean, variance)
    exact = [exact_derivative(constraint, mean, variance, order) for order in (1, 2)]
    scale = abs(exact[0]) + mp.sqrt(variance) * abs(exact[1]) + mp.mpf(10) ** -300
    return abs(slope - exact[0]) / scale, abs(curvature - exact[1]) / (abs(exact[1]) + mp.mpf(10) ** -300)


@pytest.mark.parametrize(("constraint", "variance"), list(itertools.product(CASES, VARIANCES)), ids=str)
def test_derivatives_up_to_the_conditioning_of_the_tails(constraint, variance):
    with mp.workdps(80):
        for mean in MEANS:
            tolerance = 5e-15 * (1.0 + distance_in_tails(constraint, mean, variance) ** 2)
            assert max(derivative_errors(constraint, mean, variance)) <= tolerance


@pytest.mark.parametrize("constraint", CASES, ids=str)
def test_derivatives_to_ten_digits_within_a_hundred_standard_deviations(constraint):
    with mp.workdps(80):
        for mean, variance in itertools.product(MEANS, VARIANCES):
            if distance_in_tails(constraint, mean, variance) <= 100.0:
                assert max(derivative_errors(constraint, mean, variance)) <= 1e-10


def test_a_window_is_even_and_two_steps_far_apart():
    window = SymmetricWindow(1.5)
    for mean, variance in itertools.product((0.3, 1.4, 2.0, 7.0), (1e-3, 0.5, 4.0)):
        value, slope, curvature = log_probability(window, mean, variance)
        assert log_probability(window, -mean, variance) == (value, -slope, curvature)
    assert log_probability(window, 0.0, 0.5)[1] == 0.0
    step = log_probability(MarginStep(-1.5), -1.3, 1e-2)  # the other edge is 28 standard deviations away
    assert log_probability(window, -1.3, 1e-2) == pytest.approx(step, rel=1e-13)


def test_edges_and_who_meets_the_constraint():
    step, window = MarginStep(0.4), SymmetricWindow(0.9)
    assert edges(step) == (0.4, 0.4)
    assert edges(window) == (-0.9, 0.9)
    assert [is_met(step, s) for s in (0.399, 0.4, 3.0)] == [False, True, True]
    assert [is_met(window, s) for s in (-1.0, -0.9, 0.0, 0.9, 1.0)] == [False, True, True, True, False]


def test_python_and_compiled_code_choose_the_same_kernel():
    @njit(cache=False)
    def compiled(constraint, mean, variance):
        return log_probability(constraint, mean, variance), edges(constraint), is_met(constraint, mean)

    for constraint, mean, variance in itertools.product(CASES, MEANS, VARIANCES):
        value = log_probability(constraint, mean, variance), edges(constraint), is_met(constraint, mean)
        assert compiled(constraint, mean, variance) == value


def test_a_constraint_that_is_not_registered_is_named():
    class Sawtooth(NamedTuple):
        period: float

    with pytest.raises(TypeError, match="log_probability is not registered for Sawtooth"):
        log_probability(Sawtooth(1.0), 0.0, 1.0)
    with pytest.raises(TypeError, match="edges is not registered for Sawtooth"):
        edges(Sawtooth(1.0))
    with pytest.raises(TypeError, match="is_met is not registered for Sawtooth"):
        is_met(Sawtooth(1.0), 0.0)


USER_MODULE = """
import math
from typing import NamedTuple

from perceptron.kernels.typical.constraints import edges, is_met, log_probability
from perceptron.kernels.special.gaussian import log_tail_and_ratio

SCALE = 1.0


class MarginBelow(NamedTuple):
    margin: float


@log_probability.register(MarginBelow)
def _below_log_probability(constraint, mean, variance):
    inverse_width = 1.0 / math.sqrt(variance)
    x = (SCALE * constraint.margin + mean) * inverse_width
    log_tail, ratio = log_tail_and_ratio(x)
    return log_tail, -ratio * inverse_width, -ratio * (ratio - x) / variance


@edges.register(MarginBelow)
def _below_edges(constraint):
    return -constraint.margin, -constraint.margin


@is_met.register(MarginBelow)
def _below_is_met(constraint, stability):
    return stability <= -constraint.margin
"""

SOLVE = """
import json
from perceptron.theory.typical.solutions import typical_solutions
from user_constraint import MarginBelow
typical = typical_solutions(0.5, MarginBelow(0.2))
estimates = typical.entropy, typical.overlap, typical.q_hat
print(json.dumps([typical.status.name, typical.replicon.value, [[e.value, e.error] for e in estimates]]))
"""

AVERAGE = """
from perceptron.kernels.typical.replica_symmetric import energetic_averages
from user_constraint import MarginBelow
print(energetic_averages(MarginBelow(0.2), 0.5, 1.0).log_probability)
"""

PACKAGE_ALONE = """
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.kernels.typical.replica_symmetric import energetic_averages
print(energetic_averages(MarginStep(0.2), 0.5, 1.0).log_probability)
"""


def test_a_users_constraint_enters_the_theory_by_registration_alone(run_python, tmp_path):
    (tmp_path / "user_constraint.py").write_text(USER_MODULE)
    printed = run_python(SOLVE, tmp_path, PERCEPTRON_WL_CACHE_DIR=str(tmp_path / "cache"))
    status, replicon, estimates = json.loads(printed)
    typical = typical_solutions(0.5, MarginStep(0.2))  # the same model: patterns are as often ξ as -ξ
    assert status == "CONVERGED"
    assert replicon == pytest.approx(typical.replicon.value, rel=1e-12)
    for (value, error), same in zip(estimates, (typical.entropy, typical.overlap, typical.q_hat), strict=True):
        assert abs(value - same.value) <= error + same.error + 4e-15


def test_an_edited_constraint_of_a_user_is_compiled_anew(run_python, tmp_path):
    values = []
    for scale in ("1.0", "1.5"):
        (tmp_path / "user_constraint.py").write_text(USER_MODULE.replace("SCALE = 1.0", f"SCALE = {scale}"))
        values.append(float(run_python(AVERAGE, tmp_path, PERCEPTRON_WL_CACHE_DIR=str(tmp_path / "cache"))))
    assert values[1] != values[0]


def test_a_constraint_of_a_user_does_not_break_processes_without_it(run_python, tmp_path):
    with_module, without_module = tmp_path / "with", tmp_path / "without"
    for folder in (with_module, without_module):
        folder.mkdir()
    (with_module / "user_constraint.py").write_text(USER_MODULE)
    cache = str(tmp_path / "cache")
    below = float(run_python(AVERAGE, with_module, PERCEPTRON_WL_CACHE_DIR=cache))
    above = float(run_python(PACKAGE_ALONE, without_module, PERCEPTRON_WL_CACHE_DIR=cache))
    assert below == pytest.approx(above, rel=1e-13)


def test_typical_solutions_accept_integers_as_parameters():
    assert np.isfinite(typical_solutions(0.5, MarginStep(0)).entropy.value)
    assert typical_solutions(0.5, MarginStep(0)).constraint == MarginStep(0.0)
    with pytest.raises(ValueError, match="half_width = 0"):
        typical_solutions(0.5, SymmetricWindow(0))
