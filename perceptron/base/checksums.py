"""Checksums of what is stored, so that damage which leaves a file readable is seen.

Files from before checksums have none, and are read as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

__all__ = ["CHECKSUM", "digest_of", "sealed", "unsealed"]

CHECKSUM = "checksum"


def digest_of(arrays: Mapping[str, np.ndarray]) -> str:
    """Hash of arrays with their names, types and shapes, in whatever order they come."""
    digest = hashlib.blake2b(digest_size=16)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {arrays[name].shape} ".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def sealed(record: Mapping[str, Any]) -> dict[str, Any]:
    """A record that will be written as JSON, with a checksum of the rest of it."""
    rest = {name: value for name, value in record.items() if name != CHECKSUM}
    return rest | {CHECKSUM: _digest_of_record(rest)}


def unsealed(record: Mapping[str, Any], where: str) -> dict[str, Any]:
    """The record without its checksum, if it has one.

    Raises
    ------
    ValueError
        Where it has another one: what was read is not what was written.
    """
    rest = dict(record)
    if rest.pop(CHECKSUM, None) not in (None, _digest_of_record(rest)):
        raise ValueError(f"{where} is damaged: its content has another checksum")
    return rest


def _digest_of_record(record: Mapping[str, Any]) -> str:
    text = json.dumps(json.loads(json.dumps(record)), sort_keys=True)  # tuples become lists, as in a file
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
