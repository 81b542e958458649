"""Newton's method on the Franz-Parisi saddle in the conjugates (v, t̂, p̂), with the exact Jacobian.

Overlaps computed from conjugates are always feasible, so the residuals are: the distance asked for (or p̂ = t̂, which
holds at the unconstrained maximum), q̂ = α⟨g²⟩ and t̂ = α⟨g̃ g⟩. The Jacobian also gives the second derivative of the
entropy in d and the tangent along which neighbouring distances are predicted.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.franz_parisi.energetic import EnergeticTerm, energetic_term
from perceptron.kernels.franz_parisi.entropic import Conjugates, EntropicTerm, entropic_term

MAX_ITERATIONS = 60
LARGEST_STEP = 1.0
LARGEST_V = 1e7  # beyond it 1 - q is about 1e-6 or less: the branch has ended for any purpose
LARGEST_SLOPE = 10.0  # of A in z₀, in units of 1 + √v
ACCEPTED = 100.0  # a residual of so many tolerances has converged
FINER = 1.3  # refinement of the grid that judges the result

DISTANCE, UNCONSTRAINED = 0, 1


class Problem(NamedTuple):
    """What is counted around what: load, both constraints, and the reference's own saddle."""

    load: float
    counted: Any
    reference: Any
    reference_q_hat: float
    reference_one_minus_q: float


class Closure(NamedTuple):
    """The condition that closes the saddle: the distance, or p̂ = t̂ at the unconstrained maximum."""

    kind: int
    value: float


class Evaluation(NamedTuple):
    """Both terms at a point, with residuals and derivatives with respect to (v, t̂, p̂)."""

    conjugates: Conjugates
    entropic: EntropicTerm
    energetic: EnergeticTerm
    q_hat: float
    residuals: np.ndarray
    jacobian: np.ndarray
    overlap_gradient: np.ndarray  # rows p, t, q


class SaddlePoint(NamedTuple):
    """A Franz-Parisi saddle and the entropy there."""

    v: float
    t_hat: float
    p_hat: float
    q_hat: float
    one_minus_p: float
    t_deficit: float
    one_minus_q: float
    local_entropy: float
    derivative: float
    second_derivative: float
    replicon: float
    replicon_error: float
    local_entropy_error: float
    derivative_error: float
    second_derivative_error: float
    residual: float
    iterations: int
    converged: bool
    tangent_v: float  # d(v, t̂, p̂)/d ln d
    tangent_t_hat: float
    tangent_p_hat: float

    @property
    def conjugates(self) -> Conjugates:
        """The unknowns of the saddle."""
        return Conjugates(self.v, self.t_hat, self.p_hat)


@njit
def overlap_gradient(problem, conjugates, entropic):
    """Derivatives of (p, t, q) with respect to (v, t̂, p̂)."""
    e = entropic
    by_q_hat = (0.5 * e.third, 0.5 * e.t_third, -0.5 * e.fourth)
    by_t_hat = (-e.t_second, e.one_minus_q - 2.0 * e.t2_second, e.t_third)
    by_p_hat = (e.one_minus_q, e.t_second, -e.third)
    moved_q_hat = 2.0 * conjugates.t_hat / problem.reference_q_hat  # v, not q̂, is held
    gradient = np.empty((3, 3))
    for row in range(3):
        gradient[row, 0] = by_q_hat[row]
        gradient[row, 1] = by_t_hat[row] + moved_q_hat * by_q_hat[row]
        gradient[row, 2] = by_p_hat[row]
    return gradient


@njit
def evaluate(problem, conjugates, closure, refinement):
    """Both terms, residuals and Jacobian."""
    load = problem.load
    entropic = entropic_term(problem.reference_q_hat, problem.reference_one_minus_q, conjugates, refinement)
    energetic = energetic_term(problem.counted, problem.reference, problem.reference_one_minus_q, entropic, refinement)
    q_hat = conjugates.v + conjugates.t_hat * conjugates.t_hat / problem.reference_q_hat
    gradient = overlap_gradient(problem, conjugates, entropic)
    residuals = np.array([0.0, q_hat + 2.0 * load * energetic.d_q, conjugates.t_hat + load * energetic.d_t])
    at_distance = closure.kind == DISTANCE
    if at_distance:
        residuals[0] = math.log(entropic.one_minus_p / (2.0 * closure.value))
    else:
        residuals[0] = conjugates.p_hat - conjugates.t_hat
    by_q = (energetic.d_pq, energetic.d_tq, energetic.d_qq)
    by_t = (energetic.d_pt, energetic.d_tt, energetic.d_tq)
    jacobian = np.empty((3, 3))
    for j in range(3):
        jacobian[0, j] = -gradient[0, j] / entropic.one_minus_p if at_distance else (0.0, -1.0, 1.0)[j]
        jacobian[1, j] = 2.0 * load * combine(by_q, gradient, j)
        jacobian[2, j] = load * combine(by_t, gradient, j)
    jacobian[1, 0] += 1.0
    jacobian[1, 1] += 2.0 * conjugates.t_hat / problem.reference_q_hat
    jacobian[2, 1] += 1.0
    return Evaluation(conjugates, entropic, energetic, q_hat, residuals, jacobian, gradient)


@njit
def combine(row, matrix, column):
    """Row vector times one column of a matrix of three rows."""
    return row[0] * matrix[0, column] + row[1] * matrix[1, column] + row[2] * matrix[2, column]


@njit
def solve_3x3(matrix, right):
    """Gauss-Jordan elimination with scaled rows and pivoting; a singular matrix gives inf or nan, no exception."""
    scaled = np.empty((3, 4))
    for i in range(3):
        size = max(abs(matrix[i, 0]), abs(matrix[i, 1]), abs(matrix[i, 2]), 1e-300)
        for j in range(3):
            scaled[i, j] = matrix[i, j] / size
        scaled[i, 3] = right[i] / size
    for column in range(3):
        pivot = column
        for i in range(column + 1, 3):
            if abs(scaled[i, column]) > abs(scaled[pivot, column]):
                pivot = i
        for j in range(4):
            scaled[column, j], scaled[pivot, j] = scaled[pivot, j], scaled[column, j]
        for i in range(3):
            if i != column:
                factor = scaled[i, column] / scaled[column, column]
                for j in range(column, 4):
                    scaled[i, j] -= factor * scaled[column, j]
    return np.array([scaled[0, 3] / scaled[0, 0], scaled[1, 3] / scaled[1, 1], scaled[2, 3] / scaled[2, 2]])


@njit
def residual_norm(evaluation):
    """Largest residual, conjugates measured relative to 1 + q̂."""
    scale = 1.0 + evaluation.q_hat
    r = evaluation.residuals
    return max(abs(r[0]), abs(r[1]) / scale, abs(r[2]) / scale)


@njit
def stretched(value, step):
    """A step taken in asinh(value): linear for small values, multiplicative for large ones."""
    return math.sinh(math.asinh(value) + step / math.sqrt(1.0 + value * value))


@njit
def moved(conjugates, step, fraction):
    """Conjugates after a fraction of a step, kept feasible: v >= 0."""
    return Conjugates(
        max(stretched(conjugates.v, fraction * step[0]), 0.0),
        stretched(conjugates.t_hat, fraction * step[1]),
        stretched(conjugates.p_hat, fraction * step[2]),
    )


@njit
def predicted(point, previous, log_distance_step):
    """Conjugates predicted at another distance, from the tangents at the last two saddles.

    With one saddle alone (`previous` the same point) along its tangent, with two along the parabola.
    """
    tangent, before = log_tangent(point), log_tangent(previous)
    behind = math.log(point.one_minus_p / previous.one_minus_p)
    if abs(behind) > 1e-12 and abs(log_distance_step) < 1.5 * abs(behind):
        for k in range(3):
            tangent[k] += 0.5 * log_distance_step / behind * (tangent[k] - before[k])
    return Conjugates(
        max(math.sinh(math.asinh(point.v) + log_distance_step * tangent[0]), 0.0),
        math.sinh(math.asinh(point.t_hat) + log_distance_step * tangent[1]),
        math.sinh(math.asinh(point.p_hat) + log_distance_step * tangent[2]),
    )


@njit
def log_tangent(point):
    """Change of asinh(v, t̂, p̂) with ln d."""
    return np.array(
        [
            point.tangent_v / math.sqrt(1.0 + point.v * point.v),
            point.tangent_t_hat / math.sqrt(1.0 + point.t_hat * point.t_hat),
            point.tangent_p_hat / math.sqrt(1.0 + point.p_hat * point.p_hat),
        ]
    )


@njit
def relative_size(step, conjugates):
    """Largest component of a step in asinh of the conjugates."""
    size = 1e-300
    size = max(size, abs(step[0]) / math.sqrt(1.0 + conjugates.v * conjugates.v))
    size = max(size, abs(step[1]) / math.sqrt(1.0 + conjugates.t_hat * conjugates.t_hat))
    return max(size, abs(step[2]) / math.sqrt(1.0 + conjugates.p_hat * conjugates.p_hat))


@njit
def is_workable(problem, conjugates):
    """Whether the averages at these conjugates need a bounded number of nodes; false for nan."""
    slope = abs(conjugates.t_hat) / math.sqrt(problem.reference_q_hat)
    return (
        abs(conjugates.p_hat) < LARGEST_V
        and conjugates.v <= LARGEST_V
        and slope <= LARGEST_SLOPE * (1.0 + math.sqrt(conjugates.v))
    )


@njit
def newton(problem, start, closure, refinement, tolerance):
    """Damped Newton iterations; returns the last evaluation, its residual and the iteration count."""
    current = evaluate(problem, start, closure, refinement)
    norm = residual_norm(current)
    iterations = 1
    while not norm <= tolerance and iterations < MAX_ITERATIONS:
        step = -solve_3x3(current.jacobian, current.residuals)
        fraction = min(1.0, LARGEST_STEP / relative_size(step, current.conjugates))
        accepted = False
        for _ in range(8):
            target = moved(current.conjugates, step, fraction)
            if is_workable(problem, target):
                trial = evaluate(problem, target, closure, refinement)
                trial_norm = residual_norm(trial)
                iterations += 1
                if trial_norm < norm:
                    accepted = True
                    break
            fraction *= 0.4
        if not accepted:
            break
        current, norm = trial, trial_norm
    return current, norm, iterations


@njit
def energetic_response(evaluation, by_conjugates):
    """Change of ∂_p G_E when the conjugates change."""
    change = evaluation.overlap_gradient @ by_conjugates
    e = evaluation.energetic
    return e.d_pp * change[0] + e.d_pt * change[1] + e.d_pq * change[2]


@njit
def local_entropy(problem, evaluation):
    """φ_FP = -p̂p + t t̂ - q̂(1-q)/2 + G_S + α G_E."""
    c, e = evaluation.conjugates, evaluation.entropic
    t = 1.0 - problem.reference_one_minus_q - e.t_deficit
    return (
        -c.p_hat * (1.0 - e.one_minus_p)
        + t * c.t_hat
        - 0.5 * evaluation.q_hat * e.one_minus_q
        + e.log_partition
        + problem.load * evaluation.energetic.value
    )


@njit
def replicon(problem, evaluation):
    """α⟨f''²⟩⟨(1 - m²)²⟩: replica symmetry is stable below 1."""
    return problem.load * evaluation.energetic.squared_curvature * evaluation.entropic.squared_susceptibility


@njit
def derivatives(problem, evaluation, distance):
    """(dφ/dd, d²φ/dd², d(v, t̂, p̂)/dd) at a saddle."""
    load = problem.load
    first = 2.0 * (evaluation.conjugates.p_hat - load * evaluation.energetic.d_p)
    constraint = evaluation.jacobian.copy()
    for j in range(3):
        constraint[0, j] = -evaluation.overlap_gradient[0, j] / evaluation.entropic.one_minus_p
    tangent = solve_3x3(constraint, np.array([1.0 / distance, 0.0, 0.0]))
    second = 2.0 * (tangent[2] - load * energetic_response(evaluation, tangent))
    return first, second, tangent


@njit
def solve_saddle_point(problem, start, closure, refinement, tolerance):
    """Solve on one grid, then judge it on a finer one.

    The finer grid's residuals give, through the Jacobian, how far the saddle moves; values are those of the finer
    grid, errors the differences between the two plus the rounding of the sums.
    """
    coarse, norm, iterations = newton(problem, start, closure, refinement, tolerance)
    fine = evaluate(problem, coarse.conjugates, closure, FINER * refinement)
    where = 0.5 * fine.entropic.one_minus_p
    first, second, _ = derivatives(problem, coarse, where)
    fine_first, fine_second, tangent = derivatives(problem, fine, where)
    shift = -solve_3x3(fine.jacobian, fine.residuals)
    correction = 2.0 * (shift[2] - problem.load * energetic_response(fine, shift))
    entropy, fine_entropy = local_entropy(problem, coarse), local_entropy(problem, fine)
    rounding = 1e-15 * (1.0 + fine.q_hat + abs(fine.conjugates.p_hat))
    fine_replicon = replicon(problem, fine)
    e = fine.entropic
    return SaddlePoint(
        fine.conjugates.v,
        fine.conjugates.t_hat,
        fine.conjugates.p_hat,
        fine.q_hat,
        e.one_minus_p,
        e.t_deficit,
        e.one_minus_q,
        fine_entropy,
        fine_first + correction,
        fine_second,
        fine_replicon,
        abs(fine_replicon - replicon(problem, coarse)) + rounding + 10.0 * norm * fine_replicon,
        abs(fine_entropy - entropy) + rounding,
        abs(fine_first - first) + abs(correction) + rounding,
        abs(fine_second - second) + rounding / where + abs(correction) / where,
        norm,
        iterations,
        norm <= ACCEPTED * tolerance,
        tangent[0] * where,
        tangent[1] * where,
        tangent[2] * where,
    )


@njit
def solve_saddle_point_flat(problem, start, closure, refinement, tolerance):
    """`solve_saddle_point` for Python, as a plain tuple (see `perceptron.kernels`)."""
    return solve_saddle_point(problem, start, closure, refinement, tolerance)[:]


@njit
def predicted_flat(point, previous, log_distance_step):
    """`predicted` for Python, as a plain tuple."""
    return predicted(point, previous, log_distance_step)[:]


@njit
def unconstrained_start(problem, q_hat):
    """(v, t̂, p̂ = t̂) near the maximum over d, by fixed-point iteration of t̂ = α⟨g̃ g⟩ at the given q̂."""
    one_minus_q = problem.reference_one_minus_q
    t_hat = min(math.sqrt(q_hat * problem.reference_q_hat), q_hat)
    for _ in range(12):
        v = max(q_hat - t_hat * t_hat / problem.reference_q_hat, 0.0)
        entropic = entropic_term(problem.reference_q_hat, one_minus_q, Conjugates(v, t_hat, t_hat), 1.0)
        t_hat = -problem.load * energetic_term(problem.counted, problem.reference, one_minus_q, entropic, 1.0).d_t
    return v, t_hat, t_hat
