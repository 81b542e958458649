"""Hamming distances of all pairs of solutions of one instance, by the cheaper of two exact routes.

One by one, or through the indicator f of the solutions: with f̂(u) = Σ_w f(w)(-1)^{u·w} over bits u, w ∈ {0, 1}ᴺ, the
ordered pairs at distance d are 2^{-N} Σ_u f̂(u)² K_d(|u|), with the Krawtchouk polynomials K_d(k) =
Σ_j (-1)^j C(k, j) C(N - k, d - j). That route takes 4·2ᴺ bytes and N 2ᴺ additions whatever the number of pairs. Where
neither fits in the limits there are no counts, and `message` says so.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_integer, keep_plain
from perceptron.base.sweep import Progress
from perceptron.enumeration.solution_space import SolutionList
from perceptron.enumeration.walk import EnumerationOptions, duration, in_threads
from perceptron.kernels.instance import solution_space as kernels

__all__ = ["PairDistances", "PairLimits", "Route", "pair_distances"]

BLOCK_BITS = 14  # of the transform: 64 kB of int32
SLAB_BITS = 7  # columns that are transformed together
LARGEST_TRANSFORM = 30  # weights: |f̂| <= 2^30 in int32, sums of f̂² in int64
N_PIECES = 64
PAIRS_PER_PIECE = 1 << 30  # about a second, so that Ctrl-C is answered
SECONDS_PER_PAIR = 0.9e-9
SECONDS_PER_BUTTERFLY = 0.25e-9


class Route(enum.Enum):
    """How pair distances are counted."""

    PAIRS = "pairs"
    TRANSFORM = "transform"


@dataclass(frozen=True, slots=True)
class PairLimits:
    """What the histogram of pair distances may cost.

    Attributes
    ----------
    max_pairs : int
        Most pairs that are counted one by one; 2^38 take about four minutes on one core.
    max_bytes : int
        Most memory of the transform.
    """

    max_pairs: int = 1 << 38
    max_bytes: int = 1 << 30

    def __post_init__(self) -> None:
        keep_plain(self)
        check_integer("max_pairs", self.max_pairs, least=0)
        check_integer("max_bytes", self.max_bytes, least=0)


@dataclass(frozen=True, slots=True, eq=False)
class PairDistances:
    """Distances of all unordered pairs of different solutions.

    Attributes
    ----------
    n_weights : int
        N.
    n_pairs : int
        Z(Z - 1)/2.
    counts : ndarray of int64, shape (N + 1,), or None
        Pairs at distance 0 … N, in weights; their sum is n_pairs. None where the limits do not allow it.
    route : Route or None
        How they were counted.
    message : str
        Empty, or why there are no counts.
    """

    n_weights: int
    n_pairs: int
    counts: np.ndarray | None
    route: Route | None
    message: str


def pair_distances(
    solutions: SolutionList,
    *,
    route: Route | None = None,
    limits: PairLimits = PairLimits(),
    n_threads: int | None = None,
    progress: Progress | None = None,
) -> PairDistances:
    """Count the distances of all pairs of solutions.

    Parameters
    ----------
    solutions : SolutionList
        From `list_solutions`.
    route : Route, optional
        Instead of the cheaper one.
    limits : PairLimits
        Pairs and memory.
    n_threads : int, optional
        By default one for each core; the counts do not depend on it.
    progress : callable, optional
        Called with (number of pieces finished, number of pieces).

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, within about a second.
    """
    workers = EnumerationOptions(n_threads=n_threads).workers
    size, n_pairs = solutions.n_weights, solutions.n_solutions * (solutions.n_solutions - 1) // 2
    if solutions.codes is None:
        return PairDistances(size, n_pairs, None, None, solutions.message)
    refusals = {Route.PAIRS: _refusal_of_pairs(n_pairs, limits), Route.TRANSFORM: _refusal_of_transform(size, limits)}
    wanted = [route] if route is not None else sorted(Route, key=lambda one: _seconds(one, size, n_pairs))
    chosen = next((one for one in wanted if not refusals[one]), None)
    if chosen is None:
        return PairDistances(size, n_pairs, None, None, "; ".join(refusals[one] for one in wanted))
    count = _count_pairs if chosen is Route.PAIRS else _count_by_transform
    counts = count(solutions.codes, size, workers, progress)
    counts.flags.writeable = False
    return PairDistances(size, n_pairs, counts, chosen, "")


def _seconds(route: Route, n_weights: int, n_pairs: int) -> float:
    if route is Route.PAIRS:
        return n_pairs * SECONDS_PER_PAIR
    return n_weights * 2.0**n_weights * SECONDS_PER_BUTTERFLY


def _refusal_of_pairs(n_pairs: int, limits: PairLimits) -> str:
    if n_pairs <= limits.max_pairs:
        return ""
    time = duration(n_pairs * SECONDS_PER_PAIR)
    return f"{n_pairs} pairs exceed max_pairs = {limits.max_pairs} (about {time} on one core)"


def _refusal_of_transform(n_weights: int, limits: PairLimits) -> str:
    n_bytes = 4 << n_weights
    if n_weights > LARGEST_TRANSFORM:
        return f"n_weights = {n_weights} exceeds the {LARGEST_TRANSFORM} of the transform"
    return "" if n_bytes <= limits.max_bytes else f"the transform needs {n_bytes} bytes, max_bytes = {limits.max_bytes}"


def _count_pairs(codes: np.ndarray, n_weights: int, n_threads: int, progress: Progress | None) -> np.ndarray:
    """One by one, in pieces of about equal numbers of pairs."""
    n_pieces = max(N_PIECES, codes.size**2 // 2 // PAIRS_PER_PIECE)
    shares = 1.0 - np.sqrt(1.0 - np.linspace(0.0, 1.0, n_pieces + 1))  # row i has Z - 1 - i pairs
    ends = np.rint(codes.size * shares).astype(np.int64)

    def count(piece: int) -> np.ndarray:
        counts = np.zeros((kernels.LANES, n_weights + 1), dtype=np.int64)
        kernels.pair_distances(codes, ends[piece], ends[piece + 1], counts)
        return counts.sum(axis=0)

    return np.sum(in_threads(count, range(n_pieces), n_threads, progress), axis=0)


def _count_by_transform(codes: np.ndarray, n_weights: int, n_threads: int, progress: Progress | None) -> np.ndarray:
    """From the squares of the transformed indicator, summed at equal number of ones."""
    block_bits = min(n_weights, BLOCK_BITS)
    n_blocks, width = 1 << (n_weights - block_bits), 1 << min(block_bits, SLAB_BITS)
    blocks = np.empty((n_blocks, 1 << block_bits), dtype=np.int32)
    step = -(-n_blocks // N_PIECES)
    starts, columns = range(0, n_blocks, step), range(0, blocks.shape[1], width)
    n_pieces = len(starts) + len(columns)

    def transform(start: int) -> None:
        kernels.transform_blocks(codes, start, min(start + step, n_blocks), blocks)

    def power_from(column: int) -> np.ndarray:
        power = np.zeros(n_weights + 1, dtype=np.int64)
        kernels.power_of_columns(blocks, column, np.empty((n_blocks, width), dtype=np.int32), power)
        return power

    def report(offset: int) -> Progress | None:
        return None if progress is None else lambda finished, _: progress(offset + finished, n_pieces)

    in_threads(transform, starts, n_threads, report(0))
    powers = in_threads(power_from, columns, n_threads, report(len(starts)))
    return _pairs_of_power(np.sum(powers, axis=0).tolist(), codes.size)


def _pairs_of_power(power: Sequence[int], n_solutions: int) -> np.ndarray:
    """Unordered pairs from Σ_{|u| = k} f̂(u)², in integers of any length."""
    size = len(power) - 1
    ordered = [sum(_krawtchouk(size, d, k) * power[k] for k in range(size + 1)) >> size for d in range(size + 1)]
    ordered[0] -= n_solutions  # every solution with itself
    return np.array([pairs // 2 for pairs in ordered], dtype=np.int64)


def _krawtchouk(size: int, d: int, k: int) -> int:
    return sum((-1) ** j * math.comb(k, j) * math.comb(size - k, d - j) for j in range(min(k, d) + 1))
