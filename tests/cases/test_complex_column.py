"""Of a complex column the real part was taken for the feature, and the imaginary part dropped."""

import numpy as np
import pytest

from wl.networks.datasets.table import read_table

PART = np.repeat(["train", "test"], 6)
LABEL = np.arange(12) % 2
X = np.linspace(-1.0, 1.0, 12)


def read(folder, **columns):
    np.savez(folder / "t.npz", **{"x": X, "label": LABEL, "part": PART, **columns})
    return read_table(folder / "t.npz", "label", "part")


def test_a_complex_column_is_refused(tmp_path):
    with pytest.raises(ValueError, match="column 'z' has complex128; allowed: real numbers"):
        read(tmp_path, z=np.exp(2j * X))


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (X > 0.0, "bool"),
        (X.astype("datetime64[s]"), r"datetime64\[s\]"),
        (X.astype("timedelta64[s]"), r"timedelta64\[s\]"),
        (np.array([b"1.5"] * 12), r"\|S3"),
        (np.zeros(12, dtype=[("a", float), ("b", float)]), r"\[\('a', '<f8'\), \('b', '<f8'\)\]"),
        (X[:, None] * np.array([1.0, 1.0j]), "complex128"),
    ],
)
def test_so_is_every_other_kind(tmp_path, values, kind):
    with pytest.raises(ValueError, match=f"column 'z' has {kind}; allowed: real numbers"):
        read(tmp_path, z=values)
    with pytest.raises(ValueError, match=f"column 'label' has {kind}; allowed: real numbers"):
        read(tmp_path, label=values)


@pytest.mark.parametrize("values", [np.arange(12), X > 0.0, np.array([b"train", b"test"] * 6), PART[:, None]])
def test_the_split_is_text(tmp_path, values):
    with pytest.raises(ValueError, match=r"column 'part' has .*; allowed: text, train or test in each row"):
        read(tmp_path, part=values)


def test_all_real_kinds_are_read(tmp_path):
    kinds = {"a": np.int8, "b": np.uint16, "c": np.float16, "d": np.float32, "e": np.longdouble}
    found = read(tmp_path, **{name: np.arange(12).astype(kind) for name, kind in kinds.items()})
    for column in range(1, 6):
        assert found.train.features[:, column].tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
