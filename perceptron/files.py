"""Files of results: written to a temporary name and renamed, with where they came from; never pickled."""

from __future__ import annotations

import io
import json
import os
import platform
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

__all__ = ["load_arrays", "load_table", "provenance", "save_table", "write_atomically"]


def write_atomically(path: Path | str, content: bytes) -> None:
    """Write `content` to a temporary file beside `path`, then rename: the file is whole or absent."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


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
    buffer, path = io.BytesIO(), Path(path)
    if path.suffix == ".npz":
        np.savez_compressed(buffer, allow_pickle=False, provenance=json.dumps(origin), **columns)
    elif path.suffix == ".csv":
        header = f"# {json.dumps(origin)}\n{','.join(columns)}\n"
        rows = zip(*columns.values(), strict=True)
        body = "".join(",".join(repr(float(number)) for number in row) + "\n" for row in rows)
        buffer.write((header + body).encode())
    else:
        raise ValueError(f"output = {str(path)!r} is not a table; allowed: a name ending in .csv or .npz")
    write_atomically(path, buffer.getvalue())


def load_table(path: Path | str) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Read back what `save_table` wrote as NPZ: the arrays and the provenance."""
    with Path(path).open("rb") as file, np.load(file, allow_pickle=False) as data:
        columns = {name: data[name] for name in data.files if name != "provenance"}
        return columns, json.loads(str(data["provenance"]))


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
    if not Path(path).is_file():
        raise ValueError(f"{kind} file {str(path)!r} does not exist")
    try:
        arrays, origin = load_table(path)
    except (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{kind} file {str(path)!r} cannot be read ({error}); allowed: what save wrote") from None
    names = list(names)
    missing = sorted(set(names) - set(arrays))
    if missing:
        found = ", ".join(sorted(arrays)) or "nothing"
        raise ValueError(f"{kind} file {str(path)!r} holds no array {missing[0]!r}; found: {found}")
    for name in arrays:
        if name not in {*names, *others}:
            allowed = ", ".join([*names, *others])
            raise ValueError(f"array {name!r} of {kind} file {str(path)!r} is not used; allowed: {allowed}")
    return arrays, origin
