"""A step of the moves that all walkers have in common: adapted while the weights are learned, then kept.

A step that changed while bins are counted would favour some configurations. The other rule, a step of each walker, is
in `wl.engine.step_rules`.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from wl.engine.windows.walkers import Particle
from wl.interface.system import System

__all__ = ["Steps"]

ACCEPTANCE = 0.5
MOST = 1.5  # by which a step changes at once


class Steps:
    """Trials and acceptances of all walkers at the last adaptation."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.numbers = np.zeros(2, np.int64)

    def adapt(self, particles: Iterable[Particle], n_trials: int, n_accepted: int) -> None:
        """Scale the moves of all walkers towards the acceptance wanted, given all trials so far and those accepted."""
        if self.system.step is None:
            return
        before = self.numbers.copy()
        self.numbers[:] = n_trials, n_accepted
        n_new, n_newly_accepted = self.numbers - before
        factor = min(MOST, max(1.0 / MOST, n_newly_accepted / (ACCEPTANCE * n_new)))
        for particle in particles:
            step = getattr(particle.state, self.system.step)
            step[:] = np.minimum(self.system.largest_step, factor * step)
