"""A trial of the engine on neural networks beside plain steps, and how its cost grows with the network.

`python -m benchmarks.networks [--parts steps,heads,growth]`. Processor time of the thread on one core, everything
compiled; variants take turns, and ratios are medians over the turns. PyTorch takes part where
PERCEPTRON_WL_TORCH_PYTHON names an interpreter that has it, or this one has it.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import argparse
import math

import numpy as np

from benchmarks.flat_histograms import Variant, alternated, show
from benchmarks.plain_networks import PlainCompiled, PlainNumpy
from benchmarks.torch_peer import torch_variants
from wl.engine.kernels.walk import ACCEPTED
from wl.engine.sampler import Sampler
from wl.engine.settings import settings_for
from wl.interface.grid import Grid, Range, make_axis
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.systems.network.system import NetworkOptions, accuracy_window, neural_network

N_POINTS = 40  # to train on, and as many to test on
WHOLE = "wl, learning"
MANY = "PyTorch, 200 walkers at once"
REACH = {"plain numba": 40, "PyTorch": 250, MANY: 12}
VARIABLES = ("log_train_loss", "test_accuracy")
ACTIVATIONS = ("relu", "tanh")
ARCHITECTURES = ((6, 6, 6), (8, 8, 8, 8), (30, 30))
LEARNING_TRIALS = 200_000
PARTS = ("steps", "heads", "growth")


def spiral(seed: int) -> Split:
    """Two arms of a spiral with half of the points each."""
    rng, labels = np.random.default_rng(seed), np.arange(N_POINTS) % 2
    radii = rng.uniform(0.1, 1.0, N_POINTS)
    angles = 2.0 * math.pi * radii + math.pi * labels
    return Split(np.column_stack([radii * np.cos(angles), radii * np.sin(angles)]), labels)


def learning(
    architecture: Architecture,
    precision: str = "float32",
    variables: tuple[str, ...] = VARIABLES,
    n_trials: int | None = None,
) -> Sampler:
    """Sampler that has found its bins."""
    system = neural_network(architecture, spiral(1), spiral(2), variables, NetworkOptions(precision))
    windows = {
        "log_train_loss": Range(-1.0, 0.0, 0.1, open_low=True, open_high=True),
        "test_accuracy": Range(*accuracy_window(N_POINTS)),
    }
    grid = Grid(tuple(make_axis(system, name, windows[name]) for name in variables))
    settings = settings_for(system, variables, start="uniform")  # that of rows takes minutes, and no part of a trial
    sampler = Sampler(system, grid, settings, np.random.SeedSequence(1), None)
    sampler.prepare()
    sampler.advance(LEARNING_TRIALS if n_trials is None else n_trials)
    return sampler


def named(hidden: tuple[int, ...], activation: str, n_outputs: int = 1) -> Architecture:
    return Architecture(2, hidden, n_outputs, activation, "logistic" if n_outputs == 1 else "softmax")


def compare_steps() -> None:
    """One trial of the whole engine on two variables, beside plain steps."""
    for hidden in ARCHITECTURES:
        for activation in ACTIVATIONS:
            architecture = named(hidden, activation)
            sampler = learning(architecture)
            rate = sampler.windows[0].counts[0, ACCEPTED] / sampler.trials
            print(f"{architecture.widths} {activation}, {N_POINTS} + {N_POINTS} points, acceptance {rate:.2f}:")
            variants: list[Variant] = [
                (WHOLE, sampler.advance),
                ("wl, learning, float64", learning(architecture, "float64", n_trials=LEARNING_TRIALS // 10).advance),
                ("plain numba", PlainCompiled(architecture, spiral(1), spiral(2)).advance),
                ("plain NumPy", PlainNumpy(architecture, spiral(1), spiral(2)).advance),
            ]
            case = {"widths": list(architecture.widths), "activation": activation, "n_points": N_POINTS}
            names = {"PyTorch": "one walker", MANY: "many walkers", f"{MANY}, joined": "many walkers joined"}
            variants += torch_variants("plain_networks_torch.py", case, names)
            show(alternated(variants), WHOLE, REACH if hidden == (8, 8, 8, 8) and activation == "tanh" else {})


def compare_heads() -> None:
    """ReLU with two units of softmax, and one variable alone, beside tanh with one logistic unit."""
    print("2-8-8-8-8, heads and variables:")
    variants: list[Variant] = [
        (WHOLE, learning(named((8, 8, 8, 8), "tanh")).advance),
        ("ReLU, softmax of two units", learning(named((8, 8, 8, 8), "relu", 2)).advance),
        ("tanh, log_train_loss alone", learning(named((8, 8, 8, 8), "tanh"), variables=VARIABLES[:1]).advance),
    ]
    show(alternated(variants), WHOLE, {"ReLU, softmax of two units": 1.2})


def show_growth() -> None:
    """Nanoseconds of a trial as the network grows in width and in depth."""
    for text, shapes in (
        ("width", [(width, width) for width in (4, 8, 16, 32, 64)]),
        ("depth", [(8,) * depth for depth in (1, 2, 4, 8)]),
    ):
        print(f"growth in {text}, tanh:")
        variants: list[Variant] = [(f"{shape}", learning(named(shape, "tanh")).advance) for shape in shapes]
        show(alternated(variants), f"{shapes[0]}", {})


def main() -> None:
    """The parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parts", default=",".join(PARTS), help="of the comparison, separated by commas")
    parts = parser.parse_args().parts.split(",")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of the machine before: {load} on {os.cpu_count()} cores")
    if "steps" in parts:
        compare_steps()
    if "heads" in parts:
        compare_heads()
    if "growth" in parts:
        show_growth()


if __name__ == "__main__":
    main()
