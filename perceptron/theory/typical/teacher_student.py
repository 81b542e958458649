"""Learning from a teacher: a binary perceptron that knows P = αN labels of another one.

Every student that fits the labels is as likely as the teacher, so the overlap with the teacher is that of two students
and replica symmetry holds. Below `perfect_learning_load` the fitting students outnumber the teacher (φ > 0) and
generalise with an error; there the entropy of the branch q < 1 reaches 0, the teacher alone remains, and the error
jumps to 0 [1]_. As a metastable state the branch goes on up to `spinodal_load`. Not for noisy labels or a margin.

References
----------
.. [1] G. Györgyi, Phys. Rev. A 41, 7097 (1990); H. Sompolinsky, N. Tishby and H. S. Seung, Phys. Rev. Lett. 65, 1683
   (1990).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.optimize import minimize_scalar

from perceptron.base.results import Estimate, Solution, Status, conclude
from perceptron.kernels.typical import replica_symmetric as kernels
from perceptron.kernels.typical.spherical import PlantedLabels, PlantedWeights
from perceptron.theory.ranges import check_load
from perceptron.theory.typical.solutions import FINER, TypicalSolutions, capacity, typical_solutions

__all__ = ["Generalisation", "generalisation", "perfect_learning_load", "spinodal_load"]

Q_HAT_BRACKET = (1.0, 10.0)  # about the q̂ ≈ 3.2 of the spinodal
TOLERANCE = 1e-9  # of ln q̂ there; the load is flat
SLOPE_STEP, SLOPE_TOLERANCE = 1e-3, 1e-6  # of dα/d ln q̂, which is left at the maximum found: α errs by its square


@dataclass(frozen=True, slots=True)
class Generalisation:
    """The branch q < 1 at one load.

    Attributes
    ----------
    load : float
    students : TypicalSolutions
        φ and overlap of the students that fit all labels and are not the teacher; the overlap is also that with the
        teacher. Status NOT_CONVERGED beyond the spinodal, where there are none, and within 1e-5 below it, where the
        two roots of the saddle cannot be told apart by the search.
    gibbs_error, bayes_error : Estimate
        Probability that a student drawn at random, or the majority of them, errs on a new pattern: arccos(q)/π and
        arccos(√q)/π.
    phase : str
        "learning"; "metastable" where the branch lives but the teacher prevails; "perfect" beyond the spinodal.
    """

    load: float
    students: TypicalSolutions
    gibbs_error: Estimate
    bayes_error: Estimate
    phase: str


def generalisation(load: float) -> Generalisation:
    """Students that fit the labels of a teacher at load α > 0, and how they generalise.

    Raises
    ------
    ValueError
        If the load is not positive.
    """
    load = check_load(load)
    students = typical_solutions(load, PlantedLabels(), prior=PlantedWeights(), throw=False)
    if students.status is not Status.CONVERGED:
        return Generalisation(load, students, Estimate(0.0, 0.0), Estimate(0.0, 0.0), "perfect")
    q = students.overlap
    gibbs = Estimate(math.acos(q.value) / math.pi, q.error / (math.pi * math.sqrt(1.0 - q.value**2)))
    bayes_slope = 0.5 / math.sqrt(q.value * (1.0 - q.value)) / math.pi
    bayes = Estimate(math.acos(math.sqrt(q.value)) / math.pi, q.error * bayes_slope)
    return Generalisation(load, students, gibbs, bayes, "learning" if students.entropy.value > 0.0 else "metastable")


def perfect_learning_load(*, throw: bool = True) -> Solution:
    """Load at which the entropy of the students vanishes and the error jumps to 0: near 1.245."""
    return capacity(PlantedLabels(), prior=PlantedWeights(), throw=throw)


def spinodal_load(*, throw: bool = True) -> Solution:
    """Largest load at which the branch q < 1 exists: the maximum of α = q̂/⟨(∂ ln Z)²⟩, explicit in q̂.

    As teacher and students are alike, the replicon is the slope of the map from q̂ to q and back. It rises along the
    branch, stays below 1, and is 1 where the branch ends: replica symmetry is marginal there.
    """

    def averages(log_q_hat: float, refinement: float) -> tuple[float, float]:
        """Load and replicon."""
        q_hat = math.exp(log_q_hat)
        weights = kernels.entropic_averages(PlantedWeights(), q_hat, refinement)
        patterns = kernels.energetic_averages(PlantedLabels(), weights.one_minus_overlap, refinement)
        load = float(q_hat / patterns.squared_slope)
        return load, load * float(patterns.squared_curvature * weights.squared_susceptibility)

    def load_at(log_q_hat: float, refinement: float) -> float:
        return averages(log_q_hat, refinement)[0]

    bounds = math.log(Q_HAT_BRACKET[0]), math.log(Q_HAT_BRACKET[1])
    options = {"xatol": TOLERANCE}
    found = minimize_scalar(lambda x: -load_at(x, FINER), bounds=bounds, method="bounded", options=options)
    value = -float(found.fun)
    error = abs(value - load_at(float(found.x), 1.0)) + 1e-14
    top = float(found.x)
    inside = bounds[0] + 0.1 < top < bounds[1] - 0.1
    slope = (load_at(top + SLOPE_STEP, FINER) - load_at(top - SLOPE_STEP, FINER)) / (2.0 * SLOPE_STEP)
    status = Status.CONVERGED if inside and abs(slope) <= SLOPE_TOLERANCE else Status.NOT_CONVERGED
    replicon = averages(top, FINER)[1]
    numbers = (value, error, status, int(found.nfev), slope, SLOPE_TOLERANCE)
    return conclude(Solution("alpha_spinodal", *numbers, replicon=replicon), throw)
