"""Runs from two kinds of starts: agreement, and the place where they part."""

import numpy as np
import pytest
import xarray as xr

from wl.analysis.start_dependence import compare_halves
from wl.landscape.convergence import _held_down_to

X = np.linspace(-2.0, 0.0, 21)


def landscape(shift, n_runs=12, seed=1):
    """Runs of ln g(x, y) with a free constant; those from given starts have a family more below x = -1.5."""
    rng = np.random.default_rng(seed)
    given = np.arange(n_runs) % 2
    noise = 0.01 * np.cumsum(rng.standard_normal((n_runs, X.size)), axis=1) + rng.standard_normal((n_runs, 1))
    marginal = -20.0 * X**2 + noise + np.where(given[:, None] & (X < -1.5), shift, 0.0)
    share = 0.5 + 0.01 * rng.standard_normal((n_runs, X.size))
    runs = marginal[..., None] + np.log(np.stack((1.0 - share, share), axis=-1))
    return xr.Dataset(
        {
            "log_g": (("x", "y"), runs.mean(axis=0)),
            "log_g_runs": (("run", "x", "y"), runs),
            "log_g_marginal": (("x",), marginal.mean(axis=0)),
            "log_g_marginal_runs": (("run", "x"), marginal),
            "conditional_mean_runs": (("run", "x"), share),
            "run_given_start": (("run",), given.astype(np.int8)),
        },
        coords={"x": X, "y": [0.0, 1.0]},
    )


def test_equal_kinds_agree():
    # p below 0.01 in one of both tests: 2% of the seeds
    halves = compare_halves(landscape(0.0))
    assert min(halves.entropy.p_value, halves.mean.p_value) > 0.01
    assert halves.holds_down_to == pytest.approx(-2.0)


def test_a_family_that_one_kind_found_is_seen_where_it_begins():
    halves = compare_halves(landscape(3.0))
    assert halves.entropy.p_value < 1e-6
    assert halves.mean.p_value > 0.01


def test_too_few_runs_of_a_kind_are_not_compared():
    assert compare_halves(landscape(0.0, n_runs=7)) is None
    assert compare_halves(landscape(0.0).drop_vars("run_given_start")) is None


def test_errors_hold_down_to_where_a_likely_bin_has_a_large_one():
    log_g = np.stack((-10.0 * np.abs(X + 0.5), -10.0 * np.abs(X + 0.5) - 9.0), axis=1)
    error = np.full(log_g.shape, 0.01)
    error[:, 1] = 0.5  # of bins that hold next to nothing
    error[4, 0] = 0.2
    found = xr.Dataset(
        {
            "log_g": (("x", "y"), log_g),
            "log_g_error": (("x", "y"), error),
            "x_edges": (("x_edge",), np.linspace(-2.05, 0.05, 22)),
        },
        coords={"x": X, "y": [0.0, 1.0]},
    )
    assert _held_down_to(found, 0.05).endswith("down to x = -1.5")
    assert _held_down_to(found, 0.3).endswith("down to x = -2")
