"""Products of a ±1 matrix with a vector, its signs packed into bits: sums by table in place of multiplications.

Eight neighbouring entries of a row are a byte, and Σ ± v over eight values is one of 256 numbers. For 64 columns at a
time eight tables of them are filled, by doubling and in the first-level cache, and every row adds up eight entries: one
load and one addition stand for eight multiplications, and the matrix takes an eighth of its memory. Nothing is rounded
but the additions, which are those of the precision of the values. (A way known as the four Russians: V. L. Arlazarov,
E. A. Dinic, M. A. Kronrod and I. A. Faradzhev, Dokl. Akad. Nauk SSSR 194, 487 (1970).)

Not for matrices of real numbers, nor for few rows: the tables cost as much as about 32 rows do.
"""

import numpy as np

from perceptron.base.jit import njit

WORD = 64
TABLE_SIZE = 8 * 256
BYTE = np.uint64(255)
SHIFTS = tuple(np.uint64(8 * k) for k in range(8))
STARTS = tuple(np.uint64(256 * k) for k in range(8))


def pack_rows(values: np.ndarray) -> np.ndarray:
    """Signs of a ±1 matrix of shape (n, m) as uint64, shape (⌈m/64⌉, n): bit k of [g, i] is entry (i, 64 g + k) > 0."""
    n_rows, n_columns = values.shape
    padded = np.zeros((n_rows, -(-n_columns // WORD) * 8), dtype=np.uint8)
    packed = np.packbits(values > 0, axis=1, bitorder="little")
    padded[:, : packed.shape[1]] = packed
    return np.ascontiguousarray(padded.view("<u8").T)


def pack_columns(values: np.ndarray) -> np.ndarray:
    """The same of the transpose: shape (⌈n/64⌉, m)."""
    n_rows, n_columns = values.shape
    n_words = -(-n_rows // WORD)
    positive = np.zeros((8 * n_words, 8, n_columns), dtype=np.uint8)
    np.greater(values, 0, out=positive.reshape(-1, n_columns)[:n_rows], casting="unsafe")
    packed = np.zeros((8 * n_words, n_columns), dtype=np.uint8)
    for bit in range(8):
        packed |= positive[:, bit] << np.uint8(bit)
    bytes_of_words = packed.reshape(n_words, 8, n_columns).transpose(0, 2, 1)
    return np.ascontiguousarray(bytes_of_words).view("<u8").reshape(n_words, n_columns)


@njit
def fill_table(values, first, table):
    """Σ ± v of every sign pattern, for eight groups of eight values from `first` on; what is beyond the end is 0."""
    number = table.dtype.type
    for byte in range(8):
        start, origin = first + 8 * byte, 256 * byte
        lowest = number(0.0)
        for k in range(start, min(start + 8, values.size)):
            lowest -= number(values[k])
        table[origin] = lowest
        for bit in range(8):
            size = 1 << bit
            step = number(0.0)
            if start + bit < values.size:
                step = number(2.0) * number(values[start + bit])
            for k in range(origin, origin + size):
                table[k + size] = table[k] + step


@njit
def add_entries(words, table, sums):
    """Add to sums[i] the eight entries that the bytes of words[i] name."""
    s0, s1, s2, s3, s4, s5, s6, s7 = SHIFTS
    b0, b1, b2, b3, b4, b5, b6, b7 = STARTS
    for i in range(sums.size):
        w = words[i]
        low = (table[b0 + ((w >> s0) & BYTE)] + table[b1 + ((w >> s1) & BYTE)]) + (
            table[b2 + ((w >> s2) & BYTE)] + table[b3 + ((w >> s3) & BYTE)]
        )
        high = (table[b4 + ((w >> s4) & BYTE)] + table[b5 + ((w >> s5) & BYTE)]) + (
            table[b6 + ((w >> s6) & BYTE)] + table[b7 + (w >> s7)]
        )
        sums[i] += low + high


@njit
def signed_sums(words, values, table, sums):
    """sums[i] = Σ_j ξ_ij v_j with packed signs, shape (⌈m/64⌉, n), and `table` of `TABLE_SIZE` as scratch."""
    sums[:] = 0.0
    for group in range(words.shape[0]):
        fill_table(values, WORD * group, table)
        add_entries(words[group], table, sums)
