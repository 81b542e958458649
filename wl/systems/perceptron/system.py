"""Binary perceptron of one instance of ±1 patterns: deficit, errors or minimum stability, and a Hamming distance.

A solution has ξ^μ·w >= s_min for all μ, with s_min the smallest integer of the parity of N that meets the margin. Main
variables, one a system:

* deficit, E = Σ_μ max(0, (s_min - ξ^μ·w)/2), with g(E = 0) the number of solutions. The one to take.
* n_errors, the number of μ with ξ^μ·w < s_min.
* minimum_stability, min_μ ξ^μ·w as an integer; one run then covers every margin, but rare solutions are holes without a
  slope around them, and large instances do not come to equilibrium.

The other variable, hamming_distance, is the number of weights in which configuration and reference differ. Moves flip
one weight, or two (`wl.systems.perceptron.levels` has the method). Not for Gaussian patterns, whose sums are no
integers.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from perceptron.base.checks import check_real
from perceptron.patterns import Patterns, Threshold, check_weights
from wl.interface.system import System, Variable, log_binomials
from wl.systems.perceptron.levels import N_MASKS
from wl.systems.perceptron.moves import (
    KINDS,
    DeficitModel,
    ErrorsModel,
    Instance,
    MinimumModel,
    PerceptronState,
)

__all__ = ["binary_perceptron"]

LARGEST_CHOICE = 2**32 - 1


def binary_perceptron(
    patterns: Patterns,
    threshold: Threshold | float = 0.0,
    variable: str = "deficit",
    reference: Any = None,
    pair_share: float | None = None,
) -> System:
    """Binary perceptron, N weights and P patterns.

    Parameters
    ----------
    patterns : Patterns
        Of ±1.
    threshold : Threshold or float
        What counts as solved, or the margin κ that says so; without effect on the minimum stability.
    variable : str
        "deficit", "n_errors" or "minimum_stability".
    reference : array_like of ±1, shape (N,), optional
        Where hamming_distance is counted from; without one the second value is the distance from all +1, and is not
        offered as a variable.
    pair_share : float, optional
        Share of moves that draw two weights, from 0 to 1, honoured to 1/N; where both are the same one it is flipped
        alone. By default 1/2, which gave the smallest errors at N = 201; 0 for the minimum stability, which has no
        pairs.

    Raises
    ------
    ValueError
        For Gaussian patterns, an unknown variable, or other arguments out of range.
    """
    if patterns.gaussian:
        raise ValueError("patterns are Gaussian; allowed: patterns of ±1, whose sums are integers")
    if variable not in KINDS:
        raise ValueError(f"variable = {variable!r} is unknown; allowed: {', '.join(KINDS)}")
    size, n_patterns = patterns.n_weights, patterns.n_patterns
    limit = threshold if isinstance(threshold, Threshold) else patterns.threshold(threshold)
    smallest = _check_smallest_sum(limit.smallest_sum, size)
    start = np.ones(size, np.int8) if reference is None else check_weights(reference, size, "reference")
    share = _check_share(pair_share, variable)
    instance = Instance(patterns.values, _signs(patterns.values), _used(n_patterns), start, smallest)
    distance = Variable("hamming_distance", 0, size, 1, log_counts=lambda: log_binomials(size))
    return System(
        name="perceptron",
        model=_model(variable, instance, share),
        new_state=lambda: _new_state(instance, _n_digits(variable, instance)),
        variables=(_main_variable(variable, instance), *(() if reference is None else (distance,))),
        default_variables=(variable,) if reference is None else (variable, distance.name),
        log_total=size * math.log(2.0),
        parameters={
            "n_weights": size,
            "n_patterns": n_patterns,
            "margin": limit.margin,
            "smallest_sum": smallest,
            "variable": variable,
            "pair_share": share,
        },
        data={"patterns": patterns.values} | ({} if reference is None else {"reference": start}),
        uniform_values=lambda rng, number: _uniform_values(variable, instance, rng, number),
    )


def _uniform_values(variable: str, instance: Instance, rng: np.random.Generator, number: int) -> np.ndarray:
    """The variable in uniform draws of the weights."""
    size = instance.reference.size
    weights = rng.integers(0, 2, size=(number, size)).astype(np.float64) * 2.0 - 1.0
    short = instance.smallest_sum - weights @ instance.values.T.astype(np.float64)
    if variable == "deficit":
        return np.maximum(short, 0.0).sum(axis=1) / 2.0
    return (
        (short > 0.0).sum(axis=1).astype(np.float64) if variable == "n_errors" else instance.smallest_sum - short.max(1)
    )


def _main_variable(name: str, instance: Instance) -> Variable:
    n_patterns, size = instance.values.shape
    if name == "deficit":
        highest = n_patterns * (size + instance.smallest_sum) // 2
        return Variable(name, 0, highest, 1, capped=True, asked_for=0, meaning="ln Z")
    if name == "n_errors":
        return Variable(name, 0, n_patterns, 1, capped=True, asked_for=0, meaning="ln Z")
    return Variable(name, -size, size, 2)


def _check_smallest_sum(smallest: float, size: int) -> int:
    if smallest != int(smallest) or (smallest - size) % 2 != 0 or not -size <= smallest <= size:
        raise ValueError(
            f"threshold has smallest_sum = {smallest!r}; allowed: integers from {-size} to {size} of the parity of "
            f"n_weights = {size}"
        )
    return int(smallest)


def _check_share(pair_share: float | None, variable: str) -> float:
    if pair_share is None:
        return 0.0 if variable == "minimum_stability" else 0.5
    share = check_real("pair_share", pair_share)
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"pair_share = {share!r} is out of range; allowed: real numbers from 0 to 1")
    if variable == "minimum_stability" and share > 0.0:
        raise ValueError(f"pair_share = {share!r} with variable = 'minimum_stability'; allowed: 0, single flips")
    return share


def _model(variable: str, instance: Instance, share: float) -> DeficitModel | ErrorsModel | MinimumModel:
    if variable == "minimum_stability":
        return MinimumModel(instance)
    size = instance.reference.size
    pairs = (0, 1) if share == 0.0 else (size, int(min(size / share + 0.5, LARGEST_CHOICE)))
    return DeficitModel(instance, *pairs) if variable == "deficit" else ErrorsModel(instance, *pairs)


def _words(bits: np.ndarray) -> np.ndarray:
    """Bits along the last axis as words, the first pattern lowest."""
    n_words = -(-bits.shape[-1] // 64)
    padded = np.zeros((*bits.shape[:-1], 64 * n_words), np.uint8)
    padded[..., : bits.shape[-1]] = bits
    return np.packbits(padded, axis=-1, bitorder="little").view("<u8").astype(np.uint64)


def _signs(values: np.ndarray) -> np.ndarray:
    return _words(values.T > 0)


def _used(n_patterns: int) -> np.ndarray:
    return _words(np.stack([np.zeros(n_patterns, bool), np.ones(n_patterns, bool)]))


def _n_digits(variable: str, instance: Instance) -> int:
    """Binary digits of every level in two's complement; levels above the minimum have no sign."""
    size, smallest = instance.reference.size, instance.smallest_sum
    if variable == "minimum_stability":
        return max(2, size.bit_length())
    return max(2, 1 + max((size - smallest) // 2, (size + smallest) // 2 - 1).bit_length())


def _new_state(instance: Instance, n_digits: int) -> PerceptronState:
    size, n_words = instance.signs.shape
    return PerceptronState(
        weights=np.ones(size, np.int8),
        values=np.zeros(2, np.int64),
        rows=np.zeros((size, n_words), np.uint64),
        planes=np.zeros((n_words, n_digits), np.uint64),
        masks=np.zeros((N_MASKS, n_words), np.uint64),
        levels=np.zeros(instance.values.shape[0], np.int64),
    )
