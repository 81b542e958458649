"""`perceptron ...` on the command line: parse, call, print or save. No numerics here."""

from __future__ import annotations

import sys
from pathlib import Path

from perceptron.base import interrupt

if __name__ == "__main__" or Path(sys.argv[0]).stem == "perceptron":  # the process is this command
    interrupt.begin()  # before the slow imports, so that Ctrl-C is not lost on them

import importlib
import time
from typing import Annotated

import typer
from rich.table import Table

from perceptron.base import console as report
from perceptron.base.command_line import Commands
from perceptron.base.files import check_place
from perceptron.base.sweep import executor_of
from perceptron.cli import instance as instance_cli
from perceptron.cli import models as models_cli
from perceptron.cli import theory as theory_cli
from perceptron.cli.options import Jobs, Json

app = typer.Typer(
    cls=Commands,
    help="Binary perceptrons: theory of typical solutions, one instance (solve, bp, enumerate), figures.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def _before_a_command(context: typer.Context) -> None:
    """Hear Ctrl-C from here on, and one that came before; a study takes care of it itself."""
    if context.invoked_subcommand != "study":
        interrupt.hear()


theory_cli.register(app)


@app.command()
def figure(
    name: Annotated[
        str,
        typer.Argument(
            help="W2, W3, W4, phase-diagram, local-entropies, alpha-u, stabilities, margins, sampled-local-entropy,"
            " models, committees, H1a, H1b, H2a, H2c, H3, H7, relaxation, entropic-advantage, or all."
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder of the pictures and their data.")] = Path("results"),
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Compute the data of a figure, save it with its provenance, and draw it as PNG and PDF."""
    check_place("output", output, folder=True)
    module = importlib.import_module("figures.wide_flat_minima")
    start = time.perf_counter()
    with executor_of(jobs) as executor, report.sweep_progress(f"figure {name}") as progress:
        written, status = module.make(name, output, executor, progress)
    table = Table(title=f"figure {name}: {status.name}", title_justify="left")
    table.add_column("written")
    for path in written:
        table.add_row(str(path))
    result = {"status": status, "files": [str(path) for path in written], "seconds": time.perf_counter() - start}
    report.emit(result, table, as_object=json, output=None)


instance_cli.register(app)
models_cli.register(app)


def main() -> None:
    """Entry point."""
    report.run_command(app)


if __name__ == "__main__":
    main()
