"""Files of results: written to a temporary name and renamed, with where they came from; never pickled."""

from __future__ import annotations

import io
import json
import os
import platform
import secrets
from collections.abc import Iterable, Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from perceptron.base.checks import check_path
from perceptron.base.checksums import CHECKSUM, digest_of
from perceptron.base.reading import damage_of, read_arrays

__all__ = ["check_place", "load_arrays", "load_table", "provenance", "save_table", "write_atomically"]

WRITTEN = "what save wrote"
LONGEST_PREFIX = 100
LONGEST_NAME, LONGEST_PATH = 255, 4095  # bytes


def write_atomically(path: Path | str, content: bytes) -> None:
    """Write `content` to a temporary file beside `path`, then rename: the file is whole or absent.

    The file has the mode that the umask gives to new files. A symbolic link stays, and the file behind it is renewed.
    The content is on the disk before the name is.
    """
    path = check_place("output", os.path.realpath(check_path("output", path)))
    path.parent.mkdir(parents=True, exist_ok=True)
    # with its random part the name is not longer than file systems allow
    temporary = path.with_name(f".{path.name}"[:LONGEST_PREFIX] + f".{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
        _sync_folder(path.parent)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_place(name: str, path: Path | str, *, folder: bool = False) -> Path:
    """Return the path of a file (or a folder) to be written, which need not exist, nor the folders above it.

    Raises
    ------
    ValueError
        If one of its names is longer than file systems allow, something above it is no folder, or it is a folder where
        a file is meant, or something else where a folder is.
    """
    place = check_path(name, path)
    longest = max(len(os.fsencode(part)) for part in ("", *place.parts))
    if "\0" in str(place) or longest > LONGEST_NAME or len(os.fsencode(place)) > LONGEST_PATH:
        raise ValueError(f"{name} = {str(place)!r} is not usable; allowed: names of at most {LONGEST_NAME} bytes")
    if place.exists() and place.is_dir() != folder:
        kinds = ("a file", "a folder") if folder else ("a folder", "the name of a file")
        raise ValueError(f"{name} = {str(place)!r} is {kinds[0]}; allowed: {kinds[1]}")
    above = next((parent for parent in place.parents if parent.exists()), place)
    if above != place and not above.is_dir():
        raise ValueError(f"{name} = {str(place)!r} is in {str(above)!r}, which is a file; allowed: a place in a folder")
    return place


def _sync_folder(folder: Path) -> None:
    """Let a new name in a folder reach the disk, where the system can do so."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def provenance(**parameters: Any) -> dict[str, Any]:
    """Versions and parameters behind a file."""
    packages = {name: version(name) for name in ("perceptron-wl", "numpy", "numba", "scipy")}
    return {"parameters": parameters, "versions": packages | {"python": platform.python_version()}}


def save_table(path: Path | str, columns: Mapping[str, np.ndarray], origin: Mapping[str, Any]) -> None:
    """Write arrays with their provenance to NPZ (any shapes) or CSV (columns of equal length).

    Raises
    ------
    ValueError
        For another file ending.
    """
    buffer, path = io.BytesIO(), check_path("path", path)
    if path.suffix == ".npz":
        arrays = {name: np.asarray(column) for name, column in columns.items()}
        text = json.dumps({**origin, CHECKSUM: digest_of(arrays)})
        np.savez_compressed(buffer, allow_pickle=False, provenance=text, **arrays)
    elif path.suffix == ".csv":
        header = f"# {json.dumps(origin)}\n{','.join(columns)}\n"
        rows = zip(*columns.values(), strict=True)
        body = "".join(",".join(repr(float(number)) for number in row) + "\n" for row in rows)
        buffer.write((header + body).encode())
    else:
        raise ValueError(f"output = {str(path)!r} is not a table; allowed: a name ending in .csv or .npz")
    write_atomically(path, buffer.getvalue())


def load_table(path: Path | str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read back what `save_table` wrote as NPZ: the arrays and the provenance.

    Raises
    ------
    ValueError
        If the file is missing or damaged.
    """
    columns, origin = _table(path, "table")
    _check_arrays(path, "table", columns, origin)
    return columns, origin


def _table(path: Path | str, kind: str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    columns = read_arrays(path, kind, WRITTEN)
    with damage_of(kind, path, WRITTEN):
        origin = json.loads(str(columns.pop("provenance")))
    if not isinstance(origin, dict):
        raise ValueError(f"{kind} {str(path)!r} has a provenance that is no object; allowed: {WRITTEN}")
    return columns, origin


def _check_arrays(path: Path | str, kind: str, arrays: Mapping[str, np.ndarray], origin: dict[str, Any]) -> None:
    """Refuse arrays that are not those that were written; the checksum leaves the provenance."""
    if origin.pop(CHECKSUM, None) not in (None, digest_of(arrays)):
        raise ValueError(f"{kind} {str(path)!r} is damaged: its arrays have another checksum")


def load_arrays(
    path: Path | str, kind: str, names: Iterable[str], others: Iterable[str] = ()
) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """As `load_table`, for a file that a user names: `kind` says in errors what it should be.

    Raises
    ------
    ValueError
        If the file is missing, damaged, lacks one of the arrays `names`, or holds one that is neither of these nor of
        the `others`, which would not be used.
    """
    arrays, origin = _table(path, f"{kind} file")
    names = list(names)
    missing = sorted(set(names) - set(arrays))
    if missing:
        found = ", ".join(sorted(arrays)) or "nothing"
        raise ValueError(f"{kind} file {str(path)!r} holds no array {missing[0]!r}; found: {found}")
    for name in arrays:
        if name not in {*names, *others}:
            allowed = ", ".join([*names, *others])
            raise ValueError(f"array {name!r} of {kind} file {str(path)!r} is not used; allowed: {allowed}")
    _check_arrays(path, f"{kind} file", arrays, origin)
    return arrays, origin
