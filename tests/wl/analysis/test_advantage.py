"""Advantage of an equilibrium that is known in closed form, over records of training that are made by hand."""

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm

from perceptron.base.results import Status
from wl.analysis.advantage import _grid_error, entropic_advantage, equilibrium_at
from wl.analysis.curves import places_of_bins

FIRST = "log_train_loss"
EDGES = np.array([-1.0, -0.9, -0.8, -0.7, -0.6, np.inf])
MIDDLES = np.array([-0.95, -0.85, -0.75, -0.65, -0.55])  # the last bin is open


def made(mean, error=0.0, runs=None, second="log_test_loss", status="CONVERGED"):
    """A landscape of which nothing but the equilibrium curve is known; its open bin holds nonsense.

    Its density is the same everywhere, so that the configurations of a bin lie about its middle, and its y is not cut
    into bins of any width.
    """
    mean = np.append(mean, 99.0)
    fields = {
        "log_g": ((FIRST, second), np.zeros((5, 2))),
        "conditional_mean": (FIRST, mean),
        "conditional_mean_error": (FIRST, np.broadcast_to(error, 5).astype(float)),
        f"{FIRST}_edges": (f"{FIRST}_edge", EDGES),
    }
    if runs is not None:
        fields["conditional_mean_runs"] = (("run", FIRST), np.pad(runs, ((0, 0), (0, 1))))
    found = xr.Dataset(fields, coords={FIRST: MIDDLES, second: [0.0, 1e-15]})
    return found.assign_attrs(status=status)


def test_each_record_is_compared_at_its_own_training_loss():
    """⟨y⟩ = 2x exactly: networks that lie on it have no advantage over each other, wherever in a bin they are."""
    landscape = made(2.0 * MIDDLES[:4])
    rng = np.random.default_rng(1)
    x = np.where(rng.random((30, 40)) < 0.7, rng.uniform(-0.95, -0.94, (30, 40)), rng.uniform(-0.7, -0.65, (30, 40)))
    found = entropic_advantage(landscape, x, 2.0 * x)
    assert found.value == pytest.approx(0.0, abs=1e-14)
    assert found.error < 1e-14
    assert (found.n_runs, found.n_records, found.status) == (30, 1200, Status.CONVERGED)
    worse = entropic_advantage(landscape, x, 2.0 * x + 0.25)
    assert worse.value == pytest.approx(0.25)
    assert np.all(np.abs(worse.curve.value - 0.25) < 1e-12)
    accuracy = entropic_advantage(made(2.0 * MIDDLES[:4], second="test_accuracy"), x, 2.0 * x + 0.25)
    assert accuracy.value == pytest.approx(-0.25)


def test_records_beyond_the_closed_bins_are_left_out():
    landscape = made(MIDDLES[:4], error=[0.1, 0.01, 0.01, 0.01, 0.01])
    x = np.array([[-0.96, -0.95, -0.9, -0.65, -0.64, -0.55, np.nan]])
    curve = equilibrium_at(landscape, x)
    assert np.isfinite(curve.value).tolist() == [[False, True, True, True, False, False, False]]
    assert curve.value[0, 1:4] == pytest.approx(x[0, 1:4])
    assert curve.error[0, 2] == pytest.approx(0.055)
    assert np.isfinite(equilibrium_at(landscape, x, largest_error=0.05).value).sum() == 1  # the bin at -0.65
    found = entropic_advantage(landscape, x, x)
    assert (found.n_runs, found.n_records, found.value) == (1, 3, pytest.approx(0.0, abs=1e-15))
    assert np.isnan(found.training_error)
    nothing = entropic_advantage(landscape, x[:, :1], x[:, :1])
    assert (nothing.n_runs, nothing.status, nothing.curve.value.size) == (0, Status.NOT_CONVERGED, 0)
    assert np.isnan(nothing.value)


def test_a_run_counts_once_however_many_records_it_has():
    landscape = made(np.zeros(4))
    x = np.full((2, 9), np.nan)
    y = np.zeros((2, 9))
    x[0, 0], y[0, 0] = -0.8, 1.0
    x[1] = -0.8
    found = entropic_advantage(landscape, x, y)
    assert found.value == pytest.approx(0.5)
    assert found.training_error == pytest.approx(0.5)  # √((0.5² + 0.5²)/2)


def test_the_error_of_training_is_that_of_runs_and_not_of_records():
    """400 ensembles of 25 runs whose 30 records are all alike: squared pulls of Student's t, mean 24/22.

    Their sum has mean 436 and standard deviation 35; six of them. Records taken as independent would give 30 times it.
    """
    landscape, rng = made(np.zeros(4)), np.random.default_rng(3)
    x = rng.uniform(-0.95, -0.65, (25, 30))
    pulls = []
    for _ in range(400):
        found = entropic_advantage(landscape, x, rng.normal(size=(25, 1)) @ np.ones((1, 30)))
        pulls.append(found.value / found.training_error)
    assert np.sum(np.square(pulls)) == pytest.approx(400 * 24 / 22, abs=6 * 35)


def test_the_error_of_the_landscape_has_its_correlations_between_bins():
    """Runs of the landscape that are shifted as a whole: an error of one shift, not of four independent bins."""
    rng = np.random.default_rng(5)
    shifts = rng.normal(size=12)
    runs = shifts[:, None] + np.zeros(4)
    alone = shifts.std(ddof=1) / np.sqrt(12)
    x = np.tile([-0.94, -0.86, -0.78, -0.66], (5, 1))
    y = np.zeros((5, 4))
    many = entropic_advantage(made(runs.mean(axis=0), alone, runs), x, y)
    assert many.landscape_error == pytest.approx(alone, rel=1e-12)
    assert many.error == pytest.approx(np.hypot(many.landscape_error, many.training_error))
    # runs that differ in opposite ways at two bins cancel in the mean of both, where there are enough to know
    opposite = shifts[:, None] * np.array([1.0, 1.0, -1.0, -1.0])
    x = np.tile([-0.95, -0.65], (5, 1))
    cancelled = entropic_advantage(made(np.zeros(4), alone, opposite), x, np.zeros((5, 2)))
    assert cancelled.landscape_error == pytest.approx(0.0, abs=1e-14)
    few = entropic_advantage(made(np.zeros(4), alone, opposite[:3]), x, np.zeros((5, 2)))
    assert few.landscape_error == pytest.approx(alone)  # the bound, as if bins were wrong together
    wide = entropic_advantage(made(np.zeros(4), 1e-3, runs[:3]), x, np.zeros((5, 2)))
    assert wide.landscape_error == pytest.approx(shifts[:3].std(ddof=1) / np.sqrt(3))  # the larger one
    assert entropic_advantage(made(np.zeros(4), 0.2), x, np.zeros((5, 2))).landscape_error == pytest.approx(0.2)


def test_the_error_covers_the_truth():
    """Training runs and landscape runs drawn about zero: 300 squared pulls; χ² of about one each, six deviations.

    With 25 and 10 runs the pulls are nearly Student's; their mean square is below 1.3, and the sum deviates by 30.
    """
    rng = np.random.default_rng(7)
    pulls = []
    for _ in range(300):
        runs = 0.3 * rng.normal(size=(10, 1)) + 0.1 * rng.normal(size=(10, 4))
        x = rng.uniform(-0.95, -0.65, (25, 8))
        y = 0.5 * rng.normal(size=(25, 1)) + 0.5 * rng.normal(size=(25, 8))
        found = entropic_advantage(made(runs.mean(axis=0), 0.1, runs), x, y)
        pulls.append(found.value / found.error)
    assert np.sum(np.square(pulls)) == pytest.approx(1.13 * 300, abs=6 * 30)


def drawn(curvature, width, y_width=0.01, spread=0.2):
    """Bins of the density e^(S(x)) N(y; 2x, spread²), S(x) = 60x - curvature x² on [-2, -1], by fine sums."""
    edges, y_edges = np.arange(-2.0, -1.0 + 1e-9, width), np.arange(-6.0, 0.0 + 1e-9, y_width)
    x = np.linspace(-2.0, -1.0, 100_001)[:-1] + 5e-6
    density = np.exp(60.0 * (x + 1.5) - curvature * x**2)
    bins = np.minimum(((x + 2.0) / width).astype(int), edges.size - 2)
    mass, place = (np.bincount(bins, weights=density * f) for f in (np.ones_like(x), x))
    cumulative = norm.cdf((y_edges[None, :] - 2.0 * x[::50, None]) / spread)
    shares = np.zeros((edges.size - 1, y_edges.size - 1))
    np.add.at(shares, bins[::50], np.diff(cumulative, axis=1) * density[::50, None])
    with np.errstate(divide="ignore"):
        log_g = np.log(shares)
    names = (FIRST, "log_test_loss")
    y = 0.5 * (y_edges[1:] + y_edges[:-1])
    fields = {
        "log_g": (names, np.where(np.isfinite(log_g), log_g, np.nan)),
        "conditional_mean": (names[0], (shares @ y) / shares.sum(axis=1)),
        "conditional_mean_error": (names[0], np.full(edges.size - 1, 1e-3)),
        f"{FIRST}_edges": (f"{FIRST}_edge", edges),
    }
    middles = 0.5 * (edges[1:] + edges[:-1])
    found = xr.Dataset(fields, coords={FIRST: middles, names[1]: y}).assign_attrs(status="CONVERGED")
    return found, place / mass


@pytest.mark.parametrize("curvature", [0.0, 15.0])
def test_a_bin_stands_where_its_configurations_are(curvature):
    """Slopes of 60 to 120 nats over bins of 0.1: most configurations of a bin lie near its upper edge."""
    landscape, mean = drawn(curvature, 0.1)
    places = places_of_bins(landscape)
    assert places == pytest.approx(mean, abs=1e-3 if curvature else 1e-5)
    middles = landscape[FIRST].values
    assert np.all(places - middles > 0.03)
    x = np.linspace(places[0], places[-1], 50)
    assert equilibrium_at(landscape, x).value == pytest.approx(2.0 * x, abs=2e-3)
    assert np.abs(np.interp(x, middles, landscape["conditional_mean"].values) - 2.0 * x).mean() > 0.06


def test_levels_and_open_bins_stand_where_they_are():
    landscape, _ = drawn(0.0, 0.1)
    levels = landscape.rename({FIRST: "train_accuracy", f"{FIRST}_edges": "train_accuracy_edges"})
    assert places_of_bins(levels) == pytest.approx(landscape[FIRST].values)
    edges = landscape[f"{FIRST}_edges"].values.copy()
    edges[-1] = np.inf
    opened = landscape.assign({f"{FIRST}_edges": (f"{FIRST}_edge", edges)})
    assert places_of_bins(opened)[-1] == landscape[FIRST].values[-1]
    assert places_of_bins(opened)[:-1] == pytest.approx(places_of_bins(landscape)[:-1], abs=1e-5)


def test_the_error_of_the_grid_bounds_what_bins_of_the_second_variable_do():
    """Rows whose y are spread by a fraction of a bin, at any place in it: each is off by its bound at the most."""
    for spread in (0.05, 0.15, 0.25, 0.4, 1.0):
        landscape, _ = drawn(0.0, 0.04, y_width=0.3, spread=0.3 * spread)
        off = np.abs(landscape["conditional_mean"].values - 2.0 * places_of_bins(landscape))
        bounds = np.array([_grid_error(landscape, row) for row in np.eye(off.size)])
        assert np.all(off < 1.6 * bounds + 1e-3)  # v/2 is more than v/π where a row lies in one bin
        assert off.max() > 0.5 * bounds.max() - 1e-3
        x = np.full((2, 1), places_of_bins(landscape)[12])
        assert entropic_advantage(landscape, x, 2.0 * x).grid_error == pytest.approx(bounds[12], rel=1e-6)


def test_bad_shapes_are_named():
    landscape = made(np.zeros(4))
    for x, y in ((np.zeros(3), np.zeros(3)), (np.zeros((2, 3)), np.zeros((3, 2)))):
        with pytest.raises(ValueError, match=r"position and trained have shapes .*allowed: equal ones"):
            entropic_advantage(landscape, x, y)
    with pytest.raises(ValueError, match="allowed: two"):
        equilibrium_at(landscape.isel(log_test_loss=0, drop=True), np.zeros(2))
