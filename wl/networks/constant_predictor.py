"""Loss of the best constant prediction: the level that any network reaches without looking at the features.

Fitted to the training points, it is the mean of the targets for a linear head, and the share of each label for the
others; the test loss is that of the same constant. A landscape or a training that does not go below it says nothing
about what is learned.
"""

from __future__ import annotations

import numpy as np

from wl.networks.datasets.split import Dataset, Split

__all__ = ["constant_log_losses"]


def constant_log_losses(dataset: Dataset) -> tuple[float, float]:
    """Ln of the training and of the test loss of the best constant prediction.

    With real targets y the losses are means of (y - ȳ)² over points and outputs, with the mean ȳ of each output over
    the training points; with labels the cross-entropies -ln p_label, with the share p of each label among them. A loss
    may be zero or infinite, and its logarithm infinite.

    Returns
    -------
    (float, float)
    """
    train = dataset.train
    if train.labelled:
        n_classes = 1 + int(max(train.targets.max(), dataset.test.targets.max()))
        with np.errstate(divide="ignore"):  # labels that only the test points have
            costs = -np.log(np.bincount(train.targets, minlength=n_classes) / train.n_points)
        losses = [float(costs[split.targets].mean()) for split in (train, dataset.test)]
    else:
        mean = train.targets.mean(axis=0)
        losses = [_squared(split, mean) for split in (train, dataset.test)]
    with np.errstate(divide="ignore"):
        first, second = np.log(losses)
    return float(first), float(second)


def _squared(split: Split, constant: np.ndarray) -> float:
    return float(np.mean((split.targets - constant) ** 2))
