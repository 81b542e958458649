"""Polymers: two files of the user put together, and their refusals.

The real files are those of the environment variables PERCEPTRON_WL_POLYMER and PERCEPTRON_WL_POLYMER_EMBEDDING.
"""

import os

import numpy as np
import pytest

from wl.landscape.build import load_landscape
from wl.networks.datasets.polymer import polymer
from wl.networks.datasets.split import load_dataset

VARIABLES = ("PERCEPTRON_WL_POLYMER", "PERCEPTRON_WL_POLYMER_EMBEDDING")
GAPS = np.array([7.5, 6.0, 4.0, 9.0, 1.0, 2.0, 3.0, 5.0, 8.0])
VECTORS = np.arange(18.0).reshape(9, 2)  # row k begins with 2k
PAIR = ["--data", "gaps.csv", "--embedding", "v.npy"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The two files, and no variable that names others."""
    monkeypatch.chdir(tmp_path)
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "gaps.csv").write_text(
        "smiles,value\n" + "".join(f"*C{'C' * k}*,{gap}\n" for k, gap in enumerate(GAPS))
    )
    np.save("v.npy", VECTORS.astype(np.float32))
    np.savez("one.npz", v=VECTORS)
    np.savez("two.npz", v=VECTORS, w=np.arange(27).reshape(9, 3))
    return tmp_path


def test_rows_stay_together(folder):
    data = polymer("gaps.csv", "v.npy", data_seed=2)
    assert (data.train.n_points, data.test.n_points, data.name) == (7, 2, "polymer")  # 7.2 of 9
    rows = [(split.features[:, 0] / 2.0).astype(int) for split in (data.train, data.test)]
    assert sorted([*rows[0], *rows[1]]) == list(range(9))
    mean, deviation = GAPS[rows[0]].mean(), GAPS[rows[0]].std()
    for split, own in zip((data.train, data.test), rows, strict=True):
        np.testing.assert_array_equal(split.features, VECTORS[own])
        np.testing.assert_allclose(split.targets[:, 0], (GAPS[own] - mean) / deviation)
    parameters = data.parameters
    assert (parameters["target_mean"], parameters["target_deviation"]) == pytest.approx((mean, deviation))
    assert (parameters["file"], parameters["embedding_file"], parameters["embedding_array"]) == (
        "gaps.csv",
        "v.npy",
        None,
    )
    assert {len(parameters[name]) for name in ("sha256", "embedding_sha256")} == {64}
    data.save(folder / "d.npz")
    assert dict(load_dataset(folder / "d.npz").parameters) == dict(parameters)


def test_arrays_of_npz_files(folder, monkeypatch):
    expected = polymer("gaps.csv", "v.npy").train.features
    for text, name in (("one.npz", "v"), ("one.npz:v", "v"), ("two.npz:v", "v")):
        data = polymer("gaps.csv", text)
        np.testing.assert_array_equal(data.train.features, expected)
        assert data.parameters["embedding_array"] == name
    assert polymer("gaps.csv", "two.npz:w").train.n_inputs == 3
    monkeypatch.setenv(VARIABLES[0], "gaps.csv")
    monkeypatch.setenv(VARIABLES[1], "two.npz:w")
    assert polymer().train.n_inputs == 3
    assert polymer(embedding="one.npz").train.n_inputs == 2


def test_seeds_draw_the_rows(folder):
    drawn = [polymer("gaps.csv", "v.npy", data_seed=seed).test.features[:, 0].tolist() for seed in (1, 1, 2, 3, 4)]
    assert drawn[0] == drawn[1]
    assert len({tuple(rows) for rows in drawn}) > 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((None, "v.npy"), "--data is missing: polymer needs a table and an embedding; allowed: a local file by --data"),
        (
            ("gaps.csv", None),
            "--embedding is missing.*variable PERCEPTRON_WL_POLYMER=.*PERCEPTRON_WL_POLYMER_EMBEDDING=",
        ),
        (("none.csv", "v.npy"), "--data = 'none.csv' does not exist; allowed: a file of polymers"),
        (("gaps.csv", "none.npy"), "--embedding = 'none.npy' does not exist"),
        (("gaps.csv", "none.npz:v"), "--embedding = 'none.npz' does not exist"),
        (("gaps.csv", "two.npz"), "embedding 'two.npz' names no array of the file; allowed: two.npz:v, two.npz:w"),
        (("gaps.csv", "two.npz:x"), "embedding 'two.npz:x' names no array"),
        (("gaps.csv", "gaps.csv"), "embedding 'gaps.csv' cannot be read"),
        (("gaps.csv", "short.npy"), r"has shape \(8, 2\) and type float64; allowed: numbers \(9, n_features\)"),
        (("gaps.csv", "flat.npy"), r"has shape \(9,\)"),
        (("gaps.csv", "words.npy"), r"has shape \(9, 1\) and type <U1"),
        (("gaps.csv", "pickled.npy"), "cannot be read .*pickle"),
        (("gaps.csv", "broken.npz"), "embedding 'broken.npz' cannot be read"),
        (("gaps.csv", "infinite.npy"), r"features\[.*inf.*; allowed: finite numbers"),
        (("header.csv", "v.npy"), "table 'header.csv' has the columns SMILES, gap; allowed: smiles, value"),
        (("empty.csv", "v.npy"), "table 'empty.csv' has the columns ; allowed: smiles, value"),
        (("few.csv", "v.npy"), "table 'few.csv' has 2 rows; allowed: at least 5"),
        (("text.csv", "v.npy"), r"row 2 of 'text.csv' is '\*CC\*,much'; allowed: smiles and a finite number"),
        (("nan.csv", "v.npy"), r"row 2 of 'nan.csv' is '\*CC\*,nan'"),
        (("long.csv", "v.npy"), r"row 2 of 'long.csv' is '\*CC\*,6.0,1'"),
        (("latin.csv", "v.npy"), "table 'latin.csv' cannot be read .*utf-8"),
        (("same.csv", "v.npy"), "the target is 2.0 in all training rows"),
    ],
)
def test_refusals(folder, arguments, message):
    for name, array in (("short", VECTORS[:8]), ("flat", VECTORS[:, 0]), ("words", np.full((9, 1), "a"))):
        np.save(f"{name}.npy", array)
    np.save("pickled.npy", np.array([None, 1]), allow_pickle=True)
    np.save("infinite.npy", np.full((9, 1), np.inf))
    (folder / "broken.npz").write_bytes(b"PK\x03\x04 broken")
    text = (folder / "gaps.csv").read_text()
    changed = {
        "header": text.replace("smiles,value", "SMILES,gap"),
        "empty": "",
        "few": "smiles,value\nC,1\nCC,2\n",
        "text": text.replace("6.0", "much"),
        "nan": text.replace("6.0", "nan"),
        "long": text.replace("6.0", "6.0,1"),
        "same": "smiles,value\n" + "C,2\n" * 9,
    }
    for name, content in changed.items():
        (folder / f"{name}.csv").write_text(content)
    (folder / "latin.csv").write_bytes(b"smiles,value\n\xff,1\n")
    with pytest.raises(ValueError, match=message):
        polymer(*arguments)
    with pytest.raises(ValueError, match="data_seed = -1 is out of range"):
        polymer("gaps.csv", "v.npy", data_seed=-1)


def test_training(folder, wl):
    found = wl("train", "polymer", *PAIR, "--epochs", "3", "--runs", "2", "--batch-size", "4", "--json")[1]
    assert found["n_parameters"] == 2 * 50 + 50 + 50 + 1
    assert found["settings"]["architecture"]["activation"] == "silu"
    assert (found["settings"]["learning_rate"], found["settings"]["batch_size"]) == (1e-2, 4)
    assert found["dataset"]["parameters"]["embedding_file"] == "v.npy"
    code, _, err = wl("train", "polymer")
    assert code == 2
    assert "--data is missing" in err


@pytest.mark.slow
def test_a_landscape(folder, wl):
    code, found, err = wl("run", "polymer", *PAIR, "--width", "2", "--steps", "3000", "--json")
    assert (code, err, found["directory"]) == (0, "", "results/polymer")
    landscape = load_landscape(folder / "results" / "polymer" / "landscape.nc")
    assert landscape["log_g"].dims == ("log_train_loss", "log_test_loss")


@pytest.mark.skipif(
    not all(name in os.environ for name in VARIABLES), reason=f"{' and '.join(VARIABLES)} do not name the real files"
)
def test_the_real_files():
    data = polymer()
    assert (data.train.n_points, data.test.n_points) == (449, 112)  # 448.8 of 561
    assert data.train.n_inputs == 768
    assert data.parameters["sha256"] == "14667622e0b600f434dcf65e39004bc0bd7b932e7340b8800f451644016e801e"
