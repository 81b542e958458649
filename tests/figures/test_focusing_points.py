"""Points of figure 3 against the curve of maximum-margin solutions and the bound of large deviations."""

import numpy as np
import pytest

from figures.focusing_points import N_INSTANCES, _controlled, compute_points
from perceptron.base.results import Status

# Upper bound: local entropy of the densest centres, from the y → ∞ saddle with a binary centre at α = 1001/2001, less
# the curve of maximum-margin solutions, at these distances. A solution of the saddle-point equations, not of this code
DISTANCES = np.array([0.00923, 0.01432, 0.02084, 0.02777, 0.03680, 0.04899, 0.07310, 0.09913])
BOUND = np.array([0.00101, 0.00312, 0.00577, 0.00788, 0.00966, 0.01101, 0.01208, 0.01234])
NEAR = 0.01  # below it κ_max has the advantage, and no search reaches it


@pytest.mark.slow
def test_points_lie_on_or_slightly_above_the_curve():
    # Phys. Rev. Lett. 127, 278301 (2021), figure 3: "only slightly higher than that of the typical κ_max solutions".
    # Seeds are fixed, yet rounding may lead a search to another centre, which moves means by 2e-4. For centres right on
    # the curve one point in 44 would fall below -2 standard errors by chance.
    # Below d = 0.01 no protocol reaches the smallest stability of κ_max, and centres lie under the curve by 1e-4 to
    # 3e-4, less than a percent of the local entropy: on the curve as one sees it, though not within these errors.
    # Centres that solve first are at -0.004 at d = 0.012, few replicas at -0.007 at d = 0.022.
    columns, status = compute_points(None, lambda *_: None)
    assert status is Status.CONVERGED
    for route in ("scan", "focusing"):
        distance = columns[f"{route}_distance"]
        assert np.all(columns[f"{route}_n_instances"] == N_INSTANCES)
        assert distance.min() < 0.008
        assert distance.max() > 0.07
        far = distance > NEAR
        for name in ("deviation", "controlled_deviation"):
            deviation, error = columns[f"{route}_{name}"], columns[f"{route}_{name}_error"]
            print(route, name, np.round(np.array([distance, deviation, error]).T, 5).tolist())
            assert np.all(error < 0.0025)
            assert np.all((deviation > -2.0 * error)[far])
            assert np.all((deviation > 2.0 * error)[distance > 0.025])
            assert np.all((deviation - 2.0 * error < np.interp(distance, DISTANCES, BOUND))[far])
            entropy = columns[f"{route}_local_entropy"]
            assert np.all((np.abs(deviation) < 0.01 * entropy)[~far])


def test_the_control_takes_out_what_follows_the_patterns():
    rng = np.random.default_rng(1)
    spread = 1.0 + 0.03 * rng.standard_normal(10)
    noise = 1e-3 * rng.standard_normal(10)
    found = _controlled("scan", np.array([0.2 + 0.5 * (spread - 1.0), 0.1 + noise]).T, spread)
    assert found["scan_controlled_deviation"][0] == pytest.approx(0.2, abs=1e-12)
    assert found["scan_controlled_deviation_error"][0] < 1e-12
    assert abs(found["scan_controlled_deviation"][1] - 0.1) < 3.0 * found["scan_controlled_deviation_error"][1]
    assert 1e-4 < found["scan_controlled_deviation_error"][1] < 1e-3
