"""The way through all 2ᴺ configurations: options, limits, tables of the kernels, and chunks that threads share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from perceptron.base.checks import check_integer, check_kind, keep_plain
from perceptron.base.sweep import Progress, sweep
from perceptron.kernels.instance import gray_code as kernels
from perceptron.patterns import Patterns, Threshold

__all__ = [
    "EnumerationOptions",
    "Walk",
    "agreements_needed",
    "check_enumerable",
    "code_of",
    "duration",
    "expected_seconds",
    "in_threads",
]

LOW_BITS = 11  # weights inside a block: its tables of about twenty patterns fill the first-level cache
SMALLEST_CHUNK_BITS = 20  # about a millisecond, long beside what a chunk costs in Python
LARGEST_CHUNK_BITS = 27  # well under a second, so that Ctrl-C is answered
CHUNK_NUMBER_BITS = 6  # 64 chunks in between: enough to keep the threads busy to the end
SECONDS_PER_CONFIGURATION = 0.75e-9  # on one core with vectors of 256 bits: minimum and errors, no reference
SECONDS_PER_PATTERN = 0.035e-9


@dataclass(frozen=True, slots=True)
class EnumerationOptions:
    """What is counted beside margins and errors, and what an enumeration may cost.

    Attributes
    ----------
    ties_solve : bool
        Whether ξ·w = κ√N counts as solved.
    deficit_threshold : int or None
        s* of the deficit E(w) = Σ_μ max(0, (s* - ξ^μ·w)/2): of the parity of N, from -N to N + 2. None: no deficits.
    stabilities : bool
        Whether to count ξ·w over all solutions and patterns.
    n_threads : int or None
        Threads that share the work, by default one for each core; the counts do not depend on it.
    max_weights : int
        Largest N that is accepted.
    """

    ties_solve: bool = True
    deficit_threshold: int | None = None
    stabilities: bool = False
    n_threads: int | None = None
    max_weights: int = 30

    def __post_init__(self) -> None:
        keep_plain(self)
        check_integer("max_weights", self.max_weights, least=1, most=kernels.MOST_WEIGHTS)
        if self.n_threads is not None:
            check_integer("n_threads", self.n_threads, least=1)

    @property
    def workers(self) -> int:
        """Number of threads."""
        return self.n_threads or os.cpu_count() or 1


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """All configurations of one instance, cut into chunks of equal size.

    Attributes
    ----------
    tables : Tables
        What the kernels share; read-only once made.
    n_weights, n_patterns : int
        N and P.
    n_blocks : int
        Blocks of low weights in a chunk.
    n_chunks : int
        Chunks; chunk k holds the steps k n_blocks … (k + 1) n_blocks - 1 of the Gray code.
    """

    tables: kernels.Tables
    n_weights: int
    n_patterns: int
    n_blocks: int
    n_chunks: int

    @classmethod
    def of(cls, patterns: Patterns, reference: np.ndarray | None = None) -> Walk:
        """Tables and chunks of ±1 patterns; with a reference, of int8, distances are counted from it."""
        size = patterns.n_weights
        n_low = min(size, LOW_BITS)
        bits = min(max(size - CHUNK_NUMBER_BITS, SMALLEST_CHUNK_BITS), LARGEST_CHUNK_BITS, size)
        n_rows = kernels.ROWS * -(-patterns.n_patterns // kernels.ROWS)
        code = 0 if reference is None else code_of(reference)
        low = np.arange(1 << n_low, dtype=np.uint32) ^ np.uint32(code % (1 << n_low))
        tables = kernels.Tables(
            low=np.empty((n_rows, 1 << n_low), dtype=np.uint8),
            high=np.empty((size - n_low, n_rows), dtype=np.int8),
            start=np.empty(n_rows, dtype=np.uint8),
            low_distances=np.bitwise_count(low),
            reference=code >> n_low,
            n_distances=1 if reference is None else size + 1,
        )
        kernels.fill_tables(patterns.values, tables)
        return cls(tables, size, patterns.n_patterns, 1 << (bits - n_low), 1 << (size - bits))

    def scratch(self) -> kernels.Scratch:
        """Memory for one chunk."""
        n_rows, size = self.tables.low.shape
        return kernels.Scratch(
            base=np.empty(n_rows, dtype=np.uint8),
            fewest=np.empty(size, dtype=np.uint8),
            totals=np.empty(size, dtype=np.uint16),
            bins=np.empty(size, dtype=np.uint32),
        )

    def count(self, chunk: int, needed: kernels.Needed, counts: kernels.Counts) -> None:
        """Histograms of one chunk; see `kernels.count_chunk`."""
        kernels.count_chunk(self.tables, needed, chunk * self.n_blocks, self.n_blocks, self.scratch(), counts)

    def visit(self, chunk: int, needed: int, codes: np.ndarray, agreements: np.ndarray) -> int:
        """Number, codes and agreements of the solutions of one chunk; see `kernels.visit_solutions`."""
        first, outputs = chunk * self.n_blocks, (codes, agreements)
        return kernels.visit_solutions(self.tables, needed, first, self.n_blocks, self.scratch(), outputs)


def code_of(weights: np.ndarray) -> int:
    """The code of weights: bit i is 1 where w_i = +1."""
    return sum(1 << i for i in range(weights.size) if weights[i] > 0)


def agreements_needed(threshold: Threshold, n_weights: int) -> int:
    """Fewest agreements (ξ·w + N)/2 that meet a threshold: from 0 to N + 1, which none reaches."""
    return min(max((int(threshold.smallest_sum) + n_weights) // 2, 0), n_weights + 1)


def expected_seconds(n_weights: int, n_patterns: int, n_threads: int = 1) -> float:
    """Rough time of an enumeration by margins and errors; distances and deficits double or triple it."""
    return 2.0**n_weights * (SECONDS_PER_CONFIGURATION + SECONDS_PER_PATTERN * n_patterns) / n_threads


def duration(seconds: float) -> str:
    """A time in words."""
    for unit, length in (("years", 3.156e7), ("days", 86400.0), ("hours", 3600.0), ("minutes", 60.0)):
        if seconds >= 2.0 * length:
            return f"{seconds / length:.2g} {unit}"
    return f"{seconds:.2g} seconds"


def check_enumerable(patterns: Patterns, options: EnumerationOptions) -> None:
    """Refuse what cannot be enumerated.

    Raises
    ------
    ValueError
        For Gaussian patterns, more weights than the options allow, or more than 65535 patterns.
    """
    check_kind("patterns", patterns, Patterns)
    check_kind("options", options, EnumerationOptions)
    if patterns.gaussian:
        raise ValueError("patterns are Gaussian; allowed: patterns of ±1, whose stabilities lie on N + 1 levels")
    size, most, n_threads = patterns.n_weights, options.max_weights, options.workers
    if size > most:
        time = duration(expected_seconds(size, patterns.n_patterns, n_threads))
        raise ValueError(
            f"n_weights = {size} is out of range; allowed: integers from 1 to {most}. 2^{size} configurations would "
            f"take about {time} on {n_threads} threads; max_weights in EnumerationOptions moves the limit"
        )
    check_integer("n_patterns", patterns.n_patterns, least=1, most=kernels.LARGEST_TOTAL)


def in_threads(
    function: Callable[[Any], Any], tasks: Sequence[Any], n_threads: int, progress: Progress | None = None
) -> list[Any]:
    """`sweep` over threads that ends with KeyboardInterrupt rather than with a part of the results."""
    if n_threads == 1 or len(tasks) == 1:
        results, interrupted = sweep(function, tasks, None, progress)
    else:
        with ThreadPoolExecutor(n_threads) as executor:
            results, interrupted = sweep(function, tasks, executor, progress)
    if interrupted:
        raise KeyboardInterrupt
    return results
