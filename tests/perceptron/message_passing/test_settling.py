"""CONVERGED belongs to the residual that is reported and to an entropy that exists, above and below the capacity."""

import json
import math

import numpy as np
import pytest
from scipy.special import log_ndtr, logsumexp
from typer.testing import CliRunner

from perceptron.base.profile import geometric_bound
from perceptron.base.results import ConvergenceError, Status
from perceptron.cli.main import app
from perceptron.message_passing.belief_propagation import SweepOptions, belief_propagation
from perceptron.message_passing.focusing import focusing_profile, many_replicas_profile
from perceptron.message_passing.local_entropy import field_profile
from perceptron.message_passing.nodes import NODES, node_of
from perceptron.message_passing.settling import settle
from perceptron.patterns import Patterns, random_patterns

LN_2 = math.log(2.0)
LOADS = (0.1, 0.5, 0.8, 1.0, 1.5, 3.0, 6.0)
SHORT = SweepOptions(max_sweeps=300)


def instance(n_weights, load, seed, gaussian=False):
    rng = np.random.default_rng(seed)
    return random_patterns(n_weights, max(1, round(load * n_weights)), rng=rng, gaussian=gaussian)


def log_2cosh(x):
    return np.logaddexp(x, -x)


def log_tails(log_plus, log_minus, needed):
    """Ln P(at least `needed` of the terms are +1) for every row of independent terms."""
    counts = np.full((log_plus.shape[0], log_plus.shape[1] + 1), -np.inf)
    counts[:, 0] = 0.0
    for plus, minus in zip(log_plus.T, log_minus.T, strict=True):
        with np.errstate(invalid="ignore"):
            counts[:, 1:] = np.logaddexp(counts[:, 1:] + minus[:, None], counts[:, :-1] + plus[:, None])
        counts[:, 0] += minus
    return logsumexp(counts[:, needed:], axis=1)


def bethe_entropy(state, external):
    """Per weight, from the messages by the formulas of the documentation, in logarithms throughout."""
    patterns, midpoint = state.patterns, state.threshold.midpoint
    xi = patterns.values.astype(np.float64)
    total = state.fields.astype(np.float64) + external
    means = np.tanh(total)
    if state.name == "amp":
        variance, slopes = np.sum(1.0 - means**2), state.slopes
        arguments = (xi @ means - variance * slopes - midpoint) / math.sqrt(variance)
        nodes = np.sum(log_ndtr(arguments) + 0.5 * variance * slopes**2) - state.fields @ means
        return (nodes + log_2cosh(total).sum() - external @ means) / patterns.n_weights
    messages = state.edges.messages.astype(np.float64)
    cavity = total - messages
    if state.name == "exact":
        fields = 2.0 * xi * cavity
        nodes = log_tails(-np.logaddexp(0.0, -fields), -np.logaddexp(0.0, fields), state.needed).sum()
    else:
        variances = (xi**2 / np.cosh(np.minimum(np.abs(cavity), 300.0)) ** 2).sum(axis=1)
        nodes = log_ndtr(((xi * np.tanh(cavity)).sum(axis=1) - midpoint) / np.sqrt(variances)).sum()
    free = nodes + log_2cosh(total).sum() - (log_2cosh(total) - log_2cosh(cavity)).sum()
    return (free - external @ means) / patterns.n_weights


def check(found, state, external=0.0):
    """What a result may say."""
    value = found.entropy.value
    field = np.broadcast_to(np.asarray(external, dtype=np.float64), (state.patterns.n_weights,))
    assert found.status in (Status.CONVERGED, Status.NOT_CONVERGED, Status.CONTRADICTION)
    if found.status is Status.CONVERGED:
        assert found.residual <= found.tolerance
        assert -math.inf < value <= LN_2
        assert math.isfinite(found.entropy.error)
        assert value == pytest.approx(bethe_entropy(state, field), abs=2e-5 if state.name == "relaxed" else 1e-9)
        assert (value < -1e-5) <= ("negative" in found.reason)
    else:
        assert found.reason
        assert math.isnan(value) or (found.residual > found.tolerance and -100.0 < value <= LN_2)
        assert (found.status is Status.CONTRADICTION) <= math.isnan(value)
    assert math.isnan(value) == math.isnan(found.free_entropy.value) == math.isnan(found.overlap.value)


@pytest.mark.parametrize("load", LOADS)
@pytest.mark.parametrize("node", NODES)
def test_no_load_node_margin_or_damping_gives_a_false_result(node, load):
    for n_weights, seed in ((15, 1), (51, 2)) if load < 2.0 or node != "exact" else ((15, 1),):
        patterns = instance(n_weights, load, seed)
        for margin in (-0.6, 0.0, 0.4):
            for options in (SHORT, SweepOptions(0.0, max_sweeps=300), SweepOptions(0.8, tolerance=1e-2, max_sweeps=50)):
                state = node_of(node, patterns, patterns.threshold(margin))
                check(belief_propagation(patterns, margin, node=state, options=options), state)


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("node", ["gaussian", "relaxed"])
def test_nor_do_sequential_sweeps_or_gaussian_patterns(node, gaussian):
    for load in LOADS:
        patterns = instance(21, load, 3, gaussian)
        for margin in (-0.5, 0.3):
            state = node_of(node, patterns, patterns.threshold(margin))
            options = SweepOptions(sequential=gaussian is False, max_sweeps=200)
            check(belief_propagation(patterns, margin, node=state, options=options), state)


@pytest.mark.parametrize("node", NODES)
def test_far_above_the_capacity_nothing_is_claimed(node):
    n_weights = 21 if node == "exact" else 51
    for seed in range(3):
        found = belief_propagation(instance(n_weights, 5.0, seed), node=node)
        assert found.status in (Status.NOT_CONVERGED, Status.CONTRADICTION)
        if node != "relaxed":  # to first order in 1/√N it may come back to life
            assert found.status is Status.CONTRADICTION
            assert "contradict" in found.reason


@pytest.mark.parametrize("node", NODES)
def test_below_it_the_numbers_are_those_of_before(node):
    # against the entropy of a run to a much smaller residual
    patterns = instance(101, 0.4, 4) if node != "exact" else instance(51, 0.4, 4)
    rough = belief_propagation(patterns, node=node)
    assert rough.status is Status.CONVERGED
    assert rough.reason == ""
    if node != "relaxed":
        fine = belief_propagation(patterns, node=node, options=SweepOptions(tolerance=1e-12))
        assert fine.status is Status.CONVERGED
        assert rough.entropy.value == pytest.approx(fine.entropy.value, abs=1e-7)
        assert np.abs(rough.magnetisations - fine.magnetisations).max() < rough.magnetisation_error


# the sums of these two patterns add up to 8 at the most, and the margin asks each for 7: no weights meet both, the
# magnetisations rest while fields grow without end and the free entropy falls
@pytest.mark.parametrize("node", ["exact", "amp"])
@pytest.mark.parametrize("damping", [0.0, 0.5, 0.9])
def test_two_patterns_that_exclude_each_other(node, damping):
    row = np.ones(15, dtype=np.int8)
    other = -row
    other[:4] = 1
    patterns = Patterns(np.array([row, other]))
    margin = 7.0 / math.sqrt(15)  # sums of 7 or more; together at most 2·4
    found = belief_propagation(patterns, margin, node=node, options=SweepOptions(damping, max_sweeps=400))
    assert found.status is not Status.CONVERGED


def test_a_margin_beyond_all_weights_is_a_contradiction():
    patterns = instance(21, 0.1, 5)
    for node in NODES:
        found = belief_propagation(patterns, 5.0, node=node)  # √21 = 4.58
        assert found.status is Status.CONTRADICTION
        assert math.isnan(found.entropy.value)


def test_one_solution_alone_has_entropy_zero():
    # a pattern that asks for all weights: everything freezes, and nothing is wrong with that
    patterns = Patterns(np.ones((1, 13), dtype=np.int8))
    found = belief_propagation(patterns, math.sqrt(13.0), node="exact")
    assert found.status is Status.CONVERGED
    assert found.entropy.value == pytest.approx(0.0, abs=1e-12)
    assert found.reason == ""


def test_with_throw_everything_but_convergence_is_raised():
    with pytest.raises(ConvergenceError, match="contradict each other") as caught:
        belief_propagation(instance(51, 5.0, 1), throw=True)
    assert caught.value.result.status is Status.CONTRADICTION


class Steps:
    """Given changes of a mean and values of an entropy, in place of messages."""

    def __init__(self, node, changes, entropies):
        self.node, self.changes, self.entropies, self.n_sweeps = node, changes, entropies, 0

    def sweep(self):
        self.n_sweeps += 1
        return self.changes[self.n_sweeps - 1]

    def measure(self):
        return (self.entropies[self.n_sweeps],)


@pytest.mark.parametrize(
    ("changes", "entropies", "n_sweeps", "residual"),
    [
        ([1.0, 0.1, 1e-6, 1e-6], [0.3] * 5, 4, 2e-6),  # two in a row
        ([1.0, 0.0, 1.0, 0.0, 1.0, 0.0], [0.3] * 7, 6, 0.0),  # by accident, again and again: the last one counts
        ([1.0, 0.0, 1.0, 0.0, 1.0], [0.3] * 6, 5, 2.0),
        ([0.0] * 5, [-0.1 * k for k in range(6)], 5, 0.2),  # means rest, the entropy falls
        ([0.0] * 5, [0.3, 0.3, math.inf, 0.3, math.nan, math.nan], 5, math.inf),
        ([0.5], [0.3, 0.2], 1, 1.0),
    ],
)
def test_the_residual_of_the_last_sweep_decides(changes, entropies, n_sweeps, residual):
    patterns = instance(11, 0.3, 6)
    node = node_of("gaussian", patterns, patterns.threshold())
    options = SweepOptions(tolerance=1e-5, max_sweeps=len(changes))
    settled = settle(Steps(node, changes, entropies), options)
    assert settled.n_sweeps == n_sweeps
    assert settled.residual == pytest.approx(residual, rel=1e-12)
    assert settled.converged == (residual <= 1e-5)


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("load", [0.3, 1.2, 4.0])
def test_profiles_claim_no_more(node, load):
    n_weights = 15 if node == "exact" else 51
    patterns = instance(n_weights, load, 7)
    weights = 2 * np.random.default_rng(8).integers(0, 2, n_weights) - 1
    fields = field_profile(patterns, weights, fields=[0.1, 1.0, 5.0, 40.0], node=node, options=SHORT)
    line = [(0.5, 2.0), (2.0, 20.0), (math.inf, 1.5), (math.inf, 100.0)]
    focusing = focusing_profile(patterns, line, node=node, options=SHORT, rng=np.random.default_rng(9))
    for profile in (fields, focusing):
        assert profile.status is (Status.NOT_CONVERGED if profile.missing else Status.CONVERGED)
        for point in profile.points:
            assert point.residual <= SHORT.tolerance
            assert -math.inf < point.local_entropy <= LN_2
            assert math.isfinite(point.local_entropy_error)
        for point in profile.missing:
            assert point.status is not Status.CONVERGED
            assert point.reason
        assert np.all(np.isfinite(profile.geometric_bound))  # at distance 0 too


def test_errors_of_distances_cover_what_is_left():
    patterns = instance(101, 0.4, 10)
    weights = 2 * np.random.default_rng(11).integers(0, 2, 101) - 1
    for node in ("gaussian", "amp"):
        fine = field_profile(patterns, weights, fields=[0.2], node=node, options=SweepOptions(tolerance=1e-12))
        for tolerance in (1e-1, 1e-2, 1e-3):
            options = SweepOptions(tolerance=tolerance)
            rough = field_profile(patterns, weights, fields=[0.2], node=node, options=options).points[0]
            assert abs(rough.distance - fine.points[0].distance) < rough.distance_error < 10.0 * tolerance


def test_a_change_from_messages_that_did_not_settle_is_no_error_estimate(monkeypatch):
    # y/2 has one sweep and y all it needs: without the first there is no estimate of what finite y leaves
    from perceptron.message_passing import focusing as module  # noqa: PLC0415

    settled = module._settle_point
    calls = []

    def at_first_one_sweep(state, point, options, order):
        calls.append(point)
        return settled(state, point, SweepOptions(max_sweeps=1) if len(calls) == 1 else options, order)

    monkeypatch.setattr(module, "_settle_point", at_first_one_sweep)
    profile = many_replicas_profile(instance(101, 0.3, 12), [1.0], node="amp", rng=np.random.default_rng(1))
    assert profile.points == ()
    assert profile.missing[0].residual <= 1e-5
    assert "half as many replicas" in profile.missing[0].reason


def test_the_geometric_bound_at_its_ends():
    assert geometric_bound(0.0) == geometric_bound(1.0) == 0.0
    assert geometric_bound(0.5) == pytest.approx(LN_2, rel=1e-15)


def test_the_command_line_says_why():
    arguments = ["bp", "--n", "51", "--alpha", "5"]
    done = CliRunner().invoke(app, [*arguments, "--json"])
    assert done.exit_code == 0
    result = json.loads(done.stdout)
    assert result["status"] == "CONTRADICTION"
    assert "contradict" in result["reason"]
    assert result["entropy"] == result["overlap"] == {"value": None, "error": None}
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0
    text = " ".join(done.stdout.split())
    assert "CONTRADICTION" in text
    assert "nan" in text
    assert "contradict each other" in text


def test_the_command_line_says_that_a_negative_entropy_counts_nothing():
    done = CliRunner().invoke(app, ["bp", "--n", "101", "--alpha", "0.8", "--data-seed", "2", "--json"])
    result = json.loads(done.stdout)
    assert result["status"] == "CONVERGED"
    assert result["entropy"]["value"] < 0.0
    assert "counts nothing" in result["reason"]
