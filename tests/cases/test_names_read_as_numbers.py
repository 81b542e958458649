"""Names such as 1000_1 were read as the number 10001, and `--hidden 8_8` as one layer of 88."""

import pytest

from wl.networks.datasets.table import read_table
from wl.tasks.options import TaskOptions


@pytest.mark.parametrize("name", ["1000_0", "１２", "٣", "1e1_0", "0x10", "1,5"])
def test_a_column_of_names_is_refused_as_words_are(tmp_path, name):
    rows = [f'"{name}",{k / 7},{k % 2},{"train" if k < 6 else "test"}' for k in range(9)]
    (tmp_path / "table.csv").write_text("\n".join(["sample,x,label,part", *rows]), encoding="utf-8")
    with pytest.raises(ValueError, match="is not a number") as raised:
        read_table(tmp_path / "table.csv", "label", "part")
    assert str(raised.value) == f"column 'sample', row 1: {name!r} is not a number; allowed: finite numbers"


def test_ordinary_numbers_are_read(tmp_path):
    entries = ["1", "-2.5", "+3.", ".5", " 4e2 ", "1E-3", "007", "6.02e+23", "-0.0"]
    rows = [f"{entry},{k % 2},{'train' if k < 6 else 'test'}" for k, entry in enumerate(entries)]
    (tmp_path / "table.csv").write_text("\n".join(["x,label,part", *rows]))
    found = read_table(tmp_path / "table.csv", "label", "part")
    assert found.train.features[:, 0].tolist() == [1.0, -2.5, 3.0, 0.5, 400.0, 0.001]
    assert found.test.features[:, 0].tolist() == [7.0, 6.02e23, -0.0]


@pytest.mark.parametrize("text", ["8_8", "８,8", "8.0,8", "8,,8"])
def test_widths_are_plain_integers(text):
    with pytest.raises(ValueError, match=f"--hidden = '{text}' is not usable; allowed: numbers with commas, as 8,8,8"):
        TaskOptions(hidden=text).widths((8,))
    assert TaskOptions(hidden="8, 8").widths((8,)) == (8, 8)
