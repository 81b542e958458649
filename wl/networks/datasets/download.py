"""Files of others: a local path, an environment variable, or the download of a file whose SHA-256 is known.

A file is taken from the first of

1. the path given (`--data`, or the argument of a function),
2. the path in an environment variable,
3. the cache of the user, where it is downloaded once.

The cache is the folder data in that of the compiled kernels, which `PERCEPTRON_WL_CACHE_DIR` moves. A download is
written under a temporary name and gets its own once its hash is right, so the file there is whole or absent.

Not for files whose content may change: those are paths of the user, without a known hash (`given_path`).
"""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perceptron.base.cache_place import cache_root
from perceptron.base.reading import read_content

__all__ = ["Given", "Source", "data_folder", "existing_file", "given_path", "named_file", "obtain", "read_known"]


@dataclass(frozen=True, slots=True)
class Given:
    """The two ways in which a user names a local file.

    Attributes
    ----------
    what : str
        What the file holds, for messages.
    option : str
        Of the command line, such as --data.
    variable : str
        Of the environment.
    """

    what: str
    option: str
    variable: str

    @property
    def ways(self) -> str:
        """Both ways, for messages."""
        return f"a local file by {self.option} FILE or by the environment variable {self.variable}=FILE"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that anyone can download, known by its hash.

    Attributes
    ----------
    given : Given
    name : str
        In the cache.
    url : str
    sha256 : str
        Of its content, 64 hexadecimal digits.
    """

    given: Given
    name: str
    url: str
    sha256: str


def given_path(given: Given, path: Path | str | None = None) -> Path | None:
    """The local file that is named, the argument before the environment; None if neither names one.

    Raises
    ------
    ValueError
        If there is no such file.
    """
    named = named_file(given, path)
    return None if named is None else existing_file(given, *named)


def named_file(given: Given, path: Path | str | None = None) -> tuple[str, str] | None:
    """Option or variable that names the file, and what it says; None if neither does, as an empty one."""
    if path is not None:
        return given.option, str(path)
    text = os.environ.get(given.variable)
    return (given.variable, text) if text else None


def existing_file(given: Given, way: str, text: str) -> Path:
    """The file of a path that an option or variable gives.

    Raises
    ------
    ValueError
        If there is none.
    """
    found = Path(text).expanduser()
    if not found.is_file():
        raise ValueError(f"{way} = {text!r} does not exist; allowed: a file of {given.what}")
    return found


def obtain(source: Source, path: Path | str | None = None) -> Path:
    """The file of a source: a local one, or the one in the cache, downloaded if need be.

    Raises
    ------
    ValueError
        If the named file does not exist, or there is none and the download fails.
    """
    return given_path(source.given, path) or _downloaded(source)


def read_known(source: Source, path: Path) -> bytes:
    """Content of a file that must have the hash of a source.

    Raises
    ------
    ValueError
        For another hash.
    """
    content = read_content(path, f"{source.given.what} file")
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise ValueError(
            f"{source.given.what} file {str(path)!r} has sha256 {found}; allowed: {source.sha256}, that of {source.url}"
        )
    return content


def data_folder() -> Path:
    """Folder of downloaded files; created by a download.

    Raises
    ------
    ValueError
        If the user has no home, and chose no folder.
    """
    root = cache_root()
    if root is None:
        raise ValueError("there is no home to keep a download in; allowed: PERCEPTRON_WL_CACHE_DIR = a folder")
    return root / "data"


def _downloaded(source: Source) -> Path:
    import pooch  # noqa: PLC0415  # loads an HTTP library, which few commands need

    try:
        with _quiet(pooch.get_logger()):
            found = pooch.retrieve(source.url, f"sha256:{source.sha256}", source.name, data_folder())
    except (OSError, ValueError) as error:  # errors of the HTTP library are OSErrors; a wrong hash is a ValueError
        reason = " ".join(str(error).split())
        raise ValueError(
            f"{source.given.what} could not be downloaded from {source.url} ({reason}); allowed: a network that reaches"
            f" it, or {source.given.ways}, with sha256 {source.sha256}"
        ) from None
    return Path(found)


@contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """Silence a logger for a while, and leave it as it was."""
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)
