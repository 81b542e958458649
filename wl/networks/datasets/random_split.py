"""Real targets with a random part of the rows to train on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from perceptron.base.checks import check_integer
from wl.networks.datasets.scaling import is_constant, mean_and_deviation, standardised
from wl.networks.datasets.split import Dataset, Split

__all__ = ["regression_dataset"]


def regression_dataset(
    features: np.ndarray, values: np.ndarray, n_train: int, data_seed: int, name: str, parameters: Mapping[str, Any]
) -> Dataset:
    """Divide rows at random, and standardise the values by the training rows alone.

    The target is (v - m)/s with m the mean and s the standard deviation (divisor n_train) of the training rows: a
    network that always says their mean has ln L_train = 0, and test rows leave no trace in it. L s² is the mean squared
    error in units of the values.

    Parameters
    ----------
    features : ndarray, shape (n_rows, n_inputs)
    values : ndarray, shape (n_rows,)
    n_train : int
        Rows to train on; all others are for the test. Rows keep their order.
    data_seed : int
        Draws which rows.
    name, parameters
        Of the data set; the seed, m (`target_mean`) and s (`target_deviation`) are added.

    Raises
    ------
    ValueError
        For a negative seed, or values that do not vary over the training rows by more than rounding.
    """
    n_rows = len(values)
    check_integer("n_train", n_train, least=1, most=n_rows - 1)
    rng = np.random.default_rng(check_integer("data_seed", data_seed, least=0))
    in_train = np.zeros(n_rows, dtype=bool)
    in_train[rng.permutation(n_rows)[:n_train]] = True
    mean, deviation = map(float, mean_and_deviation(values[in_train]))
    if is_constant(values[in_train]):
        raise ValueError(f"the target is {mean!r} in all training rows; allowed: targets that vary there")
    targets = standardised(values, in_train)[:, None]
    train, test = (Split(features[part], targets[part]) for part in (in_train, ~in_train))
    drawn = {"data_seed": data_seed, "target_mean": mean, "target_deviation": deviation}
    return Dataset(train, test, name, dict(parameters) | drawn)
