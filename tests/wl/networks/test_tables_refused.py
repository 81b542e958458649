"""Tables whose content would be lost, ignored or misread: names, sizes of numbers, labels."""

import warnings
import zipfile

import numpy as np
import pytest

from wl.networks.datasets.random_split import regression_dataset
from wl.networks.datasets.scaling import mean_and_deviation, standardised
from wl.networks.datasets.split import Split
from wl.networks.datasets.table import read_table

PART = np.repeat(["train", "test"], 8)
LABEL = np.arange(16) % 2
X = np.linspace(-1.0, 1.0, 16)


def npz(folder, **columns):
    np.savez(folder / "t.npz", **{"x": X, "label": LABEL, "part": PART, **columns})
    return folder / "t.npz"


def csv_of(folder, header):
    rows = [f"{k},{x!r},{label},{part}" for k, (x, label, part) in enumerate(zip(X.tolist(), LABEL, PART, strict=True))]
    (folder / "t.csv").write_text("\n".join([header, *rows]))
    return folder / "t.csv"


@pytest.mark.parametrize(("header", "place"), [(",x,label,part", 1), ("x,  ,label,part", 2), ('"",x,label,part', 1)])
def test_a_column_without_a_name_is_refused(tmp_path, header, place):
    """As the numbers of the rows that pandas writes."""
    with pytest.raises(ValueError, match=f"column {place} of .* has no name; allowed: a name for each column"):
        read_table(csv_of(tmp_path, header), "label", "part")
    assert read_table(csv_of(tmp_path, "row,x,label,part"), "label", "part").parameters["features"] == ["row", "x"]


def test_so_is_one_of_an_archive(tmp_path):
    npz(tmp_path)
    with zipfile.ZipFile(tmp_path / "t.npz", "a") as archive:
        archive.writestr(".npy", archive.read("x.npy"))
    with pytest.raises(ValueError, match=r"column 4 of .* has no name"):
        read_table(tmp_path / "t.npz", "label", "part")


def test_names_that_stand_twice_are_refused(tmp_path):
    with pytest.raises(ValueError, match="column 'x' stands twice"):
        read_table(csv_of(tmp_path, "x, x,label,part"), "label", "part")
    npz(tmp_path)
    with warnings.catch_warnings(), zipfile.ZipFile(tmp_path / "t.npz", "a") as archive:
        warnings.simplefilter("ignore")  # zipfile warns of what is wanted here
        archive.writestr("x.npy", archive.read("label.npy"))
    with pytest.raises(ValueError, match="'x' stands twice"):
        read_table(tmp_path / "t.npz", "label", "part")
    both = npz(tmp_path, **{"x": np.stack([X, -X], axis=1), "x[0]": X})
    with pytest.raises(ValueError, match=r"column 'x\[0\]' stands twice in 'the names of all features'"):
        read_table(both, "label", "part")
    with pytest.raises(ValueError, match="column 'x' stands twice in 'target'"):
        read_table(npz(tmp_path, y=X), ["x", "x"], "part", labelled=False)


@pytest.mark.parametrize("size", [1e300, 1e-300, 1.7e308, 5e-324 * 2**20, 1e154, 1e-170])
def test_numbers_of_any_size_are_standardised_as_others_are(tmp_path, size):
    """By a power of two near the size, so that the digits are the same."""
    factor = 2.0 ** np.floor(np.log2(size))
    integers = np.arange(16) % 7 + 1.0
    integers /= 8.0 if size > 1.0 else 1.0
    found = read_table(npz(tmp_path, z=factor * integers), "label", "part", standardise=True)
    mean, deviation = integers[:8].mean(), integers[:8].std()
    expected = (integers - mean) / deviation
    assert found.train.features[:, 1] == pytest.approx(expected[:8], rel=1e-14)
    assert found.test.features[:, 1] == pytest.approx(expected[8:], rel=1e-14)


def test_ordinary_numbers_are_standardised_to_the_bit_of_the_formula():
    rng = np.random.default_rng(1)
    for scale in (1.0, 3.7e4, 1e-6):
        columns, in_train = scale * rng.normal(3.0, 1.0, size=(101, 4)), np.arange(101) % 3 > 0
        train = columns[in_train]
        np.testing.assert_array_equal(standardised(columns, in_train), (columns - train.mean(0)) / train.std(0))
        for mine, other in zip(mean_and_deviation(columns), (columns.mean(0), columns.std(0)), strict=True):
            np.testing.assert_array_equal(mine, other)


def test_a_test_row_too_far_away_to_be_standardised_is_refused(tmp_path):
    z = np.where(np.arange(16) == 12, 1e300, 1e-300 * (1.0 + X))
    with pytest.raises(ValueError, match=r"column 'z', row 13: 1e\+300 cannot be standardised"):
        read_table(npz(tmp_path, z=z), "label", "part", standardise=True)
    with pytest.raises(ValueError, match="column 'z', row 13: inf is not finite"):
        read_table(npz(tmp_path, z=np.where(np.arange(16) == 12, np.inf, X)), "label", "part")


def test_text_beyond_double_precision_is_refused(tmp_path):
    for text in ("1e999", "1e-400"):
        z = np.array(["1", *[text] * 15])
        with pytest.raises(ValueError, match=f"column 'z', row 2: '{text}' is beyond double precision"):
            read_table(npz(tmp_path, z=z), "label", "part")


@pytest.mark.parametrize("label", [1e300, 2.0**63, 1e6, 2.5, -1e300, float(2**53)])
def test_labels_that_name_no_class_are_refused(tmp_path, label):
    labels = np.where(np.arange(16) == 3, label, LABEL)
    for n_classes in (None, 2, 10):
        with pytest.raises(ValueError, match=r"column 'label', row 4: .* is no label; allowed: integers from 0 to"):
            read_table(npz(tmp_path, label=labels), "label", "part", n_classes=n_classes)


def test_labels_up_to_hundreds_of_classes_are_read(tmp_path):
    labels = np.where(np.arange(16) == 3, 700, LABEL)
    assert read_table(npz(tmp_path, label=labels), "label", "part").train.targets.max() == 700
    with pytest.raises(ValueError, match=r"targets\[1\] = 18446744073709551615; allowed: class labels"):
        Split(np.ones((2, 1)), np.array([0, 2**64 - 1], np.uint64))


@pytest.mark.parametrize("scale", [1.0, 1e300, 1e-300])
def test_real_targets_of_any_size(scale):
    """Standardised by the training rows; a target that varies by rounding alone is refused."""
    values = scale * (np.arange(20) % 5)
    data = regression_dataset(np.arange(40.0).reshape(20, 2), values, 12, 1, "own", {})
    assert data.train.targets.mean() == pytest.approx(0.0, abs=1e-14)
    assert data.train.targets.std() == pytest.approx(1.0, rel=1e-14)
    restored = data.parameters["target_deviation"] * data.train.targets[:, 0] + data.parameters["target_mean"]
    assert np.unique(np.round(restored / scale, 9)).tolist() == [0.0, 1.0, 2.0, 3.0, 4.0]
    both = np.where(np.arange(20) % 2, 0.3, 0.1 + 0.2)
    with pytest.raises(ValueError, match=r"the target is 0\.3.* in all training rows"):
        regression_dataset(np.arange(40.0).reshape(20, 2), both, 12, 1, "own", {})
