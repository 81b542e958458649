"""Patterns: the lattice of their sums, labels of a teacher, files."""

import gc
import math

import numpy as np
import pytest

from perceptron.patterns import (
    Patterns,
    check_weights,
    load_patterns,
    load_weights,
    n_patterns_at,
    random_patterns,
    teacher_student_patterns,
    threshold_at,
)


def smallest_sum(n_weights, margin, ties_solve):
    """By trial over the lattice; `margin` must not lie within rounding of a lattice point."""
    target = margin * math.sqrt(n_weights)
    meets = (lambda s: s >= target) if ties_solve else (lambda s: s > target)
    return min(s for s in range(-3 * n_weights, 3 * n_weights + 1) if (s - n_weights) % 2 == 0 and meets(s))


def random_weights(n_weights, rng):
    return 2 * rng.integers(0, 2, size=n_weights, dtype=np.int8) - 1


@pytest.mark.parametrize("n_weights", [1, 2, 7, 8, 200, 201])
@pytest.mark.parametrize("margin", [-1.03, -0.2717, 0.0, 0.1234, 0.89])
@pytest.mark.parametrize("ties_solve", [True, False])
def test_the_threshold_is_the_first_lattice_point_that_solves(n_weights, margin, ties_solve):
    threshold = threshold_at(n_weights, margin, ties_solve=ties_solve)
    assert threshold.margin == margin
    assert threshold.smallest_sum == smallest_sum(n_weights, margin, ties_solve)
    assert threshold.midpoint == threshold.smallest_sum - 1
    assert threshold.effective_margin == threshold.midpoint / math.sqrt(n_weights)


def test_the_midpoint_of_margin_zero():
    assert threshold_at(201).effective_margin == 0.0
    assert threshold_at(200).effective_margin == -1.0 / math.sqrt(200)
    assert threshold_at(200, ties_solve=False).effective_margin == 1.0 / math.sqrt(200)


@pytest.mark.parametrize("n_weights", [3, 10, 201, 1000, 99999])
def test_a_margin_on_the_lattice_is_that_lattice_point(n_weights):
    for s in range(-min(n_weights, 60), min(n_weights, 60) + 1):
        margin = s / math.sqrt(n_weights)
        on_lattice = (s - n_weights) % 2 == 0
        above = s + 2 if on_lattice else s + 1
        assert threshold_at(n_weights, margin).smallest_sum == (s if on_lattice else s + 1)
        assert threshold_at(n_weights, margin, ties_solve=False).smallest_sum == above


def test_without_a_lattice_the_margin_is_kept():
    threshold = threshold_at(50, 0.3, lattice=False)
    assert threshold.smallest_sum == threshold.midpoint == 0.3 * math.sqrt(50)
    assert threshold.effective_margin == threshold.margin == 0.3
    patterns = random_patterns(50, 4, rng=np.random.default_rng(1), gaussian=True)
    assert patterns.threshold(0.3) == threshold


@pytest.mark.parametrize("gaussian", [False, True])
def test_sums_stabilities_and_errors_against_plain_numpy(gaussian):
    rng = np.random.default_rng(2)
    patterns = random_patterns(64, 40, rng=rng, gaussian=gaussian)
    weights = random_weights(64, rng)
    sums = np.array([sum(float(x) * int(w) for x, w in zip(row, weights, strict=True)) for row in patterns.values])
    assert patterns.sums(weights) == pytest.approx(sums, rel=1e-13, abs=1e-13)
    assert patterns.stabilities(weights) == pytest.approx(sums / 8.0, rel=1e-13, abs=1e-13)
    for margin in (-0.5, -0.25, 0.0, 0.25, 0.3):
        assert patterns.n_errors(weights, margin) == np.count_nonzero(sums / 8.0 < margin)
        assert patterns.n_errors(weights, margin, ties_solve=False) == np.count_nonzero(sums / 8.0 <= margin)
    assert (patterns.n_patterns, patterns.n_weights, patterns.load) == (40, 64, 0.625)


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("n_weights", [30, 31])
def test_the_teacher_solves(gaussian, n_weights):
    patterns = teacher_student_patterns(n_weights, 200, rng=np.random.default_rng(3), gaussian=gaussian)
    assert patterns.n_errors(patterns.teacher) == 0
    ties = np.count_nonzero(patterns.sums(patterns.teacher) == 0)
    assert patterns.n_errors(patterns.teacher, ties_solve=False) == ties
    assert (ties > 0) == (n_weights == 30 and not gaussian)  # P(no tie in 200) = 0.856^200 = 3e-14


def test_entries_have_the_moments_they_should():
    # 200000 entries: mean within 5 standard errors, false alarms 6e-7 each
    for gaussian in (False, True):
        values = random_patterns(500, 400, rng=np.random.default_rng(4), gaussian=gaussian).values
        assert abs(values.mean()) < 5.0 / math.sqrt(values.size)
        if gaussian:
            assert abs(values.var() - 1.0) < 5.0 * math.sqrt(2.0 / values.size)
        else:
            assert values.dtype == np.int8
            assert set(np.unique(values)) == {-1, 1}


@pytest.mark.parametrize("draw", [random_patterns, teacher_student_patterns])
def test_a_seed_names_an_instance(draw):
    first, again, other = (draw(20, 10, rng=np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(first.values, again.values)
    assert (first.teacher is None) or np.array_equal(first.teacher, again.teacher)
    assert not np.array_equal(first.values, other.values)


def test_patterns_do_not_change():
    source = np.ones((2, 3), dtype=np.int8)
    patterns = Patterns(source)
    source[0, 0] = -1
    assert patterns.values[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        patterns.values[0, 0] = -1


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("draw", [random_patterns, teacher_student_patterns])
def test_a_file_gives_back_the_patterns(tmp_path, draw, gaussian):
    patterns = draw(13, 7, rng=np.random.default_rng(7), gaussian=gaussian)
    patterns.save(tmp_path / "patterns.npz")
    back = load_patterns(tmp_path / "patterns.npz")
    assert np.array_equal(back.values, patterns.values)
    assert back.values.dtype == patterns.values.dtype
    assert back.gaussian == gaussian
    assert (back.teacher is None) == (patterns.teacher is None)
    assert patterns.teacher is None or np.array_equal(back.teacher, patterns.teacher)


def test_plain_arrays_are_read(tmp_path):
    values = np.array([[1.0, -1.0], [-1.0, -1.0]])
    np.save(tmp_path / "patterns.npy", values)
    np.save(tmp_path / "weights.npy", values[0])
    np.savez(tmp_path / "weights.npz", weights=values[0])
    assert np.array_equal(load_patterns(tmp_path / "patterns.npy").values, values)
    for ending in ("npy", "npz"):
        assert load_weights(tmp_path / f"weights.{ending}", 2).tolist() == [1, -1]


@pytest.mark.parametrize("load", [load_patterns, load_weights])
def test_files_that_cannot_be_read_are_named(tmp_path, load):
    path = tmp_path / "a.npz"
    with pytest.raises(ValueError, match=r"a\.npz' does not exist"):
        load(path)
    for content in (b"", b"no array", b"\x93NUMPY\x01\x00"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"a\.npz' cannot be read"):
            load(path)
    np.savez(path, other=np.ones(3), another=np.ones(2))
    with pytest.raises(ValueError, match=r"holds no array .*; found: another, other"):
        load(path)
    np.savez(path, patterns=np.array([[None]]), weights=np.array([None]))
    with pytest.raises(ValueError, match=r"a\.npz' cannot be read"):
        load(path)


def test_a_cut_archive_is_named_and_closed(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(ValueError, match=r"a\.npz' cannot be read"):
        load_patterns(path)
    gc.collect()  # a file left open warns here


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7])
def test_a_file_damaged_inside_is_named(tmp_path, place):
    path = tmp_path / "a.npz"
    random_patterns(100, 80, rng=np.random.default_rng(8)).save(path)
    content = bytearray(path.read_bytes())
    start = int(place * len(content))
    content[start : start + 20] = bytes(20)
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.npz' cannot be read"):
        load_patterns(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(3), r"patterns has shape \(3,\)"),
        (np.ones((0, 3)), r"patterns has shape \(0, 3\)"),
        (np.array([[1, 0]]), r"patterns contains 0; allowed: \+1 and -1"),
        (np.array([[1.0, math.nan]]), "patterns contains nan"),
        (np.array([[257, 1]]), "patterns contains 257"),
        (np.array([["1"]]), "patterns has dtype <U1"),
        (np.array([[True]]), "patterns has dtype bool"),
    ],
)
def test_wrong_patterns_are_named(values, message):
    with pytest.raises(ValueError, match=message):
        Patterns(values)


def test_wrong_gaussian_patterns_are_named():
    for values in (np.array([[1.0, math.inf]]), np.array([[1j]])):
        with pytest.raises(ValueError, match=r"patterns has dtype .* not finite"):
            Patterns(values, gaussian=True)


def test_wrong_weights_are_named():
    patterns = Patterns(np.ones((2, 3)))
    for weights, message in (
        (np.ones((1, 3)), r"weights has shape \(1, 3\)"),
        (np.ones(4), "weights has length 4; allowed: n_weights = 3"),
        (np.array([1, 2, 1]), "weights contains 2"),
        (np.array([1j, 1, 1]), "weights has dtype complex128"),
    ):
        with pytest.raises(ValueError, match=message):
            patterns.sums(weights)
    with pytest.raises(ValueError, match="teacher has length 2"):
        Patterns(np.ones((2, 3)), np.ones(2))
    assert check_weights([1, -1]).dtype == np.int8


def test_number_of_patterns_at_a_load():
    for load, n_weights, n_patterns in ((0.5, 201, 101), (0.5, 200, 100), (0.83, 1001, 831), (0.001, 10, 0)):
        assert n_patterns_at(load, n_weights) == n_patterns
    for bad in ((0.0, 10), (-1.0, 10), (math.nan, 10), (0.5, 0), (0.5, 1.5)):
        with pytest.raises(ValueError, match=r"load|n_weights"):
            n_patterns_at(*bad)


@pytest.mark.parametrize("margin", [1e300, -1.7e308, 3e15])
def test_margins_beyond_the_integers_are_named(margin):
    with pytest.raises(ValueError, match=r"margin = .* is out of range; allowed: numbers up to 2\.33e\+15 in size"):
        threshold_at(15, margin)
    assert threshold_at(15, margin, lattice=False).margin == margin


def test_wrong_sizes_and_generators_are_named():
    with pytest.raises(ValueError, match="n_patterns = 0"):
        random_patterns(5, 0, rng=np.random.default_rng(1))
    with pytest.raises(ValueError, match="n_weights = 0"):
        random_patterns(0, 5, rng=np.random.default_rng(1))
    with pytest.raises(TypeError, match="rng = 1"):
        random_patterns(5, 5, rng=1)
