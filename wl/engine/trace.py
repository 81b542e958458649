"""How a run went: a line at numbers of trials that grow by a quarter, so that records are the same on every machine."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from wl.engine.estimators.transition_matrix import log_g_of_transitions
from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.walk import ACCEPTED

if TYPE_CHECKING:
    from wl.engine.sampler import Sampler

__all__ = ["TRACE_COLUMNS", "Trace"]

TRACE_COLUMNS = ("trials", "log_f", "acceptance", "round_trips", "n_known", "change_of_log_g", "matrix_residual")
CHEAP_MATRIX = 2_000  # bins up to which the transition matrix is solved for a line


class Trace:
    """Lines of one run."""

    def __init__(self, n_windows: int, n_bins: int) -> None:
        self.lines: list[tuple[float, ...]] = []
        self._previous = np.full((n_windows, n_bins), np.nan)

    def record(self, sampler: Sampler) -> None:
        """Add a line."""
        present = np.stack([window.log_g for window in sampler.windows])
        counts = sampler.learning_counts + sampler.counts.sum(axis=(0, 1))
        self.lines.append(
            (
                float(sampler.trials),
                float(max(window.own.clock[clocks.LOG_F] for window in sampler.windows)),
                float(counts[ACCEPTED] / (sampler.trials * sampler.n_walkers)),
                float(sampler.round_trips),
                float(sum(np.count_nonzero(window.known) for window in sampler.windows)),
                _rms_of_shape(present, self._previous),
                _matrix_residual(sampler, present),
            )
        )
        self._previous = present

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that changes, by name."""
        return {"lines": np.array(self.lines).reshape(-1, len(TRACE_COLUMNS)), "previous": self._previous}

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self.lines = [tuple(map(float, row)) for row in saved["lines"]]
        self._previous = saved["previous"].copy()


def _matrix_residual(sampler: Sampler, present: np.ndarray) -> float:
    """Rms difference of Wang-Landau and transition matrix; nan where that would take long."""
    if sampler.grid.n_bins > CHEAP_MATRIX or not sampler.settings.transition_matrix:
        return math.nan
    matrix = [
        log_g_of_transitions(blocks.total(window.tables), window.log_g)
        for window, blocks in zip(sampler.windows, sampler.proposals, strict=True)
    ]
    return _rms_of_shape(present, np.stack(matrix))


def _rms_of_shape(first: np.ndarray, second: np.ndarray) -> float:
    """Rms difference of two ln g where both are known, constants taken out window by window."""
    difference = first - second
    known = np.isfinite(difference)
    if not known.any():
        return math.nan
    means = np.array([row[mask].mean() if mask.any() else 0.0 for row, mask in zip(difference, known, strict=True)])
    return float(np.sqrt(np.mean((difference - means[:, None])[known] ** 2)))
