"""Figures: data with provenance, drawn from the data alone, with the paper's statements in the data."""

import numpy as np
import pytest

from figures import densest_regions, wide_flat_minima
from perceptron.base.files import load_table
from perceptron.base.results import Status


def test_figure_2_is_computed_and_drawn_from_its_file(tmp_path):
    written, status = wide_flat_minima.make("w2", tmp_path)
    assert status is Status.CONVERGED
    assert sorted(path.name for path in written) == ["W2.npz", "W2.pdf", "W2.png"]
    columns, origin = load_table(tmp_path / "W2.npz")
    assert origin["parameters"]["figure"] == "W2"
    assert columns["loads"].tolist() == [0.2, 0.3, 0.4, 0.6, 0.8]
    for k in range(5):
        assert np.all(np.diff(columns[f"distance_{k}"]) < 0.0)
        assert columns[f"distance_{k}"][-1] == 0.0
    again = wide_flat_minima._draw(tmp_path / "W2.npz", wide_flat_minima.FIGURES["W2"][1])
    assert [path.name for path in again] == ["W2.png", "W2.pdf"]


def no_points(executor, progress):
    """In place of the points of simulations, which take minutes."""
    names = ("distance", "local_entropy", "deviation")
    columns = {
        f"{route}_{name}{end}": np.full(2, 0.05)
        for route in ("scan", "focusing")
        for name in names
        for end in ("", "_error")
    }
    return columns, Status.CONVERGED


def test_local_entropies_in_one_panel(tmp_path, monkeypatch):
    monkeypatch.setattr(densest_regions, "compute_points", no_points)
    monkeypatch.setattr(densest_regions, "N_DISTANCES", 3)
    monkeypatch.setattr(densest_regions, "LARGEST_DISTANCE", 0.1)
    curves = {name: (*curve[:2], 0.03) for name, curve in densest_regions.DENSEST_CURVES.items()}
    monkeypatch.setattr(densest_regions, "DENSEST_CURVES", curves)
    monkeypatch.setattr(densest_regions, "DISTANCES", np.linspace(0.01, 0.06, 26))
    written, status = wide_flat_minima.make("local-entropies", tmp_path)
    assert status is Status.CONVERGED
    assert len(written) == 3
    columns, _ = load_table(tmp_path / "local-entropies.npz")
    assert columns["reference_distance"].size == columns["replicas_distance"].size == 3
    # the densest regions are denser than what surrounds typical solutions of maximum margin, and those than at κ̃ = 0
    densest = columns["reference_local_entropy"]
    maximum, typical = (
        np.interp(columns["reference_distance"], columns[f"{name}_distance"], columns[f"{name}_local_entropy"])
        for name in ("maximum", "typical")
    )
    assert np.all(densest > maximum - 1e-4)  # interpolated
    assert np.all(maximum > typical)
    assert np.all(np.abs(columns["reference_external_entropy"]) < 1e-10)
    assert np.all(columns["limit_external_entropy"] < 0.0)


def test_alpha_u_against_the_margin(tmp_path, monkeypatch):
    monkeypatch.setattr(densest_regions, "MARGINS", np.array([0.0, 0.1]))
    _, status = wide_flat_minima.make("alpha-u", tmp_path)
    assert status is Status.CONVERGED
    columns, _ = load_table(tmp_path / "alpha-u.npz")
    for k in range(2):
        loads = [columns[name][k] for name in ("core", "infinite_replicas", "reference", "real_replicas", "capacity")]
        assert np.all(np.diff(loads) > 0.0)


@pytest.mark.slow
def test_all_figures_are_made(tmp_path):
    written, status = wide_flat_minima.make("all", tmp_path)
    assert status is Status.CONVERGED
    assert len(written) == 3 * len(wide_flat_minima.FIGURES)
    columns, _ = load_table(tmp_path / "W4.npz")
    core = columns["loads"].tolist().index(pytest.approx(0.729, abs=5e-4))
    lowest = [columns[f"derivative_{k}"].min() for k in range(columns["loads"].size)]
    assert np.all(np.diff(lowest) < 0.0)
    assert lowest[core] == pytest.approx(0.0, abs=1e-3)


def test_an_interrupted_figure_keeps_its_data_and_draws_nothing(tmp_path, monkeypatch):
    def interrupted(executor, progress):
        return {"loads": np.array([0.5])}, Status.INTERRUPTED

    monkeypatch.setitem(wide_flat_minima.FIGURES, "W2", (interrupted, None))
    written, status = wide_flat_minima.make("W2", tmp_path)
    assert status is Status.INTERRUPTED
    assert [path.name for path in written] == ["W2.npz"]
