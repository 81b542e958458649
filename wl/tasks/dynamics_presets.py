"""Settings of molecular dynamics for the tasks of paper H, and for networks on data of the user.

"paper" is its table 6 (`wl.tasks.paper_tables`): the Langevin scheme at a fixed time step, walls of strength 3000,
hills of constant width, the scale factor of eq. 4, bins of 0.02, and no frozen finish. "default" has the same hills on
a coarser grid, soft walls, a time step that adapts, a start from a ladder of temperatures, ln f constant until a walker
came and went between the ends of the window and n/t afterwards, and a frozen finish.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from perceptron.base.checks import check_choice
from wl.engine.dynamics.settings import SAMPLERS, Dynamics
from wl.interface.grid import Range
from wl.tasks.paper_tables import PAPER_WLMD

__all__ = ["MONTE_CARLO", "DynamicsOptions", "default_sampler", "dynamics_ranges", "dynamics_settings"]

MONTE_CARLO = "monte-carlo"
FINE, COARSE = 0.02, 0.05  # bins of ln L
DEPTH, HEIGHT = 2.5, 2.0  # of default windows below the largest ln L_train, and above it for ln L_test
PAPER_WALL, PAPER_END = 3000.0, 10.0
HILL_WIDTH, MOST_LOG_LOSS = 0.1, 0.0  # of tasks that the paper does not have
SMALL_HILLS = {"spiral-regression": 0.1}  # in place of the paper's, whose dynamics this project does not follow there
OPEN_ABOVE = ("spiral-regression",)  # uniform draws lie just above the largest loss, so that ln g is absolute
TASKS_OF_DYNAMICS = ("spiral-regression", "house-prices", "polymer")
PRESETS = ("default", "paper")
FORCED = ("time_step", "hill_width")
USED = {"langevin": (*FORCED, "friction"), "baoab": (*FORCED, "friction"), "hmc": (*FORCED, "leaps"), MONTE_CARLO: ()}


@dataclass(frozen=True, slots=True)
class DynamicsOptions:
    """What the command line says of the sampler; None where it says nothing."""

    sampler: str | None = None
    time_step: float | None = None
    friction: float | None = None
    leaps: int | None = None
    hill_width: float | None = None

    def refuse_others(self, sampler: str) -> None:
        """Refuse numbers that a sampler does not use.

        Raises
        ------
        ValueError
            Naming the first, and the samplers that use it.
        """
        for name in ("time_step", "friction", "leaps", "hill_width"):
            value = getattr(self, name)
            if value is not None and name not in USED[sampler]:
                option = f"--{name.replace('_', '-')}"
                users = ", ".join(known for known, used in USED.items() if name in used)
                raise ValueError(
                    f"{option} is not used by {sampler}, and is {value!r}; allowed: with --sampler {users}"
                )

    @property
    def given(self) -> dict[str, Any]:
        """Numbers that were given, by their names in `Dynamics`."""
        names = {"time_step": "time_step", "friction": "friction", "leaps": "n_leaps", "hill_width": "hill_width"}
        return {there: getattr(self, here) for here, there in names.items() if getattr(self, here) is not None}


def default_sampler(task: str) -> str:
    """Langevin dynamics for the tasks that the paper samples so, Monte Carlo for all others."""
    return "langevin" if task in TASKS_OF_DYNAMICS else MONTE_CARLO


def dynamics_settings(task: str, preset: str, options: DynamicsOptions) -> dict[str, Any]:
    """Settings of the engine for a task under forces.

    Raises
    ------
    ValueError
        For an unknown sampler or preset, numbers that the sampler does not use, or the paper's preset for a task that
        it does not sample so.
    """
    sampler = options.sampler or default_sampler(task)
    if sampler not in SAMPLERS:
        raise ValueError(f"--sampler = {sampler!r} is not known; allowed: {MONTE_CARLO}, {', '.join(SAMPLERS)}")
    options.refuse_others(sampler)
    check_choice("preset", preset, PRESETS)
    table = PAPER_WLMD.get(task)
    width = SMALL_HILLS.get(task, HILL_WIDTH if table is None else table.gaussian_sigma)
    if preset != "paper":
        own: dict[str, Any] = {"sampler": sampler, "hill_width": width}
        dynamics = Dynamics(**(own | options.given))
        return {
            "dynamics": dynamics,
            "schedule": "plateau-then-inverse",
            "start": "anneal",
            "exploring": 0.1,
            "transition_matrix": False,
        }
    if table is None:
        raise ValueError(f"--preset = 'paper' has no molecular dynamics for {task}; allowed: default")
    fixed: dict[str, Any] = {
        "sampler": sampler,
        "time_step": table.time_step,
        "friction": table.friction,
        "hill_width": table.gaussian_sigma,
        "cutoff": table.cutoff / table.gaussian_sigma,
        "hill_height": None,
        "wall": PAPER_WALL,
    }
    return {
        "dynamics": Dynamics(**(fixed | options.given)),
        "schedule": "ramp",
        "first_log_f": table.f_max,
        "exploration_log_f": table.f_max,
        "times": (float(table.t1), float(table.t2), float(table.t3)),
        "start": "uniform",
        "learning": 1.0,
        "exploring": 1.0,
        "transition_matrix": False,
    }


def dynamics_ranges(task: str, preset: str, variables: tuple[str, ...]) -> dict[str, Range]:
    """Windows on the losses: down from the largest ln L_train of the paper, and around it for ln L_test."""
    table, width = PAPER_WLMD.get(task), FINE if preset == "paper" else COARSE
    if table is None:
        return {}
    top, limit = table.max_log_train_loss, table.max_log_test_loss
    lowest, highest = (-PAPER_END, min(limit, PAPER_END)) if preset == "paper" else (top - DEPTH, top + HEIGHT)
    ranges = {
        "log_train_loss": Range(_whole(lowest, width), top, width, open_high=preset != "paper" and task in OPEN_ABOVE),
        "log_test_loss": Range(
            _whole(lowest, width),
            _whole(highest, width),
            width,
            open_low=preset != "paper",
            open_high=preset != "paper" or math.isinf(limit),
        ),
    }
    return {name: ranges[name] for name in variables if name in ranges}


def _whole(value: float, width: float) -> float:
    return round(round(value / width) * width, 10)
