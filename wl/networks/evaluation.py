"""Losses and accuracies of given networks on given points, and what the training kernels know of both."""

from __future__ import annotations

import numpy as np

from wl.datasets.split import Split
from wl.kernels import training as kernels
from wl.networks.architecture import ACTIVATIONS, HEADS, Architecture

__all__ = ["check_fits", "evaluate", "points_of", "shape_of"]


def evaluate(architecture: Architecture, parameters: np.ndarray, split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Mean loss over the points, and share of points classified rightly.

    A point of the logistic head is given label 1 where z > 0, one of the softmax head the first class of largest z.

    Parameters
    ----------
    architecture : Architecture
    parameters : ndarray, shape (..., n_parameters)
        One vector for each network.
    split : Split

    Returns
    -------
    losses, accuracies : ndarray of float64, shape (...)
        Accuracies are nan for the linear head.

    Raises
    ------
    ValueError
        For vectors of another length, or points that do not fit the network.
    """
    vectors = np.ascontiguousarray(parameters, dtype=np.float64)
    architecture.views(vectors)
    shape, points = shape_of(architecture), points_of(architecture, split)
    scratch = np.zeros((3, sum(architecture.widths)))
    found = np.array(
        [kernels.measure(shape, vector, points, scratch) for vector in vectors.reshape(-1, vectors.shape[-1])]
    )
    losses, accuracies = (column.reshape(vectors.shape[:-1]) for column in found.reshape(-1, 2).T)
    return losses, np.full_like(losses, np.nan) if architecture.head == "linear" else accuracies


def check_fits(architecture: Architecture, split: Split) -> None:
    """Raise ValueError unless the points have the network's inputs and targets its head can give."""
    if split.n_inputs != architecture.n_inputs:
        raise ValueError(f"n_inputs = {architecture.n_inputs} does not fit the data; allowed: {split.n_inputs}")
    if architecture.head == "linear":
        shape = split.targets.shape[1:]
        if shape != (architecture.n_outputs,):
            found = f"{shape[0]} real targets a point" if shape else "class labels"
            raise ValueError(f"the data have {found}; allowed: {architecture.n_outputs} for the linear head")
        return
    if not split.labelled:
        raise ValueError(f"the data have real targets; allowed: class labels for the {architecture.head} head")
    n_classes = 2 if architecture.head == "logistic" else architecture.n_outputs
    largest = int(split.targets.max())
    if largest >= n_classes:
        raise ValueError(f"the data have a label {largest}; allowed: 0 to {n_classes - 1} for this head")


def shape_of(architecture: Architecture) -> kernels.Shape:
    """The architecture in numbers."""
    widths = np.array(architecture.widths, dtype=np.int64)
    return kernels.Shape(widths, ACTIVATIONS.index(architecture.activation), HEADS.index(architecture.head))


def points_of(architecture: Architecture, split: Split) -> kernels.Points:
    """The points in numbers, once they fit.

    Raises
    ------
    ValueError
        As `check_fits`.
    """
    check_fits(architecture, split)
    targets = split.targets[:, None] if split.labelled else split.targets
    return kernels.Points(split.features.copy(), targets.astype(np.float64))  # copies, as read-only is another type
