"""Networks on the command line: runs that say what they sample, starts, presets, and refusals before a run begins."""

import json
import re

import numpy as np
import pytest

from perceptron.base.files import save_table
from wl.landscape.build import load_landscape
from wl.networks.architecture import Architecture

SPIRAL = ["run", "spiral", "--hidden", "2", "--train-points", "4", "--test-points", "3", "--steps", "20000"]


def test_a_run_of_the_spiral_is_absolute_and_resumes(wl, tmp_path):
    found = wl(*SPIRAL, "--json", "--output", "a")[1]
    half_width = 2.0 / np.sqrt(2.0)
    volume = Architecture(2, (2,)).n_parameters * np.log(2.0 * half_width)
    assert found["log_total"] == pytest.approx(volume, rel=1e-6)
    landscape = load_landscape(tmp_path / "a" / "landscape.nc")
    assert landscape["log_g"].dims == ("log_train_loss", "test_accuracy")
    assert landscape["test_accuracy"].values == pytest.approx(np.arange(7) / 6.0, abs=1e-12)
    assert landscape["log_train_loss_edges"].values[-1] == np.inf
    share = np.exp(landscape["log_g"].values - landscape.attrs["log_total"])
    assert np.nansum(share) == pytest.approx(landscape.attrs["covered"], rel=1e-9)
    assert landscape.attrs["start_steps"] == 8000  # twice the fifth in which bins are explored
    assert int(landscape["uniform_draws"].sum()) == round(landscape.attrs["covered"] * 1_000_000)
    assert wl("status", "a", "--json")[1]["log_total"] == found["log_total"]
    again = wl("resume", "a", "--json")[1]
    assert again["steps"] == found["steps"]
    more = wl("extend", "a", "--steps", "10000", "--json")[1]
    assert more["steps"] == 30_000


def test_every_second_run_starts_from_the_file(wl, tmp_path):
    number = Architecture(2, (2,)).n_parameters
    starts = np.full((3, number), 0.25)
    save_table(tmp_path / "starts.npz", {"parameters": starts}, {})
    assert wl(*SPIRAL, "--json", "--output", "a", "--runs", "2", "--starts", "starts.npz")[0] == 0
    with np.load(tmp_path / "a" / "data.npz") as data:
        assert np.array_equal(data["starts"], starts)


def test_the_preset_of_the_paper_never_freezes(wl, tmp_path):
    wl(*SPIRAL, "--json", "--output", "a", "--preset", "paper")
    landscape = load_landscape(tmp_path / "a" / "landscape.nc")
    assert landscape.attrs["frozen_steps"] == 0
    assert np.isfinite(landscape["log_g_wang_landau"].values).any()
    assert np.all(landscape["trace_log_f"].values == 0.5)  # 5/10 in the first stage


def test_a_table_is_a_task(wl, tmp_path):
    rows = ["a,b,label,part"] + [f"{k / 7},{(k * k) % 5},{k % 2},{'train' if k < 6 else 'test'}" for k in range(10)]
    (tmp_path / "table.csv").write_text("\n".join(rows) + "\n")
    table = ["run", "table.csv", "--hidden", "2", "--target", "label", "--split", "part", "--steps", "5000"]
    found = wl(*table, "--json")[1]
    assert found["directory"] == "results/table"
    landscape = load_landscape(tmp_path / "results" / "table" / "landscape.nc")
    assert landscape.sizes["test_accuracy"] == 5
    dataset = json.loads(landscape.attrs["provenance"])["parameters"]["system"]["parameters"]["dataset"]
    assert dataset["name"] == "table"
    assert dataset["features"] == ["a", "b"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "wheel", "--steps", "10"], "system = 'wheel' is not known; allowed: ising, .*spiral"),
        (["run", "table.csv", "--steps", "10"], "--target = None and --split = None"),
        (["run", "none.csv", "--target", "y", "--split", "s", "--steps", "10"], "table 'none.csv' does not exist"),
        ([*SPIRAL, "--hidden", "8,x"], "--hidden = '8,x' is not usable"),
        ([*SPIRAL, "--activation", "sine"], "activation = 'sine' is not known"),
        ([*SPIRAL, "--box", "0"], "box = 0.0 is not usable"),
        ([*SPIRAL, "--precision", "half"], "precision = 'half' is not known"),
        ([*SPIRAL, "--preset", "fast"], "preset = 'fast' is not known; allowed: default, paper"),
        ([*SPIRAL, "--size", "8"], "--size = 8 is not used with spiral"),
        ([*SPIRAL, "--target", "y"], "--target = 'y' is not used with spiral"),
        ([*SPIRAL, "--variables", "energy"], "variables = .*'energy'.* is not usable"),
        ([*SPIRAL, "--window", "log_train_loss=-50:-49:0.1"], "was not reached in"),
        ([*SPIRAL, "--starts", "missing.npz"], "starts file 'missing.npz' does not exist"),
        ([*SPIRAL, "--starts", "far.npz"], "parameter 0 of network 1 is 9; allowed: at most 1.414"),
        ([*SPIRAL, "--starts", "short.npz"], r"holds \(2, 3\); allowed: networks x 9"),
        (["run", "ising", "--size", "4", "--hidden", "8", "--steps", "10"], "--hidden = 8 is not used with ising"),
        (["run", "ising", "--size", "4", "--starts", "far.npz", "--steps", "10"], "is not used with ising"),
    ],
)
def test_bad_input_is_named_before_a_run_begins(wl, tmp_path, arguments, message):
    number = Architecture(2, (2,)).n_parameters
    (tmp_path / "table.csv").write_text("a,y\n1,0\n")
    far = np.zeros((2, number))
    far[1, 0] = 9.0
    save_table(tmp_path / "far.npz", {"parameters": far}, {})
    save_table(tmp_path / "short.npz", {"parameters": np.zeros((2, 3))}, {})
    code, out, err = wl(*arguments, "--output", "a")
    assert (code, out) == (2, "")
    assert re.search(message, err)
    assert err.startswith("error: ")
    assert not (tmp_path / "a").exists()
