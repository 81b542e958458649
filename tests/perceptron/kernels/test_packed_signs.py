"""Products with packed signs against plain NumPy, at sizes around the word of 64."""

import numpy as np
import pytest

from perceptron.kernels.instance.packed_signs import (
    TABLE_SIZE,
    pack_columns,
    pack_rows,
    signed_sums,
)

SIZES = [(1, 1), (1, 64), (3, 65), (63, 8), (64, 64), (65, 63), (129, 200)]


def draw(shape):
    rng = np.random.default_rng(1)
    return rng.choice(np.array([-1, 1], dtype=np.int8), size=shape), rng


@pytest.mark.parametrize("shape", SIZES)
def test_bits_are_signs_and_the_rest_is_zero(shape):
    values, _ = draw(shape)
    for packed, matrix in ((pack_rows(values), values), (pack_columns(values), values.T)):
        n, m = matrix.shape
        assert packed.shape == (-(-m // 64), n)
        bits = np.array([[int(word) >> k & 1 for word in row] for row in packed for k in range(64)])
        assert np.array_equal(bits[:m], matrix.T > 0)
        assert not bits[m:].any()


@pytest.mark.parametrize(("number", "allowed"), [(np.float64, 1e-14), (np.float32, 5e-6)])
@pytest.mark.parametrize("shape", SIZES)
def test_sums_against_plain_numpy(shape, number, allowed):
    values, rng = draw(shape)
    table = np.empty(TABLE_SIZE, dtype=number)
    for words, matrix in ((pack_rows(values), values), (pack_columns(values), values.T)):
        vector = rng.standard_normal(matrix.shape[1])
        sums = np.full(matrix.shape[0], 7.0, dtype=number)
        signed_sums(words, vector, table, sums)
        assert np.abs(sums - matrix @ vector).max() < allowed * np.abs(vector).sum()


def test_whole_numbers_are_summed_exactly_and_nan_stays():
    values, _ = draw((40, 300))
    vector = np.arange(300.0)
    table, sums = np.empty(TABLE_SIZE), np.empty(40)
    signed_sums(pack_rows(values), vector, table, sums)
    assert np.array_equal(sums, values @ vector)
    vector[17] = np.nan
    signed_sums(pack_rows(values), vector, table, sums)
    assert np.all(np.isnan(sums))
