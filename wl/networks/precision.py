"""Whether data keep their meaning in the precision of a network: single precision holds less than a table does.

Features of 1e300 are infinite there and those of 1e-300 zero; seconds since 1970 are rounded to minutes. What is lost
so is refused, by the place where it is lost, in place of being sampled or trained on.
"""

from __future__ import annotations

import math

import numpy as np

from wl.networks.architecture import Architecture
from wl.networks.datasets.scaling import is_constant, mean_and_deviation
from wl.networks.datasets.split import Split

__all__ = ["check_precision", "check_range"]

LOST = 0.01  # of the deviation of a column, by which rounding may move its entries


def check_precision(train: Split, test: Split | None, precision: str) -> None:
    """Refuse features and real targets that are not finite in this precision, or lose how they vary over `train`.

    Raises
    ------
    ValueError
        Naming the first entry, or the first column.
    """
    for part, split in (("train", train), ("test", test)):
        for name in ("features", "targets"):
            if split is not None and getattr(split, name).ndim == 2:
                _check_finite(f"{part}.{name}", getattr(split, name), precision)
    for name in ("features", "targets"):
        if getattr(train, name).ndim == 2:
            _check_spread(f"train.{name}", getattr(train, name), precision)


def _check_finite(name: str, columns: np.ndarray, precision: str) -> None:
    most = float(np.finfo(precision).max)
    beyond = np.argwhere(np.abs(columns) > most)
    if beyond.size:
        row, place = map(int, beyond[0])
        raise ValueError(
            f"{name}[{row}, {place}] = {columns[row, place]:g} is beyond {precision}; allowed: at most {most:.2g} in"
            " size, standardised numbers for example"
        )


def _check_spread(name: str, columns: np.ndarray, precision: str) -> None:
    moved = np.abs(columns.astype(precision).astype(np.float64) - columns).max(axis=0)
    lost = np.flatnonzero((moved > LOST * mean_and_deviation(columns)[1]) & ~is_constant(columns))
    if lost.size:
        column = columns[:, lost[0]]
        raise ValueError(
            f"{name}[:, {lost[0]}] from {column.min():.10g} to {column.max():.10g} is rounded to {precision} by"
            f" {moved[lost[0]]:.2g}, more than {LOST:g} of its deviation; allowed: numbers that keep how they vary,"
            " standardised ones for example"
        )


def check_range(
    architecture: Architecture, splits: list[Split], precision: str, box: float | tuple[float, ...] | None
) -> None:
    """Refuse data for which a network in the box may have a loss that is not finite in this precision.

    Such a network would be left out of what is sampled. The bound is that of the largest output of any network of the
    box, layer by layer: |z| <= h (Σ|a| + 1).

    Raises
    ------
    ValueError
        Naming the bound.
    """
    total = max(float(np.abs(split.features).sum(axis=1).max()) for split in splits)
    half_widths, bound = architecture.half_widths(box), 0.0
    for layer in architecture.layers:
        bound = float(half_widths[layer.weights.start]) * (total + 1.0)
        total = layer.n_outputs * (min(bound, 1.0) if architecture.activation == "tanh" else bound)
    n_points = max(split.n_points for split in splits)
    if architecture.head == "linear":
        far = bound + max(float(np.abs(split.targets).max()) for split in splits)
        largest = n_points * architecture.n_outputs * far * far
    else:
        largest = 2.0 * n_points * bound
    if not math.isfinite(largest) or largest > float(np.finfo(precision).max):
        raise ValueError(
            f"losses of networks in the box may reach {largest / n_points:.2g}, beyond {precision}; allowed: smaller"
            " features and targets, standardised ones for example, or a smaller box"
        )
