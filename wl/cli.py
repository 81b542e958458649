"""`wl ...` on the command line: parse, call, print or plot. No numerics here."""

from __future__ import annotations

import importlib
import json as json_module
import math
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from perceptron.report import as_json, run_command
from perceptron.solution import Status
from wl.catalogue import MakeOptions, make_system
from wl.drive import Every, drive, summary
from wl.goal import Goal
from wl.grid import Range, names_of
from wl.run import Plan, cap_of
from wl.run_directory import RunDirectory, create, open_directory
from wl.settings import settings_for

app = typer.Typer(
    help="Densities of states by flat-histogram sampling: Ising, binary perceptrons, systems of your own.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _count(text: str) -> int:
    """An integer, also written as 1e8."""
    try:
        number = float(text)
        whole = int(text) if text.strip().lstrip("+-").isdigit() else int(number)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r} is not a whole number; allowed: as 100000000 or 1e8") from None
    if whole != number:
        raise typer.BadParameter(f"{text!r} is not a whole number; allowed: as 100000000 or 1e8")
    return whole


Steps = Annotated[
    int | None,
    typer.Option(parser=_count, metavar="N", help="Trials of all walkers, the frozen finish included; as 1e8."),
]
Time = Annotated[float | None, typer.Option("--time", help="Seconds of sampling.")]
Until = Annotated[str | None, typer.Option(help="converged: go on until the convergence report is clean.")]
Tolerance = Annotated[float, typer.Option(help="Standard error of ln g that counts as converged.")]
NewTolerance = Annotated[float | None, typer.Option(help="Another tolerance; the run's own unless given.")]
Jobs = Annotated[int, typer.Option("--jobs", min=1, help="Threads; the result does not depend on them.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Directory = Annotated[Path, typer.Argument(help="Directory of a run.")]
CheckpointSteps = Annotated[
    int | None, typer.Option(parser=_count, metavar="N", help="Trials between checkpoints; changes no result.")
]
CheckpointSeconds = Annotated[float, typer.Option(help="Seconds between checkpoints; changes no result.")]
WINDOW_HELP = (
    "A=lowest:highest[:width], repeatable. Ends are levels of an integer variable, finite edges of a real one;"
    " :open-below, :open-above or :open at the end lets the outermost bins hold all that lies beyond."
)
OPEN_ENDS = {"open-below": (True, False), "open-above": (False, True), "open": (True, True)}


@app.command()
def run(
    system: Annotated[str, typer.Argument(help="ising, perceptron, free-spins or quadratic.")],
    output: Annotated[Path | None, typer.Option(help="Directory of the run; results/SYSTEM unless given.")] = None,
    steps: Steps = None,
    seconds: Time = None,
    until: Until = None,
    tolerance: Tolerance = 0.05,
    size: Annotated[int | None, typer.Option(help="ising: L.")] = None,
    n: Annotated[int | None, typer.Option("--n", help="perceptron, free-spins: N.")] = None,
    alpha: Annotated[float | None, typer.Option(help="perceptron: load α; P = floor(αN + ½).")] = None,
    n_patterns: Annotated[int | None, typer.Option(help="perceptron: P, in place of α.")] = None,
    patterns: Annotated[Path | None, typer.Option(help="perceptron: file of ±1 (npy, npz).")] = None,
    margin: Annotated[float, typer.Option(help="perceptron: margin κ.")] = 0.0,
    reference: Annotated[
        Path | None, typer.Option(help="perceptron: weights file; adds the Hamming distance to it.")
    ] = None,
    dimensions: Annotated[str | None, typer.Option(help="quadratic: dimensions of the two blocks, as 4,4.")] = None,
    data_seed: Annotated[int, typer.Option(help="Draws the instance.")] = 1,
    seed: Annotated[int, typer.Option(help="Drives the sampling.")] = 1,
    variables: Annotated[str | None, typer.Option(help="One or two variables, A[,B].")] = None,
    window: Annotated[list[str] | None, typer.Option(help=WINDOW_HELP)] = None,
    walkers: Annotated[int | None, typer.Option(help="Walkers a window.")] = None,
    windows: Annotated[int, typer.Option(help="Windows along the first variable, with replica exchange.")] = 1,
    runs: Annotated[int, typer.Option(help="Independent runs.")] = 1,
    schedule: Annotated[str | None, typer.Option(help="Schedule of ln f; the system's own unless given.")] = None,
    jobs: Jobs = 1,
    checkpoint_steps: CheckpointSteps = None,
    checkpoint_seconds: CheckpointSeconds = 10.0,
    overwrite: Annotated[bool, typer.Option(help="Replace a run that is there.")] = False,
    json: Json = False,
) -> None:
    """Sample a density of states into a directory; exactly one of --steps, --time and --until says when to stop."""
    goal, every = _goal(steps, seconds, until, tolerance), Every(checkpoint_steps, checkpoint_seconds)
    names = names_of(variables) if variables else []
    options = MakeOptions(size, n, alpha, n_patterns, patterns, margin, reference, dimensions, data_seed, tuple(names))
    made = make_system(system, options)
    chosen: dict[str, Any] = {"n_windows": windows, "n_walkers": walkers}
    if walkers is None:
        chosen["n_walkers"] = 2 if windows > 1 else 1
    if schedule is not None:
        chosen["schedule"] = schedule
    sampled = tuple(names) or made.default_variables
    plan = Plan(
        made,
        sampled,
        settings_for(made, sampled, **chosen),
        goal,
        seed,
        runs,
        _windows(window or []),
        cap_of(made, data_seed),
    )
    directory = create(output or Path("results") / made.name, plan, overwrite=overwrite)
    try:
        _drive(directory, jobs, every, json)
    except ValueError:  # as of a window that no state reaches
        directory.remove_unless_begun()
        raise


@app.command()
def resume(
    directory: Directory,
    jobs: Jobs = 1,
    checkpoint_steps: CheckpointSteps = None,
    checkpoint_seconds: CheckpointSeconds = 10.0,
    json: Json = False,
) -> None:
    """Go on to the goal the run was given; a finished run is left as it is."""
    every = Every(checkpoint_steps, checkpoint_seconds)
    _drive(open_directory(directory), jobs, every, json)


@app.command()
def extend(
    directory: Directory,
    steps: Steps = None,
    seconds: Time = None,
    until: Until = None,
    tolerance: NewTolerance = None,
    jobs: Jobs = 1,
    checkpoint_steps: CheckpointSteps = None,
    checkpoint_seconds: CheckpointSeconds = 10.0,
    json: Json = False,
) -> None:
    """Give a run more trials or seconds, or another goal, and go on."""
    every, opened = Every(checkpoint_steps, checkpoint_seconds), open_directory(directory)
    more = _goal(steps, seconds, until, opened.plan.goal.tolerance if tolerance is None else tolerance)
    opened.extend(more)
    _drive(opened, jobs, every, json)


@app.command()
def status(directory: Directory, json: Json = False) -> None:
    """How far a run is, by its last checkpoint; also while it runs."""
    opened = open_directory(directory)
    found, goal = opened.progress(), opened.plan.goal
    state, landscape = opened.state(), opened.landscape()
    _print(
        {
            "status": state,
            "steps": found.steps,
            "seconds": found.seconds,
            "round_trips": found.round_trips,
            "log_total": opened.plan.grid().log_total(opened.plan.system),
            "system": opened.plan.system.name,
            "goal": {"steps": goal.steps, "seconds": goal.seconds, "converged": goal.converged},
            "landscape": None if landscape is None else landscape.attrs["status"],
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
    if target.suffix not in (".png", ".pdf"):
        raise ValueError(f"output = {str(target)!r} is not usable; allowed: a name ending in .png, .pdf")
    from wl.landscape import load_landscape  # noqa: PLC0415

    landscape = load_landscape(source)
    importlib.import_module("wl.plots").save_landscape_plot(target, landscape)
    _print({"status": landscape.attrs["status"], "file": str(target), "report": landscape.attrs["report"]}, json)


@app.command()
def merge(
    directories: Annotated[list[Path], typer.Argument(help="Directories of runs with different seeds.")],
    output: Annotated[Path, typer.Option(help="NetCDF file of the merged landscape.")],
    json: Json = False,
) -> None:
    """Combine independent runs of one system, grid and data set."""
    from wl.merge import merge_landscapes  # noqa: PLC0415

    if output.suffix != ".nc":
        raise ValueError(f"output = {str(output)!r} is not usable; allowed: a name ending in .nc")
    merged = merge_landscapes(directories, output)
    _print({"status": merged.attrs["status"], "file": str(output), "runs": int(merged.sizes["run"])}, json)


def _drive(directory: RunDirectory, jobs: int, every: Every, as_object: bool) -> None:
    finished, dataset = drive(directory, jobs, every, _note)
    _print(summary(finished, dataset) | {"directory": str(directory.path)}, as_object)


def _note(text: str) -> None:
    Console(stderr=True).print(f"note: {text}", markup=False, highlight=False, soft_wrap=True)


def _print(found: dict[str, Any], as_object: bool) -> None:
    if as_object:
        print(json_module.dumps(as_json(found), indent=2, ensure_ascii=False))
        return
    console = Console()
    for name, value in found.items():
        text = value.name if isinstance(value, Status) else value
        console.print(f"{name}: {text}", markup=False, highlight=False, soft_wrap=True)


def _goal(steps: int | None, seconds: float | None, until: str | None, tolerance: float) -> Goal:
    if until not in (None, "converged"):
        raise ValueError(f"--until = {until!r} is not known; allowed: converged")
    return Goal(steps, seconds, until is not None, tolerance)


def _windows(texts: list[str]) -> dict[str, Range]:
    ranges: dict[str, Range] = {}
    for text in texts:
        name, window = _window(text)
        if name in ranges:
            raise ValueError(f"--window of {name} is given twice; allowed: once")
        ranges[name] = window
    return ranges


def _window(text: str) -> tuple[str, Range]:
    """A=lowest:highest[:width][:open-below | :open-above | :open]."""
    name, sign, body = text.partition("=")
    parts = body.split(":")
    ends = OPEN_ENDS[parts.pop()] if parts[-1] in OPEN_ENDS else (False, False)
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if not sign or len(numbers) not in (2, 3) or any(math.isnan(number) for number in numbers):
        raise ValueError(f"--window = {text!r} is not usable; allowed: {WINDOW_HELP.partition(',')[0]}, in numbers")
    width = numbers[2] if len(numbers) == 3 else None
    return name.strip(), Range(numbers[0], numbers[1], width, *ends)


def main() -> None:
    """Entry point."""
    run_command(app)


if __name__ == "__main__":
    main()
