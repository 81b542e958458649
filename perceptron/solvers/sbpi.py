"""Stochastic learning inspired by belief propagation (SBPI).

Each weight has a hidden odd state h_i, |h_i| < K, and w_i = sign h_i. Patterns are presented one by one, in a fresh
random order in every sweep. With Δ the distance of ξ·w from the midpoint below the smallest sum that meets the margin,

1. Δ < 0, unmet: h_i → h_i + 2ξ_i for all i;
2. 0 < Δ < θ_m, barely met: with probability p_s, h_i → h_i + 2ξ_i for the i with w_i = ξ_i, which fixes these weights
   more firmly and changes none;
3. otherwise nothing.

Rule 2 is what sets it apart from the clipped perceptron rule. C. Baldassi, A. Braunstein, N. Brunel and R. Zecchina,
Proc. Natl. Acad. Sci. U.S.A. 104, 11079 (2007); at κ = 0 and N odd, Δ is their ξ·w.

A comparison for focusing belief propagation: each sweep is cheap, but it stops at lower loads. Not for Gaussian
patterns.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from perceptron.base.checks import check_integer, check_kind, check_real, keep_plain
from perceptron.kernels.instance import stochastic_search as kernels
from perceptron.patterns import Patterns
from perceptron.solvers.pace import Pace
from perceptron.solvers.search import Limits, SearchResult, conclude_search

__all__ = ["SbpiOptions", "sbpi"]

DEFAULT_SWEEPS = 100_000
MOST_STATES = 2**15  # hidden states are 16-bit integers


@dataclass(frozen=True, slots=True)
class SbpiOptions:
    """Parameters of SBPI.

    Attributes
    ----------
    n_states : int
        K, the even number of hidden states of a weight.
    barely_met : int
        How many of the smallest sums that meet the margin, which are 2 apart, count as barely met: θ_m = 2 barely_met.
    probability : float
        p_s in (0, 1]; at 0 it would be the clipped perceptron rule.

    Raises
    ------
    ValueError
        For anything else.
    """

    n_states: int = 80
    barely_met: int = 1
    probability: float = 0.3

    def __post_init__(self) -> None:
        keep_plain(self)
        if check_integer("n_states", self.n_states, least=2, most=MOST_STATES) % 2:
            raise ValueError(f"n_states = {self.n_states} is odd; allowed: even integers from 2 to {MOST_STATES}")
        check_integer("barely_met", self.barely_met, least=1)
        if check_real("probability", self.probability, above=0.0) > 1.0:
            raise ValueError(f"probability = {self.probability!r} is out of range; allowed: real numbers in (0, 1]")


def sbpi(
    patterns: Patterns,
    margin: float = 0.0,
    *,
    limits: Limits | None = None,
    rng: np.random.Generator,
    options: SbpiOptions | None = None,
) -> SearchResult:
    """Search for weights that meet all patterns by SBPI.

    Parameters
    ----------
    patterns : Patterns
        ±1 patterns.
    margin : float
        κ.
    limits : Limits, optional
        Without any it makes 100 000 sweeps.
    rng : Generator
        Draws the first weights, the order of the patterns and rule 2.
    options : SbpiOptions, optional

    Returns
    -------
    SearchResult
        SOLVED at the end of the first sweep whose weights solve; or NOT_SOLVED (INTERRUPTED after Ctrl-C) with the
        best weights that were counted: those at the end of sweeps that made as few mistakes as no sweep before.

    Raises
    ------
    ValueError
        For Gaussian patterns, or an `rng` that is not a Generator.
    """
    check_arguments(patterns, rng)
    chosen = options or SbpiOptions()
    smallest_sum = int(patterns.threshold(margin).smallest_sum)
    rules = (smallest_sum, 2 * chosen.barely_met, chosen.n_states - 1, float(chosen.probability))
    hidden = 2 * rng.integers(0, 2, patterns.n_weights, dtype=np.int16) - np.int16(1)
    weights = hidden.astype(np.int8)
    walker = (hidden, weights, np.arange(patterns.n_patterns))
    best = (weights.copy(), np.array([patterns.n_errors(weights, margin), patterns.n_patterns]))
    pace = Pace(limits or Limits(), DEFAULT_SWEEPS, lambda: bool(best[1][0] == 0))

    def sweeps(first: int, number: int) -> int:
        del first
        return kernels.sbpi_sweeps(patterns.values, walker, best, rules, number, rng)

    interrupted = False
    try:
        pace.run(sweeps, math.inf)
    except KeyboardInterrupt:
        interrupted = True
    ending = pace.outcome | {"interrupted": interrupted, "settings": asdict(chosen)}
    return conclude_search("sbpi", patterns, best[0], margin, **ending)


def check_arguments(patterns: Patterns, rng: np.random.Generator) -> None:
    """Refuse Gaussian patterns and anything that is not a Generator."""
    check_kind("patterns", patterns, Patterns)
    check_kind("rng", rng, np.random.Generator)
    if patterns.gaussian:
        raise ValueError("patterns are Gaussian; allowed: ±1 patterns")
