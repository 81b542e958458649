"""Stored runs of molecular dynamics: each says what it is, and every figure draws from what is there."""

import json

import numpy as np
import pytest

from figures import entropy_dynamics as figures
from figures.entropy_dynamics_draw import advantage, panels
from figures.entropy_dynamics_runs import CASES, landscape_file, relaxation_file, training_file
from figures.relaxation import compute_relaxation
from figures.relaxation_draw import relaxation
from perceptron.files import load_table
from wl.landscape import load_landscape

SAMPLED = [case for case in CASES.values() if landscape_file(case).exists()]
RELAXED = [case for case in CASES.values() if relaxation_file(case).exists()]
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


def test_the_advantage_is_that_of_curves_by_hand():
    panel = {
        "clipped_position": np.array([-1.0, -0.5, 0.0]),
        "clipped_value": np.array([0.3, 0.5, 9.0]),
        "clipped_error": np.array([0.01, 0.01, 0.01]),
        "clipped_n_runs": np.array([5, 5, 5]),
        "equilibrium_position": np.array([-1.02, -0.52, 0.3]),
        "equilibrium_value": np.array([0.1, 0.2, 0.3]),
        "equilibrium_error": np.array([0.02, 0.02, 0.02]),
    }
    value, error, number = figures._advantage(panel)  # the last pair of bins is too far apart
    assert (value, number) == (pytest.approx(0.25), 2)
    assert error == pytest.approx(0.05)
    assert advantage(
        {key: np.array([item]) for key, item in (("task", "polymer"), ("width", 10))}
        | {"advantage": np.array([value]), "advantage_error": np.array([error])}
    ).axes
