"""Argument checks: an error names the argument, its value and what is allowed."""

from __future__ import annotations

import math
from numbers import Integral, Real
from typing import Any

import numpy as np

__all__ = ["check_array", "check_integer", "check_real"]


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
