"""Settings and result of an ensemble of trained networks."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from perceptron.base.checks import check_choice, check_dtype, check_integer, check_real, keep_plain
from perceptron.base.files import load_arrays, provenance, save_table
from perceptron.base.results import Status
from wl.networks.architecture import Architecture
from wl.networks.initialisation import INITIALISATIONS

__all__ = [
    "METHODS",
    "METRICS",
    "OPTIMIZERS",
    "SPIRAL_BASELINE",
    "TrainingEnsemble",
    "TrainingOptions",
    "load_ensemble",
]

OPTIMIZERS = ("sgd", "adam")
METHODS = ("auto", "points", "matrices")
METRICS = ("log_train_loss", "log_test_loss", "train_accuracy", "test_accuracy")
RECORDS_A_DECADE = 100
ARRAYS = ("run_numbers", "diverged_at", "epochs", "trajectories", "parameters")


@dataclass(frozen=True, slots=True)
class TrainingOptions:
    """How an ensemble is trained.

    Attributes
    ----------
    n_runs : int
        Independent networks.
    optimizer : str
        sgd or adam.
    learning_rate : float
        η, positive.
    batch_size : int or tuple of int
        Points of a mini-batch; the last one of an epoch holds what is left. Of m sizes run k takes number k mod m.
    n_epochs : int
        Passes over the training points.
    record_every : int or None
        Epochs between records; None records about a hundred times a decade of epochs. The start and the last epoch
        are always recorded.
    clip : bool
        Whether parameters are kept in the sampler's box.
    box : float, tuple of float, or None
        As in `Architecture.half_widths`.
    initialisation : str
        box, xavier or fan-in, see `wl.networks.initialisation`.
    method : str
        points: loops over points in double precision; matrices: products of a library in single precision, for wide
        layers; auto: the faster one (`wl.networks.training.train.method_for`).

    Raises
    ------
    ValueError
        For numbers out of range, unknown names, or two batch sizes that are the same.
    """

    n_runs: int = 100
    optimizer: str = "sgd"
    learning_rate: float = 0.03
    batch_size: int | tuple[int, ...] = 10
    n_epochs: int = 10_000
    record_every: int | None = 10
    clip: bool = True
    box: float | tuple[float, ...] | None = None
    initialisation: str = "box"
    method: str = "auto"

    def __post_init__(self) -> None:
        keep_plain(self)
        self._check_batches()
        for name in ("n_runs", "n_epochs", "record_every"):
            value = getattr(self, name)
            if name != "record_every" or value is not None:
                object.__setattr__(self, name, check_integer(name, value, least=1))
        object.__setattr__(self, "learning_rate", check_real("learning_rate", self.learning_rate, above=0.0))
        choices = {"optimizer": OPTIMIZERS, "initialisation": tuple(INITIALISATIONS), "method": METHODS}
        for name, known in choices.items():
            check_choice(name, getattr(self, name), known)

    def _check_batches(self) -> None:
        if not isinstance(self.batch_size, tuple):
            object.__setattr__(self, "batch_size", check_integer("batch_size", self.batch_size, least=1))
            return
        sizes = tuple(check_integer("batch_size", size, least=1) for size in self.batch_size)
        if not sizes or len(set(sizes)) < len(sizes):
            raise ValueError(f"batch_size = {self.batch_size} is not usable; allowed: different sizes, at least one")
        object.__setattr__(self, "batch_size", sizes)

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Sizes of mini-batches, one or more."""
        return self.batch_size if isinstance(self.batch_size, tuple) else (self.batch_size,)

    @property
    def epochs(self) -> np.ndarray:
        """Epochs after which is recorded, int64 (n_records,), 0 for the start."""
        if self.record_every is not None:
            chosen = np.arange(0, self.n_epochs, self.record_every)
        else:
            exponents = np.arange(0.0, math.log10(self.n_epochs), 1.0 / RECORDS_A_DECADE)
            chosen = np.concatenate([[0], np.unique(np.round(10.0**exponents))])
        return np.unique(np.append(chosen, self.n_epochs)).astype(np.int64)


# SGD on the spiral, clipped: see docs/training.md for the settings tried. With 100 000 epochs it is the long baseline.
SPIRAL_BASELINE = TrainingOptions(
    n_runs=100, optimizer="sgd", learning_rate=0.03, batch_size=10, n_epochs=10_000, record_every=10, clip=True
)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingEnsemble:
    """What the runs of an ensemble went through, and where they ended.

    Attributes
    ----------
    architecture : Architecture
    options : TrainingOptions
    dataset : mapping
        Name and parameters of the data set.
    seed : int
        Run k draws from SeedSequence(seed, spawn_key=(k,)).
    run_numbers : ndarray of int64, shape (n_runs,)
        k of every run; all below options.n_runs unless the computation was interrupted.
    diverged_at : ndarray of int64, shape (n_runs,)
        Epoch at which a loss or a parameter of the run was found not to be finite; -1 where all were.
    epochs : ndarray of int64, shape (n_records,)
        Of the records.
    trajectories : ndarray of float64, shape (4, n_runs, n_records)
        The four METRICS: ln of the losses (-inf for a loss of zero) and accuracies (nan for the linear head);
        nan from the epoch on at which a run diverged.
    parameters : ndarray of float64, shape (n_runs, n_parameters)
        At the end.
    seconds : float
        Wall time.
    method : str
        How they were trained, points or matrices.
    """

    architecture: Architecture
    options: TrainingOptions
    dataset: Mapping[str, Any]
    seed: int
    run_numbers: np.ndarray
    diverged_at: np.ndarray
    epochs: np.ndarray
    trajectories: np.ndarray
    parameters: np.ndarray
    seconds: float
    method: str = "points"

    def __getitem__(self, metric: str) -> np.ndarray:
        """One of METRICS, shape (n_runs, n_records)."""
        check_choice("metric", metric, METRICS)
        return self.trajectories[METRICS.index(metric)]

    @property
    def n_runs(self) -> int:
        """Runs that were finished, diverged ones included."""
        return int(self.run_numbers.size)

    @property
    def n_diverged(self) -> int:
        """Runs that ended in numbers that are not finite."""
        return int(np.count_nonzero(self.diverged_at >= 0))

    @property
    def interrupted(self) -> bool:
        """Whether runs are missing."""
        return self.n_runs < self.options.n_runs

    @property
    def status(self) -> str:
        """INTERRUPTED where runs are missing, DIVERGED where all did, PARTLY_DIVERGED where some did, else FINISHED."""
        if self.interrupted:
            return "INTERRUPTED"
        if self.n_diverged == 0:
            return "FINISHED"
        return "DIVERGED" if self.n_diverged == self.n_runs else "PARTLY_DIVERGED"

    @property
    def status_as_part(self) -> Status:
        """Status for a figure that draws it: NOT_CONVERGED where some diverged, which averages leave out."""
        if self.interrupted:
            return Status.INTERRUPTED
        return Status.NOT_CONVERGED if self.n_diverged else Status.CONVERGED

    @property
    def kept(self) -> np.ndarray:
        """Which runs stayed finite, bool (n_runs,)."""
        return self.diverged_at < 0

    @property
    def batch_sizes(self) -> np.ndarray:
        """Size of the mini-batches of every run, int64 (n_runs,)."""
        sizes = np.array(self.options.batch_sizes, dtype=np.int64)
        return sizes[self.run_numbers % sizes.size]

    def of_batch_size(self, size: int) -> TrainingEnsemble:
        """The runs with mini-batches of this size, with their numbers.

        Raises
        ------
        ValueError
            If no run has it.
        """
        sizes = self.options.batch_sizes
        if size not in sizes:
            raise ValueError(f"size = {size} is no batch size of the ensemble; allowed: {', '.join(map(str, sizes))}")
        chosen = self.batch_sizes == size
        planned = len(range(sizes.index(size), self.options.n_runs, len(sizes)))
        return replace(
            self,
            options=replace(self.options, n_runs=planned, batch_size=size),
            run_numbers=self.run_numbers[chosen],
            diverged_at=self.diverged_at[chosen],
            trajectories=self.trajectories[:, chosen],
            parameters=self.parameters[chosen],
        )

    @property
    def outside_box(self) -> np.ndarray:
        """Share of the parameters of every run that end outside the sampler's box, shape (n_runs,)."""
        outside = np.abs(self.parameters) > self.architecture.half_widths(self.options.box)
        return np.where(self.kept, outside.mean(axis=1), np.nan)

    def save(self, path: Path | str) -> None:
        """Write an .npz file that `load_ensemble` reads."""
        description = {
            "architecture": asdict(self.architecture) | {"hidden": [int(width) for width in self.architecture.hidden]},
            "options": asdict(self.options),
            "dataset": dict(self.dataset),
            "seed": self.seed,
            "seconds": self.seconds,
            "method": self.method,
        }
        save_table(path, {name: getattr(self, name) for name in ARRAYS}, provenance(**description))


def load_ensemble(path: Path | str) -> TrainingEnsemble:
    """Read what `TrainingEnsemble.save` wrote.

    Raises
    ------
    ValueError
        If the file is missing, damaged or holds something else.
    """
    arrays, origin = load_arrays(path, "ensemble", ARRAYS)
    for name, array in arrays.items():
        check_dtype(f"{name} in {str(path)!r}", array)
    described = origin["parameters"]
    shape, options = described["architecture"], described["options"]
    for name in ("box", "batch_size"):
        if isinstance(options[name], list):
            options[name] = tuple(options[name])
    fields: dict[str, Any] = {name: described[name] for name in ("dataset", "seed", "seconds")} | arrays
    fields["method"] = described.get("method", "points")  # the only one at first
    fields["architecture"] = Architecture(**shape | {"hidden": tuple(shape["hidden"])})
    return TrainingEnsemble(options=TrainingOptions(**options), **fields)
