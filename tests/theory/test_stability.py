"""Local stability: literature, eigenvalues that pass 1 where they should, and flags on every result."""

import math

import numpy as np
import pytest

from perceptron.solution import Solution, Status
from perceptron.theory.franz_parisi import franz_parisi_branch
from perceptron.theory.replica_symmetric import capacity, maximum_margin, typical_solutions
from perceptron.theory.stability import largest_replicon, stability_load, stable_reference_margin, unstable_interval
from perceptron.theory.thresholds import named_thresholds


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


@pytest.mark.parametrize("bad", [math.nan, "0", None])
def test_bad_arguments_are_named(bad):
    for solve in (stability_load, stable_reference_margin):
        with pytest.raises(ValueError, match=r"(load|margin) = .*allowed"):
            solve(bad)
