"""Argument checks: an error names the argument, its value and what is allowed.

Text that stands for a number (an option, an entry of a CSV file) is read by `read_real` and `read_integer` alone. They
take what is written with the digits 0 to 9, a sign, a point and an exponent. Python's own float and int take more, such
as 8_8 for 88 and the digits of other scripts, so that a name like 1000_1 would become a number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import fields
from numbers import Integral, Real
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

__all__ = [
    "check_array",
    "check_choice",
    "check_dtype",
    "check_integer",
    "check_kind",
    "check_path",
    "check_real",
    "keep_plain",
    "read_integer",
    "read_integers",
    "read_real",
    "read_reals",
]

Number = TypeVar("Number", int, float)
INTEGER = re.compile(r"[+-]?[0-9]+")
REAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
NOT_FINITE = re.compile(r"[+-]?(inf|infinity|nan)", re.IGNORECASE)


def check_real(name: str, value: Any, above: float = -math.inf, below: float = math.inf) -> float:
    """Return `value` as a finite float strictly between the bounds.

    Raises
    ------
    ValueError
        If it is not a number, not finite or out of bounds.
    """
    bounds = _interval(above, below)
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"{name} = {value!r} is not a number; allowed: {bounds}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or not above < number < below:
        raise ValueError(f"{name} = {number!r} is out of range; allowed: {bounds}")
    return number


def check_integer(name: str, value: Any, least: int, most: int | None = None) -> int:
    """Return `value` as an int between the bounds, both allowed.

    Raises
    ------
    ValueError
        If it is not an integer or out of bounds.
    """
    allowed = f"integers >= {least}" if most is None else f"integers from {least} to {most}"
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"{name} = {value!r} is not an integer; allowed: {allowed}")
    number = int(value)
    if number < least or (most is not None and number > most):
        raise ValueError(f"{name} = {number!r} is out of range; allowed: {allowed}")
    return number


def check_choice(name: str, value: Any, allowed: Iterable[str]) -> None:
    """Refuse whatever is not one of the allowed names.

    Raises
    ------
    ValueError
        Naming these.
    """
    if not isinstance(value, str) or value not in allowed:
        raise ValueError(f"{name} = {value!r} is not known; allowed: {', '.join(allowed)}")


def check_kind(name: str, value: Any, *kinds: type) -> None:
    """Refuse an object of another class.

    Raises
    ------
    TypeError
        Naming the allowed ones.
    """
    if not isinstance(value, kinds):
        raise TypeError(f"{name} = {value!r} is not usable; allowed: {' or '.join(kind.__name__ for kind in kinds)}")


def check_path(name: str, value: Any) -> Path:
    """Return `value` as a path.

    Raises
    ------
    TypeError
        If it is neither text nor a path.
    """
    if not isinstance(value, str | PathLike):
        raise TypeError(f"{name} = {value!r} is not a path; allowed: text, or a Path")
    return Path(value)


def keep_plain(record: Any) -> None:
    """Replace NumPy scalars in the fields of a frozen dataclass by plain numbers, also within tuples.

    Records are written as JSON, which knows plain numbers alone, and read back as these.
    """
    for field in fields(record):
        value = getattr(record, field.name)
        plain = tuple(map(_plain, value)) if type(value) is tuple else _plain(value)
        if plain is not value:
            object.__setattr__(record, field.name, plain)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def check_dtype(name: str, array: np.ndarray) -> None:
    """Refuse an array whose entries are not real numbers: text, booleans, complex numbers, times, records.

    Raises
    ------
    ValueError
        Naming the type.
    """
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} has {array.dtype}; allowed: real numbers")


def read_integer(text: str) -> int:
    """The integer that is written in decimal digits; spaces around it are no part of it.

    Raises
    ------
    ValueError
        For any other text.
    """
    if not INTEGER.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not an integer")
    return int(text)


def read_real(text: str) -> float:
    """The number that is written in decimal digits, or as inf or nan; spaces around it are no part of it.

    Raises
    ------
    ValueError
        For any other text, and for numbers too large or too small for double precision.
    """
    found = REAL.fullmatch(text.strip())
    if not found:
        if NOT_FINITE.fullmatch(text.strip()):
            return float(text)
        raise ValueError(f"{text!r} is not a number")
    number = float(text)
    if math.isinf(number) or (number == 0.0 and found[1].strip("0.")):
        raise ValueError(f"{text!r} is beyond double precision")
    return number


def read_integers(name: str, text: str) -> list[int]:
    """Integers of a comma-separated list; an error names the argument."""
    return _read_list(name, text, read_integer, "numbers with commas, as 8,8,8")


def read_reals(name: str, text: str) -> list[float]:
    """Numbers of a comma-separated list; an error names the argument."""
    return _read_list(name, text, read_real, "numbers with commas, as 0.5,1")


def _read_list(name: str, text: str, read: Callable[[str], Number], allowed: str) -> list[Number]:
    try:
        return [read(item) for item in text.split(",")]
    except ValueError:
        raise ValueError(f"{name} = {text!r} is not usable; allowed: {allowed}") from None


def check_array(name: str, values: Any, above: float = -math.inf, below: float = math.inf) -> np.ndarray:
    """Return `values` as a one-dimensional, non-empty float array with every entry strictly between the bounds."""
    bounds = f"a one-dimensional sequence of {_interval(above, below)}"
    try:
        array = np.asarray(values)
    except ValueError:
        array = np.empty(0)
    if array.dtype.kind not in "iuf" or array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} = {values!r} is not usable; allowed: {bounds}")
    array = array.astype(np.float64)
    bad = array[~(np.isfinite(array) & (array > above) & (array < below))]
    if bad.size:
        raise ValueError(f"{name} contains {float(bad[0])!r}, out of range; allowed: {bounds}")
    return array


def _interval(above: float, below: float) -> str:
    if math.isinf(above) and math.isinf(below):
        return "finite real numbers"
    if math.isinf(below):
        return f"finite real numbers > {above:.12g}"
    if math.isinf(above):
        return f"finite real numbers < {below:.12g}"
    return f"real numbers in ({above:.12g}, {below:.12g})"
