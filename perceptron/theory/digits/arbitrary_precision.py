"""Typical solutions of binary weights and a margin step to any number of digits, by mpmath.

Newton's method on the saddle in q̂ alone, together with φ = 0 where a capacity or a maximum margin is wanted; exact
Jacobians, so the digits double at each step. The quadrature has a proven bound (`proven_quadrature`), which the inverse
Jacobian carries over to the result; to it the error adds the last Newton step, whose square is what is left. Not for
ten digits or fewer: `replica_symmetric` is a thousand times faster. A proof that also covers rounding and Newton's
method is `enclosure`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from mpmath import MPContext

from perceptron.base.checks import check_integer, check_real
from perceptron.base.results import ConvergenceError, Status
from perceptron.theory.digits.proven_quadrature import Arithmetic, energetic, entropic
from perceptron.theory.typical import solutions as replica_symmetric

__all__ = ["Digits", "TypicalDigits", "capacity", "maximum_margin", "typical_solutions"]

GUARD = 12  # digits of the quadrature beyond those asked for
ROUNDING = 10  # digits of the arithmetic beyond those of the quadrature: what 10^5 additions can spoil, and more
MAX_ITERATIONS = 60
MOST_DIGITS = 1000
Number = int | float | str | Fraction


@dataclass(frozen=True, slots=True)
class Digits:
    """A number with as many digits as were asked for.

    Attributes
    ----------
    name : str
        The quantity, by its name in docs/notation.md.
    value, error : mpf
        Mathematical error: proven bound of the quadrature carried over by the inverse Jacobian, last Newton step and
        rounding.
    digits : int
        What was asked for: the error is below 10^-digits times 1 + abs(value) where the status is CONVERGED.
    status : Status
    iterations : int
    residual : mpf
        Largest equation that is left.
    replicon : float
        Replicon at the saddle behind the number, in double precision: locally stable below 1.
    """

    name: str
    value: Any
    error: Any
    digits: int
    status: Status
    iterations: int
    residual: Any
    replicon: float = float("nan")

    @property
    def is_stable(self) -> bool | None:
        """Whether replica symmetry is locally stable at the saddle behind the number; None where it is not known."""
        return None if math.isnan(self.replicon) else self.replicon < 1.0

    def __float__(self) -> float:
        return float(self.value)

    def __str__(self) -> str:
        return f"{self.name} = {self.text} ± {self.error_text}"

    @property
    def text(self) -> str:
        """The value with so many decimals."""
        context = working_context(self.digits)
        n_significant = self.digits + max(int(context.floor(context.log10(abs(self.value)))) + 1, 1 - self.digits)
        return str(
            context.nstr(self.value, n_significant, strip_zeros=False, min_fixed=-context.inf, max_fixed=context.inf)
        )

    @property
    def error_text(self) -> str:
        """Error of the text, which is rounded; it may be too small for double precision."""
        context = working_context(self.digits)
        return str(context.nstr(self.error + abs(self.value - context.mpf(self.text)), 2))


@dataclass(frozen=True, slots=True)
class TypicalDigits:
    """The saddle at one load: φ, q and q̂, each a `Digits`."""

    entropy: Digits
    overlap: Digits
    q_hat: Digits


def mpmath_arithmetic(context: Any) -> Arithmetic:
    """Numbers of an mpmath context; bounds are kept beside them, not in them."""
    return Arithmetic(
        context.mpf,
        context.exp,
        context.log,
        context.log1p,
        context.sqrt,
        context.erfc,
        context.pi,
        lambda value, _: value,
    )


@dataclass(frozen=True, slots=True)
class Equations:
    """Residuals of the saddle and of φ = 0 at a point (q̂, α, κ), derivatives, and what the quadrature may spoil."""

    residuals: Sequence[Any]
    gradients: Sequence[Sequence[Any]]  # rows: saddle, entropy; columns: q̂, α, κ
    average_error: Any  # of every average, from the quadrature
    errors: Sequence[Any]  # of the residuals, from it
    one_minus_overlap: Any
    overlap_slope: Any  # d(1-q)/dq̂


def saddle_equations(
    arithmetic: Arithmetic, point: Sequence[Any], digits: int, largest_q_hat: float, average_error: Any = 0
) -> Equations:
    """q̂ - α⟨g²⟩ and φ, with ∂φ/∂q̂ = -½ (d(1-q)/dq̂) (q̂ - α⟨g²⟩): φ is stationary at the saddle."""
    q_hat, load, margin = point
    weight = entropic(arithmetic, q_hat, largest_q_hat, digits)
    c, slope = weight.one_minus_overlap, weight.slope
    pattern = energetic(arithmetic, margin, c, digits)
    width = arithmetic.sqrt(c)
    squared_g = pattern.squared_ratio / c
    by_c = load * pattern.by_variance / c**2  # of the saddle's residual
    saddle = q_hat - load * squared_g
    entropy = -q_hat * c / 2 + weight.log_partition + load * pattern.log_tail
    gradients = (
        (1 + by_c * slope, -squared_g, -2 * load * pattern.by_margin / (c * width)),
        (-slope * saddle / 2, pattern.log_tail, -load * pattern.ratio / width),
    )
    errors = (average_error * (load / c + abs(by_c)), average_error * (1 + load + q_hat + load * squared_g))
    return Equations((saddle, entropy), gradients, average_error, errors, c, slope)


@dataclass(frozen=True, slots=True)
class Root:
    """Where Newton's method ended: the point, the errors of its unknowns, and the equations before the last step."""

    point: Sequence[Any]
    errors: Sequence[Any]
    equations: Equations
    iterations: int


def _newton(context: Any, start: Sequence[Any], unknowns: tuple[int, ...], digits: int) -> Root:
    arithmetic, n, point = mpmath_arithmetic(context), len(unknowns), list(start)
    average_error = context.mpf(10) ** (-digits - GUARD)
    for iteration in range(1, MAX_ITERATIONS + 1):
        equations = saddle_equations(arithmetic, point, digits + GUARD, float(point[0]) * 1.001, average_error)
        inverse = context.matrix([[equations.gradients[row][k] for k in unknowns] for row in range(n)]) ** -1
        step = [-sum(inverse[i, j] * equations.residuals[j] for j in range(n)) for i in range(n)]
        for k, change in zip(unknowns, step, strict=True):
            point[k] += change
        if max(abs(change) for change in step) <= average_error * 10 ** (GUARD // 2):
            break
    errors = [abs(step[i]) + 2 * sum(abs(inverse[i, j]) * equations.errors[j] for j in range(n)) for i in range(n)]
    return Root(point, errors, equations, iteration)


def typical_solutions(load: Number, margin: Number = 0, digits: int = 50, *, throw: bool = True) -> TypicalDigits:
    """φ, q and q̂ at one load and margin.

    Parameters
    ----------
    load, margin : int, float, str or Fraction
        α > 0 and κ. A float stands for the binary number it is: write "0.1" or Fraction(1, 10) for a tenth.
    digits : int
        Digits wanted, at least 1.
    throw : bool
        Raise where they were not reached (default), or return what was reached with its status.

    Raises
    ------
    ValueError
        As `replica_symmetric.typical_solutions`, or for digits below 1.
    ConvergenceError
        If the digits were not reached.
    """
    root = saddle_root(load, margin, digits)
    equations, q_hat_error, slope = root.equations, root.errors[0], abs(root.equations.overlap_slope)
    entropy_error = 2 * equations.errors[1] + slope * (1 + root.point[0]) * q_hat_error**2
    overlap_error = equations.average_error + 2 * slope * q_hat_error
    found = (
        ("entropy", equations.residuals[1], entropy_error),
        ("overlap", 1 - equations.one_minus_overlap, overlap_error),
        ("q_hat", root.point[0], q_hat_error),
    )
    return TypicalDigits(*(_conclude(*one, root, digits, throw) for one in found))


def capacity(margin: Number = 0, digits: int = 50, *, throw: bool = True) -> Digits:
    """α_c(κ), the load at which φ = 0. Parameters as for `typical_solutions`."""
    root = capacity_root(margin, digits)
    return _conclude("alpha_c", root.point[1], root.errors[1], root, digits, throw)


def maximum_margin(load: Number, digits: int = 50, *, throw: bool = True) -> Digits:
    """κ_max(α), the margin at which φ = 0. Parameters as for `typical_solutions`."""
    root = maximum_margin_root(load, digits)
    return _conclude("kappa_max", root.point[2], root.errors[1], root, digits, throw)


def saddle_root(load: Number, margin: Number, digits: int) -> Root:
    """The saddle at (α, κ); unknown is q̂."""
    context = working_context(digits)
    place = number(context, "load", load), number(context, "margin", margin)
    return _newton(context, _start(context, *place), (0,), digits)


def capacity_root(margin: Number, digits: int) -> Root:
    """Saddle and φ = 0; unknown are q̂ and α."""
    context = working_context(digits)
    exact = number(context, "margin", margin)
    load = context.mpf(replica_symmetric.capacity(float(exact)).value)
    return _newton(context, _start(context, load, exact), (0, 1), digits)


def maximum_margin_root(load: Number, digits: int) -> Root:
    """Saddle and φ = 0; unknown are q̂ and κ."""
    context = working_context(digits)
    exact = number(context, "load", load)
    margin = context.mpf(replica_symmetric.maximum_margin(float(exact)).value)
    return _newton(context, _start(context, exact, margin), (0, 2), digits)


def _start(context: Any, load: Any, margin: Any) -> list[Any]:
    q_hat = replica_symmetric.typical_solutions(float(load), float(margin)).q_hat.value
    return [context.mpf(q_hat), load, margin]


def _conclude(name: str, value: Any, error: Any, root: Root, digits: int, throw: bool) -> Digits:
    residual = max(abs(residual) for residual in root.equations.residuals[: len(root.errors)])
    reached = error <= (1 + abs(value)) * type(value)(10) ** -digits
    status = Status.CONVERGED if reached else Status.NOT_CONVERGED
    result = Digits(name, value, error, digits, status, root.iterations, residual, replicon_of(root))
    if throw and not reached:
        raise ConvergenceError(f"{name} did not reach {digits} digits: error {result.error_text}", result)
    return result


def replicon_of(root: Root) -> float:
    """Replicon of the saddle that was found, in double precision: it decides about stability, and needs no digits."""
    load, margin = (float(coordinate) for coordinate in root.point[1:])
    return replica_symmetric.typical_solutions(load, margin).replicon.value


def working_context(digits: int) -> Any:
    """A context of mpmath of its own, precise enough for so many digits of a result."""
    digits = check_integer("digits", digits, least=1, most=MOST_DIGITS)
    context = MPContext()
    context.dps = digits + GUARD + ROUNDING
    return context


def number(context: Any, name: str, value: Any) -> Any:
    """An exact number of the user's in a context."""
    if isinstance(value, str):
        try:
            value = Fraction(value)
        except (ValueError, ZeroDivisionError):
            raise ValueError(f"{name} = {value!r} is not a number; allowed: decimals such as 0.1") from None
    if isinstance(value, Fraction):
        check_real(name, float(value))
        return context.mpf(value.numerator) / value.denominator
    return context.mpf(check_real(name, value))
