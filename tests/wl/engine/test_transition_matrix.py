"""The likeliest ln g of proposals against exact densities, over many decades, and the coverage of its errors."""

import math

import numpy as np
import pytest
from scipy import sparse

from wl.engine.estimators import transition_matrix
from wl.engine.estimators.proposal_blocks import ProposalBlocks
from wl.engine.estimators.transition_matrix import log_g_of_transitions, transition_counts
from wl.engine.kernels.transitions import Transitions, add_count
from wl.engine.windows.walkers import enlarged, new_transitions


def flip_counts(n_spins, scale=1.0):
    """Expected proposals of single flips of free spins, by the number of spins up; exact rows C(N, k)-stationary."""
    counts = np.zeros((n_spins + 1, n_spins + 1))
    for up in range(n_spins + 1):
        if up:
            counts[up, up - 1] = scale * up
        if up < n_spins:
            counts[up, up + 1] = scale * (n_spins - up)
    return counts


@pytest.mark.parametrize("n_spins", [1, 2, 60, 2000])
def test_free_spins_over_many_decades(n_spins):
    """ln C(N, k) spans 1383 nats at N = 2000."""
    log_g = log_g_of_transitions(sparse.csr_array(flip_counts(n_spins)))
    exact = [math.lgamma(n_spins + 1) - math.lgamma(k + 1) - math.lgamma(n_spins - k + 1) for k in range(n_spins + 1)]
    assert log_g - log_g[0] == pytest.approx(exact, rel=1e-12, abs=1e-9)


def reversible_counts(n_bins, seed, decades=30.0):
    """Expected proposals C_IJ = H_I T_IJ with g_I T_IJ = g_J T_JI for a random g; every bin proposes every other."""
    rng = np.random.default_rng(seed)
    log_g = np.sort(rng.uniform(0.0, decades * math.log(10.0), n_bins))
    flow = rng.uniform(0.5, 1.5, (n_bins, n_bins))
    flow = flow + flow.T
    # g_I T_IJ is symmetric; the rarer of two bins has the larger chance
    chance = flow * np.exp(np.minimum(log_g[None, :] - log_g[:, None], 0.0)) / (8.0 * n_bins)
    visits = rng.uniform(1.0, 3.0, n_bins)
    np.fill_diagonal(chance, 0.0)
    np.fill_diagonal(chance, 1.0 - chance.sum(axis=1))
    return visits[:, None] * chance, log_g


@pytest.mark.parametrize("banded", [True, False])
def test_any_reversible_walk(banded, monkeypatch):
    """Both ways to solve; counts that fulfil detailed balance exactly give g exactly."""
    if not banded:
        monkeypatch.setattr(transition_matrix, "MOST_BAND_WORK", 0.0)
    counts, exact = reversible_counts(40, 1, decades=8.0)
    log_g = log_g_of_transitions(sparse.csr_array(counts))
    assert log_g - log_g[0] == pytest.approx(exact - exact[0], abs=1e-6)


def test_rare_ways_into_a_bin_do_not_spoil_it():
    """Moves that reach far, as those of a perceptron: the ways out of a rare bin tell what flows into it.

    The rms deviation at the rarest bin is 0.06. For the stationary vector of the rows C/H, which misses what comes from
    bins that never happened to propose the rare one, it is 1.3.
    """
    counts, exact = reversible_counts(30, 2, decades=12.0)
    chance = counts / counts.sum(axis=1, keepdims=True)
    rng, deviations = np.random.default_rng(3), []
    for _ in range(20):
        drawn = np.stack([rng.multinomial(200_000, row) for row in chance])
        deviation = log_g_of_transitions(sparse.csr_array(drawn)) - exact
        deviations.append(deviation[0] - deviation.mean())
    assert np.sqrt(np.mean(np.square(deviations))) < 0.1


def test_bins_without_way_back_are_left_out():
    """A bin entered once and never left is unknown; its proposals count as staying."""
    counts = flip_counts(6)
    larger = np.zeros((8, 8))
    larger[:7, :7] = counts
    larger[3, 7] = 1.0
    log_g = log_g_of_transitions(sparse.csr_array(larger))
    assert np.isnan(log_g[7])
    assert np.isfinite(log_g[:7]).all()


def test_hash_table_keeps_every_count():
    """Random keys, against a dictionary, through enlargements."""
    keys = np.random.default_rng(3).integers(0, 500, size=5000)
    table = new_transitions(64)
    expected = {}
    with np.errstate(over="ignore"):
        for key in keys:
            if table.used[0] + 1 > table.entries.shape[0] // 2:
                table = enlarged(table, 2 * table.entries.shape[0])
            add_count(table, int(key), 1)
            expected[int(key)] = expected.get(int(key), 0) + 1
    counts = transition_counts([table], 23)
    assert {int(r) * 23 + int(c): int(n) for r, c, n in zip(*counts.nonzero(), counts.data, strict=True)} == expected


def test_jackknife_error_of_the_blocks():
    """Blocks of multinomial proposals: deviations from the truth have the stated size."""
    rng = np.random.default_rng(4)
    probability = flip_counts(12) / 12.0
    exact = np.array([math.log(math.comb(12, k)) for k in range(13)])
    z = []
    for _ in range(60):
        blocks = ProposalBlocks(13, 1000)
        for _ in range(12):
            draws = np.stack([rng.multinomial(400, row) for row in probability])
            blocks.add([table_of(draws)])
        value, error = blocks.log_g([new_transitions(0)])
        z.append(((value - value.mean()) - (exact - exact.mean())) / error)
    assert np.mean(np.square(z)) == pytest.approx(1.0, abs=0.35)


def table_of(draws):
    rows, columns = draws.nonzero()
    entries = np.stack([rows * 13 + columns, draws[rows, columns]], axis=1).astype(np.int64)
    return Transitions(entries, np.array([len(entries)]))


def test_blocks_join_and_come_back():
    blocks = ProposalBlocks(13, 1000)
    first = blocks.length
    for number in range(1, 40):
        blocks.add([table_of((number * flip_counts(12)).astype(np.int64))])
    assert blocks.length > first
    copy = ProposalBlocks(13, 1000)
    copy.restore(blocks.arrays())
    empty = [new_transitions(0)]
    assert (copy.total(empty) != blocks.total(empty)).nnz == 0
    assert copy.next_end == blocks.next_end
