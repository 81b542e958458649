"""A step of the moves that all walkers have in common: adapted while the weights are learned, then kept.

A step that changed while bins are counted would favour some configurations. The other rule, a step of each walker, is
in `wl.engine.windows.step_rules`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from wl.engine.kernels.walk import ACCEPTED
from wl.engine.windows.step_rules import COMMON
from wl.interface.system import System

if TYPE_CHECKING:
    from wl.engine.sampler import Sampler

__all__ = ["Steps"]

ACCEPTANCE = 0.5
MOST = 1.5  # by which a step changes at once


class Steps:
    """Trials and acceptances of all walkers at the last adaptation."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.numbers = np.zeros(2, np.int64)

    def adapt(self, sampler: Sampler) -> None:
        """Scale the moves of all walkers towards the acceptance wanted, where they have a common step."""
        if self.system.step is None or sampler.settings.step_rule != COMMON:
            return
        before = self.numbers.copy()
        accepted = sampler.learning_counts[ACCEPTED] + sampler.counts[..., ACCEPTED].sum()
        self.numbers[:] = sampler.trials * sampler.n_walkers, accepted
        n_trials, n_accepted = self.numbers - before
        factor = min(MOST, max(1.0 / MOST, n_accepted / (ACCEPTANCE * n_trials)))
        for window in sampler.windows:
            for particle in window.particles:
                step = getattr(particle.state, self.system.step)
                step[:] = np.minimum(self.system.largest_step, factor * step)
