"""Drive a run in a directory to its goal, with checkpoints, a progress bar, and an orderly end on a signal."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from threadpoolctl import threadpool_limits

from perceptron.base.checks import check_integer, check_real, keep_plain
from perceptron.base.results import Status
from wl.landscape.landscape import Landscape
from wl.runs.directory import RunDirectory
from wl.runs.run import Run

__all__ = ["Every", "drive", "solutions_in", "summary"]


@dataclass(frozen=True, slots=True)
class Every:
    """When checkpoints are written: after so many trials of all walkers, where given, and after so many seconds."""

    steps: int | None = None
    seconds: float = 10.0

    def __post_init__(self) -> None:
        keep_plain(self)
        if self.steps is not None:
            check_integer("checkpoint_steps", self.steps, least=1)
        check_real("checkpoint_seconds", self.seconds, above=0.0)


class StoppedError(Exception):
    """A signal came before there was anything to keep."""


def drive(directory: RunDirectory, jobs: int, every: Every, tell: Callable[[str], None]) -> tuple[Run, Any]:
    """Run to the goal; a run that is there is left as it is.

    Parameters
    ----------
    directory : RunDirectory
    jobs : int
        Threads.
    every : Every
    tell : callable
        Takes a line about a checkpoint that was refused.

    Returns
    -------
    run : Run
    dataset : xarray.Dataset or None
        The landscape, with attribute `interrupted` where a signal ended the run; None where that was before the first
        trial.
    """
    with _signals() as caught, directory.locked():  # heard from before the directory is seen to be in use
        directory.clean()
        run, problems = directory.load()
        for problem in problems:
            tell(f"{problem}; the previous one is used")
        if run.prepared and run.reached():
            dataset, problem = directory.usable_landscape()
            if problem:
                tell(f"{problem}; it is made anew from the checkpoint")
            if dataset is not None and _still_holds(dataset, run):
                return run, dataset
        with _progress(run) as show, threadpool_limits(1):
            try:
                _loop(directory, run, jobs, every, caught, show)
            except StoppedError:
                return run, None
        dataset = directory.finish(run)
        if caught and not run.reached():
            dataset.attrs["interrupted"] = 1
        return run, dataset


def _still_holds(dataset: Any, run: Run) -> bool:
    """Whether a landscape is of the run's trials and judged as its goal demands, not with the tolerance of another."""
    judged = run.verdict is None or dataset.attrs["status"] == run.verdict.status.name
    return judged and dataset.attrs["steps"] == run.steps


def _loop(directory: RunDirectory, run: Run, jobs: int, every: Every, caught: list, show: Any) -> None:
    def go_on(text: str | None) -> None:
        show(text)
        if caught:
            raise StoppedError

    go_on("compiling")
    new = not run.prepared
    run.prepare(go_on)
    if new:
        directory.save(run)
    last_steps, last_time = run.steps, time.monotonic()
    with ThreadPoolExecutor(jobs) if jobs > 1 else nullcontext() as executor:
        while not caught and not run.reached():
            run.advance(executor, None if every.steps is None else last_steps + every.steps - run.steps)
            show(None)
            by_steps = every.steps is not None and run.steps - last_steps >= every.steps
            if by_steps or time.monotonic() - last_time >= every.seconds:
                directory.save(run)
                last_steps, last_time = run.steps, time.monotonic()
    if run.steps > last_steps:
        directory.save(run)


def summary(run: Run, dataset: Any) -> dict[str, Any]:
    """What `--json` prints."""
    interrupted = dataset is None or bool(dataset.attrs.get("interrupted"))
    status = Status.INTERRUPTED if interrupted else Status[dataset.attrs["status"]]
    found = {
        "status": status,
        "steps": run.steps,
        "seconds": run.seconds,
        "round_trips": run.round_trips,
        "log_total": run.samplers[0].log_total,
    }
    if dataset is not None:
        found |= solutions_in(dataset)
        found["report"] = dataset.attrs["report"]
    return found


def solutions_in(dataset: Any) -> dict[str, Any]:
    """Logarithm of the number of solutions, by its name, where the landscape tells it."""
    landscape = Landscape(dataset)
    return {"log_n_solutions": landscape.log_n_solutions} if landscape.counts_solutions else {}


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in place of dying from the first; a second one ends the process."""
    caught: list[int] = []
    kept: dict[int, Any] = {}

    def catch(number: int, _: Any) -> None:
        caught.append(number)
        signal.signal(number, kept[number])

    if threading.current_thread() is threading.main_thread():
        for number in map(int, (signal.SIGINT, signal.SIGTERM)):
            kept[number] = signal.getsignal(number)
            signal.signal(number, catch)
    try:
        yield caught
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)


@contextmanager
def _progress(run: Run) -> Iterator[Any]:
    """A progress bar on standard error; yields a function that shows the state, or a line of text."""
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
    )
    goal = run.plan.goal
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("compiling", total=goal.steps or goal.seconds, completed=_done(run))

        def show(text: str | None) -> None:
            bar.update(task, description=text or run.stage, completed=_done(run))

        yield show


def _done(run: Run) -> int:
    return int(run.seconds) if run.plan.goal.seconds is not None else run.steps
