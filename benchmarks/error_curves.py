"""Error of ln g of the 2-D Ising model, L = 8, against processor time: the engine, plain numba, and the peers.

The error is the root mean square over all 63 levels and over the runs, after normalisation to 2⁶⁴ configurations; it
starts where every run has found every level. Of the engine each point is a set of runs of its own, planned for that
many trials; learning, freezing and the estimate itself are in its time. The others are read off as they run.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.exact_densities import ising_counts
from benchmarks.peers_ising import PEERS, Walk
from benchmarks.plain_wang_landau import PlainIsing
from perceptron.base.files import write_atomically
from wl.engine.estimators.transition_matrix import log_g_of_transitions, transition_counts
from wl.engine.settings import settings_for
from wl.landscape.frozen_walk import normalised, with_errors
from wl.runs.run import Goal, Plan, Run
from wl.systems.ising import ising

__all__ = ["compare"]

SIZE, N_RUNS, N_ENGINE_RUNS = 8, 3, 8
FIRST_TRIALS = 4096
ENGINE_TRIALS = tuple(int(1e6 * 4**k) for k in range(5))
Curve = list[tuple[float, float]]  # seconds, error
# colours of Okabe and Ito, told apart by the colour-blind as well
STYLES = {
    "wl, frozen walk": ("#0072B2", "o", "-"),
    "wl, transition matrix": ("#56B4E9", "v", "--"),
    "plain numba": ("#000000", "x", ":"),
    "flatwalk": ("#009E73", "s", "-"),
    "icet": ("#D55E00", "^", "-"),
    "smol": ("#CC79A7", "D", "-"),
}


def exact_log_g() -> np.ndarray:
    """ln g of every level, nan where there is none."""
    return np.array([math.log(count) if count else math.nan for count in ising_counts(SIZE)])


def square_error(log_g: np.ndarray, exact: np.ndarray) -> float:
    """Mean square over the levels; nan where one was not found."""
    known = np.isfinite(exact)
    if not np.isfinite(log_g[known]).all():
        return math.nan
    difference = normalised(log_g[known], SIZE * SIZE * math.log(2.0)) - exact[known]
    return float(np.mean(difference**2))


def engine_run(n_trials: int, seed: int, exact: np.ndarray) -> tuple[float, float, float]:
    """Seconds of a run of the engine, and its square errors: frozen walk and transition matrix."""
    system = ising(SIZE)
    run = Run(Plan(system, ("energy",), settings_for(system), Goal(steps=n_trials), seed=seed))
    start = time.thread_time()
    run.prepare()
    while not run.reached():
        run.advance()
    frozen, _ = with_errors(run.samplers[0])
    window = run.samplers[0].windows[0]
    matrix = log_g_of_transitions(transition_counts(window.tables, run.grid.n_bins))
    return time.thread_time() - start, square_error(frozen, exact), square_error(matrix, exact)


def engine_curves(exact: np.ndarray) -> dict[str, Curve]:
    """Curves of the two estimators."""
    engine_run(10_000, 0, exact)  # compiles
    frozen, matrix = [], []
    for n_trials in ENGINE_TRIALS:
        rows = np.array([engine_run(n_trials, seed, exact) for seed in range(1, N_ENGINE_RUNS + 1)])
        seconds, *errors = rows.mean(axis=0)
        frozen.append((float(seconds), math.sqrt(errors[0])))
        matrix.append((float(seconds), math.sqrt(errors[1])))
    return {"wl, frozen walk": frozen, "wl, transition matrix": matrix}


def walk_curve(make: Callable[[int, int], Walk], limit: float, exact: np.ndarray) -> Curve:
    """Curve of walks that are read off whenever their trials have doubled, up to about `limit` seconds each."""
    points: list[list[tuple[float, float]]] = []
    for seed in range(1, N_RUNS + 1):
        walk, spent, n_trials, row = make(SIZE, seed), 0.0, FIRST_TRIALS, []
        walk.advance(1)
        while 2.0 * spent < limit:
            start = time.thread_time()
            walk.advance(n_trials)
            spent += time.thread_time() - start
            row.append((spent, square_error(walk.log_g(), exact)))
            n_trials = FIRST_TRIALS * 2 ** (len(row) - 1)
        points.append(row)
    length = min(len(row) for row in points)
    means = np.array([row[:length] for row in points]).mean(axis=0)
    return [(float(seconds), math.sqrt(square)) for seconds, square in means]


def compare(peers: list[str], limit: float, path: Path) -> None:
    """Print and draw all curves."""
    exact = exact_log_g()
    print(f"rms error of ln g, 2-D Ising model, L = {SIZE}, against processor time of a run:")
    curves = engine_curves(exact)
    for name, curve in curves.items():
        show(name, curve)
    makers: dict[str, Callable[[int, int], Walk]] = {"plain numba": PlainIsing}
    for name, make in (makers | {name: PEERS[name] for name in peers}).items():
        curves[name] = walk_curve(make, limit, exact)
        show(name, curves[name])
    draw(path, curves)


def show(name: str, curve: Curve) -> None:
    """Print the points of a curve that have an error."""
    known = [f"{seconds:.3g} s {error:.2g}" for seconds, error in curve if math.isfinite(error)]
    print(f"  {name}: " + (", ".join(known) or "not all levels found"), flush=True)


def draw(path: Path, curves: dict[str, Curve]) -> None:
    """Error against seconds, both in logarithms."""
    import matplotlib  # noqa: PLC0415

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(6.0, 4.5), layout="constrained")
    for name, curve in curves.items():
        color, marker, line = STYLES[name]
        known = np.array([point for point in curve if math.isfinite(point[1])]).reshape(-1, 2)
        axes.loglog(known[:, 0], known[:, 1], color=color, marker=marker, linestyle=line, markersize=5, label=name)
    seconds, errors = np.array(curves["wl, frozen walk"]).T
    guide = np.median(errors * np.sqrt(seconds)) / np.sqrt(seconds)
    axes.loglog(seconds, guide, color="grey", linewidth=0.8, label=r"$t^{-1/2}$")
    axes.set_xlabel("processor time of a run (s)")
    axes.set_ylabel(r"rms error of $\ln g$")
    axes.set_title(f"2-D Ising model, L = {SIZE}, one core")
    axes.legend(loc="best", fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    plt.close(figure)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, buffer.getvalue())
