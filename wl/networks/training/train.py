"""Ensembles of trained networks: many independent runs of gradient descent, and what they went through.

A run draws its start, then takes mini-batches in a new random order in every epoch; the last batch of an epoch holds
what is left. SGD is θ ← θ - η ∂c/∂θ without momentum; Adam has the constants of its paper. A clipped run keeps every
parameter within the sampler's box after each step, the start included. A run in which a loss or a parameter is not
finite is over, and its number of epochs is kept; curves leave it out (see `wl.networks.training.curves`).

Run k depends on the seed and k alone: neither on the other runs nor on the executor. The kernels release the
interpreter, so threads are enough.

Small layers are trained by loops over points in double precision, wide ones by products of matrices in single precision
on one thread of the library for each run; `method_for` tells which. Not for many points: all of them are in memory.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from perceptron.base.checks import check_integer
from perceptron.base.sweep import sweep
from wl.interface.seeds import stream_of
from wl.networks.architecture import ACTIVATIONS, HEADS, Architecture
from wl.networks.datasets.split import Dataset, Split
from wl.networks.initialisation import INITIALISATIONS
from wl.networks.kernel_form import check_split
from wl.networks.precision import check_precision
from wl.networks.training import descent as kernels
from wl.networks.training import small_dense as passes
from wl.networks.training.by_matrices import PRECISION, train_by_matrices
from wl.networks.training.ensemble import OPTIMIZERS, TrainingEnsemble, TrainingOptions

__all__ = ["method_for", "points_of", "shape_of", "train_ensemble"]

CROSSOVER = 40_000  # parameters times points of a mini-batch
DECAYS, EPSILON = (0.9, 0.999), 1e-8  # β₁, β₂ and ε of Adam


class _Task(NamedTuple):
    """One run, its options settled; what it draws depends on the seed and its number alone."""

    dataset: Dataset
    architecture: Architecture
    options: TrainingOptions
    seed: int
    number: int


class _Run(NamedTuple):
    diverged_at: int
    records: np.ndarray  # (4, n_records): losses and accuracies
    parameters: np.ndarray


def train_ensemble(
    dataset: Dataset,
    architecture: Architecture,
    options: TrainingOptions | None = None,
    *,
    seed: int = 1,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> TrainingEnsemble:
    """Train independent networks on one data set.

    Parameters
    ----------
    dataset : Dataset
    architecture : Architecture
    options : TrainingOptions, optional
    seed : int
        Draws the starts and the order of the points.
    executor : concurrent.futures.Executor, optional
        Threads or processes; None computes here. The result does not depend on it.
    progress : callable, optional
        Called with (finished runs, runs).

    Returns
    -------
    TrainingEnsemble
        After Ctrl-C the finished runs.

    Raises
    ------
    ValueError
        If the data do not fit the network or lose their meaning in the precision of the method, a batch is larger than
        the training part, there are more batch sizes than runs, or the seed is negative.
    """
    chosen = TrainingOptions() if options is None else options
    check_split("train", dataset.train, architecture)
    check_split("test", dataset.test, architecture)
    architecture.half_widths(chosen.box)
    for size in chosen.batch_sizes:
        check_integer("batch_size", size, least=1, most=dataset.train.n_points)
    if chosen.n_runs < len(chosen.batch_sizes):
        sizes = ", ".join(map(str, chosen.batch_sizes))
        raise ValueError(f"n_runs = {chosen.n_runs} with the batch sizes {sizes}; allowed: a run for each of them")
    start, first = time.perf_counter(), check_integer("seed", seed, least=0)
    method = method_for(architecture, chosen)
    check_precision(dataset.train, dataset.test, PRECISION if method == "matrices" else "float64")
    of_sizes = [replace(chosen, batch_size=size, method=method) for size in chosen.batch_sizes]
    tasks = [
        _Task(dataset, architecture, of_sizes[number % len(of_sizes)], first, number) for number in range(chosen.n_runs)
    ]
    with _one_thread(method):
        results, _ = sweep(_train_one, tasks, executor, progress)
    finished = [number for number, run in enumerate(results) if run is not None]
    runs = [results[number] for number in finished]
    return TrainingEnsemble(
        architecture,
        chosen,
        {"name": dataset.name, "parameters": dict(dataset.parameters)},
        first,
        np.array(finished, dtype=np.int64),
        np.array([run.diverged_at for run in runs], dtype=np.int64),
        chosen.epochs,
        _trajectories(runs, architecture, chosen),
        np.array([run.parameters for run in runs]).reshape(len(runs), architecture.n_parameters),
        time.perf_counter() - start,
        method,
    )


def method_for(architecture: Architecture, options: TrainingOptions) -> str:
    """How networks are trained, points or matrices.

    Unless the options say so, by matrices where parameters times points of the largest mini-batch exceed CROSSOVER.
    Matrices take 1.5 times the time of points at 2500 (2-8-8-8-8-1, batches of 10), as long between 10 000 and 100 000,
    and less for wide layers with few points (a third for 2-100-100-1, batches of 5); below the crossover the digits of
    double precision are worth more.
    """
    if options.method != "auto":
        return options.method
    return "matrices" if architecture.n_parameters * max(options.batch_sizes) > CROSSOVER else "points"


def _one_thread(method: str) -> contextlib.AbstractContextManager[object]:
    """Limit the matrix library, whose own threads would only contend for the cores, for the whole process."""
    return threadpool_limits(1, "blas") if method == "matrices" else contextlib.nullcontext()


def _train_one(task: _Task) -> _Run:
    architecture, options = task.architecture, task.options
    for_start, for_order = np.random.SeedSequence(task.seed, spawn_key=(task.number,)).spawn(2)
    rng, half_widths = np.random.default_rng(for_start), architecture.half_widths(options.box)
    boxed = {"box": options.box} if options.initialisation == "box" else {}
    parameters = INITIALISATIONS[options.initialisation](architecture, 1, rng=rng, **boxed)[0]
    if options.clip:
        parameters = np.clip(parameters, -half_widths, half_widths)
    rule, stream, epochs = _rule(options, half_widths), stream_of(for_order), options.epochs
    # threads of an executor are limited by their caller; a process, whose tasks run in its first thread, is not
    first = threading.current_thread() is threading.main_thread()
    with np.errstate(all="ignore"):  # without compilation wrapping random words warn, and so do runs that diverge
        if options.method == "matrices":
            with _one_thread(options.method if first else "points"):
                run = train_by_matrices(task.dataset, architecture, rule, parameters, stream, epochs)
        else:
            run = _train_by_points(task.dataset, architecture, rule, parameters, stream, epochs)
    return _Run(*run, parameters)


def _train_by_points(
    dataset: Dataset,
    architecture: Architecture,
    rule: kernels.Rule,
    parameters: np.ndarray,
    stream: np.ndarray,
    epochs: np.ndarray,
) -> tuple[int, np.ndarray]:
    records, points = np.full((4, epochs.size), np.nan), [points_of(split) for split in (dataset.train, dataset.test)]
    shape = shape_of(architecture)
    room = passes.room_for(shape.widths, rule.batch_size)
    return kernels.train(shape, rule, points[0], points[1], room, parameters, stream, epochs, records), records


def shape_of(architecture: Architecture) -> passes.Shape:
    """The architecture in numbers."""
    widths = np.array(architecture.widths, dtype=np.int64)
    return passes.Shape(widths, ACTIVATIONS.index(architecture.activation), HEADS.index(architecture.head))


def points_of(split: Split) -> passes.Points:
    """The points in numbers."""
    targets = split.targets[:, None] if split.labelled else split.targets
    return passes.Points(split.features.copy(), targets.astype(np.float64))  # copies, as read-only is another type


def _rule(options: TrainingOptions, half_widths: np.ndarray) -> kernels.Rule:
    limits = half_widths if options.clip else np.full(half_widths.size, np.inf)
    optimizer = OPTIMIZERS.index(options.optimizer)
    (batch_size,) = options.batch_sizes
    return kernels.Rule(optimizer, options.learning_rate, batch_size, limits, np.array(DECAYS), EPSILON)


def _trajectories(runs: list[_Run], architecture: Architecture, options: TrainingOptions) -> np.ndarray:
    """The four metrics, shape (4, n_runs, n_records)."""
    found = np.array([run.records for run in runs]).reshape(len(runs), 4, options.epochs.size).transpose(1, 0, 2).copy()
    with np.errstate(divide="ignore"):  # a loss of zero
        found[:2] = np.log(found[:2])
    if architecture.head == "linear":
        found[2:] = np.nan
    return found
