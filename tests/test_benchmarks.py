"""Every benchmark runs, at sizes of a few seconds; the times that it prints are not looked at."""

import importlib
import shutil
import sys

import numpy as np
import pytest

from benchmarks import enumeration_c, error_curves, flat_histograms, forces, message_passing, networks, ratios

TURNS = {"TURN_SECONDS": 0.002, "N_TURNS": 2}


@pytest.fixture(autouse=True)
def without_peers(monkeypatch):
    """Other packages may or may not be installed."""
    monkeypatch.setattr(flat_histograms, "installed_peers", list)
    for module in (networks, forces):
        monkeypatch.setattr(module, "torch_variants", lambda *given: [])


def small(monkeypatch, module, **sizes):
    for name, value in sizes.items():
        monkeypatch.setattr(module, name, value)


def main_of(monkeypatch, module, *arguments):
    monkeypatch.setattr(sys, "argv", ["benchmark", *arguments])
    importlib.import_module(module.__name__).main()


def test_theory(monkeypatch, capsys):
    few = np.array([0.1, 0.05])
    small(monkeypatch, ratios, DISTANCES=few, FEW=few, REPEATS=1)
    monkeypatch.setattr(ratios.plain_scipy, "dense_core_threshold", lambda: 0.729)  # a minute
    ratios.compare_typical()
    ratios.compare_profiles()
    ratios.compare_core_load()
    assert capsys.readouterr().out.count("-> ratio") == 4


def test_message_passing(monkeypatch, capsys, tmp_path):
    small(monkeypatch, message_passing, SIZES=(101, 201), SEARCHES=((201, 0.3),), N_INSTANCES=1, SWEPT=(201, 100))
    main_of(monkeypatch, message_passing, "--output", str(tmp_path))
    assert "solved 1 of 1" in capsys.readouterr().out
    assert (tmp_path / "message-passing-scaling.png").stat().st_size > 0


def test_flat_histograms(monkeypatch, capsys, tmp_path):
    small(monkeypatch, flat_histograms, LEARNING_TRIALS=20_000, **TURNS)
    small(monkeypatch, error_curves, ENGINE_TRIALS=(100_000,), N_ENGINE_RUNS=1, N_RUNS=1)
    parts = "ising,perceptron,breakdown,errors"
    main_of(monkeypatch, flat_histograms, "--parts", parts, "--seconds", "0.02", "--output", str(tmp_path))
    assert "transition matrix" in capsys.readouterr().out


def test_networks(monkeypatch, capsys):
    small(monkeypatch, flat_histograms, **TURNS)
    small(monkeypatch, networks, ARCHITECTURES=((3,),), ACTIVATIONS=("tanh",), LEARNING_TRIALS=2_000)
    main_of(monkeypatch, networks, "--parts", "steps")
    assert "plain NumPy" in capsys.readouterr().out


def test_forces(monkeypatch, capsys, tmp_path):
    small(monkeypatch, flat_histograms, **TURNS)
    small(monkeypatch, forces, CASES=(((2, 3, 1), "tanh", 10),), WIDTHS=(3, 4), POINTS=(10, 20))
    main_of(monkeypatch, forces, "--output", str(tmp_path))
    assert "noise and update" in capsys.readouterr().out


def test_training(monkeypatch, capsys):
    plain_training = importlib.import_module("benchmarks.plain_training")
    small(monkeypatch, plain_training, N_TURNS=1, CASES=(("tanh", "sgd", 10),))
    main_of(monkeypatch, plain_training, "--epochs", "3")
    assert "µs an epoch" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc was not found")
def test_enumeration_beside_c(monkeypatch, capsys):
    small(monkeypatch, enumeration_c, SIZES=((16, 8),), REPEATS=1, WHOLE=(13, 5))
    enumeration_c.main()
    assert "over the package's" in capsys.readouterr().out
