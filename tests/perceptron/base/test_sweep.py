"""Sweeps: the same results over any executor, finished ones kept on Ctrl-C."""

import math
import threading
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor

import pytest

from perceptron.base.sweep import sweep

TASKS = [0.5 * k for k in range(20)]


class AtOnce(Executor):
    """Computes when a task is submitted."""

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except BaseException as error:  # as the standard executors do
            future.set_exception(error)
        return future


def slower_if_earlier(x):
    time.sleep(0.002 * (10.0 - x))
    return math.sin(x)


def test_results_do_not_depend_on_the_executor():
    serial = sweep(math.sin, TASKS)
    assert serial == ([math.sin(x) for x in TASKS], False)
    for n_workers in (1, 3):
        with ThreadPoolExecutor(n_workers) as executor:
            assert sweep(math.sin, TASKS, executor) == serial
    assert sweep(math.sin, TASKS, AtOnce()) == serial


def test_processes_give_the_same_too():
    with ProcessPoolExecutor(1) as executor:
        assert sweep(math.sin, TASKS, executor) == sweep(math.sin, TASKS)


def test_results_are_in_order_when_tasks_finish_in_another():
    with ThreadPoolExecutor(20) as executor:
        assert sweep(slower_if_earlier, TASKS, executor)[0] == [math.sin(x) for x in TASKS]


def test_no_tasks_no_results():
    assert sweep(math.sin, []) == ([], False)
    assert sweep(math.sin, [], AtOnce()) == ([], False)


@pytest.mark.parametrize("executor", [None, AtOnce()], ids=["serial", "executor"])
def test_progress_counts_to_the_number_of_tasks(executor):
    calls = []
    sweep(math.sin, TASKS, executor, lambda *call: calls.append(call))
    assert calls == [(k, len(TASKS)) for k in range(1, len(TASKS) + 1)]


def square_until_three(k):
    if k == 3:
        raise KeyboardInterrupt
    return k * k


def test_an_interrupt_keeps_what_is_finished():
    calls = []
    results, interrupted = sweep(square_until_three, range(6), None, lambda *call: calls.append(call))
    assert interrupted
    assert results == [0, 1, 4, None, None, None]
    assert calls == [(1, 6), (2, 6), (3, 6)]


def test_an_interrupt_cancels_what_has_not_started():
    started, release = [], threading.Event()

    def task(k):
        started.append(k)
        if k > 0:
            release.wait(10.0)
        return k

    def interrupt(n_finished, n_tasks):
        raise KeyboardInterrupt

    with ThreadPoolExecutor(1) as executor:
        results, interrupted = sweep(task, range(5), executor, interrupt)
        release.set()
    assert interrupted
    assert results == [0, None, None, None, None]
    assert started in ([0], [0, 1])


def test_an_interrupt_keeps_what_an_executor_has_finished():
    def interrupt(n_finished, n_tasks):
        raise KeyboardInterrupt

    results, interrupted = sweep(math.sin, TASKS, AtOnce(), interrupt)
    assert interrupted
    assert results == [math.sin(x) for x in TASKS]


@pytest.mark.parametrize("executor", [None, AtOnce()], ids=["serial", "executor"])
def test_other_errors_are_not_swallowed(executor):
    with pytest.raises(ValueError, match=r"math domain error|nonnegative"):
        sweep(math.sqrt, [1.0, -1.0], executor)
