"""Thresholds: the paper's digits, their defining conditions checked on raw profiles, and their order."""

import numpy as np
import pytest

from benchmarks import plain_scipy
from perceptron.base.results import Status
from perceptron.theory.franz_parisi.branch import franz_parisi_branch, unchecked_branch
from perceptron.theory.franz_parisi.phase_diagram import phase_diagram
from perceptron.theory.franz_parisi.thresholds import (
    counted_margin_threshold,
    dense_core_load,
    isolation_load,
    kappa_min,
    kappa_u,
    phases,
)
from perceptron.theory.typical.solutions import capacity, maximum_margin


@pytest.fixture(scope="module")
def core():
    return dense_core_load()


@pytest.fixture(scope="module")
def isolation():
    return isolation_load()


def interior(load, reference_margin, margin=0.0, smallest=3e-4):
    branch = unchecked_branch(load, reference_margin, margin)
    return [branch.at(float(d)) for d in np.geomspace(0.9 * branch.d_star.value, smallest, 150)]


def test_the_papers_thresholds(core):  # PRL 127, 278301 (2021), within its digits
    assert core.value == pytest.approx(0.729, abs=5e-4)
    assert kappa_min(0.5).value == pytest.approx(0.03, abs=5e-3)
    assert kappa_u(0.5).value == pytest.approx(0.04, abs=5e-3)
    assert franz_parisi_branch(0.5, maximum_margin(0.5).value).d_star.value == pytest.approx(0.285, abs=5e-4)
    for solution in (core, kappa_min(0.5), kappa_u(0.5), maximum_margin(0.5), capacity()):
        assert solution.status is Status.CONVERGED
        assert solution.error < 1e-7


@pytest.mark.parametrize(("load", "monotone"), [(0.71, True), (0.727, True), (0.735, False)])
def test_maximum_margin_profiles_are_monotone_up_to_the_core_load(load, monotone):
    slopes = [point.derivative for point in interior(load, maximum_margin(load).value)]
    assert (min(slopes) > 0.0) is monotone


def test_maximum_margin_profiles_turn_negative_beyond_the_isolation_load(isolation):
    for load, negative in ((isolation.value - 1e-3, False), (isolation.value + 1e-3, True), (0.78, True)):
        lowest = min(point.local_entropy for point in interior(load, maximum_margin(load).value))
        assert (lowest < 0.0) is negative


@pytest.mark.parametrize("load", [0.3, 0.5, 0.7])
def test_profiles_change_character_exactly_at_the_thresholds(load):
    lower, upper = kappa_min(load).value, kappa_u(load).value
    for sign in (-1.0, 1.0):
        slopes = [p.derivative for p in interior(load, upper * (1.0 + 1e-3 * sign), smallest=5e-5)]
        values = [p.local_entropy for p in interior(load, lower * (1.0 + 1e-3 * sign), smallest=5e-5)]
        assert (min(slopes) > 0.0) is (sign > 0.0)
        assert (min(values) > 0.0) is (sign > 0.0)


@pytest.mark.parametrize("load", [0.3, 0.5, 0.7])
def test_the_touching_point_is_a_double_zero(load):
    for solution, order in ((kappa_min(load), 0), (kappa_u(load), 1)):
        branch, d = franz_parisi_branch(load, solution.value), solution.distance
        below, at, above = (branch.at(d * factor) for factor in (0.99, 1.0, 1.01))
        if order == 0:
            assert at.local_entropy == pytest.approx(0.0, abs=1e-11)
            assert at.derivative == pytest.approx(0.0, abs=1e-8)
            assert min(below.local_entropy, above.local_entropy) > at.local_entropy
        else:
            assert at.derivative == pytest.approx(0.0, abs=1e-9)
            assert d * at.second_derivative == pytest.approx(0.0, abs=1e-8)
            assert min(below.derivative, above.derivative) > at.derivative


def test_thresholds_meet_the_maximum_margin_at_the_two_loads(core, isolation):
    assert kappa_u(core.value - 1e-6).value == pytest.approx(maximum_margin(core.value).value, abs=1e-5)
    assert kappa_min(isolation.value - 1e-6).value == pytest.approx(maximum_margin(isolation.value).value, abs=1e-5)
    assert 0.729 < core.value < isolation.value < capacity().value
    assert core.distance == pytest.approx(kappa_u(core.value - 1e-6).distance, rel=1e-3)


def test_a_threshold_above_the_maximum_margin_does_not_exist():
    for solution in (kappa_u(0.74), kappa_min(0.8), kappa_u(0.8), kappa_u(0.5, 0.5)):
        assert solution.status is Status.NO_SUCH_THRESHOLD
        assert np.isnan(solution.value)


@pytest.mark.parametrize("margin", [0.1, 0.2])
def test_raising_the_counted_margin_undoes_raising_the_reference(margin):
    """The third transition is the inverse of κ̃_u(α; κ) in κ."""
    reference = kappa_u(0.5, margin)
    assert reference.value > margin
    counted = counted_margin_threshold(0.5, reference.value)
    assert counted.value == pytest.approx(margin, abs=1e-8)
    assert counted.distance == pytest.approx(reference.distance, rel=1e-5)


def test_the_core_load_falls_with_the_counted_margin(core):
    loads = [core.value, dense_core_load(0.2).value, dense_core_load(0.5).value]
    assert np.all(np.diff(loads) < 0.0)
    load = loads[1]
    assert kappa_u(load - 1e-6, 0.2).value == pytest.approx(maximum_margin(load).value, abs=1e-5)


@pytest.mark.parametrize(
    ("reference_margin", "phase"),
    [(0.0, "isolated"), (0.02, "isolated balls"), (0.032, "entropically isolated balls"), (0.1, "dense")],
)
def test_phases_of_reference_margins_at_half_load(reference_margin, phase):
    found = phases(0.5, 0.0, reference_margin)
    assert found.phase == phase
    assert found.kappa_min.value < found.kappa_u.value < found.kappa_max.value
    if found.negative_interval is None:
        assert "isolated balls" not in phase or phase.startswith("entropically")
        return
    branch = franz_parisi_branch(0.5, reference_margin)
    lower, upper = found.negative_interval
    assert branch.at(upper.value).local_entropy == pytest.approx(0.0, abs=1e-13)
    assert branch.at(upper.value * 1.01).local_entropy > 0.0
    assert branch.at(upper.value * 0.99).local_entropy < 0.0
    if phase == "isolated":
        assert lower.value == 0.0
    else:
        assert branch.at(lower.value).local_entropy == pytest.approx(0.0, abs=1e-13)
        assert branch.at(lower.value * 0.99).local_entropy > 0.0
        assert branch.at(lower.value * 1.01).local_entropy < 0.0


def test_beyond_the_capacity_there_is_nothing_to_count():
    found = phases(0.9)
    assert found.phase == "no solutions"
    assert found.negative_interval is None
    assert found.kappa_u.status is Status.NO_SUCH_THRESHOLD


def test_an_independent_dense_quadrature_sees_the_core_load(core):
    """Its own maximum margin, its own saddles: the smallest slope vanishes there and falls by 38 per unit of load."""
    at, beyond = (plain_scipy.smallest_derivative(core.value + shift) for shift in (0.0, 1e-3))
    assert beyond < -0.03
    assert abs(at / beyond) * 1e-3 < 1e-9  # the distance of its zero from ours, in load


def test_the_phase_diagram_collects_the_thresholds():
    diagram = phase_diagram([0.8, 0.5])
    assert diagram.status is Status.CONVERGED
    assert diagram.loads.tolist() == [0.5, 0.8]
    assert diagram.kappa_u == (kappa_u(0.5), diagram.kappa_u[1])
    assert diagram.kappa_u[1].status is Status.NO_SUCH_THRESHOLD
    assert diagram.kappa_max == (maximum_margin(0.5), maximum_margin(0.8))


@pytest.mark.slow
@pytest.mark.parametrize("load", np.linspace(0.3, 0.72, 8))
def test_thresholds_exist_in_order_for_all_loads_below_the_core(load):
    lower, upper, end = kappa_min(load), kappa_u(load), maximum_margin(load)
    assert 0.0 < lower.value < upper.value < end.value
    assert max(lower.error, upper.error) < 1e-7


@pytest.mark.parametrize("load", [0.0, -1.0, np.nan, "0.5"])
def test_bad_loads_are_named(load):
    for solve in (kappa_min, kappa_u, phases, lambda x: phase_diagram([x])):
        with pytest.raises(ValueError, match=r"load.* .*allowed"):
            solve(load)
