"""Whether runs that started from given configurations, such as trained networks, agree with those from uniform draws.

The spread between runs does not see what no run found: a family of configurations that is rare where all walkers begin.
Runs that begin elsewhere may have found it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from wl.analysis.comparison import LEAST_RUNS, Comparison, compare_runs

__all__ = ["Halves", "compare_halves"]

FAR = 3.0  # errors
LEAST_GROUPS = 4


@dataclass(frozen=True, slots=True)
class Halves:
    """Comparison of the two kinds of runs.

    Attributes
    ----------
    entropy : Comparison
        Of ln g along the first variable, up to a constant.
    mean : Comparison or None
        Of the conditional mean of a second variable.
    holds_down_to : float
        Lowest value of the first variable to which both agree within 3 errors in every bin, counted from the entropy
        maximum; nan where they differ there.
    """

    entropy: Comparison
    mean: Comparison | None
    holds_down_to: float


def compare_halves(landscape: Any) -> Halves | None:
    """Compare the kinds of runs in a landscape; None with fewer than four runs of either kind."""
    if "run_given_start" not in landscape:
        return None
    given = landscape["run_given_start"].values.astype(bool)
    if min(np.count_nonzero(given), np.count_nonzero(~given)) < LEAST_RUNS:
        return None
    name = "log_g" if landscape["log_g"].ndim == 1 else "log_g_marginal"
    marginals = landscape[f"{name}_runs"].values
    entropy = compare_runs(marginals[given], marginals[~given], n_groups=LEAST_GROUPS)
    mean = None
    if "conditional_mean_runs" in landscape:
        means = landscape["conditional_mean_runs"].values
        mean = compare_runs(means[given], means[~given], constant=False, n_groups=LEAST_GROUPS)
    x = landscape[landscape["log_g"].dims[0]].values
    top = int(np.nanargmax(landscape[name].values))
    return Halves(entropy, mean, _holds(x, top, entropy, mean))


def _holds(x: np.ndarray, top: int, entropy: Comparison, mean: Comparison | None) -> float:
    agree = np.abs(entropy.difference) <= FAR * entropy.error
    if mean is not None:
        agree &= np.abs(mean.difference) <= FAR * mean.error + 1e-12
    place = top
    while place >= 0 and agree[place]:
        place -= 1
    return float(x[place + 1]) if place < top else math.nan
