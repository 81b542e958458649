"""`wl run`: a new run in a directory. No numerics here."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perceptron.base.checks import read_real
from perceptron.base.command_line import REAL, WHOLE
from wl.cli.options import (
    Activation,
    Box,
    CheckpointSeconds,
    CheckpointSteps,
    Data,
    DataSeed,
    Embedding,
    EvenTestRadii,
    Friction,
    Head,
    Hidden,
    HillWidth,
    Jobs,
    Json,
    Leaps,
    Points,
    SamplerName,
    SplitColumn,
    Standardise,
    Steps,
    Target,
    TestPoints,
    Time,
    TimeStep,
    TrainPoints,
    Until,
    Width,
    check_end,
    drive_and_print,
    goal_of,
)
from wl.cli.systems import MakeOptions, make_system

if TYPE_CHECKING:
    from wl.interface.grid import Range
    from wl.interface.system import System
    from wl.tasks.dynamics_presets import DynamicsOptions

__all__ = ["register", "run"]

WINDOW_HELP = (
    "A=lowest:highest[:width], repeatable. Ends are levels of an integer variable, finite edges of a real one;"
    " :open-below, :open-above or :open at the end lets the outermost bins hold all that lies beyond."
)
OPEN_ENDS = {"open-below": (True, False), "open-above": (False, True), "open": (True, True)}


def run(
    system: Annotated[
        str,
        typer.Argument(
            help="ising, perceptron, free-spins, quadratic; networks on spiral, spiral-regression, house-prices,"
            " polymer, table (.csv, .npz)."
        ),
    ],
    output: Annotated[Path | None, typer.Option(help="Directory of the run; results/SYSTEM unless given.")] = None,
    steps: Steps = None,
    seconds: Time = None,
    until: Until = None,
    tolerance: Annotated[float, typer.Option(help="Standard error of ln g that counts as converged.", **REAL)] = 0.05,
    size: Annotated[int | None, typer.Option(help="ising: L.", **WHOLE)] = None,
    n: Annotated[int | None, typer.Option("--n", help="perceptron, free-spins: N.", **WHOLE)] = None,
    alpha: Annotated[float | None, typer.Option(help="perceptron: load α; P = floor(αN + ½).", **REAL)] = None,
    n_patterns: Annotated[int | None, typer.Option(help="perceptron: P, in place of α.", **WHOLE)] = None,
    patterns: Annotated[Path | None, typer.Option(help="perceptron: file of ±1 (npy, npz).")] = None,
    margin: Annotated[float | None, typer.Option(help="perceptron: margin κ; 0 unless given.", **REAL)] = None,
    reference: Annotated[
        Path | None, typer.Option(help="perceptron: weights file; adds the Hamming distance to it.")
    ] = None,
    dimensions: Annotated[str | None, typer.Option(help="quadratic: dimensions of the two blocks, as 4,4.")] = None,
    hidden: Hidden = None,
    width: Width = None,
    activation: Activation = None,
    head: Head = None,
    box: Box = None,
    precision: Annotated[str | None, typer.Option(help="networks: float32 or float64.")] = None,
    points: Points = None,
    train_points: TrainPoints = None,
    test_points: TestPoints = None,
    even_test_radii: EvenTestRadii = False,
    data: Data = None,
    embedding: Embedding = None,
    target: Target = None,
    split: SplitColumn = None,
    standardise: Standardise = False,
    starts: Annotated[
        Path | None,
        typer.Option(help="networks: file of `wl train`; every second of several runs starts from its networks."),
    ] = None,
    data_seed: DataSeed = None,
    seed: Annotated[int, typer.Option(help="Drives the sampling.", **WHOLE)] = 1,
    variables: Annotated[str | None, typer.Option(help="One or two variables, A[,B].")] = None,
    window: Annotated[list[str] | None, typer.Option(help=WINDOW_HELP)] = None,
    walkers: Annotated[int | None, typer.Option(help="Walkers a window.", **WHOLE)] = None,
    windows: Annotated[int, typer.Option(help="Windows along the first variable, with replica exchange.", **WHOLE)] = 1,
    runs: Annotated[int, typer.Option(help="Independent runs.", **WHOLE)] = 1,
    preset: Annotated[
        str, typer.Option(help="default, or paper: stages of 3.2e6 trials that never freeze, steps as in the paper.")
    ] = "default",
    schedule: Annotated[str | None, typer.Option(help="Schedule of ln f; the system's own unless given.")] = None,
    sampler: SamplerName = None,
    time_step: TimeStep = None,
    friction: Friction = None,
    leaps: Leaps = None,
    hill_width: HillWidth = None,
    jobs: Jobs = 1,
    checkpoint_steps: CheckpointSteps = None,
    checkpoint_seconds: CheckpointSeconds = 10.0,
    overwrite: Annotated[bool, typer.Option(help="Replace a run that is there.")] = False,
    json: Json = False,
) -> None:
    """Sample a density of states into a directory; exactly one of --steps, --time and --until says when to stop."""
    from wl.engine.settings import settings_for
    from wl.interface.grid import names_of
    from wl.runs.directory import create
    from wl.runs.driver import Every
    from wl.runs.run import Plan, cap_of
    from wl.tasks.dynamics_presets import DynamicsOptions
    from wl.tasks.options import DATA_SEED, TaskOptions
    from wl.tasks.starts import load_starts

    goal, every = goal_of(steps, seconds, until, tolerance), Every(checkpoint_steps, checkpoint_seconds)
    names = names_of(variables) if variables else []
    task = TaskOptions(
        hidden=hidden,
        width=width,
        activation=activation,
        head=head,
        box=box,
        points=points,
        train_points=train_points,
        test_points=test_points,
        even_test_radii=even_test_radii,
        data=data,
        embedding=embedding,
        target=target,
        split=split,
        standardise=standardise,
        data_seed=data_seed,
    )
    options = MakeOptions(
        size=size,
        n=n,
        alpha=alpha,
        n_patterns=n_patterns,
        patterns=patterns,
        margin=margin,
        reference=reference,
        dimensions=dimensions,
        precision=precision,
        data_seed=data_seed,
        task=task,
        variables=tuple(names),
        preset=preset,
        sampler=sampler,
    )
    made = make_system(system, options)
    of_dynamics = DynamicsOptions(sampler, time_step, friction, leaps, hill_width)
    sampled = tuple(names) or made.default_variables
    chosen, ranges = _chosen(system, made, sampled, preset, of_dynamics)
    chosen |= {"n_windows": windows, "n_walkers": walkers}
    if walkers is None:
        chosen["n_walkers"] = 2 if windows > 1 else 1
    if schedule is not None:
        chosen["schedule"] = schedule
    settings = settings_for(made, sampled, **chosen)
    check_end(goal, settings)
    plan = Plan(
        made,
        sampled,
        settings,
        goal,
        seed,
        runs,
        ranges | _windows(window or []),
        cap_of(made, DATA_SEED if data_seed is None else data_seed),
        None if starts is None else load_starts(starts, made, runs),
    )
    directory = create(output or Path("results") / Path(system).stem, plan, overwrite=overwrite)
    try:
        drive_and_print(directory, jobs, every, json)
    except ValueError:  # as of a window that no state reaches
        directory.remove_unless_begun()
        raise


def _chosen(
    name: str, system: System, variables: tuple[str, ...], preset: str, options: DynamicsOptions
) -> tuple[dict[str, Any], dict[str, Range]]:
    """Settings and windows of the preset."""
    from wl.engine.settings import preset_of
    from wl.tasks.dynamics_presets import MONTE_CARLO, dynamics_ranges, dynamics_settings

    if not system.forces:
        options.refuse_others(MONTE_CARLO)
        return preset_of(preset), {}
    return dynamics_settings(name, preset, options), dynamics_ranges(name, preset, variables)


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
    from wl.interface.grid import Range

    name, sign, body = text.partition("=")
    parts = body.split(":")
    ends = OPEN_ENDS[parts.pop()] if parts[-1] in OPEN_ENDS else (False, False)
    try:
        numbers = [read_real(part) for part in parts]
    except ValueError:
        numbers = []
    if not sign or len(numbers) not in (2, 3) or any(math.isnan(number) for number in numbers):
        raise ValueError(f"--window = {text!r} is not usable; allowed: {WINDOW_HELP.partition(',')[0]}, in numbers")
    width = numbers[2] if len(numbers) == 3 else None
    return name.strip(), Range(numbers[0], numbers[1], width, *ends)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(run)
