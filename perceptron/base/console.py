"""How results reach the user: one JSON object or rich tables."""

from __future__ import annotations

import io
import json
import math
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.status import Status as Spinner
from rich.table import Table

from perceptron.base.files import check_place, write_atomically
from perceptron.base.results import ConvergenceError, Estimate, Solution, Status, worst

__all__ = [
    "as_json",
    "cells",
    "check_output",
    "emit",
    "growing_table",
    "note_on_entropies",
    "print_table",
    "quantity_table",
    "run_command",
    "shortened",
    "stability",
    "sweep_progress",
    "working",
    "worst_status",
]


WIDE = 10_000  # columns of a file or a pipe
LONGEST_MESSAGE, SHORTEST_WORD = 300, 40
NEGATIVE_ENTROPY = "a negative entropy counts nothing: typically there is no such configuration"


def as_json(value: Any) -> Any:
    """Quantities become {"value", "error"} (with a status where there is none), statuses their names, nan null."""
    if isinstance(value, Solution):
        quantity = {"value": as_json(value.value), "error": as_json(value.error)}
        return quantity if value.status is Status.CONVERGED else quantity | {"status": value.status.name}
    if isinstance(value, Estimate):
        return {"value": as_json(value.value), "error": as_json(value.error)}
    if isinstance(value, Status):
        return value.name
    if isinstance(value, Mapping):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def worst_status(quantities: Mapping[str, Any]) -> Status:
    """The worst status among the quantities that have one."""
    return worst(value.status for value in quantities.values() if isinstance(value, Solution))


def stability(quantities: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """For each root with a saddle behind it: the largest replicon, null where infinite, and whether it is stable."""
    found = {name: value for name, value in quantities.items() if getattr(value, "is_stable", None) is not None}
    flags = {name: value.is_stable for name, value in found.items()}
    return {"replicon": {name: value.replicon for name, value in found.items()}, "stable": flags}


def note_on_entropies(values: Iterable[float]) -> str | None:
    """What a negative entropy means, where one of the values is negative; None where none is."""
    return NEGATIVE_ENTROPY if any(value < 0.0 for value in values) else None


def check_output(output: Path | None, *endings: str) -> None:
    """Refuse a file name before anything is computed for it."""
    if output is None:
        return
    if output.suffix not in endings:
        raise ValueError(f"output = {str(output)!r} is not usable; allowed: a name ending in {', '.join(endings)}")
    check_place("output", output)


def emit(result: Mapping[str, Any], table: Table, *, as_object: bool, output: Path | None) -> None:
    """Print the JSON object, or the table; with an output file write the object there too."""
    text = json.dumps(as_json(result), indent=2, ensure_ascii=False)
    if output is not None:
        write_atomically(output, text.encode() + b"\n")
    if as_object:
        print(text)
    else:
        print_table(table)


def print_table(table: Table) -> None:
    """Print a table with every value whole: folded in a terminal, on lines as long as needed in a file or a pipe."""
    for column in table.columns:
        column.overflow = "fold"
    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console = Console(markup=False, highlight=False, width=WIDE)
    console.print(table)


def quantity_table(title: str, rows: list[tuple[str, Any, str]], last_column: str = "") -> Table:
    """Rows of (name, quantity, remark) with value and error."""
    table = Table(title=title, title_justify="left")
    table.add_column("quantity")
    table.add_column("value", justify="right")
    table.add_column("error", justify="right")
    if last_column:
        table.add_column(last_column, justify="right")
    for name, quantity, remark in rows:
        table.add_row(name, *cells(quantity), *([remark] if last_column else []))
    return table


def cells(quantity: Any) -> tuple[str, str]:
    """Value and error of a quantity as text; its status where it has none."""
    if isinstance(quantity, Solution) and quantity.status is not Status.CONVERGED:
        return quantity.status.name, ""
    if isinstance(quantity, Solution | Estimate):
        return f"{quantity.value:.10f}", f"{quantity.error:.0e}"
    return f"{quantity:.10f}" if isinstance(quantity, float) else str(quantity), ""


def run_command(app: Callable[[], Any]) -> None:
    """Run a command line: bad input exits with 2, anything else that fails with 1, and one line on standard error.

    What the encoding of the output lacks is replaced. A reader that stops reading ends the command quietly. Pictures
    are drawn into files whatever the environment says of matplotlib.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    os.environ["MPLBACKEND"] = "agg"
    try:
        app()
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python still flushes at its end
    except ValueError as error:
        _say(f"error: {error}")
        sys.exit(2)
    except (ArithmeticError, ConvergenceError, MemoryError, OSError) as error:
        _say(f"failed: {error}")
        sys.exit(1)


def _say(text: str) -> None:
    Console(stderr=True).print(shortened(text), style="red", markup=False, highlight=False, soft_wrap=True)


def shortened(text: str, most: int = LONGEST_MESSAGE) -> str:
    """A message of at most so many characters: its longest words lose their middle, then the message does."""
    while len(text) > most:
        longest = max(text.split(), key=len)
        kept = max(SHORTEST_WORD, len(longest) - (len(text) - most) - 1)
        if kept >= len(longest):
            return text[: most // 2 - 1] + "…" + text[len(text) - most // 2 :]
        text = text.replace(longest, longest[: kept // 2] + "…" + longest[len(longest) - (kept - kept // 2) + 1 :])
    return text


@contextmanager
def growing_table(label: str) -> Iterator[Callable[[Table], None]]:
    """On standard error, while a command runs: a spinner, and above it the table given last; gone at the end."""
    spinner = Spinner(label, console=Console(stderr=True))
    with Live(spinner.renderable, console=Console(stderr=True), transient=True) as live:
        yield lambda table: live.update(Group(table, spinner.renderable))


def working(label: str) -> Spinner:
    """A spinner on standard error while something of unknown length runs."""
    return Console(stderr=True).status(label)


@contextmanager
def sweep_progress(label: str) -> Iterator[Any]:
    """A progress bar on standard error; yields a function of (number finished, number of tasks)."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(label, total=None)
        yield lambda finished, total: bar.update(task, completed=finished, total=total)
