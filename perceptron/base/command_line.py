"""What both command lines share: how Ctrl-C ends them, and options that are numbers in decimal digits."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import typer
from typer.core import TyperGroup

from perceptron.base.checks import read_integer, read_real

__all__ = ["COUNT", "JOBS", "REAL", "WHOLE", "Commands"]


MOST_JOBS = 1024
INTERRUPTED = 130  # exit code, as of shells


class Commands(TyperGroup):
    """Commands that Ctrl-C ends with one line."""

    def invoke(self, context: Any) -> Any:
        """Run the command that was asked for."""
        try:
            return super().invoke(context)
        except KeyboardInterrupt:
            print("INTERRUPTED", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None


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


def _jobs(text: str) -> int:
    number = read_integer(text)
    if not 1 <= number <= MOST_JOBS:
        raise ValueError(f"{text!r} is out of range; allowed: integers from 1 to {MOST_JOBS}")
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
JOBS: dict[str, Any] = {"parser": _parser(_jobs), "metavar": "<int>"}
COUNT: dict[str, Any] = {"parser": _parser(_count), "metavar": "N"}
