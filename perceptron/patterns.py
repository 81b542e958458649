"""One instance: patterns, their stabilities, and the lattice on which the stabilities of ±1 patterns live.

A solution is w ∈ {±1}ᴺ with ξ^μ·w >= κ√N for all μ. For ±1 patterns ξ·w has the parity of N and moves in steps of 2,
so a margin κ demands an integer: with s_min the smallest such integer >= κ√N, whatever is continuous (Gaussian nodes of
belief propagation, curves of the theory) has to be taken at the midpoint s_min - 1, that is at the margin
κ_eff = (s_min - 1)/√N. `Threshold` holds that rule; enumeration, message passing and figures take it from there.

Labels are absorbed in the patterns: of patterns x^μ with labels y^μ = ±1, ξ^μ = y^μ x^μ is what is meant here. A file
that has labels beside its patterns is refused, as it cannot tell whether they are absorbed already. Not for patterns
that are neither ±1 nor Gaussian.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perceptron.base.checks import check_integer, check_kind, check_path, check_real
from perceptron.base.files import provenance, save_table
from perceptron.base.reading import read_array_or_arrays
from perceptron.kernels.instance import patterns as kernels

__all__ = [
    "Patterns",
    "Threshold",
    "check_weights",
    "load_patterns",
    "load_weights",
    "n_patterns_at",
    "random_patterns",
    "teacher_student_patterns",
    "threshold_at",
]

KNOWN = ("patterns", "weights", "teacher", "gaussian", "provenance")  # arrays of a file
LARGEST_SIZE = 2**31 - 1  # weights or patterns
LARGEST_SUM = 2.0**53  # up to which doubles tell one integer from the next
ROUNDING = 1e-9  # κ√N of a κ that was itself computed as s/√N is the integer s


@dataclass(frozen=True, slots=True)
class Threshold:
    """What a margin asks of ξ·w at finite N.

    Attributes
    ----------
    margin : float
        κ as it was asked for.
    smallest_sum : int or float
        s_min, the smallest ξ·w of a solved pattern (κ√N itself for Gaussian patterns).
    midpoint : float
        Where a continuous approximation puts the step: s_min - 1 on the lattice.
    effective_margin : float
        κ_eff = midpoint/√N, the margin at which the theory is to be compared.
    """

    margin: float
    smallest_sum: int | float
    midpoint: float
    effective_margin: float


def threshold_at(n_weights: int, margin: float = 0.0, *, ties_solve: bool = True, lattice: bool = True) -> Threshold:
    """Threshold of a margin for N weights.

    Parameters
    ----------
    n_weights : int
        N.
    margin : float
        κ.
    ties_solve : bool
        Whether ξ·w = κ√N counts as solved (default).
    lattice : bool
        False for Gaussian patterns, whose sums are real numbers.

    Raises
    ------
    ValueError
        For a size below 1, and a margin that is not finite or beyond the integers of double precision.
    """
    size = check_integer("n_weights", n_weights, least=1)
    margin = check_real("margin", margin)
    target = margin * math.sqrt(size)
    if not lattice:
        return Threshold(margin, target, target, margin)
    if abs(target) > LARGEST_SUM:
        allowed = f"numbers up to {LARGEST_SUM / math.sqrt(size):.3g} in size"
        raise ValueError(f"margin = {margin!r} is out of range; allowed: {allowed}")
    smallest = math.ceil(target - ROUNDING)
    if not ties_solve and smallest <= target + ROUNDING:
        smallest += 1
    smallest += (smallest - size) % 2
    return Threshold(margin, smallest, smallest - 1.0, (smallest - 1.0) / math.sqrt(size))


@dataclass(frozen=True, slots=True, eq=False)
class Patterns:
    """Patterns of one instance, labels absorbed.

    Attributes
    ----------
    values : ndarray, shape (n_patterns, n_weights)
        int8 with entries ±1, or float64 for Gaussian patterns; read-only.
    teacher : ndarray of int8, shape (n_weights,), or None
        The weights that gave the labels, where there are any.
    gaussian : bool
        Whether the entries are real numbers; otherwise they must be ±1.
    """

    values: np.ndarray
    teacher: np.ndarray | None = None
    gaussian: bool = False

    def __post_init__(self) -> None:
        values = _check_values(self.values, self.gaussian)
        values.flags.writeable = False
        object.__setattr__(self, "values", values)
        if self.teacher is not None:
            object.__setattr__(self, "teacher", check_weights(self.teacher, self.n_weights, "teacher"))

    @property
    def n_patterns(self) -> int:
        """P."""
        return int(self.values.shape[0])

    @property
    def n_weights(self) -> int:
        """N."""
        return int(self.values.shape[1])

    @property
    def load(self) -> float:
        """α = P/N, exactly."""
        return self.n_patterns / self.n_weights

    def threshold(self, margin: float = 0.0, *, ties_solve: bool = True) -> Threshold:
        """Threshold of a margin for these patterns."""
        return threshold_at(self.n_weights, margin, ties_solve=ties_solve, lattice=not self.gaussian)

    def sums(self, weights: np.ndarray) -> np.ndarray:
        """ξ·w for every pattern, shape (n_patterns,): int32 for ±1 patterns, else float64."""
        checked = check_weights(weights, self.n_weights)
        if self.gaussian:
            return self.values @ checked.astype(np.float64)
        out = np.empty(self.n_patterns, dtype=np.int32)
        kernels.fields(self.values, checked, out)
        return out

    def stabilities(self, weights: np.ndarray) -> np.ndarray:
        """Δ = ξ·w/√N, shape (n_patterns,)."""
        return self.sums(weights) / math.sqrt(self.n_weights)

    def n_errors(self, weights: np.ndarray, margin: float = 0.0, *, ties_solve: bool = True) -> int:
        """Number of patterns whose stability does not reach the margin."""
        return int(np.count_nonzero(self.sums(weights) < self.threshold(margin, ties_solve=ties_solve).smallest_sum))

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """What a file of these patterns holds."""
        arrays = {"patterns": self.values, "gaussian": np.array(self.gaussian)}
        return arrays if self.teacher is None else arrays | {"teacher": self.teacher}

    def save(self, path: Path | str) -> None:
        """Write an .npz file that `load_patterns` reads."""
        save_table(path, self.arrays, provenance())


def n_patterns_at(load: float, n_weights: int) -> int:
    """P = floor(αN + ½)."""
    size = check_integer("n_weights", n_weights, least=1)
    return math.floor(check_real("load", load, above=0.0) * size + 0.5)


def random_patterns(n_weights: int, n_patterns: int, *, rng: np.random.Generator, gaussian: bool = False) -> Patterns:
    """Draw an instance of the storage problem: independent unbiased entries, ±1 or standard normal.

    Raises
    ------
    ValueError
        For sizes below 1.
    """
    return Patterns(_draw(n_weights, n_patterns, rng, gaussian), gaussian=gaussian)


def teacher_student_patterns(
    n_weights: int, n_patterns: int, *, rng: np.random.Generator, gaussian: bool = False
) -> Patterns:
    """Draw an instance that a random teacher solves: ξ → ξ sign(ξ·teacher), ties left as they are."""
    values = _draw(n_weights, n_patterns, rng, gaussian)
    teacher = (2 * rng.integers(0, 2, size=n_weights, dtype=np.int8) - 1).astype(np.int8)
    wrong = values.astype(np.float64) @ teacher.astype(np.float64) < 0.0
    values[wrong] *= -1
    return Patterns(values, teacher, gaussian)


def _draw(n_weights: int, n_patterns: int, rng: np.random.Generator, gaussian: bool) -> np.ndarray:
    sizes = {"n_patterns": n_patterns, "n_weights": n_weights}
    shape = tuple(check_integer(name, value, least=1, most=LARGEST_SIZE) for name, value in sizes.items())
    check_kind("rng", rng, np.random.Generator)
    if gaussian:
        return rng.standard_normal(shape)
    values = rng.integers(0, 2, size=shape, dtype=np.int8)
    values *= 2
    values -= 1
    return values


def check_weights(weights: Any, n_weights: int | None = None, name: str = "weights") -> np.ndarray:
    """Return weights as int8 entries ±1, shape (n_weights,).

    Raises
    ------
    ValueError
        For another shape or other entries.
    """
    array = np.asarray(weights)
    if array.ndim != 1 or array.size == 0:
        raise ValueError(f"{name} has shape {array.shape}; allowed: one dimension, (n_weights,)")
    if n_weights is not None and array.size != n_weights:
        raise ValueError(f"{name} has length {array.size}; allowed: n_weights = {n_weights}")
    return _plus_minus_one(name, array)


def _check_values(values: Any, gaussian: bool) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"patterns has shape {array.shape}; allowed: two dimensions, (n_patterns, n_weights)")
    if not gaussian:
        return _plus_minus_one("patterns", array)
    if array.dtype.kind not in "iuf" or not np.all(np.isfinite(array)):
        raise ValueError(f"patterns has dtype {array.dtype} or entries that are not finite; allowed: real numbers")
    return np.array(array, dtype=np.float64, order="C")


def _plus_minus_one(name: str, array: np.ndarray) -> np.ndarray:
    if array.dtype.kind not in "iuf":
        raise ValueError(f"{name} has dtype {array.dtype}; allowed: numbers +1 and -1")
    bad = array[(array != 1) & (array != -1)]
    if bad.size:
        raise ValueError(f"{name} contains {bad.flat[0].item()!r}; allowed: +1 and -1")
    return np.array(array, dtype=np.int8, order="C")


def load_patterns(path: Path | str) -> Patterns:
    """Read patterns from an .npz file (array `patterns`, optionally `teacher` and `gaussian`) or an .npy file.

    The file may hold `weights` too, as those that `perceptron solve` writes.

    Raises
    ------
    ValueError
        If the file is missing, damaged or holds something else, labels among it: those must be absorbed.
    """
    arrays = _read(check_path("path", path), "patterns")
    gaussian = arrays.get("gaussian", np.array(False))
    if gaussian.dtype.kind != "b" or gaussian.size != 1:
        raise ValueError(f"gaussian in {str(path)!r} is {gaussian.dtype} {gaussian.shape}; allowed: one boolean")
    return Patterns(arrays["patterns"], arrays.get("teacher"), bool(gaussian))


def load_weights(path: Path | str, n_weights: int | None = None) -> np.ndarray:
    """Read weights from an .npz file (array `weights`) or an .npy file; int8, shape (n_weights,)."""
    return check_weights(_read(check_path("path", path), "weights")["weights"], n_weights, f"weights in {str(path)!r}")


def _read(path: Path, name: str) -> dict[str, np.ndarray]:
    data = read_array_or_arrays(path, f"{name} file", ".npy or .npz")
    arrays = {name: data} if isinstance(data, np.ndarray) else data
    if name not in arrays:
        found = ", ".join(sorted(arrays)) or "nothing"
        raise ValueError(f"{name} file {str(path)!r} holds no array '{name}'; found: {found}")
    for other in arrays:
        if other not in KNOWN:
            allowed = "labels absorbed, patterns * labels[:, None]" if "label" in other else ", ".join(KNOWN)
            raise ValueError(f"array {other!r} of {name} file {str(path)!r} is not used; allowed: {allowed}")
    return arrays
