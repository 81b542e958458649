"""The one reader of files that nobody vouches for: data of a user, results, checkpoints, parameters.

A damaged file makes the libraries behind a format raise nearly anything: what they raise becomes a ValueError that
names the file and the reason. Only regular files are opened (a pipe would wait for ever), and nothing is unpickled.
"""

from __future__ import annotations

import io
import json
import lzma
import stat
import struct
import tokenize
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from perceptron.base.checks import check_path

__all__ = [
    "DAMAGE",
    "arrays_in",
    "damage_of",
    "read_array_or_arrays",
    "read_arrays",
    "read_content",
    "read_mapping",
    "reason_of",
]

DAMAGE = (
    ArithmeticError,  # overflows in sizes
    AttributeError,  # another type than the one expected, as a list for a mapping
    LookupError,
    MemoryError,  # a size that was changed
    NotImplementedError,  # packed by a method that is not known here
    OSError,
    EOFError,
    RecursionError,
    RuntimeError,  # encrypted; errors of the HDF5 library
    SyntaxError,  # headers of arrays
    TypeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


@contextmanager
def damage_of(kind: str, path: Path | str, allowed: str = "") -> Iterator[None]:
    """Turn whatever a damaged file makes a library raise into a ValueError.

    Parameters
    ----------
    kind : str
        What the file should be, for the message.
    path : Path or str
        Where it is.
    allowed : str
        What is allowed, for the message.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of libraries, on headers of old or odd files
            yield
    except DAMAGE as error:
        tail = f"; allowed: {allowed}" if allowed else ""
        raise ValueError(f"{kind} {str(path)!r} cannot be read ({reason_of(error)}){tail}") from None


def reason_of(error: BaseException) -> str:
    """What a library says of a damaged file, in one line."""
    return " ".join(str(error).split()) or type(error).__name__


def read_content(path: Path | str, kind: str) -> bytes:
    """All bytes of a regular file.

    Raises
    ------
    ValueError
        If there is none, it is a folder, a pipe or a device, or it cannot be read.
    """
    path = check_path("path", path)
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise ValueError(f"{kind} {str(path)!r} does not exist") from None
    except (OSError, ValueError) as error:  # a name that is too long, or has a null character
        raise ValueError(f"{kind} {str(path)!r} cannot be read ({error})") from None
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe, a socket or a device"
        raise ValueError(f"{kind} {str(path)!r} is {what}; allowed: a file")
    with damage_of(kind, path):
        return path.read_bytes()


def arrays_in(content: bytes, kind: str, path: Path | str, allowed: str = "") -> np.ndarray | dict[str, np.ndarray]:
    """The array of NPY content, or the arrays of NPZ content by name.

    Raises
    ------
    ValueError
        For damaged content, or content that would have to be unpickled.
    """
    with damage_of(kind, path, allowed):
        loaded = np.load(io.BytesIO(content), allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        with loaded:
            names = loaded.files
            twice = [name for number, name in enumerate(names) if name in names[:number]]
            if twice:
                raise ValueError(f"{twice[0]!r} stands twice in it")
            return {name: loaded[name] for name in names}


def read_array_or_arrays(path: Path | str, kind: str, allowed: str = "") -> np.ndarray | dict[str, np.ndarray]:
    """As `arrays_in`, of a file."""
    return arrays_in(read_content(path, kind), kind, path, allowed)


def read_arrays(path: Path | str, kind: str, allowed: str = "") -> dict[str, np.ndarray]:
    """Arrays of an NPZ file by name.

    Raises
    ------
    ValueError
        If the file is missing, damaged, or holds a single array without a name.
    """
    found = read_array_or_arrays(path, kind, allowed)
    if isinstance(found, np.ndarray):
        raise ValueError(f"{kind} {str(path)!r} holds one array without a name; allowed: {allowed or 'NPZ'}")
    return found


def read_mapping(path: Path | str, kind: str) -> dict[str, Any]:
    """The object of a JSON file.

    Raises
    ------
    ValueError
        If the file is missing or damaged, or holds something else.
    """
    content = read_content(path, kind)
    with damage_of(kind, path, "JSON"):
        found = json.loads(content)
    if not isinstance(found, dict):
        raise ValueError(f"{kind} {str(path)!r} holds {type(found).__name__}; allowed: a JSON object")
    return found
