"""Systems by name, as the command line and run directories know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from importlib.metadata import entry_points
from typing import Any

import numpy as np

from perceptron.base.checks import check_kind
from perceptron.patterns import Patterns
from wl.interface.grid import names_of
from wl.interface.system import System
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.systems.free_spins import free_spins
from wl.systems.ising import ising
from wl.systems.network.system import NetworkOptions, neural_network, rebuilt_network
from wl.systems.perceptron.system import binary_perceptron
from wl.systems.quadratic import quadratic_blocks

__all__ = ["SYSTEMS", "network", "perceptron", "rebuild", "register"]

ENTRY_POINTS = "wl.systems"  # group in which another package names functions as `register` takes them
Build = Callable[[Mapping[str, Any], Mapping[str, Any]], System]


def _perceptron(parameters: Mapping[str, Any], data: Mapping[str, Any]) -> System:
    return binary_perceptron(
        Patterns(data["patterns"]),
        parameters["margin"],
        parameters["variable"],
        data.get("reference"),
        parameters["pair_share"],
    )


SYSTEMS: dict[str, Build] = {
    "ising": lambda parameters, _: ising(parameters["size"]),
    "free_spins": lambda parameters, data: free_spins(parameters["n_spins"], reference=data["reference"]),
    "quadratic": lambda parameters, _: quadratic_blocks(
        parameters["first_dimension"], parameters["second_dimension"], forces=parameters.get("forces", False)
    ),
    "perceptron": _perceptron,
    "neural_network": rebuilt_network,
}


OWN = frozenset(SYSTEMS)


def rebuild(name: str, parameters: Mapping[str, Any], data: Mapping[str, Any]) -> System:
    """The system that a run directory describes.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    if name not in SYSTEMS:
        for found in entry_points(group=ENTRY_POINTS, name=name):
            register(name, found.load())
    if name not in SYSTEMS:
        allowed = f"{', '.join(SYSTEMS)}, or one that wl.register or an entry point of {ENTRY_POINTS} names"
        raise ValueError(f"system = {name!r} is not known; allowed: {allowed}")
    return SYSTEMS[name](parameters, data)


def register(name: str, build: Build) -> None:
    """Let runs of a system of your own be opened again.

    Parameters
    ----------
    name : str
        `System.name` of what `build` makes.
    build : callable
        Gives the system for `System.parameters` and `System.data`, which a run directory keeps. A package names it in
        its entry points, group "wl.systems"; a script registers it before it opens a directory.

    Raises
    ------
    ValueError
        For a name that belongs to a system of this package.
    """
    check_kind("name", name, str)
    if name in OWN:
        raise ValueError(f"name = {name!r} is a system of this package; allowed: another name")
    if not callable(build):
        raise TypeError(f"build = {build!r} is not usable; allowed: a function of parameters and data")
    SYSTEMS[name] = build


def perceptron(
    patterns: Any, margin: float = 0.0, *, variables: str | Sequence[str] = "deficit", reference: Any = None
) -> System:
    """Binary perceptron on patterns: the weights w = ±1 with their deficit, number of errors or minimum stability.

    Parameters
    ----------
    patterns : Patterns, or array_like of ±1, shape (n_patterns, n_weights)
        Patterns ξ, labels absorbed.
    margin : float
        κ: a pattern is met where ξ·w ≥ κ√N.
    variables : str or sequence of str
        "deficit", "n_errors" or "minimum_stability", and "hamming_distance" beside it where there is a reference.
    reference : array_like of ±1, shape (n_weights,), optional
        Weights from which the Hamming distance is counted.

    Raises
    ------
    ValueError
        For arguments out of range.
    """
    names = names_of(variables)
    main = next((name for name in names if name != "hamming_distance"), "deficit")
    instance = patterns if isinstance(patterns, Patterns) else Patterns(np.asarray(patterns))
    system = binary_perceptron(instance, margin, main, reference)
    for name in names:
        system.variable(name)
    return replace(system, default_variables=tuple(names))


def network(
    architecture: Architecture,
    train: Split,
    test: Split | None = None,
    *,
    variables: str | Sequence[str] = "log_train_loss",
    box: float | tuple[float, ...] | None = None,
    forces: bool = False,
    **options: Any,
) -> System:
    """Parameters of a network in a box, with its losses and accuracies.

    Parameters
    ----------
    architecture : Architecture
    train, test : Split
        Points; those to test on are needed for variables of them.
    variables : str or sequence of str
        One or two of log_train_loss, train_accuracy, smoothed_train_accuracy, and the same of test points.
    box : float or tuple of float, optional
        Half-width of the box, one for all parameters or one for each layer; 2/√W unless given.
    forces : bool
        Whether all parameters move at once along gradients, for the samplers of molecular dynamics.
    options
        Others of `wl.systems.network.system.NetworkOptions`, as precision.
    """
    chosen = NetworkOptions(box=box, forces=forces, **options)
    return neural_network(architecture, train, test, tuple(names_of(variables)), chosen)
