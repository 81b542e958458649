"""Stated errors against the truth: eight runs each, deviations from exact densities in units of the errors."""

import numpy as np
import pytest
from flat_runs import landscape, sampled

from benchmarks.exact_densities import ising_counts
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance
from perceptron.patterns import random_patterns
from wl.systems.ising import ising
from wl.systems.perceptron.system import binary_perceptron

N_SEEDS = 8


def of_ising():
    """Ising, L = 8: all levels of the energy that exist."""
    counts = np.array([float(count) for count in ising_counts(8)])
    exact = np.log(counts, where=counts > 0, out=np.full(counts.size, np.nan))
    return ising(8), ["energy"], exact


def of_perceptron():
    """Perceptron of 21 weights and 9 patterns: the deficit below the sum 1."""
    patterns = random_patterns(21, 9, rng=np.random.default_rng(4))
    counts = np.asarray(enumerate_instance(patterns, options=EnumerationOptions(deficit_threshold=1)).deficit_counts)
    return binary_perceptron(patterns), ["deficit"], np.log(counts, where=counts > 0, out=np.full(counts.size, np.nan))


@pytest.fixture(scope="module", params=[of_ising, of_perceptron])
def runs(request):
    system, names, exact = request.param()
    found = [landscape(sampled(system, names, 2e6, seed)) for seed in range(1, N_SEEDS + 1)]
    return found, exact


def deviations(runs, name, *, centred):
    """Deviations in errors, shape (n_seeds, n_bins); the matrix knows ln g up to its mean over bins."""
    found, exact = runs
    z = []
    for dataset in found:
        value, error = dataset[name].values, dataset[f"{name}_error"].values
        whole = exact[: value.size].copy()
        open_bin = exact.size > value.size
        if open_bin:
            whole[-1] = np.logaddexp.reduce(exact[value.size - 1 :][np.isfinite(exact[value.size - 1 :])])
        known = np.isfinite(value) & np.isfinite(whole)
        assert known.sum() >= 0.9 * np.isfinite(whole).sum()
        shift = np.mean((value - whole)[known]) if centred else 0.0
        z.append(((value - whole - shift) / error)[known])
    return z


@pytest.mark.parametrize(("name", "centred"), [("log_g", False), ("log_g_transition_matrix", True)])
def test_errors_cover_the_truth(runs, name, centred):
    """Bins move together, so that the rms over eight runs of some ten independent parts varies by a tenth."""
    z = np.concatenate(deviations(runs, name, centred=centred))
    assert 0.7 < np.sqrt(np.mean(z**2)) < 1.35


def test_the_walk_and_the_matrix_agree(runs):
    """The criterion of the report: eight of eight where both are right."""
    for dataset in runs[0]:
        told = next(line for line in dataset.attrs["report"].splitlines() if "transition matrix within" in line)
        assert told.startswith("[x]"), told
