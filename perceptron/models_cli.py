"""`perceptron models` on the command line."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from perceptron import report
from perceptron.command_line import REAL

__all__ = ["register"]

SYMBOLS = {"alpha_c": "α_c", "alpha_perfect": "α_perfect", "alpha_spinodal": "α_spinodal"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(models)


def models(
    margin: Annotated[float, typer.Option("--margin", help="Margin κ of the models that have one.", **REAL)] = 0.0,
    half_width: Annotated[float, typer.Option("--half-width", help="K of the symmetric perceptron.", **REAL)] = 1.0,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", help="Also write the JSON object to this .json file.")
    ] = None,
) -> None:
    """Capacities and transitions of all models, beside closed forms and the literature."""
    from perceptron.theory.models import models as all_models  # noqa: PLC0415

    report.check_output(output, ".json")
    start = time.perf_counter()
    with report.working("models (the first run compiles)"):
        rows = all_models(margin, half_width)
    table = Table(title=f"Models at κ = {margin:g}, K = {half_width:g}", title_justify="left")
    for column in ("model", "load", "value", "error", "reference"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        number = "" if math.isnan(row.reference) else f"{row.reference:.7g}"
        table.add_row(f"{row.name}: {row.constraint}", SYMBOLS[row.quantity], *report.cells(row.load), number)
    objects = [
        {
            "model": row.name,
            "weights": row.weights,
            "constraint": row.constraint,
            row.quantity: row.load,
            "reference": row.reference,
            "source": row.source,
        }
        for row in rows
    ]
    status = report.worst_status({str(k): row.load for k, row in enumerate(rows)})
    result = {"status": status, "margin": margin, "half_width": half_width, "models": objects}
    report.emit(result | {"seconds": time.perf_counter() - start}, table, as_object=json, output=output)
