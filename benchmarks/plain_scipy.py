"""Typical solutions and Franz-Parisi entropy of the binary perceptron in plain NumPy and SciPy.

This is the straightforward version the benchmarks compare against: Gaussian integrals by the trapezoidal rule on
fixed uniform nodes, two-dimensional ones on the full tensor grid, and general-purpose root finders with
finite-difference Jacobians. It shares no code with the package, so it also serves as an independent check.

The nodes do not follow the integrands, which narrow as the distance d falls, and end at |z| = 8. At load 0.5, counted
margin 0 and reference margins up to the maximum, the local entropy is good to 2e-8 and its derivative to 2e-7 for
d >= 0.05; from there down to d = 1e-3 errors reach 5e-5 and 3e-3. Where the branch ends (1 - q falls to 0 at small d
for reference margins near 0 and high load) the root finder gives up and an error is raised.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar, root
from scipy.special import erfcx, expit, log_ndtr, ndtr

Array = NDArray[np.float64]
Overlaps = tuple[float, float, float, float]  # 1 - q, 1 - p, q_ref - t, tau^2 (1 - rho^2)

START_DISTANCE = 0.15
NODES = np.linspace(-8.0, 8.0, 200)
WEIGHTS = np.exp(-(NODES**2) / 2) / np.sqrt(2 * np.pi) * (NODES[1] - NODES[0])


def set_nodes(number: int) -> None:
    """Use another number of nodes from here on."""
    global NODES, WEIGHTS  # noqa: PLW0603  # the one setting of a deliberately plain module
    NODES = np.linspace(-8.0, 8.0, number)
    WEIGHTS = np.exp(-(NODES**2) / 2) / np.sqrt(2 * np.pi) * (NODES[1] - NODES[0])


def inverse_mills(x: Array) -> Array:
    """Return R(x) = G(x) / H(x)."""
    return np.sqrt(2 / np.pi) / erfcx(x / np.sqrt(2))


def log_two_cosh(x: Array) -> Array:
    """Return ln(2 cosh x)."""
    return np.logaddexp(x, -x)


def typical_q_hat(q: float, load: float, margin: float) -> float:
    """Return the conjugate overlap that the patterns impose at overlap q."""
    x = (margin - np.sqrt(q) * NODES) / np.sqrt(1 - q)
    return load / (1 - q) * float(WEIGHTS @ inverse_mills(x) ** 2)


def typical_saddle(load: float, margin: float) -> tuple[float, float, float]:
    """Return (q, q_hat, entropy) of the replica-symmetric saddle, the root of smallest overlap."""

    def excess(q: float) -> float:
        return float(WEIGHTS @ np.tanh(np.sqrt(typical_q_hat(q, load, margin)) * NODES) ** 2) - q

    trial = np.linspace(0.0, 0.97, 98)  # the excess is positive at q = 0; fixed nodes show false roots near 0.99
    right = next((i for i in range(1, trial.size) if excess(trial[i]) < 0), None)
    if right is None:
        raise ValueError(f"no replica-symmetric saddle at load {load}, margin {margin}")
    q = brentq(excess, trial[right - 1], trial[right], xtol=1e-15, rtol=1e-14)
    q_hat = typical_q_hat(q, load, margin)
    x = (margin - np.sqrt(q) * NODES) / np.sqrt(1 - q)
    entropic = WEIGHTS @ log_two_cosh(np.sqrt(q_hat) * NODES)
    return q, q_hat, float(-q_hat * (1 - q) / 2 + entropic + load * (WEIGHTS @ log_ndtr(-x)))


def maximum_margin(load: float) -> float:
    """Return the margin at which the entropy vanishes, bracketed by small steps from margin 0 (load below 0.83)."""
    step, margin = 0.05, 0.0
    while typical_saddle(load, margin + step)[2] > 0:
        margin += step
    return brentq(lambda kappa: typical_saddle(load, kappa)[2], margin, margin + step, xtol=1e-13)


class FranzParisi:
    """Franz-Parisi saddle point at one load, reference margin and counted margin, on a fixed tensor grid."""

    def __init__(self, load: float, reference_margin: float, margin: float) -> None:
        self.load, self.margin = load, margin
        self.q_ref, self.q_hat_ref, _ = typical_saddle(load, reference_margin)
        self.x_ref = (reference_margin - np.sqrt(self.q_ref) * NODES) / np.sqrt(1 - self.q_ref)
        self.g_ref = inverse_mills(self.x_ref) / np.sqrt(1 - self.q_ref)
        self.field_ref = np.sqrt(self.q_hat_ref) * NODES
        # The sum over the two signs of the reference weight is folded to +1 by the symmetry z -> -z.
        self.weight_entropic = np.outer(WEIGHTS * 2 * expit(2 * self.field_ref), WEIGHTS)
        self.weight_energetic = np.outer(WEIGHTS / np.maximum(ndtr(-self.x_ref), np.finfo(float).tiny), WEIGHTS)

    def field(self, unknown: Array) -> Array:
        """Return the field A on the (z0, z1) grid for conjugates (v, t_hat, p_hat)."""
        v, t_hat, p_hat = unknown
        along = t_hat / self.q_hat_ref * self.field_ref + (p_hat - t_hat)
        return along[:, None] + np.sqrt(max(v, 0.0)) * NODES

    def overlaps(self, field: Array) -> Overlaps:
        """Return 1 - q, 1 - p, q_ref - t and tau^2 (1 - rho^2), each as a direct average."""
        spin, spin_ref = np.tanh(field), np.tanh(self.field_ref)
        miss = (self.weight_entropic * (1 - spin)).sum(axis=1)
        b, e = miss.sum(), spin_ref @ miss
        a = (self.weight_entropic * (1 - spin**2)).sum()
        projection = e / self.q_ref * spin_ref + (b - e) / (1 - self.q_ref) * (1 - spin_ref)
        rest = (self.weight_entropic * (1 - spin - projection[:, None]) ** 2).sum()
        return a, b, e, max(rest, np.finfo(float).tiny)

    def field_parts(self, overlaps: Overlaps) -> tuple[Array, float]:
        """Return the part of omega along z0, and rho tau, its slope along the reference's own field."""
        _, b, e, _ = overlaps
        return (self.q_ref - e) / np.sqrt(self.q_ref) * NODES, (1 - self.q_ref - b + e) / np.sqrt(1 - self.q_ref)

    def energetic_grid(self, overlaps: Overlaps) -> tuple[Array, Array]:
        """Return the weights of the energetic average and x = (margin - omega) / sqrt(1 - q) on the (z0, u) grid."""
        along, slope = self.field_parts(overlaps)
        tau = np.sqrt(slope**2 + overlaps[3])
        weights = self.weight_energetic * ndtr((slope * NODES - tau * self.x_ref[:, None]) / np.sqrt(overlaps[3]))
        return weights, (self.margin - along[:, None] - tau * NODES) / np.sqrt(overlaps[0])

    def energetic_slope(self, overlaps: Overlaps) -> float:
        """Return the derivative of the energetic term with respect to p: the references exactly at their margin."""
        along, slope = self.field_parts(overlaps)
        omega = (along + slope * self.x_ref)[:, None] + np.sqrt(overlaps[3]) * NODES
        g = inverse_mills((self.margin - omega) / np.sqrt(overlaps[0])) / np.sqrt(overlaps[0])
        return float((WEIGHTS * self.g_ref) @ g @ WEIGHTS)

    def residual(self, unknown: Array, distance: float) -> Array:
        """Return the mismatch of the three saddle-point equations for (v, t_hat, p_hat)."""
        v, t_hat, _ = unknown
        overlaps = self.overlaps(self.field(unknown))
        weights, x = self.energetic_grid(overlaps)
        g = inverse_mills(x) / np.sqrt(overlaps[0])
        weighted = weights * g
        t_hat_new = self.load * (self.g_ref @ weighted.sum(axis=1))
        v_new = self.load * (weighted * g).sum() - t_hat**2 / self.q_hat_ref
        return np.array([v_new - v, t_hat_new - t_hat, overlaps[1] / (2 * distance) - 1])

    def solve(self, distance: float, start: Array) -> Array:
        """Return (v, t_hat, p_hat) at one distance."""
        found = root(self.residual, start, args=(distance,), tol=1e-11)
        if not np.abs(found.fun).max() < 1e-8:
            raise RuntimeError(f"no saddle found at distance {distance}: {found.message}")
        return found.x

    def values(self, unknown: Array) -> tuple[float, float]:
        """Return the local entropy and its derivative with respect to the distance at a saddle."""
        v, t_hat, p_hat = unknown
        field = self.field(unknown)
        overlaps = self.overlaps(field)
        a, b, e, _ = overlaps
        weights, x = self.energetic_grid(overlaps)
        q_hat = max(v, 0.0) + t_hat**2 / self.q_hat_ref
        entropic = (self.weight_entropic * log_two_cosh(field)).sum()
        energetic = (weights * log_ndtr(-x)).sum()
        local_entropy = t_hat * (self.q_ref - e) - p_hat * (1 - b) - q_hat * a / 2 + entropic + self.load * energetic
        return local_entropy, 2 * (p_hat - self.load * self.energetic_slope(overlaps))


def follow(problem: FranzParisi, distances: Array) -> Array:
    """Return the saddles (v, t_hat, p_hat) at distances in decreasing order, each started from the one before."""
    n_bridge = 2 + int(abs(np.log(distances[0] / START_DISTANCE)) / 0.15)
    unknown = np.array([0.3, 0.6, 0.9]) * problem.q_hat_ref
    for distance in np.geomspace(START_DISTANCE, distances[0], n_bridge):
        unknown = problem.solve(distance, unknown)
    saddles = np.empty((distances.size, 3))
    for i, distance in enumerate(distances):
        saddles[i] = unknown = problem.solve(distance, unknown)
    return saddles


def local_entropy_profile(
    load: float, reference_margin: float, margin: float, distances: ArrayLike
) -> tuple[Array, Array]:
    """Return the local entropy and its derivative in d at the given distances, in the order given."""
    distances = np.asarray(distances, dtype=float)
    problem = FranzParisi(load, reference_margin, margin)
    order = np.argsort(-distances)
    profile = np.empty((distances.size, 2))
    profile[order] = [problem.values(saddle) for saddle in follow(problem, distances[order])]
    return profile[:, 0], profile[:, 1]


def smallest_derivative(load: float) -> float:
    """Return the interior minimum over d of the entropy's derivative around maximum-margin solutions, at margin 0."""
    problem = FranzParisi(load, maximum_margin(load), 0.0)
    distances = np.geomspace(0.1, 1e-3, 40)
    saddles = follow(problem, distances)
    derivative = np.array([problem.values(saddle)[1] for saddle in saddles])
    minima = np.flatnonzero((derivative[1:-1] < derivative[:-2]) & (derivative[1:-1] < derivative[2:])) + 1
    if minima.size == 0:
        raise RuntimeError(f"the derivative has no interior minimum at load {load}")
    i = minima[np.argmin(derivative[minima])]
    refined = minimize_scalar(
        lambda log_d: problem.values(problem.solve(np.exp(log_d), saddles[i]))[1],
        bounds=(np.log(distances[i + 1]), np.log(distances[i - 1])),
        method="bounded",
        options={"xatol": 1e-4},
    )
    return float(refined.fun)


def dense_core_threshold() -> float:
    """Return the load at which the profile around maximum-margin solutions stops being monotone (counted margin 0)."""
    return brentq(smallest_derivative, 0.71, 0.745, xtol=1e-5)
