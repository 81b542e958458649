"""Machine-checked intervals of the saddle, the capacity and the maximum margin, by ball arithmetic.

The same averages and equations as in `arbitrary_precision`, in balls of python-flint [1]_ (the extra `enclosure`),
which contain every rounding; the proven bound of the quadrature widens them. Krawczyk's test [2]_ then proves that one
and only one root of the replica-symmetric equations lies in a box, and shrinks the box to the ball returned. What is
proved is a statement on these equations; that they describe the model is another matter.

References
----------
.. [1] F. Johansson, IEEE Transactions on Computers 66, 1281 (2017).
.. [2] A. Neumaier, Interval Methods for Systems of Equations (Cambridge, 1990), theorem 5.1.8.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from perceptron.base.results import ConvergenceError
from perceptron.theory.digits.arbitrary_precision import (
    GUARD,
    ROUNDING,
    Equations,
    Number,
    Root,
    capacity_root,
    maximum_margin_root,
    replicon_of,
    saddle_equations,
    saddle_root,
)
from perceptron.theory.digits.proven_quadrature import Arithmetic

__all__ = ["Enclosure", "enclose_capacity", "enclose_maximum_margin", "enclose_typical_solutions", "is_available"]

BITS_PER_DIGIT = 3.3219280948873626
THIN = 1e-9  # relative radius up to which the widths of the strips in `proven_quadrature` are safe
BOX_DIGITS = 3  # the box that is tested is so many digits wider than what is wanted of the root


@dataclass(frozen=True, slots=True)
class Enclosure:
    """An interval that contains the quantity, with certainty.

    Attributes
    ----------
    name : str
        The quantity, by its name in docs/notation.md.
    ball : flint.arb
        Midpoint and radius.
    digits : int
        What was asked for.
    replicon : float
        Replicon at the saddle behind it, in double precision and not proved: locally stable below 1.
    """

    name: str
    ball: Any
    digits: int
    replicon: float = float("nan")

    @property
    def is_stable(self) -> bool | None:
        """Whether replica symmetry is locally stable at the saddle behind it; None where it is not known."""
        return None if math.isnan(self.replicon) else self.replicon < 1.0

    @property
    def text(self) -> str:
        """Decimals and a radius that hold the ball."""
        return str(self.ball.str(self.digits + 3))

    @property
    def interval(self) -> tuple[Fraction, Fraction]:
        """Both ends, exactly."""
        middle, radius = _exact(self.ball.mid()), _exact(self.ball.rad())
        return middle - radius, middle + radius

    def contains(self, value: Any) -> bool:
        """Whether a number (float, int, or an mpf) lies in the interval."""
        low, high = self.interval
        return low <= _exact(value) <= high

    def __str__(self) -> str:
        return f"{self.name} in {self.text}"


def is_available() -> bool:
    """Whether python-flint can be imported."""
    return importlib.util.find_spec("flint") is not None


def enclose_typical_solutions(
    load: Number, margin: Number = 0, digits: int = 15
) -> tuple[Enclosure, Enclosure, Enclosure]:
    """Intervals of φ, q and q̂ at one load and margin, given as exact numbers (see `arbitrary_precision`).

    Raises
    ------
    ModuleNotFoundError
        Without python-flint.
    ConvergenceError
        If the test fails.
    """
    root = saddle_root(load, margin, digits + BOX_DIGITS)
    with _balls(digits) as arithmetic:
        box = _krawczyk(arithmetic, _point(root, load=load, margin=margin), (0,), digits)
        equations = _equations(arithmetic, box, digits)
        # a second step in φ, which is stationary: its value at the middle of the box plus the slope over the box
        entropy = _equations(arithmetic, [box[0].mid(), *box[1:]], digits).residuals[1]
        entropy += equations.gradients[1][0] * (box[0] - box[0].mid())
        balls = ("entropy", entropy), ("overlap", 1 - equations.one_minus_overlap), ("q_hat", box[0])
        first, second, third = (Enclosure(name, ball, digits, replicon_of(root)) for name, ball in balls)
        return first, second, third


def enclose_capacity(margin: Number = 0, digits: int = 15) -> Enclosure:
    """Interval of α_c(κ), the load at which φ = 0; parameters and errors as for `enclose_typical_solutions`."""
    root = capacity_root(margin, digits + BOX_DIGITS)
    with _balls(digits) as arithmetic:
        box = _krawczyk(arithmetic, _point(root, margin=margin), (0, 1), digits)
        return Enclosure("alpha_c", box[1], digits, replicon_of(root))


def enclose_maximum_margin(load: Number, digits: int = 15) -> Enclosure:
    """Interval of κ_max(α), the margin at which φ = 0; parameters and errors as for `enclose_typical_solutions`."""
    root = maximum_margin_root(load, digits + BOX_DIGITS)
    with _balls(digits) as arithmetic:
        box = _krawczyk(arithmetic, _point(root, load=load), (0, 2), digits)
        return Enclosure("kappa_max", box[2], digits, replicon_of(root))


def _krawczyk(arithmetic: Arithmetic, point: list[Any], unknowns: tuple[int, ...], digits: int) -> list[Any]:
    """Prove that one root lies in a box about `point`, and return the smaller box that must hold it.

    With C near the inverse Jacobian at the point x, K = x - C F(x) + (1 - C F'(X))(X - x); K inside X proves it.
    """
    flint, n = _flint(), len(unknowns)
    at_point = _equations(arithmetic, point, digits)
    slopes = [[at_point.gradients[row][k].mid() for k in unknowns] for row in range(n)]
    inverse = flint.arb_mat(slopes).inv()
    radius = flint.arb(10) ** -(digits + 1)
    box = list(point)
    for k in unknowns:
        box[k] = point[k] + flint.arb(0, radius)
    in_box = _equations(arithmetic, box, digits)
    jacobian = flint.arb_mat([[in_box.gradients[row][k] for k in unknowns] for row in range(n)])
    residuals = flint.arb_mat([[at_point.residuals[row]] for row in range(n)])
    spread = flint.arb_mat([[box[k] - point[k]] for k in unknowns])
    identity = flint.arb_mat(n, n, [int(i == j) for i in range(n) for j in range(n)])
    moved = (identity - inverse * jacobian) * spread - inverse * residuals
    image = list(point)
    for i, k in enumerate(unknowns):
        image[k] = point[k] + moved[i, 0]
        if not box[k].contains_interior(image[k]):
            raise ConvergenceError(f"no proof of a root to {digits} digits: {image[k]} is not inside {box[k]}", image)
    return image


def _equations(arithmetic: Arithmetic, point: list[Any], digits: int) -> Equations:
    largest = float(point[0].abs_upper()) * (1.0 + THIN)
    equations = saddle_equations(arithmetic, point, digits + GUARD, largest)
    if not equations.one_minus_overlap.rad() < THIN * equations.one_minus_overlap:
        raise ConvergenceError(f"the ball of 1 - q is too wide: {equations.one_minus_overlap}", equations)
    return equations


def _flint() -> Any:
    try:
        return importlib.import_module("flint")
    except ModuleNotFoundError:
        raise ModuleNotFoundError("enclosures need python-flint: pip install 'perceptron-wl[enclosure]'") from None


@contextmanager
def _balls(digits: int) -> Iterator[Arithmetic]:
    """Ball arithmetic, precise enough for a while."""
    flint = _flint()

    def widened(value: Any, log_bound: float) -> Any:
        return value + flint.arb(0, flint.arb(log_bound).exp())

    with flint.ctx.workprec(int(BITS_PER_DIGIT * (digits + GUARD + ROUNDING)) + 1):
        yield Arithmetic(
            flint.arb,
            lambda x: x.exp(),
            lambda x: x.log(),
            lambda x: x.log1p(),
            lambda x: x.sqrt(),
            lambda x: x.erfc(),
            flint.arb.pi(),
            widened,
        )


def _exact(value: Any) -> Fraction:
    """The rational number that a number of Python, mpmath or a ball of radius zero is."""
    pair = getattr(value, "man_exp", None)
    if pair is None:
        return Fraction(value)
    mantissa, exponent = pair() if callable(pair) else pair
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def _point(root: Root, load: Number | None = None, margin: Number | None = None) -> list[Any]:
    """(q̂, α, κ) as balls: what is given exactly, the rest from mpmath."""
    given = (None, load, margin)
    flint = _flint()
    numbers = [_exact(value if exact is None else exact) for value, exact in zip(root.point, given, strict=True)]
    return [flint.arb(flint.fmpq(exact.numerator, exact.denominator)) for exact in numbers]
