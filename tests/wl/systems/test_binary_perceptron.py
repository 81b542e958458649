"""The bit-sliced levels against plain sums, uniform draws and moves, enumeration, and plain Python."""

import math

import numpy as np
import pytest
from scipy.stats import chi2

from perceptron.base.jit import njit
from perceptron.enumeration.counts import EnumerationOptions, enumerate_instance
from perceptron.patterns import random_patterns, teacher_student_patterns
from wl.interface.system import commit, draw, measured, propose, proposed
from wl.interface.xoroshiro import uniform
from wl.systems.perceptron.levels import n_ones
from wl.systems.perceptron.system import binary_perceptron

VARIABLES = ("deficit", "n_errors", "minimum_stability")
FALSE_ALARM = 1e-5  # of each statistical test, at a fixed seed

CHAIN = """
import numpy as np
from perceptron.patterns import random_patterns
from wl.interface.xoroshiro import next_word
from wl.systems.perceptron.system import binary_perceptron
from wl.interface.system import commit, draw, measured, propose, proposed
patterns = random_patterns(20, 70, rng=np.random.default_rng(3))
for variable in ("deficit", "n_errors", "minimum_stability"):
    system = binary_perceptron(patterns, 0.4, variable, reference=patterns.values[0])
    state, stream = system.new_state(), np.array([3, 5], np.uint64)
    with np.errstate(over="ignore"):  # the stream and the counts of bits wrap around
        draw(system.model, state, stream)
        for _ in range(200):
            move = propose(system.model, state, stream)
            print(*(int(number) for number in (*move, *proposed(system.model, state, move))))
            if next_word(stream) & np.uint64(1):
                commit(system.model, state, move)
        print(state.rows.tolist(), state.planes.tolist(), state.masks.tolist())
        print([int(value) for value in measured(system.model, state)], state.levels.tolist())
"""


def seeded(seed):
    return np.random.default_rng(seed).integers(1, 2**63, 2).astype(np.uint64)


def instance(n_weights, n_patterns):
    return random_patterns(n_weights, n_patterns, rng=np.random.default_rng([7, n_weights, n_patterns]))


def truth(patterns, smallest_sum, variable, weights, reference):
    sums = patterns.values.astype(int) @ weights.astype(int)
    main = {
        "deficit": np.maximum(0, (smallest_sum - sums) // 2).sum(),
        "n_errors": np.count_nonzero(sums < smallest_sum),
        "minimum_stability": sums.min(),
    }[variable]
    return main, np.count_nonzero(weights != reference)


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("n_patterns", [1, 63, 64, 65, 130])
@pytest.mark.parametrize("n_weights", [1, 2, 16, 41])
def test_moves_keep_the_values(variable, n_patterns, n_weights):
    patterns, rng = instance(n_weights, n_patterns), np.random.default_rng(11)
    for margin, with_reference in ((0.0, True), (-0.9, False), (0.7, False)):
        reference = rng.choice([-1, 1], n_weights) if with_reference else None
        system = binary_perceptron(patterns, margin, variable, reference=reference)
        state, stream = system.new_state(), seeded(2)
        draw(system.model, state, stream)
        weights = state.weights.copy()
        origin = np.ones(n_weights) if reference is None else reference
        for _ in range(120):
            move = propose(system.model, state, stream)
            values = proposed(system.model, state, move)
            if rng.random() < 0.7:
                commit(system.model, state, move)
                weights[sorted({move[0], move[1]})] *= -1
                assert tuple(state.values) == values
        smallest = system.parameters["smallest_sum"]
        kept = [array.copy() for array in state]
        assert np.array_equal(state.weights, weights)
        assert tuple(state.values) == truth(patterns, smallest, variable, weights, origin)
        assert measured(system.model, state) == tuple(kept[1])
        assert all(np.array_equal(old, new) for old, new in zip(kept[:-1], state[:-1], strict=True))


@pytest.mark.parametrize("variable", VARIABLES)
def test_extreme_sums_fit_the_planes(variable):
    patterns = instance(9, 3)
    for smallest in (-9, 9):
        system = binary_perceptron(patterns, smallest / 3.0, variable)
        state, stream = system.new_state(), seeded(2)
        for weights in (patterns.values[0], -patterns.values[0]):  # ξ·w = ±9
            state.weights[:] = weights
            measured(system.model, state)
            for _ in range(40):
                move = propose(system.model, state, stream)
                commit(system.model, state, move)
                expected = truth(patterns, smallest, variable, state.weights, 1)
                assert tuple(state.values) == expected


def test_a_teacher_is_a_solution():
    patterns = teacher_student_patterns(31, 70, rng=np.random.default_rng(1))
    for variable, solved in (("deficit", 0), ("n_errors", 0)):
        system = binary_perceptron(patterns, patterns.threshold(0.0), variable, reference=patterns.teacher)
        state = system.new_state()
        state.weights[:] = patterns.teacher
        assert measured(system.model, state) == (solved, 0)
        state.weights[:] *= -1
        assert measured(system.model, state)[1] == 31


@njit
def lazy_chain(model, state, stream, stride, samples):
    """Values every `stride` moves, each made with probability one half."""
    for k in range(samples.shape[0]):
        for _ in range(stride):
            move = propose(model, state, stream)
            if uniform(stream) < 0.5:
                commit(model, state, move)
        samples[k, 0], samples[k, 1] = state.values[0], state.values[1]


def chi_square_exceeds(counts, expected):
    """Whether counts contradict what is expected, bins with fewer than ten pooled."""
    rare = expected < 10.0
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    used = expected > 0.0
    assert not counts[~used].any()
    statistic = ((counts[used] - expected[used]) ** 2 / expected[used]).sum()
    return statistic > chi2.isf(FALSE_ALARM, np.count_nonzero(used) - 1)


@pytest.mark.parametrize("variable", VARIABLES)
def test_moves_sample_all_configurations_alike(variable):
    patterns, reference = instance(11, 6), np.array([1, -1] * 5 + [1])
    system = binary_perceptron(patterns, 0.0, variable, reference=reference)
    options = EnumerationOptions(deficit_threshold=system.parameters["smallest_sum"])
    exact = enumerate_instance(patterns, reference=reference, options=options)
    joint = {
        "deficit": exact.joint_deficit_counts,
        "n_errors": exact.joint_error_counts,
        "minimum_stability": exact.joint_counts,
    }[variable]
    state, stream, samples = system.new_state(), seeded(5), np.empty((20_000, 2), np.int64)
    draw(system.model, state, stream)
    lazy_chain(system.model, state, stream, 110, samples)  # the slowest correlation falls by exp(-10) between samples
    main = system.variables[0]
    counts = np.zeros(joint.shape, np.int64)
    np.add.at(counts, ((samples[:, 0] - main.lowest) // main.spacing, samples[:, 1]), 1)
    assert math.isclose(system.log_total, math.log(joint.sum()))
    assert not chi_square_exceeds(counts.ravel(), joint.ravel() * (len(samples) / joint.sum()))


def test_distances_are_binomial_without_a_reference():
    system = binary_perceptron(instance(101, 50))
    assert [variable.name for variable in system.variables] == ["deficit"]
    state, stream, samples = system.new_state(), seeded(6), np.empty((2000, 2), np.int64)
    draw(system.model, state, stream)
    lazy_chain(system.model, state, stream, 1000, samples)
    assert abs(samples[:, 1].mean() - 50.5) < 4.5 * math.sqrt(101 / 4 / 2000)


def test_draws_are_uniform():
    system = binary_perceptron(instance(6, 3))
    state, stream, counts = system.new_state(), seeded(9), np.zeros(64)
    for _ in range(6400):
        draw(system.model, state, stream)
        counts[(state.weights > 0) @ 2 ** np.arange(6)] += 1
    assert not chi_square_exceeds(counts, np.full(64, 100.0))


@pytest.mark.parametrize("variable", ["deficit", "n_errors"])
@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_the_share_of_pairs(variable, share):
    system = binary_perceptron(instance(41, 5), 0.0, variable, pair_share=share)
    state, stream, n_moves = system.new_state(), seeded(4), 3000
    draw(system.model, state, stream)
    moves = np.array([propose(system.model, state, stream)[:2] for _ in range(n_moves)])
    pairs = np.count_nonzero(moves[:, 0] != moves[:, 1]) / n_moves
    assert abs(pairs - share * (1.0 - 1.0 / 41)) <= 4.5 * math.sqrt((share + 0.02) / n_moves) * (share > 0.0)
    assert set(moves.ravel().tolist()) == set(range(41))


def test_counts_of_bits():
    rng = np.random.default_rng(1)
    words = [0, 1, 2**63, 2**64 - 1] + [int(rng.integers(2**64, dtype=np.uint64)) >> k for k in range(64)]
    assert [n_ones(np.uint64(word)) for word in words] == [word.bit_count() for word in words]


def test_compiled_and_plain_python_walk_the_same_way(run_python, tmp_path):
    compiled = run_python(CHAIN, tmp_path, NUMBA_DISABLE_JIT="0")
    assert len(compiled.splitlines()) == 3 * 202
    assert run_python(CHAIN, tmp_path, NUMBA_DISABLE_JIT="1") == compiled


def test_bad_input_is_named():
    patterns = instance(9, 3)
    with pytest.raises(ValueError, match=r"variable = 'energy' is unknown; allowed: deficit, n_errors, minimum_stab"):
        binary_perceptron(patterns, 0.0, "energy")
    with pytest.raises(ValueError, match="patterns are Gaussian"):
        binary_perceptron(random_patterns(9, 3, rng=np.random.default_rng(1), gaussian=True))
    with pytest.raises(ValueError, match=r"reference has length 8; allowed: n_weights = 9"):
        binary_perceptron(patterns, reference=np.ones(8))
    with pytest.raises(ValueError, match=r"reference contains 0; allowed: \+1 and -1"):
        binary_perceptron(patterns, reference=np.zeros(9, int))
    for share in (-0.1, 1.5):
        with pytest.raises(ValueError, match=rf"pair_share = {share} is out of range; .* from 0 to 1"):
            binary_perceptron(patterns, pair_share=share)
    with pytest.raises(ValueError, match=r"pair_share = 0.5 with variable = 'minimum_stability'; allowed: 0"):
        binary_perceptron(patterns, variable="minimum_stability", pair_share=0.5)
    with pytest.raises(ValueError, match=r"smallest_sum = 11; allowed: integers from -9 to 9 of the parity"):
        binary_perceptron(patterns, 3.5)
    with pytest.raises(ValueError, match=r"smallest_sum = 2; allowed: .* parity of n_weights = 9"):
        binary_perceptron(patterns, instance(8, 2).threshold(0.5))
