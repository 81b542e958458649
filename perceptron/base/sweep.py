"""Independent tasks over any executor: results in order, finished ones kept on Ctrl-C."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor, as_completed
from typing import Any

from perceptron.base.interrupt import watched, without_interrupts

__all__ = ["abandon", "executor_of", "sweep"]

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
    futures: dict[Future[Any], int] = {}
    with watched() as watch:
        try:
            if executor is not None:
                for k, task in enumerate(tasks):
                    futures[executor.submit(function, task)] = k
            for n_finished, (k, result) in enumerate(_finished(function, tasks, futures), 1):
                watch.check()  # a task that caught Ctrl-C itself has not finished
                results[k] = result
                if progress is not None:
                    progress(n_finished, len(tasks))
        except KeyboardInterrupt:
            for future, k in futures.items():
                if future.done() and future.exception() is None:
                    results[k] = future.result()
            abandon(executor)
            return results, True
        finally:
            for future in futures:
                future.cancel()
    return results, False


def _finished(
    function: Callable[[Any], Any], tasks: Sequence[Any], futures: dict[Future[Any], int]
) -> Iterator[tuple[int, Any]]:
    """(number of the task, result) as they come; computed here where there are no futures."""
    if futures:
        yield from ((futures[future], future.result()) for future in as_completed(futures))
    else:
        yield from ((k, function(task)) for k, task in enumerate(tasks))


class _Workers(ProcessPoolExecutor):
    """Processes that never see Ctrl-C: not before their first line of Python either."""

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        with without_interrupts():  # the signal mask is handed down to the process that may be started here
            return super().submit(*arguments, **options)

    def abandon(self) -> None:
        """End the processes; whatever is not finished has failed."""
        for process in list((getattr(self, "_processes", None) or {}).values()):
            process.terminate()
        self.shutdown()


def abandon(executor: Executor | None) -> None:
    """Do not wait for what workers of `executor_of` are at; before futures are cancelled, which these then are not."""
    if isinstance(executor, _Workers):
        executor.abandon()


@contextlib.contextmanager
def executor_of(jobs: int) -> Iterator[Executor | None]:
    """Worker processes that leave Ctrl-C to this one, and end at once where it came; None for a single job."""
    if jobs == 1:
        yield None
        return
    context = multiprocessing.get_context("spawn")
    ignore = (signal.SIGINT, signal.SIG_IGN)
    with (
        watched() as watch,
        _Workers(jobs, mp_context=context, initializer=signal.signal, initargs=ignore) as executor,
    ):
        try:
            yield executor
        finally:
            if watch.seen:
                executor.abandon()
