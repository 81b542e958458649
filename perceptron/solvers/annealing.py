"""Simulated annealing on the number of unmet patterns.

The energy of w is E = Σ_μ [ξ^μ·w < s_min]. A sweep is N proposals to flip a weight chosen at random, accepted with
probability min(1, exp(-β ΔE)) (N. Metropolis et al., J. Chem. Phys. 21, 1087 (1953)), so that at fixed β the chain is
in detailed balance with exp(-βE). β rises from sweep to sweep (S. Kirkpatrick, C. D. Gelatt and M. P. Vecchi, Science
220, 671 (1983)); when an annealing has not solved, another one begins at new random weights and takes longer.

A comparison, and not a good solver: typical solutions are isolated, nothing in E leads to them (H. Horner, Z. Phys. B
86, 291 (1992)), and annealing freezes far from E = 0 at sizes of a thousand. Not for Gaussian patterns.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np

from perceptron.base.checks import check_integer, check_real, keep_plain
from perceptron.kernels.instance import stochastic_search as kernels
from perceptron.patterns import Patterns
from perceptron.solvers.pace import Pace
from perceptron.solvers.sbpi import check_arguments
from perceptron.solvers.search import Limits, SearchResult, conclude_search

__all__ = ["AnnealingOptions", "simulated_annealing"]

DEFAULT_SWEEPS = 100_000
LARGEST_NARROW = 32_000  # excesses up to here are kept in 16 bits


@dataclass(frozen=True, slots=True)
class AnnealingOptions:
    """Parameters of simulated annealing.

    Attributes
    ----------
    first_inverse_temperature, last_inverse_temperature : float
        β at the first and at the last sweep; equal ones give a chain at fixed temperature.
    geometric : bool
        Whether β grows by a constant factor, or by a constant step (default).
    n_sweeps : int
        Length of the first annealing.
    growth : float
        Every further annealing is longer by this factor, at least 1.
    n_annealings : int or None
        How many there are at most; None goes on until the limits.

    Raises
    ------
    ValueError
        For anything out of range.
    """

    first_inverse_temperature: float = 3.0
    last_inverse_temperature: float = 6.0
    geometric: bool = False
    n_sweeps: int = 2000
    growth: float = 2.0
    n_annealings: int | None = None

    def __post_init__(self) -> None:
        keep_plain(self)
        first = check_real("first_inverse_temperature", self.first_inverse_temperature, above=0.0)
        last = check_real("last_inverse_temperature", self.last_inverse_temperature, above=0.0)
        if last < first:
            raise ValueError(f"last_inverse_temperature = {last} is out of range; allowed: the first, {first}, or more")
        check_integer("n_sweeps", self.n_sweeps, least=1)
        if check_real("growth", self.growth) < 1.0:
            raise ValueError(f"growth = {self.growth!r} is out of range; allowed: real numbers >= 1")
        if self.n_annealings is not None:
            check_integer("n_annealings", self.n_annealings, least=1)

    def inverse_temperatures(self, n_sweeps: int) -> np.ndarray:
        """β of each sweep of an annealing, shape (n_sweeps,)."""
        space = np.geomspace if self.geometric else np.linspace
        return space(self.first_inverse_temperature, self.last_inverse_temperature, n_sweeps)


def simulated_annealing(
    patterns: Patterns,
    margin: float = 0.0,
    *,
    limits: Limits | None = None,
    rng: np.random.Generator,
    options: AnnealingOptions | None = None,
) -> SearchResult:
    """Search for weights that meet all patterns by simulated annealing.

    Parameters
    ----------
    patterns : Patterns
        ±1 patterns.
    margin : float
        κ.
    limits : Limits, optional
        Without any it makes 100 000 sweeps; a sweep is N proposals.
    rng : Generator
        Draws the first weights, the proposals and their acceptance.
    options : AnnealingOptions, optional

    Returns
    -------
    SearchResult
        SOLVED, or NOT_SOLVED (INTERRUPTED after Ctrl-C) with the best weights of all annealings.

    Raises
    ------
    ValueError
        For Gaussian patterns, or an `rng` that is not a Generator.
    """
    check_arguments(patterns, rng)
    chosen = options or AnnealingOptions()
    search = _Annealing(patterns, margin, rng)
    pace = Pace(limits or Limits(), DEFAULT_SWEEPS, lambda: search.solved)
    interrupted = False
    length, n_left = float(chosen.n_sweeps), math.inf if chosen.n_annealings is None else chosen.n_annealings
    try:
        while pace.open and n_left > 0:
            search.restart()
            search.inverse_temperatures = chosen.inverse_temperatures(int(length))
            pace.run(search.sweeps, int(length))
            length, n_left = length * chosen.growth, n_left - 1
    except KeyboardInterrupt:
        interrupted = True
    ending = pace.outcome | {"interrupted": interrupted, "settings": asdict(chosen)}
    return conclude_search("sa", patterns, search.best[0], margin, **ending)


class _Annealing:
    """Weights, excesses and the best weights of one search."""

    def __init__(self, patterns: Patterns, margin: float, rng: np.random.Generator) -> None:
        self._values, self._rng = patterns.values, rng
        self._columns = np.ascontiguousarray(patterns.values.T)
        n_weights = patterns.n_weights
        # beyond |ξ·w| <= N all are met or none, so that an excess stays within 2N + 2
        self._smallest_sum = min(max(int(patterns.threshold(margin).smallest_sum), -n_weights), n_weights + 2)
        kind = np.int16 if 2 * n_weights + 4 <= LARGEST_NARROW else np.int32
        self.walker = (np.ones(n_weights, dtype=np.int8), np.empty(patterns.n_patterns, dtype=kind))
        self.best = (self.walker[0].copy(), np.array([patterns.n_patterns + 1, 0]))
        self.inverse_temperatures = np.empty(0)

    @property
    def solved(self) -> bool:
        """Whether the best weights meet all patterns."""
        return bool(self.best[1][0] == 0)

    def restart(self) -> None:
        """Go to new random weights."""
        best_weights, counts = self.best
        weights, excess = self.walker
        weights[:] = 2 * self._rng.integers(0, 2, weights.size, dtype=np.int8) - 1
        counts[1] = kernels.excesses(self._values, weights, self._smallest_sum, excess)
        if counts[1] < counts[0]:
            best_weights[:] = weights
            counts[0] = counts[1]

    def sweeps(self, first: int, number: int) -> int:
        """Make `number` sweeps of the current annealing, from its sweep `first` on."""
        betas = self.inverse_temperatures[first : first + number]
        return kernels.metropolis_sweeps(self._columns, self.walker, self.best, betas, self._rng)
