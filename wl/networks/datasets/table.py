"""Data of the user: a table in a CSV or NPZ file, with a target column and a column that says train or test.

Every other column is a feature, so each must have a name: one without is what many programs write for the numbers of
the rows. A CSV file has a header line; an NPZ file has one array for each column, of shape (n_rows,), or (n_rows, k)
for k features at once, and text where the split is. Rows are counted from 1, without the header and empty lines. All
numbers must be finite, and real in an NPZ file, not complex or boolean. No feature may be constant over the training
rows, where differences of rounding are none (`wl.networks.datasets.scaling`): it would be one more bias.

Standardised features are (x - mean)/(standard deviation), both over the training rows alone, so that the test rows
leave no trace in what the network is trained on. Targets are never changed.

Not for categories in words or missing values: encode or fill them first.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from perceptron.base.checks import check_dtype, check_kind, check_path, read_real
from perceptron.base.reading import arrays_in, read_content
from wl.networks.datasets.scaling import is_constant, standardised
from wl.networks.datasets.split import Dataset, Split

__all__ = ["read_table"]

PARTS = ("train", "test")
MOST_CLASSES = 1000  # or as many as there are training rows, where nothing else bounds the labels


def read_table(
    path: Path | str,
    target: str | Sequence[str],
    split: str,
    *,
    labelled: bool = True,
    n_classes: int | None = None,
    standardise: bool = False,
) -> Dataset:
    """Read a data set from a table.

    Parameters
    ----------
    path : path
        A .csv or .npz file.
    target : str or sequence of str
        Column of class labels 0, 1, …; or columns of real numbers.
    split : str
        Column whose values are train and test.
    labelled : bool
        Whether the target is a class label, as the logistic and softmax heads need it.
    n_classes : int, optional
        Labels must be below it; unless given, below one more than the largest label of the training rows.
    standardise : bool
        Whether features are standardised by the training rows.

    Returns
    -------
    Dataset
        Features in the order of the file; its parameters name the file, its SHA-256, and the features.

    Raises
    ------
    ValueError
        For a missing or damaged file, missing columns, columns without a name or with that of another, rows of another
        length, entries that are not finite real numbers, labels that are not 0, 1, … below the number of classes,
        values of the split other than train and test, a part without rows, a constant feature. The message names the
        column and the row.
    """
    source = check_path("path", path)
    check_kind("split", split, str)
    targets = (target,) if isinstance(target, str) else target
    if not isinstance(targets, Sequence) or not all(isinstance(name, str) for name in targets):
        raise TypeError(f"target = {target!r} is not usable; allowed: the name of a column, or several")
    targets = tuple(targets)
    _check_once(targets, "target")
    content = _content(source)
    columns = _csv_columns(source, content) if source.suffix == ".csv" else _npz_columns(source, content)
    rest = _feature_columns(source, columns, targets, split)
    in_train = _in_train(split, columns[split])
    names, features = _features(rest, in_train, standardise)
    wanted = np.hstack([_numbers(name, columns[name]) for name in targets])
    found = _labels(targets, wanted, in_train, n_classes) if labelled else wanted
    parameters = {
        "file": source.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "target": list(targets),
        "split": split,
        "features": names,
        "standardise": standardise,
    }
    train, test = (Split(features[part], found[part]) for part in (in_train, ~in_train))
    return Dataset(train, test, source.stem, parameters)


def _content(path: Path) -> bytes:
    if path.suffix not in (".csv", ".npz"):
        raise ValueError(f"table = {str(path)!r} is not usable; allowed: a name ending in .csv or .npz")
    return read_content(path, "table")


def _csv_columns(path: Path, content: bytes) -> dict[str, np.ndarray]:
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"table {str(path)!r} cannot be read ({error}); allowed: CSV in UTF-8") from None
    if len(rows) < 2:
        raise ValueError(f"table {str(path)!r} has {len(rows)} lines; allowed: a header and at least two rows")
    header = [name.strip() for name in rows[0]]
    _check_names(path, header)
    for number, row in enumerate(rows[1:], 1):
        if len(row) != len(header):
            raise ValueError(f"row {number} of {str(path)!r} has {len(row)} entries; allowed: {len(header)}")
    return {name: np.array(entries) for name, entries in zip(header, zip(*rows[1:], strict=True), strict=True)}


def _npz_columns(path: Path, content: bytes) -> dict[str, np.ndarray]:
    columns = arrays_in(content, "table", path, "NPZ without pickle")
    if isinstance(columns, np.ndarray):
        raise ValueError(f"table {str(path)!r} holds one array without a name; allowed: an array for each column")
    _check_names(path, list(columns))
    lengths = {name: array.shape for name, array in columns.items()}
    for name, shape in lengths.items():
        if len(shape) not in (1, 2) or shape[0] != next(iter(lengths.values()))[0]:
            raise ValueError(
                f"column {name!r} has shape {shape}; allowed: (n_rows,) or (n_rows, k), n_rows the same for all"
            )
    return columns


def _check_names(path: Path, names: Sequence[str]) -> None:
    if "" in names:
        place = names.index("") + 1
        raise ValueError(f"column {place} of {str(path)!r} has no name; allowed: a name for each column")
    _check_once(names, str(path))


def _check_once(names: Sequence[str], where: str) -> None:
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ValueError(f"column {name!r} stands twice in {where!r}; allowed: once")


def _feature_columns(
    path: Path, columns: dict[str, np.ndarray], targets: tuple[str, ...], split: str
) -> dict[str, np.ndarray]:
    """The columns that are neither target nor split."""
    for name in (*targets, split):
        if name not in columns:
            raise ValueError(f"column {name!r} is not in {str(path)!r}; allowed: {', '.join(columns)}")
    rest = {name: column for name, column in columns.items() if name not in {*targets, split}}
    if not rest:
        raise ValueError(f"{str(path)!r} has no features; allowed: columns beside {', '.join((*targets, split))}")
    return rest


def _in_train(name: str, column: np.ndarray) -> np.ndarray:
    """Which rows are for training."""
    if column.ndim != 1 or column.dtype.kind != "U":
        given = f"{column.dtype} of shape {column.shape}"
        raise ValueError(f"column {name!r} has {given}; allowed: text, {' or '.join(PARTS)} in each row")
    entries = [str(entry).strip() for entry in column]
    for number, entry in enumerate(entries, 1):
        if entry not in PARTS:
            raise ValueError(f"column {name!r}, row {number}: {entry!r} is not known; allowed: {', '.join(PARTS)}")
    for part in PARTS:
        if part not in entries:
            raise ValueError(
                f"column {name!r} has no row {part!r}; allowed: at least one row of each of {', '.join(PARTS)}"
            )
    return np.array(entries) == "train"


def _numbers(name: str, column: np.ndarray) -> np.ndarray:
    """The column as float64 (n_rows, k)."""
    block = column if column.ndim == 2 else column[:, None]
    if block.dtype.kind == "U":
        numbers = np.array([[_number(name, row, entry) for entry in line] for row, line in enumerate(block, 1)])
    else:
        check_dtype(f"column {name!r}", block)
        with np.errstate(over="ignore"):  # of longer numbers, which are refused below
            numbers = block.astype(np.float64)
    bad = np.argwhere(~np.isfinite(numbers))
    if bad.size:
        row, place = map(int, bad[0])
        raise ValueError(
            f"column {name!r}, row {row + 1}: {numbers[row, place]} is not finite; allowed: finite numbers"
        )
    return numbers


def _number(name: str, row: int, entry: str) -> float:
    try:
        return read_real(str(entry))
    except ValueError as error:
        raise ValueError(f"column {name!r}, row {row}: {error}; allowed: finite numbers") from None


def _features(columns: dict[str, np.ndarray], in_train: np.ndarray, standardise: bool) -> tuple[list[str], np.ndarray]:
    """Names and values (n_rows, n_inputs) of the features."""
    blocks = {name: _numbers(name, column) for name, column in columns.items()}
    names = [
        name if block.shape[1] == 1 else f"{name}[{place}]"
        for name, block in blocks.items()
        for place in range(block.shape[1])
    ]
    _check_once(names, "the names of all features")
    features = np.hstack(list(blocks.values()))
    constant = np.flatnonzero(is_constant(features[in_train]))
    if constant.size:
        name, value = names[constant[0]], float(features[in_train][0, constant[0]])
        raise ValueError(f"column {name!r} is {value!r} in all training rows; allowed: features that vary there")
    return names, _standardised(names, features, in_train) if standardise else features


def _standardised(names: list[str], features: np.ndarray, in_train: np.ndarray) -> np.ndarray:
    scaled = standardised(features, in_train)
    far = np.argwhere(~np.isfinite(scaled))
    if far.size:
        row, place = map(int, far[0])
        raise ValueError(
            f"column {names[place]!r}, row {row + 1}: {features[row, place]:g} cannot be standardised; allowed: numbers"
            " within 1e308 deviations of the training rows"
        )
    return scaled


def _labels(targets: tuple[str, ...], columns: np.ndarray, in_train: np.ndarray, n_classes: int | None) -> np.ndarray:
    if columns.shape[1] != 1:
        raise ValueError(f"target {', '.join(targets)} has {columns.shape[1]} columns; allowed: one column of labels")
    labels = columns[:, 0]
    most = n_classes - 1 if n_classes is not None else max(MOST_CLASSES, int(in_train.sum())) - 1
    if n_classes is None and labels[in_train].max() <= most:
        most = int(labels[in_train].max())
    bad = np.flatnonzero((labels < 0.0) | (labels > most) | (labels != np.floor(labels)))
    if bad.size:
        row = int(bad[0])
        raise ValueError(
            f"column {targets[0]!r}, row {row + 1}: {labels[row]:g} is no label; allowed: integers from 0 to {most}"
        )
    return labels.astype(np.int64)
