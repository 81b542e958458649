"""The solutions of one instance themselves: their list, and their clusters under single flips.

Solutions are kept as codes, one uint64 each, bit i = 1 where w_i = +1, in increasing order. A list that does not fit
in the stated limit is left out, and the result's `message` says so. Not for Gaussian patterns, nor for more than about
thirty weights (see `perceptron.enumeration.counts`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_integer
from perceptron.base.sweep import Progress
from perceptron.enumeration.walk import (
    EnumerationOptions,
    Walk,
    agreements_needed,
    check_enumerable,
    in_threads,
)
from perceptron.kernels.instance import solution_space as kernels
from perceptron.patterns import Patterns, Threshold

__all__ = [
    "Clusters",
    "SolutionList",
    "list_solutions",
    "single_flip_clusters",
    "weights_of",
]

MAX_SOLUTIONS = 1 << 24  # 134 MB of codes


@dataclass(frozen=True, slots=True, eq=False)
class SolutionList:
    """All solutions of one instance, where they fit.

    Attributes
    ----------
    n_weights, n_patterns : int
        N and P.
    threshold : Threshold
        What the margin asks of ξ·w.
    n_solutions : int
        Z, counted in any case.
    codes : ndarray of uint64, shape (n_solutions,), or None
        Increasing; bit i is 1 where w_i = +1. None where they exceed `max_solutions`.
    message : str
        Empty, or why there are no codes.
    """

    n_weights: int
    n_patterns: int
    threshold: Threshold
    n_solutions: int
    codes: np.ndarray | None
    message: str

    def weights(self, first: int = 0, last: int | None = None) -> np.ndarray:
        """Solutions first … last - 1 as weights, int8, shape (last - first, n_weights)."""
        if self.codes is None:
            raise ValueError(f"codes = None ({self.message}); allowed: a list that is complete")
        return weights_of(self.codes[first:last], self.n_weights)


def weights_of(codes: np.ndarray, n_weights: int) -> np.ndarray:
    """Weights ±1 of codes, int8, shape (codes.size, n_weights)."""
    bits = (np.asarray(codes, dtype=np.uint64)[:, None] >> np.arange(n_weights, dtype=np.uint64)) & np.uint64(1)
    return (2 * bits.astype(np.int8) - 1).astype(np.int8)


def list_solutions(
    patterns: Patterns,
    margin: float = 0.0,
    *,
    max_solutions: int = MAX_SOLUTIONS,
    options: EnumerationOptions = EnumerationOptions(),  # noqa: B008  # an immutable record
    progress: Progress | None = None,
) -> SolutionList:
    """List all solutions of one instance: a first walk counts them, a second one writes them down.

    Parameters
    ----------
    patterns : Patterns
        Of ±1, with at most 30 weights unless the options allow more.
    margin : float
        κ.
    max_solutions : int
        Most solutions to be listed, at 8 bytes each; more of them are only counted.
    options : EnumerationOptions
        Ties, threads, largest N.
    progress : callable, optional
        Called with (number of chunks finished, number of chunks), over both walks.

    Raises
    ------
    ValueError
        For Gaussian patterns, too many weights (before anything is computed), or arguments out of range.
    KeyboardInterrupt
        After Ctrl-C, within a second.
    """
    check_enumerable(patterns, options)
    check_integer("max_solutions", max_solutions, least=1)
    threshold = patterns.threshold(margin, ties_solve=options.ties_solve)
    walk, needed = Walk.of(patterns), agreements_needed(threshold, patterns.n_weights)
    chunks, no_agreements = range(walk.n_chunks), np.empty((1, 0), dtype=np.int64)

    def write(target: tuple[int, np.ndarray]) -> int:
        return walk.visit(target[0], needed, target[1], no_agreements)

    def report(offset: int) -> Progress | None:
        return None if progress is None else lambda finished, total: progress(offset + finished, 2 * total)

    nothing = np.empty(0, dtype=np.uint64)
    counted = in_threads(write, [(chunk, nothing) for chunk in chunks], options.workers, report(0))
    n_solutions = sum(counted)
    record = (patterns.n_weights, patterns.n_patterns, threshold, n_solutions)
    if n_solutions > max_solutions:
        return SolutionList(*record, None, f"{n_solutions} solutions exceed max_solutions = {max_solutions}")
    codes = np.empty(n_solutions, dtype=np.uint64)
    ends = np.cumsum(counted)
    targets = [(chunk, codes[ends[chunk] - counted[chunk] : ends[chunk]]) for chunk in chunks]
    in_threads(write, targets, options.workers, report(walk.n_chunks))
    codes.sort()
    codes.flags.writeable = False
    return SolutionList(*record, codes, "")


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Solutions connected by flips of single weights, through solutions only.

    Attributes
    ----------
    sizes : ndarray of int64, shape (n_clusters,), or None
        Solutions in each cluster, decreasing; None where the solutions were not listed.
    labels : ndarray of int64, shape (n_solutions,), or None
        Cluster of each solution, as a place in `sizes`; of equal clusters the one with the smallest code comes first.
    n_neighbour_pairs : int or None
        Pairs of solutions that differ in one weight.
    message : str
        Empty, or why there are no clusters.
    """

    sizes: np.ndarray | None
    labels: np.ndarray | None
    n_neighbour_pairs: int | None
    message: str


def single_flip_clusters(solutions: SolutionList, *, progress: Progress | None = None) -> Clusters:
    """Connected components of the solutions under single flips, by union and find: N walks along the sorted list.

    Parameters
    ----------
    solutions : SolutionList
        From `list_solutions`.
    progress : callable, optional
        Called with (number of weights finished, n_weights).

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, between two weights.
    """
    codes = solutions.codes
    if codes is None:
        return Clusters(None, None, None, solutions.message)
    parents = np.arange(codes.size, dtype=np.int64)

    def join(bit: int) -> int:
        return kernels.join_flips(codes, bit, parents)

    n_pairs = sum(in_threads(join, range(solutions.n_weights), 1, progress))  # one thread: they write the same array
    kernels.flatten(parents)
    sizes = np.bincount(parents, minlength=codes.size)
    roots = np.flatnonzero(sizes)
    order = np.argsort(-sizes[roots], kind="stable")
    place = np.empty(codes.size, dtype=np.int64)
    place[roots[order]] = np.arange(roots.size)
    return Clusters(sizes[roots[order]].astype(np.int64), place[parents], n_pairs, "")
