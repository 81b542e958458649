"""Means and deviations of columns without overflow, and whether a column is constant but for rounding.

A column is divided by a power of two, so that its largest entry is near one, before squares are summed: that changes no
digit of ordinary numbers, and keeps those of 1e300 and of 1e-300.

Entries of one value that was computed in several ways differ by some units in the last place (0.1 + 0.2 is not 0.3).
Such a column says nothing, but scaled to a deviation of one it would look like any other. It counts as constant where
its entries lie within 2nε of the largest one, with n entries, at most 1000, and ε = 2⁻⁵²: what summing them up rounds.
Columns of integers below 2⁵³ are exact and constant only where all are equal.
"""

from __future__ import annotations

import numpy as np

__all__ = ["is_constant", "mean_and_deviation", "standardised"]

MOST_UNITS = 1000
FLAT = 2.0**-20  # share of the largest entry below which a column varies so little that its mean loses digits
EXACT = 2.0**53


def mean_and_deviation(columns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation (divisor n) along the first axis, of finite numbers of any size."""
    exponents = _exponents(columns)
    scaled = np.ldexp(columns, -exponents)
    return np.ldexp(scaled.mean(axis=0), exponents), np.ldexp(scaled.std(axis=0), exponents)


def is_constant(columns: np.ndarray) -> np.ndarray:
    """Whether the entries along the first axis are one number, but for rounding; shape (k,) for columns (n, k)."""
    largest = np.abs(columns).max(axis=0)
    scaled = np.ldexp(columns, -_exponents(columns))
    units = 2.0 * min(len(columns), MOST_UNITS) * np.finfo(np.float64).eps
    exact = (largest < EXACT) & (columns == np.floor(columns)).all(axis=0)
    return np.ptp(scaled, axis=0) <= np.where(exact, 0.0, units * np.abs(scaled).max(axis=0))


def standardised(columns: np.ndarray, in_train: np.ndarray) -> np.ndarray:
    """(x - mean)/deviation, with both of the rows `in_train` alone; infinite where a row is too far away from these.

    Parameters
    ----------
    columns : ndarray, shape (n, k)
        Of which none may be constant over those rows.
    in_train : ndarray of bool, shape (n,)
    """
    exponents = _exponents(columns[in_train])
    with np.errstate(over="ignore"):
        scaled = np.ldexp(columns, -exponents)
        train = scaled[in_train]
        flat = np.ptp(train, axis=0) < FLAT * np.abs(train).max(axis=0)
        shift = np.where(flat, train[0], 0.0)  # differences of entries that are nearly alike are exact
        train = train - shift
        return (scaled - shift - train.mean(axis=0)) / train.std(axis=0)


def _exponents(columns: np.ndarray) -> np.ndarray:
    """Of the powers of two just above the largest entry."""
    return np.frexp(np.abs(columns).max(axis=0))[1]
