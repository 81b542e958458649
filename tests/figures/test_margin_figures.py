"""Sampled numbers of solutions: averages over instances, uniform draws, and the two figures from reduced efforts."""

import math

import numpy as np
import pytest

from figures import margins, sampled_local_entropy, wide_flat_minima
from figures.margins import Effort, instance_of, mean_entropy, sample_instance
from figures.perceptron_sampling import correlation_control, margin_of, run_sampler, sampler_of, solutions
from perceptron.base.files import load_table
from perceptron.base.results import Status
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance
from perceptron.patterns import random_patterns, threshold_at
from wl.engine.starts import tempered_anneal as tempered_start


@pytest.mark.parametrize("n_weights", [21, 25, 101, 201])
def test_the_margin_of_a_threshold_has_that_threshold(n_weights):
    for smallest in (-3, -1, 1, 3, 5):
        threshold = threshold_at(n_weights, margin_of(smallest, n_weights))
        assert threshold.smallest_sum == smallest
        assert threshold.effective_margin == pytest.approx(margin_of(smallest, n_weights), abs=1e-12)


def test_the_control_has_zero_mean():
    # its variance is 2/N(1 - 1/P) at most: 3.5 standard errors of 2000 draws, false alarms 0.05%
    draws = [correlation_control(random_patterns(15, 8, rng=np.random.default_rng([3, k]))) for k in range(2000)]
    assert abs(np.mean(draws)) < 3.5 * np.std(draws) / math.sqrt(2000)
    assert np.std(draws) > 0.1


def test_means_use_the_control_and_honest_errors():
    # 400 repetitions: scores have unit variance within 3 of its standard errors, false alarms 0.3%
    rng, scores = np.random.default_rng(2), []
    for _ in range(400):
        controls = rng.normal(size=12)
        mean, error, share, _ = mean_entropy(0.3 - 0.2 * controls + 0.02 * rng.normal(size=12), controls)
        assert share == 0.0
        assert error < 0.03  # 0.06 without the control
        scores.append((mean - 0.3) / error)
    # Student's t with 10 degrees of freedom: variance 1.25
    assert np.var(scores) == pytest.approx(1.25, abs=0.4)


def test_instances_without_solutions_are_left_out_and_counted():
    mean, error, share, share_error = mean_entropy(np.array([0.1, -np.inf, 0.3, 0.2]), np.zeros(4))
    assert (mean, share) == (pytest.approx(0.2), 0.25)
    assert error == pytest.approx(0.1 / math.sqrt(3.0))
    assert share_error == pytest.approx(math.sqrt(1.0 / 3.0 * 2.0 / 3.0 / 4.0))


@pytest.mark.slow
def test_sampled_instances_against_enumeration():
    # 4 standard errors, six numbers: false alarms 0.04%
    for number in range(3):
        for smallest in (1, -1):
            row = sample_instance((21, 10, smallest, number, 3_000_000))
            exact = enumerate_instance(instance_of(21, 10, number), margin_of(smallest, 21)).entropy.value
            assert row.converged
            assert row.error < 2e-3
            assert abs(row.entropy - exact) < 4.0 * row.error


def test_looks_at_fixed_times_are_uniform_draws_of_solutions():
    # the mean of ξ·w over solutions and patterns against its exact value; 4 standard errors of 20 blocks (Student's t):
    # false alarms 0.08%
    patterns = instance_of(21, 10, 1)
    exact = enumerate_instance(patterns, options=EnumerationOptions(stabilities=True))
    expected = float(exact.margins @ exact.stability_counts) / exact.stability_counts.sum()
    sampler = run_sampler(sampler_of(patterns, 1, 3_000_000, 2), 1_500_000)
    means = np.array([patterns.sums(weights).mean() for weights in solutions(sampler, 40_000, 500)])
    blocks = np.array([block.mean() for block in np.array_split(means, 20)])
    error = blocks.std(ddof=1) / math.sqrt(20)
    print(f"{means.size} draws: {blocks.mean():.4f} ± {error:.4f}, exact {expected:.4f}")
    assert abs(blocks.mean() - expected) < 4.0 * error
    assert error < 0.05
    assert exact.n_solutions > 50


def test_a_sampler_that_learns_gives_no_draws():
    sampler = sampler_of(instance_of(21, 10, 0), 1, 3_000_000, 1)
    with pytest.raises(ValueError, match="still learns; allowed: frozen weights"):
        next(solutions(sampler, 1, 1000))


@pytest.mark.slow
def test_margins_from_reduced_efforts(tmp_path, monkeypatch):
    monkeypatch.setattr(margins, "SAMPLED", {31: Effort(4, 600_000), 41: Effort(4, 600_000)})
    monkeypatch.setattr(margins, "ENUMERATED", {11: 30, 15: 30})
    monkeypatch.setattr(margins, "STABILITY_CASE", (41, 20))
    monkeypatch.setattr(margins, "N_STABILITY_INSTANCES", 3)
    monkeypatch.setattr(margins, "N_LOOKS", 400)
    monkeypatch.setattr(margins, "SPACING", 1000)
    columns = made("margins", tmp_path)
    assert columns["instances_entropy"].size == 8 * len(margins.CASES)
    assert set(columns["averages_n_weights"]) == {11, 15, 31, 41}
    assert columns["stabilities_density"] @ columns["stabilities_width"] == pytest.approx(1.0, abs=0.02)


@pytest.mark.slow
def test_sampled_local_entropy_from_reduced_efforts(tmp_path, monkeypatch):
    monkeypatch.setattr(sampled_local_entropy, "SIZES", {21: (9, 2, 600_000), 31: (15, 2, 600_000)})
    monkeypatch.setattr(sampled_local_entropy, "REFERENCES", (1,))
    monkeypatch.setattr(sampled_local_entropy, "N_REFERENCE_TRIALS", 3_000_000)
    monkeypatch.setattr(sampled_local_entropy, "SPACING", 2000)
    monkeypatch.setattr(tempered_start, "LEAST_TRIALS", 20_000)
    columns = made("sampled-local-entropy", tmp_path)
    assert columns["31_reference"].tolist() == [1, 1, 0, 0]
    assert np.all(columns["31_ball"][:, 0] == 1)
    assert columns["31_free_entropy"].shape == (4, sampled_local_entropy.FIELDS.size)


def made(name, folder):
    """Columns of a figure that was computed, saved, and drawn again from the file alone."""
    written, status = wide_flat_minima.make(name, folder)
    assert status is Status.CONVERGED
    assert [path.name for path in written] == [f"{name}.npz", f"{name}.png", f"{name}.pdf"]
    columns, origin = load_table(folder / f"{name}.npz")
    assert origin["parameters"]["figure"] == name
    again = wide_flat_minima._draw(folder / f"{name}.npz", wide_flat_minima.FIGURES[name][1])
    assert [path.name for path in again] == [f"{name}.png", f"{name}.pdf"]
    return columns
