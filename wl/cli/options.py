"""Options that commands share, and what they do with a run. No numerics here."""

from __future__ import annotations

import json as json_module
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from perceptron.base.command_line import COUNT, JOBS, REAL, WHOLE
from perceptron.base.console import as_json
from perceptron.base.results import Solution, Status

if TYPE_CHECKING:
    from wl.engine.settings import Settings
    from wl.runs.directory import RunDirectory
    from wl.runs.driver import Every
    from wl.runs.goal import Goal

__all__ = [
    "Activation",
    "Box",
    "CheckpointSeconds",
    "CheckpointSteps",
    "Data",
    "DataSeed",
    "Directory",
    "Embedding",
    "EvenTestRadii",
    "Friction",
    "Head",
    "Hidden",
    "HillWidth",
    "Jobs",
    "Json",
    "Leaps",
    "Points",
    "SamplerName",
    "SplitColumn",
    "Standardise",
    "Steps",
    "Target",
    "TestPoints",
    "Time",
    "TimeStep",
    "TrainPoints",
    "Until",
    "Width",
    "check_end",
    "drive_and_print",
    "goal_of",
    "print_found",
]


Steps = Annotated[
    int | None,
    typer.Option(help="Trials of all walkers, the frozen finish included; as 1e8.", **COUNT),
]
Time = Annotated[float | None, typer.Option("--time", help="Seconds of sampling.", **REAL)]
Until = Annotated[str | None, typer.Option(help="converged: go on until the convergence report is clean.")]
Jobs = Annotated[int, typer.Option("--jobs", help="Threads; the result does not depend on them.", **JOBS)]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Directory = Annotated[Path, typer.Argument(help="Directory of a run.")]
CheckpointSteps = Annotated[int | None, typer.Option(help="Trials between checkpoints; changes no result.", **COUNT)]
Hidden = Annotated[
    str | None,
    typer.Option(help="networks: widths of the hidden layers, as 8,8; 8,8,8,8 for spiral and tables unless given."),
]
Width = Annotated[
    int | None,
    typer.Option(
        help="networks of one width: W; spiral-regression 30 (twice), house-prices 20, polymer 50 unless given.",
        **WHOLE,
    ),
]
Activation = Annotated[
    str | None,
    typer.Option(help="networks: relu, tanh or silu; tanh for spiral-regression, silu for polymer, else relu."),
]
Head = Annotated[
    str | None,
    typer.Option(help="networks: logistic, softmax or linear; logistic for spiral and tables, else linear."),
]
Box = Annotated[str | None, typer.Option(help="networks: half width of the box, or one for each layer; 2/√W.")]
Points = Annotated[
    int | None,
    typer.Option(help="spiral-regression: points to train on, and as many to test on: 50, 100, 250.", **WHOLE),
]
TrainPoints = Annotated[
    int | None, typer.Option(help="spirals: points to train on, of each class of the spiral.", **WHOLE)
]
TestPoints = Annotated[
    int | None, typer.Option(help="spirals: points to test on, of each class of the spiral.", **WHOLE)
]
DataSeed = Annotated[
    int | None, typer.Option(help="Draws the instance, the data set, or the rows to train on; 1.", **WHOLE)
]
EvenTestRadii = Annotated[bool, typer.Option("--even-test-radii", help="spiral: test points at evenly spaced radii.")]
Data = Annotated[str | None, typer.Option(help="house-prices, polymer: local file of the table.")]
Embedding = Annotated[str | None, typer.Option(help="polymer: local file, .npy, or .npz[:NAME of an array].")]
Target = Annotated[str | None, typer.Option(help="table: target column; several for the linear head.")]
SplitColumn = Annotated[str | None, typer.Option(help="table: column that says train or test.")]
Standardise = Annotated[bool, typer.Option("--standardise", help="table: scale features.")]
SamplerName = Annotated[
    str | None,
    typer.Option(
        "--sampler",
        help="networks, quadratic: monte-carlo, langevin, baoab or hmc; langevin for spiral-regression,"
        " house-prices and polymer. Steps are evaluations of the force then.",
    ),
]
TimeStep = Annotated[
    float | None,
    typer.Option(
        help="forces: time step, where hmc begins; of the others it adapts while learning unless given.", **REAL
    ),
]
Friction = Annotated[float | None, typer.Option(help="langevin, baoab: friction of a step, from 0 to 1.", **REAL)]
Leaps = Annotated[int | None, typer.Option(help="hmc: steps of a trajectory.", **WHOLE)]
HillWidth = Annotated[float | None, typer.Option(help="forces: standard deviation of the hills.", **REAL)]
CheckpointSeconds = Annotated[float, typer.Option(help="Seconds between checkpoints; changes no result.", **REAL)]


def drive_and_print(directory: RunDirectory, jobs: int, every: Every, as_object: bool) -> None:
    """Run to the goal and print what was found."""
    from wl.runs.driver import drive, summary

    finished, dataset = drive(directory, jobs, every, _note)
    print_found(summary(finished, dataset) | {"directory": str(directory.path)}, as_object)


def _note(text: str) -> None:
    Console(stderr=True).print(f"note: {text}", markup=False, highlight=False, soft_wrap=True)


def print_found(found: dict[str, Any], as_object: bool) -> None:
    """Print a line for every entry, or one JSON object."""
    if as_object:
        print(json_module.dumps(as_json(found), indent=2, ensure_ascii=False))
        return
    console = Console()
    for name, value in found.items():
        text = _as_text(value)
        console.print(f"{name}: {text}", markup=False, highlight=False, soft_wrap=True)


def _as_text(value: Any) -> str:
    if isinstance(value, Status):
        return value.name
    if isinstance(value, Solution):
        return f"{value.value:.8g} ± {value.error:.1g}" if math.isfinite(value.value) else value.status.name
    return str(value)


def check_end(goal: Goal, settings: Settings) -> None:
    """Refuse to wait for convergence where weights never freeze.

    Raises
    ------
    ValueError
        Naming the schedule.
    """
    from wl.engine.settings import ENDLESS

    if goal.converged and settings.schedule in ENDLESS:
        found = f"--until converged is never met with schedule = {settings.schedule!r}, which never freezes"
        raise ValueError(f"{found}; allowed: --steps or --time")


def goal_of(steps: int | None, seconds: float | None, until: str | None, tolerance: float) -> Goal:
    """Goal of the three options.

    Raises
    ------
    ValueError
        Unless exactly one is given, and `until` is "converged".
    """
    from wl.runs.goal import Goal

    if until not in (None, "converged"):
        raise ValueError(f"--until = {until!r} is not known; allowed: converged")
    return Goal(steps, seconds, until is not None, tolerance)
