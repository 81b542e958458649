"""The start in two dimensions from the first variable alone: the landscape is that of the exact case."""

import numpy as np
from flat_runs import Range, estimate, sampled

from wl.engine.settings import SLOW_LEARNING
from wl.systems.quadratic import quadratic_blocks

N_FIRST, N_SECOND, WIDTH = 4, 3, 0.25
WINDOW = {name: Range(-3.0, 0.0, WIDTH) for name in ("log_first_square", "log_second_square")}
NAMES = tuple(WINDOW)


def test_rows_learned_alone_lead_to_the_exact_landscape_with_one_walker_and_with_two():
    edges = np.arange(-3.0, 0.0, WIDTH)
    exact = 0.5 * (N_FIRST * edges[:, None] + N_SECOND * edges)  # up to a constant
    for seed, n_walkers in ((31, 1), (32, 2)):
        with np.errstate(over="ignore"):
            system = quadratic_blocks(N_FIRST, N_SECOND)
            chosen = SLOW_LEARNING | {"first_log_f": 0.01, "start": "rows", "n_walkers": n_walkers}
            sampler = sampled(system, NAMES, 3_000_000, seed, WINDOW, **chosen)
        log_g, error = estimate(sampler)
        known = np.isfinite(log_g) & np.isfinite(error)
        assert np.count_nonzero(known) >= 0.9 * known.size
        apart = (log_g - exact)[known]
        apart -= np.average(apart, weights=error[known] ** -2)
        assert np.sqrt(np.mean((apart / np.hypot(error[known], 0.01)) ** 2)) < 2.0
        assert np.abs(apart).max() < 0.5
