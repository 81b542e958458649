"""Molecular dynamics on the command line: every sampler on network tasks, the paper's table, and refusals."""

import json

import numpy as np
import pytest

from wl.landscape.build import load_landscape
from wl.tasks.dynamics_presets import (
    DynamicsOptions,
    default_sampler,
    dynamics_ranges,
    dynamics_settings,
)

SPIRAL = ["run", "spiral", "--hidden", "3", "--train-points", "4", "--test-points", "3"]


@pytest.mark.parametrize("sampler", ["langevin", pytest.param("baoab", marks=pytest.mark.slow), "hmc"])
def test_networks_take_every_sampler_and_count_true_accuracies(wl, tmp_path, sampler):
    code, found, _ = wl(*SPIRAL, "--sampler", sampler, "--steps", "6000", "--json", "--output", "a")
    assert code == 0
    assert found["steps"] == 6000
    landscape = load_landscape(tmp_path / "a" / "landscape.nc")
    assert landscape["test_accuracy"].values == pytest.approx(np.arange(7) / 6.0, abs=1e-12)
    assert landscape.attrs["absolute"] == 1
    assert landscape.attrs["time_step"] > 0.0
    assert ("acceptance" in landscape.attrs) == (sampler == "hmc")
    assert ("temperature" in landscape.attrs) == (sampler != "hmc")
    assert "kinetic temperature" in found["report"]


def test_a_run_goes_on_where_it_was(wl, tmp_path):
    wl(*SPIRAL, "--sampler", "hmc", "--json", "--steps", "3000", "--checkpoint-steps", "500", "--output", "a")
    more = wl("extend", "a", "--steps", "2000", "--json")[1]
    assert more["steps"] == 5000
    assert json.loads((tmp_path / "a" / "parameters.json").read_text())["settings"]["dynamics"]["sampler"] == "hmc"


def test_the_preset_of_the_paper_is_its_table():
    settings = dynamics_settings("house-prices", "paper", DynamicsOptions())
    dynamics = settings["dynamics"]
    assert (dynamics.sampler, dynamics.time_step, dynamics.friction) == ("langevin", 1e-4, 0.01)
    assert (dynamics.hill_width, dynamics.hill_width * dynamics.cutoff, dynamics.wall) == (0.5, 2.0, 3000.0)
    assert (settings["first_log_f"], settings["times"]) == (20.0, (5e5, 5e5, 0.0))
    ranges = dynamics_ranges("house-prices", "paper", ("log_train_loss", "log_test_loss"))
    assert [(r.highest, r.width, r.open_high) for r in ranges.values()] == [(-1.0, 0.02, False), (5.0, 0.02, False)]
    wave = dynamics_ranges("spiral-regression", "paper", ("log_train_loss", "log_test_loss"))
    assert wave["log_test_loss"].open_high  # no constraint on the test loss


def test_defaults_by_task():
    assert [default_sampler(task) for task in ("spiral", "table.csv")] == ["monte-carlo"] * 2
    assert [default_sampler(task) for task in ("spiral-regression", "house-prices", "polymer")] == ["langevin"] * 3


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--sampler", "verlet"], "--sampler = 'verlet'"),
        (["--time-step", "0.1"], "--time-step is not used by monte-carlo"),
        (["--sampler", "langevin", "--time-step", "0"], "time_step = 0"),
        (["--sampler", "langevin", "--time-step", "5"], "time_step = 5 is too large for a box of half-width"),
        (["--sampler", "langevin", "--friction", "2"], "friction = 2"),
        (["--sampler", "hmc", "--leaps", "0"], "n_leaps = 0"),
        (["--sampler", "hmc", "--preset", "paper"], "no molecular dynamics for spiral"),
    ],
)
def test_what_cannot_be_used_is_refused_before_anything_is_written(wl, tmp_path, options, text):
    code, _, err = wl(*SPIRAL, "--steps", "1000", "--output", "a", *options)
    assert code == 2
    assert text in err
    assert not (tmp_path / "a").exists()
