"""The models of this package beside each other: where each one ends, computed, in closed form and in the literature."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from perceptron.checks import check_real
from perceptron.kernels.committee_of_three import SignCommitteeOfThree
from perceptron.kernels.committees import WideReluCommittee, WideSignCommittee
from perceptron.kernels.constraints import SymmetricWindow
from perceptron.kernels.models import DiscreteWeights, SphericalWeights
from perceptron.kernels.relu_committee_of_three import BALANCED, ReluCommitteeOfThree
from perceptron.solution import Solution, Status
from perceptron.theory.replica_symmetric import capacity
from perceptron.theory.teacher_student import perfect_learning_load, spinodal_load

__all__ = ["TERNARY", "Model", "models"]

TERNARY = DiscreteWeights((-1.0, 0.0, 1.0))


@dataclass(frozen=True, slots=True)
class Model:
    """One row of the table of models.

    Attributes
    ----------
    name, weights, constraint : str
        What it is, in words.
    quantity : str
        Name of the load at which something happens, as in docs/notation.md.
    load : Solution
    reference : float
        The same from a closed form or the literature, nan where there is none at these parameters.
    source : str
        Where the reference is from.
    """

    name: str
    weights: str
    constraint: str
    quantity: str
    load: Solution
    reference: float
    source: str


def models(margin: float = 0.0, half_width: float = 1.0) -> tuple[Model, ...]:
    """All models at one margin κ (those with a margin) and half-width K (those with a window)."""
    margin = check_real("margin", margin)
    half_width = check_real("half_width", half_width, above=0.0)
    step, window = f"Δ >= {margin:g}", f"|Δ| <= {half_width:g}"
    first_moment = -math.log(2.0) / math.log(math.erf(half_width / math.sqrt(2.0)))
    at_zero: Callable[[float], float] = lambda value: value if margin == 0.0 else math.nan  # noqa: E731
    labels = "labels"
    return (
        Model("binary", "±1", step, "alpha_c", capacity(margin), at_zero(0.833), "Krauth and Mézard 1989"),
        Model(
            "symmetric",
            "±1",
            window,
            "alpha_c",
            capacity(SymmetricWindow(half_width)),
            first_moment,
            "-ln 2/ln P(|z| <= K)",
        ),
        Model(
            "spherical",
            "Σw² = N",
            step,
            "alpha_c",
            capacity(margin, prior=SphericalWeights()),
            at_zero(2.0),
            "Gardner 1988",
        ),
        Model(
            "ternary",
            "-1, 0, 1",
            step,
            "alpha_c",
            capacity(margin, prior=TERNARY),
            math.nan,
            "",
        ),
        Model(
            "committee of three", "±1", "two of three signs", "alpha_c", capacity(SignCommitteeOfThree()), math.nan, ""
        ),
        Model("ReLU committee of three", "±1", f"y{step}", "alpha_c", _of_three_relu(margin), math.nan, ""),
        Model(
            "wide sign committee",
            "±1",
            step,
            "alpha_c",
            capacity(WideSignCommittee(margin)),
            math.nan,
            "",
        ),
        Model("wide ReLU committee", "±1", step, "alpha_c", capacity(WideReluCommittee(margin)), math.nan, ""),
        Model("teacher-student", "±1", labels, "alpha_perfect", perfect_learning_load(), 1.245, "Györgyi 1990"),
        Model("teacher-student", "±1", labels, "alpha_spinodal", spinodal_load(), math.nan, ""),
    )


def _of_three_relu(margin: float) -> Solution:
    """Its capacity; at margins beyond its threshold one of the labels cannot be met."""
    if abs(margin) < BALANCED:
        return capacity(ReluCommitteeOfThree(margin))
    return Solution("alpha_c", math.nan, math.nan, Status.NO_SUCH_THRESHOLD, 0, math.nan, 0.0)
