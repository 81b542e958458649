"""Saddles of coupled solutions at a given load and distance: Newton's method, and continuation in the distance.

Everything is explicit in the conjugates (`perceptron.kernels.coupled.terms`), so the equations are few:

    ln α = ln load,  ln d = ln distance,  F_E = 0 where y is free,  ∂F/∂q₁ = 0 where there is a reference,

in the unknowns ln q̂₁, δ̂, ln y (where free) and p̂ (with a reference). A branch starts next to the typical solutions,
whom coupling does not move: q₁ = q₀ = q, δ̂ = p̂ = 0. From there it is followed to smaller distances.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from perceptron.kernels.coupled.terms import Coupled, coupled_flat
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.theory.typical.solutions import typical_solutions

__all__ = ["CoupledBranch", "Ensemble", "Root", "first_root", "newton"]

STEP = 1e-6  # of forward differences, in the unknowns
LONGEST_NEWTON_STEP = 0.5
MAX_ITERATIONS, MAX_HALVINGS = 30, 8
TOLERANCE = 1e-11  # aimed at
ACCEPTED = 100.0 * TOLERANCE
FIRST_DELTA_HAT = 0.02
FIRST_P_HATS = (0.05, 0.1, 0.2, 0.4)
LONGEST_STEP, SHORTEST_STEP = 0.35, 1e-3  # in ln d
FEW_REPLICAS = (20.0, 7.0, 60.0, 250.0, 3.0)  # at one of which F_E changes sign along a branch
SMALLEST_DISTANCE = 0.02  # of the search for that change
LARGEST_LOG_Q_HAT, LARGEST_LOG_Y = 5.0, 8.0

Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Root:
    """Where Newton's method ended: the unknowns, the residuals there, the inverse Jacobian, and how it went."""

    unknowns: np.ndarray
    residuals: np.ndarray
    inverse: np.ndarray
    iterations: int
    converged: bool


def newton(function: Function, start: np.ndarray) -> Root:
    """Newton's method with forward differences; steps are cut to a length and halved until the residual falls."""
    x, value = start, function(start)
    inverse = np.full((x.size, x.size), np.nan)
    for iteration in range(1, MAX_ITERATIONS + 1):
        size = float(np.max(np.abs(value)))
        jacobian = np.column_stack([(function(x + shift) - value) / STEP for shift in STEP * np.eye(x.size)])
        if not np.all(np.isfinite(jacobian)) or np.linalg.det(jacobian) == 0.0:
            break
        inverse = np.linalg.inv(jacobian)
        if size <= TOLERANCE:
            break
        step = -inverse @ value
        step *= min(1.0, LONGEST_NEWTON_STEP / float(np.max(np.abs(step))))
        for _ in range(MAX_HALVINGS):
            trial = function(x + step)
            if float(np.max(np.abs(trial))) < size:  # false for nan
                break
            step = 0.5 * step
        else:
            break
        x, value = x + step, trial
    return Root(x, value, inverse, iteration, bool(np.max(np.abs(value)) <= ACCEPTED))


@dataclass(frozen=True, slots=True)
class Ensemble:
    """What is coupled: solutions of margin κ at load α, to a reference or not, y of them (None: as F_E = 0 asks)."""

    load: float
    margin: float
    n_replicas: float | None
    has_reference: bool

    def replicas(self, x: np.ndarray) -> tuple[tuple[float, float, float], float]:
        """(q̂₁, δ̂, p̂) and y of the unknowns; y = 0, which is no saddle, where they are absurd."""
        p_hat = float(x[-1]) if self.has_reference else 0.0
        if x[0] > LARGEST_LOG_Q_HAT or (self.n_replicas is None and x[2] > LARGEST_LOG_Y):
            return (1.0, 1.0, p_hat), 0.0
        y = math.exp(x[2]) if self.n_replicas is None else self.n_replicas
        return (math.exp(x[0]), float(x[1]), p_hat), y

    def at(self, x: np.ndarray, refinement: float = 1.0) -> Coupled:
        """All quantities at the unknowns."""
        conjugates, y = self.replicas(x)
        return Coupled(*coupled_flat(MarginStep(self.margin), conjugates, y, self.has_reference, refinement))

    def residuals(self, x: np.ndarray, distance: float | None, refinement: float = 1.0) -> np.ndarray:
        """What must vanish, without an equation for the distance where there is none."""
        c = self.at(x, refinement)
        if not (c.load > 0.0 and c.one_minus_overlap > 0.0):
            return np.full(x.size, np.nan)
        residuals = [math.log(c.load / self.load)]
        if self.n_replicas is None:
            residuals.append(c.external_entropy)
        if self.has_reference:
            residuals.append(c.overlap_slope)
        if distance is not None:
            residuals.append(math.log(c.one_minus_overlap / (2.0 * distance)))
        return np.array(residuals)


def first_root(ensemble: Ensemble) -> Root:
    """The saddle next to the typical solutions, at a small given δ̂ and not at a given distance; y is fixed."""
    q_hat = typical_solutions(ensemble.load, ensemble.margin).q_hat.value

    def residuals(x: np.ndarray) -> np.ndarray:
        return ensemble.residuals(np.insert(x, 1, FIRST_DELTA_HAT), None)[: x.size]

    for p_hat in FIRST_P_HATS:
        start = [math.log(q_hat), p_hat] if ensemble.has_reference else [math.log(q_hat)]
        root = newton(residuals, np.array(start))
        if root.converged and (not ensemble.has_reference or root.unknowns[1] > 0.0):
            break
    unknowns = np.insert(root.unknowns, 1, FIRST_DELTA_HAT)
    return Root(unknowns, root.residuals, root.inverse, root.iterations, root.converged)


@dataclass(slots=True)
class CoupledBranch:
    """The saddle as a function of distance; remembers every saddle it has solved, by distance."""

    ensemble: Ensemble
    roots: dict[float, Root] = field(default_factory=dict)
    ends: set[tuple[float, bool]] = field(default_factory=set)

    def start(self) -> bool:
        """Find the first saddle; false where there is none to start from."""
        if self.ensemble.n_replicas is not None:
            return self._remember(first_root(self.ensemble))
        for n_replicas in FEW_REPLICAS:
            root = self._balanced(n_replicas)
            if root is not None and self._remember(root):
                return True
        return False

    def _remember(self, root: Root) -> bool:
        if root.converged:
            self.roots[0.5 * self.ensemble.at(root.unknowns).one_minus_overlap] = root
        return root.converged

    def _balanced(self, n_replicas: float) -> Root | None:
        """The saddle with F_E = 0 and free y next to where F_E turns negative on the way down at fixed y."""
        e = self.ensemble
        fixed = CoupledBranch(Ensemble(e.load, e.margin, n_replicas, e.has_reference))
        if not fixed.start():
            return None
        distance = next(iter(fixed.roots))
        while distance > SMALLEST_DISTANCE:
            distance *= math.exp(-LONGEST_STEP)
            root, reached = fixed.follow(distance)
            if not reached:
                return None
            if fixed.ensemble.at(root.unknowns).external_entropy < 0.0:
                start = np.insert(root.unknowns, 2, math.log(n_replicas))
                return newton(functools.partial(e.residuals, distance=distance), start)
        return None

    def follow(self, distance: float) -> tuple[Root, bool]:
        """Continue from the nearest known saddle; returns the last saddle and whether `distance` was reached."""
        known = sorted(self.roots, key=lambda d: abs(math.log(d / distance)))
        here, previous, step = known[0], known[min(1, len(known) - 1)], LONGEST_STEP
        while here != distance:
            remaining = math.log(distance / here)
            if (here, remaining > 0.0) in self.ends:
                return self.roots[here], False
            step = min(step, abs(remaining))
            target = distance if step == abs(remaining) else here * math.exp(math.copysign(step, remaining))
            start = self._predicted(here, previous, target)
            root = newton(functools.partial(self.ensemble.residuals, distance=target), start)
            if root.converged and self._is_valid(root.unknowns):
                self.roots[target] = root
                previous, here, step = here, target, min(LONGEST_STEP, 2.0 * step)
            else:
                step *= 0.4
                if step < SHORTEST_STEP:
                    self.ends.add((here, remaining > 0.0))
        return self.roots[distance], True

    def _predicted(self, here: float, previous: float, target: float) -> np.ndarray:
        """Straight on in ln d, but for δ̂, which stays positive."""
        x, before = self.roots[here].unknowns, self.roots[previous].unknowns
        if here == previous:
            return x
        predicted = x + (x - before) * math.log(target / here) / math.log(here / previous)
        predicted[1] = max(predicted[1], 0.1 * x[1])
        return predicted

    def _is_valid(self, x: np.ndarray) -> bool:
        return not self.ensemble.has_reference or x[-1] >= 0.0
