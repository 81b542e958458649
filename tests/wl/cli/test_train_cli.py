"""`wl train` as a user types it."""

import numpy as np
import pytest

from wl.networks.architecture import Architecture
from wl.networks.datasets.spiral import spiral
from wl.networks.training.curves import best_early_stopping, training_curve
from wl.networks.training.ensemble import TrainingOptions, load_ensemble
from wl.networks.training.train import train_ensemble

SHORT = ["--hidden", "4,3", "--epochs", "30", "--runs", "12", "--record-every", "1"]


@pytest.fixture
def train(wl):
    """Run `wl train`; see the fixture `wl`."""
    return lambda *arguments: wl("train", *arguments)


def test_spiral_as_a_user_types_it(train, tmp_path):
    chosen = ["--optimizer", "adam", "--learning-rate", 0.02, "--batch-size", 8, "--free", "--data-seed", 2]
    more = ["--seed", 5, "--output", "e.npz", "--activation", "relu", "--initialisation", "xavier"]
    code, found, err = train("spiral", *SHORT, *chosen, *more, "--json")
    assert (code, err, found["status"], found["file"]) == (0, "", "FINISHED", "e.npz")
    options = TrainingOptions(12, "adam", 0.02, 8, 30, 1, False, None, "xavier")
    expected = train_ensemble(spiral(data_seed=2), Architecture(2, (4, 3), activation="relu"), options, seed=5)
    saved = load_ensemble(tmp_path / "e.npz")
    np.testing.assert_array_equal(saved.trajectories, expected.trajectories)
    assert found["final"]["log_train_loss"]["value"] == expected["log_train_loss"][:, -1].mean()
    assert found["outside_box"]["value"] == expected.outside_box.mean() > 0.0
    best = best_early_stopping(training_curve(expected))
    said = found["best_early_stopping"]["mean"]
    assert (said["test_accuracy"]["value"], said["n_runs"]) == (best.estimate.value, best.n_runs)
    assert len({len(column) for column in found["curve"].values()}) == 1
    assert found["curve"]["test_accuracy_error"].count(None) < len(found["curve"]["test_accuracy"])
    even = train("spiral", *SHORT, *chosen, *more, "--json", "--even-test-radii")[1]
    assert even["dataset"]["parameters"]["even_test_radii"]
    assert even["final"]["log_train_loss"] == found["final"]["log_train_loss"]
    assert even["final"]["log_test_loss"] != found["final"]["log_test_loss"]
    assert train("spiral", *SHORT, *chosen, *more, "--json", "--jobs", 2)[1]["final"] == found["final"]


def test_regression_and_printed_table(train):
    code, out, _ = train("spiral-regression", *SHORT, "--train-points", 20, "--test-points", 30)
    assert code == 0
    assert "12 runs, 0 diverged" in out
    assert "accuracy" not in out
    found = train("spiral-regression", *SHORT, "--train-points", 20, "--test-points", 30, "--json")[1]
    assert set(found["final"]) == {"log_train_loss", "log_test_loss"}
    assert found["dataset"]["parameters"] == {"n_train": 20, "n_test": 30, "data_seed": 1}


def test_several_batch_sizes(train, tmp_path):
    """Each size has its own means, and an ensemble of it alone the same runs."""
    found = train("spiral", *SHORT, "--batch-size", "5,40", "--json", "--output", "e.npz")[1]
    assert found["settings"]["batch_size"] == [5, 40]
    assert [(part["batch_size"], part["n_runs"]) for part in found["of_batch_sizes"]] == [(5, 6), (40, 6)]
    alone = train_ensemble(
        spiral(), Architecture(2, (4, 3), activation="relu"), TrainingOptions(12, "sgd", 0.03, 40, 30, 1)
    )
    expected = alone["log_train_loss"][1::2, -1].mean()
    assert found["of_batch_sizes"][1]["final"]["log_train_loss"]["value"] == pytest.approx(expected, rel=1e-14)
    code, out, _ = train("spiral", *SHORT, "--batch-size", "5,40")
    assert code == 0
    assert "batches of 40" in out


@pytest.fixture
def own(tmp_path):
    rng = np.random.default_rng(1)
    rows = [
        f"{x:.3f},{y:.3f},{int(x > 0) + int(y > 0)},{'train' if k % 2 else 'test'}"
        for k, (x, y) in enumerate(rng.normal(size=(60, 2)))
    ]
    (tmp_path / "own.csv").write_text("\n".join(["x,y,label,part", *rows]))
    return ["own.csv", "--target", "label", "--split", "part", *SHORT]


def test_tables(train, own):
    found = train(*own, "--head", "softmax", "--standardise", "--epochs", 300, "--learning-rate", 0.1, "--json")[1]
    assert found["n_parameters"] == 2 * 4 + 4 + 4 * 3 + 3 + 3 * 3 + 3
    assert found["final"]["test_accuracy"]["value"] > 0.8
    found = train(*own, "--head", "linear", "--json")[1]
    assert found["dataset"]["parameters"]["target"] == ["label"]
    code, _, err = train(*own)
    assert code == 2
    assert "2 is no label; allowed: integers from 0 to 1" in err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spirals"], "task = 'spirals' is not known; allowed: spiral, spiral-regression"),
        (["spiral", "--hidden", "8,x"], "--hidden = '8,x' is not usable"),
        (["spiral", "--hidden", "8,0"], "hidden = 0 is out of range"),
        (["spiral", "--activation", "gelu"], "activation = 'gelu' is not known; allowed: relu, tanh, silu"),
        (["spiral", "--optimizer", "lbfgs"], "optimizer = 'lbfgs' is not known; allowed: sgd, adam"),
        (["spiral", "--batch-size", "100"], "batch_size = 100 is out of range; allowed: integers from 1 to 40"),
        (["spiral", "--batch-size", "5,x"], "--batch-size = '5,x' is not usable; allowed: numbers with commas"),
        (["spiral", "--batch-size", "5,5"], "batch_size = (5, 5) is not usable; allowed: different sizes"),
        (["spiral", "--box", "1,2"], "one for each of 5 layers"),
        (["spiral", "--target", "y"], "--target = 'y' is not used with spiral"),
        (["spiral", "--head", "linear"], "train.targets has shape (40,); allowed: (n_points, 2)"),
        (["spiral", "--output", "e.csv"], "output = 'e.csv' is not usable; allowed: a name ending in .npz"),
        (["spiral", "--seed", "-1"], "seed = -1 is out of range"),
        (["spiral", "--learning-rate", "nan"], "learning_rate = nan is out of range"),
        (["own.csv"], "--target = None and --split = None"),
        (["own.csv", "--target", "y", "--split", "s"], "'own.csv' does not exist"),
        (["spiral-regression", "--even-test-radii"], "--even-test-radii = True is not used with spiral-regression"),
        (["own.csv", "--train-points", "7"], "--train-points = 7 is not used with a table"),
    ],
)
def test_refusals(train, arguments, message):
    code, _, err = train(*arguments)
    assert code == 2
    assert message in " ".join(err.split())


def test_all_runs_diverged(train):
    chosen = ["--learning-rate", "1e6", "--free", "--activation", "relu", "--json"]
    code, found, _ = train("spiral-regression", *SHORT, *chosen)
    assert (code, found["n_diverged"]) == (0, 12)
    assert found["final"]["log_train_loss"] == {"value": None, "error": None}
    assert "curve" not in found
