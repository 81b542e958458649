"""Drive a run in a directory to its goal, with checkpoints, a progress bar, and an orderly end on a signal."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from perceptron.solution import Status
from wl.kernels import schedule as clocks
from wl.run import Run
from wl.run_directory import RunDirectory

__all__ = ["drive", "summary"]


def drive(directory: RunDirectory, jobs: int, every: tuple[int | None, float]) -> tuple[Run, Any]:
    """Run to the goal; `every` are the trials (or None) and the seconds between checkpoints.

    Returns
    -------
    run : Run
    dataset : xarray.Dataset
        The landscape; with attribute `interrupted` where a signal ended the run.
    """
    with directory.locked():
        run = directory.load()
        if run.prepared and run.reached() and (directory.path / "landscape.nc").exists():
            from wl.landscape import load_landscape  # noqa: PLC0415

            return run, load_landscape(directory.path / "landscape.nc")
        with _signals() as caught, _progress(run) as show:
            _loop(directory, run, jobs, every, caught, show)
        dataset = directory.finish(run) if run.prepared else None
        if caught and dataset is not None:
            dataset.attrs["interrupted"] = 1
        return run, dataset


def _loop(
    directory: RunDirectory, run: Run, jobs: int, every: tuple[int | None, float], caught: list, show: Any
) -> None:
    if not run.prepared:
        run.prepare(show)
        directory.save(run)
    else:
        run.prepare()
    last_steps, last_time = run.steps, time.monotonic()
    with ThreadPoolExecutor(jobs) if jobs > 1 else nullcontext() as executor:
        while not caught and not run.reached():
            run.advance(executor)
            show(None)
            by_steps = every[0] is not None and run.steps - last_steps >= every[0]
            if by_steps or time.monotonic() - last_time >= every[1]:
                directory.save(run)
                last_steps, last_time = run.steps, time.monotonic()
    directory.save(run)


def summary(run: Run, dataset: Any) -> dict[str, Any]:
    """What `--json` prints."""
    interrupted = dataset is None or bool(dataset.attrs.get("interrupted"))
    status = Status.INTERRUPTED if interrupted else Status[dataset.attrs["status"]]
    found = {
        "status": status,
        "steps": run.steps,
        "seconds": run.seconds,
        "round_trips": sum(sampler.round_trips for sampler in run.samplers),
        "log_total": run.plan.system.log_total,
    }
    if dataset is not None:
        found["report"] = dataset.attrs["report"]
    return found


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in place of dying from them."""
    caught: list[int] = []
    kept = {}
    for number in (signal.SIGINT, signal.SIGTERM):
        kept[number] = signal.signal(number, lambda received, _: caught.append(received))
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
        task = bar.add_task("compiling", total=goal.steps or goal.seconds)

        def show(text: str | None) -> None:
            window = run.samplers[0].windows[0]
            trips = sum(sampler.round_trips for sampler in run.samplers)
            bins = sum(int(window.known.sum()) for sampler in run.samplers[:1] for window in sampler.windows)
            stage = "frozen" if window.frozen else f"ln f {window.own.clock[clocks.LOG_F]:.1e}"
            line = text or f"{stage}, {bins} bins, {trips} round trips"
            bar.update(task, description=line, completed=run.steps if goal.steps else run.seconds)

        yield show
