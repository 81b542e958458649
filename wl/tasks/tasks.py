"""Network tasks by name, as `wl run` and `wl train` know them: a data set with the network that is to learn it.

"spiral" and "spiral-regression" are drawn from a seed (`wl.networks.datasets.spiral`); "house-prices" and "polymer" are
read from files (`wl.networks.datasets.house_prices`, `wl.networks.datasets.polymer`), and a seed divides the rows; a
name that ends in .csv or .npz is a table of the user (`wl.networks.datasets.table`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from perceptron.base.checks import check_kind, read_reals
from wl.interface.system import System
from wl.networks.architecture import Architecture
from wl.networks.datasets.house_prices import house_prices
from wl.networks.datasets.polymer import polymer
from wl.networks.datasets.spiral import spiral, spiral_regression
from wl.networks.datasets.split import Dataset
from wl.networks.datasets.table import read_table
from wl.systems.network.system import NetworkOptions, neural_network
from wl.tasks.options import TaskOptions

__all__ = ["TASKS", "Task", "is_task", "make_task", "network_system"]

TABLES = (".csv", ".npz")


@dataclass(frozen=True, slots=True)
class NamedTask:
    """Where the data of a name come from, and its network unless the user says otherwise.

    Attributes
    ----------
    dataset : callable
        Of the options.
    uses : frozenset of str
        Options that only some tasks have.
    hidden : tuple of int
        Widths of the hidden layers; one width is all that `--width` changes.
    activation, head : str
    """

    dataset: Callable[[TaskOptions], Dataset]
    uses: frozenset[str]
    hidden: tuple[int, ...]
    activation: str
    head: str


@dataclass(frozen=True, slots=True)
class Task:
    """A data set, a network for it, and the box of its parameters."""

    dataset: Dataset
    architecture: Architecture
    box: float | tuple[float, ...] | None


def is_task(name: str) -> bool:
    """Whether a name is that of a known data set or of a table."""
    return name in TASKS or Path(name).suffix in TABLES


def make_task(name: str, options: TaskOptions) -> Task:
    """The task of a name.

    Raises
    ------
    ValueError
        For an unknown name, and options that are missing, out of range or not used with it.
    """
    check_kind("options", options, TaskOptions)
    if not isinstance(name, str) or not is_task(name):
        raise ValueError(f"task = {name!r} is not known; allowed: {', '.join(TASKS)}, or a name ending in .csv, .npz")
    kind = TASKS.get(name) or _table(name, options.head)
    options.refuse_others(kind.uses, f"with {name}" if name in TASKS else "with a table")
    widths = options.widths(kind.hidden)
    dataset, head = kind.dataset(options), options.head or kind.head
    activation = options.activation or kind.activation
    architecture = Architecture(dataset.train.n_inputs, widths, _n_outputs(dataset, head), activation, head)
    box = None if options.box is None else tuple(read_reals("--box", options.box))
    chosen = box[0] if box is not None and len(box) == 1 else box
    architecture.half_widths(chosen)
    return Task(dataset, architecture, chosen)


def _spiral(options: TaskOptions) -> Dataset:
    numbers = options.numbers_of_points()
    return spiral(**numbers, data_seed=options.seed_of_data, even_test_radii=options.even_test_radii)


def _spiral_regression(options: TaskOptions) -> Dataset:
    return spiral_regression(**options.numbers_of_points(), data_seed=options.seed_of_data)


def _house_prices(options: TaskOptions) -> Dataset:
    return house_prices(options.data, data_seed=options.seed_of_data)


def _polymer(options: TaskOptions) -> Dataset:
    return polymer(options.data, options.embedding, data_seed=options.seed_of_data)


def _table(name: str, head: str | None) -> NamedTask:
    chosen = head or SPIRAL.head

    def read(options: TaskOptions) -> Dataset:
        if options.target is None or options.split is None:
            given = f"--target = {options.target!r} and --split = {options.split!r}"
            raise ValueError(f"{given}; allowed: a column of the table for each")
        return read_table(
            name,
            [name.strip() for name in options.target.split(",")],
            options.split,
            labelled=chosen != "linear",
            n_classes=2 if chosen == "logistic" else None,
            standardise=options.standardise,
        )

    uses = frozenset({"target", "split", "standardise"})
    return NamedTask(read, uses, SPIRAL.hidden, SPIRAL.activation, SPIRAL.head)


PARTS = frozenset({"train_points", "test_points", "data_seed"})
SPIRAL = NamedTask(_spiral, PARTS | {"even_test_radii"}, (8, 8, 8, 8), "relu", "logistic")
TASKS = {
    "spiral": SPIRAL,
    "spiral-regression": NamedTask(_spiral_regression, PARTS | {"points", "width"}, (30, 30), "tanh", "linear"),
    "house-prices": NamedTask(_house_prices, frozenset({"data", "width", "data_seed"}), (20,), "relu", "linear"),
    "polymer": NamedTask(_polymer, frozenset({"data", "embedding", "width", "data_seed"}), (50,), "silu", "linear"),
}


def _n_outputs(dataset: Dataset, head: str) -> int:
    if head == "logistic":
        return 1
    targets = dataset.train.targets
    return int(targets.max()) + 1 if dataset.train.labelled else int(targets.shape[1])


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
