"""What a landscape says of a system at a fixed temperature.

With the potential L/T and kT = 1, parameters have the density e^(-L/T) in the box. From ln g(x, y) of x = ln L_train
every mean is known:

    ⟨A⟩ = Σ g(x, y) e^(-e^x/T) A(x, y) / Σ g(x, y) e^(-e^x/T)

`wl.runs.relaxation` makes walks that must have these means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from perceptron.base.checks import check_real
from perceptron.base.results import Estimate
from wl.analysis.curves import equilibrium_curve, marginal

__all__ = ["LOSS", "Expected", "expected_at", "temperature_at"]

LOSS = "log_train_loss"
PARTS_OF_BIN = 16  # ln g is interpolated between the middles of bins


@dataclass(frozen=True, slots=True)
class Expected:
    """Means at a temperature, of a landscape.

    Attributes
    ----------
    temperature : float
    log_train_loss, second : Estimate
        Errors are those of the spread over the runs of the landscape; nan for a single one.
    weight_at_ends : float
        Of the known bins, the larger one over the largest weight: near 1 where the landscape does not reach as far as
        the temperature asks.
    """

    temperature: float
    log_train_loss: Estimate
    second: Estimate
    weight_at_ends: float


def temperature_at(landscape: Any, log_train_loss: float) -> float:
    """T = L/S'(ln L), at which the equilibrium is around a training loss.

    Raises
    ------
    ValueError
        Outside the known bins, or where ln g falls with the loss.
    """
    position, log_g = _known(landscape)
    if not position[0] <= log_train_loss <= position[-1]:
        raise ValueError(
            f"log_train_loss = {log_train_loss!r} is outside the landscape;"
            f" allowed: {position[0]:.4g} to {position[-1]:.4g}"
        )
    slope = float(np.interp(log_train_loss, position, np.gradient(log_g, position)))
    if slope <= 0.0:
        raise ValueError(
            f"log_train_loss = {log_train_loss!r}: ln g has the slope {slope:.3g} there; allowed: where it grows"
        )
    return math.exp(log_train_loss) / slope


def expected_at(landscape: Any, temperature: float) -> Expected:
    """Means of both variables in equilibrium at a temperature.

    Raises
    ------
    ValueError
        For a landscape that is not of ln L_train and another variable.
    """
    check_real("temperature", temperature, above=0.0)
    dims = landscape["log_g"].dims
    if len(dims) != 2 or dims[0] != LOSS:
        raise ValueError(
            f"landscape of {', '.join(dims)} is not usable; allowed: a landscape of {LOSS} and another variable"
        )
    position, log_g = _known(landscape)
    curve = equilibrium_curve(landscape)
    first, second, at_ends = _means(position, log_g, curve.x, curve.value, temperature)
    middles = landscape[LOSS].values
    runs = [
        _means(*_finite(middles, _summed(rows)), curve.x, values, temperature)[:2]
        for rows, values in zip(landscape["log_g_runs"].values, landscape["conditional_mean_runs"].values, strict=True)
    ]
    errors = np.std(runs, axis=0, ddof=1) / math.sqrt(len(runs)) if len(runs) > 1 else (math.nan, math.nan)
    return Expected(temperature, Estimate(first, float(errors[0])), Estimate(second, float(errors[1])), at_ends)


def _known(landscape: Any) -> tuple[np.ndarray, np.ndarray]:
    curve = marginal(landscape)
    return _finite(curve.x, curve.value)


def _finite(position: np.ndarray, log_g: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The longest stretch of known bins."""
    known = np.concatenate(([False], np.isfinite(log_g), [False]))
    change = np.flatnonzero(np.diff(known.astype(int)))
    begins, ends = change[::2], change[1::2]
    longest = np.argmax(ends - begins)
    part = slice(begins[longest], ends[longest])
    return position[part], log_g[part]


def _summed(rows: np.ndarray) -> np.ndarray:
    return np.logaddexp.reduce(np.where(np.isfinite(rows), rows, -np.inf), axis=1)


def _means(
    position: np.ndarray, log_g: np.ndarray, places: np.ndarray, values: np.ndarray, temperature: float
) -> tuple[float, float, float]:
    """Means of x and of ⟨y⟩(x), and the weight at the ends over the largest."""
    x = np.linspace(position[0], position[-1], PARTS_OF_BIN * (position.size - 1) + 1)
    exponent = np.interp(x, position, log_g) - np.exp(x) / temperature
    weight = np.exp(exponent - exponent.max())
    weight /= weight.sum()
    there = np.isfinite(values)
    y = np.interp(x, places[there], values[there])
    at_ends = max(weight[0], weight[-1]) / weight.max()
    return float(weight @ x), float(weight @ y), float(at_ends)
