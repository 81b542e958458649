"""Where this project keeps what it can make again: compiled kernels and downloaded files.

`PERCEPTRON_WL_CACHE_DIR` names the folder, else it is that of the user's caches. Compiled kernels are code: they are
only kept in, and loaded from, a folder that belongs to the user and that nobody else can write. Where there is none, a
temporary folder of the user's own takes its place, and failing that nothing is kept.
"""

from __future__ import annotations

import atexit
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from platformdirs import user_cache_path

__all__ = ["cache_root", "private_folder", "remove_old_folders"]

NAME = "perceptron-wl"
VARIABLE = "PERCEPTRON_WL_CACHE_DIR"
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def cache_root() -> Path | None:
    """Folder that the user chose, or that of the user's caches; None where there is no home.

    It need not exist.
    """
    chosen = os.environ.get(VARIABLE)
    try:
        return Path(chosen).expanduser().absolute() if chosen else user_cache_path(NAME)
    except (RuntimeError, OSError):  # no HOME and no entry of the user; `~` of somebody unknown
        return None


def private_folder(name: str) -> Path | None:
    """A folder of this name for code, in the first place that will do; None where nothing can be written."""
    for root in _roots():
        folder = root / name
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if _is_private(folder) and _can_be_written(folder):
                os.utime(folder)
                return folder
    with suppress(OSError):
        folder = Path(tempfile.mkdtemp(prefix=f"{NAME}-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        return folder
    return None


def _roots() -> Iterator[Path]:
    root = cache_root()
    if root is not None:
        yield root
    with suppress(OSError):  # no folder for temporary files
        yield Path(tempfile.gettempdir()) / f"{NAME}-{_user()}"


def _user() -> int:
    return os.getuid() if hasattr(os, "getuid") else 0


def _is_private(folder: Path) -> bool:
    """Whether only this user can change what is in a folder, or put another one in its place."""
    if not hasattr(os, "getuid"):
        return True
    own, above = folder.lstat(), folder.parent.stat()
    if not stat.S_ISDIR(own.st_mode) or own.st_uid != _user():
        return False
    if own.st_mode & OTHERS_WRITE:
        folder.chmod(0o700)
    if above.st_uid not in (_user(), 0):
        return False
    if above.st_mode & OTHERS_WRITE and not above.st_mode & stat.S_ISVTX:
        if above.st_uid != _user() or folder.parent.name != NAME:  # not ours to change
            return False
        folder.parent.chmod(stat.S_IMODE(above.st_mode) & ~OTHERS_WRITE)
    return True


def _can_be_written(folder: Path) -> bool:
    with tempfile.TemporaryFile(dir=folder):
        return True


def remove_old_folders(root: Path, pattern: str, days: float) -> None:
    """Remove folders that were not used for so many days; one that another process removes is passed over."""
    limit = time.time() - days * 86400.0
    with suppress(OSError):
        for folder in list(root.glob(pattern)):
            with suppress(OSError):
                if folder.stat().st_mtime < limit:
                    shutil.rmtree(folder, ignore_errors=True)
