"""Message passing on single instances: sweeps beside a plain NumPy/SciPy sweep, searches, and how their cost grows.

`python -m benchmarks.message_passing [--output results]`. Processor time of one core, everything compiled, the least of
repeated runs for sweeps and the median over instances for searches. The plot message-passing-scaling.png goes to the
output folder.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import io
import time
from pathlib import Path

import numpy as np
from scipy.special import log_ndtr

from benchmarks.ratios import seconds
from perceptron.base.files import write_atomically
from perceptron.base.results import Status
from perceptron.message_passing.nodes import AmpNode, GaussianNode, Node, RelaxedNode, ShortAmpNode
from perceptron.patterns import Patterns, n_patterns_at, random_patterns
from perceptron.solvers.focusing import Attempt, focusing_search
from perceptron.solvers.registry import warm_up

DAMPING = 0.5
SWEEPS = ((GaussianNode, 3), (RelaxedNode, 10), (AmpNode, 30), (ShortAmpNode, 30))
SWEPT = (2001, 1000)
SEARCHES = ((1001, 0.5), (2001, 0.7))
N_INSTANCES = 5
SIZES = (501, 1001, 2001, 5001, 10001, 20001)
ATTEMPT = Attempt("pseudo-reinforcement", 0.01)


def instance(n_weights: int, n_patterns: int, seed: int = 1) -> Patterns:
    """A random instance of the storage problem."""
    return random_patterns(n_weights, n_patterns, rng=np.random.default_rng(seed))


def plain_sweep(xi: np.ndarray, messages: np.ndarray, midpoint: float) -> np.ndarray:
    """Damped messages h_{μ→i} of the Gaussian node for all edges at once; all arrays float64, shape (P, N)."""
    means = np.tanh(messages.sum(axis=0) - messages)
    variances = 1.0 - means**2
    a = (xi * means).sum(axis=1, keepdims=True) - xi * means
    root = np.sqrt(variances.sum(axis=1, keepdims=True) - variances)
    new = 0.5 * (log_ndtr((a + xi - midpoint) / root) - log_ndtr((a - xi - midpoint) / root))
    return DAMPING * messages + (1.0 - DAMPING) * new


def compare_sweeps() -> None:
    """Milliseconds of a sweep of every node, beside the plain one from the same messages."""
    patterns = instance(*SWEPT)
    threshold = patterns.threshold()
    external = np.zeros(patterns.n_weights)
    xi = patterns.values.astype(np.float64)
    messages = np.zeros_like(xi)
    for _ in range(3):
        messages = plain_sweep(xi, messages, threshold.midpoint)
    check = GaussianNode(patterns, threshold)
    for _ in range(3):
        check.sweep(external, DAMPING)
    difference = float(np.max(np.abs(check.edges.messages - messages)))
    plain, _ = seconds(lambda: plain_sweep(xi, messages, threshold.midpoint), 3)
    print(f"one sweep, N = {SWEPT[0]}, P = {SWEPT[1]}: plain {1e3 * plain:.0f} ms ", end="")
    print(f"(its messages and gaussian ones after 3 sweeps are at most {difference:.0e} apart)")
    for node, n_sweeps in SWEEPS:
        ours = sweep_seconds(node(patterns, threshold), n_sweeps)
        print(f"  {node.name}: {1e3 * ours:.2f} ms -> ratio {plain / ours:.0f}")


def sweep_seconds(node: Node, n_sweeps: int) -> float:
    """Processor time of a sweep, least of five groups; the first sweeps, which may compile, are not counted."""
    external = np.zeros(node.patterns.n_weights, dtype=node.number)

    def group() -> None:
        for _ in range(n_sweeps):
            node.sweep(external, DAMPING)

    group()
    return seconds(group, 5)[0] / n_sweeps


def time_searches() -> None:
    """Time to a verified solution with the whole portfolio, compiled."""
    for n_weights, load in SEARCHES:
        spent, solved = [], 0
        for seed in range(1, N_INSTANCES + 1):
            patterns = instance(n_weights, n_patterns_at(load, n_weights), seed)
            start = time.process_time()
            found = focusing_search(patterns, rng=np.random.default_rng(1))
            spent.append(time.process_time() - start)
            solved += found.status is Status.SOLVED
        print(f"search, N = {n_weights}, alpha = {load}: median {np.median(spent):.3f} s, ", end="")
        print(f"{min(spent):.3f} .. {max(spent):.3f} s, solved {solved} of {N_INSTANCES}")


def scaling() -> tuple[np.ndarray, np.ndarray]:
    """N·P and the time per sweep of one attempt at alpha = 0.5, tests of the centre included."""
    products, times = [], []
    for n_weights in SIZES:
        patterns = instance(n_weights, n_patterns_at(0.5, n_weights))
        runs = []
        for seed in range(1, 4):
            start = time.process_time()
            found = focusing_search(patterns, rng=np.random.default_rng(seed), attempts=(ATTEMPT,))
            spent = time.process_time() - start
            runs.append((spent / found.n_sweeps, spent, found))
        each, spent, found = min(runs, key=lambda run: run[0])
        products.append(n_weights * patterns.n_patterns)
        times.append(each)
        print(f"N = {n_weights}: {found.status.name} in {spent:.3f} s, {found.n_sweeps} sweeps, ", end="")
        print(f"{1e3 * each:.3f} ms each, {1e9 * each / products[-1]:.3f} ns per N P", flush=True)
    return np.array(products, dtype=np.float64), np.array(times)


def draw(path: Path, products: np.ndarray, times: np.ndarray) -> None:
    """Time per sweep against N·P, with a line of slope 1 through the median time per N·P."""
    import matplotlib  # noqa: PLC0415

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(5.0, 4.0), layout="constrained")
    each = float(np.median(times / products))
    guide = rf"linear, {1e9 * each:.2f} ns per $N P$"
    axes.loglog(products, 1e3 * each * products, color="grey", linestyle="--", label=guide)
    axes.loglog(products, 1e3 * times, "o", color="#0072B2", label="measured")
    for n_weights, x, y in zip(SIZES, products, 1e3 * times, strict=True):
        axes.annotate(f"N = {n_weights}", (x, y), xytext=(-7, 5), textcoords="offset points", ha="right")
    axes.set_xlim(products[0] / 8.0, products[-1] * 2.0)
    axes.set_ylim(top=3e3 * times[-1])
    axes.set_xlabel("$N P$")
    axes.set_ylabel("processor time of a sweep (ms)")
    axes.set_title(r"focusing search at $\alpha = 0.5$, one core")
    axes.legend(loc="lower right")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150)
    plt.close(figure)
    write_atomically(path, buffer.getvalue())


def main() -> None:
    """All comparisons, then the plot."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results"), help="folder of the plot")
    output = parser.parse_args().output
    warm_up()
    compare_sweeps()
    time_searches()
    draw(output / "message-passing-scaling.png", *scaling())


if __name__ == "__main__":
    main()
