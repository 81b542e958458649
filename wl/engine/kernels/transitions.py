"""Counts of proposals between bins: a hash table, as a move reaches few of all the bins.

Open addressing with linear probing on the key `from · n_bins + to`; a table is never more than half full, the driver
enlarges it. A table without entries counts nothing.
"""

from typing import NamedTuple

import numpy as np

from perceptron.base.jit import njit

FREE = -1
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)  # 2⁶⁴ over the golden ratio spreads consecutive keys


class Transitions(NamedTuple):
    """Proposals counted so far."""

    entries: np.ndarray  # int64 (size, 2): key or FREE, and its count; size is a power of two, or 0
    used: np.ndarray  # int64 (1,), number of keys


@njit(borrows=True)
def first_slot(key, mask):
    """Where the search for a key begins."""
    return np.int64((np.uint64(key) * MULTIPLIER) >> np.uint64(32)) & mask


@njit(borrows=True)
def add_count(table, key, number):
    """Add `number` to the count of a key of a hash table."""
    entries = table.entries
    mask = entries.shape[0] - 1
    slot = first_slot(key, mask)
    while entries[slot, 0] != key and entries[slot, 0] != FREE:
        slot = (slot + 1) & mask
    if entries[slot, 0] == FREE:
        entries[slot, 0] = key
        table.used[0] += 1
    entries[slot, 1] += number


@njit
def add_counts(source, target):
    """Add all counts of one table to another, which must have the room."""
    for slot in range(source.entries.shape[0]):
        if source.entries[slot, 0] != FREE:
            add_count(target, source.entries[slot, 0], source.entries[slot, 1])
