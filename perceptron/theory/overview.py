"""The models of this package beside each other: where each one ends, computed, in closed form and in the literature."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from perceptron.base.results import Estimate, Solution, Status, stability_in_words
from perceptron.kernels.committees.three_relus import BALANCED, ReluCommitteeOfThree
from perceptron.kernels.committees.three_signs import SignCommitteeOfThree
from perceptron.kernels.committees.wide import WideReluCommittee, WideSignCommittee
from perceptron.kernels.typical.constraints import MarginStep, SymmetricWindow
from perceptron.kernels.typical.spherical import DiscreteWeights, SphericalWeights
from perceptron.theory.coupled.thresholds import alpha_u, region_thresholds
from perceptron.theory.franz_parisi.thresholds import STEPS, d_star, dense_core_load, isolation_load, kappa_min, kappa_u
from perceptron.theory.ranges import check_half_width, check_load, check_margin, check_step
from perceptron.theory.typical.solutions import capacity, maximum_margin
from perceptron.theory.typical.symmetric_perceptron import log_window_probability
from perceptron.theory.typical.teacher_student import perfect_learning_load, spinodal_load

__all__ = ["TERNARY", "Model", "models", "named_thresholds"]

TERNARY = DiscreteWeights((-1.0, 0.0, 1.0))
REPLICA_SYMMETRIC = "replica symmetric"
FIRST_MOMENT = "replica symmetric, equal to the first moment, which is exact"
NISHIMORI = "replica symmetric, on the Nishimori line"


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
        With the replicon at the saddle behind it.
    reference : float
        The same from a closed form or the literature, nan where there is none at these parameters.
    source : str
        Where the reference is from.
    ansatz : str
        What the load rests on: the replica-symmetric saddle in every row, and what makes it more than an ansatz.
    """

    name: str
    weights: str
    constraint: str
    quantity: str
    load: Solution
    reference: float = math.nan
    source: str = ""
    ansatz: str = REPLICA_SYMMETRIC

    @property
    def stability(self) -> str:
        """Local stability of replica symmetry there, in a word."""
        return stability_in_words(self.load.replicon)


def models(margin: float = 0.0, half_width: float = 1.0) -> tuple[Model, ...]:
    """All models at one margin κ (those with a margin) and half-width K (those with a window).

    A search that does not converge is a row with its status.
    """
    margin = check_margin(margin)
    half_width = check_half_width(half_width)
    step, window, labels = f"Δ >= {margin:g}", f"|Δ| <= {half_width:g}", "labels"
    first_moment = -math.log(2.0) / log_window_probability(half_width)
    known: Callable[[float], float] = lambda value: value if margin == 0.0 else math.nan  # noqa: E731
    window_load = capacity(SymmetricWindow(half_width), throw=False)
    on_sphere = capacity(margin, prior=SphericalWeights(), throw=False)
    of_three = capacity(SignCommitteeOfThree(), throw=False)
    learnt, spinodal = perfect_learning_load(throw=False), spinodal_load(throw=False)
    moment = "-ln 2/ln P(|z| <= K)"
    return (
        Model("binary", "±1", step, "alpha_c", capacity(margin, throw=False), known(0.833), "Krauth and Mézard 1989"),
        Model("symmetric", "±1", window, "alpha_c", window_load, first_moment, moment, FIRST_MOMENT),
        Model("spherical", "Σw² = N", step, "alpha_c", on_sphere, known(2.0), "Gardner 1988"),
        Model("ternary", "-1, 0, 1", step, "alpha_c", capacity(margin, prior=TERNARY, throw=False)),
        Model("committee of three", "±1", "two of three signs", "alpha_c", of_three),
        Model("ReLU committee of three", "±1", f"y{step}", "alpha_c", _of_three_relu(margin)),
        Model("wide sign committee", "±1", step, "alpha_c", capacity(WideSignCommittee(margin), throw=False)),
        Model("wide ReLU committee", "±1", step, "alpha_c", capacity(WideReluCommittee(margin), throw=False)),
        Model("teacher-student", "±1", labels, "alpha_perfect", learnt, 1.245, "Györgyi 1990", NISHIMORI),
        Model("teacher-student", "±1", labels, "alpha_spinodal", spinodal, ansatz=NISHIMORI),
    )


def _of_three_relu(margin: float) -> Solution:
    """Its capacity; at margins beyond its threshold one of the labels cannot be met."""
    if abs(margin) < BALANCED:
        return capacity(ReluCommitteeOfThree(margin), throw=False)
    return Solution("alpha_c", math.nan, math.nan, Status.NO_SUCH_THRESHOLD, 0, math.nan, 0.0)


def named_thresholds(
    load: float = 0.5, margin: float = 0.0, step: type = MarginStep, *, with_alpha_u: bool = True
) -> Iterator[tuple[str, Solution | Estimate]]:
    """Names and values of all thresholds, each as soon as it is known: loads first, then margins and d* at one load.

    Those of the large-deviation theory exist for `MarginStep` alone.
    """
    check_step(step, STEPS)
    load, margin = check_load(load), check_margin(margin)
    yield "alpha_c", capacity(step(margin))
    yield "alpha_u_prime", dense_core_load(margin, step)
    yield "alpha_isolation", isolation_load(margin, step)
    if with_alpha_u and step is MarginStep:
        for solution in region_thresholds(margin):
            yield solution.name, solution
        yield "alpha_u", alpha_u(margin, throw=False)
    yield "kappa_min", kappa_min(load, margin, step)
    yield "kappa_u", kappa_u(load, margin, step)
    yield "kappa_max", maximum_margin(load, step)
    yield "d_star", d_star(load, None, margin, step)
