"""Times of the package beside the plain NumPy/SciPy version, as ratios within one run: `make bench`.

Processor time of one core, everything compiled, the better of repeated runs; the start of new processes is wall time.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks import plain_scipy
from perceptron import local_entropy_profile, typical_solutions
from perceptron.theory.franz_parisi.thresholds import dense_core_load

PLACE = (0.5, 0.2, 0.0)
DISTANCES = np.geomspace(0.15, 1e-3, 200)
FEW = DISTANCES[np.linspace(0, 199, 12).astype(int)]
ACCURACY = 1e-8
REPEATS = 3


def seconds(function: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    """Least processor time over the repeats, and the last result."""
    best, result = float("inf"), None
    for _ in range(repeats):
        start = time.process_time()
        result = function()
        best = min(best, time.process_time() - start)
    return best, result


def profile_error(entropy: np.ndarray, derivative: np.ndarray, distances: np.ndarray) -> tuple[float, float]:
    """Largest deviations of a plain profile from the package's."""
    exact = local_entropy_profile(*PLACE, distances)
    return (
        float(np.max(np.abs(entropy - exact.array("local_entropy")[::-1]))),
        float(np.max(np.abs(derivative - exact.array("derivative")[::-1]))),
    )


def compare_profiles() -> None:
    """A 200-point profile at equal node counts, then a short one at equal accuracy."""
    ours, _ = seconds(lambda: local_entropy_profile(*PLACE, DISTANCES), REPEATS)
    plain, values = seconds(lambda: plain_scipy.local_entropy_profile(*PLACE, DISTANCES), 1)
    errors = profile_error(*values, DISTANCES)
    print(f"profile, 200 points d = 0.15 .. 1e-3 at {PLACE}: {ours:.3f} s; plain, 200 nodes: {plain:.1f} s", end="")
    print(f" -> ratio {plain / ours:.0f}; plain is off by {errors[0]:.0e} (entropy), {errors[1]:.0e} (derivative)")
    ours, _ = seconds(lambda: local_entropy_profile(*PLACE, FEW), 5)
    for number in (400, 800, 1600):
        plain_scipy.set_nodes(number)
        plain, values = seconds(lambda: plain_scipy.local_entropy_profile(*PLACE, FEW), 1)
        errors = profile_error(*values, FEW)
        print(f"profile, {FEW.size} of these points: {ours:.4f} s; plain, {number} nodes: {plain:.1f} s", end="")
        print(f" -> ratio {plain / ours:.0f}; plain is off by {errors[0]:.0e}, {errors[1]:.0e}")
        if errors[1] < ACCURACY:
            break
    plain_scipy.set_nodes(200)


def compare_core_load() -> None:
    """α'_u by Newton's method on the double zero, against a scan and two root finders."""
    dense_core_load()
    margins = itertools.count(1)  # another one each time, as maximum margins of the same loads are remembered
    ours, solution = seconds(lambda: dense_core_load(1e-12 * next(margins)), REPEATS)
    plain, value = seconds(plain_scipy.dense_core_threshold, 1)
    print(f"alpha_u_prime: {ours:.2f} s (error {solution.error:.0e}); plain: {plain:.1f} s (tolerance 1e-5, ", end="")
    print(f"off by {abs(value - solution.value):.0e}) -> ratio {plain / ours:.0f}")


def compare_typical() -> None:
    """One entropy φ(α, κ)."""
    typical_solutions(0.5, 0.1)
    ours, _ = seconds(lambda: [typical_solutions(0.5, 0.1) for _ in range(100)], REPEATS)
    plain, _ = seconds(lambda: [plain_scipy.typical_saddle(0.5, 0.1) for _ in range(100)], REPEATS)
    print(f"one φ(α, κ) with its error: {10 * ours:.3f} ms; plain: {10 * plain:.3f} ms -> ratio {plain / ours:.1f}")


def new_processes() -> None:
    """Import, and `perceptron thresholds` with an empty and with a filled cache."""
    command = [sys.executable, "-m", "perceptron.cli.main", "thresholds", "--json"]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PERCEPTRON_WL_CACHE_DIR": folder}
        for name, arguments in (
            ("import perceptron", [sys.executable, "-c", "import perceptron"]),
            ("python alone", [sys.executable, "-c", "pass"]),
            ("perceptron thresholds, compiling", command),
            ("perceptron thresholds, from the cache", command),
        ):
            start = time.perf_counter()
            subprocess.run(arguments, env=environment, check=True, stdout=subprocess.DEVNULL)
            print(f"{name}: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    compare_typical()
    compare_profiles()
    compare_core_load()
    new_processes()
