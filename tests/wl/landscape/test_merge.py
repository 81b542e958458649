"""Landscapes of independent runs, merged; a difference is named."""

import numpy as np
import pytest

from perceptron.patterns import random_patterns
from wl.analysis.plots import save_landscape_plot
from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.landscape.build import load_landscape
from wl.landscape.merge import merge_landscapes
from wl.runs.directory import create, open_directory
from wl.runs.goal import Goal
from wl.runs.run import Plan
from wl.systems.ising import ising
from wl.systems.perceptron.system import binary_perceptron


def finished(path, system, seed, ranges=None, n_runs=1, n_trials=200_000):
    plan = Plan(
        system,
        system.default_variables[:1],
        settings_for(system),
        Goal(steps=n_trials),
        seed,
        n_runs,
        ranges or {},
        8.0,
    )
    directory = create(path, plan)
    run, _ = directory.load()
    run.prepare()
    while not run.reached():
        run.advance()
    directory.save(run)
    directory.finish(run)
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    root = tmp_path_factory.mktemp("merge")
    return [finished(root / f"run{seed}", ising(4), seed) for seed in (1, 2, 3)]


def test_merging_takes_means_and_sums(runs, tmp_path):
    merged = merge_landscapes(runs, tmp_path / "merged.nc")
    parts = [load_landscape(path / "landscape.nc") for path in runs]
    assert merged.attrs["steps"] == sum(part.attrs["steps"] for part in parts) == 600_000
    assert merged.attrs["seconds"] == pytest.approx(sum(part.attrs["seconds"] for part in parts))
    assert merged.sizes["run"] == 3
    known = np.isfinite(merged["log_g"].values)
    assert np.log(np.exp(merged["log_g"].values[known]).sum()) == pytest.approx(16 * np.log(2.0), rel=1e-12)
    assert merged["histogram"].values.sum() == sum(part["histogram"].values.sum() for part in parts)
    assert load_landscape(tmp_path / "merged.nc").identical(merged)
    save_landscape_plot(tmp_path / "merged.png", merged)


def test_merging_in_steps_equals_merging_at_once(runs, tmp_path):
    once = merge_landscapes(runs, tmp_path / "once.nc")
    merge_landscapes(runs[:2], tmp_path / "two.nc")
    again = merge_landscapes([tmp_path / "two.nc", runs[2]], tmp_path / "steps.nc")
    np.testing.assert_array_equal(once["log_g"].values, again["log_g"].values)
    assert once.attrs["steps"] == again.attrs["steps"]


def test_what_cannot_be_merged_is_named(runs, tmp_path):
    with pytest.raises(ValueError, match=r"paths = .* is not usable; allowed: at least 2"):
        merge_landscapes(runs[:1], tmp_path / "a.nc")
    with pytest.raises(ValueError, match=r"seeds = \[1, 1\] of the runs are not all different"):
        merge_landscapes([runs[0], runs[0]], tmp_path / "a.nc")
    with pytest.raises(ValueError, match=r"landscape .*nowhere.* does not exist"):
        merge_landscapes([runs[0], tmp_path / "nowhere"], tmp_path / "a.nc")
    other = finished(tmp_path / "size", ising(3), 4, n_trials=20_000)
    with pytest.raises(ValueError, match=r"system of .*size.* is .*'size': 3.*, of .*run1.*'size': 4"):
        merge_landscapes([runs[0], other], tmp_path / "a.nc")
    other = finished(tmp_path / "grid", ising(4), 4, {"energy": Range(-32, 0)}, n_trials=20_000)
    with pytest.raises(ValueError, match=r"grid of .*grid.* and .*run1.* differ in energy"):
        merge_landscapes([runs[0], other], tmp_path / "a.nc")
    assert not (tmp_path / "a.nc").exists()


def test_other_data_are_named(tmp_path):
    systems = [binary_perceptron(random_patterns(15, 7, rng=np.random.default_rng(k))) for k in (1, 2)]
    paths = [finished(tmp_path / f"run{k}", system, k, n_trials=20_000) for k, system in enumerate(systems, 1)]
    with pytest.raises(ValueError, match=r"data of .*run2.* and .*run1.* differ in data_patterns"):
        merge_landscapes(paths, tmp_path / "a.nc")
    with_reference = binary_perceptron(
        random_patterns(15, 7, rng=np.random.default_rng(1)), reference=np.ones(15, np.int8)
    )
    other = finished(tmp_path / "reference", with_reference, 3, n_trials=20_000)
    with pytest.raises(ValueError, match=r"data of .*reference.* and .*run1.* differ in data_reference"):
        merge_landscapes([paths[0], other], tmp_path / "a.nc")


def test_a_directory_without_a_landscape_is_named(runs, tmp_path):
    plan = open_directory(runs[0]).plan
    create(tmp_path / "new", plan)
    with pytest.raises(ValueError, match=r"landscape .*new.* does not exist"):
        merge_landscapes([runs[0], tmp_path / "new"], tmp_path / "a.nc")
