"""Forward passes, losses and the functions in them, against plain NumPy in double precision."""

import itertools
import math
from pathlib import Path

import mpmath
import numpy as np
import pytest

from perceptron.base.jit import njit
from wl.networks import forward
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.networks.forward import Quality, outputs, quality
from wl.networks.layers import activations as functions

ONE, LEAST_NUMBER, SMALL = np.float32(1.0), 1e-30, 1e-4
SHAPES = {  # head: hidden layers, outputs; fan-ins below, at and above a pass
    "logistic": ((5, 8), 1),
    "softmax": ((20,), 3),
    "linear": ((9, 2), 2),
}
ROUNDING = {"float32": 3e-6, "float64": 1e-13}


def plain_activation(name, z):
    if name == "relu":
        return np.maximum(z, 0.0)
    return np.tanh(z) if name == "tanh" else z / (1.0 + np.exp(-z))


def plain_outputs(architecture, parameters, features):
    """Layer by layer with matrices cut out of the vector by hand."""
    place, signal = 0, features.astype(np.float64)
    widths = architecture.widths
    for number, (n_inputs, n_outputs) in enumerate(itertools.pairwise(widths)):
        weights = parameters[place : place + n_inputs * n_outputs].reshape(n_outputs, n_inputs)
        place += n_inputs * n_outputs
        signal = signal @ weights.astype(np.float64).T + parameters[place : place + n_outputs]
        place += n_outputs
        if number < len(widths) - 2:
            signal = plain_activation(architecture.activation, signal)
    assert place == parameters.size
    return signal


def plain_quality(architecture, parameters, split):
    z = plain_outputs(architecture, parameters, split.features)
    if architecture.head == "linear":
        return Quality(math.log(np.mean((z - split.targets) ** 2)), math.nan, math.nan)
    if architecture.head == "logistic":
        z = np.hstack([np.zeros_like(z), z])
    log_shares = z - np.logaddexp.reduce(z, axis=1, keepdims=True)
    of_labels = np.take_along_axis(log_shares, split.targets[:, None], axis=1)
    right = np.argmax(z, axis=1) == split.targets
    return Quality(math.log(-of_labels.mean()), right.mean(), np.exp(of_labels).mean())


def problem(head, activation, n_points=83, seed=1):
    hidden, n_outputs = SHAPES[head]
    architecture, rng = Architecture(3, hidden, n_outputs, activation, head), np.random.default_rng(seed)
    features, n_labels = rng.normal(size=(n_points, 3)), max(2, n_outputs)
    targets = rng.normal(size=(n_points, n_outputs)) if head == "linear" else rng.integers(0, n_labels, n_points)
    parameters = rng.normal(size=architecture.n_parameters)
    return architecture, parameters.astype(np.float32).astype(np.float64), Split(features, targets)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("activation", ["relu", "tanh", "silu"])
def test_outputs_losses_and_accuracies_are_those_of_plain_numpy(activation, precision):
    for head in SHAPES:
        architecture, parameters, split = problem(head, activation)
        exact = plain_outputs(architecture, parameters, split.features)
        found = outputs(architecture, parameters, split.features, precision)
        assert found.dtype == precision
        assert found.shape == exact.shape == (83, architecture.n_outputs)
        assert np.abs(found - exact).max() < ROUNDING[precision] * np.abs(exact).max()
        one, other = quality(architecture, parameters, split, precision), plain_quality(architecture, parameters, split)
        assert one.log_loss == pytest.approx(other.log_loss, abs=ROUNDING[precision])
        assert one.accuracy == pytest.approx(other.accuracy, abs=1e-15, nan_ok=True)
        assert one.smoothed_accuracy == pytest.approx(other.smoothed_accuracy, abs=ROUNDING[precision], nan_ok=True)


@pytest.mark.parametrize("precision", ["float32", "float64"])
@pytest.mark.parametrize("n_outputs", [1, 2, 3])
def test_the_logarithm_of_the_loss_is_exact_over_hundreds_of_units(n_outputs, precision):
    """One feature x and z = scale x for the label's class: margins of any size."""
    head = "logistic" if n_outputs == 1 else "softmax"
    architecture = Architecture(1, (1,), n_outputs, "relu", head)
    features = np.array([[1.0], [1.25], [3.0]])
    split = Split(features, np.ones(3, int))
    scales = np.array([-300.0, -20.0, -1.0, 0.0, 0.5, 3.0, 10.0, 14.0, 40.0, 80.0, 120.0, 300.0])
    for scale in scales:
        weights = np.zeros(n_outputs)
        weights[-1 if n_outputs < 3 else 1] = scale
        parameters = np.concatenate([[1.0, 0.0], weights, np.zeros(n_outputs)])
        margins = scale * features[:, 0] - (math.log(2.0) if n_outputs == 3 else 0.0)
        log_terms = [math.log(np.logaddexp(0.0, -m)) if m < 30.0 else -m for m in margins]
        exact = np.logaddexp.reduce(log_terms) - math.log(3.0)
        found = quality(architecture, parameters, split, precision)
        assert found.log_loss == pytest.approx(exact, abs=ROUNDING[precision] * max(1.0, abs(scale)))
        if scale != 0.0:
            assert found.accuracy == float(scale > 0.0)
        elif n_outputs < 3:
            assert found.accuracy == 0.0  # z = 0, and the first of equal outputs, stand for label 0


def test_points_in_several_blocks_are_as_those_in_one(monkeypatch):
    architecture, parameters, split = problem("logistic", "tanh")
    whole = outputs(architecture, parameters, split.features), quality(architecture, parameters, split)
    monkeypatch.setattr(forward, "BLOCK", 20)
    assert np.array_equal(outputs(architecture, parameters, split.features), whole[0])
    parts = quality(architecture, parameters, split)
    assert parts.log_loss == pytest.approx(whole[1].log_loss, rel=1e-6)
    assert parts.accuracy == pytest.approx(whole[1].accuracy, rel=1e-12)
    assert outputs(architecture, parameters, split.features[:0]).shape == (0, 1)


@njit
def worst_tanh(first, last, stride):
    """Largest error in units in the last place over the bit patterns, at ±x, largest value, and whether it is odd."""
    worst, largest, odd = 0.0, np.float32(0.0), True
    for bits in range(first, last, stride):
        x = np.int32(bits).view(np.float32)
        value, exact = functions.single_tanh(x), math.tanh(np.float64(x))
        unit = 2.0**-149
        if exact > 1e-37:
            unit = math.ldexp(1.0, math.frexp(exact)[1] - 24)
        worst = max(worst, abs(np.float64(value) - exact) / unit)
        largest = max(largest, value)
        odd &= functions.single_tanh(-x) == -value
    return worst, largest, odd


@njit
def worst_exp(first, last, stride):
    worst = 0.0
    for bits in range(first, last, stride):
        x = -np.int32(bits).view(np.float32)
        exact = math.exp(np.float64(x))
        unit = math.ldexp(1.0, math.frexp(exact)[1] - 24)
        worst = max(worst, abs(np.float64(functions.single_exp(x)) - exact) / unit)
    return worst


@njit
def worst_log(first, last, stride):
    worst = 0.0
    for bits in range(first, last, stride):
        x = np.int32(bits).view(np.float32)
        exact = math.log1p(np.float64(x))
        unit = math.ldexp(1.0, math.frexp(exact)[1] - 24)
        worst = max(worst, abs(np.float64(functions.single_log1p_over(ONE, x)) - exact) / unit)
    return worst


def bits_of(number):
    return int(np.float32(number).view(np.int32))


@pytest.mark.parametrize("stride", [101, pytest.param(1, marks=pytest.mark.slow)])
def test_single_precision_functions_keep_their_bounds(stride):
    """All numbers above SMALL in the slow test, one in a hundred in the fast one; below, where all are x, a few."""
    for first, last, each in ((LEAST_NUMBER, SMALL, 100 * stride), (SMALL, 10.0, stride), (10.0, 1e30, 100 * stride)):
        worst, largest, odd = worst_tanh(bits_of(first), bits_of(last), each)
        assert worst < functions.TANH_ULPS
        assert largest <= 1.0 + 2.0**-22
        assert odd
    assert worst_exp(bits_of(SMALL), bits_of(80.0), stride) < functions.EXP_ULPS
    assert worst_log(bits_of(SMALL), bits_of(1.0) + 1, stride) < functions.LOG_ULPS


def test_double_precision_exponential_keeps_its_bound():
    """Against forty digits, at the ends of the intervals of its series too."""
    rng = np.random.default_rng(1)
    ends = np.log(2.0) * (np.arange(2000) / 2.0)
    arguments = -np.concatenate(
        [rng.uniform(0.0, 700.0, 3000), 10.0 ** rng.uniform(-18, 2.84, 3000), ends[ends < 700.0]]
    )
    worst = 0.0
    with mpmath.workdps(40):
        for x in map(float, arguments):
            value, exact = functions.double_exp(x), mpmath.exp(x)
            worst = max(worst, abs(float((mpmath.mpf(float(value)) - exact) / mpmath.mpf(math.ulp(float(exact))))))
    assert worst < functions.DOUBLE_EXP_ULPS
    assert functions.double_exp(0.0) == 1.0
    assert 0.0 < functions.double_exp(-math.inf) == functions.double_exp(-700.0) < 1e-300
    assert math.isnan(functions.double_exp(math.nan))


def test_functions_at_their_ends():
    for x in (0.0, 9.0, 50.0, 3e38, math.inf):
        assert functions.single_tanh(np.float32(x)) == pytest.approx(math.tanh(x), rel=3e-7)
    assert functions.single_exp(np.float32(0.0)) == 1.0
    for x in (-80.0, -1e4, -math.inf):
        assert 0.0 < functions.single_exp(np.float32(x)) < 1.9e-35
    assert functions.single_log1p_over(np.float32(1e-38), np.float32(0.75)) == np.float32(0.75)


def test_plain_python_agrees_within_the_units(run_python):
    """Without compilation products and sums are rounded one by one."""
    code = "import test_networks_forward as t\nprint(*t.some_outputs())"
    plain = np.array(run_python(code, Path(__file__).parent, NUMBA_DISABLE_JIT="1").split(), float)
    assert np.allclose(plain, some_outputs(), rtol=0.0, atol=3e-6)


def some_outputs():
    found = []
    for head in SHAPES:
        architecture, parameters, split = problem(head, "tanh", n_points=7)
        found += [*outputs(architecture, parameters, split.features).ravel()]
        found.append(quality(architecture, parameters, split).log_loss)
    return [float(value) for value in found]


def test_bad_input_is_named():
    architecture, parameters, split = problem("softmax", "relu")
    with pytest.raises(ValueError, match=r"precision = 'half' is not known; allowed: float32, float64"):
        outputs(architecture, parameters, split.features, "half")
    with pytest.raises(ValueError, match=r"features has shape \(83, 2\); allowed: \(n_points, 3\)"):
        outputs(architecture, parameters, split.features[:, :2])
    with pytest.raises(ValueError, match=r"parameters has shape \(5,\); allowed: \(143,\)"):
        quality(architecture, parameters[:5], split)
    with pytest.raises(ValueError, match=r"split.targets has label 3; allowed: labels 0 to 2"):
        quality(architecture, parameters, Split(split.features, np.full(83, 3)))
