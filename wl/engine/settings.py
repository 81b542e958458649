"""Numbers of a run, and the schedule they make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from perceptron.base.checks import check_choice, check_integer, check_real, keep_plain
from wl.engine.dynamics.settings import Dynamics
from wl.engine.kernels import schedule as kernels
from wl.engine.step_rules import BAND, COMMON, STEP_RULES
from wl.interface.grid import Grid
from wl.interface.system import System

__all__ = ["ENDLESS", "SCHEDULES", "Settings", "Target", "preset_of", "settings_for"]

SCHEDULES = {
    "halving-then-inverse": kernels.HALVING_THEN_INVERSE,
    "halving": kernels.HALVING,
    "inverse": kernels.INVERSE,
    "stages": kernels.STAGES,
    "ramp": kernels.RAMP,
    "constant": kernels.CONSTANT,
    "plateau-then-inverse": kernels.PLATEAU,
}
ENDLESS = ("halving", "stages", "ramp", "constant")  # never follow n/t, so that a run with an open end never freezes
LEAST_BLOCK = 1000
HOLD = 1e5  # trials a bin without discoveries before ln f is halved, where the support is not known beforehand
SHORT_HOLD = 1e4  # where it is: long enough to level what early discoveries left uneven
LONGEST_HOLD, LONGEST_PLATEAU, LONGEST_FIRST = 0.2, 0.5, 0.1  # of the learning stage
# where a round trip takes millions of trials ln g of a bin must not grow by more than some nats meanwhile; proposals
# out of a bin depend on the family of configurations that the walker is in, which the transition matrix cannot tell
SLOW_LEARNING = {
    "schedule": "inverse",
    "factor": 20.0,
    "first_log_f": 1e-3,
    "exploration_log_f": 1e-3,
    "transition_matrix": False,
}
LIFT_ABOVE = 25.0  # two-dimensional grids have corners where this many nats cannot be real


@dataclass(frozen=True, slots=True)
class Target:
    """Target density over the bins, π ∝ (k + offset)^-power.

    k counts the levels of the first variable from its rarest end. A power of 2 makes twenty times the round trips on
    the perceptron's deficit; 0 is flat.
    """

    power: float = 0.0
    offset: float = 10.0

    def __post_init__(self) -> None:
        keep_plain(self)

    def log_density(self, grid: Grid) -> np.ndarray:
        """Ln π of every bin, up to a constant."""
        coordinate = grid.axes[0].coordinate
        levels = (coordinate - coordinate[0]) / (grid.axes[0].variable.spacing or grid.axes[0].width)
        return np.repeat(-self.power * np.log(levels + self.offset), grid.row_size)


@dataclass(frozen=True, slots=True)
class Settings:
    """Options of the sampler.

    Attributes ---------- schedule : str A key of SCHEDULES. first_log_f : float ln f at the start, and the largest
    increment of a bin. exploration_log_f : float To which a discovery sets ln f back. factor : float c of c·n/t; above
    1/2, or the error falls more slowly than that of sampling. 1 is best. A larger one is lowered as far as ln f must
    fall from a tenth of the learning on: a short run would freeze at its first ln f. hold : float Trials a known bin
    without discoveries before ln f is halved. period : float Trials of a stage. times : tuple of float t₁, t₂, t₃ of
    the ramp. target : Target start : str "uniform", or "anneal": ln g of the first variable from thermodynamic
    integration along a quick anneal, or "rows": with two variables, ln g of the first one learned alone and the second
    as a walk then finds it; under forces both are a ladder of temperatures (`wl.engine.starts.temperature_ladder`).
    n_walkers, n_windows : int Walkers a window, windows along the first variable. overlap : float Share of a window
    that it has in common with the next. transition_matrix : bool Whether proposals are counted. learning : float Share
    of the trials before the weights are frozen. exploring : float Share of the trials after which no more bins are
    taken in. dynamics : Dynamics or None How all parameters move at once; None where trials change one or few of them.
    step_rule : str How the size of moves adapts while the weights are learned, where a system has one that does:
    "common" for all walkers, or the "band" of paper H for each of them (`wl.engine.step_rules`). Descriptions
    without it are of "common".
    """

    schedule: str = "halving-then-inverse"
    first_log_f: float = 1.0
    exploration_log_f: float = 0.05
    factor: float = 1.0
    hold: float = HOLD
    period: float = 3.2e6
    times: tuple[float, float, float] = (1.0, 2.0, 0.0)
    target: Target = Target()  # an immutable record
    start: str = "uniform"
    n_walkers: int = 1
    n_windows: int = 1
    overlap: float = 0.5
    transition_matrix: bool = True
    learning: float = 1.0 / 3.0
    exploring: float = 0.2
    dynamics: Dynamics | None = None
    step_rule: str = COMMON

    def __post_init__(self) -> None:
        keep_plain(self)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_choice("start", self.start, ("uniform", "anneal", "rows"))
        check_choice("step_rule", self.step_rule, STEP_RULES)
        for name in ("first_log_f", "exploration_log_f", "factor", "period"):
            check_real(name, getattr(self, name), above=0.0)
        for name in ("n_walkers", "n_windows"):
            check_integer(name, getattr(self, name), least=1)
        for name in ("overlap", "learning", "exploring"):
            value = check_real(name, getattr(self, name))
            if not 0.0 <= value <= 1.0:
                raise ValueError(f"{name} = {value!r} is out of range; allowed: real numbers in [0, 1]")
        if self.n_windows > 1 and self.n_walkers < 2:
            raise ValueError(f"n_walkers = {self.n_walkers} with n_windows = {self.n_windows}; allowed: at least 2")

    def kernel(self, grid: Grid, n_learning: float = math.inf) -> kernels.Schedule:
        """Schedule for the kernels; `n_learning` are the trials of a window before its weights are frozen."""
        of_hills = None if self.dynamics is None else self.dynamics.first_log_f(grid)
        return kernels.Schedule(
            kind=SCHEDULES[self.schedule],
            block=max(LEAST_BLOCK, grid.n_bins),
            alone=self.n_walkers == 1 and self.n_windows == 1,
            first_log_f=float(self.first_log_f if of_hills is None else of_hills),
            exploration_log_f=float(self.exploration_log_f if of_hills is None else of_hills),
            hold=float(self.hold),
            longest_hold=LONGEST_HOLD * n_learning,
            longest_plateau=LONGEST_PLATEAU * n_learning,
            longest_first=LONGEST_FIRST * n_learning,
            factor=float(self.factor),
            period=float(self.period),
            times=tuple(float(time) for time in self.times),
            lift_above=LIFT_ABOVE if len(grid.axes) == 2 else math.inf,
        )


def preset_of(name: str) -> dict[str, Any]:
    """Settings that a preset fixes: none for "default"; those of paper H's Monte Carlo for "paper".

    It has stages of 3.2e6 trials with ln f = 5/(k + 10) in stage k, no transition matrix, a step of each walker that
    adapts every 1000 of its trials, and never freezes the weights, so that its landscape is that of Wang and Landau
    alone.

    Raises
    ------
    ValueError
        For another name.
    """
    check_choice("preset", name, ("default", "paper"))
    if name == "default":
        return {}
    return {
        "schedule": "stages",
        "period": 3.2e6,
        "first_log_f": 0.5,
        "learning": 1.0,
        "exploring": 1.0,
        "start": "uniform",
        "transition_matrix": False,
        "step_rule": BAND,
    }


def settings_for(system: System, variables: Sequence[str] | None = None, **chosen: Any) -> Settings:
    """Defaults that suit the system and the variables that are sampled, with the user's choices on top."""
    names = variables or system.default_variables
    defaults: dict[str, Any] = {}
    if system.support_known:
        defaults |= {"hold": SHORT_HOLD, "learning": 0.2, "exploring": 0.1}
    if system.variable(names[0])[1].capped:
        target = Target(2.0, 10.0) if len(names) == 1 else Target(1.0, 5.0)
        defaults |= {"start": "anneal", "schedule": "inverse", "first_log_f": 0.02, "target": target}
    if system.forces:
        defaults |= {"dynamics": Dynamics(), "schedule": "plateau-then-inverse", "transition_matrix": False}
    elif system.slow_trips:
        defaults |= SLOW_LEARNING | ({"start": "rows", "learning": 0.25} if len(names) == 2 else {})
    return Settings(**(defaults | chosen))
