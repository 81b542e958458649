"""Protocols of focusing belief propagation: lists of (γ, y), coupling to the centre and number of replicas.

Any iterable of `ProtocolPoint` is a protocol; the functions here give the usual ones as ρ runs over [0, 1) in equal
steps [1]_. One damped sweep is made at every point.

References
----------
.. [1] C. Baldassi et al., Proc. Natl. Acad. Sci. U.S.A. 113, E7655 (2016).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from perceptron.base.checks import check_real

__all__ = [
    "ProtocolPoint",
    "check_point",
    "fixed_coupling",
    "free_protocol",
    "pseudo_reinforcement",
    "pseudo_reinforcement_point",
    "scoping",
    "standard_reinforcement",
]


class ProtocolPoint(NamedTuple):
    """Coupling γ >= 0 (infinite allowed) of every replica to the centre, and number y >= 1 of replicas."""

    coupling: float
    replicas: float


def check_point(point: tuple[float, float]) -> ProtocolPoint:
    """Return a point with valid numbers.

    Raises
    ------
    ValueError
        For γ < 0 or y < 1, or what is not a number.
    """
    coupling, replicas = point
    if coupling != math.inf and check_real("coupling", coupling) < 0.0:
        raise ValueError(f"coupling = {coupling!r} is out of range; allowed: real numbers >= 0 and inf")
    if check_real("replicas", replicas) < 1.0:
        raise ValueError(f"replicas = {replicas!r} is out of range; allowed: real numbers >= 1")
    return ProtocolPoint(float(coupling), float(replicas))


def _rhos(step: float) -> np.ndarray:
    return np.arange(0.0, 1.0, check_real("rho_step", step, above=0.0, below=1.0))


def _check_rho(rho: float) -> float:
    if not 0.0 <= check_real("rho", rho) < 1.0:
        raise ValueError(f"rho = {rho!r} is out of range; allowed: real numbers in [0, 1)")
    return rho


def standard_reinforcement(rho_step: float = 0.002) -> Iterator[ProtocolPoint]:
    """γ = ∞, y = 1/(1-ρ): reinforced belief propagation."""
    for rho in _rhos(rho_step):
        yield ProtocolPoint(math.inf, 1.0 / (1.0 - rho))


def pseudo_reinforcement_point(rho: float, exponent: float = 0.5) -> ProtocolPoint:
    """γ = atanh ρ^x, y = 1 + ρ^(1-2x)/(1-ρ) at one ρ in [0, 1).

    Raises
    ------
    ValueError
        For ρ outside [0, 1) or an exponent outside (0, ½].
    """
    _check_rho(rho)
    if not 0.0 < check_real("exponent", exponent) <= 0.5:
        raise ValueError(f"exponent = {exponent!r} is out of range; allowed: real numbers in (0, 0.5]")
    return ProtocolPoint(math.atanh(rho**exponent), 1.0 + rho ** (1.0 - 2.0 * exponent) / (1.0 - rho))


def pseudo_reinforcement(rho_step: float = 0.002, exponent: float = 0.5) -> Iterator[ProtocolPoint]:
    """The line of `pseudo_reinforcement_point`, ρ in equal steps."""
    for rho in _rhos(rho_step):
        yield pseudo_reinforcement_point(float(rho), exponent)


def scoping(replicas: float = 21.0, rho_step: float = 0.002) -> Iterator[ProtocolPoint]:
    """γ = atanh √ρ grows at a fixed number of replicas."""
    check_point((0.0, replicas))
    for rho in _rhos(rho_step):
        yield ProtocolPoint(math.atanh(math.sqrt(rho)), float(replicas))


def fixed_coupling(coupling: float, replicas: float = 200.0, rho_step: float = 0.001) -> Iterator[ProtocolPoint]:
    """Fixed coupling γ > 0, and y = 1 + ρ/((1-ρ) tanh²γ) that grows up to `replicas`.

    The strength (y-1) tanh²γ = ρ/(1-ρ) of the focusing field is that of pseudo-reinforcement; `scoping` holds y
    instead.
    """
    squared = math.tanh(check_real("coupling", coupling, above=0.0)) ** 2
    last = check_point((coupling, replicas))
    for rho in _rhos(rho_step):
        point = ProtocolPoint(float(coupling), 1.0 + rho / ((1.0 - rho) * squared))
        if point.replicas >= last.replicas:
            break
        yield point
    yield last


def free_protocol(points: Iterable[tuple[float, float]]) -> Iterator[ProtocolPoint]:
    """Any list of (γ, y), checked point by point."""
    for point in points:
        yield check_point(point)
