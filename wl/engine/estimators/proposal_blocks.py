"""Counts of proposals in consecutive blocks of a frozen walk, for the error and the bias of the transition matrix.

A walker held up in a few configurations of a bin counts their proposals over and over, so that counts vary by far more
than their numbers say. Leaving out one block after the other shows how much (jackknife).
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from wl.engine.estimators.transition_matrix import log_g_of_transitions, transition_counts
from wl.engine.kernels.transitions import Transitions

__all__ = ["ProposalBlocks"]

MOST_BLOCKS, FEWEST_JOINED, MOST_ENTRIES = 32, 16, 4_000_000  # neighbours are joined at so many, or with many entries
FIRST_LENGTH = 8  # in blocks of the schedule
MOST_WORK = 3e8  # bins times squared band for which all blocks are solved


class ProposalBlocks:
    """Blocks of one window, all its walkers together."""

    def __init__(self, n_bins: int, schedule_block: int) -> None:
        self.n_bins = n_bins
        self.length = FIRST_LENGTH * schedule_block
        self.finished: list[sparse.csr_array] = []

    @property
    def next_end(self) -> int:
        """Trials a walker since freezing at which the unfinished block ends."""
        return (len(self.finished) + 1) * self.length

    def add(self, tables: list[Transitions]) -> None:
        """Finish a block with what the tables hold."""
        self.finished.append(transition_counts(tables, self.n_bins))
        number, even = len(self.finished), len(self.finished) % 2 == 0
        large = number >= FEWEST_JOINED and sum(block.nnz for block in self.finished) > MOST_ENTRIES
        if number == MOST_BLOCKS or (large and even):
            self.finished = [one + other for one, other in zip(self.finished[::2], self.finished[1::2], strict=True)]
            self.length *= 2

    def total(self, tables: list[Transitions]) -> sparse.csr_array:
        """All counts, those of the unfinished block in `tables`."""
        counts = transition_counts(tables, self.n_bins)
        for block in self.finished:
            counts = counts + block
        return sparse.csr_array(counts)

    def log_g(self, tables: list[Transitions], start: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Estimate of ln g up to a constant, and its error, statistical and bias, relative to the mean over bins.

        `start` is a ln g to begin the search with.
        """
        counts = self.total(tables)
        value = log_g_of_transitions(counts, start)
        number = len(self.finished)
        rows, columns = counts.nonzero()
        band = float(np.max(np.abs(rows - columns))) if rows.size else 0.0
        if number < 4 or counts.shape[0] * band**2 > MOST_WORK:
            return value, np.full(value.shape, np.nan)
        left_out = np.stack(
            [_centred(log_g_of_transitions(sparse.csr_array(counts - block), value)) for block in self.finished]
        )
        mean = left_out.mean(axis=0)
        spread = (number - 1) * np.mean((left_out - mean) ** 2, axis=0)
        bias = (number - 1) * (mean - _centred(value))
        return value, np.sqrt(spread + bias**2)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that changes, by name."""
        coordinates = [block.tocoo() for block in self.finished]
        keys = [c.coords[0].astype(np.int64) * self.n_bins + c.coords[1] for c in coordinates]
        empty = np.zeros(0, np.int64)
        return {
            "length": np.array(self.length),
            "sizes": np.array([key.size for key in keys], np.int64),
            "keys": np.concatenate([empty, *keys]),
            "counts": np.concatenate([empty, *(c.data for c in coordinates)]),
        }

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self.length, self.finished = int(saved["length"]), []
        stops = np.cumsum(saved["sizes"])
        for start, stop in zip(stops - saved["sizes"], stops, strict=True):
            rows, columns = np.divmod(saved["keys"][start:stop], self.n_bins)
            shape = (self.n_bins, self.n_bins)
            self.finished.append(sparse.csr_array((saved["counts"][start:stop], (rows, columns)), shape=shape))


def _centred(log_g: np.ndarray) -> np.ndarray:
    return log_g - np.nanmean(log_g) if np.isfinite(log_g).any() else log_g
