"""How a run went: a line at numbers of trials that grow by a quarter, so that records are the same on every machine."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["TRACE_COLUMNS", "Trace"]

TRACE_COLUMNS = ("trials", "log_f", "acceptance", "round_trips", "n_known", "change_of_log_g", "matrix_residual")


class Trace:
    """Lines of one run."""

    def __init__(self, n_windows: int, n_bins: int) -> None:
        self.lines: list[tuple[float, ...]] = []
        self._previous = np.full((n_windows, n_bins), np.nan)

    def record(self, present: np.ndarray, matrix: np.ndarray | None, **numbers: float) -> None:
        """Add a line.

        Parameters
        ----------
        present : ndarray, shape (n_windows, n_bins)
            Present ln g of every window, nan where it is unknown.
        matrix : ndarray, shape (n_windows, n_bins), or None
            The same by the transition matrix.
        **numbers
            The first five columns by name.
        """
        residual = math.nan if matrix is None else _rms_of_shape(present, matrix)
        first = [float(numbers[name]) for name in TRACE_COLUMNS[:-2]]
        self.lines.append((*first, _rms_of_shape(present, self._previous), residual))
        self._previous = present

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that changes, by name."""
        return {"lines": np.array(self.lines).reshape(-1, len(TRACE_COLUMNS)), "previous": self._previous}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self.lines = [tuple(map(float, row)) for row in saved["lines"]]
        self._previous = saved["previous"].copy()


def _rms_of_shape(first: np.ndarray, second: np.ndarray) -> float:
    """Rms difference of two ln g where both are known, constants taken out window by window."""
    difference = first - second
    known = np.isfinite(difference)
    if not known.any():
        return math.nan
    means = np.array([row[mask].mean() if mask.any() else 0.0 for row, mask in zip(difference, known, strict=True)])
    return float(np.sqrt(np.mean((difference - means[:, None])[known] ** 2)))
