"""`wl train`: networks trained by gradients, and the best that stopping early gives. No numerics here."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from perceptron import report
from perceptron.solution import Estimate
from wl.datasets.spiral import spiral, spiral_regression
from wl.datasets.split import Dataset
from wl.datasets.table import read_table
from wl.networks.architecture import Architecture
from wl.networks.training import train_ensemble
from wl.networks.training_curves import (
    LEAST_RUNS,
    RULES,
    TrainingCurve,
    best_early_stopping,
    change_in_second_half,
    mean_at,
    outside_box,
    training_curve,
)
from wl.networks.training_ensemble import METRICS, SPIRAL_BASELINE, TrainingEnsemble, TrainingOptions

__all__ = ["register", "train"]

SPIRALS = {"spiral": spiral, "spiral-regression": spiral_regression}


def train(
    data: Annotated[str, typer.Argument(help="spiral, spiral-regression, or a table (.csv, .npz).")],
    hidden: Annotated[str, typer.Option(help="Widths of the hidden layers.")] = "8,8,8,8",
    activation: Annotated[str, typer.Option(help="relu, tanh or silu.")] = "tanh",
    head: Annotated[
        str | None, typer.Option(help="logistic, softmax or linear; linear for spiral-regression, else logistic.")
    ] = None,
    optimizer: Annotated[str, typer.Option(help="sgd or adam.")] = SPIRAL_BASELINE.optimizer,
    learning_rate: Annotated[float, typer.Option(help="Step along the gradient.")] = SPIRAL_BASELINE.learning_rate,
    batch_size: Annotated[int, typer.Option(help="Points of a mini-batch.")] = SPIRAL_BASELINE.batch_size,
    epochs: Annotated[int, typer.Option(help="Passes over the training points.")] = SPIRAL_BASELINE.n_epochs,
    runs: Annotated[int, typer.Option(help="Independent networks.")] = SPIRAL_BASELINE.n_runs,
    record_every: Annotated[int | None, typer.Option(help="Epochs between records.")] = SPIRAL_BASELINE.record_every,
    clip: Annotated[bool, typer.Option("--clip/--free", help="Keep parameters in the sampler's box, or not.")] = True,
    box: Annotated[str | None, typer.Option(help="Half width of the box, or one for each layer; 2/√W.")] = None,
    initialisation: Annotated[str, typer.Option(help="box, xavier or fan-in.")] = SPIRAL_BASELINE.initialisation,
    train_points: Annotated[int | None, typer.Option(help="Points to train on, of each class of the spiral.")] = None,
    test_points: Annotated[int | None, typer.Option(help="Points to test on, of each class of the spiral.")] = None,
    target: Annotated[str | None, typer.Option(help="Table: target column; several for the linear head.")] = None,
    split: Annotated[str | None, typer.Option(help="Table: column that says train or test.")] = None,
    standardise: Annotated[bool, typer.Option("--standardise", help="Table: scale features.")] = False,
    data_seed: Annotated[int, typer.Option(help="Draws the data set.")] = 1,
    seed: Annotated[int, typer.Option(help="Drives the training.")] = 1,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="Threads; the result does not depend on them.")] = 1,
    output: Annotated[Path | None, typer.Option(help="Trajectories and final networks as .npz.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")] = False,
) -> None:
    """Train an ensemble of networks; report where it ends, and its best point on the way."""
    report.check_output(output, ".npz")
    chosen_head = head or ("linear" if data == "spiral-regression" else "logistic")
    if data in SPIRALS:
        _refuse({"--target": target, "--split": split, "--standardise": standardise or None}, f"with {data}")
        numbers = {"n_train": train_points, "n_test": test_points}
        given = {name: number for name, number in numbers.items() if number is not None}
        dataset = SPIRALS[data](**given, data_seed=data_seed)
    else:
        _refuse({"--train-points": train_points, "--test-points": test_points}, "with a table")
        dataset = _table(data, target, split, chosen_head, standardise)
    widths = tuple(_numbers("--hidden", hidden, int))
    architecture = Architecture(
        dataset.train.n_inputs, widths, _n_outputs(dataset, chosen_head), activation, chosen_head
    )
    half_widths = None if box is None else tuple(_numbers("--box", box, float))
    options = TrainingOptions(
        n_runs=runs,
        optimizer=optimizer,
        learning_rate=learning_rate,
        batch_size=batch_size,
        n_epochs=epochs,
        record_every=record_every,
        clip=clip,
        box=half_widths[0] if half_widths is not None and len(half_widths) == 1 else half_widths,
        initialisation=initialisation,
    )
    with ThreadPoolExecutor(jobs) if jobs > 1 else nullcontext() as executor, report.sweep_progress("runs") as progress:
        ensemble = train_ensemble(dataset, architecture, options, seed=seed, executor=executor, progress=progress)
    if output is not None:
        ensemble.save(output)
    result, rows = _summary(ensemble)
    if output is not None:
        result["file"] = str(output)
    title = f"{data}: {ensemble.n_runs} runs, {ensemble.n_diverged} diverged, {ensemble.seconds:.1f} s"
    report.emit(result, report.quantity_table(title, rows, "runs"), as_object=json, output=None)


def _refuse(options: dict[str, Any], where: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name} = {value!r} is not used {where}; allowed: without it")


def _table(data: str, target: str | None, split: str | None, head: str, standardise: bool) -> Dataset:
    if Path(data).suffix not in (".csv", ".npz"):
        raise ValueError(f"data = {data!r} is not known; allowed: {', '.join(SPIRALS)}, or a name ending in .csv, .npz")
    if target is None or split is None:
        raise ValueError(f"--target = {target!r} and --split = {split!r}; allowed: a column of the table for each")
    return read_table(
        data,
        target.split(","),
        split,
        labelled=head != "linear",
        n_classes=2 if head == "logistic" else None,
        standardise=standardise,
    )


def _n_outputs(dataset: Dataset, head: str) -> int:
    if head == "logistic":
        return 1
    targets = dataset.train.targets
    return int(targets.max()) + 1 if dataset.train.labelled else targets.shape[1]


def _numbers(name: str, text: str, kind: Any) -> list[Any]:
    try:
        return [kind(item) for item in text.split(",")]
    except ValueError:
        raise ValueError(f"{name} = {text!r} is not usable; allowed: numbers with commas, as 8,8,8") from None


def _summary(ensemble: TrainingEnsemble) -> tuple[dict[str, Any], list[tuple[str, Any, str]]]:
    """The JSON object, and the rows of the table."""
    accuracies = ensemble.architecture.head != "linear"
    metric = "test_accuracy" if accuracies else "log_test_loss"
    kept = str(ensemble.n_runs - ensemble.n_diverged)
    ends: dict[str, Estimate] = {name: mean_at(ensemble, name) for name in METRICS if accuracies or "loss" in name}
    result: dict[str, Any] = {
        "status": "INTERRUPTED" if ensemble.interrupted else "FINISHED",
        "n_runs": ensemble.n_runs,
        "n_diverged": ensemble.n_diverged,
        "n_parameters": ensemble.architecture.n_parameters,
        "seconds": ensemble.seconds,
        "final": ends,
        "change_in_second_half": {name: change_in_second_half(ensemble, name) for name in ("log_train_loss", metric)},
        "outside_box": outside_box(ensemble),
    }
    rows = [(f"final {name}", value, kept) for name, value in ends.items()]
    changes = result["change_in_second_half"].items()
    rows += [(f"change of {name} in the second half", value, kept) for name, value in changes]
    rows.append(("share of parameters outside the box", result["outside_box"], kept))
    if ensemble.kept.any():
        curves = {rule: training_curve(ensemble, metric, rule=rule) for rule in RULES}
        result["best_early_stopping"] = {rule.replace(" ", "_"): _best(curve) for rule, curve in curves.items()}
        result["curve"] = _columns(curves)
        for rule, best in result["best_early_stopping"].items():
            text = f"best {metric} ({rule.replace('_', ' ')}), at ln L_train = {best['log_train_loss']:.2f}"
            rows.append((text, best[metric], str(best["n_runs"])))
    settings = asdict(ensemble.options) | {"architecture": asdict(ensemble.architecture)}
    return result | {"settings": settings, "dataset": dict(ensemble.dataset), "seed": ensemble.seed}, rows


def _best(curve: TrainingCurve) -> dict[str, Any]:
    best = best_early_stopping(curve, least_runs=min(LEAST_RUNS, int(curve.n_runs.max())))
    return {"log_train_loss": best.log_train_loss, curve.metric: best.estimate, "n_runs": best.n_runs}


def _columns(curves: dict[str, TrainingCurve]) -> dict[str, list[Any]]:
    """Profiles of equal length."""
    first = curves[RULES[0]]
    columns = {"log_train_loss": first.centres.tolist(), "n_runs": first.n_runs.tolist()}
    for rule, curve in curves.items():
        name = curve.metric if rule == RULES[0] else f"{curve.metric}_at_{rule.replace(' ', '_')}"
        columns |= {name: curve.values.tolist(), f"{name}_error": curve.errors.tolist()}
    return columns


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(train)
