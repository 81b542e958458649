"""Local stability: literature, eigenvalues that pass 1 where they should, and flags on every result."""

import dataclasses
import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from perceptron.base.results import ConvergenceError, Solution, Status, stability_in_words, worst
from perceptron.kernels.typical.constraints import SymmetricWindow
from perceptron.kernels.typical.spherical import DiscreteWeights, SphericalWeights
from perceptron.theory.digits import arbitrary_precision
from perceptron.theory.franz_parisi.branch import franz_parisi_branch
from perceptron.theory.franz_parisi.stability import (
    largest_replicon,
    stability_load,
    stable_reference_margin,
    unstable_interval,
)
from perceptron.theory.overview import named_thresholds
from perceptron.theory.typical import solutions as replica_symmetric
from perceptron.theory.typical.solutions import capacity, maximum_margin, typical_solutions
from perceptron.theory.typical.symmetric_perceptron import isolation_distance, window_local_entropy
from perceptron.theory.typical.teacher_student import generalisation, spinodal_load


def test_typical_solutions_lose_stability_beyond_the_capacity():
    """Krauth and Mézard (1989): replica symmetry is stable up to 1.015 at κ = 0."""
    solution = stability_load()
    assert round(solution.value, 3) == 1.015
    assert typical_solutions(solution.value).replicon.value == pytest.approx(1.0, abs=1e-11)
    assert typical_solutions(solution.value - 1e-3).replicon.value < 1.0 < typical_solutions(1.016).replicon.value
    assert solution.error < 1e-11


@pytest.mark.parametrize("margin", [-0.5, 0.0, 0.5, 1.0])
def test_the_capacity_is_stable_at_all_margins(margin):
    assert capacity(margin).is_stable
    assert capacity(margin).value < stability_load(margin).value


def test_profiles_around_references_of_the_same_margin_are_unstable_at_small_distances():
    branch = franz_parisi_branch(0.5, 0.0)
    lower, upper = unstable_interval(branch)
    assert math.isinf(lower.error)  # the branch ends there
    assert branch.at(upper.value).replicon == pytest.approx(1.0, abs=1e-9)
    assert branch.at(1.01 * upper.value).replicon < 1.0 < branch.at(0.99 * upper.value).replicon


def test_an_unstable_interval_has_two_ends_where_references_have_a_slightly_larger_margin():
    branch = franz_parisi_branch(0.5, 0.01)
    lower, upper = unstable_interval(branch)
    for end in (lower, upper):
        assert branch.at(end.value).replicon == pytest.approx(1.0, abs=1e-9)
        assert end.error < 1e-9
    inside = [branch.at(d).replicon for d in np.geomspace(1.01 * lower.value, 0.99 * upper.value, 9)]
    assert min(inside) > 1.0
    assert unstable_interval(franz_parisi_branch(0.5, 0.1)) is None


def test_the_stable_reference_margin_separates_profiles():
    solution = stable_reference_margin(0.5)
    assert solution.status is Status.CONVERGED
    assert solution.error < 1e-7
    for factor, stable in ((0.98, False), (1.02, True)):
        branch = franz_parisi_branch(0.5, factor * solution.value)
        assert (unstable_interval(branch) is None) == stable
        assert (largest_replicon(branch)[0] < 1.0) == stable
    at = franz_parisi_branch(0.5, solution.value).at(solution.distance)
    assert at.replicon == pytest.approx(1.0, abs=1e-6)


def test_at_large_loads_even_maximum_margin_references_are_unstable():
    assert stable_reference_margin(0.8).status is Status.NO_SUCH_THRESHOLD
    assert largest_replicon(franz_parisi_branch(0.8, maximum_margin(0.8).value))[0] > 1.0


def test_every_threshold_says_whether_it_is_stable():
    found = dict(named_thresholds())
    flags = {name: value.is_stable for name, value in found.items() if isinstance(value, Solution)}
    unstable = {"alpha_u_infinite_replicas", "alpha_u_reference", "alpha_u"}
    assert flags == {name: name not in unstable for name in flags}
    assert len(flags) == 10


def test_the_capacity_of_the_sphere_below_margin_zero_says_that_it_is_unstable():
    """Beyond margin 0 the replicon at the end is H(-κ)/s(κ) with s = ∫Dz (κ+z)₊², by quadrature."""
    found = capacity(-0.5, prior=SphericalWeights())
    excess = quad(lambda z: (z - 0.5) ** 2 * norm.pdf(z), 0.5, np.inf)[0]
    assert found.replicon == pytest.approx(norm.sf(0.5) / excess, rel=1e-9)
    assert found.is_stable is False
    assert stability_in_words(found.replicon) == "unstable"
    assert "replica symmetry is unstable" in str(found)
    assert "unstable" not in str(capacity(0.5, prior=SphericalWeights()))


def test_students_are_marginal_where_their_branch_ends():
    """On the Nishimori line the replicon is the slope of q̂ -> q -> q̂, which is 1 where two roots meet."""
    spinodal = spinodal_load()
    assert spinodal.replicon == pytest.approx(1.0, abs=1e-7)
    assert stability_in_words(spinodal.replicon) == "marginal"
    below = [generalisation(spinodal.value - gap).students.replicon.value for gap in (0.1, 1e-2, 1e-3)]
    assert np.all(np.diff([*below, spinodal.replicon]) > 0.0)


def test_the_end_of_isolation_carries_the_replicon_of_its_saddle():
    found = isolation_distance(1.0, 1.0)
    there = window_local_entropy(1.0, 1.0, found.value).saddle
    assert found.replicon == pytest.approx(there.replicon.value, rel=1e-12)
    assert found.is_stable is there.is_stable


def test_more_digits_of_a_threshold_say_whether_it_is_stable():
    for precise, double in (
        (arbitrary_precision.capacity(0, 15), capacity()),
        (arbitrary_precision.maximum_margin("0.5", 15), maximum_margin(0.5)),
        (arbitrary_precision.typical_solutions("0.9", 0, 15).entropy, typical_solutions(0.9)),
    ):
        replicon = getattr(double.replicon, "value", double.replicon)
        assert precise.replicon == pytest.approx(replicon, rel=1e-11)
        assert precise.is_stable is double.is_stable is True
    assert arbitrary_precision.typical_solutions("1.2", 0, 15).entropy.is_stable is False


def test_weights_that_may_be_zero_have_no_capacity_where_zero_is_inside_the_constraint():
    """With at most √N |κ| weights that are not zero |Δ| <= |κ|, whatever the patterns are."""
    ternary = DiscreteWeights((-1.0, 0.0, 1.0))
    for constraint in (-0.5, -0.1, SymmetricWindow(0.3)):
        assert capacity(constraint, prior=ternary).status is Status.NO_SUCH_THRESHOLD
    assert capacity(0.0, prior=ternary).value == pytest.approx(1.1744819, abs=1e-7)
    assert capacity(-0.1, prior=DiscreteWeights((-1.0, 1.0))).value == pytest.approx(capacity(-0.1).value, rel=1e-10)


def test_a_capacity_whose_saddle_does_not_converge_is_returned_where_asked_for(monkeypatch):
    def failing(*arguments):
        found = honest(*arguments)
        return dataclasses.replace(found, status=Status.NOT_CONVERGED) if abs(found.entropy.value) < 1e-9 else found

    honest = replica_symmetric._solve
    monkeypatch.setattr(replica_symmetric, "_solve", failing)
    assert capacity(0.123456, throw=False).status is Status.NOT_CONVERGED
    assert maximum_margin(0.4123, throw=False).status is Status.NOT_CONVERGED
    with pytest.raises(ConvergenceError):
        capacity(0.123456)
    replica_symmetric._capacity.cache_clear()
    replica_symmetric._maximum_margin.cache_clear()


def test_the_worst_status_is_that_of_the_whole():
    order = [Status.EXACT, Status.NO_SUCH_THRESHOLD, Status.END_OF_BRANCH, Status.NOT_SOLVED, Status.NOT_CONVERGED]
    for k, status in enumerate([*order, Status.INTERRUPTED]):
        found = worst([Status.CONVERGED, status, *order[:k]])
        assert found is (Status.CONVERGED if status is Status.EXACT else status)
    assert worst([]) is Status.CONVERGED


@pytest.mark.parametrize("bad", [math.nan, "0", None])
def test_bad_arguments_are_named(bad):
    for solve in (stability_load, stable_reference_margin):
        with pytest.raises(ValueError, match=r"(load|margin) = .*allowed"):
            solve(bad)
