"""A column of one value that was computed in two ways was taken for a feature, and standardised to ±1."""

import math

import numpy as np
import pytest

from wl.networks.datasets.scaling import is_constant
from wl.networks.datasets.table import read_table


def table(folder, settings):
    rng = np.random.default_rng(1)
    parts = ["train"] * 30 + ["test"] * 10
    rows = [
        f"{x!r},{setting!r},{int(x > 0.0)},{part}"
        for x, setting, part in zip(rng.normal(size=40).tolist(), settings, parts, strict=True)
    ]
    (folder / "table.csv").write_text("\n".join(["x,setting,label,part", *rows]))
    return folder / "table.csv"


@pytest.mark.parametrize(
    ("one", "other"),
    [(0.3, 0.1 + 0.2), (1.0, sum([0.1] * 10)), (-0.7, -(0.1 * 7)), (3e200, 1e200 + 2e200 * (1.0 + 2.0**-52))],
)
def test_one_value_computed_in_two_ways_is_constant(tmp_path, one, other):
    assert one != other
    path = table(tmp_path, [one if k % 3 else other for k in range(40)])
    message = r"column 'setting' is .* in all training rows; allowed: features that vary there"
    for standardise in (False, True):
        with pytest.raises(ValueError, match=message):
            read_table(path, "label", "part", standardise=standardise)


@pytest.mark.parametrize(
    ("one", "other"),
    [(0.3, 0.3 * (1.0 + 1e-9)), (1e-300, 2e-300), (0.0, 5e-324), (1e15, 1e15 + 1.0), (2.0**53 - 2.0, 2.0**53 - 1.0)],
)
def test_what_varies_by_more_is_a_feature(tmp_path, one, other):
    """Integers below 2⁵³ are exact, however little they differ."""
    path = table(tmp_path, [one if k % 2 else other for k in range(40)])
    found = read_table(path, "label", "part", standardise=True)
    assert np.unique(np.round(found.train.features[:, 1], 6)).tolist() == [-1.0, 1.0]


def test_the_rounding_of_many_sums_is_constant():
    """Means of permutations of the same numbers, each rounded in its own way."""
    rng = np.random.default_rng(2)
    numbers = rng.random(1000)
    sums = np.array([math.fsum(numbers)] + [float(np.cumsum(rng.permutation(numbers))[-1]) for _ in range(199)])
    assert np.ptp(sums) > 0.0
    assert is_constant(sums)
    assert not is_constant(sums + 1e-9 * sums * rng.random(200))
