"""Independent tasks over any executor: results in order, finished ones kept on Ctrl-C."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from typing import Any

__all__ = ["executor_of", "sweep"]

Progress = Callable[[int, int], None]


def sweep(
    function: Callable[[Any], Any],
    tasks: Sequence[Any],
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> tuple[list[Any], bool]:
    """Apply `function` to every task; results do not depend on the executor or its number of workers.

    Parameters
    ----------
    function : callable
        Takes one task; picklable, at module level, where the executor uses processes.
    tasks : sequence
        Each computed independently of the others.
    executor : concurrent.futures.Executor, optional
        None computes here, one task after the other.
    progress : callable, optional
        Called with (number finished, number of tasks).

    Returns
    -------
    results : list
        One for each task, in order; None where the task was not finished.
    interrupted : bool
        True after Ctrl-C.
    """
    results: list[Any] = [None] * len(tasks)
    futures = {} if executor is None else {executor.submit(function, task): k for k, task in enumerate(tasks)}
    try:
        if executor is None:
            for k, task in enumerate(tasks):
                results[k] = function(task)
                if progress is not None:
                    progress(k + 1, len(tasks))
        else:
            for n_finished, future in enumerate(as_completed(futures), 1):
                results[futures[future]] = future.result()
                if progress is not None:
                    progress(n_finished, len(tasks))
    except KeyboardInterrupt:
        for future, k in futures.items():
            if future.done() and future.exception() is None:
                results[k] = future.result()
        return results, True
    finally:
        for future in futures:
            future.cancel()
    return results, False


@contextlib.contextmanager
def executor_of(jobs: int) -> Iterator[Executor | None]:
    """Worker processes that leave Ctrl-C to this one; None for a single job."""
    if jobs == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with ProcessPoolExecutor(jobs, mp_context=context, initializer=signal.signal, initargs=ignore) as executor:
        yield executor
