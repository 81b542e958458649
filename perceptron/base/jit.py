"""The one door to numba: compiled kernels, their disk cache, and dispatch on a model's type.

Numba's disk cache keys a kernel on its own file only, so an edit in a helper kernel elsewhere would silently return old
results. Here the cache lives in a folder named by a hash of all kernel sources, the numba version and the processor;
any edit opens a new folder. It lies where `perceptron.base.cache_place` says; where nothing can be kept, kernels are
compiled in every process.
"""

from __future__ import annotations

import functools
import hashlib
import platform
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import llvmlite.binding
import numba
import numpy as np
from numba import types
from numba.core.caching import FunctionCache
from numba.core.typing.templates import AbstractTemplate, infer_global

from perceptron.base.cache_place import private_folder, remove_old_folders

__all__ = ["assign", "cache_folder", "dispatched", "njit", "source_hash", "vectorize"]

DAYS_KEPT = 30.0
BORROWING = {"_nrt": False, "forceinline": True}


PACKAGES = ("perceptron", "wl")


def _prefer_wide_vectors() -> None:
    """Let kernels use vectors of 512 bits where the processor has them, unless numba was told what to use.

    LLVM keeps to 256 bits for processors of which some slow down at more; where that was measured, a trial of
    2-8-8-8-8-1 took 1.3 times as long with 256. It holds for all that numba compiles in this process.
    """
    settings: Any = numba.config
    if settings.CPU_NAME is not None or settings.CPU_FEATURES is not None or not settings.ENABLE_AVX:
        return
    features = llvmlite.binding.get_host_cpu_features()
    if features.get("avx512f", False):
        settings.CPU_FEATURES = f"{features.flatten()},-prefer-256-bit"


_prefer_wide_vectors()


def source_hash(root: Path) -> str:
    """Hash of every Python source of the two packages below `root`, the numba version and the processor."""
    digest = hashlib.sha256()
    for path in sorted(path for package in PACKAGES for path in (root / package).rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(f"{numba.__version__} {platform.machine()} {platform.processor()}".encode())
    return digest.hexdigest()[:16]


@functools.cache
def cache_folder() -> Path | None:
    """Folder of the compiled kernels of exactly these sources, created on first use; None where nothing can be kept."""
    folder = private_folder(f"kernels-{source_hash(Path(__file__).parents[2])}")
    if folder is not None:
        remove_old_folders(folder.parent, "kernels-*", DAYS_KEPT)
    return folder


def _with_cache_folder(decorate: Callable[[], Any]) -> Any:
    """Run a numba decorator, which fixes its cache path at once, with our folder; leave other packages' alone."""
    config: Any = numba.config
    previous = config.CACHE_DIR
    config.CACHE_DIR = str(cache_folder())
    try:
        return decorate()
    finally:
        config.CACHE_DIR = previous


class _OwnModelsCache(FunctionCache):
    """Keeps off the disk what was compiled for a model of another package.

    Edits in that package's sources would go unseen, and numba could not even read the cache without them.
    """

    def save_overload(self, sig: Any, data: Any) -> None:
        if all(_is_own(argument) for argument in getattr(sig, "args", sig)):
            with suppress(OSError):  # a full disk is no reason to lose a result
                super().save_overload(sig, data)


def _is_own(argument: Any) -> bool:
    model = getattr(argument, "instance_class", None)
    if model is None:
        return True
    return model.__module__.partition(".")[0] in PACKAGES and all(_is_own(member) for member in argument)


def njit(function: Callable[..., Any] | None = None, *, borrows: bool = False, **options: Any) -> Any:
    """`numba.njit` with the disk cache of this module and IEEE division; never fastmath unless asked for.

    A kernel that `borrows` neither makes arrays nor keeps any: it is put in place at its calls and counts no
    references. Numba cannot see by itself that they cancel where a kernel has loops, and each costs nanoseconds.
    """
    if function is None:
        return functools.partial(njit, borrows=borrows, **options)
    settings: Any = {"error_model": "numpy"} | (BORROWING if borrows else {}) | options
    kernel: Any = numba.njit(**settings)(function)
    if kernel is not function and cache_folder() is not None:  # the same where NUMBA_DISABLE_JIT leaves plain Python
        kernel._cache = _with_cache_folder(lambda: _OwnModelsCache(function))
    return kernel


@njit
def assign(target: Any, values: Any) -> None:
    """Copy a vector, as `target[:] = values` does, without the formatted error message that numba compiles for that."""
    for k in range(target.size):
        target[k] = values[k]


def vectorize(function: Callable[..., Any]) -> Any:
    """`numba.vectorize` with the disk cache of this module."""
    if njit(function) is function:  # NUMBA_DISABLE_JIT leaves plain Python
        return np.vectorize(function, otypes=[float])
    if cache_folder() is None:
        return numba.vectorize()(function)
    return _with_cache_folder(lambda: numba.vectorize(cache=True)(function))


def dispatched(function: Callable[..., Any] | None = None, *, general: bool = False) -> Any:
    """Make `function` a kernel whose implementation is chosen by the NamedTuple class of its first argument.

    `@function.register(SomeNamedTuple)` adds an implementation, plain Python that numba can compile; the choice
    is made when the calling kernel is compiled, costs nothing at run time, and is kept in the disk cache.
    Where it is `general` the function itself is a kernel, that of every class that has registered none of its own.
    `borrows` is that of `njit`.
    """
    if function is None:
        return functools.partial(dispatched, general=general)
    dispatcher: Any = functools.singledispatch(njit(function) if general else function)
    register_in_python = dispatcher.register
    kernels: dict[type, Any] = {}
    fallback = dispatcher.registry[object] if general else None
    infer_global(dispatcher, types.Function(_choice(dispatcher, kernels, fallback)))

    def register(model: type, *, borrows: bool = False) -> Callable[..., Any]:
        def decorate(implementation: Callable[..., Any]) -> Any:
            kernels[model] = njit(implementation, borrows=borrows)
            register_in_python(model, kernels[model])
            return kernels[model]

        return decorate

    dispatcher.register = register
    return dispatcher


def _choice(dispatcher: Any, kernels: dict[type, Any], fallback: Any) -> Any:
    """What tells numba that a call of the dispatcher is one of the kernel of its first argument.

    `numba.extending.overload` would compile a function that makes this call, for every kernel and at every level.
    """

    class Choice(AbstractTemplate):
        key = dispatcher
        entries: ClassVar[dict[Any, Any]] = {}

        def generic(self, args: Any, kws: Any) -> Any:
            kernel = kernels.get(getattr(args[0], "instance_class", type(None)), fallback)
            if kernel is None:
                return None
            kind: Any = types.Dispatcher(kernel)
            signature: Any = kind.get_call_type(self.context, args, kws)
            self.entries[signature.args] = kind.get_overload(signature)
            return signature

        def get_impl_key(self, signature: Any) -> Any:
            return self.entries[signature.args]

    return Choice
