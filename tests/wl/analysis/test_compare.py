"""Comparison of landscapes: rate of false alarms and power, with errors that are correlated between bins."""

import numpy as np
import pytest

from wl.analysis.comparison import compare_runs


def runs(number, rng, n_bins=30, shift=0.0):
    """Random walks along the bins with a free constant: neighbours move together, as those of ln g do."""
    walk = np.cumsum(0.1 * rng.standard_normal((number, n_bins)), axis=1)
    return walk + rng.standard_normal((number, 1)) + shift * np.linspace(0.0, 1.0, n_bins)


@pytest.mark.parametrize("constant", [True, False])
def test_rate_of_false_alarms(constant):
    # p-values of equal distributions are uniform; 400 of them, deviations of 4 standard errors of the shares
    rng = np.random.default_rng(1)
    found = np.array([compare_runs(runs(8, rng), runs(5, rng), constant=constant).p_value for _ in range(400)])
    for level in (0.05, 0.3, 0.7):
        assert abs(np.mean(found < level) - level) < 4.0 * np.sqrt(level * (1.0 - level) / 400)


def test_a_difference_is_seen_and_a_constant_is_not():
    rng = np.random.default_rng(2)
    first, second = runs(8, rng), runs(8, rng, shift=3.0)
    found = compare_runs(first, second)
    assert found.p_value < 1e-3
    assert found.difference[0] > 3.0 * found.error[0]
    assert compare_runs(first, second + 5.0).p_value == pytest.approx(found.p_value, rel=1e-9)
    assert compare_runs(first, first[:, ::1] + 7.0).statistic == pytest.approx(0.0, abs=1e-20)


def test_bins_that_a_run_does_not_know_are_left_out():
    rng = np.random.default_rng(3)
    first, second = runs(8, rng), runs(8, rng)
    first[2, 29] = np.nan
    found = compare_runs(first, second)
    assert found.p_value == compare_runs(first[:, :29], second[:, :29]).p_value
    assert np.isnan(found.difference[29])


@pytest.mark.parametrize(
    ("first", "second", "n_groups", "message"),
    [
        (np.zeros((3, 9)), np.zeros((8, 9)), 4, "first has shape \\(3, 9\\); allowed: at least 4 runs"),
        (np.zeros((8, 9)), np.zeros((8, 8)), 4, "second has 8 bins"),
        (np.zeros((8, 9)), np.zeros((8, 9)), 14, "n_groups = 14 is out of range"),
        (np.zeros((8, 3)), np.zeros((8, 3)), 4, "n_groups = 4 for 3 bins"),
    ],
)
def test_bad_input_is_named(first, second, n_groups, message):
    with pytest.raises(ValueError, match=message):
        compare_runs(first, second, n_groups=n_groups)
