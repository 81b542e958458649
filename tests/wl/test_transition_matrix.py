"""The stationary vector against linear algebra, detailed balance, and many decades."""

import math

import numpy as np
import pytest
from scipy import sparse

from wl.kernels.transitions import Transitions, add_count
from wl.proposal_blocks import ProposalBlocks
from wl.transition_matrix import _solved, log_g_of_transitions, transition_counts
from wl.walkers import enlarged, new_transitions


def flip_counts(n_spins, scale=1.0):
    """Expected proposals of single flips of free spins, by the number of spins up; exact rows C(N, k)-stationary."""
    counts = np.zeros((n_spins + 1, n_spins + 1))
    for up in range(n_spins + 1):
        if up:
            counts[up, up - 1] = scale * up
        if up < n_spins:
            counts[up, up + 1] = scale * (n_spins - up)
    return counts


@pytest.mark.parametrize("n_spins", [5, 60, 2000])
def test_free_spins_over_many_decades(n_spins):
    """ln C(N, k) spans 1383 nats at N = 2000: no subtraction, no loss."""
    log_g = log_g_of_transitions(sparse.csr_array(flip_counts(n_spins)), np.full(n_spins + 1, np.nan))
    exact = [math.lgamma(n_spins + 1) - math.lgamma(k + 1) - math.lgamma(n_spins - k + 1) for k in range(n_spins + 1)]
    assert log_g - log_g[0] == pytest.approx(exact, rel=1e-12, abs=1e-9)


def test_dense_random_matrix_against_eigenvectors():
    steps = np.random.default_rng(1).random((30, 30))
    log_g = log_g_of_transitions(sparse.csr_array(steps), np.full(30, np.nan))
    rows = steps / steps.sum(axis=1, keepdims=True)
    values, vectors = np.linalg.eig(rows.T)
    stationary = np.real(vectors[:, np.argmax(np.real(values))])
    assert np.exp(log_g - log_g[0]) == pytest.approx(stationary / stationary[0], rel=1e-10)


def test_sparse_solution_agrees_with_elimination():
    """What is used above 5000 bins, with a guess that is off by up to a few nats."""
    counts = sparse.csr_array(flip_counts(300))
    steps = sparse.csr_array(sparse.diags_array(1.0 / np.asarray(counts.sum(axis=1))) @ counts)
    exact = log_g_of_transitions(counts, np.full(301, np.nan))
    guess = exact + np.random.default_rng(2).normal(size=301)
    solved = _solved(steps, guess)
    assert solved - solved[150] == pytest.approx(exact - exact[150], abs=1e-6)


def test_bins_without_way_back_are_left_out():
    """A bin entered once and never left is unknown; its proposals count as staying."""
    counts = flip_counts(6)
    larger = np.zeros((8, 8))
    larger[:7, :7] = counts
    larger[3, 7] = 1.0
    log_g = log_g_of_transitions(sparse.csr_array(larger), np.full(8, np.nan))
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
        value, error = blocks.log_g([new_transitions(0)], np.full(13, np.nan))
        z.append(((value - value.mean()) - (exact - exact.mean())) / error)
    assert np.mean(np.square(z)) == pytest.approx(1.0, abs=0.35)


def table_of(draws):
    rows, columns = draws.nonzero()
    entries = np.stack([rows * 13 + columns, draws[rows, columns]], axis=1).astype(np.int64)
    return Transitions(entries, np.array([len(entries)]))


def test_blocks_join_and_come_back():
    blocks = ProposalBlocks(13, 1000)
    first = blocks.length
    for number in range(1, 20):
        blocks.add([table_of((number * flip_counts(12)).astype(np.int64))])
    assert blocks.length > first
    copy = ProposalBlocks(13, 1000)
    copy.restore(blocks.arrays())
    empty = [new_transitions(0)]
    assert (copy.total(empty) != blocks.total(empty)).nnz == 0
    assert copy.next_end == blocks.next_end
