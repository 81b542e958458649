"""Data that a network cannot hold in its precision are refused by the place where they are lost."""

import numpy as np
import pytest

from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Dataset, Split
from wl.networks.precision import check_precision
from wl.networks.training.ensemble import TrainingOptions
from wl.networks.training.train import train_ensemble
from wl.systems.network.system import NetworkOptions, neural_network

LABELS = np.arange(12) % 2
X = np.linspace(-1.0, 1.0, 12)


def split(second, targets=LABELS):
    return Split(np.stack([X, second], axis=1), targets)


def system(train, precision="float32", head="logistic", **options):
    chosen = NetworkOptions(precision=precision, **options)
    return neural_network(Architecture(2, (3,), activation="relu", head=head), train, None, ("log_train_loss",), chosen)


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (1e300 * X, r"train\.features\[0, 1\] = -1e\+300 is beyond float32"),
        (1e-300 * X, r"train\.features\[:, 1\] from -1e-300 to 1e-300 is rounded to float32 by 1e-300"),
        (1.7e9 + 50.0 * X, r"train\.features\[:, 1\] from 1699999950 to 1700000050 is rounded to float32"),
        (1.0 + 1e-6 * X, "more than 0.01 of its deviation; allowed: numbers that keep how they vary"),
        (1e37 * X, "losses of networks in the box may reach .*, beyond float32"),
    ],
)
def test_features_that_single_precision_loses(second, message):
    with pytest.raises(ValueError, match=message):
        system(split(second))
    system(split(second), "float64")


@pytest.mark.parametrize("second", [X, 1e-30 * X, 1e30 * X, 1000.0 + X, np.zeros(12), np.full(12, 0.1), X > 0.0])
def test_features_that_keep_what_they_say(second):
    """A feature that is constant in double precision loses nothing."""
    system(split(np.asarray(second, float)))


@pytest.mark.parametrize(
    ("targets", "precision", "message"),
    [
        (1e300 * X, "float32", r"train\.targets\[0, 0\] = -1e\+300 is beyond float32"),
        (1e30 * X, "float32", "losses of networks in the box may reach .*, beyond float32"),
        (1e300 * X, "float64", "losses of networks in the box may reach inf, beyond float64"),
        (1e9 + X, "float32", r"train\.targets\[:, 0\] from 999999999 to 1000000001 is rounded"),
    ],
)
def test_real_targets_that_are_lost(targets, precision, message):
    with pytest.raises(ValueError, match=message):
        system(split(X**2, targets[:, None]), precision, "linear")


def test_a_test_part_is_held_to_what_is_finite():
    train, test = split(X), split(np.where(np.arange(12) == 5, 1e39, X))
    with pytest.raises(ValueError, match=r"test\.features\[5, 1\] = 1e\+39 is beyond float32"):
        check_precision(train, test, "float32")
    check_precision(train, split(np.full(12, 1e-300)), "float32")


def test_training_looks_at_the_precision_of_its_method():
    data = Dataset(split(1e-300 * X), split(X), "own")
    shape = Architecture(2, (3,))
    train_ensemble(data, shape, TrainingOptions(1, batch_size=4, n_epochs=2, method="points"))
    with pytest.raises(ValueError, match="is rounded to float32"):
        train_ensemble(data, shape, TrainingOptions(1, batch_size=4, n_epochs=2, method="matrices"))


def test_steps_of_moves_are_not_used_under_forces():
    for name in ("step", "block_step"):
        with pytest.raises(ValueError, match=f"{name} = 0.1 is not used with forces = True; allowed: None"):
            NetworkOptions(forces=True, **{name: 0.1})
    with pytest.raises(ValueError, match="precision = 'half' is not known; allowed: float32, float64"):
        NetworkOptions(precision="half")
