"""`wl ...` on the command line: parse, call, print or plot. No numerics here."""

from __future__ import annotations

import sys
from pathlib import Path

from perceptron.base import interrupt

if __name__ == "__main__" or Path(sys.argv[0]).stem == "wl":  # the process is this command
    interrupt.begin()  # before the slow imports, so that Ctrl-C is not lost on them

import importlib
from typing import Annotated

import typer

from perceptron.base.command_line import REAL, Commands
from perceptron.base.console import check_output, run_command
from wl.cli import relax as relax_cli
from wl.cli import run as run_cli
from wl.cli import train as train_cli
from wl.cli.options import (
    CheckpointSeconds,
    CheckpointSteps,
    Directory,
    Jobs,
    Json,
    Steps,
    Time,
    Until,
    check_end,
    drive_and_print,
    goal_of,
    print_found,
)

app = typer.Typer(
    cls=Commands,
    help="Densities of states by flat-histogram sampling: Ising, binary perceptrons, networks, your own systems.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


NewTolerance = Annotated[float | None, typer.Option(help="Another tolerance; the run's own unless given.", **REAL)]

run_cli.register(app)


@app.callback()
def _before_a_command() -> None:
    """Hear Ctrl-C from here on, and one that came before."""
    interrupt.hear()


@app.command()
def resume(
    directory: Directory,
    jobs: Jobs = 1,
    checkpoint_steps: CheckpointSteps = None,
    checkpoint_seconds: CheckpointSeconds = 10.0,
    json: Json = False,
) -> None:
    """Go on to the goal the run was given; a finished run is left as it is."""
    from wl.runs.directory import open_directory
    from wl.runs.driver import Every

    every = Every(checkpoint_steps, checkpoint_seconds)
    drive_and_print(open_directory(directory), jobs, every, json)


@app.command()
def extend(
    directory: Directory,
    steps: Steps = None,
    seconds: Time = None,
    until: Until = None,
    tolerance: NewTolerance = None,
    explore: Annotated[
        bool, typer.Option(help="Take in new bins again: weights are learned again, and the frozen walk begins anew.")
    ] = False,
    jobs: Jobs = 1,
    checkpoint_steps: CheckpointSteps = None,
    checkpoint_seconds: CheckpointSeconds = 10.0,
    json: Json = False,
) -> None:
    """Give a run more trials or seconds, or another goal, and go on."""
    from wl.runs.directory import open_directory
    from wl.runs.driver import Every

    every, opened = Every(checkpoint_steps, checkpoint_seconds), open_directory(directory)
    more = goal_of(steps, seconds, until, opened.plan.goal.tolerance if tolerance is None else tolerance)
    if explore or not opened.progress().stage.startswith("frozen"):
        check_end(more, opened.plan.settings)
    opened.extend(more, explore=explore)
    drive_and_print(opened, jobs, every, json)


@app.command()
def status(directory: Directory, json: Json = False) -> None:
    """How far a run is, by its last checkpoint; also while it runs."""
    from wl.runs.directory import open_directory
    from wl.runs.driver import solutions_in

    opened = open_directory(directory)
    found, goal = opened.progress(), opened.plan.goal
    state, (landscape, problem) = opened.state(), opened.usable_landscape()
    known = opened.plan.grid().log_total(opened.plan.system)
    print_found(
        {
            "status": state,
            "stage": found.stage,
            "steps": found.steps,
            "seconds": found.seconds,
            "round_trips": found.round_trips,
            "log_total": known if landscape is None else landscape.attrs["log_total"],
            "system": opened.plan.system.name,
            "goal": {"steps": goal.steps, "seconds": goal.seconds, "converged": goal.converged},
            "landscape": problem or (None if landscape is None else landscape.attrs["status"]),
            **({} if landscape is None else solutions_in(landscape)),
            "checksum": None if landscape is None else "checksum" in landscape.attrs,
        },
        json,
    )


@app.command()
def plot(
    directory: Annotated[Path, typer.Argument(help="Directory of a run, or a landscape.nc.")],
    output: Annotated[
        Path | None, typer.Option(help="Picture (.png, .pdf); beside the landscape unless given.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw a landscape with its errors, the trace and the convergence report."""
    source = directory / "landscape.nc" if directory.is_dir() else directory
    target = output or source.with_suffix(".png")
    check_output(target, ".png", ".pdf")
    from wl.landscape.build import load_landscape

    landscape = load_landscape(source)
    importlib.import_module("wl.analysis.plots").save_landscape_plot(target, landscape)
    print_found({"status": landscape.attrs["status"], "file": str(target), "report": landscape.attrs["report"]}, json)


@app.command()
def merge(
    directories: Annotated[list[Path], typer.Argument(help="Directories of runs with different seeds.")],
    output: Annotated[Path, typer.Option(help="NetCDF file of the merged landscape.")],
    json: Json = False,
) -> None:
    """Combine independent runs of one system, grid and data set."""
    from wl.landscape.merge import merge_landscapes

    if output.suffix != ".nc":
        raise ValueError(f"output = {str(output)!r} is not usable; allowed: a name ending in .nc")
    merged = merge_landscapes(directories, output)
    print_found({"status": merged.attrs["status"], "file": str(output), "runs": int(merged.sizes["run"])}, json)


train_cli.register(app)
relax_cli.register(app)


def main() -> None:
    """Entry point."""
    run_command(app)


if __name__ == "__main__":
    main()
