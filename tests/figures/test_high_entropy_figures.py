"""Figure 1 of paper H from the stored runs: that they are what they say, and that the pictures can be drawn."""

import json

import numpy as np
import pytest
import xarray as xr
from matplotlib import pyplot as plt

from figures import high_entropy as figures
from figures.high_entropy import SHOWN, compute_comparison, compute_landscape
from figures.high_entropy_draw import comparison, landscape
from figures.high_entropy_runs import DATA, LONG, PAPER, landscape_file, training_file
from perceptron.base.files import load_table, save_table
from wl.analysis.curves import places_of_bins
from wl.landscape.build import load_landscape
from wl.networks.datasets.spiral import spiral


def test_stored_landscapes_say_where_they_come_from():
    paths = sorted(DATA.glob("spiral-*.nc"))
    assert paths
    for path in paths:
        assert path.stat().st_size < 5_000_000
        found = load_landscape(path)
        origin = json.loads(found.attrs["provenance"])
        system = origin["parameters"]["system"]["parameters"]
        dataset = system["dataset"]
        mark = next((mark for mark in (LONG, PAPER) if path.stem.endswith(mark)), "")
        assert path == landscape_file(",".join(map(str, system["hidden"])), dataset["data_seed"], mark)
        assert found.attrs["steps"] >= (1e9 if mark else 2e8)
        assert found.attrs["covered"] > 0.999
        share = np.exp(found["log_g"].values - found.attrs["log_total"])
        assert np.nansum(share) == pytest.approx(found.attrs["covered"], rel=1e-9)


@pytest.mark.parametrize("hidden", ["6,6,6", "6,6,6,6", "8,8,8,8"])
def test_longer_runs_find_the_same_landscape(hidden):
    """10⁹ steps beside 2·10⁸, down to the same loss; the network of 177 parameters makes too few round trips for it."""
    short, long = (load_landscape(landscape_file(hidden, 1, mark)) for mark in ("", LONG))
    assert long.attrs["round_trips"] > 3 * short.attrs["round_trips"]
    apart = (long["conditional_mean"] - short["conditional_mean"]).values
    error = np.hypot(long["conditional_mean_error"].values, short["conditional_mean_error"].values)
    known = np.isfinite(apart) & np.isfinite(error)
    assert known.mean() > 0.9
    assert np.abs(apart[known]).max() < 0.01
    assert np.sqrt(np.mean((apart[known] / error[known]) ** 2)) < 2.0


def test_at_equal_steps_the_schedule_of_the_paper_is_farther_off():
    """Against 10⁹ steps of the default: 10⁹ in stages of the paper, and 2·10⁸ of the default, below ln L = -0.5."""
    best, paper, short = (load_landscape(landscape_file("6,6,6,6", 1, mark)) for mark in (LONG, PAPER, ""))
    below = best["log_train_loss_edges"].values[:-1] < -0.5
    errors = []
    for found in (paper, short):
        apart = (found["conditional_mean"] - best["conditional_mean"]).values[below]
        errors.append(np.sqrt(np.nanmean(apart**2)))
    assert paper.attrs["steps"] == best.attrs["steps"]
    assert paper.attrs["frozen_steps"] == 0
    assert errors[0] > 5 * errors[1]


def test_stored_training_used_the_same_data():
    paths = sorted(DATA.glob("spiral-*.npz"))
    assert paths
    for path in paths:
        columns, origin = load_table(path)
        dataset = origin["parameters"]["dataset"]["parameters"]
        assert spiral(**dataset).train.n_points == 40
        accuracy = columns["long_mean_accuracy"]
        assert np.nanmin(accuracy) >= 0.0
        assert np.nanmax(accuracy) <= 1.0


def test_panel_a_shows_the_high_entropy_advantage():
    # paper H, figure 1a: below ln L_train = -1 the equilibrium accuracy rises above that of SGD and saturates near -3
    columns, _ = compute_landscape(None, lambda *_: None)
    equilibrium = np.interp([-2.5, -2.0, -1.5], columns["equilibrium_position"], columns["equilibrium_value"])
    for name in ("clipped", "free"):
        order = np.argsort(columns[f"{name}_position"])
        trained = np.interp([-2.5, -2.0, -1.5], columns[f"{name}_position"][order], columns[f"{name}_value"][order])
        assert np.all(equilibrium - trained > 0.03)
    high = columns["equilibrium_position"] > 0.0
    assert np.all(np.abs(columns["equilibrium_value"][high] - 0.5) < 0.02)
    figure = landscape(columns)
    assert figure.axes[0].get_xlabel() == r"$\ln L_\mathrm{train}$"
    plt.close(figure)


def test_panel_b_has_all_conditions():
    columns, _ = compute_comparison(None, lambda *_: None)
    assert columns["trained"].size == 4 * 2 * 2 * 2
    known = columns["n_data_sets"] > 0
    assert np.count_nonzero(known) >= 24
    difference = columns["equilibrium"] - columns["trained"]
    assert difference[known] == pytest.approx(columns["advantage"][known], abs=1e-12)
    plt.close(comparison(columns))


def test_the_equilibrium_beside_a_best_point_is_that_of_its_records():
    """A landscape whose equilibrium is a line in ln L_train: beside each bin is the line at the mean of its records."""
    honest = figures._landscape("8,8,8,8", 1)
    places = places_of_bins(honest)
    line = honest.assign(
        conditional_mean=("log_train_loss", 0.4 - 0.1 * places),
        conditional_mean_error=("log_train_loss", np.full(places.size, 0.001)),
    )
    for rule in ("mean", "lowest_test_loss"):
        for clip in (True, False):
            pair = figures._pair(line, training_file("8,8,8,8", 1, clip), f"long_{rule}")
            assert pair.equilibrium == pytest.approx(0.4 - 0.1 * pair.log_train_loss, abs=1e-9)


def cut(tmp_path, accuracy, places, number=20):
    """Whether the best point of a curve is cut by a landscape that ends at -2."""
    edges = np.arange(-2.0, 0.01, 0.1)
    middles = 0.5 * (edges[1:] + edges[:-1])
    names = ("log_train_loss", "test_accuracy")
    flat = xr.Dataset(
        {
            "log_g": (names, np.zeros((20, 2))),
            "conditional_mean": (names[0], np.full(20, 0.8)),
            "conditional_mean_error": (names[0], np.full(20, 0.001)),
            "log_train_loss_edges": ("log_train_loss_edge", edges),
        },
        coords={names[0]: middles, names[1]: [0.0, 1.0]},
    )
    columns = {"long_mean_accuracy": np.array(accuracy), "long_n_runs": np.full(len(places), number)}
    columns |= {"long_mean_place": np.array(places), "long_mean_places": np.array(places)[:, None]}
    save_table(tmp_path / "e.npz", columns | {"long_mean_shares": np.ones((len(places), 1))}, {})
    return figures._pair(flat, tmp_path / "e.npz", "long_mean")


def test_early_stopping_that_is_cut_at_the_end_of_the_landscape_is_marked(tmp_path):
    inside = cut(tmp_path, [0.6, 0.9, 0.7, 0.5], [-2.55, -1.84, -1.75, -0.5])
    assert (inside.cut, inside.trained, inside.log_train_loss) == (0.0, 0.9, -1.84)
    beyond = cut(tmp_path, [0.95, 0.9, 0.7, 0.5], [-2.55, -1.84, -1.75, -0.5])
    assert (beyond.cut, beyond.trained) == (1.0, 0.9)
    last = cut(tmp_path, [0.6, 0.9, 0.7, 0.5], [-2.55, -1.94, -1.75, -0.5])
    assert (last.cut, last.trained) == (1.0, 0.9)
    columns, _ = compute_comparison(None, lambda *_: None)
    assert np.all(columns["n_cut"] <= columns["n_data_sets"])
    free = ~columns["clip"].astype(bool)
    assert np.all(columns["n_cut"][free & columns["long"].astype(bool)] > 0)  # they go on to ln L = -9
    picture = comparison(columns)
    words = picture.axes[1].get_legend_handles_labels()[1]
    assert any("cut at the end of the landscape" in word for word in words)
    plt.close(picture)


def test_the_loss_of_a_coin_is_drawn_on_panel_a():
    columns, _ = compute_landscape(None, lambda *_: None)
    assert columns["constant"][0] == pytest.approx(np.log(np.log(2.0)))
    picture = landscape(columns)
    assert any("constant" in label for label in picture.axes[0].get_legend_handles_labels()[1])
    plt.close(picture)


def test_the_files_of_the_shown_network_exist():
    assert landscape_file(*SHOWN).exists()
    assert all(training_file(*SHOWN, clip).exists() for clip in (True, False))
