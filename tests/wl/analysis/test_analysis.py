"""Curves along a landscape of independent spins, where everything is a binomial."""

import math

import numpy as np
import pytest
from flat_runs import landscape, sampled

from wl.analysis.curves import equilibrium_curve, marginal, maximum_entropy_curve
from wl.systems.free_spins import free_spins


@pytest.fixture(scope="module")
def spins():
    """Distance of 12 spins to a reference of sum 0, and their magnetisation."""
    reference = np.repeat([1, -1], 6)
    return landscape(sampled(free_spins(12, reference), ["hamming_distance", "magnetization"], 3e6, 1))


def test_equilibrium_of_free_spins(spins):
    # d of 12 spins differ from a reference of sum 0: the mean of m is 0 for every d, by symmetry
    curve = equilibrium_curve(spins)
    inner = slice(1, 12)
    assert np.all(np.abs(curve.value[inner]) < 5.0 * curve.error[inner])
    assert curve.value[[0, 12]] == pytest.approx([0.0, 0.0], abs=1e-12)
    assert np.all(curve.error[inner] < 0.1)
    highest = maximum_entropy_curve(spins)
    assert np.all(highest.value[::2] == 0.0)
    assert np.all(np.abs(highest.value[1::2]) == 2.0)


def test_marginal_of_free_spins(spins):
    # every level within 4.5 standard errors: 1e-4 of the seeds fail; that of the largest is below 0.02
    found = marginal(spins)
    exact = np.log([math.comb(12, d) for d in range(13)])
    assert np.all(np.abs(found.value - exact) < 4.5 * found.error)
    assert found.error.max() < 0.05
