"""A run: independent samplers of one landscape, driven to a goal in short chunks.

Chunks are cut by the clock, which changes nothing; decisions (when to freeze, when converged) are taken at numbers of
trials that do not depend on it. Only a goal in seconds makes the end depend on the machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from perceptron.checks import check_integer, check_real
from perceptron.solution import Status
from wl.convergence import Verdict
from wl.grid import Grid, Range, make_axis
from wl.kernels.walk import walk
from wl.landscape import verdict_of
from wl.sampler import Sampler
from wl.settings import Settings, Target
from wl.systems.interface import System

__all__ = ["Goal", "Plan", "Run"]

CHUNK_SECONDS = 0.25
UNIFORM_DRAWS = 1000
LEARNING_SHARE_OF_TIME = 1.0 / 3.0


@dataclass(frozen=True, slots=True)
class Goal:
    """Where a run ends: at a number of trials, after seconds of sampling, or when it has converged."""

    steps: int | None = None
    seconds: float | None = None
    converged: bool = False
    tolerance: float = 0.05

    def __post_init__(self) -> None:
        if sum((self.steps is not None, self.seconds is not None, self.converged)) != 1:
            given = f"steps = {self.steps!r}, time = {self.seconds!r}, until converged = {self.converged}"
            raise ValueError(f"{given}; allowed: exactly one of steps, time and until converged")
        if self.steps is not None:
            check_integer("steps", self.steps, least=1)
        if self.seconds is not None:
            check_real("time", self.seconds, above=0.0)
        check_real("tolerance", self.tolerance, above=0.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is sampled and how; all that a run depends on.

    Attributes
    ----------
    system : System
    variables : tuple of str
        One or two.
    settings : Settings
    goal : Goal
    seed : int
    n_runs : int
        Independent runs.
    ranges : dict
        Windows on variables.
    cap : float or None
        First level of the open bin of a capped variable.
    """

    system: System
    variables: tuple[str, ...]
    settings: Settings
    goal: Goal
    seed: int = 1
    n_runs: int = 1
    ranges: dict[str, Range] = field(default_factory=dict)
    cap: float | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.variables) <= 2 or len(set(self.variables)) != len(self.variables):
            raise ValueError(f"variables = {','.join(self.variables)!r}; allowed: one or two different variables")
        for name in self.ranges:
            if name not in self.variables:
                raise ValueError(f"window of {name!r} is not used; allowed: {', '.join(self.variables)}")
        check_integer("runs", self.n_runs, least=1)
        check_integer("seed", self.seed, least=0)

    def grid(self) -> Grid:
        """Bins of the landscape."""
        axes = [
            make_axis(
                self.system,
                name,
                self.ranges.get(name),
                self.cap if self.system.variable(name)[1].capped else None,
            )
            for name in self.variables
        ]
        return Grid(tuple(axes))

    def description(self) -> dict[str, Any]:
        """In plain values, for JSON."""
        return {
            "system": {"name": self.system.name, "parameters": self.system.parameters},
            "variables": list(self.variables),
            "ranges": {name: asdict(window) for name, window in self.ranges.items()},
            "cap": self.cap,
            "settings": asdict(self.settings),
            "goal": asdict(self.goal),
            "seed": self.seed,
            "runs": self.n_runs,
        }


def cap_of(system: System, seed: int) -> float | None:
    """Mean of the first default variable over uniform draws, where that variable is capped."""
    if not system.variable(system.default_variables[0])[1].capped or system.uniform_values is None:
        return None
    return float(np.mean(system.uniform_values(np.random.default_rng(seed), UNIFORM_DRAWS)))


def settings_from(description: dict[str, Any]) -> Settings:
    """Settings back from their plain values."""
    plain = dict(description)
    plain["target"] = Target(**plain["target"])
    plain["times"] = tuple(plain["times"])
    return Settings(**plain)


class Run:
    """Samplers of a plan, with the time they took."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.grid = plan, plan.grid()
        settings = plan.settings
        walkers = plan.n_runs * settings.n_walkers * settings.n_windows
        per_walker = None if plan.goal.steps is None else -(-plan.goal.steps // walkers)
        seeds = np.random.SeedSequence(plan.seed).spawn(plan.n_runs)
        self.samplers = [Sampler(plan.system, self.grid, settings, seed, per_walker) for seed in seeds]
        for sampler in self.samplers:
            sampler.freeze_when_learned = plan.goal.converged
        self.n_walkers = walkers
        self.seconds = 0.0
        self.chunk = 10 * self.samplers[0].block
        self.verdict: Verdict | None = None

    @property
    def steps(self) -> int:
        """Trials of all walkers of all runs."""
        return self.samplers[0].trials * self.n_walkers

    @property
    def prepared(self) -> bool:
        """Whether the walkers stand in their windows."""
        return all(sampler.prepared for sampler in self.samplers)

    def prepare(self, progress: Callable[[str], None] | None = None) -> None:
        """Draw the walkers where that is still to be done, and compile the kernels."""
        for sampler in self.samplers:
            if not sampler.prepared:
                sampler.prepare(progress)
        window = self.samplers[0].windows[0]
        particle, share = window.particles[0], window.own
        walk(
            window.system.model,
            particle.state,
            window.grid,
            share.surface,
            particle.walker,
            share.transitions,
            window.schedule,
            share.clock,
            0,
        )

    def advance(self, executor: Executor | None = None) -> None:
        """One chunk of about a quarter of a second, up to the goal at most, and to the next record."""
        first = self.samplers[0]
        n_trials = min(self.chunk, first.next_mark - first.trials)
        if self.plan.goal.steps is not None:
            n_trials = min(n_trials, -(-self.plan.goal.steps // self.n_walkers) - first.trials)
        start = time.perf_counter()
        if len(self.samplers) == 1:
            first.advance(n_trials, executor)
        elif executor is None:
            for sampler in self.samplers:
                sampler.advance(n_trials)
        else:
            list(executor.map(_advance_in_place, self.samplers, [n_trials] * len(self.samplers)))
        spent = time.perf_counter() - start
        self.seconds += spent
        if n_trials == self.chunk:
            self.chunk = max(1, int(self.chunk * min(2.0, max(0.5, CHUNK_SECONDS / max(spent, 1e-9)))))
        goal = self.plan.goal
        if goal.seconds is not None and self.seconds >= LEARNING_SHARE_OF_TIME * goal.seconds:
            for sampler in self.samplers:
                sampler.freeze_soon()

    def reached(self) -> bool:
        """Whether the goal is reached; a judgement is made only where a record was just written."""
        goal, first = self.plan.goal, self.samplers[0]
        if goal.steps is not None:
            return self.steps >= goal.steps
        if goal.seconds is not None:
            return self.seconds >= goal.seconds
        if (
            not all(s.frozen for s in self.samplers)
            or not first.trace.lines
            or first.trace.lines[-1][0] != first.trials
        ):
            return False
        self.verdict = verdict_of(self.samplers, goal.tolerance)
        return self.verdict.status is Status.CONVERGED


def _advance_in_place(sampler: Sampler, n_trials: int) -> None:
    sampler.advance(n_trials)
