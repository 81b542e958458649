"""Run directories, checkpoints, landscapes and ensembles of earlier versions stay readable, and go on to the bit."""

import zipfile
from pathlib import Path

import numpy as np

import wl
from wl.networks.training.ensemble import load_ensemble

DATA = Path(__file__).parents[2] / "data"


def test_a_run_directory_goes_on_to_the_last_bit(tmp_path):
    with zipfile.ZipFile(DATA / "run-before-rooms.zip") as archive:
        archive.extractall(tmp_path / "run")
    before = wl.load(tmp_path / "run")
    assert before.data.attrs["steps"] == 20_000
    assert np.array_equal(wl.resume(tmp_path / "run").log_g.values, before.log_g.values, equal_nan=True)
    found = wl.extend(tmp_path / "run", steps=20_000)
    with np.load(DATA / "run-before-rooms-extended.npz") as expected:
        assert found.data.attrs["steps"] == int(expected["steps"])
        assert np.array_equal(found.log_g.values, expected["log_g"], equal_nan=True)


def test_an_ensemble():
    ensemble = load_ensemble(DATA / "ensemble-before-rooms.npz")
    assert ensemble.architecture.hidden == (2,)
    assert ensemble.n_runs == 2
    assert np.isfinite(ensemble["log_train_loss"]).all()
