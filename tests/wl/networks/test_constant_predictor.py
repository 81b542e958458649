"""The best constant prediction: closed forms, and no other constant does better."""

import math

import numpy as np
import pytest

from wl.networks.architecture import Architecture
from wl.networks.constant_predictor import constant_log_losses
from wl.networks.datasets.spiral import spiral, spiral_regression
from wl.networks.datasets.split import Dataset, Split
from wl.networks.forward import quality


def test_even_labels_have_the_entropy_of_a_coin():
    assert constant_log_losses(spiral()) == pytest.approx([math.log(math.log(2.0))] * 2)


def test_real_targets_have_their_variance():
    data = spiral_regression()
    y, other = data.train.targets, data.test.targets
    expected = np.log([np.var(y), np.var(other) + (other.mean() - y.mean()) ** 2])
    assert constant_log_losses(data) == pytest.approx(expected)
    assert constant_log_losses(data)[0] == pytest.approx(math.log(0.5), abs=0.15)  # sine of a uniform angle


def test_a_network_without_weights_cannot_do_better():
    """A linear head whose weights are zero predicts its bias: the training loss is least at the constant's."""
    rng = np.random.default_rng(1)
    parts = [Split(rng.normal(size=(n, 2)), rng.normal(0.7, 2.0, (n, 1))) for n in (40, 30)]
    found = constant_log_losses(Dataset(*parts, "drawn"))
    architecture = Architecture(2, (3,), 1, "tanh", "linear")
    for shift in (-0.1, 0.0, 0.1):
        parameters = np.zeros(architecture.n_parameters)
        parameters[-1] = parts[0].targets.mean() + shift
        losses = [quality(architecture, parameters, part, "float64").log_loss for part in parts]
        if shift == 0.0:
            assert losses == pytest.approx(found)
        else:
            assert losses[0] > found[0]


def test_labels_of_several_classes():
    features = np.zeros((6, 1))
    train, test = Split(features, np.array([0, 0, 0, 1, 1, 2])), Split(features[:2], np.array([0, 2]))
    costs = np.log([2.0, 3.0, 6.0])
    expected = np.log([(3 * costs[0] + 2 * costs[1] + costs[2]) / 6, (costs[0] + costs[2]) / 2])
    assert constant_log_losses(Dataset(train, test, "x")) == pytest.approx(expected)
    unseen = Dataset(Split(features, np.zeros(6, int)), Split(features[:1], np.array([1])), "x")
    assert constant_log_losses(unseen) == (-math.inf, math.inf)
