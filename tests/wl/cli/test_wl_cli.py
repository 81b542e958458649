"""The command line `wl`: what it prints, and how it refuses."""

import math

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from perceptron.patterns import random_patterns
from wl.cli import main as cli
from wl.landscape.build import load_landscape

STEPS = ["--steps", "1e5"]
ISING = ["run", "ising", "--size", "4", *STEPS]


def test_a_run_as_a_user_types_it(wl, tmp_path):
    code, found, err = wl(*ISING, "--json")
    assert (code, err) == (0, "")
    assert list(found)[:5] == ["status", "steps", "seconds", "round_trips", "log_total"]
    assert found["status"] in ("CONVERGED", "NOT_CONVERGED")
    assert found["steps"] == 100_000
    assert 0.0 < found["seconds"] < 5.0
    assert found["log_total"] == pytest.approx(16 * math.log(2.0))
    assert found["directory"] == "results/ising"
    landscape = load_landscape(tmp_path / "results/ising/landscape.nc")
    assert landscape["energy"].values.tolist() == list(range(-32, 33, 4))
    assert {"log_g", "log_g_error", "histogram"} <= set(landscape.data_vars)
    assert np.isnan(landscape["log_g"].sel(energy=[-28, 28])).all()
    assert np.exp(landscape["log_g"]).sum() == pytest.approx(2.0**16, rel=1e-9)


def test_status_resume_extend_plot_and_merge(wl):
    wl(*ISING, "--output", "one", "--json")
    before = wl("status", "one", "--json")[1]
    assert (before["status"], before["steps"]) == ("FINISHED", 100_000)
    assert before["stage"] == f"frozen, 15 bins, {before['round_trips']} round trips"
    assert {"seconds", "round_trips", "log_total"} <= set(before)
    assert "status: FINISHED" in wl("status", "one")[1]
    assert wl("resume", "one", "--json")[1]["seconds"] == before["seconds"]
    assert wl("extend", "one", "--steps", "50000", "--json")[1]["steps"] == 150_000
    wl(*ISING, "--output", "two", "--seed", "2")
    found = wl("merge", "one", "two", "--output", "both.nc", "--json")[1]
    assert found["runs"] == 2
    for source, picture in (("one", "one/landscape.png"), ("both.nc", "both.png")):
        found = wl("plot", source, "--json")[1]
        assert found["file"] == picture
        assert wl("plot", source, "--output", "again.pdf")[0] == 0


@pytest.mark.parametrize(
    ("options", "n_bins"),
    [
        (["--variables", "energy,magnetization"], (17, 17)),
        (["--variables", "magnetization", "--window", "magnetization=-16:8:4:open-above"], (7,)),
        (["--windows", "2", "--walkers", "3", "--runs", "2", "--jobs", "2"], (17,)),
        (["--window", "energy=-inf:0", "--schedule", "halving"], (9,)),
    ],
)
def test_variables_windows_and_walkers(wl, tmp_path, options, n_bins):
    code, found, err = wl(*ISING, *options, "--json")
    assert code == 0, err
    landscape = load_landscape(tmp_path / "results/ising/landscape.nc")
    assert landscape["log_g"].shape == n_bins
    assert found["steps"] >= 100_000


def test_a_real_variable(wl, tmp_path):
    window = "log_first_square=-6:0:0.5:open-below"
    code, _, err = wl("run", "quadratic", "--dimensions", "3,4", *STEPS, "--window", window, "--json",
                      "--variables", "log_first_square")  # fmt: skip
    assert code == 0, err
    landscape = load_landscape(tmp_path / "results/quadratic/landscape.nc")
    assert landscape["log_first_square"].values[[0, -1]].tolist() == [-5.75, -0.25]
    assert landscape["log_first_square_edges"].values[[0, 1, -1]].tolist() == [-math.inf, -5.5, 0.0]


def test_a_perceptron_with_a_reference(wl, tmp_path):
    np.save(tmp_path / "reference.npy", np.ones(15, np.int8))
    code, _, err = wl("run", "perceptron", "--n", 15, "--alpha", 0.5, *STEPS, "--reference", "reference.npy",
                      "--variables", "hamming_distance", "--json")  # fmt: skip
    assert code == 0, err
    landscape = load_landscape(tmp_path / "results/perceptron/landscape.nc")
    assert landscape["hamming_distance"].values.tolist() == list(range(16))
    exact = [math.log(math.comb(15, d)) for d in range(16)]
    assert np.nanmax(np.abs(landscape["log_g"].values - exact)) < 0.5
    code, _, err = wl("run", "perceptron", "--n", 15, "--alpha", 0.5, *STEPS, "--output", "default", "--json")
    assert code == 0, err
    landscape = load_landscape(tmp_path / "default/landscape.nc")
    assert landscape["deficit_edges"].values[-1] == math.inf


def files(folder):
    """Patterns and references, good and bad."""
    np.save(folder / "patterns.npy", random_patterns(15, 7, rng=np.random.default_rng(1)).values)
    np.save(folder / "short.npy", np.ones(14, np.int8))
    np.save(folder / "zeros.npy", np.zeros(15, np.int8))
    (folder / "results/ising").mkdir(parents=True)
    (folder / "results/ising/parameters.json").write_text("{}")


PERCEPTRON = ["run", "perceptron", *STEPS]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["run", "ising", "--size", "4"],
            "nothing says when to stop; allowed: exactly one of --steps N, --time S, --u",
        ),
        ([*ISING, "--time", "3"], "--steps 100000 and --time 3.0 says when to stop"),
        ([*ISING, "--until", "tired"], "--until = 'tired' is not known; allowed: converged"),
        (["run", "ising", "--size", "4", "--steps", "0"], "steps = 0 is out of range"),
        (["run", "ising", "--size", "4", "--time", "-1"], "time = -1.0 is out of range"),
        (ISING, "holds a run already (parameters.json); allowed: another name, or --overwrite"),
        (["resume", "nowhere"], "'nowhere' holds no run that can be read"),
        (["extend", "nowhere", *STEPS], "'nowhere' holds no run that can be read"),
        (["status", "results/ising"], "holds no run that can be read"),
        (["plot", "results/ising"], "landscape 'results/ising/landscape.nc' does not exist"),
        (["plot", "results/ising", "--output", "a.txt"], "allowed: a name ending in .png, .pdf"),
        (["merge", "a", "b", "--output", "c.txt"], "allowed: a name ending in .nc"),
        (["run", "potts", *STEPS], "system = 'potts' is not known; allowed: ising, free"),
        (["run", "ising", *STEPS], "--size is missing"),
        (["run", "ising", "--size", "2", *STEPS], "--size = 2 is out of range; allowed: integers >= 3"),
        (["run", "ising", "--size", "1000000", *STEPS], "--size = 1000000 needs about"),
        ([*ISING, "--n", "5"], "--n = 5 is not used with ising"),
        ([*PERCEPTRON, "--n", "15"], "exactly one of the two"),
        ([*PERCEPTRON, "--n", "15", "--alpha", "0.5", "--size", "3"], "--size = 3 is not used with perceptron"),
        ([*PERCEPTRON, "--n", "15", "--patterns", "patterns.npy"], "--n = 15 is not used with --patterns"),
        ([*PERCEPTRON, "--patterns", "missing.npy"], "missing.npy"),
        ([*PERCEPTRON, "--patterns", "patterns.npy", "--reference", "short.npy"], "short.npy"),
        ([*PERCEPTRON, "--patterns", "patterns.npy", "--reference", "zeros.npy"], "zeros.npy"),
        ([*PERCEPTRON, "--n", "10000000", "--alpha", "0.5"], "--n = 10000000 with 5000000 patterns needs about"),
        ([*PERCEPTRON, "--n", "15", "--alpha", "0.5", "--data-seed", "-1"], "--data-seed = -1 is out of range"),
        ([*ISING, "--output", "a", "--variables", "colour"], "'colour' is not a variable of ising; allowed: energy, m"),
        ([*ISING, "--output", "a", "--variables", "energy,energy"], "one or two different variables"),
        ([*ISING, "--output", "a", "--window", "magnetization=0:4"], "window of 'magnetization' is not used"),
        (
            [*ISING, "--output", "a", "--window", "energy=0"],
            "--window = 'energy=0' is not usable; allowed: A=lowest:hi",
        ),
        ([*ISING, "--output", "a", "--window", "energy=0:4", "--window", "energy=0:8"], "energy is given twice"),
        ([*ISING, "--output", "a", "--window", "energy=100:200"], "misses its values; allowed: within -32:32"),
        ([*ISING, "--output", "a", "--window", "energy=28:28"], "was not reached in"),
        ([*ISING, "--output", "a", "--walkers", "0"], "n_walkers = 0 is out of range"),
        ([*ISING, "--output", "a", "--windows", "0"], "n_windows = 0 is out of range"),
        ([*ISING, "--output", "a", "--windows", "9"], "n_windows = 9 leaves fewer than 2 of 17 bins in an overlap"),
        ([*ISING, "--output", "a", "--windows", "2", "--walkers", "1"], "n_walkers = 1 with n_windows = 2"),
        ([*ISING, "--output", "a", "--runs", "0"], "runs = 0 is out of range"),
        ([*ISING, "--output", "a", "--seed", "-1"], "seed = -1 is out of range"),
        ([*ISING, "--output", "a", "--schedule", "none"], "schedule = 'none' is not known; allowed: halving-then-inv"),
        ([*ISING, "--output", "a", "--checkpoint-steps", "0"], "checkpoint_steps = 0 is out of range"),
        ([*ISING, "--output", "a", "--checkpoint-seconds", "0"], "checkpoint_seconds = 0.0 is out of range"),
        ([*ISING, "--output", "a", "--tolerance", "0"], "tolerance = 0.0 is out of range"),
        ([*ISING, "--output", "patterns.npy"], "output = 'patterns.npy' is a file; allowed: a folder"),
    ],
)
def test_bad_input_is_named_and_exits_with_2(wl, tmp_path, arguments, message):
    files(tmp_path)
    code, out, err = wl(*arguments)
    assert code == 2, out + err
    assert message in err
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("arguments", [[*ISING[:-1], "1.5"], [*ISING[:-1], "many"], [*ISING, "--jobs", "0"], ["walk"]])
def test_what_cannot_be_parsed_exits_with_2(wl, arguments):
    code, _, err = wl(*arguments)
    assert code == 2
    assert "Error" in err


def test_a_failure_that_is_not_the_input_exits_with_1(wl, monkeypatch):
    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("wl.runs.directory.write_atomically", fail)
    code, out, err = wl(*ISING)
    assert (code, out) == (1, "")
    assert err == "failed: [Errno 28] No space left on device\n"


def test_help_tells_the_window_syntax():
    found = CliRunner().invoke(cli.app, ["run", "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert found.exit_code == 0
    text = " ".join(found.output.split())
    assert "A=lowest:highest[:width]" in text
    assert "open-below" in text
    assert typer.main.get_command(cli.app).commands.keys() == {
        *("run", "resume", "extend", "status", "plot", "merge", "train", "relax")
    }
