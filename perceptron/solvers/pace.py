"""Runs compiled sweeps in groups short enough to look at the clock and at Ctrl-C between them."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

from perceptron.solvers.search import Limits

__all__ = ["Pace"]

GROUP_SECONDS = 0.02
LARGEST_GROWTH = 8


class Pace:
    """Counts sweeps and seconds of one search against its limits.

    How sweeps are grouped follows the clock, so a group must not change what its sweeps compute.

    Parameters
    ----------
    limits : Limits
    default_sweeps : int
        Limit of sweeps where `limits` has neither sweeps nor seconds.
    solved : callable
        Whether the search is over; asked before every group of sweeps.

    Attributes
    ----------
    start : float
        `time.perf_counter()` at the beginning.
    n_sweeps : int
        Sweeps made so far.
    timed_out : bool
        Whether the time limit was met before the search was over.
    """

    def __init__(self, limits: Limits, default_sweeps: int, solved: Callable[[], bool]) -> None:
        self.start = time.perf_counter()
        self.n_sweeps = 0
        self.timed_out = False
        self._limits, self._solved = limits, solved
        unlimited = default_sweeps if limits.max_seconds == math.inf else math.inf
        self._most = unlimited if limits.max_sweeps is None else limits.max_sweeps
        self._group = 1

    @property
    def outcome(self) -> dict[str, Any]:
        """What the result of a search takes from here."""
        return {"n_sweeps": self.n_sweeps, "start": self.start, "timed_out": self.timed_out}

    @property
    def open(self) -> bool:
        """Whether there is reason for a sweep, and both limits leave room for it."""
        return not self._solved() and not self.timed_out and self.n_sweeps < self._most

    def run(self, sweeps: Callable[[int, int], int], n_sweeps: float) -> None:
        """Make up to `n_sweeps`; `sweeps(first, number)` makes so many, or fewer if it solves, and returns how many."""
        made = 0
        while self.open and made < n_sweeps:
            number = int(min(self._group, n_sweeps - made, self._most - self.n_sweeps))
            before = time.perf_counter()
            returned = sweeps(made, number)
            now = time.perf_counter()
            made += returned
            self.n_sweeps += returned
            fitting = int(number * GROUP_SECONDS / max(now - before, 1e-9))
            self._group = max(1, min(fitting, LARGEST_GROWTH * number))
            self.timed_out = now - self.start >= self._limits.max_seconds and not self._solved()
