"""Solver study: success probability of every solver against the load, at several sizes, resumable.

A curve is one solver at one size. It goes through the loads in increasing order and ends after `n_failed_loads`
consecutive loads without a success; all curves run side by side over one executor. All solvers see the same instances,
and what a run computes depends on its key alone, so neither the order of runs nor the number of workers matters,
except through the time limit. A run that meets the time limit counts as unsolved and is marked.

Not a benchmark of speed: seconds are wall times of runs side by side.
"""

from __future__ import annotations

import functools
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.interrupt import Watch, watched
from perceptron.base.results import Status
from perceptron.base.sweep import abandon
from perceptron.patterns import random_patterns
from perceptron.solvers.search import Limits
from perceptron.solvers.study_curves import StudyCurve, StudyResult, curve_keys, next_runs, study_result
from perceptron.solvers.study_store import RunKey, StudyPlan, StudyRun, StudyStore, read_study

__all__ = ["StudyCurve", "StudyPlan", "StudyResult", "StudyRun", "load_study", "run_study"]

Solver = Callable[..., Any]
Progress = Callable[[int, int], None]


def run_study(
    plan: StudyPlan,
    folder: Path | str,
    *,
    executor: Executor | None = None,
    progress: Progress | None = None,
    solvers: Mapping[str, Solver] | None = None,
) -> StudyResult:
    """Run a study, or what is missing of it.

    Parameters
    ----------
    plan : StudyPlan
    folder : path
        Where every finished run is kept; runs found there are not computed again.
    executor : concurrent.futures.Executor, optional
        None computes here, one run after the other.
    progress : callable, optional
        Called with (finished runs, runs that there may be at most), the second falling when a curve ends.
    solvers : mapping, optional
        Solvers by key, picklable where the executor uses processes; by default those of the package.

    Returns
    -------
    StudyResult
        INTERRUPTED after Ctrl-C, with what was finished.

    Raises
    ------
    ValueError
        For an unknown solver, or a folder that holds a study with other parameters.
    """
    known: Mapping[str, Solver] = _registry() if solvers is None else solvers
    unknown = [key for key in plan.solvers if key not in known]
    if unknown:
        raise ValueError(f"solvers contains {unknown[0]!r}, which is not a solver; allowed: {', '.join(known)}")
    with watched() as watch, watch.held(), StudyStore(folder, plan) as store:
        agenda = _Agenda(plan, store.runs)

        def take(run: StudyRun) -> None:
            store.add(run)
            agenda.note(run.key)
            if progress is not None:
                progress(*agenda.progress())

        _run_all(agenda, solvers, executor, take, watch)
        return study_result(plan, store.runs)


def load_study(folder: Path | str) -> StudyResult:
    """Read a study folder without computing anything.

    Raises
    ------
    ValueError
        If it is not a study folder, or damaged.
    """
    return study_result(*read_study(folder))


class _Agenda:
    """Which runs come next: per curve, all that are missing of its first unfinished load."""

    def __init__(self, plan: StudyPlan, runs: Mapping[RunKey, StudyRun]) -> None:
        self.plan, self._runs = plan, runs
        self.ready: deque[RunKey] = deque()
        self._n_left: dict[tuple[str, int], int] = {}
        self._n_known = Counter((key.solver, key.n_weights) for key in runs)
        for curve in curve_keys(plan):
            self._advance(curve)

    def _advance(self, curve: tuple[str, int]) -> None:
        missing = next_runs(self.plan, self._runs, curve)
        self._n_left[curve] = len(missing)
        self.ready.extend(missing)

    def note(self, key: RunKey) -> None:
        """Take a run off the list; when its load is complete, go on to the next one or end the curve."""
        curve = (key.solver, key.n_weights)
        self._n_known[curve] += 1
        self._n_left[curve] -= 1
        if self._n_left[curve] == 0:
            self._advance(curve)

    def progress(self) -> tuple[int, int]:
        """Finished runs, and how many there may be at most."""
        most = len(self.plan.loads) * self.plan.n_instances
        expected = (most if left else self._n_known[curve] for curve, left in self._n_left.items())
        return sum(self._n_known.values()), sum(expected)


def _run_all(
    agenda: _Agenda,
    solvers: Mapping[str, Solver] | None,
    executor: Executor | None,
    take: Callable[[StudyRun], None],
    watch: Watch,
) -> None:
    """Compute what the agenda names until it is empty; after Ctrl-C hand over what is finished and stop.

    Ctrl-C is heard while runs are computed and waited for, and held while one is stored.
    """

    def task(key: RunKey) -> _Task:
        return _Task(agenda.plan, key, None if solvers is None else solvers[key.solver])

    pending: set[Future[StudyRun | None]] = set()
    try:
        while agenda.ready or pending:
            if executor is None:
                with watch.heard():
                    run = _compute(task(agenda.ready.popleft()))
                take(_finished(run, watch))
                continue
            while agenda.ready:
                pending.add(executor.submit(_compute, task(agenda.ready.popleft())))
            with watch.heard():
                done = wait(pending, return_when=FIRST_COMPLETED).done
            for future in done:
                take(_finished(future.result(), watch))
                pending.remove(future)
    except (KeyboardInterrupt, BrokenExecutor) as error:
        if isinstance(error, BrokenExecutor) and not watch.seen:  # Ctrl-C may reach workers that do not ignore it
            raise
        for future in pending:
            run = future.result() if future.done() and not future.cancelled() and not future.exception() else None
            if run is not None:
                take(run)
        abandon(executor)
    finally:
        for future in pending:
            future.cancel()


def _finished(run: StudyRun | None, watch: Watch) -> StudyRun:
    """The run, unless Ctrl-C came before it ended, whoever caught it."""
    watch.check()
    if run is None:
        raise KeyboardInterrupt
    return run


class _Task(NamedTuple):
    plan: StudyPlan
    key: RunKey
    solver: Solver | None


def _compute(task: _Task) -> StudyRun | None:
    """One run; None if it was interrupted."""
    plan, key = task.plan, task.key
    solver = _registry()[key.solver] if task.solver is None else task.solver
    _warm_up(solver, plan.margin)
    place = (key.n_weights, key.n_patterns, key.instance)
    rng = plan.generator(key.solver, *place)
    found = solver(plan.patterns(*place), plan.margin, limits=plan.limits(key.n_weights), rng=rng)
    if found.interrupted or found.status is Status.INTERRUPTED:  # solved or not, this is not where it would have ended
        return None
    solved = found.status is Status.SOLVED
    timed_out = bool(found.timed_out) and not solved
    return StudyRun(*key, solved, timed_out, int(found.n_errors), int(found.n_sweeps), float(found.seconds))


@functools.cache
def _warm_up(solver: Solver, margin: float) -> None:
    """Have the kernels compiled or loaded before the first clock starts in this process."""
    rng = np.random.default_rng(0)
    if solver(random_patterns(15, 30, rng=rng), margin, limits=Limits(10.0, 3), rng=rng).interrupted:
        raise KeyboardInterrupt


def _registry() -> Mapping[str, Solver]:
    from perceptron.solvers.registry import SOLVERS  # noqa: PLC0415  # the solvers themselves are not needed to read

    return SOLVERS
