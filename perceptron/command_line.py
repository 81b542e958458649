"""Options of the command lines that are numbers: written in decimal digits, as `perceptron.checks` reads them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import typer

from perceptron.checks import read_integer, read_real

__all__ = ["COUNT", "POSITIVE", "REAL", "WHOLE"]


def _parser(read: Callable[[str], Any]) -> Callable[[Any], Any]:
    """A parser for typer, which hands defaults over as they are."""

    def parse(given: Any) -> Any:
        if not isinstance(given, str):
            return given
        try:
            return read(given)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    return parse


def _positive(text: str) -> int:
    number = read_integer(text)
    if number < 1:
        raise ValueError(f"{text!r} is out of range; allowed: integers >= 1")
    return number


def _count(text: str) -> int:
    """An integer, also written as 1e8."""
    with suppress(ValueError):
        return read_integer(text)
    with suppress(ValueError):
        number = read_real(text)
        if number.is_integer():
            return int(number)
    raise ValueError(f"{text!r} is not a whole number; allowed: as 100000000 or 1e8")


# keyword arguments of typer.Option
REAL: dict[str, Any] = {"parser": _parser(read_real), "metavar": "<float>"}
WHOLE: dict[str, Any] = {"parser": _parser(read_integer), "metavar": "<int>"}
POSITIVE: dict[str, Any] = {"parser": _parser(_positive), "metavar": "<int>"}
COUNT: dict[str, Any] = {"parser": _parser(_count), "metavar": "N"}
