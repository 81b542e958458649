"""ln Z of one perceptron at N = 201 and 501 against belief propagation of the same instance."""

import numpy as np
import pytest

from figures.margins import instance_of
from figures.perceptron_sampling import MOST_STAY, margin_of, run_sampler, sampler_of
from perceptron.message_passing.belief_propagation import belief_propagation
from wl.landscape.frozen_walk import with_errors


def entropy_at(patterns, smallest_sum, n_trials, seed):
    """ln Z/N, its error, round trips, and the longest stay's share of the visits of E = 0."""
    sampler = run_sampler(sampler_of(patterns, smallest_sum, n_trials, seed), n_trials)
    log_g, error = with_errors(sampler)
    return log_g[0] / patterns.n_weights, error[0] / patterns.n_weights, sampler.round_trips, sampler.longest_stay_share


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n_patterns", "smallest_sum", "limit"),
    [(60, 1, 2e-3), (60, 3, 2e-3), (100, 1, 2e-3), (100, 3, 2e-3), (100, 5, 5e-3), (140, 1, 5e-3)],
)
def test_201_weights(n_patterns, smallest_sum, limit):
    # limits are those of BP, which is off by about 0.2/N itself
    patterns = instance_of(201, n_patterns, 0)
    bp = belief_propagation(patterns, margin_of(smallest_sum, 201)).free_entropy.value
    value, error, trips, stay = entropy_at(patterns, smallest_sum, 1_500_000_000, 1)
    print(f"P = {n_patterns}, s_min = {smallest_sum}: less BP {value - bp:.5f} ± {error:.5f},")
    print(f"  {trips} trips, longest stay {stay:.2f}")
    if limit == 2e-3:
        assert trips >= 1000
        assert stay < MOST_STAY
    assert stay > MOST_STAY or abs(value - bp) < limit


@pytest.mark.slow
def test_501_weights():
    patterns = instance_of(501, 250, 0)
    bp = belief_propagation(patterns, 0.0).free_entropy.value
    found = np.array([entropy_at(patterns, 1, 8_000_000_000, seed) for seed in (1, 2, 3)])
    print(f"less BP {found[:, 0] - bp} ± {found[:, 1]}, trips {found[:, 2]}, stays {found[:, 3]}")
    assert np.all(found[:, 2] >= 100)
    assert abs(found[:, 0].mean() - bp) < 3e-3
