"""How the size of the moves of a continuous system adapts while the weights are learned: two rules.

* COMMON: all walkers have the same step; at every mark of the trace it is scaled by the acceptance of all of them over
  1/2, by a factor of 1.5 at most (`wl.engine.windows.move_sizes`).
* BAND: every walker has its own step; after each 1000 of its trials the step grows by a tenth where more than 0.7 of
  them were accepted, and shrinks by a tenth where fewer than 0.3 were. It is the rule of paper H (Methods, Monte
  Carlo). A step belongs to the walker, not to the configuration, which replica exchange hands on.

Neither rule lets a step grow beyond the largest one of the system. Frozen weights keep the last step: one that changed
while bins are counted would favour some configurations.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from wl.interface.system import System

__all__ = ["BAND", "COMMON", "STEP_RULES", "Band", "keep_moves"]

COMMON, BAND = STEP_RULES = ("common", "band")
BAND_TRIALS, FEWEST, MANY = 1000, 300, 700  # trials of a walker between changes, and accepted ones at the ends
SHRINKING, GROWING = 0.9, 1.1
N_TRIALS, N_ACCEPTED = range(2)  # of a tally


class Band(NamedTuple):
    """The rule of a step that belongs to one walker.

    Attributes
    ----------
    step : str
        Name of the array of the state that scales the moves.
    largest : float
        Largest step.
    """

    step: str
    largest: float

    def left(self, tally: np.ndarray) -> int:
        """Trials until the step may change."""
        return BAND_TRIALS - int(tally[N_TRIALS])

    def note(self, state: Any, tally: np.ndarray, n_trials: int, n_accepted: int) -> None:
        """Add trials of a walker, no more than were left, to its tally, and change its step after the last of 1000.

        Parameters
        ----------
        state : NamedTuple
            Of the walker; its step is changed in place.
        tally : ndarray of int64, shape (2,)
            Trials since the step could last change, and accepted ones.
        n_trials, n_accepted : int
            Trials to add, and how many of them were accepted.
        """
        tally += n_trials, n_accepted
        if tally[N_TRIALS] < BAND_TRIALS:
            return
        step = getattr(state, self.step)
        if tally[N_ACCEPTED] > MANY:
            step[:] = np.minimum(self.largest, GROWING * step)
        elif tally[N_ACCEPTED] < FEWEST:
            step *= SHRINKING
        tally[:] = 0


def keep_moves(system: System, first: Any, second: Any) -> None:
    """Give two walkers whose states were exchanged their own steps back."""
    if system.step is not None:
        mine, other = getattr(first, system.step), getattr(second, system.step)
        kept = mine.copy()
        mine[:], other[:] = other, kept
