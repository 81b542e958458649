"""`wl train`: networks trained by gradients, and the best that stopping early gives. No numerics here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from perceptron.base import console as report
from perceptron.base.checks import read_integers
from perceptron.base.command_line import REAL, WHOLE
from perceptron.base.results import Estimate
from wl.cli.options import (
    Activation,
    Box,
    Data,
    DataSeed,
    Embedding,
    EvenTestRadii,
    Head,
    Hidden,
    Jobs,
    Json,
    Points,
    SplitColumn,
    Standardise,
    Target,
    TestPoints,
    TrainPoints,
    Width,
)
from wl.networks.training.ensemble import SPIRAL_BASELINE

if TYPE_CHECKING:
    from wl.networks.training.curves import TrainingCurve
    from wl.networks.training.ensemble import TrainingEnsemble

__all__ = ["register", "train"]

UNLESS_GIVEN = "the paper's for a task and width of its tables, else that of the spiral."


def train(
    name: Annotated[
        str,
        typer.Argument(
            metavar="TASK", help="spiral, spiral-regression, house-prices, polymer, or a table (.csv, .npz)."
        ),
    ],
    hidden: Hidden = None,
    width: Width = None,
    activation: Activation = None,
    head: Head = None,
    optimizer: Annotated[str | None, typer.Option(help=f"sgd or adam; {UNLESS_GIVEN}")] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help=f"Step along the gradient; {UNLESS_GIVEN}", **REAL)
    ] = None,
    batch_size: Annotated[
        str | None, typer.Option(help=f"Points of a mini-batch, or several sizes for the runs in turn; {UNLESS_GIVEN}")
    ] = None,
    epochs: Annotated[int, typer.Option(help="Passes over the training points.", **WHOLE)] = SPIRAL_BASELINE.n_epochs,
    runs: Annotated[int, typer.Option(help="Independent networks.", **WHOLE)] = SPIRAL_BASELINE.n_runs,
    record_every: Annotated[
        int | None, typer.Option(help="Epochs between records.", **WHOLE)
    ] = SPIRAL_BASELINE.record_every,
    clip: Annotated[bool, typer.Option("--clip/--free", help="Keep parameters in the sampler's box, or not.")] = True,
    box: Box = None,
    initialisation: Annotated[str, typer.Option(help="box, xavier or fan-in.")] = SPIRAL_BASELINE.initialisation,
    points: Points = None,
    train_points: TrainPoints = None,
    test_points: TestPoints = None,
    even_test_radii: EvenTestRadii = False,
    data: Data = None,
    embedding: Embedding = None,
    target: Target = None,
    split: SplitColumn = None,
    standardise: Standardise = False,
    data_seed: DataSeed = None,
    seed: Annotated[int, typer.Option(help="Drives the training.", **WHOLE)] = 1,
    jobs: Jobs = 1,
    output: Annotated[Path | None, typer.Option(help="Trajectories and final networks as .npz.")] = None,
    json: Json = False,
) -> None:
    """Train an ensemble of networks; report where it ends, and its best point on the way."""
    from wl.networks.training.ensemble import SPIRAL_BASELINE, TrainingOptions
    from wl.networks.training.train import train_ensemble
    from wl.tasks.options import TaskOptions
    from wl.tasks.paper_tables import paper_training
    from wl.tasks.tasks import make_task

    report.check_output(output, ".npz")
    given = TaskOptions(
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
    task = make_task(name, given)
    standard = paper_training(name, task.architecture.hidden) or SPIRAL_BASELINE
    options = TrainingOptions(
        n_runs=runs,
        optimizer=standard.optimizer if optimizer is None else optimizer,
        learning_rate=standard.learning_rate if learning_rate is None else learning_rate,
        batch_size=standard.batch_size if batch_size is None else _sizes_of(batch_size),
        n_epochs=epochs,
        record_every=record_every,
        clip=clip,
        box=task.box,
        initialisation=initialisation,
    )
    with ThreadPoolExecutor(jobs) if jobs > 1 else nullcontext() as executor, report.sweep_progress("runs") as progress:
        ensemble = train_ensemble(
            task.dataset, task.architecture, options, seed=seed, executor=executor, progress=progress
        )
    if output is not None:
        ensemble.save(output)
    result, rows = _summary(ensemble)
    if output is not None:
        result["file"] = str(output)
    counts = f"{ensemble.n_runs} runs, {ensemble.n_diverged} diverged, {ensemble.seconds:.1f} s"
    title = f"{name}: {ensemble.status}, {counts}"
    report.emit(result, report.quantity_table(title, rows, "runs"), as_object=json, output=None)


def _sizes_of(text: str) -> int | tuple[int, ...]:
    sizes = read_integers("--batch-size", text)
    return sizes[0] if len(sizes) == 1 else tuple(sizes)


def _summary(ensemble: TrainingEnsemble) -> tuple[dict[str, Any], list[tuple[str, Any, str]]]:
    """The JSON object, and the rows of the table."""
    from wl.networks.training.curves import RULES, change_in_second_half, mean_at, outside_box, training_curve
    from wl.networks.training.ensemble import METRICS

    accuracies = ensemble.architecture.head != "linear"
    metric = "test_accuracy" if accuracies else "log_test_loss"
    kept = str(ensemble.n_runs - ensemble.n_diverged)
    ends: dict[str, Estimate] = {name: mean_at(ensemble, name) for name in METRICS if accuracies or "loss" in name}
    result: dict[str, Any] = {
        "status": ensemble.status,
        "n_runs": ensemble.n_runs,
        "n_diverged": ensemble.n_diverged,
        "n_parameters": ensemble.architecture.n_parameters,
        "seconds": ensemble.seconds,
        "method": ensemble.method,
        "final": ends,
        "change_in_second_half": {name: change_in_second_half(ensemble, name) for name in ("log_train_loss", metric)},
        "outside_box": outside_box(ensemble),
    }
    rows = [(f"final {name}", value, kept) for name, value in ends.items()]
    changes = result["change_in_second_half"].items()
    rows += [(f"change of {name} in the second half", value, kept) for name, value in changes]
    rows.append(("share of parameters outside the box", result["outside_box"], kept))
    if len(ensemble.options.batch_sizes) > 1:
        result["of_batch_sizes"], more = _of_batch_sizes(ensemble, list(ends))
        rows += more
    if ensemble.kept.any():
        curves = {rule: training_curve(ensemble, metric, rule=rule) for rule in RULES}
        result["best_early_stopping"] = {rule.replace(" ", "_"): _best(curve) for rule, curve in curves.items()}
        result["curve"] = _columns(curves)
        for rule, best in result["best_early_stopping"].items():
            text = f"best {metric} ({rule.replace('_', ' ')}), at ln L_train = {best['log_train_loss']:.2f}"
            rows.append((text, best[metric], str(best["n_runs"])))
    settings = asdict(ensemble.options) | {"architecture": asdict(ensemble.architecture)}
    return result | {"settings": settings, "dataset": dict(ensemble.dataset), "seed": ensemble.seed}, rows


def _of_batch_sizes(
    ensemble: TrainingEnsemble, metrics: list[str]
) -> tuple[list[dict[str, Any]], list[tuple[str, Any, str]]]:
    """Where the runs of each batch size end: for the JSON object, and rows of the table."""
    from wl.networks.training.curves import mean_at

    found: list[dict[str, Any]] = []
    rows: list[tuple[str, Any, str]] = []
    for size in ensemble.options.batch_sizes:
        part = ensemble.of_batch_size(size)
        ends = {name: mean_at(part, name) for name in metrics}
        found.append({"batch_size": size, "n_runs": part.n_runs, "n_diverged": part.n_diverged, "final": ends})
        kept = str(part.n_runs - part.n_diverged)
        rows += [(f"final {name}, batches of {size}", value, kept) for name, value in ends.items()]
    return found, rows


def _best(curve: TrainingCurve) -> dict[str, Any]:
    from wl.networks.training.curves import best_early_stopping

    best = best_early_stopping(curve)
    return {"log_train_loss": best.log_train_loss, curve.metric: best.estimate, "n_runs": best.n_runs}


def _columns(curves: dict[str, TrainingCurve]) -> dict[str, list[Any]]:
    """Profiles of equal length; each rule has its own ln L_train."""
    from wl.networks.training.curves import RULES

    columns = {"n_runs": curves[RULES[0]].n_runs.tolist()}
    for rule, curve in curves.items():
        ending = "" if rule == RULES[0] else f"_at_{rule.replace(' ', '_')}"
        name = f"{curve.metric}{ending}"
        columns |= {f"log_train_loss{ending}": curve.positions.tolist()}
        columns |= {name: curve.values.tolist(), f"{name}_error": curve.errors.tolist()}
    return columns


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(train)
