"""Ctrl-C is remembered, held and heard; never raised in the middle of numba's compiler."""

import contextlib
import functools
import signal
import threading
import time
from typing import NamedTuple

import pytest

from perceptron.base.interrupt import FORCED_AFTER, begin, release, watched
from perceptron.base.sweep import sweep


@pytest.fixture(autouse=True)
def ctrl_c_is_as_python_has_it():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def press():
    signal.raise_signal(signal.SIGINT)


def test_it_is_raised_as_usual_and_remembered():
    with watched() as watch:
        assert not watch.seen
        with pytest.raises(KeyboardInterrupt):
            press()
        assert watch.seen
        with pytest.raises(KeyboardInterrupt):
            watch.check()
    with pytest.raises(KeyboardInterrupt):
        press()


def test_it_is_held_and_heard_afterwards():
    with watched() as watch, watch.held():
        press()
        assert watch.seen
        with pytest.raises(KeyboardInterrupt), watch.heard():
            raise AssertionError
        press()  # held again


def test_what_swallows_it_does_not_hide_it():
    def swallows(k):
        if k == 2:
            with contextlib.suppress(KeyboardInterrupt):
                press()
        return k

    assert sweep(swallows, range(5)) == ([0, 1, None, None, None], True)
    assert sweep(swallows, [5, 6]) == ([5, 6], False)  # the next one begins anew


def test_an_inner_watch_is_the_outer_one():
    with watched() as outer:
        with watched() as inner, inner.held():
            press()
        assert outer is inner
        assert outer.seen


def test_one_that_insists_is_raised(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with watched() as watch, watch.held():
        press()
        press()  # the same key press, delivered twice
        now[0] += 1.1 * FORCED_AFTER
        with pytest.raises(KeyboardInterrupt):
            press()


def test_handlers_of_others_and_other_threads_are_left_alone():
    caught = []
    before = signal.signal(signal.SIGINT, lambda *_: caught.append(1))
    with watched() as watch:
        press()
        assert not watch.seen
    assert caught == [1]
    signal.signal(signal.SIGINT, before)

    def elsewhere():
        with watched() as watch, watch.held():
            seen.append(watch)

    seen = []
    with watched() as watch:
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert seen[0] is not watch
        with pytest.raises(KeyboardInterrupt):
            press()


def test_from_the_first_line_of_a_command():
    begin()
    press()
    with watched() as watch:
        assert watch.seen
    with pytest.raises(KeyboardInterrupt):
        release()
    release()  # nothing is left


def test_not_in_the_compiler_unless_nothing_comes_after():
    from numba.core.compiler_lock import global_compiler_lock  # noqa: PLC0415

    def while_it_compiles():
        with global_compiler_lock:
            press()
            assert watch.seen
        met.append("after")
        time.sleep(10.0)

    met, start = [], time.monotonic()
    with watched() as watch, pytest.raises(KeyboardInterrupt):
        while_it_compiles()
    with watched() as watch, pytest.raises(KeyboardInterrupt), watch.heard(at_the_end=True):
        while_it_compiles()
    assert met == ["after"]
    assert time.monotonic() - start < 5.0


def test_not_in_a_call_from_llvm():
    from llvmlite.binding import executionengine  # noqa: PLC0415

    assert any(name.startswith("_raw_object_cache") for name in vars(executionengine.ExecutionEngine))
    source = "def _raw_object_cache_notify(then):\n    then()"
    space = {}
    exec(compile(source, executionengine.__file__, "exec"), space)
    called_from_llvm = space["_raw_object_cache_notify"]

    def in_it_and_after():
        called_from_llvm(press)
        assert watch.seen
        time.sleep(10.0)

    start = time.monotonic()
    with watched() as watch:
        with pytest.raises(KeyboardInterrupt):
            in_it_and_after()
        assert time.monotonic() - start < 5.0
        called_from_llvm(press)
    time.sleep(0.2)  # what was to be repeated is forgotten with its watch


def test_not_in_the_making_of_a_named_tuple():
    def where_it_stands(then):
        signal.signal(signal.SIGINT, lambda _, frame: frames.append(frame.f_code))
        then()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    class Pair(NamedTuple):
        first: int
        second: int

    frames = []
    by_hand = eval("lambda then: then()")
    raised = functools.partial(signal.raise_signal, signal.SIGINT)
    where_it_stands(lambda: by_hand(raised))
    made = Pair.__new__.__code__
    assert (made.co_filename, made.co_name) == (frames[0].co_filename, frames[0].co_name)

    def in_it_and_after():
        by_hand(raised)
        assert watch.seen
        time.sleep(10.0)

    start = time.monotonic()
    with watched() as watch, pytest.raises(KeyboardInterrupt):
        in_it_and_after()
    assert time.monotonic() - start < 5.0
