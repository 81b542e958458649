"""Data sets: the equations of the spirals, and tables of the user with their refusals."""

import csv

import numpy as np
import pytest
from scipy.stats import kstest

from wl.networks.datasets.spiral import spiral, spiral_regression
from wl.networks.datasets.split import Dataset, Split, load_dataset
from wl.networks.datasets.table import read_table

FALSE_ALARM = 1e-6  # of each statistical test, whose seeds are fixed


def test_spiral_points_lie_on_their_arms():
    """Equation 5 without noise, by complex numbers r e^(i(2r + πy)), and radii uniform in [1, 5]."""
    data = spiral(300, 200, data_seed=4, noise=0.0)
    for split, n_points in ((data.train, 300), (data.test, 200)):
        assert np.bincount(split.targets).tolist() == [n_points, n_points]
        z = split.features @ np.array([1.0, 1.0j])
        signs = np.where(split.targets == 0, 1.0, -1.0)
        np.testing.assert_allclose(z, signs * np.abs(z) * np.exp(2.0j * np.abs(z)), atol=1e-13)
        for label in (0, 1):
            assert kstest((np.abs(z[split.targets == label]) - 1.0) / 4.0, "uniform").pvalue > FALSE_ALARM


def test_spiral_noise_is_normal():
    """Points of one seed with and without noise differ by a normal variate of deviation 0.1 in each coordinate."""
    noisy, clean = spiral(500, 500, data_seed=4), spiral(500, 500, data_seed=4, noise=0.0)
    for part in ("train", "test"):
        noise = getattr(noisy, part).features - getattr(clean, part).features
        assert kstest(noise[:, 0] / 0.1, "norm").pvalue > FALSE_ALARM
        assert kstest(noise[:, 1] / 0.1, "norm").pvalue > FALSE_ALARM
        assert abs(np.corrcoef(noise.T)[0, 1]) < 4.9 / np.sqrt(1000)  # normal with deviation 1/√n


def test_even_radii_are_for_the_test_points_alone():
    even, random = spiral(even_test_radii=True, noise=0.0), spiral(noise=0.0)
    np.testing.assert_array_equal(even.train.features, random.train.features)
    radii = np.hypot(*even.test.features.T).reshape(2, 20)
    np.testing.assert_allclose(radii, [np.linspace(1.0, 5.0, 20)] * 2)


def test_spiral_regression_is_its_equation():
    """By complex numbers: sin(θ - 2r) is the imaginary part of e^(-2ir) z/|z|."""
    data = spiral_regression(400, 100, data_seed=2)
    assert (data.train.n_points, data.test.n_points) == (400, 100)
    for split in (data.train, data.test):
        z = split.features @ np.array([1.0, 1.0j])
        np.testing.assert_allclose(split.targets[:, 0], (np.exp(-2.0j * np.abs(z)) * z / np.abs(z)).imag, atol=1e-13)
        for column in split.features.T:
            assert kstest((column + 5.0) / 10.0, "uniform").pvalue > FALSE_ALARM


@pytest.mark.parametrize("make", [spiral, spiral_regression])
def test_seeds_and_parts(make):
    data = make(30, 20, data_seed=1)
    again = make(30, 50, data_seed=1)
    np.testing.assert_array_equal(data.train.features, again.train.features)
    assert not np.array_equal(data.train.features, make(30, 20, data_seed=2).train.features)
    assert not np.isin(data.train.features, data.test.features).any()


def test_save_and_load(tmp_path):
    for data in (spiral(), spiral_regression()):
        data.save(tmp_path / "d.npz")
        back = load_dataset(tmp_path / "d.npz")
        assert (back.name, dict(back.parameters)) == (data.name, dict(data.parameters))
        for part in ("train", "test"):
            for name in ("features", "targets"):
                mine, theirs = (getattr(getattr(each, part), name) for each in (data, back))
                np.testing.assert_array_equal(mine, theirs)
                assert mine.dtype == theirs.dtype
    with pytest.raises(ValueError, match=r"data set file .* does not exist"):
        load_dataset(tmp_path / "none.npz")


def test_a_split_is_its_own():
    features, targets = np.ones((3, 2), dtype=np.float32), np.array([0, 1, 1], dtype=np.uint8)
    split = Split(features, targets)
    assert (split.features.dtype, split.targets.dtype) == (np.float64, np.int64)
    assert (split.n_points, split.n_inputs, split.labelled) == (3, 2, True)
    features[:], targets[:] = 5.0, 7
    assert split.features.max() == split.targets.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        split.features[0, 0] = 2.0
    assert not Split(features, np.ones((3, 2))).labelled


@pytest.mark.parametrize(
    ("features", "targets", "message"),
    [
        (np.ones(3), [0, 1, 0], r"features has shape \(3,\)"),
        (np.ones((0, 2)), [], r"features has shape \(0, 2\)"),
        ([[1.0], [np.nan]], [0, 1], r"features\[1, 0\] = .*nan.*; allowed: finite"),
        (np.ones((2, 1)), [0, -1], r"targets\[1\] = -1; allowed: class labels"),
        (np.ones((2, 1)), [0.0, 1.0], r"targets has shape \(2,\) and type float64; allowed: \(n_points,\) of integer"),
        (np.ones((2, 1)), [0, 1, 1], "targets has 3 points; allowed: 2"),
        (np.ones((2, 1)), [[1.0], [np.inf]], r"targets\[1, 0\] = .*inf"),
        ([["a"]], [0], "features has shape"),
    ],
)
def test_refusals_of_a_split(features, targets, message):
    with pytest.raises(ValueError, match=message):
        Split(features, targets)


def test_refusals_of_a_data_set():
    one, two = Split(np.ones((2, 1)), [0, 1]), Split(np.ones((2, 2)), [0, 1])
    with pytest.raises(ValueError, match="test has 2 features; allowed: 1"):
        Dataset(one, two, "x")
    with pytest.raises(ValueError, match="test has targets of shape"):
        Dataset(one, Split(np.ones((2, 1)), np.ones((2, 1))), "x")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: spiral(0), "n_train = 0 is out of range"),
        (lambda: spiral(20, 1.5), "n_test = 1.5 is not an integer"),
        (lambda: spiral(data_seed=-1), "data_seed = -1 is out of range"),
        (lambda: spiral(noise=-0.1), "noise = -0.1 is out of range; allowed: real numbers >= 0"),
        (lambda: spiral_regression(20, 0), "n_test = 0 is out of range"),
    ],
)
def test_refusals_of_spirals(call, message):
    with pytest.raises(ValueError, match=message):
        call()


ROWS = [
    ["size", "label", "part", "weight"],
    ["1.5", "0", "train", "-2"],
    ["2.5", "1", "train", " 4e0"],
    ["4.0", "1", "test", "7"],
    ["3.5", "2", "train", "0"],
]


@pytest.fixture
def table(tmp_path):
    """Write rows to a CSV file, with changes of single entries; give its name."""

    def write(changes=(), rows=ROWS):
        copied = [list(row) for row in rows]
        for row, column, entry in changes:
            copied[row][column] = entry
        with (tmp_path / "own.csv").open("w", newline="") as file:
            csv.writer(file).writerows(copied)
        return tmp_path / "own.csv"

    return write


def test_a_table_by_hand(table, tmp_path):
    data = read_table(table(), "label", "part")
    np.testing.assert_array_equal(data.train.features, [[1.5, -2.0], [2.5, 4.0], [3.5, 0.0]])
    np.testing.assert_array_equal(data.test.features, [[4.0, 7.0]])
    assert (data.train.targets.tolist(), data.test.targets.tolist()) == ([0, 1, 2], [1])
    assert data.name == "own"
    assert data.parameters["features"] == ["size", "weight"]
    assert len(data.parameters["sha256"]) == 64
    data.save(tmp_path / "d.npz")
    assert dict(load_dataset(tmp_path / "d.npz").parameters) == dict(data.parameters)


def test_standardised_by_the_training_rows(table):
    data = read_table(table(), "label", "part", standardise=True)
    np.testing.assert_allclose(data.train.features.mean(axis=0), 0.0, atol=1e-15)
    np.testing.assert_allclose(data.train.features.std(axis=0), 1.0)
    mean, deviation = 2.5, np.sqrt(2.0 / 3.0)
    assert data.test.features[0, 0] == pytest.approx((4.0 - mean) / deviation)
    targets = read_table(table(), ["label", "weight"], "part", labelled=False, standardise=True).train.targets
    np.testing.assert_array_equal(targets, [[0.0, -2.0], [1.0, 4.0], [2.0, 0.0]])


def test_npz_gives_what_csv_gives(table, tmp_path):
    both = np.array([[1.5, -2.0], [2.5, 4.0], [4.0, 7.0], [3.5, 0.0]])
    part = np.array(["train", "train", "test", "train"])
    np.savez(tmp_path / "own.npz", x=both, label=np.array([0, 1, 1, 2]), part=part)
    data, same = read_table(tmp_path / "own.npz", "label", "part"), read_table(table(), "label", "part")
    assert data.parameters["features"] == ["x[0]", "x[1]"]
    for name in ("train", "test"):
        np.testing.assert_array_equal(getattr(data, name).features, getattr(same, name).features)
        np.testing.assert_array_equal(getattr(data, name).targets, getattr(same, name).targets)


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        ([(2, 0, "")], {}, "column 'size', row 2: '' is not a number; allowed: finite numbers"),
        ([(2, 3, "four")], {}, "column 'weight', row 2: 'four' is not a number"),
        ([(4, 0, "nan")], {}, "column 'size', row 4: nan is not finite"),
        ([(3, 3, "-inf")], {}, "column 'weight', row 3: -inf is not finite"),
        ([(2, 0, "1.5"), (4, 0, "1.5")], {}, "column 'size' is 1.5 in all training rows"),
        ([(1, 1, "0.5")], {}, "column 'label', row 1: 0.5 is no label; allowed: integers from 0 to 2"),
        ([(1, 1, "-1")], {}, "column 'label', row 1: -1 is no label"),
        ([(3, 1, "3")], {}, "column 'label', row 3: 3 is no label; allowed: integers from 0 to 2"),
        ([], {"n_classes": 2}, "column 'label', row 4: 2 is no label; allowed: integers from 0 to 1"),
        ([(3, 2, "check")], {}, "column 'part', row 3: 'check' is not known; allowed: train, test"),
        ([(3, 2, "train")], {}, "column 'part' has no row 'test'"),
        ([(0, 1, "size")], {}, "column 'size' stands twice"),
        ([], {"target": "price"}, "column 'price' is not in .*; allowed: size, label, part, weight"),
        ([], {"split": "fold"}, "column 'fold' is not in"),
        ([], {"target": ["label", "size"]}, "target label, size has 2 columns; allowed: one column of labels"),
        ([], {"target": ["label", "size", "weight"], "labelled": False}, "has no features"),
    ],
)
def test_refusals_of_a_table(table, changes, options, message):
    chosen = {"target": "label", "split": "part"} | options
    with pytest.raises(ValueError, match=message):
        read_table(table(changes), **chosen)


def test_refusals_of_a_file(table, tmp_path):
    cases = {
        "row 2 of .* has 3 entries; allowed: 4": table(rows=[*ROWS[:2], ROWS[2][:3], *ROWS[3:]]).read_bytes(),
        "has 1 lines; allowed": table(rows=ROWS[:1]).read_bytes(),
        r"own.csv' has 0 lines": b"",
        "cannot be read .*utf-8": b"\xff\xfe\x00",
    }
    for message, content in cases.items():
        (tmp_path / "own.csv").write_bytes(content)
        with pytest.raises(ValueError, match=message):
            read_table(tmp_path / "own.csv", "label", "part")
    for name, message in (("none.csv", "does not exist"), ("own.xlsx", "allowed: a name ending in .csv or .npz")):
        with pytest.raises(ValueError, match=message):
            read_table(tmp_path / name, "label", "part")
    np.savez(tmp_path / "own.npz", label=np.arange(3), part=np.array(["train", "test"]))
    with pytest.raises(ValueError, match=r"column 'part' has shape \(2,\)"):
        read_table(tmp_path / "own.npz", "label", "part")
    np.savez(tmp_path / "own.npz", label=np.array([None, 1]), allow_pickle=True)
    with pytest.raises(ValueError, match=r"cannot be read .*pickle"):
        read_table(tmp_path / "own.npz", "label", "part")
    (tmp_path / "own.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ValueError, match="cannot be read"):
        read_table(tmp_path / "own.npz", "label", "part")
