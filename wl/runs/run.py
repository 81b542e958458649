"""A run: independent samplers of one landscape, driven to a goal in short chunks.

Chunks are cut by the clock, which changes nothing; decisions (when to freeze, when converged) are taken at numbers of
trials that do not depend on it. Only a goal in seconds makes the end depend on the machine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np

from perceptron.base.checks import check_integer, keep_plain
from perceptron.base.memory import check_memory
from perceptron.base.results import Status
from wl.engine.dynamics.settings import Dynamics, evaluate_for
from wl.engine.estimators.uniform_draws import UniformDraws, draw_uniformly
from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.walk import walk
from wl.engine.sampler import Sampler
from wl.engine.settings import Settings, Target
from wl.engine.windows.walkers import enlarged, new_transitions
from wl.engine.windows.window import Window
from wl.interface.grid import Grid, Range, make_axis
from wl.interface.system import System
from wl.interface.xoroshiro import uniform
from wl.landscape.build import verdict_of
from wl.landscape.convergence import Verdict
from wl.runs.goal import Goal, plan_freezing

__all__ = ["STARTS", "Goal", "Plan", "Run", "cap_of", "settings_from"]

CHUNK_SECONDS = 0.25
UNIFORM_DRAWS = 1000
STARTS = "starts"
BYTES_A_BIN = 150.0  # of a walker: cost, gain, flags, histograms, and eight pieces of the frozen walk
LEARNING_SHARE_OF_TIME = 1.0 / 3.0


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
    starts : ndarray or None, shape (n, n_coordinates)
        Configurations that every second run starts from; the others start from uniform draws.
    """

    system: System
    variables: tuple[str, ...]
    settings: Settings
    goal: Goal
    seed: int = 1
    n_runs: int = 1
    ranges: dict[str, Range] = field(default_factory=dict)
    cap: float | None = None
    starts: np.ndarray | None = None

    def __post_init__(self) -> None:
        keep_plain(self)
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
            "starts": 0 if self.starts is None else len(self.starts),
        }

    @property
    def data(self) -> dict[str, np.ndarray]:
        """Arrays that the run depends on: those of the system, and the starts."""
        return self.system.data | ({} if self.starts is None else {STARTS: self.starts})


def cap_of(system: System, seed: int) -> float | None:
    """Mean of the first default variable over uniform draws, where that variable is capped."""
    if not system.variable(system.default_variables[0])[1].capped or system.uniform_values is None:
        return None
    own = np.random.SeedSequence(seed).spawn(1)[0]  # the seed itself draws the instance
    return float(np.mean(system.uniform_values(np.random.default_rng(own), UNIFORM_DRAWS)))


def settings_from(description: dict[str, Any]) -> Settings:
    """Settings back from their plain values."""
    plain = dict(description)
    plain["target"] = Target(**plain["target"])
    plain["times"] = tuple(plain["times"])
    if plain.get("dynamics") is not None:
        plain["dynamics"] = Dynamics(**plain["dynamics"])
    return Settings(**plain)


class Run:
    """Samplers of a plan, with the time they took."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.grid = plan, plan.grid()
        settings = plan.settings
        self.n_walkers = plan.n_runs * settings.n_walkers * settings.n_windows
        names = " x ".join(f"{axis.variable.name} ({axis.n_bins})" for axis in self.grid.axes)
        check_memory(f"the grid {names} with {self.n_walkers} walkers", BYTES_A_BIN * self.grid.n_bins * self.n_walkers)
        seeds = np.random.SeedSequence(plan.seed).spawn(plan.n_runs)
        self.samplers = [Sampler(plan.system, self.grid, settings, seed, self._per_walker) for seed in seeds]
        for number, sampler in enumerate(self.samplers):
            sampler.freeze_when_learned = plan.goal.converged
            if plan.starts is not None and number % 2 == 1:
                sampler.starts = np.roll(plan.starts, -(number // 2), axis=0)
        self.seconds = 0.0
        self.chunk = 10 * self.samplers[0].block
        self.verdict: Verdict | None = None

    @property
    def _per_walker(self) -> int | None:
        """Trials of each walker at a goal in steps."""
        steps = self.plan.goal.steps
        return None if steps is None else -(-steps // self.n_walkers)

    @property
    def steps(self) -> int:
        """Trials of all walkers of all runs."""
        return self.samplers[0].trials * self.n_walkers

    @property
    def round_trips(self) -> int:
        """Round trips of all runs, learning included."""
        return sum(sampler.round_trips for sampler in self.samplers)

    @property
    def prepared(self) -> bool:
        """Whether the walkers stand in their windows."""
        return all(sampler.prepared for sampler in self.samplers)

    @property
    def stage(self) -> str:
        """What the first run is at, in a line: before its first trial, ln f or frozen, bins, and all round trips."""
        windows = self.samplers[0].windows
        if not self.prepared:
            return "before the first trial"
        log_f = max(float(window.own.clock[clocks.LOG_F]) for window in windows)
        n_bins = int(np.any([window.known for window in windows], axis=0).sum())
        weights = "frozen" if windows[0].frozen else f"ln f {log_f:.1e}"
        return f"{weights}, {n_bins} bins, {self.round_trips} round trips"

    def prepare(self, progress: Callable[[str], None] | None = None) -> None:
        """Draw the walkers where that is still to be done, and compile the kernels."""
        if not self.prepared and math.isnan(self.grid.log_total(self.plan.system)):
            self._draw_uniformly(progress)
        for sampler in self.samplers:
            if not sampler.prepared:
                sampler.prepare(progress)
        _compile(self.samplers[0].windows[0])

    def _draw_uniformly(self, progress: Callable[[str], None] | None) -> None:
        if self.plan.system.n_uniform_draws > 0:
            own = np.random.SeedSequence(self.plan.seed).spawn(self.plan.n_runs + 1)[-1]
            self.take_draws(draw_uniformly(self.plan.system, self.grid, own, progress))

    def take_draws(self, draws: UniformDraws) -> None:
        """Let all samplers know them."""
        for sampler in self.samplers:
            sampler.uniform_draws = draws

    def set_goal(self, goal: Goal, *, explore: bool = False) -> None:
        """Take another goal; weights that still change will be frozen at a time that suits it.

        Where frozen weights miss a level that the run is for, or where it is to `explore`, they are learned again.
        """
        self.plan = replace(self.plan, goal=goal)
        n_trials = self._per_walker
        if goal.seconds is not None and self.seconds > 0.0:  # as many as the seconds will allow
            n_trials = math.ceil(self.samplers[0].trials * goal.seconds / self.seconds)
        for sampler in self.samplers:
            sampler.freeze_when_learned = goal.converged
            again = sampler.frozen
            plan_freezing(sampler, n_trials if again else self._per_walker, explore=explore)

    def advance(self, executor: Executor | None = None, most_steps: int | None = None) -> None:
        """One chunk of about a quarter of a second, to the goal, the next record or `most_steps` trials at most."""
        first = self.samplers[0]
        n_trials = min(self.chunk, first.next_mark - first.trials)
        if most_steps is not None:
            n_trials = min(n_trials, max(1, -(-most_steps // self.n_walkers)))
        if self._per_walker is not None:
            n_trials = min(n_trials, self._per_walker - first.trials)
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
        lines = first.trace.lines
        if not all(s.frozen for s in self.samplers) or not lines or lines[-1][0] != first.trials:
            return False
        self.verdict = verdict_of(self.samplers, goal.tolerance)
        return self.verdict.status is Status.CONVERGED


def _advance_in_place(sampler: Sampler, n_trials: int) -> None:
    sampler.advance(n_trials)


def _compile(window: Window) -> None:
    """Call what the clock would otherwise count when it is first used; nothing changes."""
    particle, share = window.particles[0], window.own
    if window.motion is not None:
        evaluate_for(window.task(particle, share, 0))
        return
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
    clock = share.clock.copy()
    clock[clocks.LOG_F] = 0.0
    clocks.adapt(window.schedule, clock, share.surface)
    clocks.restart(clock, window.schedule)
    with np.errstate(over="ignore"):
        enlarged(new_transitions(2), 4)
        uniform(particle.walker.stream.copy())
