"""Stored runs of molecular dynamics: each says what it is, and every figure draws from what is there."""

import json

import numpy as np
import pytest

from figures import entropy_dynamics as figures
from figures.entropy_dynamics_draw import advantage, panels
from figures.entropy_dynamics_runs import CASES, landscape_file, relaxation_file, training_file
from figures.relaxation import compute_relaxation
from figures.relaxation_draw import relaxation
from perceptron.base.files import load_table
from wl.analysis.advantage import equilibrium_at
from wl.landscape.build import load_landscape
from wl.networks.datasets.spiral import spiral_regression

SAMPLED = [case for case in CASES.values() if landscape_file(case).exists()]
RELAXED = [case for case in CASES.values() if relaxation_file(case).exists()]
ADVANTAGES = [case for case in SAMPLED if case.preset == "default" and training_file(case, True).exists()]
TRAINED = [(case, clip) for case in CASES.values() for clip in (False, True) if training_file(case, clip).exists()]


@pytest.mark.parametrize("case", SAMPLED, ids=lambda case: case.name)
def test_stored_landscapes_are_those_of_their_cases(case):
    path = landscape_file(case)
    assert path.stat().st_size < 5_000_000
    landscape = load_landscape(path)
    system = json.loads(landscape.attrs["provenance"])["parameters"]["system"]["parameters"]
    assert (system["dataset"]["name"], system["hidden"][0]) == (case.task, case.width)
    assert landscape.attrs["steps"] == case.n_steps * case.n_runs
    if np.isfinite(landscape.attrs["log_covered"]):
        share = np.nansum(np.exp(landscape["log_g"].values - landscape.attrs["log_total"]))
        assert share == pytest.approx(landscape.attrs["covered"], rel=1e-6)


@pytest.mark.parametrize(("case", "clip"), TRAINED, ids=str)
def test_stored_ensembles_are_those_of_their_cases(case, clip):
    columns, origin = load_table(training_file(case, clip))
    assert origin["parameters"]["dataset"]["name"] == case.task
    options = origin["parameters"]["options"]
    assert (options["clip"], options["n_epochs"]) == (clip, case.n_epochs)
    assert options["n_runs"] == case.n_trained * len(case.batch_sizes)
    assert np.atleast_1d(options["batch_size"]).tolist() == list(case.batch_sizes)
    assert (columns["outside_box"][0] == 0.0) or not clip


@pytest.mark.parametrize("case", RELAXED, ids=lambda case: case.name)
def test_stored_walks_are_those_of_their_cases(case):
    columns, origin = load_table(relaxation_file(case))
    assert origin["parameters"]["relaxed_at"] == case.relaxed_at
    assert columns["values"].shape == (columns["given_start"].size, columns["evaluations"].size, 2)
    assert columns["evaluations"][-1] == case.n_relaxed
    assert np.all(np.abs(columns["kinetic_temperatures"] - 1.0) < 0.05)


def test_walks_are_drawn_whether_or_not_there_are_any():
    columns, _ = compute_relaxation(None, lambda *_: None)
    assert len(columns["names"]) == len(RELAXED)
    assert len(relaxation(columns).axes) == 2 * max(1, len(RELAXED))


@pytest.mark.parametrize("name", figures.PANELS)
def test_panels_are_drawn_whether_or_not_there_are_data(name):
    columns, _ = figures.compute_panels(name, None, lambda *_: None)
    drawn = panels(columns)
    titles = [axes.get_title(loc="left") for axes in drawn.axes if axes.get_title(loc="left")]
    assert len(titles) == len(figures.PANELS[name])
    for title, case_name in zip(titles, figures.PANELS[name], strict=True):
        assert ("not sampled" in title) == (not landscape_file(CASES[case_name]).exists())


@pytest.mark.parametrize("case", ADVANTAGES, ids=lambda case: case.name)
def test_the_advantage_is_that_of_the_records(case):
    """By plain sums over the stored records; the curve that is drawn goes through their mean."""
    columns, _ = figures.compute_advantage(None, lambda *_: None)
    row = np.flatnonzero((columns["task"] == case.task) & (columns["width"] == case.width))[0]
    trained, _ = load_table(training_file(case, True))
    x, y = trained["records_log_train_loss"], trained["records_log_test_loss"]
    beside = equilibrium_at(load_landscape(landscape_file(case)), x, largest_error=figures.LARGEST_ERROR).value
    known = np.isfinite(beside)
    of_runs = [np.mean((y - beside)[k][known[k]]) for k in range(len(x)) if known[k].any()]
    assert columns["advantage"][row] == pytest.approx(np.mean(of_runs), abs=1e-6)
    assert columns["training_error"][row] == pytest.approx(np.std(of_runs, ddof=1) / len(of_runs) ** 0.5, rel=1e-6)
    parts = [columns[f"{part}_error"][row] for part in ("training", "landscape", "grid")]
    assert columns["advantage_error"][row] == pytest.approx(np.hypot(parts[0], np.hypot(*parts[1:])))
    assert (columns["n_runs"][row], columns["n_records"][row]) == (len(of_runs), known.sum())


@pytest.mark.parametrize("case", [case for case, clip in TRAINED if clip], ids=str)
def test_stored_curves_stand_where_their_records_are(case):
    """A bin 0.1 wide that lies in the landscape's window has the mean ln L_train and ln L_test of its records."""
    columns, origin = load_table(training_file(case, True))
    x, y = columns["records_log_train_loss"], columns["records_log_test_loss"]
    assert origin["parameters"]["n_finished"] - origin["parameters"]["n_diverged"] == len(x)
    known = np.isfinite(x)
    lowest, highest = np.nanmin(x), np.nanmax(x)
    bins = np.floor(np.where(known, x, 0.0) / 0.1)
    checked = 0
    for place, value, number in zip(
        columns["log_train_loss"], columns["log_test_loss"], columns["n_runs"], strict=True
    ):
        inside = known & (bins == np.floor(place / 0.1))
        low = 0.1 * np.floor(place / 0.1)
        if not lowest + 0.1 < low < highest - 0.2 or number == 0:
            continue
        of_runs = [(x[k][inside[k]].mean(), y[k][inside[k]].mean()) for k in range(len(x)) if inside[k].any()]
        assert len(of_runs) == number
        assert np.mean(of_runs, axis=0) == pytest.approx([place, value], abs=1e-5)
        checked += 1
    assert checked > 0 or highest - lowest < 0.4


def test_the_loss_of_a_constant_is_drawn_where_it_is_on_the_axes():
    columns, _ = figures.compute_panels("H3", None, lambda *_: None)
    targets = spiral_regression().train.targets
    assert columns["constant_0"][0] == pytest.approx(np.log(np.var(targets)))
    for shift, number in ((0.0, 2), (5.0, 0)):  # beyond the axes
        drawn = panels(columns | {"constant_0": columns["constant_0"] + shift}).axes[0]
        dotted = [line for line in drawn.get_lines() if line.get_linestyle() == ":"]
        assert len(dotted) == number
        labels = drawn.get_legend_handles_labels()[1]
        assert labels.count("best constant prediction") == min(number, 1)
    walks, _ = compute_relaxation(None, lambda *_: None)
    labels = relaxation(walks).axes[1].get_legend_handles_labels()[1]
    assert labels.count("best constant prediction") == 1


def test_points_of_landscapes_that_have_not_converged_are_open():
    columns = {key: np.array(item) for key, item in (("task", ["polymer"] * 2), ("width", [10, 20]))}
    columns |= {name: np.full(2, 0.1) for name in ("advantage", "advantage_error")}
    for converged, there in (([True, False], True), ([True, True], False)):
        axes = advantage(columns | {"converged": np.array(converged)}).axes[0]
        labels = axes.get_legend_handles_labels()[1]
        assert ("open: landscape not converged" in labels) == there
