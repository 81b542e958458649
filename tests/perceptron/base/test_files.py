"""Files are whole or absent, and say where they came from."""

from pathlib import Path

import numpy as np
import pytest

from perceptron.base.files import load_table, provenance, save_table, write_atomically
from perceptron.patterns import load_patterns, random_patterns


def test_a_table_comes_back_with_its_provenance(tmp_path):
    columns = {"a": np.arange(3.0), "b": np.array(2.5)}
    save_table(tmp_path / "t.npz", columns, provenance(load=0.5))
    back, origin = load_table(tmp_path / "t.npz")
    assert back["a"].tolist() == [0.0, 1.0, 2.0]
    assert float(back["b"]) == 2.5
    assert origin["parameters"] == {"load": 0.5}
    assert set(origin["versions"]) >= {"perceptron-wl", "numpy", "numba", "python"}


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "t.json"
    write_atomically(path, b"old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["t.json"]


def test_another_ending_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(ValueError, match=r"\.csv or \.npz"):
        save_table(tmp_path / "t.txt", {"a": np.arange(3.0)}, {})
    assert not list(tmp_path.iterdir())


def test_names_may_be_strings(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_table("new/t.npz", {"a": np.arange(3.0)}, {})
    assert load_table("new/t.npz")[0]["a"].tolist() == [0.0, 1.0, 2.0]
    patterns = random_patterns(7, 11, rng=np.random.default_rng(1))
    patterns.save("p.npz")
    np.testing.assert_array_equal(load_patterns("p.npz").values, patterns.values)
    with pytest.raises(ValueError, match=r"patterns file 'none\.npz' does not exist"):
        load_patterns("none.npz")
