"""Ctrl-C, remembered: whoever meets the KeyboardInterrupt, the one in charge learns that it came.

Python raises KeyboardInterrupt wherever the program happens to be. A search may catch it and solve, a warm-up may catch
it, a callback from compiled code or a finaliser may swallow it, and afterwards nobody knows. A `Watch` remembers. It
also chooses the moment. Where it is `held` nothing is raised, so that what is being stored or printed is whole. Where
it is `heard` Ctrl-C is raised as usual, and at once if it came before.

It is not raised while numba compiles or loads a kernel, which would leave numba broken for the rest of the process.
Nor is it raised, even if nothing comes after, in a function that compiled code called: no exception can pass there, and
the process would crash. It is repeated then, until it can be raised.

Handlers belong to the main thread: elsewhere, and where somebody else handles SIGINT or it is ignored, a watch sees
nothing and Python's own ways stay.
"""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

__all__ = ["Watch", "begin", "hear", "release", "watched", "without_interrupts"]

FORCED_AFTER = 1.0  # seconds: one key press may arrive twice, from the terminal and from a parent process
REPEATED_AFTER = 0.05  # seconds


class Watch:
    """Whether Ctrl-C came, and whether it may be raised now.

    Attributes
    ----------
    seen : bool
        Whether it came.
    raises : bool
        Whether KeyboardInterrupt is raised when it comes.
    """

    def __init__(self, raises: bool) -> None:
        self.seen, self.raises = False, raises
        self._at_the_end, self._insisted, self._first = False, False, 0.0
        self._again: threading.Timer | None = None

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C came."""
        if self.seen:
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Remember Ctrl-C without raising it; a second one, later than a second, is raised all the same."""
        before, self.raises = self.raises, False
        try:
            yield
        finally:
            self.raises = before

    @contextlib.contextmanager
    def heard(self, at_the_end: bool = False) -> Iterator[None]:
        """Raise Ctrl-C where it comes, and here if it came before; `at_the_end` where no kernel is used afterwards."""
        before = self.raises, self._at_the_end
        self.raises, self._at_the_end = True, at_the_end
        try:
            self.check()
            yield
        finally:
            self.raises, self._at_the_end = before

    def handle(self, number: int, frame: FrameType | None) -> None:
        """Be the handler of SIGINT."""
        del number
        repeated, self._again = self._again is not None, None
        now = time.monotonic()
        if not self.seen:
            self.seen, self._first = True, now
        elif not repeated and now - self._first > FORCED_AFTER:
            self._insisted = True
        if not (self.raises or self._insisted):
            return
        if _called_from_compiled_code(frame) or (_compiling() and not self._at_the_end):
            self._again = threading.Timer(REPEATED_AFTER, _interrupt_main_thread)
            self._again.daemon = True
            self._again.start()
        else:
            self._insisted = False
            raise KeyboardInterrupt

    def forget(self) -> None:
        """Repeat nothing any more."""
        if self._again is not None:
            self._again.cancel()


def _interrupt_main_thread() -> None:
    """A real signal where there are any, since the other way does not end a sleep or a wait."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _compiling() -> bool:
    """Whether this thread is in numba's compiler, which is loaded if anything is compiled."""
    module = sys.modules.get("numba.core.compiler_lock")
    return module is not None and bool(module.global_compiler_lock.is_locked())


def _called_from_compiled_code(frame: FrameType | None) -> bool:
    """Whether LLVM asks about a kernel in the disk cache, or a NamedTuple is being made, by numba for all one knows."""
    if frame is not None and (frame.f_code.co_filename, frame.f_code.co_name) == ("<string>", "<lambda>"):
        return True
    while frame is not None:
        code = frame.f_code
        if code.co_name.startswith("_raw_object_cache") and "llvmlite" in code.co_filename:
            return True
        frame = frame.f_back
    return False


_active: list[Watch] = []  # the one that is installed, if any


def _install(watch: Watch) -> bool:
    """Take over from Python's own handler; False where that is not the one in charge."""
    if threading.current_thread() is not threading.main_thread():
        return False
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return False
    _active.append(watch)
    signal.signal(signal.SIGINT, watch.handle)
    return True


def begin() -> None:
    """Hold Ctrl-C from here on, until `hear` or `release`; for the first line of a command."""
    _install(Watch(raises=False))


def hear() -> None:
    """Raise Ctrl-C from here on, and now if it came since `begin`."""
    if _active:
        _active[0].raises = True
        _active[0].check()


def release() -> None:
    """Undo `begin`, and raise KeyboardInterrupt if Ctrl-C came since."""
    if _active:
        watch = _active.pop()
        watch.forget()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        watch.check()


@contextlib.contextmanager
def watched() -> Iterator[Watch]:
    """The watch of an enclosing `watched` or of `begin`, or a new one for as long as this lasts."""
    if threading.current_thread() is threading.main_thread() and _active:
        yield _active[0]
        return
    watch = Watch(raises=False)  # nothing is raised where it is put in place and taken away
    installed = _install(watch)
    try:
        watch.raises = True
        yield watch
    finally:
        watch.raises, known = False, watch.seen
        watch.forget()
        if installed:
            _active.remove(watch)
            signal.signal(signal.SIGINT, signal.default_int_handler)
        if watch.seen and not known:
            raise KeyboardInterrupt


@contextlib.contextmanager
def without_interrupts() -> Iterator[None]:
    """Processes started in here never see Ctrl-C, not even while they start; one that comes is delivered afterwards."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
