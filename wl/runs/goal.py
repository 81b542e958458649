"""Where a run ends, and when its weights are frozen on the way there."""

from __future__ import annotations

from dataclasses import dataclass

from perceptron.base.checks import check_integer, check_real, keep_plain
from wl.engine.phases import Phases
from wl.engine.sampler import Sampler

__all__ = ["Goal", "plan_freezing"]

MOST_STEPS = 2**60


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a run ends: at a number of trials, after seconds of sampling, or when it has converged."""

    steps: int | None = None
    seconds: float | None = None
    converged: bool = False
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        keep_plain(self)
        if sum((self.steps is not None, self.seconds is not None, self.converged)) != 1:
            found = {"--steps": self.steps, "--time": self.seconds, "--until": "converged" if self.converged else None}
            given = " and ".join(f"{name} {value}" for name, value in found.items() if value is not None)
            allowed = "exactly one of --steps N, --time S, --until converged"
            raise ValueError(f"{given or 'nothing'} says when to stop; allowed: {allowed}")
        if self.steps is not None:
            check_integer("steps", self.steps, least=1, most=MOST_STEPS)
        if self.seconds is not None:
            check_real("time", self.seconds, above=0.0)
        check_real("tolerance", self.tolerance, above=0.0)


def plan_freezing(sampler: Sampler, n_trials: int | None, *, explore: bool) -> None:
    """Plan anew when a sampler under way freezes its weights, for a goal it was not given at first.

    Weights that are frozen already stay so, unless the walk is to explore again, or missed levels that it should have.

    Parameters
    ----------
    sampler : Sampler
    n_trials : int or None
        Number of trials of a walker up to the goal; None where the end is open.
    explore : bool
        Whether bins are to be discovered again in any case.
    """
    begin = 0
    if sampler.frozen:
        if not (explore or sampler.misses_levels()):
            return
        sampler.learn_again()
        begin = sampler.trials
    phases = Phases(sampler.settings, n_trials, begin)
    if n_trials is not None:
        earliest = max(sampler.round_end, sampler.trials + 1)
        phases.freeze_at, phases.close_at = max(earliest, phases.freeze_at), max(earliest, phases.close_at)
        phases.look_at = max(phases.look_at, phases.freeze_at + 1)
        phases.second_look_at = max(phases.second_look_at, phases.look_at + 1)
    sampler.phases = phases
