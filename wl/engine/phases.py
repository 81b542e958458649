"""Numbers of trials at which a run changes: the end of exploration, freezing, and looks at the frozen weights.

A planned run knows them beforehand. Where the end is open, the run freezes when it has learned, and looks at its
weights whenever its trials have doubled since.
"""

from __future__ import annotations

import math

import numpy as np

from wl.engine.settings import Settings

__all__ = ["NEVER", "UNEVEN", "Phases", "correction"]

NEVER = 2**62
LOOKS = (16, 4)  # shares of the frozen stage after which a planned run looks at its weights
UNEVEN = 1.0  # nats by which the frozen histogram may miss its target before the weights are corrected
LEAST_VISITS = 100


class Phases:
    """Times of one run, in trials a walker; those of a run that learns anew begin where it does."""

    def __init__(self, settings: Settings, n_trials: int | None, begin: int = 0) -> None:
        self.freeze_at = self.close_at = self.look_at = NEVER
        self.second_look_at = NEVER
        if n_trials is not None:
            self.freeze_at = begin + math.ceil(settings.learning * (n_trials - begin))
            self.close_at = begin + math.ceil(settings.exploring * (n_trials - begin))
            rest = n_trials - self.freeze_at
            self.look_at, self.second_look_at = (self.freeze_at + max(1, rest // share) for share in LOOKS)

    def freeze(self, at: int) -> None:
        """Freeze an open-ended run at that time."""
        self.freeze_at = self.close_at = at
        self.look_at = 2 * at

    def looked(self, trials: int) -> None:
        """Set the next look."""
        open_ended = self.second_look_at == NEVER
        self.look_at = 2 * trials if open_ended else self.second_look_at
        if self.look_at <= trials:
            self.look_at = NEVER

    def array(self) -> np.ndarray:
        """All times."""
        return np.array([self.freeze_at, self.close_at, self.look_at, self.second_look_at])

    def restore(self, saved: np.ndarray) -> None:
        """Go on from what `array` gave."""
        self.freeze_at, self.close_at, self.look_at, self.second_look_at = map(int, saved)


def correction(histogram: np.ndarray, log_target: np.ndarray) -> np.ndarray:
    """What the frozen walk adds to the cost of every bin: ln H - ln π less its mean; 0 where H is small."""
    counted = histogram >= LEAST_VISITS
    if not counted.any():
        return np.zeros(histogram.size)
    change = np.log(np.maximum(histogram, 1)) - log_target
    return np.where(counted, change - change[counted].mean(), 0.0)
