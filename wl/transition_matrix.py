"""ln g from counts of proposals: the stationary vector of the random walk at infinite temperature.

Proposals are symmetric, so the walk that accepts everything has g as its stationary vector; C[I, J] counts proposals
from bin I to bin J whatever their fate, and rows of C/ΣC estimate that walk. Rejected ways out of the range count on
the diagonal. The estimate is exact elimination without subtractions up to about 5000 bins, so that it keeps its
relative accuracy over any number of decades; above, the ratio to the Wang-Landau estimate is solved for as a sparse
system; above `MOST_BINS` it is off.

It shares one blindness with all others: regions that no walker entered.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse import csgraph
from scipy.sparse.linalg import spsolve

from wl.kernels.elimination import eliminate, log_stationary
from wl.kernels.transitions import FREE, Transitions

__all__ = ["MOST_BINS", "log_g_of_transitions", "transition_counts"]

MOST_FOR_ELIMINATION = 5000
MOST_BINS = 40_000


def transition_counts(tables: list[Transitions], n_bins: int) -> sparse.csr_array:
    """C of all tables together as a sparse matrix, int64 of shape (n_bins, n_bins)."""
    entries = np.concatenate([table.entries[table.entries[:, 0] != FREE] for table in tables])
    rows, columns = np.divmod(entries[:, 0], n_bins)
    return sparse.csr_array((entries[:, 1], (rows, columns)), shape=(n_bins, n_bins))


def log_g_of_transitions(counts: sparse.csr_array, guess: np.ndarray) -> np.ndarray:
    """Ln g up to a constant, shape (n_bins,).

    Parameters
    ----------
    counts : sparse array
        C.
    guess : ndarray, shape (n_bins,)
        Another estimate of ln g, nan where unknown; used only above 5000 bins, for scaling.

    Returns
    -------
    ndarray
        nan outside the largest set of bins with ways between all of them, or everywhere above `MOST_BINS` bins.
    """
    log_g = np.full(counts.shape[0], np.nan)
    left = np.flatnonzero(counts.sum(axis=1) > 0)
    if left.size == 0 or left.size > MOST_BINS:
        return log_g
    inner = counts[left][:, left]
    _, component = csgraph.connected_components(inner, directed=True, connection="strong")
    largest = np.argmax(np.bincount(component))
    kept = left[component == largest]
    if kept.size == 1:
        return log_g
    inner = counts[kept][:, kept].astype(np.float64)
    # what leaves the kept bins was seen once and never came back: it counts as staying
    totals = counts[kept].sum(axis=1)
    steps = sparse.csr_array(sparse.diags_array(1.0 / totals) @ inner)
    log_g[kept] = _eliminated(steps) if kept.size <= MOST_FOR_ELIMINATION else _solved(steps, guess[kept])
    return log_g


def _eliminated(steps: sparse.csr_array) -> np.ndarray:
    rows, columns = steps.nonzero()
    band = int(np.max(np.abs(rows - columns)))
    matrix = steps.toarray()
    out = np.empty(matrix.shape[0])
    eliminate(matrix, band)
    log_stationary(matrix, band, out)
    return out


def _solved(steps: sparse.csr_array, guess: np.ndarray) -> np.ndarray:
    """Ln g = guess + ln r with r close to 1: Σ_I r_I ĝ_I (T_IJ - δ_IJ)/ĝ_J = 0 and r = 1 for the largest ĝ."""
    rows, columns = steps.nonzero()
    scaled = np.asarray(steps[rows, columns]) * np.exp(guess[rows] - guess[columns])
    staying = steps.diagonal() - np.asarray(steps.sum(axis=1)).ravel()
    keep = rows != columns
    flow = sparse.csr_array((scaled[keep], (columns[keep], rows[keep])), shape=steps.shape)
    equations = sparse.csr_array(flow + sparse.diags_array(staying - steps.diagonal())).tolil()
    anchor = int(np.argmax(guess))
    equations[anchor] = 0.0
    equations[anchor, anchor] = 1.0
    right = np.zeros(guess.size)
    right[anchor] = 1.0
    ratio = spsolve(equations.tocsc(), right)
    with np.errstate(invalid="ignore", divide="ignore"):
        return guess + np.log(ratio)
