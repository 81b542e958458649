"""Enumeration beside C, as ratios within one run: `python -m benchmarks.enumeration_c`.

Histogram of the minimum stability of one instance, four ways: a Gray code over all weights in C and in numba, blocks of
low weights in C, and the package, which uses the same blocks. Processor time of one core, medians of alternating
repeats; everything compiled before. gcc -O3 -march=native compiles gray_code.c in a temporary folder; without gcc
nothing is measured.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from perceptron.base.jit import njit
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance
from perceptron.enumeration.walk import Walk
from perceptron.kernels.instance import gray_code as kernels
from perceptron.patterns import Patterns, random_patterns

SIZES = ((25, 12), (25, 16), (25, 20))
REPEATS = 7
WHOLE = (25, 16)
VECTOR = 16  # int16 in 256 bits
COUNTED = kernels.Needed(error=-1, deficit=-1)


def compiled_c(folder: Path) -> ctypes.CDLL:
    """The C functions, compiled for this machine."""
    library = folder / "gray_code.so"
    source = Path(__file__).with_name("gray_code.c")
    flags = ["-O3", "-march=native", "-shared", "-fPIC", "-o"]
    subprocess.run(["gcc", *flags, str(library), str(source)], check=True)
    return ctypes.CDLL(str(library))


def address(array: np.ndarray) -> ctypes.c_void_p:
    """The data of an array, for C."""
    return array.ctypes.data_as(ctypes.c_void_p)


def gray_code_start(patterns: Patterns) -> tuple[np.ndarray, np.ndarray]:
    """Steps and agreements at w = -1, as int16, patterns padded to whole vectors."""
    n_rows = VECTOR * -(-patterns.n_patterns // VECTOR)
    steps = np.zeros((patterns.n_weights, n_rows), dtype=np.int16)
    steps[:, : patterns.n_patterns] = patterns.values.T
    agreements = np.full(n_rows, 1000, dtype=np.int16)
    agreements[: patterns.n_patterns] = np.count_nonzero(patterns.values < 0, axis=1)
    return steps, agreements


@njit
def gray_code(steps, agreements, counts):
    """Gray code over all weights, as in gray_code.c."""
    for step in range(1, (1 << steps.shape[0]) + 1):
        fewest = np.int16(1000)
        for mu in range(agreements.size):
            fewest = min(fewest, agreements[mu])
        counts[fewest] += 1
        i = 0
        while not (step >> i) & 1:
            i += 1
        if i < steps.shape[0]:
            for mu in range(agreements.size):
                agreements[mu] = np.int16(agreements[mu] + steps[i, mu])
                steps[i, mu] = np.int16(-steps[i, mu])


def by_gray_code_in_c(library: ctypes.CDLL, patterns: Patterns) -> np.ndarray:
    steps, agreements = gray_code_start(patterns)
    counts = np.zeros(patterns.n_weights + 1, dtype=np.int64)
    library.gray_code(patterns.n_weights, agreements.size, address(steps), address(agreements), address(counts))
    return counts


def by_gray_code_in_numba(patterns: Patterns) -> np.ndarray:
    steps, agreements = gray_code_start(patterns)
    counts = np.zeros(patterns.n_weights + 1, dtype=np.int64)
    gray_code(steps, agreements, counts)
    return counts


def by_blocks_in_c(library: ctypes.CDLL, patterns: Patterns) -> np.ndarray:
    tables = Walk.of(patterns).tables
    (n_rows, size), base = tables.low.shape, tables.start.copy()
    fewest, counts = np.empty(size, dtype=np.uint8), np.zeros(256, dtype=np.int64)
    arrays = (tables.low, tables.high, base, fewest, counts)
    library.blocks(tables.high.shape[0], n_rows, size, *(address(array) for array in arrays))
    return counts[: patterns.n_weights + 1]


def by_blocks_of_the_package(patterns: Patterns) -> np.ndarray:
    walk = Walk.of(patterns)
    counts = kernels.Counts(*(np.zeros((kernels.LANES, n), dtype=np.int64) for n in (patterns.n_weights + 1, 0, 0)))
    for chunk in range(walk.n_chunks):
        walk.count(chunk, COUNTED, counts)
    return counts.fewest.sum(axis=0)


def medians(ways: dict[str, Callable[[], np.ndarray]]) -> dict[str, float]:
    """Median processor time of each way; all must count the same."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(REPEATS + 1):  # the first round loads and compiles
        counts = []
        for name, way in ways.items():
            start = time.process_time()
            counts.append(way())
            seconds[name].append(time.process_time() - start)
        if any(not np.array_equal(one, counts[0]) for one in counts):
            raise RuntimeError("the ways differ in their counts")
    return {name: float(np.median(times[1:])) for name, times in seconds.items()}


def compare(library: ctypes.CDLL, n_weights: int, n_patterns: int) -> None:
    """Print the times of one size."""
    patterns = random_patterns(n_weights, n_patterns, rng=np.random.default_rng(1))
    times = medians(
        {
            "Gray code in C": lambda: by_gray_code_in_c(library, patterns),
            "Gray code in numba": lambda: by_gray_code_in_numba(patterns),
            "blocks in C": lambda: by_blocks_in_c(library, patterns),
            "package": lambda: by_blocks_of_the_package(patterns),
        }
    )
    ours = times["package"]
    listed = ", ".join(f"{name} {value:.3f} s ({value / ours:.2f})" for name, value in times.items())
    print(f"N = {n_weights}, P = {n_patterns}, minimum stability, times (and over the package's): {listed}")


def whole_enumerations(n_weights: int, n_patterns: int) -> None:
    """Print wall times of `enumerate_instance` with one and two threads."""
    patterns = random_patterns(n_weights, n_patterns, rng=np.random.default_rng(1))
    for name, reference, deficit, stabilities in (
        ("margins and errors", None, None, False),
        ("margins, errors, deficits, all with distance, stabilities", patterns.values[0], n_weights % 2, True),
    ):
        for n_threads in (1, 2):
            options = EnumerationOptions(deficit_threshold=deficit, stabilities=stabilities, n_threads=n_threads)
            runs = [enumerate_instance(patterns, reference=reference, options=options) for _ in range(REPEATS)]
            seconds = np.median([run.seconds for run in runs])
            print(f"N = {n_weights}, P = {n_patterns}, {name}: {seconds:.3f} s of wall time, {n_threads} threads")


def main() -> None:
    """All comparisons."""
    if shutil.which("gcc") is None:
        print("gcc was not found: nothing to compare with")
    else:
        with tempfile.TemporaryDirectory() as chosen:
            functions = compiled_c(Path(chosen))
            for size in SIZES:
                compare(functions, *size)
    whole_enumerations(*WHOLE)


if __name__ == "__main__":
    main()
