"""Loads α_u at which the densest regions of solutions break up, under each of three definitions.

Coupled solutions (`perceptron.theory.coupled.solutions`) give every saddle an explicit load. A load at which a curve of
saddles in the distance changes its shape is then a stationary value of the load on the surface that the other
conditions cut out of all saddles:

- (a) y -> ∞: α on dF/dd = 0. The end of monotonicity of F(d).
- (b) real replicas: α on dF/dd = 0, F_E = 0. The end of monotonicity of F*(d) = F(y*(d), d), whose slope is dF/dd.
- (c) unconstrained reference: α on ∂F/∂q₁ = 0, F_E = 0. The curve F_E = 0 in (d, y) breaks in two: a gap opens in d.

They are different questions with different answers; none stands for another. Lagrange's conditions are solved by
Newton's method with central differences. α is stationary, so it is accurate to second order in its place; the
conditions themselves are evaluated without differences. Other margins are reached by continuation from κ = 0. Not for
conclusions about loads where a replicon exceeds 1: the ansatz is then locally unstable, which each result says.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from perceptron.base.results import Solution, Status, conclude
from perceptron.kernels.coupled.terms import Coupled, coupled_flat
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.theory.ranges import check_margin

__all__ = [
    "RegionThreshold",
    "alpha_u",
    "alpha_u_infinite_replicas",
    "alpha_u_real_replicas",
    "alpha_u_reference",
    "region_thresholds",
]

STEP = 3e-4  # of central differences, in the unknowns
MAX_ITERATIONS = 30
LONGEST_STEP = 0.3
TOLERANCE = 1e-7  # of the last step of the unknowns; α errs by its square
CONDITION_TOLERANCE = 1e-11
FINER = 1.5
ROUNDING = 1e-14
MARGIN_STEP = 0.1


@dataclass(frozen=True, slots=True)
class Definition:
    """What is held: only the slope of F, or F_E = 0 too; with or without a reference; and a start at κ = 0.

    The unknowns are ln q̂₁, δ̂, ln y where it is finite, and p̂ with a reference.
    """

    name: str
    n_conditions: int
    has_reference: bool
    start: tuple[float, ...]


INFINITE_REPLICAS = Definition("alpha_u_infinite_replicas", 1, False, (-0.69, 1.59))
REAL_REPLICAS = Definition("alpha_u_real_replicas", 2, False, (-0.50, 3.65, 1.93))
REFERENCE = Definition("alpha_u_reference", 2, True, (-0.32, 1.46, 2.83, 0.125))


@dataclass(frozen=True, slots=True)
class RegionThreshold(Solution):
    """A load α_u, the saddle it was found at, and the local stability there.

    Attributes
    ----------
    name, value, error, status, iterations, residual, tolerance, distance, distance_error, replicon
        As in `Solution`; the distance is the mutual one, d = (1 - q₁)/2.
    reference_distance : float
        d_S; nan without a reference.
    n_replicas : float
        y, infinite in definition (a).
    local_entropy, external_entropy : float
        S_I and F_E there.
    inner_replicon, outer_replicon : float
        The ansatz is locally stable where both are below 1; `replicon` is the larger one.
    """

    reference_distance: float = math.nan
    n_replicas: float = math.nan
    local_entropy: float = math.nan
    external_entropy: float = math.nan
    inner_replicon: float = math.nan
    outer_replicon: float = math.nan


def alpha_u_infinite_replicas(margin: float = 0.0, *, throw: bool = True) -> RegionThreshold:
    """Definition (a): end of monotonicity of F(d) for y -> ∞. F_E < 0 and unstable there: outside its own domain.

    Parameters
    ----------
    margin : float
        κ of the solutions.
    throw : bool
        Raise ConvergenceError where the search does not converge (default), or return it with its status.

    Returns
    -------
    RegionThreshold
        Status NOT_CONVERGED and nan where continuation from κ = 0 ends before κ.
    """
    return _checked(INFINITE_REPLICAS, margin, throw)


def alpha_u_real_replicas(margin: float = 0.0, *, throw: bool = True) -> RegionThreshold:
    """Definition (b): end of monotonicity of F along F_E = 0 for real replicas. Parameters and result as above."""
    return _checked(REAL_REPLICAS, margin, throw)


def alpha_u_reference(margin: float = 0.0, *, throw: bool = True) -> RegionThreshold:
    """Definition (c): the curve F_E = 0 around an unconstrained reference breaks. Parameters and result as above."""
    return _checked(REFERENCE, margin, throw)


def alpha_u(margin: float = 0.0, *, throw: bool = True) -> RegionThreshold:
    """The default, which is definition (c).

    The literature's α_u ≈ 0.77 is the load at which the cluster of densest regions fractures, in the formulation with a
    reference and with y such that F_E = 0: that is (c), which rounds to 0.77. (b), the same condition without a
    reference, rounds to 0.77 as well; (a) does not. docs/theory.md, section 6, weighs them.
    """
    return alpha_u_reference(margin, throw=throw)


def region_thresholds(margin: float = 0.0) -> Iterator[RegionThreshold]:
    """(a), (b) and (c) one after the other, each as soon as it is known."""
    for definition in (INFINITE_REPLICAS, REAL_REPLICAS, REFERENCE):
        yield _checked(definition, margin, throw=False)


def _checked(definition: Definition, margin: float, throw: bool) -> RegionThreshold:
    solution = _at_margin(definition, check_margin(margin))
    conclude(solution, throw)
    return solution


@dataclass(frozen=True, slots=True)
class _Stationary:
    """Where Newton's method on Lagrange's conditions ended."""

    unknowns: np.ndarray
    point: Coupled
    multipliers: np.ndarray
    iterations: int
    residual: float
    converged: bool


def _coupled(definition: Definition, margin: float, x: np.ndarray, refinement: float) -> tuple[Coupled, float]:
    y = math.exp(min(x[2], 30.0)) if definition.n_conditions == 2 else math.inf
    conjugates = (math.exp(min(x[0], 30.0)), float(x[1]), float(x[3]) if definition.has_reference else 0.0)
    return Coupled(*coupled_flat(MarginStep(margin), conjugates, y, definition.has_reference, refinement)), y


def _values(definition: Definition, margin: float, x: np.ndarray, refinement: float) -> np.ndarray:
    """Ln α and the conditions, which vanish."""
    c, _ = _coupled(definition, margin, x, refinement)
    log_load = math.log(c.load) if c.load > 0.0 else math.nan
    return np.array([log_load, c.overlap_slope, c.external_entropy][: 1 + definition.n_conditions])


def _expansion(
    definition: Definition, margin: float, x: np.ndarray, step: float, refinement: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, shape (k,), gradients, (n, k), and second derivatives, (n, n, k), by central differences."""

    def at(shift: np.ndarray) -> np.ndarray:
        return _values(definition, margin, x + shift, refinement)

    n = x.size
    shifts = step * np.eye(n)
    centre, plus, minus = at(np.zeros(n)), [at(s) for s in shifts], [at(-s) for s in shifts]
    gradient = np.array([p - m for p, m in zip(plus, minus, strict=True)]) / (2.0 * step)
    second = np.empty((n, n, centre.size))
    for i in range(n):
        second[i, i] = plus[i] + minus[i] - 2.0 * centre
        for j in range(i):
            both = at(shifts[i] + shifts[j]) + at(-shifts[i] - shifts[j])
            second[i, j] = second[j, i] = 0.5 * (both - plus[i] - plus[j] - minus[i] - minus[j] + 2.0 * centre)
    return centre, gradient, second / step**2


def _solve(
    definition: Definition, margin: float, start: np.ndarray, step: float = STEP, refinement: float = 1.0
) -> _Stationary:
    """Newton's method on ∇ ln α + Σ λ ∇(conditions) = 0, conditions = 0."""
    x, n, m = start, start.size, definition.n_conditions
    converged = False
    for iteration in range(1, MAX_ITERATIONS + 1):
        values, gradient, second = _expansion(definition, margin, x, step, refinement)
        if not (np.all(np.isfinite(second)) and np.all(np.isfinite(values))):
            break
        objective, normals = gradient[:, 0], gradient[:, 1:]
        multipliers = np.linalg.lstsq(normals, -objective, rcond=None)[0]
        curvature = second[:, :, 0] + second[:, :, 1:] @ multipliers
        matrix = np.block([[curvature, normals], [normals.T, np.zeros((m, m))]])
        newton = np.linalg.solve(matrix, -np.concatenate([objective + normals @ multipliers, values[1:]]))[:n]
        length = float(np.max(np.abs(newton)))
        if length <= TOLERANCE and float(np.max(np.abs(values[1:]))) <= CONDITION_TOLERANCE:
            converged = True
            break
        x = x + newton * min(1.0, LONGEST_STEP / length)
    point, _ = _coupled(definition, margin, x, refinement)
    return _Stationary(x, point, multipliers, iteration, float(np.max(np.abs(values[1:]))), converged)


def _is_sound(definition: Definition, stationary: _Stationary) -> bool:
    """Converged, to a saddle with y > 1, p̂ > 0 and a jump of the weights' fields or F_E = 0."""
    x = stationary.unknowns
    if not stationary.converged or not 0.0 < stationary.point.one_minus_overlap < 1.0:
        return False
    if definition.n_conditions == 1:
        return bool(x[1] > 1.0)
    return bool(x[2] > 0.0 and (not definition.has_reference or x[3] > 0.0))


@functools.lru_cache(maxsize=1024)
def _unknowns(definition: Definition, steps: int, sign: int) -> tuple[float, ...] | None:
    """The stationary point at κ = sign · steps · MARGIN_STEP, by continuation; None where it ended before."""
    if steps == 0:
        here = np.array(definition.start)
    else:
        last = _unknowns(definition, steps - 1, sign)
        before = _unknowns(definition, steps - 2, sign) if steps > 1 else last
        if last is None or before is None:
            return None
        here = 2.0 * np.array(last) - np.array(before)
    stationary = _solve(definition, sign * steps * MARGIN_STEP, here)
    return tuple(stationary.unknowns) if _is_sound(definition, stationary) else None


@functools.lru_cache(maxsize=1024)
def _at_margin(definition: Definition, margin: float) -> RegionThreshold:
    name, nan = definition.name, math.nan
    nothing = RegionThreshold(name, nan, nan, Status.NOT_CONVERGED, 0, nan, CONDITION_TOLERANCE)
    steps, sign = round(abs(margin) / MARGIN_STEP), int(math.copysign(1.0, margin))
    start = _unknowns(definition, min(steps, 200), sign)
    if start is None or steps > 200:
        return nothing
    coarse = _solve(definition, margin, np.array(start))
    if not _is_sound(definition, coarse):
        return nothing
    fine = _solve(definition, margin, coarse.unknowns, 0.5 * STEP, FINER)
    return _named(definition, margin, coarse, fine)


def _named(definition: Definition, margin: float, coarse: _Stationary, fine: _Stationary) -> RegionThreshold:
    """The finer grid's numbers; errors from how far they moved with grid and differences, and from the residuals."""
    point, y = _coupled(definition, margin, fine.unknowns, FINER)
    value = point.load
    left_over = fine.residual * float(np.sum(np.abs(fine.multipliers)))
    return RegionThreshold(
        name=definition.name,
        value=value,
        error=abs(value - coarse.point.load) + value * (left_over + ROUNDING),
        status=Status.CONVERGED if _is_sound(definition, fine) else Status.NOT_CONVERGED,
        iterations=coarse.iterations + fine.iterations,
        residual=fine.residual,
        tolerance=CONDITION_TOLERANCE,
        distance=0.5 * point.one_minus_overlap,
        replicon=max(point.inner_replicon, point.outer_replicon),
        distance_error=0.5 * abs(point.one_minus_overlap - coarse.point.one_minus_overlap) + TOLERANCE,
        reference_distance=0.5 * (1.0 - point.reference_overlap) if definition.has_reference else math.nan,
        n_replicas=y,
        local_entropy=point.entropy - point.external_entropy / y,
        external_entropy=point.external_entropy,
        inner_replicon=point.inner_replicon,
        outer_replicon=point.outer_replicon,
    )
