"""Options and arrays that would change nothing are refused by name: command line `wl`; statuses of what failed."""

import json
import re

import numpy as np
import pytest

from perceptron.base.files import provenance, save_table
from wl.landscape.build import load_landscape
from wl.networks.architecture import Architecture
from wl.networks.datasets.spiral import spiral
from wl.networks.datasets.split import load_dataset
from wl.networks.training.ensemble import TrainingOptions, load_ensemble
from wl.networks.training.train import train_ensemble
from wl.runs.relaxation import Relaxation, RelaxationOptions
from wl.tasks.options import TaskOptions
from wl.tasks.starts import load_starts
from wl.tasks.tasks import make_task, network_system

NAMES = ("log_train_loss", "log_test_loss")
SPIRAL = ["run", "spiral", "--hidden", "2", "--train-points", "4", "--test-points", "3", "--steps", "1000"]
PERCEPTRON = ["run", "perceptron", "--patterns", "patterns.npy", "--steps", "1000"]
ISING = ["run", "ising", "--size", "4", "--steps", "1000"]
TABLE = ["table.csv", "--target", "label", "--split", "part"]
SHORT = ["--hidden", "2", "--epochs", "2", "--train-points", "4", "--test-points", "3"]


def files(folder):
    np.save(folder / "patterns.npy", np.ones((4, 15), np.int8))
    rows = [f"{k / 7},{k % 2},{'train' if k < 6 else 'test'}" for k in range(10)]
    (folder / "table.csv").write_text("\n".join(["x,label,part", *rows]))
    size = Architecture(2, (2,)).n_parameters
    save_table(folder / "starts.npz", {"parameters": np.zeros((2, size))}, {})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            [*SPIRAL, "--sampler", "langevin", "--leaps", "9"],
            "--leaps is not used by langevin, and is 9; allowed: with",
        ),
        ([*SPIRAL, "--sampler", "baoab", "--leaps", "9"], "--leaps is not used by baoab"),
        (
            [*SPIRAL, "--sampler", "hmc", "--friction", "0.01"],
            "--friction is not used by hmc, and is 0.01; allowed: with",
        ),
        ([*SPIRAL, "--leaps", "50"], "--leaps is not used by monte-carlo"),
        ([*SPIRAL, "--hill-width", "0.1"], "--hill-width is not used by monte-carlo"),
        ([*SPIRAL, "--sampler", "monte-carlo", "--friction", "0.1"], "--friction is not used by monte-carlo"),
        ([*SPIRAL, "--sampler", "hmc", "--preset", "fast"], "preset = 'fast' is not known; allowed: default, paper"),
        ([*SPIRAL, "--starts", "starts.npz"], "--starts = 'starts.npz' is not used by a single run; allowed: every"),
        ([*SPIRAL, "--data-seed", "2", "--margin", "0"], "--margin = 0.0 is not used with spiral"),
        (["run", *TABLE, "--data-seed", "1", "--steps", "9"], "--data-seed = 1 is not used with a table"),
        (["train", *TABLE, "--data-seed", "1"], "--data-seed = 1 is not used with a table"),
        ([*PERCEPTRON, "--data-seed", "1"], "--data-seed = 1 is not used with --patterns; allowed: one of the two"),
        ([*ISING, "--data-seed", "1"], "--data-seed = 1 is not used with ising"),
        ([*ISING, "--margin", "0"], "--margin = 0.0 is not used with ising"),
        ([*ISING, "--time-step", "0.1"], "--time-step is not used by monte-carlo"),
        ([*ISING[:-2], "--until", "converged", "--preset", "paper"], "--until converged is never met with schedule ="),
        ([*ISING[:-2], "--until", "converged", "--schedule", "constant"], "never freezes; allowed: --steps or --time"),
        (["train", "spiral", *SHORT, "--batch-size", "2,4", "--runs", "1"], "n_runs = 1 with the batch sizes 2, 4"),
    ],
)
def test_an_option_without_effect_is_refused(wl, tmp_path, arguments, message):
    files(tmp_path)
    where = [] if arguments[0] == "train" else ["--output", "a"]
    code, out, err = wl(*arguments, *where)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())
    assert not (tmp_path / "a").exists()


def test_relaxing_refuses_them_too(wl, tmp_path):
    files(tmp_path)
    network = ["run", "spiral", "--hidden", "2", "--train-points", "4", "--test-points", "3", "--runs", "1"]
    assert wl(*network, "--variables", ",".join(NAMES), "--steps", "20000", "--output", "run")[0] == 0
    relax = ["relax", "run", "--temperature", "1", "--steps", "1000", "--records", "10"]
    for more, message in (
        (["--sampler", "hmc", "--friction", "0.1"], "--friction is not used by hmc"),
        (["--walkers", "1", "--starts", "starts.npz"], "--starts = 'starts.npz' is not used by a single run"),
        (["--sampler", "verlet"], "sampler = 'verlet' is not known"),
    ):
        code, out, err = wl(*relax, *more)
        assert (code, out) == (2, "")
        assert message in err
    found = wl(*relax, "--walkers", "2", "--starts", "starts.npz", "--friction", "0.1", "--json")[1]
    assert found["status"] == "FINISHED"
    assert re.search("T = 1: FINISHED", wl(*relax, "--walkers", "2")[1])


def test_walks_say_where_they_ended(wl, tmp_path):
    """Walks of 40 records in the two variables: around the landscape's loss, far below it, and without a move."""
    network = ["run", "spiral", "--hidden", "2", "--train-points", "4", "--test-points", "3"]
    assert wl(*network, "--variables", ",".join(NAMES), "--steps", "20000", "--output", "run")[0] == 0
    landscape = load_landscape(tmp_path / "run" / "landscape.nc")
    loss = float(landscape[NAMES[0]].values[np.isfinite(landscape["log_g"].values).any(axis=1)].mean())
    moving = np.stack([loss + 0.01 * np.sin(np.arange(40.0)), np.cos(np.arange(40.0))], axis=1)
    still = np.full((40, 2), loss)
    for walks, status in (
        ([moving, moving], "FINISHED"),
        ([moving, moving - 50.0], "OUTSIDE_LANDSCAPE"),
        ([moving, still], "STUCK"),
    ):
        numbers = np.ones(2)
        options = RelaxationOptions(1.0, 400, 2, 40)
        found = Relaxation(options, NAMES, np.arange(40), np.stack(walks), numbers > 0, numbers, numbers, numbers)
        assert found.status(landscape) == status


def test_starts_are_of_the_shape_that_is_sampled(tmp_path):
    """2-3-1 and 2-1-1-1-1-1-1 have 13 parameters each."""
    task = make_task("spiral", TaskOptions(hidden="3", train_points=4, test_points=3))
    system = network_system(task, NAMES)
    size = task.architecture.n_parameters
    assert size == Architecture(2, (1, 1, 1, 1, 1)).n_parameters
    origin = provenance(architecture={"n_inputs": 2, "hidden": [1, 1, 1, 1, 1], "n_outputs": 1})
    save_table(tmp_path / "s.npz", {"parameters": np.zeros((2, size))}, origin)
    with pytest.raises(ValueError, match=r"has networks with hidden = \[1, 1, 1, 1, 1\]; allowed: \[3\]"):
        load_starts(tmp_path / "s.npz", system, 2)
    save_table(tmp_path / "s.npz", {"parameters": np.full((2, size), 0.5j)}, {})
    with pytest.raises(ValueError, match=r"parameters in .* has complex128; allowed: real numbers"):
        load_starts(tmp_path / "s.npz", system, 2)
    save_table(tmp_path / "s.npz", {"parameters": np.zeros((2, size)), "more": np.ones(2)}, {})
    with pytest.raises(ValueError, match=r"array 'more' of starts file .* is not used; allowed: parameters, "):
        load_starts(tmp_path / "s.npz", system, 2)


def test_arrays_that_files_of_the_package_do_not_have(tmp_path):
    data = spiral(4, 3)
    ensemble = train_ensemble(data, Architecture(2, (2,)), TrainingOptions(2, batch_size=4, n_epochs=2))
    for thing, load in ((data, load_dataset), (ensemble, load_ensemble)):
        thing.save(tmp_path / "f.npz")
        load(tmp_path / "f.npz")
        with np.load(tmp_path / "f.npz") as arrays:
            kept = {name: arrays[name] for name in arrays.files}
        np.savez(tmp_path / "f.npz", labels=np.ones(4), **kept)
        with pytest.raises(ValueError, match=r"array 'labels' of .* file .* is not used"):
            load(tmp_path / "f.npz")
    ensemble.save(tmp_path / "f.npz")
    with np.load(tmp_path / "f.npz") as arrays:
        kept = {name: arrays[name] for name in arrays.files}
    origin = json.loads(str(kept["provenance"]))
    del origin["checksum"]  # as in files of earlier versions
    other = {"trajectories": kept["trajectories"] + 0.0j, "provenance": json.dumps(origin)}
    np.savez(tmp_path / "f.npz", **kept | other)
    with pytest.raises(ValueError, match=r"trajectories in .* has complex128; allowed: real numbers"):
        load_ensemble(tmp_path / "f.npz")


def test_ensembles_say_that_they_diverged(wl):
    shape = ["--hidden", "4", "--epochs", "40", "--free", "--json"]
    assert wl("train", "spiral", *shape, "--runs", "2")[1]["status"] == "FINISHED"
    found = wl("train", "spiral-regression", *shape, "--runs", "2", "--learning-rate", "1e6", "--activation", "relu")[1]
    assert (found["status"], found["n_diverged"]) == ("DIVERGED", 2)
    fast = ["--learning-rate", "1e6", "--activation", "relu"]
    printed = wl("train", "spiral-regression", *shape[:-1], "--runs", "2", *fast)[1]
    assert "DIVERGED, 2 runs, 2 diverged" in " ".join(printed.split())


def test_partly_diverged_ensembles():
    """A run that overflows beside one that does not: both kinds of batch from one seed."""
    options = TrainingOptions(2, batch_size=4, n_epochs=2)
    ensemble = train_ensemble(spiral(4, 3), Architecture(2, (2,)), options)
    assert ensemble.status == "FINISHED"
    ensemble.diverged_at[0] = 1
    assert (ensemble.status, ensemble.n_diverged) == ("PARTLY_DIVERGED", 1)
    ensemble.diverged_at[1] = 2
    assert ensemble.status == "DIVERGED"
