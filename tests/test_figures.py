"""Figures: data with provenance, drawn from the data alone, with the paper's statements in the data."""

import numpy as np
import pytest

from figures import wide_flat_minima
from perceptron.files import load_table
from perceptron.solution import Status


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
