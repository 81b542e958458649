"""Bulk band gap of polymers from an embedding of their SMILES strings by a chemical language model.

Two files of the user, in the same order of rows: a CSV file with the columns smiles and value (the gap in eV), and an
array (n_rows, n_features) in a .npy file or an .npz file. TransPolymer's data/Egb.csv, on which the paper worked, has
561 rows. The target is the gap, standardised by the training rows [assumption: the paper does not say]; four fifths of
the rows are for training, rounded to the nearest integer.

Features are the embedding as it is, as the encoder hands it to the regressor head that is sampled: that is what the
paper does and what its learning rates are tuned for, and entries are of order one. To scale them, scale the array.

The paper's embedding is that of TransPolymer's pretrained encoder, 768 numbers for each polymer. Another encoder gives
another problem of the same kind, not the paper's numbers; the parameters of the data set hold the SHA-256 of both
files.

Source: "High-entropy advantage in neural networks' generalizability", supplement, "Polymer SMILES Dataset".
"""

from __future__ import annotations

import csv
import hashlib
import io
import math
from pathlib import Path

import numpy as np

from perceptron.base.checks import read_real
from perceptron.base.reading import arrays_in, read_content
from wl.networks.datasets.download import Given, existing_file, named_file
from wl.networks.datasets.random_split import regression_dataset
from wl.networks.datasets.split import Dataset

__all__ = ["EMBEDDING", "POLYMERS", "polymer"]

POLYMERS = Given("polymers", "--data", "PERCEPTRON_WL_POLYMER")
EMBEDDING = Given("embeddings of the polymers", "--embedding", "PERCEPTRON_WL_POLYMER_EMBEDDING")
HEADER = ["smiles", "value"]
TRAIN_SHARE = 0.8
LEAST_ROWS = 5  # fewer may leave no test row


def polymer(path: Path | str | None = None, embedding: Path | str | None = None, *, data_seed: int = 1) -> Dataset:
    """Band gaps of polymers: four fifths of the rows to train on, one to test on.

    Parameters
    ----------
    path : path, optional
        CSV file with the columns smiles, value; unless given, that in the environment variable PERCEPTRON_WL_POLYMER.
    embedding : path, optional
        File with one row for each row of the table, .npy, or .npz; FILE.npz:NAME takes one array of several. Unless
        given, that in the environment variable PERCEPTRON_WL_POLYMER_EMBEDDING.
    data_seed : int
        Draws which rows are for training.

    Returns
    -------
    Dataset
        Its parameters name both files with their SHA-256, and the array.

    Raises
    ------
    ValueError
        If one of the files is not given, is missing or damaged, the two do not go together, or the seed is negative.
    """
    table = existing_file(POLYMERS, *_named(POLYMERS, path))
    way, text = _named(EMBEDDING, embedding)
    file_name, wanted = _file_and_array(text)
    vectors = existing_file(EMBEDDING, way, file_name)
    content, packed = read_content(table, POLYMERS.what), read_content(vectors, "embedding")
    gaps = _gaps(table, content)
    name, features = _chosen_array(vectors, packed, wanted)
    _check_shape(vectors, features, len(gaps))
    parameters = {
        "file": table.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "embedding_file": vectors.name,
        "embedding_sha256": hashlib.sha256(packed).hexdigest(),
        "embedding_array": name,
    }
    n_train = math.floor(TRAIN_SHARE * len(gaps) + 0.5)
    return regression_dataset(features, gaps, n_train, data_seed, "polymer", parameters)


def _named(given: Given, path: Path | str | None) -> tuple[str, str]:
    named = named_file(given, path)
    if named is None:
        allowed = f"{POLYMERS.ways}, and {EMBEDDING.ways}"
        raise ValueError(f"{given.option} is missing: polymer needs a table and an embedding; allowed: {allowed}")
    return named


def _file_and_array(text: str) -> tuple[str, str | None]:
    """FILE, or FILE.npz:NAME, which is no name of a file."""
    file_name, sign, name = text.rpartition(":")
    return (file_name, name) if sign and file_name.endswith(".npz") else (text, None)


def _gaps(path: Path, content: bytes) -> np.ndarray:
    """Column of values, float64 (n_rows,)."""
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig")), strict=True) if row]
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"table {str(path)!r} cannot be read ({error}); allowed: CSV in UTF-8") from None
    header = rows[0] if rows else []
    if header != HEADER:
        raise ValueError(f"table {str(path)!r} has the columns {', '.join(header)}; allowed: {', '.join(HEADER)}")
    if len(rows) - 1 < LEAST_ROWS:
        raise ValueError(f"table {str(path)!r} has {len(rows) - 1} rows; allowed: at least {LEAST_ROWS}")
    return np.array([_gap(path, number, row) for number, row in enumerate(rows[1:], 1)])


def _gap(path: Path, number: int, row: list[str]) -> float:
    try:
        _, entry = row
        value = read_real(entry)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"row {number} of {str(path)!r} is {','.join(row)!r}; allowed: smiles and a finite number")
    return value


def _chosen_array(path: Path, packed: bytes, wanted: str | None) -> tuple[str | None, np.ndarray]:
    """Name and content of the array; no name in a .npy file."""
    arrays = arrays_in(packed, "embedding", path, ".npy or .npz, no pickle")
    if isinstance(arrays, np.ndarray):
        return None, arrays
    if wanted is None and len(arrays) == 1:
        wanted = next(iter(arrays))
    if wanted not in arrays:
        text = str(path) if wanted is None else f"{path}:{wanted}"
        ways = ", ".join(f"{path}:{name}" for name in arrays) or "a file with an array"
        raise ValueError(f"embedding {text!r} names no array of the file; allowed: {ways}")
    return wanted, arrays[wanted]


def _check_shape(path: Path, array: np.ndarray, n_rows: int) -> None:
    if array.ndim != 2 or array.shape[0] != n_rows or array.dtype.kind not in "iuf":
        allowed = f"numbers ({n_rows}, n_features), a row for each row of the table"
        raise ValueError(f"embedding {str(path)!r} has shape {array.shape} and type {array.dtype}; allowed: {allowed}")
