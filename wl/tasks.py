"""Network tasks by name, as `wl run` and `wl train` know them: a data set with the network that is to learn it.

"spiral" and "spiral-regression" are drawn from a seed (`wl.datasets.spiral`); a name that ends in .csv or .npz is a
table of the user (`wl.datasets.table`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from wl.datasets.spiral import spiral, spiral_regression
from wl.datasets.split import Dataset
from wl.datasets.table import read_table
from wl.networks.architecture import Architecture
from wl.systems.interface import System
from wl.systems.neural_network import NetworkOptions, neural_network

__all__ = ["HIDDEN", "SPIRALS", "Task", "TaskOptions", "is_task", "make_task", "network_system", "numbers_of"]

SPIRALS: dict[str, Callable[..., Dataset]] = {"spiral": spiral, "spiral-regression": spiral_regression}
TABLES = (".csv", ".npz")
HIDDEN = "8,8,8,8"


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What the command line says of a task; None where it says nothing.

    Attributes
    ----------
    hidden : str
        Widths of the hidden layers, as 8,8.
    activation, head : str, optional
        Unless given: ReLU and logistic; tanh and linear for spiral-regression.
    box : str, optional
        Half width of the box, or one for each layer, as 0.7,0.5,0.5.
    train_points, test_points : int, optional
        Of a drawn data set; of each class of the spiral.
    even_test_radii : bool
        Of the spiral.
    target, split : str, optional
        Columns of a table.
    standardise : bool
        Of a table.
    data_seed : int
    """

    hidden: str = HIDDEN
    activation: str | None = None
    head: str | None = None
    box: str | None = None
    train_points: int | None = None
    test_points: int | None = None
    even_test_radii: bool = False
    target: str | None = None
    split: str | None = None
    standardise: bool = False
    data_seed: int = 1


@dataclass(frozen=True, slots=True)
class Task:
    """A data set, a network for it, and the box of its parameters."""

    dataset: Dataset
    architecture: Architecture
    box: float | tuple[float, ...] | None


def is_task(name: str) -> bool:
    """Whether a name is that of a drawn data set or of a table."""
    return name in SPIRALS or Path(name).suffix in TABLES


def make_task(name: str, options: TaskOptions) -> Task:
    """The task of a name.

    Raises
    ------
    ValueError
        For an unknown name, and options that are missing, out of range or not used with it.
    """
    head = options.head or ("linear" if name == "spiral-regression" else "logistic")
    dataset = _drawn(name, options) if name in SPIRALS else _table(name, options, head)
    activation = options.activation or ("tanh" if name == "spiral-regression" else "relu")
    widths = tuple(numbers_of("--hidden", options.hidden, int))
    architecture = Architecture(dataset.train.n_inputs, widths, _n_outputs(dataset, head), activation, head)
    box = None if options.box is None else tuple(numbers_of("--box", options.box, float))
    chosen = box[0] if box is not None and len(box) == 1 else box
    architecture.half_widths(chosen)
    return Task(dataset, architecture, chosen)


def _drawn(name: str, options: TaskOptions) -> Dataset:
    unused = {"--target": options.target, "--split": options.split, "--standardise": options.standardise or None}
    if name != "spiral":
        unused["--even-test-radii"] = options.even_test_radii or None
    _refuse(unused, f"with {name}")
    numbers = {"n_train": options.train_points, "n_test": options.test_points}
    given: dict[str, Any] = {key: number for key, number in numbers.items() if number is not None}
    if options.even_test_radii:
        given["even_test_radii"] = True
    return SPIRALS[name](**given, data_seed=options.data_seed)


def _table(name: str, options: TaskOptions, head: str) -> Dataset:
    if Path(name).suffix not in TABLES:
        raise ValueError(f"data = {name!r} is not known; allowed: {', '.join(SPIRALS)}, or a name ending in .csv, .npz")
    points = {"--train-points": options.train_points, "--test-points": options.test_points}
    _refuse(points | {"--even-test-radii": options.even_test_radii or None}, "with a table")
    if options.target is None or options.split is None:
        given = f"--target = {options.target!r} and --split = {options.split!r}"
        raise ValueError(f"{given}; allowed: a column of the table for each")
    return read_table(
        name,
        options.target.split(","),
        options.split,
        labelled=head != "linear",
        n_classes=2 if head == "logistic" else None,
        standardise=options.standardise,
    )


def _refuse(options: dict[str, Any], where: str) -> None:
    for name, value in options.items():
        if value is not None:
            raise ValueError(f"{name} = {value!r} is not used {where}; allowed: without it")


def _n_outputs(dataset: Dataset, head: str) -> int:
    if head == "logistic":
        return 1
    targets = dataset.train.targets
    return int(targets.max()) + 1 if dataset.train.labelled else int(targets.shape[1])


def numbers_of(name: str, text: str, kind: Any) -> list[Any]:
    """Numbers of a comma-separated list.

    Raises
    ------
    ValueError
        For anything else.
    """
    try:
        return [kind(item) for item in text.split(",")]
    except ValueError:
        raise ValueError(f"{name} = {text!r} is not usable; allowed: numbers with commas, as 8,8,8") from None


def network_system(task: Task, variables: tuple[str, ...], **options: Any) -> System:
    """The parameter space of a task; its parameters name the data set.

    Parameters
    ----------
    task : Task
    variables : tuple of str
        One or two; none stands for ln L_train with the test accuracy, or with ln L_test for a linear head.
    options
        Of `NetworkOptions`.
    """
    second = "log_test_loss" if task.architecture.head == "linear" else "test_accuracy"
    names = variables or ("log_train_loss", second)
    chosen = NetworkOptions(box=task.box, **options)
    system = neural_network(task.architecture, task.dataset.train, task.dataset.test, names, chosen)
    origin = {"name": task.dataset.name, **task.dataset.parameters}
    return replace(system, parameters=system.parameters | {"dataset": origin})
