"""Sampling of one perceptron instance, as the figures and their tests do it.

The deficit below s_min is sampled from zero to its open bin; with a reference also the Hamming distance to it, from
zero to a farthest one. This end matters: beyond the distance of typical solutions, bins of few errors hold little but
isolated configurations, and a walk that is to visit them as often as all others hardly comes back. An open bin in place
of the end would join the two sides only through its rare edge. As the configurations within a distance are counted by
binomials, the window does not cost the normalisation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from perceptron.patterns import Patterns
from wl.engine.sampler import Sampler
from wl.engine.settings import settings_for
from wl.interface.grid import Grid, Range, make_axis
from wl.interface.system import System
from wl.runs.run import cap_of
from wl.systems.perceptron.system import binary_perceptron

__all__ = [
    "FARTHEST",
    "MOST_STAY",
    "Surroundings",
    "correlation_control",
    "margin_of",
    "run_sampler",
    "sampler_of",
    "sampler_of_surroundings",
    "solutions",
]

MOST_STAY = 0.2  # share of one stay in the visits of the rarest end above which a run is not converged
FARTHEST = 0.35  # of N; two typical solutions at load 0.5 are 0.34 apart, and runs up to 0.45 were caught at times


@dataclass(frozen=True, slots=True)
class Surroundings:
    """A reference, and the largest distance from it that is sampled."""

    reference: np.ndarray
    farthest: int


def margin_of(smallest_sum: int, n_weights: int) -> float:
    """A margin κ whose threshold is s_min; it lies halfway to the level below, and is κ_eff."""
    return (smallest_sum - 1) / math.sqrt(n_weights)


def sampler_of(patterns: Patterns, smallest_sum: int, n_trials: int, seed: int) -> Sampler:
    """Prepared sampler of ln g(E) of an instance."""
    system = binary_perceptron(patterns, margin_of(smallest_sum, patterns.n_weights))
    return _prepared(system, _grid(system, None), n_trials, seed)


def sampler_of_surroundings(
    patterns: Patterns, smallest_sum: int, around: Surroundings, n_trials: int, seed: int
) -> Sampler:
    """Prepared sampler of ln g(E, d) around a reference."""
    system = binary_perceptron(patterns, margin_of(smallest_sum, patterns.n_weights), reference=around.reference)
    return _prepared(system, _grid(system, around.farthest), n_trials, seed)


def _grid(system: System, farthest: int | None) -> Grid:
    deficit = make_axis(system, "deficit", None, cap_of(system, 1))
    if farthest is None:
        return Grid((deficit,))
    return Grid((deficit, make_axis(system, "hamming_distance", Range(0, farthest))))


def _prepared(system: System, grid: Grid, n_trials: int, seed: int) -> Sampler:
    settings = settings_for(system, grid.names, transition_matrix=False)
    sampler = Sampler(system, grid, settings, np.random.SeedSequence(seed), n_trials)
    sampler.prepare()
    return sampler


def run_sampler(sampler: Sampler, n_trials: int) -> Sampler:
    """Make the trials the sampler was planned for."""
    sampler.advance(n_trials)
    return sampler


def solutions(sampler: Sampler, n_looks: int, spacing: int) -> Iterator[np.ndarray]:
    """Solutions that the frozen walk is at when one looks at fixed times: uniform draws of all solutions.

    Every look counts. To count each stay once would favour solutions of short stays: those that are not isolated.

    Parameters
    ----------
    sampler : Sampler
        With frozen weights.
    n_looks : int
    spacing : int
        Trials between them.

    Raises
    ------
    ValueError
        If the weights are not frozen.
    """
    if not sampler.frozen:
        raise ValueError(f"sampler has made {sampler.trials} trials and still learns; allowed: frozen weights")
    for _ in range(n_looks):
        sampler.advance(spacing)
        particle = sampler.windows[0].particles[0]
        if particle.walker.place[0] < sampler.grid.row_size:
            yield particle.state.weights.copy()


def correlation_control(patterns: Patterns) -> float:
    """|Σ_μ ξ^μ|²/(NP) - 1, whose mean over instances is zero; it explains most of the scatter of ln Z."""
    total = patterns.values.sum(axis=0, dtype=np.int64)
    return float(total @ total) / patterns.values.size - 1.0
