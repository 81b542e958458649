"""`import wl`: the examples of the README, one call from a system to its landscape, and what a landscape tells."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

import wl
from perceptron.enumeration.counts import enumerate_instance
from perceptron.patterns import random_patterns
from wl.networks.datasets.spiral import spiral
from wl.runs.goal import Goal
from wl.runs.sample import plan_of

LIGHT = ("numba", "pandas", "scipy", "xarray", "matplotlib", "typer")


@pytest.fixture(scope="module")
def ising():
    return wl.sample(wl.ising(4), steps=2e6, seed=1)


def test_the_import_is_light_and_every_name_loads():
    code = f"import sys, wl; print([name for name in {LIGHT} if name in sys.modules])"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
    assert all(getattr(wl, name) is not None for name in wl.__all__)
    assert set(wl.__all__) <= set(dir(wl))
    with pytest.raises(AttributeError, match="no attribute 'smaple'"):
        _ = wl.smaple


def test_a_landscape_counts_and_tells(ising, tmp_path):
    ground = float(ising.log_g.sel(energy=-32))
    assert abs(ground - math.log(2.0)) < 5.0 * float(ising.log_g_error.sel(energy=-32))
    assert ising.status is wl.Status.CONVERGED
    assert ising.is_absolute
    assert ising.variables == ("energy",)
    assert "CONVERGED" in ising.summary()
    assert "seed 1" in ising.summary()
    assert len(repr(ising)) < 80
    assert ising._repr_html_().startswith("<pre>")
    assert {criterion.passed for criterion in ising.report} <= {True, None}
    table = ising.to_dataframe()
    assert list(table.columns) == ["energy", "log_g", "log_g_error"]
    assert math.isclose(np.exp(table.log_g).sum(), 2.0**16, rel_tol=1e-9)
    ising.plot(tmp_path / "ising.png")
    assert (tmp_path / "ising.png").stat().st_size > 10_000
    ising.save(tmp_path / "ising.nc")
    assert wl.load(tmp_path / "ising.nc").data.identical(ising.data)


def test_a_run_in_a_directory_is_the_same_to_the_last_bit(ising, tmp_path):
    kept = wl.sample(wl.ising(4), steps=2e6, seed=1, directory=tmp_path / "run")
    assert np.array_equal(kept.log_g.values, ising.log_g.values, equal_nan=True)
    assert wl.resume(tmp_path / "run").data.attrs["steps"] == 2_000_000
    longer = wl.extend(tmp_path / "run", steps=1e6)
    assert longer.data.attrs["steps"] == 3_000_000
    assert wl.load(tmp_path / "run").data.attrs["steps"] == 3_000_000


def test_runs_are_merged_and_compared(ising):
    others = [wl.sample(wl.ising(4), steps=4e6, seed=seed, runs=4) for seed in (2, 3)]
    merged = wl.merge([ising, *others])
    assert merged.data.sizes["run"] == 9
    assert len(merged.provenance) == 3
    assert wl.compare(*others).p_value > 1e-4
    with pytest.raises(ValueError, match="seeds"):
        wl.merge([ising, ising])


def test_the_number_of_solutions_is_that_of_enumeration():
    patterns = random_patterns(15, 6, rng=np.random.default_rng(1))
    exact = enumerate_instance(patterns).n_solutions
    found = wl.sample(wl.perceptron(patterns.values), steps=4e6).log_n_solutions
    assert abs(found.value - math.log(exact)) < 5.0 * found.error
    assert found.error < 0.05
    with_errors = wl.sample(wl.perceptron(patterns, variables="n_errors"), steps=4e6)
    assert abs(with_errors.log_n_solutions.value - math.log(exact)) < 5.0 * with_errors.log_n_solutions.error


def test_solutions_that_were_not_found_have_a_status_and_no_number():
    patterns = random_patterns(15, 40, rng=np.random.default_rng(1))
    assert enumerate_instance(patterns).n_solutions == 0
    found = wl.sample(wl.perceptron(patterns), steps=1e6)
    assert found.log_n_solutions.status is wl.Status.NOT_REACHED
    assert math.isnan(found.log_n_solutions.value)
    assert "NOT_REACHED" in found.summary()


def test_of_other_systems_there_are_no_solutions(ising):
    with pytest.raises(ValueError, match=r"the landscape is of ising over energy; allowed: a perceptron"):
        _ = ising.log_n_solutions


def test_a_task_and_its_ensemble_have_an_advantage():
    system = wl.task("spiral", hidden=(3,))
    found = wl.sample(system, steps=2e5, settings={"start": "uniform"})
    assert found.variables == ("log_train_loss", "test_accuracy")
    ensemble = wl.train("spiral", wl.TrainingOptions(n_runs=3, n_epochs=50), hidden=(3,))
    advantage = found.advantage(ensemble)
    assert advantage.n_runs == 3
    assert math.isfinite(advantage.value)
    assert advantage.error > 0.0
    curve = found.equilibrium()
    assert curve.to_dataframe().shape == (curve.x.size, 3)
    assert "bins known" in repr(curve)
    assert found.maximum_entropy().value.shape == curve.x.shape
    assert curve.plot().get_ylabel() != ""


@pytest.mark.parametrize("sampler", [None, "hmc"])
def test_a_task_is_planned_as_on_the_command_line(sampler, tmp_path, monkeypatch):
    """The plan of `wl run`, caught before anything is sampled."""
    from wl.cli import run as run_cli  # noqa: PLC0415
    from wl.runs import directory  # noqa: PLC0415

    def caught(path, plan, overwrite):
        raise StopIteration(plan)

    monkeypatch.setattr(directory, "create", caught)
    with pytest.raises(StopIteration) as there:
        run_cli.run("spiral-regression", width=3, steps=1000, sampler=sampler, output=tmp_path / "new")
    here = plan_of(wl.task("spiral-regression", width=3, sampler=sampler), Goal(1000))
    assert here.description() == there.value.value.description()


def test_a_network_of_ones_own_takes_bins():
    data = spiral()
    bins = {"log_train_loss": wl.Bins(-0.6, 0.4, 0.1, open_low=True, open_high=True)}
    system = wl.network(wl.Architecture(2, (3,)), data.train, box=1.0)
    found = wl.sample(system, steps=5e4, bins=bins, settings={"start": "uniform"})
    assert found.log_g.size == 10


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "allowed: exactly one"),
        ({"steps": 1e4, "seconds": 1.0}, "allowed: exactly one"),
        ({"until": "tired"}, "until = 'tired' is not known; allowed: converged"),
        ({"steps": 1e4, "variables": "mood"}, "variables = 'mood' is not a variable of ising"),
        ({"steps": 1e4, "sampler": "hmc"}, "sampler = 'hmc' needs forces, which ising lacks"),
        ({"steps": 1e4, "sampler": "magic"}, "sampler = 'magic' is not known"),
        ({"steps": 1e4, "bins": {"energy": (0, 1)}}, r"bins = \(0, 1\) is not usable; allowed: Range"),
        ({"steps": 1e4, "jobs": 0}, "jobs = 0 is out of range"),
        ({"steps": 1e4, "seed": -1}, "seed = -1 is out of range"),
    ],
)
def test_bad_input_is_named(arguments, message):
    with pytest.raises((ValueError, TypeError), match=message):
        wl.sample(wl.ising(4), **arguments)


def test_what_is_no_system_is_named():
    with pytest.raises(TypeError, match="system = 'ising' is not usable; allowed: System"):
        wl.sample("ising", steps=1e4)
    with pytest.raises(ValueError, match="name = 'ising' is a system of this package"):
        wl.register("ising", lambda parameters, data: None)
    with pytest.raises(ValueError, match="options = depth are not known; allowed: hidden"):
        wl.task("spiral", depth=3)


def test_the_command_prints_the_number_of_solutions(tmp_path, monkeypatch, capsys):
    from wl.cli import main  # noqa: PLC0415

    monkeypatch.chdir(tmp_path)
    command = ["wl", "run", "perceptron", "--n", "15", "--n-patterns", "6", "--steps", "1e6", "--output", "run"]
    monkeypatch.setattr("sys.argv", command)
    with pytest.raises(SystemExit):
        main.main()
    assert "log_n_solutions: " in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["wl", "status", "run", "--json"])
    with pytest.raises(SystemExit):
        main.main()
    printed = json.loads(capsys.readouterr().out)["log_n_solutions"]
    assert printed["value"] == wl.load("run").log_n_solutions.value
