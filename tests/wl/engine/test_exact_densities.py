"""The exact densities of states that the engine is compared with, against brute force."""

import itertools
import math

import numpy as np
import pytest

from benchmarks.exact_densities import free_spins_count, ising_counts, log_share_of_box


def all_spins(number):
    return (2 * ((np.arange(2**number)[:, None] >> np.arange(number)) & 1) - 1).astype(np.int8)


@pytest.mark.parametrize("size", [3, 4])
def test_ising_counts_are_those_of_brute_force(size):
    spins = all_spins(size * size).reshape(-1, size, size)
    energies = -sum((spins * np.roll(spins, 1, axis)).sum(axis=(1, 2), dtype=int) for axis in (1, 2))
    counts = np.bincount(energies + 2 * size * size, minlength=4 * size * size + 1)
    assert not any(counts[k] for k in range(counts.size) if k % 4)
    assert counts[::4].tolist() == ising_counts(size)


def test_ising_counts_of_size_4():
    assert ising_counts(4)[:9] == [2, 0, 32, 64, 424, 1728, 6688, 13568, 20524]


@pytest.mark.parametrize("size", [3, 4, 5, 6, 7, 8, 9, 12, 16])
def test_ising_sum_rules(size):
    counts, n_spins = ising_counts(size), size * size
    energies = [-2 * n_spins + 4 * j for j in range(n_spins + 1)]
    assert sum(counts) == 2**n_spins
    assert min(counts) == 0
    assert sum(g * e for g, e in zip(counts, energies, strict=True)) == 0
    assert sum(g * e * e for g, e in zip(counts, energies, strict=True)) == 2 * n_spins * 2**n_spins  # a bond is ±1
    assert counts[:2] == [2, 0]
    if size % 2 == 0:
        assert counts == counts[::-1]
    if size > 4:  # one flipped spin; two neighbours
        assert counts[2:4] == [2 * n_spins, 4 * n_spins]


def test_free_spins_are_those_of_brute_force():
    reference = [1, -1, -1, 1, 1, -1, 1]
    spins = all_spins(7)
    magnetizations, distances = spins.sum(axis=1), (spins != reference).sum(axis=1)
    for m, d in itertools.product(range(-9, 10), range(-1, 10)):
        found = np.count_nonzero((magnetizations == m) & (distances == d))
        assert free_spins_count(reference, m, d) == found


def test_free_spins_sum_to_binomials():
    reference = [1] * 12 + [-1] * 8
    for m in range(-20, 21, 2):
        assert sum(free_spins_count(reference, m, d) for d in range(21)) == math.comb(20, (20 + m) // 2)
    for d in range(21):
        assert sum(free_spins_count(reference, m, d) for m in range(-20, 21)) == math.comb(20, d)


def test_shares_of_the_box():
    assert math.exp(log_share_of_box(1, -4.0, -2.0)) == pytest.approx(math.exp(-1.0) - math.exp(-2.0), rel=1e-14)
    assert math.exp(log_share_of_box(2, -math.inf, 0.0)) == pytest.approx(math.pi / 4, rel=1e-14)
    assert math.exp(log_share_of_box(3, -math.inf, 0.0)) == pytest.approx(math.pi / 6, rel=1e-14)
    parts = [math.exp(log_share_of_box(5, -0.1 * (k + 1), -0.1 * k)) for k in range(400)]
    assert sum(parts) == pytest.approx(math.exp(log_share_of_box(5, -40.0, 0.0)), rel=1e-12)
