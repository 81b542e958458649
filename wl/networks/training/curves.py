"""Curves of an ensemble against its training loss: what training reaches at each ln L_train.

The points of a curve are bins of ln L_train. Neighbouring records of a run are far from independent, so what is
averaged and what gives the error are runs: a run's mean over its records in a bin is one number x_k, and

    mean = Σ x_k / n,   error = √(Σ (x_k - mean)² / (n (n - 1))),   n runs with records in the bin.

Records do not lie in the middle of a bin, and a metric changes across it: the place of a point is the same average of
the records' own ln L_train. What depends on ln L_train, as an equilibrium curve does, is to be averaged over the same
records before it is compared; each curve keeps for that how its records are spread over parts of each bin
(`TrainingCurve.average`).

The second rule takes of all records in the bin, over all runs, the one of lowest test loss. Its error is the standard
deviation over bootstrap samples of the runs, in closed form: with the n runs in the order of their lowest test loss in
the bin, run k = 1, …, n gives the lowest of a sample with probability ((n - k + 1)ⁿ - (n - k)ⁿ)/nⁿ. The lowest of many
runs is lower than that of few: compare ensembles of one size.

Runs that diverged are left out, and so are records with a loss of zero. The mean over records weighs epochs evenly
where records are evenly spaced.

Source: "High-entropy advantage in neural networks' generalizability", main text (mean) and supplement (lowest test
loss).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_choice, check_integer, check_real
from perceptron.base.results import Estimate
from wl.networks.training.ensemble import TrainingEnsemble

__all__ = [
    "RULES",
    "BestPoint",
    "TrainingCurve",
    "average_over_parts",
    "best_early_stopping",
    "change_in_second_half",
    "mean_at",
    "outside_box",
    "training_curve",
]

RULES = ("mean", "lowest test loss")
BIN_WIDTH = 0.1  # of ln L_train
N_PARTS = 5  # of a bin: as wide as the bins of a landscape
LEAST_SHARE = 0.25  # of the runs in the fullest bin, that a bin must have to be the best point


@dataclass(frozen=True, slots=True, eq=False)
class TrainingCurve:
    """A metric against ln L_train.

    Attributes
    ----------
    metric, rule : str
    edges : ndarray, shape (n_bins + 1,)
        Of the bins of ln L_train, multiples of the width.
    values, errors : ndarray, shape (n_bins,)
        nan in bins without records; errors also where there is one run.
    n_runs : ndarray of int64, shape (n_bins,)
        Runs with records in the bin.
    shares, places : ndarray, shape (n_bins, N_PARTS)
        Share of each fifth of a bin in its average, and the mean ln L_train of the records there; 0 and nan where it
        has none.
    """

    metric: str
    rule: str
    edges: np.ndarray
    values: np.ndarray
    errors: np.ndarray
    n_runs: np.ndarray
    shares: np.ndarray
    places: np.ndarray

    @property
    def positions(self) -> np.ndarray:
        """Mean ln L_train of the records behind each value, averaged as they are; nan in bins without records."""
        return self.average(lambda places: places)

    def average(self, function: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """Mean of a function of ln L_train over the records of each bin, averaged as the metric is.

        Exact for functions that are linear across a part of a bin. nan in bins without records, and where the function
        is nan at some of them.
        """
        return average_over_parts(self.shares, self.places, function)


@dataclass(frozen=True, slots=True)
class BestPoint:
    """Where a curve is best.

    Attributes
    ----------
    log_train_loss : float
        Mean ln L_train of the records.
    estimate : Estimate
        The metric there. As the best of many points it is too good by about its error.
    n_runs : int
        Runs in the bin.
    """

    log_train_loss: float
    estimate: Estimate
    n_runs: int


def training_curve(
    ensemble: TrainingEnsemble, metric: str = "test_accuracy", *, rule: str = "mean", width: float = BIN_WIDTH
) -> TrainingCurve:
    """Curve of a metric against ln L_train.

    Raises
    ------
    ValueError
        For an unknown metric or rule, accuracies of a linear head, a width that is not positive, or an ensemble without
        a usable record.
    """
    check_real("width", width, above=0.0)
    check_choice("rule", rule, RULES)
    if ensemble.architecture.head == "linear" and metric.endswith("accuracy"):
        raise ValueError(
            f"metric = {metric!r} is not defined for the linear head; allowed: log_train_loss, log_test_loss"
        )
    values, losses = ensemble[metric][ensemble.kept], ensemble["log_train_loss"][ensemble.kept]
    usable = np.isfinite(losses)
    if not usable.any():
        raise ValueError(
            f"no record of {ensemble.n_runs} runs ({ensemble.n_diverged} diverged) has a finite ln L_train"
        )
    bins = np.floor(np.where(usable, losses, 0.0) / width).astype(np.int64)
    lowest, highest = int(bins[usable].min()), int(bins[usable].max())
    bins = np.where(usable, bins - lowest, -1)
    n_bins = highest - lowest + 1
    edges = width * np.arange(lowest, highest + 2)
    if rule == "mean":
        return TrainingCurve(
            metric, rule, edges, *_means_over_runs(bins, values, n_bins), *_spread_of_records(bins, losses, edges)
        )
    found, errors, count, places = _at_lowest_test_loss(bins, values, ensemble["log_test_loss"][ensemble.kept], losses)
    shares = np.zeros((n_bins, N_PARTS))
    shares[count > 0, 0] = 1.0  # one record
    return TrainingCurve(metric, rule, edges, found, errors, count, shares, np.where(shares > 0.0, places, np.nan))


def average_over_parts(
    shares: np.ndarray, places: np.ndarray, function: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """`TrainingCurve.average` from the arrays of a curve, shape (n_bins, n_parts)."""
    used = shares > 0.0
    values = np.where(used, function(np.where(used, places, np.nan)), 0.0)
    return np.where(used.any(axis=1), np.sum(shares * values, axis=1), np.nan)


def _means_over_runs(bins: np.ndarray, values: np.ndarray, n_bins: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, standard error and number of runs in each bin."""
    n_runs = bins.shape[0]
    records, totals = np.zeros((n_runs, n_bins)), np.zeros((n_runs, n_bins))
    runs, places = np.nonzero(bins >= 0)
    np.add.at(records, (runs, bins[runs, places]), 1.0)
    np.add.at(totals, (runs, bins[runs, places]), values[runs, places])
    seen = records > 0.0
    count = np.count_nonzero(seen, axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):  # bins that no run saw, or one alone
        of_runs = totals / np.maximum(records, 1.0)
        means = of_runs.sum(axis=0) / count
        squares = np.where(seen, of_runs - means, 0.0) ** 2
        errors = np.sqrt(squares.sum(axis=0) / (count * (count - 1.0)))
    return means, errors, count


def _spread_of_records(bins: np.ndarray, losses: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Share of each part of a bin in the average over runs, and mean ln L_train there."""
    n_bins = edges.size - 1
    inside = bins >= 0
    depth = (np.where(inside, losses, 0.0) - edges[np.maximum(bins, 0)]) / (edges[1] - edges[0])
    parts = np.clip(np.floor(N_PARTS * depth), 0, N_PARTS - 1)
    shares, places = np.zeros((n_bins, N_PARTS)), np.full((n_bins, N_PARTS), np.nan)
    for part in range(N_PARTS):
        here = inside & (parts == part)
        share = np.nan_to_num(_means_over_runs(bins, here.astype(float), n_bins)[0])
        weighted = _means_over_runs(bins, np.where(here, losses, 0.0), n_bins)[0]
        some = share > 0.0
        shares[:, part] = share
        places[some, part] = weighted[some] / share[some]
    return shares, places


def _at_lowest_test_loss(
    bins: np.ndarray, values: np.ndarray, test_losses: np.ndarray, losses: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Value at the lowest test loss, bootstrap error over the runs, number of runs in each bin, and its ln L_train."""
    n_bins = int(bins.max()) + 1
    found, errors, count = np.full(n_bins, np.nan), np.full(n_bins, np.nan), np.zeros(n_bins, dtype=np.int64)
    places = np.full((n_bins, 1), np.nan)
    for b in range(n_bins):
        masked = np.where(bins == b, test_losses, np.inf)
        records = np.argmin(masked, axis=1)
        runs = np.flatnonzero((bins == b).any(axis=1))
        runs = runs[np.argsort(masked[runs, records[runs]], kind="stable")]
        n = count[b] = runs.size
        if n == 0:
            continue
        of_runs = values[runs, records[runs]]
        found[b], places[b] = of_runs[0], losses[runs[0], records[runs[0]]]
        if n > 1:
            left = np.arange(n, -1, -1) / n
            chances = left[:-1] ** n - left[1:] ** n
            errors[b] = np.sqrt(chances @ (of_runs - chances @ of_runs) ** 2)
    return found, errors, count, places


def best_early_stopping(curve: TrainingCurve, *, least_runs: int | None = None) -> BestPoint:
    """Best point of a curve: largest accuracy or lowest loss, among bins with enough runs.

    Parameters
    ----------
    curve : TrainingCurve
    least_runs : int, optional
        Runs that a bin must have; by default a quarter of those in the fullest bin, and two where there are two.

    Raises
    ------
    ValueError
        If no bin has so many runs.
    """
    most = int(curve.n_runs.max())
    least = min(most, max(2, math.ceil(LEAST_SHARE * most))) if least_runs is None else least_runs
    check_integer("least_runs", least, least=1)
    allowed = (curve.n_runs >= least) & np.isfinite(curve.values)
    if not allowed.any():
        raise ValueError(f"least_runs = {least} is met by no bin; allowed: at most {most}")
    sign = 1.0 if curve.metric.endswith("accuracy") else -1.0
    best = int(np.argmax(np.where(allowed, sign * curve.values, -np.inf)))
    estimate = Estimate(float(curve.values[best]), float(curve.errors[best]))
    return BestPoint(float(curve.positions[best]), estimate, int(curve.n_runs[best]))


def mean_at(ensemble: TrainingEnsemble, metric: str, epoch: int | None = None) -> Estimate:
    """Mean over the runs that did not diverge at the last record until `epoch`, with its standard error."""
    until = ensemble.epochs[-1] if epoch is None else epoch
    record = int(np.searchsorted(ensemble.epochs, until, side="right")) - 1
    return _mean(ensemble[metric][ensemble.kept, record])


def change_in_second_half(ensemble: TrainingEnsemble, metric: str) -> Estimate:
    """Mean over runs of the change of a metric from half of the epochs to the end: whether training goes on."""
    middle = int(np.searchsorted(ensemble.epochs, ensemble.epochs[-1] // 2, side="right")) - 1
    of_runs = ensemble[metric][ensemble.kept]
    with np.errstate(invalid="ignore"):  # losses of zero at both
        return _mean(of_runs[:, -1] - of_runs[:, middle])


def outside_box(ensemble: TrainingEnsemble) -> Estimate:
    """Mean over runs of the share of parameters that end outside the sampler's box; zero for clipped runs."""
    return _mean(ensemble.outside_box[ensemble.kept])


def _mean(values: np.ndarray) -> Estimate:
    if values.size == 0:
        return Estimate(float("nan"), float("nan"))
    with np.errstate(invalid="ignore"):  # losses of zero
        error = values.std(ddof=1) / np.sqrt(values.size) if values.size > 1 else float("nan")
    return Estimate(float(values.mean()), float(error))
