"""ln g from counts of proposals, whatever became of them, by detailed balance at infinite temperature.

Proposals are symmetric, so the walk that accepts all of them has g as its stationary vector and is reversible:
g_I T_IJ = g_J T_JI, where T_IJ is the chance to propose bin J from bin I. C[I, J] counts proposals from I to J, and H_I
all proposals from I; what would have left the range counts as staying. Of the C[I, J] + C[J, I] proposals between two
bins each is one from I to J with chance

    e^{u_I}/(e^{u_I} + e^{u_J}),   u_I = ln H_I - ln g_I,

which is the model of Bradley and Terry for paired comparisons; the u are the likeliest ones, by Newton's method. Rows
of C/H alone, without detailed balance, would give g too, but badly: what flows into a rare bin comes from many bins,
each of which proposes it seldom or never, whereas the ways out of it, which tell the same, are counted often.

The estimate shares one blindness with all others: regions that no walker entered. Above `MOST_BINS` bins it is off.

Sources: R. A. Bradley and M. E. Terry, Biometrika 39, 324 (1952); J.-S. Wang and R. H. Swendsen, J. Stat. Phys. 106,
245 (2002), for detailed balance between bins.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.linalg import LinAlgError, solveh_banded
from scipy.sparse import csgraph
from scipy.sparse.linalg import cg
from scipy.special import expit, log_expit

from wl.engine.kernels.transitions import FREE, Transitions

__all__ = ["MOST_BINS", "log_g_of_transitions", "transition_counts"]

MOST_BINS = 40_000
MOST_BAND_WORK = 2e9  # bins times squared band for which bands are solved
NEWTON_STEPS, HALVINGS = 60, 30
LONGEST_STEP = 4.0  # nats: where a pair is far from its place, the curvature there says nothing
PRECISE = 1e-6  # nats; the step after it is about its square
CG_PRECISE, CG_STEPS = 1e-7, 3000  # of conjugate gradients, where bands would take too long
LEAST_WEIGHT, RIDGES = 1e-100, (1e-13, 1e-11, 1e-9, 1e-6, 1e-3)


def transition_counts(tables: list[Transitions], n_bins: int) -> sparse.csr_array:
    """C of all tables together as a sparse matrix, int64 of shape (n_bins, n_bins)."""
    entries = np.concatenate([table.entries[table.entries[:, 0] != FREE] for table in tables])
    rows, columns = np.divmod(entries[:, 0], n_bins)
    return sparse.csr_array((entries[:, 1], (rows, columns)), shape=(n_bins, n_bins))


def log_g_of_transitions(counts: sparse.csr_array, start: np.ndarray | None = None) -> np.ndarray:
    """Ln g up to a constant, shape (n_bins,).

    Parameters
    ----------
    counts : sparse array
        C.
    start : ndarray, shape (n_bins,), optional
        A ln g to begin Newton's method with, as that of learning or of nearly the same counts; nan where unknown.

    Returns
    -------
    ndarray
        nan outside the largest set of bins that are joined by pairs with proposals in both directions, or everywhere
        above `MOST_BINS` bins.
    """
    log_g = np.full(counts.shape[0], np.nan)
    counts = sparse.csr_array(counts, dtype=np.float64)
    moves = sparse.csr_array(counts - sparse.diags_array(counts.diagonal()))
    both_ways = moves.minimum(moves.T)
    left = np.unique(both_ways.nonzero()[0])
    if left.size == 0 or left.size > MOST_BINS:
        return log_g
    _, component = csgraph.connected_components(both_ways[left][:, left], directed=False)
    kept = left[component == np.argmax(np.bincount(component))]
    totals = np.asarray(counts[kept].sum(axis=1)).ravel()
    pairs = _Pairs(sparse.csr_array(moves[kept][:, kept]))
    first = pairs.along_a_tree()
    if start is not None and np.isfinite(start[kept]).all():
        first = max(first, np.log(totals) - start[kept], key=pairs.log_likelihood)
    log_g[kept] = np.log(totals) - pairs.likeliest(first)
    return log_g


class _Pairs:
    """Proposals between pairs of bins: `forward` from the lower to the higher number, `backward` the others."""

    def __init__(self, moves: sparse.csr_array) -> None:
        upper = sparse.triu(moves + moves.T, k=1).tocoo()
        self.n_bins = moves.shape[0]
        self.low, self.high = upper.coords
        self.number = upper.data
        self.forward = np.asarray(moves[self.low, self.high]).ravel()
        self.backward = self.number - self.forward
        self.band = int(np.max(self.high - self.low))

    def along_a_tree(self) -> np.ndarray:
        """U from ratios of counts along the pairs that tell most of them."""
        mutual = (self.forward > 0) & (self.backward > 0)
        low, high = self.low[mutual], self.high[mutual]
        forward, backward = self.forward[mutual], self.backward[mutual]
        shape = (self.n_bins, self.n_bins)
        variance = sparse.csr_array((1.0 / forward + 1.0 / backward, (low, high)), shape=shape)
        ratio = sparse.csr_array((np.log(forward / backward), (low, high)), shape=shape)
        tree = csgraph.minimum_spanning_tree(variance)
        order, parents = csgraph.breadth_first_order(tree, 0, directed=False)
        steps = np.asarray(ratio[parents[order[1:]], order[1:]] - ratio[order[1:], parents[order[1:]]]).ravel()
        u = np.zeros(self.n_bins)
        for place, step in zip(order[1:], steps, strict=True):
            u[place] = u[parents[place]] - step
        return u

    def log_likelihood(self, u: np.ndarray) -> float:
        """Ln of the likelihood, up to a constant."""
        difference = u[self.low] - u[self.high]
        return float(self.forward @ log_expit(difference) + self.backward @ log_expit(-difference))

    def likeliest(self, u: np.ndarray) -> np.ndarray:
        """The maximum of a concave function, by Newton's method with steps halved where they lead down."""
        present = self.log_likelihood(u)
        for _ in range(NEWTON_STEPS):
            step = np.clip(self._newton_step(u), -LONGEST_STEP, LONGEST_STEP)
            for _ in range(HALVINGS):
                following = self.log_likelihood(u + step)
                if following >= present - 1e-12 * abs(present):
                    break
                step *= 0.5
            else:
                break
            u, present = u + step, following
            if np.abs(step).max() < PRECISE:
                break
        return u

    def _newton_step(self, u: np.ndarray) -> np.ndarray:
        """Gradient over curvature, with the u of bin 0 held."""
        difference = u[self.low] - u[self.high]
        share, rest = expit(difference), expit(-difference)
        pull = self.forward * rest - self.backward * share
        weight = self.number * share * rest + LEAST_WEIGHT
        gradient = np.bincount(self.low, pull, self.n_bins) - np.bincount(self.high, pull, self.n_bins)
        diagonal = np.bincount(self.low, weight, self.n_bins) + np.bincount(self.high, weight, self.n_bins)
        step = np.zeros(self.n_bins)
        step[1:] = self._solved(diagonal, weight, gradient)
        return step

    def _solved(self, diagonal: np.ndarray, weight: np.ndarray, gradient: np.ndarray) -> np.ndarray:
        inner = self.low > 0
        low, high, weight = self.low[inner] - 1, self.high[inner] - 1, weight[inner]
        size = self.n_bins - 1
        if size == 1:  # SciPy's bands need two
            return gradient[1:] / diagonal[1:]
        if size * float(self.band) ** 2 <= MOST_BAND_WORK:
            bands = np.zeros((self.band + 1, size))
            bands[high - low, low] = -weight
            for ridge in RIDGES:  # the sums of a row cancel to rounding where parts of it hardly touch
                bands[0] = (1.0 + ridge) * diagonal[1:]
                try:
                    return solveh_banded(bands, gradient[1:], lower=True, check_finite=False)
                except LinAlgError:
                    continue
        places = np.arange(size)
        rows, columns = np.concatenate((places, low, high)), np.concatenate((places, high, low))
        values = np.concatenate((diagonal[1:], -weight, -weight))
        matrix = sparse.csr_array((values, (rows, columns)), shape=(size, size))
        inverse = sparse.diags_array(1.0 / diagonal[1:])
        return cg(matrix, gradient[1:], rtol=CG_PRECISE, maxiter=CG_STEPS, M=inverse)[0]
