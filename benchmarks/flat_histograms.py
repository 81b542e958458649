"""The flat-histogram engine beside other packages and plain versions: times of a trial, of a start, and errors.

`python -m benchmarks.flat_histograms [--output results] [--seconds 30] [--parts ising,perceptron,...]`. Processor time
of the thread on one core, everything compiled; variants take turns, and ratios are medians over the turns. New
processes are timed as a whole. Peers that are not installed are left out. The plot wang-landau-errors.png goes to the
output folder.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import error_curves
from benchmarks.peers_ising import PEERS, Smol, installed_peers
from benchmarks.plain_wang_landau import PlainIsing, PlainPerceptron, deficit_trials, minimum_trials, python_of
from benchmarks.trial_breakdown import stages_of
from perceptron.patterns import random_patterns
from wl.engine.sampler import Sampler
from wl.engine.settings import settings_for
from wl.interface.system import System
from wl.runs.run import Goal, Plan, cap_of
from wl.systems.ising import ising
from wl.systems.perceptron.system import binary_perceptron

Variant = tuple[str, Callable[[int], float | None]]  # makes steps; tells seconds where another process makes them
TURN_SECONDS, N_TURNS = 0.2, 9
LEARNING_TRIALS = 20_000_000
SMOL_AS_CALLED = "smol, a record of every step as by default"
REACH = {"flatwalk": 300, "icet": 900, SMOL_AS_CALLED: 4000, "deficit": 300, "minimum_stability": 150}
PARTS = ("ising", "perceptron", "breakdown", "start", "errors")


def seconds_of(advance: Callable[[int], float | None], n_trials: int) -> float:
    """Processor time of the thread that makes them."""
    start = time.thread_time()
    elsewhere = advance(n_trials)
    return time.thread_time() - start if elsewhere is None else elsewhere


def trials_of(advance: Callable[[int], float | None]) -> int:
    """Number of trials that take about a turn; makes some, so that nothing is left to compile."""
    n_trials = 1
    while True:
        spent = seconds_of(advance, n_trials)
        if spent > 0.25 * TURN_SECONDS:
            return max(1, int(n_trials * TURN_SECONDS / spent))
        n_trials *= 2


def alternated(variants: list[Variant]) -> dict[str, np.ndarray]:
    """Seconds of a trial of every variant in every turn."""
    for _, advance in variants:
        advance(1)
    numbers = {name: trials_of(advance) for name, advance in variants}
    spent: dict[str, list[float]] = {name: [] for name, _ in variants}
    for _ in range(N_TURNS):
        for name, advance in variants:
            spent[name].append(seconds_of(advance, numbers[name]) / numbers[name])
    return {name: np.array(times) for name, times in spent.items()}


def show(times: dict[str, np.ndarray], whole: str, reach: dict[str, int]) -> None:
    """A line for every variant, with its ratio to the one called `whole`."""
    for name, each in times.items():
        ratio = np.median(each / times[whole])
        line = f"  {name}: {1e9 * np.median(each):.1f} ns ({1e9 * each.min():.1f} .. {1e9 * each.max():.1f})"
        line += "" if name == whole else f", ratio {ratio:.4g}"
        print(line + (f" (to reach: {reach[name]})" if name in reach else ""), flush=True)


def learning(system: System, frozen: bool = False) -> Sampler:
    """Sampler with the default settings that has found its bins, and froze its weights where asked to."""
    goal, cap = Goal(steps=LEARNING_TRIALS), cap_of(system, 1)
    plan = Plan(system, system.default_variables, settings_for(system), goal, cap=cap)
    sampler = Sampler(system, plan.grid(), plan.settings, np.random.SeedSequence(1), None)
    sampler.prepare()
    sampler.advance(LEARNING_TRIALS)
    if frozen:
        sampler.freeze_soon()
        sampler.advance(2 * sampler.block)
        while not sampler.frozen:
            sampler.advance(sampler.block)
    return sampler


def compare_ising(peers: list[str]) -> None:
    """A trial of the whole engine at L = 16, beside the peers' and plain ones."""
    print("2-D Ising model, L = 16, one trial, processor time of one core:")
    variants: list[Variant] = [
        ("wl, learning", learning(ising(16)).advance),
        ("wl, frozen", learning(ising(16), frozen=True).advance),
        ("plain numba", PlainIsing(16, 1).advance),
        ("plain Python", PlainIsing(16, 1, compiled=False).advance),
    ]
    variants += [(name, PEERS[name](16, 1).advance) for name in peers]
    if "smol" in peers:
        variants.append((SMOL_AS_CALLED, Smol(16, 1, every_step=True).advance))
    show(alternated(variants), "wl, learning", REACH)


def perceptron(variable: str) -> System:
    """The perceptron of the comparisons."""
    return binary_perceptron(random_patterns(201, 100, rng=np.random.default_rng(1)), 0.0, variable)


def compare_perceptron() -> None:
    """A trial at N = 201, P = 100 on the deficit and on the minimum stability."""
    patterns = random_patterns(201, 100, rng=np.random.default_rng(1))
    for variable, kernel in (("deficit", deficit_trials), ("minimum_stability", minimum_trials)):
        print(f"perceptron, N = 201, P = 100, {variable}:")
        sampler = learning(perceptron(variable))
        n_bins, name = sampler.grid.n_bins, "NumPy, incremental"
        variants: list[Variant] = [
            ("wl, learning", sampler.advance),
            ("wl, frozen", learning(perceptron(variable), frozen=True).advance),
            ("plain numba", PlainPerceptron(patterns, n_bins, 1, kernel).advance),
            (name, PlainPerceptron(patterns, n_bins, 1, python_of(kernel)).advance),
        ]
        show(alternated(variants), "wl, learning", {name: REACH[variable]})


def break_down() -> None:
    """Nanoseconds that each part of a trial adds."""
    for text, system in (
        ("2-D Ising model, L = 16", ising(16)),
        ("perceptron, N = 201, P = 100, deficit", perceptron("deficit")),
    ):
        print(f"one trial of {text}, learning, in parts:")
        times = alternated(stages_of(learning(system)))
        before = np.zeros(N_TURNS)
        for name, each in times.items():
            print(f"  {name}: {1e9 * np.median(each):.1f} ns, adds {1e9 * np.median(each - before):.1f}", flush=True)
            before = each


def processor_seconds() -> float:
    """Processor time of all child processes that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def new_processes() -> None:
    """`wl run` from start to end with an empty and with a filled cache."""
    systems = {"ising": ["--size", "16"], "perceptron": ["--n", "201", "--alpha", "0.5"]}
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PERCEPTRON_WL_CACHE_DIR": f"{folder}/cache"}
        for system, options in systems.items():
            for state in ("compiling", "from the cache"):
                output = f"{folder}/{system}-{state}"
                command = [sys.executable, "-m", "wl.cli.main", "run", system, *options, "--steps", "1000"]
                before, start = processor_seconds(), time.perf_counter()
                subprocess.run([*command, "--output", output], env=environment, check=True, stdout=subprocess.DEVNULL)
                wall, spent = time.perf_counter() - start, processor_seconds() - before
                text = " ".join(["wl run", system, *options, "--steps 1000"])
                print(f"{text}, {state}: {spent:.2f} s of processor time, {wall:.2f} s in all", flush=True)


def main() -> None:
    """The parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results"), help="folder of the plot")
    parser.add_argument("--seconds", type=float, default=30.0, help="processor time of a run of a peer, for the plot")
    parser.add_argument("--parts", default=",".join(PARTS), help="of the comparison, separated by commas")
    options = parser.parse_args()
    parts = options.parts.split(",")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of the machine before: {load} on {os.cpu_count()} cores")
    peers = installed_peers() if {"ising", "errors"} & set(parts) else []
    if "ising" in parts:
        compare_ising(peers)
    if "perceptron" in parts:
        compare_perceptron()
    if "breakdown" in parts:
        break_down()
    if "start" in parts:
        new_processes()
    if "errors" in parts:
        error_curves.compare(peers, options.seconds, options.output / "wang-landau-errors.png")


if __name__ == "__main__":
    main()
