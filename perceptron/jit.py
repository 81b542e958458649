"""The one door to numba: compiled kernels, their disk cache, and dispatch on a model's type.

Numba's disk cache keys a kernel on its own file only, so an edit in a helper kernel elsewhere would silently
return old results. Here the cache lives in a folder named by a hash of all kernel sources, the numba version
and the processor; any edit opens a new folder. `PERCEPTRON_WL_CACHE_DIR` moves the cache.
"""

from __future__ import annotations

import functools
import hashlib
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba import types
from numba.extending import overload
from platformdirs import user_cache_path

__all__ = ["cache_folder", "dispatched", "njit", "source_hash", "vectorize"]

DAYS_KEPT = 30.0


def source_hash(package: Path) -> str:
    """Hash of every Python source below `package`, the numba version and the processor."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(path.relative_to(package).as_posix().encode())
        digest.update(path.read_bytes())
    digest.update(f"{numba.__version__} {platform.machine()} {platform.processor()}".encode())
    return digest.hexdigest()[:16]


@functools.cache
def cache_folder() -> Path:
    """Folder of the compiled kernels of exactly these sources; created on first use.

    Falls back to a temporary folder where the user's cache folder cannot be written.
    """
    name = f"kernels-{source_hash(Path(__file__).parent)}"
    chosen = os.environ.get("PERCEPTRON_WL_CACHE_DIR")
    root = Path(chosen) if chosen else user_cache_path("perceptron-wl")
    try:
        (root / name).mkdir(parents=True, exist_ok=True)
        os.utime(root / name)
    except OSError:
        root = Path(tempfile.gettempdir()) / "perceptron-wl"
        (root / name).mkdir(parents=True, exist_ok=True)
    _remove_old_folders(root)
    return root / name


def _remove_old_folders(root: Path) -> None:
    limit = time.time() - DAYS_KEPT * 86400.0
    for folder in root.glob("kernels-*"):
        if folder.stat().st_mtime < limit:
            shutil.rmtree(folder, ignore_errors=True)


def _with_cache_folder(decorate: Callable[[], Any]) -> Any:
    """Run a numba decorator, which fixes its cache path at once, with our folder; leave other packages' alone."""
    previous = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(cache_folder())
    try:
        return decorate()
    finally:
        numba.config.CACHE_DIR = previous


def njit(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """`numba.njit` with the disk cache of this module and IEEE division; never fastmath unless asked for."""
    if function is None:
        return functools.partial(njit, **options)
    options = {"cache": True, "error_model": "numpy"} | options
    return _with_cache_folder(lambda: numba.njit(**options)(function))


def vectorize(function: Callable[..., Any]) -> Any:
    """`numba.vectorize` with the disk cache of this module."""
    return _with_cache_folder(lambda: numba.vectorize(cache=True)(function))


def dispatched(function: Callable[..., Any]) -> Any:
    """Make `function` a kernel whose implementation is chosen by the NamedTuple class of its first argument.

    `@function.register(SomeNamedTuple)` adds an implementation, plain Python that numba can compile; the choice
    is made when the calling kernel is compiled, costs nothing at run time, and is kept in the disk cache.
    """
    dispatcher = functools.singledispatch(function)
    register_in_python = dispatcher.register

    def register(model: type) -> Callable[..., Any]:
        def decorate(implementation: Callable[..., Any]) -> Any:
            kernel = njit(implementation)
            register_in_python(model, kernel)

            @overload(dispatcher)
            def choose(first, *rest):  # type: ignore[no-untyped-def]  # numba compares the bare signatures
                if isinstance(first, types.BaseNamedTuple) and first.instance_class is model:
                    return lambda first, *rest: kernel(first, *rest)
                return None

            return kernel

        return decorate

    dispatcher.register = register  # type: ignore[method-assign]
    return dispatcher
