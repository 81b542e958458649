"""Profiles print short and become tables and pictures; the instance half has public names."""

import numpy as np
import pytest

import perceptron
from perceptron import field_profile, local_entropy_profile, random_patterns, solve


def test_profiles_are_short_in_print_and_whole_as_tables():
    profile = local_entropy_profile(0.5, 0.1, distances=[0.01, 0.1])
    assert len(repr(profile)) < 90
    assert "2 points, d = 0.01 .. 0.1, CONVERGED" in repr(profile)
    table = profile.to_dataframe()
    assert table.distance.tolist() == [0.01, 0.1]
    assert table.local_entropy.to_numpy() == pytest.approx(profile.array("local_entropy"), abs=0.0)
    assert table.status.tolist() == ["CONVERGED", "CONVERGED"]
    assert "<table" in profile._repr_html_()
    assert profile.plot().get_xlabel() == "distance $d$"


def test_one_instance_from_its_patterns_to_the_entropy_around_a_solution():
    patterns = random_patterns(101, 40, rng=np.random.default_rng(1))
    found = solve(patterns, rng=np.random.default_rng(1))
    assert found.status.name == "SOLVED"
    profile = field_profile(patterns, found.weights, fields=[0.5, 1.0])
    assert profile.to_dataframe().shape[0] == len(profile.points) > 0
    entropy = perceptron.belief_propagation(patterns).entropy
    assert 0.0 < entropy.value < np.log(2.0)
    small = random_patterns(11, 3, rng=np.random.default_rng(1))
    assert perceptron.enumerate_instance(small).n_solutions > 0


def test_every_public_name_loads():
    assert all(getattr(perceptron, name) is not None for name in perceptron.__all__)
