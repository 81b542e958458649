"""A force and a Langevin step of a network beside plain ones, what the update takes, and how the cost grows.

`python -m benchmarks.forces [--output results] [--parts steps,growth]`. Processor time of the thread on one core,
everything compiled, single precision; variants take turns, and ratios are medians over the turns. PyTorch takes part
where PERCEPTRON_WL_TORCH_PYTHON names an interpreter that has it, or this one has it. The table forces-growth.csv and
the plot forces-growth.png go to the output folder.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
from pathlib import Path

import numpy as np

from benchmarks.flat_histograms import Variant, alternated
from benchmarks.plain_forces import FRICTION, STEP, PlainForces
from benchmarks.torch_peer import torch_variants
from perceptron.base.files import provenance, save_table
from perceptron.base.jit import njit
from wl.engine.dynamics.bias import Bias
from wl.engine.dynamics.movers import Langevin, advance
from wl.engine.dynamics.steps import langevin_update
from wl.interface.forces import measure, pull
from wl.interface.seeds import stream_of
from wl.interface.system import draw
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.networks.kernels.gradients import set_activations, set_gradient
from wl.systems.network.system import NetworkOptions, neural_network

WHOLE, TWO, ONE, NUMPY = "wl", "PyTorch, two passes", "PyTorch, one pass", "NumPy"
CASES = (
    ((2, 30, 30, 1), "tanh", 250),
    ((331, 20, 1), "relu", 730),
    ((2, 300, 300, 1), "tanh", 250),
    ((2, 1000, 1000, 1), "tanh", 250),
    ((2, 6, 6, 6, 1), "tanh", 40),
)
REACH = {(2, 30, 30, 1): 10.0, (331, 20, 1): 2.0, (2, 300, 300, 1): 1.7, (2, 1000, 1000, 1): 1.25}
WIDTHS, POINTS = (10, 30, 100, 300, 1000), (40, 250, 1000)
PARTS = ("steps", "growth")
BIAS = Bias(
    (0, 0), (39, 39), 40, (-4.0, -4.0), (0.2, 0.2), ((True, True), (True, True)), 100.0, (1.0, 1.0), 4.0
)  # of 40 x 40 bins


@njit
def langevin_steps(mover, model, state, bias, cost, stream, number):  # noqa: PLR0913, PLR0917
    """Steps as the engine makes them."""
    for _ in range(number):
        advance(mover, model, state, bias, cost, stream, False)


@njit
def updates(mover, model, state, number):
    """Noise and update alone."""
    for _ in range(number):
        langevin_update(mover, state, model.half_widths)


@njit
def forward_products(model, state, number):
    for _ in range(number):
        set_activations(model.layers, state.scratch.passes, state.parameters)


@njit
def backward_products(model, state, number):
    for _ in range(number):
        set_gradient(model.layers, state.scratch.passes, state.parameters, state.gradient, model.head.precision.zero)


@njit
def forces(model, state, number):
    for _ in range(number):
        measure(model, state)
        pull(model, state, 0.5, 0.5)


class Engine:
    """A network under a bias of random costs, on random points."""

    def __init__(self, widths: tuple[int, ...], activation: str, n_points: int) -> None:
        rng = np.random.default_rng(1)
        self.architecture = Architecture(widths[0], widths[1:-1], widths[-1], activation, "linear")
        self.splits = [
            Split(rng.normal(size=(n_points, widths[0])), rng.normal(size=(n_points, widths[-1]))) for _ in range(2)
        ]
        names, options = ("log_train_loss", "log_test_loss"), NetworkOptions(forces=True)
        system = neural_network(self.architecture, *self.splits, names, options)
        self.model, self.state, self.mover = system.model, system.new_state(), Langevin(FRICTION, 1, 0.0, 1.0)
        self.stream, self.cost = stream_of(np.random.SeedSequence(1)), rng.normal(size=1600)
        draw(self.model, self.state, self.stream)
        self.state.time_step[0] = STEP

    def advance(self, number: int) -> None:
        langevin_steps(self.mover, self.model, self.state, BIAS, self.cost, self.stream, number)

    def parts(self) -> list[Variant]:
        """The whole step and what it is made of."""
        model, state = self.model, self.state
        return [
            (WHOLE, self.advance),
            ("noise and update", lambda number: updates(self.mover, model, state, number)),
            ("forward", lambda number: forward_products(model, state, number)),
            ("backward", lambda number: backward_products(model, state, number)),
            ("force", lambda number: forces(model, state, number)),
        ]


def compare_steps() -> None:
    """A step of each network, beside plain ones, and in parts."""
    for widths, activation, n_points in CASES:
        engine = Engine(widths, activation, n_points)
        size = engine.architecture.n_parameters
        print(f"{'-'.join(map(str, widths))} {activation}, {size} parameters, {n_points} + {n_points} points:")
        case = {"widths": list(widths), "activation": activation, "n_points": n_points}
        variants: list[Variant] = engine.parts()
        variants.append((NUMPY, PlainForces(engine.architecture, *engine.splits).advance))
        variants += torch_variants("plain_forces_torch.py", case, {TWO: "two passes", ONE: "one pass"})
        times = alternated(variants)
        for name, each in times.items():
            ratio = np.median(each / times[WHOLE])
            line = f"  {name}: {1e6 * np.median(each):.1f} µs ({1e6 * each.min():.1f} .. {1e6 * each.max():.1f})"
            line += "" if name == WHOLE else f", {ratio:.3g} of a step"
            line += f", {1e9 * np.median(each) / size:.2f} ns a parameter" if name == "noise and update" else ""
            line += f" (to reach: {REACH[widths]})" if name == TWO and widths in REACH else ""
            print(line, flush=True)


def show_growth(output: Path) -> None:
    """Cost of a step against parameters times points: 2-W-W-1, tanh."""
    found = []
    for n_points in POINTS:
        engines = {width: Engine((2, width, width, 1), "tanh", n_points) for width in WIDTHS}
        times = alternated([(str(width), engine.advance) for width, engine in engines.items()])
        for width, engine in engines.items():
            each, size = times[str(width)], engine.architecture.n_parameters
            found.append((width, 2 * n_points, size, np.median(each), each.min(), each.max()))
            speed = 6e-9 * size * 2 * n_points / np.median(each)
            print(f"  2-{width}-{width}-1, {2 * n_points} points: {1e6 * np.median(each):.1f} µs, {speed:.1f} GFLOP/s")
    table = np.array(found)
    names = ("width", "n_points", "n_parameters", "seconds", "least_seconds", "most_seconds")
    columns = dict(zip(names, table.T, strict=True))
    save_table(output / "forces-growth.csv", columns, provenance(benchmark="forces", widths=WIDTHS, points=POINTS))
    plot_growth(output / "forces-growth.png", columns)


def plot_growth(path: Path, columns: dict[str, np.ndarray]) -> None:
    import matplotlib as mpl  # noqa: PLC0415  # for this part alone

    mpl.use("Agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(figsize=(5.0, 4.0), layout="constrained")
    for n_points in np.unique(columns["n_points"]):
        chosen = columns["n_points"] == n_points
        products = columns["n_parameters"][chosen] * n_points
        axes.loglog(products, 1e6 * columns["seconds"][chosen], "o-", label=f"{n_points:.0f} points")
    axes.set(xlabel="parameters x points", ylabel="Langevin step (µs)")
    axes.legend()
    figure.savefig(path, dpi=150)


def main() -> None:
    """The parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results"))
    parser.add_argument("--parts", default=",".join(PARTS), help="of the comparison, separated by commas")
    chosen = parser.parse_args()
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of the machine before: {load} on {os.cpu_count()} cores")
    if "steps" in chosen.parts.split(","):
        compare_steps()
    if "growth" in chosen.parts.split(","):
        show_growth(chosen.output)


if __name__ == "__main__":
    main()
