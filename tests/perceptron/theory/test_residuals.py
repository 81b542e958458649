"""A root that has converged has a residual within the tolerance it reports, a finite value and a finite error."""

import math

import numpy as np
import pytest

from perceptron import (
    SymmetricWindow,
    alpha_u_reference,
    capacity,
    counted_margin_threshold,
    dense_core_load,
    franz_parisi_branch,
    generalisation,
    isolation_distance,
    isolation_load,
    kappa_min,
    kappa_u,
    maximum_margin,
    phase_diagram,
    stability_load,
    typical_solutions,
)
from perceptron.base.results import Status
from perceptron.theory.coupled.solutions import coupled_profile
from perceptron.theory.franz_parisi import phase_diagram as diagram_module
from perceptron.theory.typical.teacher_student import perfect_learning_load, spinodal_load


def check(*found):
    for solution in found:
        if solution.status is Status.CONVERGED:
            assert abs(solution.residual) <= solution.tolerance, solution
            assert math.isfinite(solution.value), solution
            assert math.isfinite(solution.error), solution


def test_entropies_that_vanish():
    check(*(maximum_margin(load, throw=False) for load in (1e-3, 0.05, 0.5, 2.0, 10.0)))
    check(*(capacity(margin, throw=False) for margin in (-1.0, 0.0, 1.0, 3.0)), capacity(SymmetricWindow(0.5)))
    check(*(stability_load(margin) for margin in (-1.0, 0.0, 1.0)))
    check(*(isolation_distance(load, 1.0) for load in (0.2, 1.0, 1.8)), perfect_learning_load(), spinodal_load())


def test_thresholds_between_phases():
    check(kappa_u(0.3), kappa_min(0.3), kappa_u(0.45, 0.2), kappa_u(0.5, -0.3), counted_margin_threshold(0.5, 0.418))
    check(dense_core_load(), isolation_load(), alpha_u_reference())


def test_saddles():
    for share in (1e-3, 0.5, 0.99, 1.0 - 1e-9):
        found = typical_solutions(share * 4.0 / math.pi, throw=False)  # the saddle ends at α = 4/π
        assert (found.status is Status.CONVERGED) <= (abs(found.residual) <= found.tolerance)
        assert found.entropy.value <= math.log(2.0)
    branch = franz_parisi_branch(0.5, 0.2)
    points = [branch.at(float(distance), throw=False) for distance in np.geomspace(1e-6, 0.4, 12)]
    points += coupled_profile(0.5, [0.05, 0.2], 20.0).points
    for point in points:
        assert (point.status is Status.CONVERGED) <= (point.residual <= point.tolerance)


def test_a_phase_diagram_with_a_threshold_that_failed_has_not_converged(monkeypatch):
    def fails(load, margin, *, throw):
        found = kappa_min(load, margin, throw=throw)
        return type(found)(found.name, math.nan, math.nan, Status.NOT_CONVERGED, 1, 1.0, found.tolerance)

    assert phase_diagram([0.5]).status is Status.CONVERGED
    monkeypatch.setattr(diagram_module, "kappa_min", fails)
    assert phase_diagram([0.5]).status is Status.NOT_CONVERGED


@pytest.mark.parametrize("load", [0.1, 1.4, 1.49])
def test_students_before_the_spinodal_are_found(load):
    found = generalisation(load)
    assert found.students.status is Status.CONVERGED
    assert found.gibbs_error.value > 0.0
