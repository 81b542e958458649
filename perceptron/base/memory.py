"""Whether a run fits into memory, asked before it is built: the system would otherwise end it without a word."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["check_memory"]

GIBIBYTE = 2.0**30
LIMIT_FILES = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def check_memory(what: str, n_bytes: float) -> None:
    """Refuse what would need more bytes than there are.

    Raises
    ------
    ValueError
        If it does not fit.
    """
    most = _available()
    if n_bytes > most:
        needed, there = n_bytes / GIBIBYTE, most / GIBIBYTE
        raise ValueError(f"{what} needs about {needed:.3g} GiB of memory; allowed: at most {there:.3g} GiB")


def _available() -> float:
    """Bytes of memory of this machine, or of the group of processes where it has a limit of its own."""
    try:
        most = float(os.sysconf("SC_PHYS_PAGES")) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # no POSIX
        return float("inf")
    for name in LIMIT_FILES:
        try:
            most = min(most, float(Path(name).read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return most
