"""`wl relax`: does plain molecular dynamics come to the equilibrium of a sampled landscape? No numerics here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perceptron.base import console as report
from perceptron.base.command_line import COUNT, REAL, WHOLE
from wl.cli.options import Directory, Friction, Jobs, Json, TimeStep

if TYPE_CHECKING:
    from wl.analysis.thermal_means import Expected
    from wl.engine.dynamics.settings import Dynamics
    from wl.interface.system import System
    from wl.runs.relaxation import Relaxation
    from wl.tasks.dynamics_presets import DynamicsOptions

__all__ = ["register"]

MOST_AT_ENDS = 0.05  # over the largest weight, without a note


def relax_command(
    directory: Directory,
    steps: Annotated[int, typer.Option(help="Force evaluations of each walker.", **COUNT)],
    temperature: Annotated[float | None, typer.Option(help="T of the density e^(-L_train/T).", **REAL)] = None,
    log_train_loss: Annotated[
        float | None, typer.Option(help="ln L_train around which T puts the equilibrium, in place of T.", **REAL)
    ] = None,
    walkers: Annotated[int, typer.Option(help="Independent walks.", **WHOLE)] = 8,
    records: Annotated[int, typer.Option(help="Kept of each walk; means are over the later half.", **WHOLE)] = 500,
    starts: Annotated[
        Path | None, typer.Option(help="File of `wl train`; every second of several walks starts from its networks.")
    ] = None,
    sampler: Annotated[str, typer.Option(help="langevin, baoab or hmc.")] = "langevin",
    time_step: TimeStep = None,
    friction: Friction = None,
    seed: Annotated[int, typer.Option(help="Drives the walks.", **WHOLE)] = 1,
    jobs: Jobs = 1,
    output: Annotated[Path | None, typer.Option(help="Walks as .npz.")] = None,
    json: Json = False,
) -> None:
    """Walk at a fixed temperature, from above and below, and compare with the landscape of a run."""
    from threadpoolctl import threadpool_limits

    from wl.analysis.thermal_means import expected_at
    from wl.runs.directory import open_directory
    from wl.runs.relaxation import RelaxationOptions, relax
    from wl.tasks.dynamics_presets import DynamicsOptions
    from wl.tasks.starts import load_starts

    report.check_output(output, ".npz")
    dynamics = _dynamics(DynamicsOptions(sampler, time_step, friction))
    opened = open_directory(directory)
    landscape = opened.landscape()
    if landscape is None:
        raise ValueError(f"{str(directory)!r} has no landscape yet; allowed: a run that was sampled")
    chosen = _temperature(landscape, temperature, log_train_loss)
    expected = expected_at(landscape, chosen)
    options = RelaxationOptions(chosen, steps, walkers, records, dynamics, seed)
    system = _with_forces(opened.plan.system)
    begins = None if starts is None else load_starts(starts, system, walkers)
    with threadpool_limits(1), ThreadPoolExecutor(jobs) if jobs > 1 else nullcontext() as executor:
        found = relax(system, options, begins, executor)
    if output is not None:
        found.save(output, landscape=str(directory))
    result, rows = _summary(found, expected, landscape)
    if output is not None:
        result["file"] = str(output)
    title = f"T = {chosen:.4g}: {result['status']}"
    report.emit(result, report.quantity_table(title, rows, "walks"), as_object=json, output=None)


def _dynamics(options: DynamicsOptions) -> Dynamics:
    from wl.engine.dynamics.settings import Dynamics

    chosen = Dynamics(str(options.sampler), **options.given)
    options.refuse_others(chosen.sampler)
    return chosen


def _temperature(landscape: Any, temperature: float | None, log_train_loss: float | None) -> float:
    from wl.analysis.thermal_means import temperature_at

    if temperature is not None and log_train_loss is None:
        return temperature
    if temperature is None and log_train_loss is not None:
        return temperature_at(landscape, log_train_loss)
    given = f"--temperature = {temperature!r} and --log-train-loss = {log_train_loss!r}"
    raise ValueError(f"{given}; allowed: exactly one of the two")


def _with_forces(system: System) -> System:
    """The same network with gradients, whatever sampled it."""
    from wl.systems.catalogue import rebuild

    if system.name != "neural_network":
        raise ValueError(f"system = {system.name!r} has no training loss; allowed: a run of a network")
    return rebuild(system.name, {**system.parameters, "forces": True}, system.data)


def _summary(
    found: Relaxation, expected: Expected, landscape: Any
) -> tuple[dict[str, Any], list[tuple[str, Any, str]]]:
    """The JSON object, and the rows of the table."""
    loss, second = found.means()
    excess, name = found.excess(landscape), found.variables[1]
    result: dict[str, Any] = {
        "status": found.status(landscape),
        "temperature": expected.temperature,
        "log_train_loss": loss,
        "expected_log_train_loss": expected.log_train_loss,
        name: second,
        f"expected_{name}": expected.second,
        "excess_at_equal_train_loss": excess,
        "weight_at_ends": expected.weight_at_ends,
        "time_step": float(found.time_steps.mean()),
        "kinetic_temperature": float(found.kinetic_temperatures.mean()),
        "energy_drift": float(found.energy_drifts.mean()),
        "walkers": found.options.n_walkers,
        "steps": found.options.n_evaluations,
    }
    number = str(found.options.n_walkers)
    rows: list[tuple[str, Any, str]] = [
        ("log_train_loss", loss, number),
        ("log_train_loss of the landscape", expected.log_train_loss, ""),
        (name, second, number),
        (f"{name} of the landscape", expected.second, ""),
        (f"{name} less that of the landscape at the same log_train_loss", excess, number),
    ]
    if expected.weight_at_ends > MOST_AT_ENDS:
        rows.append(("weight at the ends of the landscape, which end too soon", expected.weight_at_ends, ""))
    return result, rows


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command("relax")(relax_command)
