"""Walks at a fixed temperature against quadrature over the box, and means of a landscape in closed form."""

import json

import numpy as np
import pytest
import xarray as xr
from scipy.special import digamma
from typer.testing import CliRunner

from perceptron.base.files import load_table
from wl.analysis.thermal_means import expected_at, temperature_at
from wl.cli.main import app
from wl.engine.dynamics.settings import Dynamics, TimeStepError
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.runs.relaxation import RelaxationOptions, relax
from wl.systems.network.system import NetworkOptions, neural_network
from wl.systems.quadratic import quadratic_blocks

HALF, TEMPERATURE = 1.5, 0.1
POINTS = {"train": ([-1.0, 0.2, 0.9], [-0.8, 0.3, 0.5]), "test": ([-0.6, 0.5], [-0.3, 0.7])}
NAMES = ("log_train_loss", "log_test_loss")


def split_of(part):
    x, y = POINTS[part]
    return Split(np.array(x)[:, None], np.array(y)[:, None])


def small_network(**more):
    """z = v tanh(w x + b) + c, of four parameters."""
    options = NetworkOptions("float64", HALF, **{"forces": True, **more})
    return neural_network(
        Architecture(1, (1,), 1, "tanh", "linear"), split_of("train"), split_of("test"), NAMES, options
    )


def exact_means(temperature, n_nodes=40):
    """Means of ln L_train and ln L_test in the density e^(-L_train/T) on the box."""
    nodes = HALF * (2.0 * (np.arange(n_nodes) + 0.5) / n_nodes - 1.0)
    w, b, v, c = np.meshgrid(nodes, nodes, nodes, nodes, indexing="ij", sparse=True)
    losses = [
        sum((v * np.tanh(w * x + b) + c - y) ** 2 for x, y in zip(*POINTS[part], strict=True)) / len(POINTS[part][0])
        for part in ("train", "test")
    ]
    weight = np.exp(-losses[0] / temperature)
    return [float(np.sum(weight * np.log(loss)) / np.sum(weight)) for loss in losses]


@pytest.mark.parametrize(
    "sampler", ["langevin", *(pytest.param(name, marks=pytest.mark.slow) for name in ("baoab", "hmc"))]
)
def test_walks_have_the_means_of_quadrature(sampler):
    coarse, fine = exact_means(TEMPERATURE, 30), exact_means(TEMPERATURE, 40)
    assert np.allclose(coarse, fine, atol=0.003)
    dynamics = Dynamics(sampler, None if sampler == "hmc" else 0.03, friction=0.05, n_leaps=10)
    starts = np.array([[0.9, 0.1, 0.9, -0.1]])
    found = relax(small_network(), RelaxationOptions(TEMPERATURE, 60_000, 8, 400, dynamics), starts)
    assert found.given_start.tolist() == [False, True] * 4
    for estimate, exact in zip(found.means(0.9), fine, strict=True):
        assert estimate.error < 0.03
        assert abs(estimate.value - exact) < 4.0 * np.hypot(estimate.error, 0.003)


def test_adapted_steps_keep_the_temperature():
    found = relax(small_network(), RelaxationOptions(TEMPERATURE, 40_000, 4, 100))
    assert np.all(found.time_steps > 0.0)
    assert np.allclose(found.kinetic_temperatures, 1.0, atol=0.1)
    assert np.all(np.abs(found.energy_drifts) < 0.01)
    assert found.evaluations[-1] == 40_000


def test_a_time_step_that_blows_up_is_named():
    dynamics = Dynamics("langevin", 0.3)
    with pytest.raises(TimeStepError, match=r"time_step = 0\.3 is too large at this temperature"):
        relax(small_network(), RelaxationOptions(1e-7, 1000, 1, 10, dynamics))


def landscape_of(dimension, slope, n_runs=2):
    """Ln g = n/2 x, spread over y around slope · x; the runs have means of y that differ by 0.02."""
    x, y = np.arange(-8.0, 3.0, 0.05), np.arange(-9.0, 9.0, 0.1)
    log_g = 0.5 * dimension * x[:, None] - 0.5 * ((y - slope * x[:, None]) / 0.2) ** 2
    mean = slope * x
    runs = np.array([mean - 0.01, mean + 0.01])[:n_runs]
    return xr.Dataset(
        {
            "log_g": (("log_train_loss", "log_test_loss"), log_g),
            "log_g_marginal": (("log_train_loss",), np.logaddexp.reduce(log_g, axis=1)),
            "log_g_marginal_error": (("log_train_loss",), np.zeros(x.size)),
            "conditional_mean": (("log_train_loss",), mean),
            "conditional_mean_error": (("log_train_loss",), np.zeros(x.size)),
            "conditional_mean_runs": (("run", "log_train_loss"), runs),
            "log_g_runs": (("run", "log_train_loss", "log_test_loss"), np.stack([log_g] * n_runs)),
        },
        coords={"log_train_loss": x, "log_test_loss": y},
    )


def test_means_of_a_harmonic_landscape_are_in_closed_form():
    dimension, slope, temperature = 8, 0.7, 0.03
    exact = digamma(dimension / 2) + np.log(temperature)
    found = expected_at(landscape_of(dimension, slope), temperature)
    assert found.log_train_loss.value == pytest.approx(exact, abs=1e-4)
    assert found.log_train_loss.error == pytest.approx(0.0, abs=1e-9)
    assert found.second.value == pytest.approx(slope * exact, abs=1e-4)
    assert found.second.error == pytest.approx(0.01, rel=1e-6)
    assert found.weight_at_ends < 1e-4
    assert expected_at(landscape_of(dimension, slope), 10.0).weight_at_ends == 1.0
    assert np.isnan(expected_at(landscape_of(dimension, slope, 1), temperature).second.error)


def test_the_temperature_of_a_loss_is_that_of_the_slope():
    landscape = landscape_of(8, 0.7)
    assert temperature_at(landscape, -3.0) == pytest.approx(np.exp(-3.0) / 4.0, rel=1e-6)
    with pytest.raises(ValueError, match=r"log_train_loss = 5\.0 is outside the landscape; allowed: -8 to"):
        temperature_at(landscape, 5.0)
    landscape["log_g_marginal"] = -landscape["log_g_marginal"]
    with pytest.raises(ValueError, match="ln g has the slope -4 there; allowed: where it grows"):
        temperature_at(landscape, -3.0)


def test_unusable_systems_and_numbers_are_named():
    options = RelaxationOptions(TEMPERATURE, 1000, 1, 10)
    with pytest.raises(ValueError, match=r"system of log_train_loss, log_test_loss is not usable; allowed: forces"):
        relax(small_network(forces=False), options)
    with pytest.raises(ValueError, match=r"allowed: forces, log_train_loss and a second variable"):
        relax(quadratic_blocks(2, 2, forces=True), options)
    for wrong, text in (
        ({"temperature": 0.0}, r"temperature = 0\.0"),
        ({"n_walkers": 0}, "walkers = 0"),
        ({"n_records": 1}, "records = 1"),
        ({"n_evaluations": 5}, "steps = 5"),
        ({"seed": -1}, "seed = -1"),
    ):
        with pytest.raises(ValueError, match=text):
            RelaxationOptions(**{"temperature": 1.0, "n_evaluations": 1000, "n_records": 10, **wrong})


def run_wl(*arguments):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return json.loads(done.stdout)


def test_the_command_compares_with_the_landscape_of_a_run(tmp_path):
    run, walks = tmp_path / "run", tmp_path / "walks.npz"
    network = ("--hidden", "2", "--train-points", 4, "--test-points", 4)
    run_wl("run", "spiral", *network, "--variables", ",".join(NAMES), "--steps", 2e6, "--output", run, "--json")
    found = run_wl(
        *("relax", run, "--log-train-loss", -0.5, "--steps", 20_000, "--records", 100, "--walkers", 2),
        *("--output", walks, "--json"),
    )
    for name in NAMES:
        assert found[f"expected_{name}"]["value"] == pytest.approx(found[name]["value"], abs=0.2)
    assert abs(found["excess_at_equal_train_loss"]["value"]) < 0.1
    table, origin = load_table(walks)
    assert table["values"].shape == (2, 100, 2)
    assert origin["parameters"]["temperature"] == found["temperature"]
    with pytest.raises(ValueError, match="allowed: exactly one of the two"):
        run_wl("relax", run, "--steps", 1000)
    run_wl("run", "ising", "--size", 4, "--steps", 1e5, "--output", tmp_path / "ising", "--json")
    with pytest.raises(ValueError, match="allowed: a landscape of log_train_loss and another variable"):
        run_wl("relax", tmp_path / "ising", "--temperature", 1.0, "--steps", 1000)
