"""The paper's tables: what stands in them, and what follows from the architectures and from each other."""

import math

import pytest

from wl.networks.architecture import Architecture
from wl.tasks.options import TaskOptions
from wl.tasks.paper_tables import LAYERS, PAPER_TRAINING, PAPER_WLMD, paper_training
from wl.tasks.tasks import make_task

INPUTS = {"house-prices": 331, "polymer": 768, "spiral-regression": 2}


@pytest.mark.parametrize(
    ("task", "width"), [(task, width) for task in PAPER_TRAINING for width in PAPER_TRAINING[task]]
)
def test_numbers_of_parameters_are_those_of_the_architectures(task, width):
    shape = Architecture(INPUTS[task], (width,) * LAYERS[task], head="linear")
    found = paper_training(task, shape.hidden)
    assert found is not None
    assert found.n_parameters == shape.n_parameters


def test_rows_of_the_training_tables():
    """Tables 1, 3 and 4, row by row: width, rate, batch."""
    rows = {
        "house-prices": [(10, 5e-4, 16), (20, 5e-4, 16), (50, 5e-3, 16), (100, 8e-3, 64)],
        "polymer": [(2, 5e-3, 32), (10, 1e-2, 32), (50, 1e-2, 64), (100, 1e-2, 64)],
        "spiral-regression": [(30, 2e-3, 5), (100, 5e-3, 10), (300, 2e-3, 5), (1000, 2e-3, 10)],
    }
    for task, expected in rows.items():
        table = PAPER_TRAINING[task]
        assert [(width, row.learning_rate, row.batch_size) for width, row in table.items()] == expected
        assert {row.optimizer for row in table.values()} == {"adam" if task == "spiral-regression" else "sgd"}


def test_settings_of_the_dynamics():
    """Table 6, row by row, in the order of its columns."""
    columns = [PAPER_WLMD[name] for name in ("house-prices", "mnist", "polymer", "cifar", "spiral-regression")]
    rows = {
        "gaussian_sigma": [0.5, 0.2, 0.5, 0.3, 0.2],
        "cutoff": [2, 0.8, 2, 1.2, 0.8],
        "max_log_train_loss": [-1, 2, 0, 1, -0.5],
        "max_log_test_loss": [5, math.inf, 5, math.inf, math.inf],
        "max_smoothed_test_accuracy": [math.inf, 0.95, math.inf, 1, math.inf],
        "f_max": [20, 3, 20, 20, 5],
        "t1": [5e5, 2e5, 1e6, 3e5, 2e5],
        "t2": [5e5, 1e7, 1e6, 2e6, 1e7],
        "t3": [0, 8e6, 0, 0, 8e6],
        "time_step": [1e-4, 3e-6, 3e-5, 2e-5, 5e-5],
        "friction": [0.01, 1e-5, 0.01, 1e-4, 5e-5],
        "other_frictions": [(), (1e-3,), (), (), (3e-5,)],
    }
    for name, expected in rows.items():
        assert [getattr(column, name) for column in columns] == expected
    for column in columns:
        assert column.cutoff == pytest.approx(4.0 * column.gaussian_sigma)  # WLMD cuts its kernel at 4σ
        assert column.t3 < column.t1 <= column.t2 or column.t1 < column.t3 < column.t2


@pytest.mark.parametrize(
    ("task", "hidden"),
    [
        ("spiral", (8,)),
        ("polymer", (3,)),
        ("polymer", (50, 50)),
        ("spiral-regression", (30,)),
        ("spiral-regression", (30, 100)),
        ("own.csv", (20,)),
    ],
)
def test_networks_that_no_table_has(task, hidden):
    assert paper_training(task, hidden) is None


def test_the_network_of_spiral_regression():
    task = make_task("spiral-regression", TaskOptions(width=100, points=50))
    assert task.architecture == Architecture(2, (100, 100), 1, "tanh", "linear")
    assert task.architecture.n_parameters == 10501
    assert (task.dataset.train.n_points, task.dataset.test.n_points) == (50, 50)
    assert make_task("spiral-regression", TaskOptions()).architecture.hidden == (30, 30)
    assert make_task("spiral-regression", TaskOptions()).dataset.train.n_points == 250
    assert make_task("spiral-regression", TaskOptions(hidden="4,3")).architecture.hidden == (4, 3)
    assert make_task("spiral", TaskOptions()).architecture == Architecture(2, (8, 8, 8, 8), 1, "relu", "logistic")


def test_training_takes_the_settings_of_the_paper(wl):
    short = ["--points", "50", "--epochs", "2", "--runs", "2", "--json"]
    settings = wl("train", "spiral-regression", *short)[1]["settings"]
    assert [settings[name] for name in ("optimizer", "learning_rate", "batch_size")] == ["adam", 2e-3, 5]
    settings = wl("train", "spiral-regression", *short, "--hidden", "100,100", "--optimizer", "sgd")[1]["settings"]
    assert [settings[name] for name in ("optimizer", "learning_rate", "batch_size")] == ["sgd", 5e-3, 10]
    settings = wl("train", "spiral-regression", *short, "--width", "4", "--batch-size", "7")[1]["settings"]
    assert [settings[name] for name in ("optimizer", "learning_rate", "batch_size")] == ["sgd", 0.03, 7]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spiral-regression", "--points", "75"], "--points = 75 is not known; allowed: 50, 100, 250"),
        (["spiral-regression", "--points", "50", "--test-points", "9"], "--test-points = 9 is not used with --points"),
        (
            ["spiral-regression", "--points", "50", "--train-points", "9"],
            "--train-points = 9 is not used with --points",
        ),
        (["spiral-regression", "--width", "0"], "--width = 0 is out of range; allowed: integers >= 1"),
        (["house-prices", "--width", "5", "--hidden", "8"], "--hidden = '8' and --width = 5 are both given"),
        (["spiral", "--width", "5"], "--width = 5 is not used with spiral; allowed: without it"),
        (["spiral", "--points", "50"], "--points = 50 is not used with spiral"),
        (["spiral", "--data", "a.csv"], "--data = 'a.csv' is not used with spiral"),
        (["house-prices", "--embedding", "v.npy"], "--embedding = 'v.npy' is not used with house-prices"),
        (["house-prices", "--standardise"], "--standardise = True is not used with house-prices"),
        (["polymer", "--train-points", "9"], "--train-points = 9 is not used with polymer"),
        (["own.csv", "--width", "9"], "--width = 9 is not used with a table"),
    ],
)
def test_refusals(wl, arguments, message):
    for command in (["train", *arguments], ["run", *arguments, "--steps", "10"]):
        code, out, err = wl(*command)
        assert (code, out) == (2, "")
        assert message in " ".join(err.split())


def test_options_of_networks_are_refused_elsewhere(wl):
    for option, value in (("--width", "8"), ("--points", "50"), ("--data", "a.csv"), ("--embedding", "v.npy")):
        code, _, err = wl("run", "ising", "--size", "4", "--steps", "10", option, value)
        assert code == 2
        assert f"{option} = {value} is not used with ising" in err
