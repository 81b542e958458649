"""A data set: points to train on and points to test on, checked once, with what they were made from.

Not for data that do not fit in memory: every point is a row of float64.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from perceptron.base.files import load_arrays, provenance, save_table

__all__ = ["Dataset", "Split", "load_dataset"]

NAMES = ("train_features", "train_targets", "test_features", "test_targets")


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Points with what a network is to say about them.

    Attributes
    ----------
    features : ndarray of float64, shape (n_points, n_inputs)
        Finite; read-only.
    targets : ndarray, read-only
        Class labels 0, 1, …, int64 of shape (n_points,), or finite float64 of shape (n_points, n_outputs).

    Raises
    ------
    ValueError
        For other shapes or types, entries that are not finite, negative labels, or no points.
    """

    features: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        features = _matrix("features", self.features, "(n_points, n_inputs)")
        targets = np.asarray(self.targets)
        if targets.dtype.kind in "iu" and targets.ndim == 1:
            targets = _labels(targets)
        else:
            targets = _matrix("targets", targets, "(n_points,) of integer labels, or (n_points, n_outputs) of reals")
        if len(targets) != len(features):
            raise ValueError(f"targets has {len(targets)} points; allowed: {len(features)}, those of the features")
        for name, array in (("features", features), ("targets", targets)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @property
    def n_points(self) -> int:
        """Number of points."""
        return int(self.features.shape[0])

    @property
    def n_inputs(self) -> int:
        """Features of a point."""
        return int(self.features.shape[1])

    @property
    def labelled(self) -> bool:
        """Whether the targets are class labels."""
        return self.targets.ndim == 1


@dataclass(frozen=True, slots=True, eq=False)
class Dataset:
    """Points to train on and to test on.

    Attributes
    ----------
    train, test : Split
        With the same features and the same kind of targets.
    name : str
        What it is, such as "spiral".
    parameters : mapping
        All it was made from, in types that JSON has; together with the name it makes the data again.

    Raises
    ------
    ValueError
        If the two parts do not go together.
    """

    train: Split
    test: Split
    name: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parameters", MappingProxyType(dict(self.parameters)))
        if self.train.n_inputs != self.test.n_inputs:
            raise ValueError(f"test has {self.test.n_inputs} features; allowed: {self.train.n_inputs}, as train")
        kinds = [split.targets.shape[1:] for split in (self.train, self.test)]
        if kinds[0] != kinds[1]:
            raise ValueError(f"test has targets of shape (n_points, *{kinds[1]}); allowed: (n_points, *{kinds[0]})")

    def save(self, path: Path | str) -> None:
        """Write an .npz file that `load_dataset` reads."""
        parts = (self.train.features, self.train.targets, self.test.features, self.test.targets)
        arrays = dict(zip(NAMES, parts, strict=True))
        save_table(path, arrays, provenance(name=self.name, dataset=dict(self.parameters)))


def load_dataset(path: Path | str) -> Dataset:
    """Read what `Dataset.save` wrote.

    Raises
    ------
    ValueError
        If the file is missing, damaged or holds something else.
    """
    arrays, origin = load_arrays(path, "data set", NAMES)
    parts = [arrays[name] for name in NAMES]
    parameters = origin["parameters"]
    return Dataset(Split(*parts[:2]), Split(*parts[2:]), parameters["name"], parameters["dataset"])


def _matrix(name: str, values: Any, allowed: str) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 2 or array.size == 0 or array.dtype.kind not in "iuf":
        raise ValueError(f"{name} has shape {array.shape} and type {array.dtype}; allowed: {allowed}")
    with np.errstate(over="ignore"):  # of longer numbers, which are refused below
        array = np.array(array, dtype=np.float64, order="C")
    bad = np.argwhere(~np.isfinite(array))
    if bad.size:
        point, column = map(int, bad[0])
        raise ValueError(f"{name}[{point}, {column}] = {array[point, column]!r}; allowed: finite numbers")
    return array


def _labels(values: np.ndarray) -> np.ndarray:
    bad = np.flatnonzero((values < 0) | (values > np.iinfo(np.int64).max))
    if bad.size:
        raise ValueError(f"targets[{bad[0]}] = {values[bad[0]]}; allowed: class labels 0, 1, 2, …")
    return np.array(values, dtype=np.int64)
