"""Loads, margins and half-widths that the theory takes: where double precision holds all that it computes on the way.

At κ = -35 patterns fail once in 10²⁶⁸, so that α_c is near the largest numbers there are; κ = 10⁷ is met up to a load
of 6·10⁻¹⁵. Patterns that fail in a window of half-width 35 are as rare as those below κ = -35.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perceptron.base.checks import check_real

__all__ = ["check_half_width", "check_load", "check_margin", "check_step"]

SMALLEST_LOAD, LARGEST_LOAD = 1e-14, 1e200
SMALLEST_MARGIN, LARGEST_MARGIN = -35.0, 1e7
SMALLEST_HALF_WIDTH, LARGEST_HALF_WIDTH = 1e-12, 35.0


def check_load(load: Any) -> float:
    """Return α as a float.

    Raises
    ------
    ValueError
        If it is not a number in (10⁻¹⁴, 10²⁰⁰).
    """
    return check_real("load", load, above=SMALLEST_LOAD, below=LARGEST_LOAD)


def check_margin(margin: Any, name: str = "margin", largest: float = LARGEST_MARGIN) -> float:
    """Return κ as a float.

    Raises
    ------
    ValueError
        If it is not a number in (-35, 10⁷), or not below `largest` if that is less.
    """
    return check_real(name, margin, above=SMALLEST_MARGIN, below=min(largest, LARGEST_MARGIN))


def check_half_width(half_width: Any, name: str = "half_width") -> float:
    """Return K as a float.

    Raises
    ------
    ValueError
        If it is not a number in (10⁻¹², 35).
    """
    return check_real(name, half_width, above=SMALLEST_HALF_WIDTH, below=LARGEST_HALF_WIDTH)


def check_step(step: Any, allowed: Sequence[type]) -> None:
    """Refuse whatever is not one of the allowed classes of constraints.

    Raises
    ------
    ValueError
        Naming the allowed ones.
    """
    if not any(step is one for one in allowed):
        names = ", ".join(one.__name__ for one in allowed)
        raise ValueError(f"step = {getattr(step, '__name__', repr(step))} is not usable here; allowed: {names}")
