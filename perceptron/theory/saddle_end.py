"""Where the replica-symmetric saddle behind a margin step ends with q -> 1: a closed form for each prior.

As q -> 1 the energetic average diverges like α s(κ)/(1-q)², with s(κ) = ∫Dz (κ+z)₊² = (1+κ²)H(-κ) + κG(κ), and the
weights can follow up to α s(κ) = 2/π if they are binary, up to α s(κ) = 1 on the sphere. There the saddle ends at
φ = -∞: for spherical weights that is the capacity [1]_, for binary weights the entropy vanishes before.

References
----------
.. [1] E. Gardner, J. Phys. A 21, 257 (1988).
"""

from __future__ import annotations

import functools
import math
from typing import Any

from scipy.optimize import brentq

from perceptron.checks import check_real
from perceptron.kernels.constraints import MarginStep
from perceptron.kernels.gaussian import gaussian_density, gaussian_tail
from perceptron.kernels.models import PlantedLabels, PlantedWeights, SphericalWeights
from perceptron.kernels.priors import BinaryWeights

__all__ = ["check_saddle_exists", "largest_margin", "last_load"]

LIMITS: dict[type, float] = {BinaryWeights: 2.0 / math.pi, SphericalWeights: 1.0}


def squared_excess(margin: float) -> float:
    """s(κ) = ∫Dz (κ+z)₊²."""
    return (1.0 + margin * margin) * gaussian_tail(-margin) + margin * gaussian_density(margin)


def last_load(constraint: Any, prior: Any) -> float:
    """Load at which the saddle ends; infinite where no end is known in closed form."""
    if isinstance(constraint, MarginStep) and type(prior) in LIMITS:
        return LIMITS[type(prior)] / squared_excess(constraint.margin)
    return math.inf


def largest_margin(load: float, prior: Any = BinaryWeights()) -> float:  # noqa: B008  # an immutable record
    """Margin at which the saddle ends with q -> 1: α[(1+κ²)H(-κ) + κG(κ)] = 2/π for binary weights.

    Beyond it the equations have no solution. Always above `maximum_margin`.
    """
    return _largest_margin(check_real("load", load, above=0.0), LIMITS[type(prior)])


@functools.lru_cache(maxsize=4096)
def _largest_margin(load: float, limit: float) -> float:

    def excess(margin: float) -> float:
        return math.log(squared_excess(margin) * load / limit)

    low, high = -1.0, 1.0
    while excess(low) > 0.0:
        low *= 2.0
    while excess(high) < 0.0:
        high *= 2.0
    return float(brentq(excess, low, high, xtol=1e-14))


def check_saddle_exists(load: float, constraint: Any, prior: Any) -> None:
    """Refuse a margin at or beyond the end of the saddle, and half of a teacher with the other half of something else.

    Raises
    ------
    ValueError
        Naming the margin and what is allowed.
    """
    if isinstance(constraint, PlantedLabels) != isinstance(prior, PlantedWeights):
        pair = "allowed: PlantedWeights with PlantedLabels, or neither"
        raise ValueError(f"prior = {prior!r} does not go with constraint = {constraint!r}; {pair}")
    if isinstance(constraint, MarginStep) and type(prior) in LIMITS:
        check_real("margin", constraint.margin, below=largest_margin(load, prior))
