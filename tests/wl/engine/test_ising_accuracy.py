"""The engine against Beale's exact densities of the Ising model, also jointly with the magnetisation."""

import math

import numpy as np
import pytest
from flat_runs import estimate, landscape, sampled

from benchmarks.exact_densities import ising_counts
from wl.systems.ising import ising


def exact_log_g(size):
    return np.array([math.log(count) if count else math.nan for count in ising_counts(size)])


def deviations(size, n_steps, seed, **settings):
    """ln g less its exact value, and in units of its error, over the levels that exist."""
    sampler = sampled(ising(size), ["energy"], n_steps, seed, **settings)
    value, error = estimate(sampler)
    exact = exact_log_g(size)
    exists = np.isfinite(exact)
    assert np.array_equal(np.isfinite(value), exists)  # every level found, none invented
    return (value - exact)[exists], ((value - exact) / error)[exists]


def test_small_lattice_within_a_hundredth():
    """L = 4: 4e6 trials, 64 levels; the false-alarm rate of five standard errors is below 1e-5."""
    difference, z = deviations(4, 4_000_000, 3)
    assert np.sqrt(np.mean(difference**2)) < 0.02
    assert np.abs(z).max() < 5.0


def test_all_estimators_agree_with_the_exact_density():
    """L = 8 after 1e7 trials; Wang-Landau has learned for a fifth of them only."""
    found = landscape(sampled(ising(8), ["energy"], 1e7, 5))
    exact = exact_log_g(8)
    for name, bound in (("log_g", 0.12), ("log_g_wang_landau", 0.3), ("log_g_transition_matrix", 0.12)):
        assert np.sqrt(np.nanmean((found[name].values - exact) ** 2)) < bound
    assert float(np.log(np.exp(found["log_g"] - 64 * math.log(2.0)).sum())) == pytest.approx(0.0, abs=1e-12)


def test_standard_errors_are_honest():
    """Variance of z over 24 runs, averaged over levels: 1 within its sampling error 0.29 at most, at 4 of those."""
    z = np.array([deviations(4, 500_000, 100 + run)[1] for run in range(24)])
    assert 0.4 < np.mean(z**2) < 1.6


def test_joint_density_with_the_magnetisation():
    """L = 4 by enumeration of 2¹⁶ states; Σ_E g(E, M) is a binomial."""
    sampler = sampled(ising(4), ["energy", "magnetization"], 2e7, 11)
    value, error = estimate(sampler)
    exact = joint_counts_of_four()
    exists = exact > 0
    assert np.array_equal(np.isfinite(value), exists)
    difference = value[exists] - np.log(exact[exists])
    assert np.sqrt(np.mean(difference**2)) < 0.05
    assert np.nanmax(np.abs(difference / error[exists])) < 6.0
    marginal = np.log(np.nansum(np.exp(value), axis=0))
    binomial = np.array([math.log(math.comb(16, k)) for k in range(17)])
    assert marginal == pytest.approx(binomial, abs=0.1)


def joint_counts_of_four():
    """Number of states of the 4 x 4 lattice by energy (-32 … 32 in steps of 4) and magnetisation (-16 … 16 by 2)."""
    codes = np.arange(2**16)
    spins = (2 * ((codes[:, None] >> np.arange(16)) & 1) - 1).reshape(-1, 4, 4)
    energy = -(spins * np.roll(spins, 1, 1)).sum((1, 2)) - (spins * np.roll(spins, 1, 2)).sum((1, 2))
    counts = np.zeros((17, 17))
    np.add.at(counts, ((energy + 32) // 4, (spins.sum((1, 2)) + 16) // 2), 1)
    return counts


def test_windows_with_exchange_join_to_the_exact_density():
    difference, z = deviations(8, 2e7, 7, n_windows=3, n_walkers=2)
    assert np.sqrt(np.mean(difference**2)) < 0.1
    assert np.abs(z).max() < 5.0


@pytest.mark.slow
def test_error_falls_as_the_square_root_of_time():
    """L = 8: below 0.02 at 1e8 trials, and t^(-1/2 ± 0.1) from 1e7 on.

    The error of a run is mostly one number, the height of its ends, so that eight runs leave the slope uncertain by 0.1
    (they gave 0.61); forty leave it by 0.05.
    """
    steps = np.array([1e7, 3e7, 1e8])
    rms = []
    for n_steps in steps:
        squares = [np.mean(deviations(8, n_steps, 200 + run)[0] ** 2) for run in range(40)]
        rms.append(math.sqrt(np.mean(squares)))
    print("rms error of ln g", dict(zip(steps, rms, strict=True)))
    assert rms[-1] < 0.02
    assert np.polyfit(np.log(steps), np.log(rms), 1)[0] == pytest.approx(-0.5, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(("size", "n_steps", "settings"), [(8, 1e7, {}), (16, 1e8, {"n_windows": 4, "n_walkers": 2})])
def test_standard_errors_are_honest_at_larger_sizes(size, n_steps, settings):
    """16 runs: mean z² a level is χ²/16; averaged over levels it lies within 4 · √(2/16)/2 of 1."""
    z = np.array([deviations(size, n_steps, 300 + run, **settings)[1] for run in range(16)])
    print(f"L = {size}: mean z² {np.mean(z**2):.3f}, mean z {np.mean(z):.3f}")
    assert np.mean(z**2) == pytest.approx(1.0, abs=0.7)


@pytest.mark.slow
def test_sixteen_by_replica_exchange():
    difference, z = deviations(16, 4e8, 17, n_windows=4, n_walkers=2)
    print(f"L = 16 by exchange: rms error {np.sqrt(np.mean(difference**2)):.4f}, largest |z| {np.abs(z).max():.2f}")
    assert np.sqrt(np.mean(difference**2)) < 0.1
    assert np.abs(z).max() < 5.0
