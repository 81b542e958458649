"""`perceptron models` on the command line."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from perceptron.base import console as report
from perceptron.base.command_line import REAL
from perceptron.cli.options import Json, Output

if TYPE_CHECKING:
    from perceptron.theory.overview import Model

__all__ = ["register"]

CAPTION = (
    "Every load is that of the replica-symmetric saddle; beside it whether this saddle is locally stable there, and its"
    " replicon, stable below 1. Where it is unstable replica symmetry is broken and the load is not that of the model:"
    " for spherical weights an upper bound."
)
SYMBOLS = {"alpha_perfect": "α_perfect", "alpha_spinodal": "α_spinodal"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(models)


def models(
    margin: Annotated[float, typer.Option("--margin", help="Margin κ of the models that have one.", **REAL)] = 0.0,
    half_width: Annotated[float, typer.Option("--half-width", help="K of the symmetric perceptron.", **REAL)] = 1.0,
    json: Json = False,
    output: Output = None,
) -> None:
    """Capacities and transitions of all models, beside closed forms and the literature."""
    from perceptron.theory.overview import models as all_models

    report.check_output(output, ".json")
    start = time.perf_counter()
    with report.working("models (the first run compiles)"):
        rows = all_models(margin, half_width)
    objects = [
        {
            "model": row.name,
            "weights": row.weights,
            "constraint": row.constraint,
            row.quantity: row.load,
            "ansatz": row.ansatz,
            "replicon": row.load.replicon,
            "stable": row.load.is_stable,
            "reference": row.reference,
            "source": row.source,
        }
        for row in rows
    ]
    status = report.worst_status({str(k): row.load for k, row in enumerate(rows)})
    result = {"status": status, "margin": margin, "half_width": half_width, "models": objects}
    title = f"Models at κ = {margin:g}, K = {half_width:g}: capacity α_c unless another load is named"
    report.emit(result | {"seconds": time.perf_counter() - start}, _table(title, rows), as_object=json, output=output)


def _table(title: str, rows: tuple[Model, ...]) -> Table:
    table = Table(title=title, title_justify="left", caption=CAPTION, caption_justify="left")
    for column in ("model", "value", "error", "replica symmetry", "reference"):
        table.add_column(column, no_wrap=column != "model")
    for row in rows:
        number = "" if math.isnan(row.reference) else f"{row.reference:.7g}"
        stability = "" if math.isnan(row.load.replicon) else f"{row.stability}, {row.load.replicon:.4g}"
        value, error = report.cells(row.load)
        what = "" if row.quantity == "alpha_c" else f", {SYMBOLS[row.quantity]}"
        table.add_row(f"{row.name}: {row.constraint}{what}", value, error, stability, number)
    return table
