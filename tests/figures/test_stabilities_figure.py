"""Distribution of stabilities: enumeration and belief propagation against theory; solutions found are not typical."""

import numpy as np
import pytest

from figures import stabilities, wide_flat_minima
from figures.stabilities import Ensemble, interval_masses, measure
from perceptron.base.files import load_table
from perceptron.base.results import Status
from perceptron.theory.typical.solutions import typical_solutions


def test_masses_of_theory_sum_to_one_and_their_slope_is_that_of_the_entropy():
    # the density at the margin is -∂φ/∂κ / α: raising it removes the solutions that lie there
    assert interval_masses(0.5, np.linspace(0.0, 9.0, 31)).sum() == pytest.approx(1.0, abs=1e-10)
    typical = typical_solutions(0.5, 0.0)
    thin = 1e-4
    first = interval_masses(0.5, np.array([0.0, thin]))[0] / thin
    assert first == pytest.approx(-typical.entropy_by_margin / 0.5, rel=1e-4)


def test_enumeration_against_theory():
    # 1/N of a mass is what finite size costs at the most at N = 13 and 25; 4 standard errors of the intervals, which
    # are about eight: false alarms 0.05% over seeds, which are fixed
    for ensemble in (Ensemble(13, (6, 7), 400, 1), Ensemble(25, (12, 13), 40, 1)):
        found, status = measure("enumeration", ensemble)
        assert status is Status.CONVERGED
        assert (found["density"] * found["width"]).sum() == pytest.approx(1.0, abs=0.002)
        difference, error = ((found["density"] - found["theory"]) * found["width"], found["error"] * found["width"])
        assert np.all(np.abs(difference) < 1.0 / ensemble.n_weights + 4.0 * error)


@pytest.mark.slow
def test_belief_propagation_against_theory_and_focusing_apart_from_it():
    # 3.5 standard errors of 10 instances, Student's t with 8 degrees of freedom: false alarms 0.8%, seeds are fixed;
    # intervals fluctuate together, as |Σ_μ ξ^μ|²/(NP) does
    bp, status = measure("bp", stabilities.LARGE)
    assert status is Status.CONVERGED
    assert bp["n_instances"].tolist() == [5, 5]
    seen = bp["stability"] < 2.0
    assert np.all(np.abs(bp["density"] - bp["theory"])[seen] < 3.5 * bp["error"][seen])
    assert np.all(bp["error"] < 0.01)
    found, _ = measure("focusing", stabilities.LARGE)
    assert found["n_instances"].sum() == 10
    assert found["density"][0] < 0.2 * found["theory"][0]
    mean, error, theory = found["mean"]
    assert mean - 10.0 * error > theory
    end, _ = measure("focusing to the end", stabilities.LARGE)
    assert end["n_instances"].sum() == 10
    assert end["density"][0] < 0.5 * found["density"][0]


@pytest.mark.slow
def test_enumeration_tends_to_theory(tmp_path):
    # linear in 1/N from N = 13 and 25; 3 standard errors: false alarms 0.3% over seeds, which are fixed. A lattice rule
    # that is off by half a step would move the mean by 1/√N = 0.2 at N = 25
    written, status = wide_flat_minima.make("stabilities", tmp_path)
    assert status is Status.CONVERGED
    assert [path.name for path in written] == ["stabilities.npz", "stabilities.png", "stabilities.pdf"]
    columns, _ = load_table(tmp_path / "stabilities.npz")
    deviations, errors, distances = [], [], []
    for size in (13, 25):
        mean, error, theory = columns[f"enumeration_{size}_mean"]
        deviations.append(mean - theory)
        errors.append(error)
        route = f"enumeration_{size}_"
        difference = (columns[f"{route}density"] - columns[f"{route}theory"]) * columns[f"{route}width"]
        distances.append(0.5 * np.abs(difference).sum())
    limit = (25.0 * deviations[1] - 13.0 * deviations[0]) / 12.0
    error = np.hypot(25.0 * errors[1], 13.0 * errors[0]) / 12.0
    print(f"mean stability less theory {deviations}, extrapolated {limit:.4f} ± {error:.4f}; distances {distances}")
    assert abs(limit) < 3.0 * error
    assert error < 0.01
    assert distances[1] < 0.75 * distances[0]
