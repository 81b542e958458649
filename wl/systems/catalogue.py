"""Systems by name, as the command line and run directories know them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from perceptron.base.checks import check_choice
from perceptron.patterns import Patterns
from wl.interface.system import System
from wl.systems.free_spins import free_spins
from wl.systems.ising import ising
from wl.systems.network.system import rebuilt_network
from wl.systems.perceptron.system import binary_perceptron
from wl.systems.quadratic import quadratic_blocks

__all__ = ["SYSTEMS", "rebuild"]


def _perceptron(parameters: Mapping[str, Any], data: Mapping[str, Any]) -> System:
    return binary_perceptron(
        Patterns(data["patterns"]),
        parameters["margin"],
        parameters["variable"],
        data.get("reference"),
        parameters["pair_share"],
    )


SYSTEMS: dict[str, Callable[[Mapping[str, Any], Mapping[str, Any]], System]] = {
    "ising": lambda parameters, _: ising(parameters["size"]),
    "free_spins": lambda parameters, data: free_spins(parameters["n_spins"], reference=data["reference"]),
    "quadratic": lambda parameters, _: quadratic_blocks(
        parameters["first_dimension"], parameters["second_dimension"], forces=parameters.get("forces", False)
    ),
    "perceptron": _perceptron,
    "neural_network": rebuilt_network,
}


def rebuild(name: str, parameters: Mapping[str, Any], data: Mapping[str, Any]) -> System:
    """The system that a run directory describes.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    check_choice("system", name, SYSTEMS)
    return SYSTEMS[name](parameters, data)
