"""Sample a system in one call: a run in memory or in a directory, to its goal, and its landscape.

The command line and this module make the same plans, so that a run of either can be gone on with by the other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from perceptron.base.checks import check_choice, check_integer, check_kind
from perceptron.base.interrupt import watched
from wl.engine.dynamics.settings import SAMPLERS, Dynamics
from wl.engine.settings import ENDLESS, settings_for
from wl.interface.grid import Range, names_of
from wl.interface.system import System
from wl.landscape.build import landscape_of
from wl.landscape.landscape import Landscape
from wl.runs.directory import RunDirectory, create, open_directory
from wl.runs.driver import Every, drive
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run, cap_of

__all__ = ["extend", "plan_of", "resume", "sample"]

MONTE_CARLO = "monte-carlo"
SEED_OF_CAP = 1  # draws that say where an open bin begins, whatever the seed of the sampling

Tell = Callable[[str], None]


def sample(  # noqa: PLR0913  # one argument for each thing a run can be told
    system: System,
    *,
    steps: float | None = None,
    seconds: float | None = None,
    until: str | None = None,
    tolerance: float = 0.05,
    variables: str | Sequence[str] | None = None,
    bins: Mapping[str, Range] | None = None,
    sampler: str | Dynamics | None = None,
    seed: int = 1,
    runs: int = 1,
    starts: np.ndarray | None = None,
    directory: Path | str | None = None,
    overwrite: bool = False,
    jobs: int = 1,
    progress: Tell | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Landscape:
    """Sample the density of states of a system.

    Parameters
    ----------
    system : System
        What `wl.ising`, `wl.perceptron`, `wl.network`, `wl.task` or a function of your own makes.
    steps, seconds, until
        Exactly one of them: trials of all walkers, seconds of sampling, or "converged".
    tolerance : float
        Standard error of ln g below which a bin counts as converged, in nats.
    variables : str or sequence of str, optional
        One or two collective variables, as "deficit" or "log_train_loss,test_accuracy"; the system's own by default.
    bins : mapping, optional
        Window and width of bins for some of the variables: `wl.Bins(lowest, highest, width)`.
    sampler : str or Dynamics, optional
        "monte-carlo", or "langevin", "baoab" or "hmc" for a system with forces.
    seed : int
        Drives the sampling: the same plan with the same seed gives the same bits.
    runs : int
        Number of independent runs.
    starts : ndarray, shape (n, n_coordinates), optional
        Configurations that every second run starts from.
    directory : path, optional
        Where checkpoints are kept, so that `resume` can go on after a kill; without one the run is in memory alone.
    overwrite : bool
        Whether a run that is in the directory may be replaced.
    jobs : int
        Number of threads; it changes no result.
    progress : callable, optional
        Called with a line of text about once in a quarter of a second.
    settings : mapping, optional
        Settings of the engine by name (`wl.engine.settings.Settings`), as n_walkers or n_windows.

    Returns
    -------
    Landscape
        After Ctrl-C with the status INTERRUPTED and what was sampled until then.

    Raises
    ------
    ValueError
        For arguments out of range, and variables, bins or a sampler that the system does not have.
    """
    goal = goal_of(steps, seconds, until, tolerance)
    plan = plan_of(
        system, goal, variables=variables, bins=bins, sampler=sampler, seed=seed, runs=runs, starts=starts,
        settings=settings,
    )  # fmt: skip
    check_integer("jobs", jobs, least=1)
    if directory is None:
        return _in_memory(plan, jobs, progress)
    return _driven(create(directory, plan, overwrite=overwrite), jobs, progress)


def plan_of(  # noqa: PLR0913
    system: System,
    goal: Goal,
    *,
    variables: str | Sequence[str] | None = None,
    bins: Mapping[str, Range] | None = None,
    sampler: str | Dynamics | None = None,
    seed: int = 1,
    runs: int = 1,
    starts: np.ndarray | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Plan:
    """Plan of a run; the arguments are those of `sample`."""
    check_kind("system", system, System)
    names = system.default_variables if variables is None else _names(variables)
    chosen = system.suggested.get("settings", {}) | dict(settings or {})
    dynamics = _dynamics(system, sampler)
    if dynamics is not None:
        chosen["dynamics"] = dynamics
    made = settings_for(system, names, **chosen)
    if goal.converged and made.schedule in ENDLESS:
        raise ValueError(f"until = 'converged' is not met with schedule = {made.schedule!r}, which never freezes")
    suggested = {name: window for name, window in system.suggested.get("bins", {}).items() if name in names}
    ranges = suggested | dict(bins or {})
    for window in ranges.values():
        check_kind("bins", window, Range)
    return Plan(system, names, made, goal, seed, runs, ranges, cap_of(system, SEED_OF_CAP), starts)


def goal_of(steps: float | None, seconds: float | None, until: str | None, tolerance: float) -> Goal:
    """Goal from what `sample` is given.

    Raises
    ------
    ValueError
        Unless exactly one is given, and it is a whole number of steps, a number of seconds, or "converged".
    """
    if until is not None:
        check_choice("until", until, ("converged",))
    if isinstance(steps, float) and steps.is_integer():  # as 1e8
        steps = int(steps)
    return Goal(steps, seconds, until is not None, tolerance)  # type: ignore[arg-type]


def resume(directory: Path | str, *, jobs: int = 1, progress: Tell | None = None) -> Landscape:
    """Go on with the run in a directory to its goal; one that is there is left as it is.

    Raises
    ------
    ValueError
        If there is no run in the directory, or another process is at it.
    """
    return _driven(open_directory(directory), jobs, progress)


def extend(  # noqa: PLR0913
    directory: Path | str,
    *,
    steps: float | None = None,
    seconds: float | None = None,
    until: str | None = None,
    tolerance: float | None = None,
    explore: bool = False,
    jobs: int = 1,
    progress: Tell | None = None,
) -> Landscape:
    """Give the run in a directory more trials or seconds, or another goal, and go on.

    Parameters
    ----------
    directory : path
    steps, seconds, until
        Exactly one of them, in addition to what was done.
    tolerance : float, optional
        Another tolerance; that of the run unless given.
    explore : bool
        Whether new bins are taken in again: weights are learned again, and the frozen walk begins anew.
    jobs, progress
        As in `sample`.
    """
    opened = open_directory(directory)
    wanted = opened.plan.goal.tolerance if tolerance is None else tolerance
    opened.extend(goal_of(steps, seconds, until, wanted), explore=explore)
    return _driven(opened, jobs, progress)


def _names(variables: str | Sequence[str]) -> tuple[str, ...]:
    return tuple(names_of(variables))


def _dynamics(system: System, sampler: str | Dynamics | None) -> Dynamics | None:
    """Settings of molecular dynamics, None for moves of Monte Carlo."""
    if isinstance(sampler, str):
        check_choice("sampler", sampler, (MONTE_CARLO, *SAMPLERS))
    elif sampler is not None:
        check_kind("sampler", sampler, str, Dynamics)
    if not system.forces:
        if sampler not in (None, MONTE_CARLO):
            raise ValueError(f"sampler = {sampler!r} needs forces, which {system.name} lacks; allowed: {MONTE_CARLO}")
        return None
    if sampler == MONTE_CARLO:
        raise ValueError(
            f"sampler = {sampler!r} needs moves, which {system.name} lacks; allowed: {', '.join(SAMPLERS)}"
        )
    return Dynamics(sampler=sampler) if isinstance(sampler, str) else sampler


def _driven(directory: RunDirectory, jobs: int, progress: Tell | None) -> Landscape:
    _, dataset = drive(directory, jobs, Every(), progress or (lambda _: None))
    if dataset is None:
        raise KeyboardInterrupt(f"interrupted before the first trial; {str(directory.path)!r} can be resumed")
    return Landscape(dataset)


def _in_memory(plan: Plan, jobs: int, progress: Tell | None) -> Landscape:
    """Run to the goal without a directory; Ctrl-C ends it with what there is."""
    run, tell = Run(plan), progress or (lambda _: None)
    tell("compiling")
    run.prepare(tell)
    pool = ThreadPoolExecutor(jobs) if jobs > 1 else nullcontext()
    with watched() as watch, watch.held(), threadpool_limits(1), pool as executor:
        while not (run.reached() or watch.seen):
            run.advance(executor)
            tell(f"{run.steps:.3g} trials, {run.stage}")
        interrupted = watch.seen and not run.reached()
    dataset = landscape_of(run.samplers, plan.description(), plan.goal.tolerance)
    dataset.attrs["seconds"] = run.seconds
    if interrupted:
        dataset.attrs["interrupted"] = 1
    return Landscape(dataset)
