"""Where the replica-symmetric saddle behind a margin ends with q -> 1: a closed form for each prior and constraint.

As q -> 1 the energetic average diverges like α s/(1-q)², where s is the mean squared distance of a Gaussian from the
stabilities allowed: s(κ) = ∫Dz (κ+z)₊² = (1+κ²)H(-κ) + κG(κ) behind a margin step. The weights can follow up to
α s = 2/π if they are binary, up to α s = 1 on the sphere. There the saddle ends at φ = -∞: for spherical weights that
is the capacity [1]_, for binary weights the entropy vanishes before. A wide committee of ReLU units has
s = D'(1)⁻¹ s(κ/√Δ(1)); one of sign units, whose D' diverges, has no such end [2]_. For three ReLU units s is known by
sampling alone.

References
----------
.. [1] E. Gardner, J. Phys. A 21, 257 (1988).
.. [2] E. Barkai, D. Hansel and H. Sompolinsky, Phys. Rev. A 45, 4146 (1992).
"""

from __future__ import annotations

import functools
import math
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from perceptron.base.checks import check_real
from perceptron.base.results import Estimate
from perceptron.kernels.committees.three_relus import BALANCED, ReluCommitteeOfThree
from perceptron.kernels.committees.three_signs import SignCommitteeOfThree
from perceptron.kernels.committees.wide import RELU_SCALE, WideReluCommittee, WideSignCommittee
from perceptron.kernels.special.gaussian import gaussian_density, gaussian_tail
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.kernels.typical.priors import BinaryWeights
from perceptron.kernels.typical.spherical import (
    DiscreteWeights,
    PlantedLabels,
    PlantedWeights,
    SphericalWeights,
)
from perceptron.theory.ranges import check_load, check_margin

__all__ = ["COMMITTEES", "check_saddle_exists", "largest_margin", "last_load", "replicon_at_end", "sampled_distance"]

LIMITS: dict[type, float] = {BinaryWeights: 2.0 / math.pi, SphericalWeights: 1.0}
COMMITTEES = (WideSignCommittee, WideReluCommittee, SignCommitteeOfThree, ReluCommitteeOfThree)
RELU_SLOPE = math.pi / (math.pi - 1.0)  # D'(1)
N_SEQUENCES, LOG_2_POINTS = 8, 18  # scrambled Sobol points in the three fields of ReLU units
OF_THREE = 5.0 / 8.0 - (3.0 + math.sqrt(3.0)) / (4.0 * math.pi)  # the nearest units that make a majority are turned


def squared_excess(margin: float) -> float:
    """s(κ) = ∫Dz (κ+z)₊²."""
    return (1.0 + margin * margin) * gaussian_tail(-margin) + margin * gaussian_density(margin)


def squared_distance(constraint: Any) -> float:
    """Mean squared distance s of a constraint; 0 where the saddle does not end, nan where no closed form is known."""
    match constraint:
        case MarginStep(margin):
            return squared_excess(margin)
        case WideReluCommittee(margin):
            return squared_excess(margin * RELU_SCALE) / RELU_SLOPE
        case WideSignCommittee():
            return 0.0
        case SignCommitteeOfThree():
            return OF_THREE
    return math.nan


@functools.lru_cache
def sampled_distance(constraint: ReluCommitteeOfThree) -> Estimate:
    """Mean squared distance s for three ReLU units: to Σ max(x, 0) >= θ with label +1, <= θ with label -1."""
    from scipy.stats import qmc  # noqa: PLC0415  # a second of every command's start, for this model alone

    margin, threshold = constraint
    means = []
    for seed in range(N_SEQUENCES):
        fields = ndtri(qmc.Sobol(3, rng=seed).random_base2(LOG_2_POINTS))
        short = distance_upwards(fields, math.sqrt(3.0) * (threshold + margin))
        long = distance_downwards(fields, math.sqrt(3.0) * (threshold - margin))
        means.append(0.5 * np.mean(short**2 + long**2))
    return Estimate(float(np.mean(means)), float(np.std(means, ddof=1) / math.sqrt(N_SEQUENCES)))


def distance_upwards(fields: np.ndarray, threshold: float) -> np.ndarray:
    """To the nearest point with Σ max(x, 0) >= θ: the largest fields rise by one amount, as many as is shortest."""
    sums = np.cumsum(np.sort(fields, axis=1)[:, ::-1], axis=1)
    return np.min(np.maximum(threshold - sums, 0.0) / np.sqrt([1.0, 2.0, 3.0]), axis=1)


def distance_downwards(fields: np.ndarray, threshold: float) -> np.ndarray:
    """To the nearest point with Σ max(x, 0) <= θ: positive fields fall by one amount, at most to zero."""
    positive = np.maximum(np.sort(fields, axis=1)[:, ::-1], 0.0)
    fall = np.max((np.cumsum(positive, axis=1) - threshold) / [1.0, 2.0, 3.0], axis=1, keepdims=True)
    return np.sqrt(np.sum(np.minimum(positive, np.maximum(fall, 0.0)) ** 2, axis=1))


def last_load(constraint: Any, prior: Any) -> float:
    """Load at which the saddle ends; infinite where it does not, or no end is known in closed form."""
    distance = squared_distance(constraint)
    return LIMITS[type(prior)] / distance if type(prior) in LIMITS and distance > 0.0 else math.inf


def replicon_at_end(constraint: Any) -> float:
    """Replicon of spherical weights where their saddle ends; 1 at margin 0, infinite for committees, nan if unknown.

    Each Gaussian stability that has to move counts once: α H(-κ). In a committee small fluctuations of q also exchange
    the units that move, and their share diverges as q -> 1.
    """
    if isinstance(constraint, MarginStep):
        return gaussian_tail(-constraint.margin) / squared_excess(constraint.margin)
    return math.inf if isinstance(constraint, COMMITTEES) else math.nan


def largest_margin(load: float, prior: Any = BinaryWeights(), step: type = MarginStep) -> float:  # noqa: B008
    """Margin at which the saddle ends with q -> 1: α s(κ) = 2/π for binary weights.

    Beyond it the equations have no solution. Always above `maximum_margin`; infinite for a `step` without such an end.
    """
    return _largest_margin(check_load(load), LIMITS[type(prior)], step)


@functools.lru_cache(maxsize=4096)
def _largest_margin(load: float, limit: float, step: type) -> float:
    if step is ReluCommitteeOfThree:
        return BALANCED  # with labels -1 beyond it no pattern can be met
    if not squared_distance(step(0.0)) > 0.0:
        return math.inf

    def excess(margin: float) -> float:
        return math.log(squared_distance(step(margin)) * load / limit)

    low, high = -1.0, 1.0
    while excess(low) > 0.0:
        low *= 2.0
    while excess(high) < 0.0:
        high *= 2.0
    return float(brentq(excess, low, high, xtol=1e-14))


def check_saddle_exists(load: float, constraint: Any, prior: Any) -> None:
    """Refuse a load or margin beyond the end of the saddle, and priors that do not go with the constraint.

    Raises
    ------
    ValueError
        Naming the argument and what is allowed.
    """
    if isinstance(constraint, PlantedLabels) != isinstance(prior, PlantedWeights):
        pair = "allowed: PlantedWeights with PlantedLabels, or neither"
        raise ValueError(f"prior = {prior!r} does not go with constraint = {constraint!r}; {pair}")
    if isinstance(constraint, COMMITTEES) and isinstance(prior, DiscreteWeights):
        pair = "allowed: weights of one size"
        raise ValueError(f"prior = {prior!r} does not go with constraint = {constraint!r}; {pair}")
    if type(prior) not in LIMITS:
        return
    if isinstance(constraint, MarginStep | WideReluCommittee):
        check_margin(constraint.margin, largest=largest_margin(load, prior, type(constraint)))
    check_real("load", load, below=last_load(constraint, prior))
