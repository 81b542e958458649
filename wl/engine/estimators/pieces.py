"""Histograms of consecutive pieces of a frozen walk: where honest errors come from.

Pieces are of one length; when the store is full, neighbours are joined and the length doubles. Autocorrelation is
accounted for once a piece is longer than it.
"""

from __future__ import annotations

import numpy as np

__all__ = ["Pieces"]

LARGEST_STORE = 64_000_000  # bytes
MOST_PIECES = 128


class Pieces:
    """Pieces of one walker."""

    def __init__(self, n_bins: int, first_length: int = 1000) -> None:
        most = min(MOST_PIECES, LARGEST_STORE // (8 * n_bins))
        self.histograms = np.zeros((max(8, most - most % 2), n_bins), np.int64)
        self.n_pieces = 0
        self.length = first_length
        self.present = np.zeros(n_bins, np.int64)  # of the unfinished piece
        self.seen = np.zeros(n_bins, np.int64)  # cumulative histogram so far

    @property
    def next_end(self) -> int:
        """Trials since freezing at which the unfinished piece ends."""
        return (self.n_pieces + 1) * self.length

    @property
    def total(self) -> np.ndarray:
        """Histogram of all pieces, the unfinished one included."""
        return self.finished.sum(axis=0) + self.present

    @property
    def finished(self) -> np.ndarray:
        """Histograms of the finished pieces, shape (n_pieces, n_bins)."""
        return self.histograms[: self.n_pieces]

    def add(self, histogram: np.ndarray, done: int, *, cumulative: bool) -> None:
        """Add what was visited up to `done` trials since freezing."""
        if cumulative:
            self.present += histogram - self.seen
            self.seen[:] = histogram
        else:
            self.present += histogram
        if done >= self.next_end:
            self.histograms[self.n_pieces] = self.present
            self.present[:] = 0
            self.n_pieces += 1
            if self.n_pieces == self.histograms.shape[0]:
                self._join_neighbours()

    def _join_neighbours(self) -> None:
        half = self.n_pieces // 2
        self.histograms[:half] = self.histograms[0::2] + self.histograms[1::2]
        self.histograms[half:] = 0
        self.n_pieces, self.length = half, 2 * self.length

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that changes, by name."""
        numbers = np.array([self.n_pieces, self.length])
        return {"numbers": numbers, "finished": self.finished, "present": self.present, "seen": self.seen}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self.n_pieces, self.length = map(int, saved["numbers"])
        self.histograms[:] = 0
        self.histograms[: self.n_pieces] = saved["finished"]
        self.present[:], self.seen[:] = saved["present"], saved["seen"]
