"""Protocols by their formulas, the focusing field against mpmath, limits and identities of the observables."""

import math
from itertools import islice

import mpmath as mp
import numpy as np
import pytest

from perceptron.base.results import Status
from perceptron.kernels.instance.magnetisations import focus, through_coupling
from perceptron.message_passing.belief_propagation import SweepOptions, belief_propagation
from perceptron.message_passing.focusing import Focusing, focusing_profile, many_replicas_profile
from perceptron.message_passing.local_entropy import field_profile
from perceptron.message_passing.nodes import NODES, AmpNode
from perceptron.message_passing.protocols import (
    check_point,
    fixed_coupling,
    free_protocol,
    pseudo_reinforcement,
    pseudo_reinforcement_point,
    scoping,
    standard_reinforcement,
)
from perceptron.patterns import random_patterns

FINE = SweepOptions(tolerance=1e-11, max_sweeps=5000)
SHORT = SweepOptions(tolerance=1e-5)  # the relaxed node is in single precision


def instance(n_weights, n_patterns, seed):
    return random_patterns(n_weights, n_patterns, rng=np.random.default_rng(seed))


def settled(patterns, coupling, replicas, node, options=FINE):
    profile = focusing_profile(
        patterns, [(coupling, replicas)], node=node, options=options, rng=np.random.default_rng(1)
    )
    assert profile.status is Status.CONVERGED
    return profile.points[0]


def test_protocols_by_their_formulas():
    for number, (coupling, replicas) in enumerate(standard_reinforcement(0.01)):
        assert coupling == math.inf
        assert replicas == pytest.approx(1.0 / (1.0 - 0.01 * number), rel=1e-12)
    assert number == 99
    for number, (coupling, replicas) in enumerate(pseudo_reinforcement(0.01)):
        rho = 0.01 * number
        assert math.tanh(coupling) ** 2 == pytest.approx(rho, abs=1e-12)
        assert replicas == pytest.approx(1.0 + 1.0 / (1.0 - rho), rel=1e-12)
    assert number == 99
    for number, (coupling, replicas) in enumerate(scoping(7.0, 0.01)):
        assert math.tanh(coupling) ** 2 == pytest.approx(0.01 * number, abs=1e-12)
        assert replicas == 7.0
    assert number == 99


def test_replicas_grow_at_a_fixed_coupling_with_the_strength_of_the_other_lines():
    points = list(fixed_coupling(0.7, 30.0, 0.01))
    for number, (coupling, replicas) in enumerate(points[:-1]):
        rho = 0.01 * number
        assert coupling == 0.7
        assert (replicas - 1.0) * math.tanh(0.7) ** 2 == pytest.approx(rho / (1.0 - rho), rel=1e-12, abs=1e-15)
    assert points[-2].replicas < 30.0
    assert points[-1] == (0.7, 30.0)
    assert list(fixed_coupling(0.7, 1.0)) == [(0.7, 1.0)]
    for arguments, message in (((0.0,), "coupling = 0"), ((math.inf,), "coupling = inf"), ((0.7, 0.5), "replicas = ")):
        with pytest.raises(ValueError, match=message):
            list(fixed_coupling(*arguments))


@pytest.mark.parametrize("exponent", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("rho", [0.0, 0.3, 0.95])
def test_pseudo_reinforcement_at_any_exponent(rho, exponent):
    # the defining property: the field is first order in the messages with the slope ρ/(1-ρ) of standard reinforcement
    coupling, replicas = pseudo_reinforcement_point(rho, exponent)
    assert math.tanh(coupling) == pytest.approx(rho**exponent, rel=1e-12)
    assert (replicas - 1.0) * math.tanh(coupling) ** 2 == pytest.approx(rho / (1.0 - rho), rel=1e-12)


def test_points_out_of_range_are_named():
    assert check_point((math.inf, 1)) == (math.inf, 1.0)
    for point, message in (
        ((-0.1, 2.0), "coupling = -0.1"),
        ((math.nan, 2.0), "coupling = nan"),
        ((1.0, 0.9), "replicas = 0.9"),
        ((1.0, math.inf), "replicas = inf"),
        (("1", 2.0), "coupling = '1' is not a number"),
    ):
        with pytest.raises(ValueError, match=message):
            list(free_protocol([(0.5, 2.0), point]))
    for rho in (-0.01, 1.0, math.nan):
        with pytest.raises(ValueError, match="rho = "):
            pseudo_reinforcement_point(rho)
    for exponent in (0.0, 0.51):
        with pytest.raises(ValueError, match="exponent = "):
            pseudo_reinforcement_point(0.5, exponent)
    for protocol in (standard_reinforcement(0.0), pseudo_reinforcement(1.0), scoping(2.0, -0.1)):
        with pytest.raises(ValueError, match="rho_step = "):
            list(islice(protocol, 1))
    with pytest.raises(ValueError, match=r"replicas = 0\.5"):
        list(scoping(0.5))


def one_minus_tanh(coupling):
    with mp.workdps(60):
        return float(1 - mp.tanh(coupling))


@pytest.mark.parametrize("coupling", [0.0, 1e-8, 0.3, 2.0, 9.0, 40.0])
def test_the_way_through_the_coupling_against_mpmath(coupling):
    for h in (0.0, 1e-12, 1e-3, 0.4, 3.0, 7.5, 12.0, 17.0):
        with mp.workdps(80):
            exact = mp.atanh(mp.tanh(mp.mpf(h)) * mp.tanh(mp.mpf(coupling)))
        there = through_coupling(h, math.tanh(coupling), one_minus_tanh(coupling))
        # 1 - tanh h is known to about e^h roundings
        assert there == pytest.approx(float(exact), rel=2e-15 + 1e-16 * math.exp(min(h, 2 * coupling)), abs=3e-16)
        assert through_coupling(-h, math.tanh(coupling), one_minus_tanh(coupling)) == -there


def test_the_way_through_saturates_at_the_coupling():
    for coupling in (0.3, 2.0, 6.0):
        for h in (30.0, 1e5, math.inf):
            there = through_coupling(h, math.tanh(coupling), one_minus_tanh(coupling))
            assert there == pytest.approx(coupling, rel=1e-10)


def test_the_focusing_field_against_mpmath():
    fields, external = np.array([-5.0, -0.3, 0.0, 1e-3, 1.2]), np.empty(5)
    for coupling, replicas in ((0.4, 3.0), (1.5, 1.5), (0.7, 1.0), (0.0, 4.0)):
        focus(fields, (math.tanh(coupling), one_minus_tanh(coupling)), replicas, external)
        for h, found in zip(fields, external, strict=True):
            with mp.workdps(40):
                there = mp.atanh(mp.tanh(mp.mpf(h)) * mp.tanh(coupling))
                back = mp.atanh(mp.tanh((replicas - 1) * there) * mp.tanh(coupling))
            assert found == pytest.approx(float(back), rel=1e-12, abs=1e-15)
    focus(fields, (1.0, 0.0), 2.5, external)
    assert external == pytest.approx(1.5 * fields, rel=1e-15)


@pytest.mark.parametrize("node", NODES)
def test_without_coupling_it_is_belief_propagation(node):
    patterns, options = instance(101, 40, 2), SHORT if node == "relaxed" else FINE
    allowed = 1e-6 if node == "relaxed" else 1e-12
    plain = belief_propagation(patterns, node=node, options=options)
    for replicas in (1.0, 3.0):
        point = settled(patterns, 0.0, replicas, node, options)
        assert point.distance == pytest.approx(0.5, abs=1e-15)
        assert point.overlap == pytest.approx(plain.overlap.value, abs=allowed)
        assert point.local_entropy == pytest.approx(plain.entropy.value, abs=allowed)


@pytest.mark.parametrize("node", NODES)
def test_one_replica_feels_no_field(node):
    patterns, options = instance(101, 40, 2), SHORT if node == "relaxed" else FINE
    plain = belief_propagation(patterns, node=node, options=options)
    for coupling in (0.7, math.inf):
        point = settled(patterns, coupling, 1.0, node, options)
        assert point.overlap == pytest.approx(plain.overlap.value, abs=1e-6 if node == "relaxed" else 1e-12)
        assert point.distance == pytest.approx(0.5 * (1.0 - math.tanh(coupling)), abs=1e-15)


@pytest.mark.parametrize("node", NODES)
def test_without_effect_of_the_patterns_everything_is_free(node):
    # h = 0: no field, q = 0, S = tanh γ, Σ_I = ln 2cosh γ - γ tanh γ, the entropy of all weights at that distance
    protocol = [(coupling, replicas) for coupling in (0.0, 0.3, 1.5, 5.0) for replicas in (1.0, 3.0, 20.0)]
    profile = focusing_profile(instance(51, 10, 1), protocol, -9.0, node=node, rng=np.random.default_rng(1))
    assert len(profile.points) == len(protocol)
    couplings = profile.array("coupling")
    assert profile.array("overlap") == pytest.approx(0.0, abs=1e-12)
    assert profile.array("distance") == pytest.approx(0.5 * (1.0 - np.tanh(couplings)), abs=1e-14)
    expected = np.log(2.0 * np.cosh(couplings)) - couplings * np.tanh(couplings)
    assert profile.array("local_entropy") == pytest.approx(expected, abs=1e-13)
    assert profile.array("local_entropy") == pytest.approx(profile.geometric_bound, abs=1e-13)
    assert not profile.array("n_errors").any()


# with Φ the free entropy of y replicas, ∂Φ/∂γ = y N S and ∂Φ/∂y = N(Σ_I + γ S): their cross derivatives agree
# where messages make Φ stationary (exact, amp), and up to O(1/N) for the Gaussian node
@pytest.mark.parametrize(("coupling", "replicas"), [(0.5, 2.0), (1.0, 3.0), (0.8, 1.5)])
@pytest.mark.parametrize(
    ("node", "n_weights", "allowed"), [("exact", 21, 1e-6), ("amp", 21, 1e-6), ("gaussian", 101, 1e-3)]
)
def test_distance_and_entropy_derive_from_one_potential(node, n_weights, allowed, coupling, replicas):
    patterns, step = instance(n_weights, int(0.3 * n_weights), 1), 1e-3

    def pair(more_coupling, more_replicas):
        gamma, y = coupling + more_coupling, replicas + more_replicas
        point = settled(patterns, gamma, y, node)
        overlap = 1.0 - 2.0 * point.distance
        return y * overlap, point.local_entropy + gamma * overlap

    by_replicas = (pair(0.0, step)[0] - pair(0.0, -step)[0]) / (2.0 * step)
    by_coupling = (pair(step, 0.0)[1] - pair(-step, 0.0)[1]) / (2.0 * step)
    assert by_replicas == pytest.approx(by_coupling, abs=allowed)


@pytest.mark.parametrize("node", NODES)
def test_one_replica_at_infinite_coupling_lacks_the_entropy_of_single_weights(node):
    # what messages give there; all replicas are the centre, so that a true local entropy would be 0
    patterns, options = instance(101, 40, 2), SHORT if node == "relaxed" else FINE
    allowed = 1e-6 if node == "relaxed" else 1e-12
    plain = belief_propagation(patterns, node=node, options=options)
    up = 0.5 * (1.0 + plain.magnetisations)
    single = -np.mean(up * np.log(up) + (1.0 - up) * np.log1p(-up))
    found = settled(patterns, math.inf, 1.0, node, options)
    assert found.local_entropy == pytest.approx(plain.entropy.value - single, abs=allowed)
    assert found.local_entropy < -0.05


# what finite y leaves falls about as 1/y, more slowly while a weight stays near h = 0
@pytest.mark.parametrize("node", ["gaussian", "amp"])
@pytest.mark.parametrize("coupling", [0.8, 1.2])
def test_many_replicas_count_around_their_centre(node, coupling):
    patterns = instance(301, 120, 3)
    errors = []
    for replicas in (50.0, 100.0, 200.0):
        state = Focusing(NODES[node](patterns, patterns.threshold()), np.random.default_rng(1))
        line = list(fixed_coupling(coupling, replicas, 0.005))
        for point in line + 400 * line[-1:]:
            change = state.sweep(point, 0.5)
        assert change < 1e-6
        distance, _, entropy = state.measure(line[-1])
        around = field_profile(patterns, state.centre, fields=[coupling], node=node, options=FINE).points[0]
        errors.append((entropy - around.local_entropy, distance - around.distance))
    print(node, coupling, errors)
    assert np.abs(errors[-1]).max() < 3e-4
    assert np.all(np.abs(errors[-1]) < 0.6 * np.abs(errors[0]))


def test_the_profile_of_many_replicas():
    patterns, couplings = instance(301, 120, 3), [1.2, 0.8]
    profile = many_replicas_profile(patterns, couplings, node="amp", rng=np.random.default_rng(1))
    assert profile.status is Status.CONVERGED
    assert profile.array("coupling").tolist() == couplings
    assert np.all(profile.array("replicas") == 200.0)
    assert np.all(profile.array("n_errors") == 0)
    assert np.all(profile.geometric_bound > profile.array("local_entropy"))
    further = many_replicas_profile(patterns, couplings, replicas=800.0, node="amp", rng=np.random.default_rng(1))
    for name in ("distance", "local_entropy"):
        assert np.all(np.abs(profile.array(name) - further.array(name)) < profile.array(f"{name}_error"))
    with pytest.raises(ValueError, match=r"replicas = 2\.0"):
        many_replicas_profile(patterns, couplings, replicas=2.0, rng=np.random.default_rng(1))


@pytest.mark.parametrize("seed", range(1, 5))
def test_pseudo_reinforcement_solves_near_the_end_of_its_line(seed):
    # N = 301, α = 0.5: measured ρ = 0.64 .. 0.79 over six instances (0.67 in one of them)
    patterns = instance(301, 151, seed)
    state = Focusing(AmpNode(patterns, patterns.threshold()), np.random.default_rng(seed))
    for number, point in enumerate(pseudo_reinforcement(0.01)):
        state.sweep(point, 0.5)
        if patterns.n_errors(state.centre) == 0:
            break
    assert patterns.n_errors(state.centre) == 0
    assert 0.6 < 0.01 * number < 0.85


def test_points_that_do_not_settle_are_told_apart():
    options = SweepOptions(max_sweeps=2, tolerance=1e-9)
    profile = focusing_profile(instance(51, 20, 5), [(0.5, 2.0)], options=options, rng=np.random.default_rng(1))
    assert profile.status is Status.NOT_CONVERGED
    assert profile.points == ()
    assert profile.missing[0].status is Status.NOT_CONVERGED
