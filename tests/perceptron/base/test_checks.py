"""Errors name the argument, its value and what is allowed."""

import math
from fractions import Fraction

import numpy as np
import pytest

from perceptron.base.checks import (
    check_array,
    check_dtype,
    check_real,
    read_integer,
    read_integers,
    read_real,
    read_reals,
)


@pytest.mark.parametrize("value", [0.5, 1, np.float64(0.5), np.float32(0.5), np.int64(3), Fraction(1, 2)])
def test_numbers_of_all_kinds_become_floats(value):
    number = check_real("load", value, above=0.0)
    assert type(number) is float
    assert number == float(value)


@pytest.mark.parametrize("value", ["0.5", None, True, np.True_, 1j, [0.5], np.array([0.5])])
def test_what_is_not_a_number_is_named(value):
    with pytest.raises(ValueError, match="is not a number; allowed: finite real numbers > 0") as raised:
        check_real("load", value, above=0.0)
    assert str(raised.value).startswith(f"load = {value!r} ")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_named(value):
    for bounds in ({}, {"above": 0.0}, {"below": 1.0}, {"above": 0.0, "below": 1.0}):
        with pytest.raises(ValueError, match=rf"^margin = {value!r} is out of range; allowed: .*real numbers"):
            check_real("margin", value, **bounds)


@pytest.mark.parametrize(
    ("bounds", "inside", "outside", "allowed"),
    [
        ({}, [-1e300, 0.0, 1e300], [], "finite real numbers"),
        ({"above": 0.0}, [5e-324, 1e300], [0.0, -0.0, -1.0], "finite real numbers > 0"),
        ({"below": 0.418}, [-5.0, 0.4179999], [0.418, 1.0], "finite real numbers < 0.418"),
        ({"above": 0.0, "below": 0.5}, [1e-9, 0.25], [0.0, 0.5, -1.0, 2.0], "real numbers in (0, 0.5)"),
    ],
)
def test_the_bounds_themselves_are_outside(bounds, inside, outside, allowed):
    for value in inside:
        assert check_real("distance", value, **bounds) == value
    for value in outside:
        with pytest.raises(ValueError, match="out of range") as raised:
            check_real("distance", value, **bounds)
        assert str(raised.value) == f"distance = {value!r} is out of range; allowed: {allowed}"


@pytest.mark.parametrize("values", [[1, 2, 3], (0.5,), range(1, 4), np.array([1, 2], dtype=np.int8), np.ones(2)])
def test_sequences_become_float_arrays(values):
    array = check_array("loads", values, above=0.0)
    assert array.dtype == np.float64
    assert array.tolist() == [float(value) for value in values]


def test_the_array_is_a_copy():
    values = np.array([0.1, 0.2])
    check_array("loads", values)[0] = 7.0
    assert values[0] == 0.1


@pytest.mark.parametrize(
    "values",
    [
        [],
        0.5,
        None,
        "abc",
        ["0.5"],
        [True, False],
        [1j],
        [None],
        [[0.1, 0.2]],
        np.zeros((2, 2)),
        np.zeros((1, 0)),
    ],
)
def test_what_is_not_a_sequence_of_numbers_is_named(values):
    with pytest.raises(ValueError, match="is not usable; allowed: a one-dimensional sequence of") as raised:
        check_array("distances", values, above=0.0, below=0.5)
    assert str(raised.value).startswith(f"distances = {values!r} ")
    assert str(raised.value).endswith("real numbers in (0, 0.5)")


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, 0.0, 0.5, -3.25])
def test_the_first_bad_entry_is_named(bad):
    with pytest.raises(ValueError, match=r"^distances contains .*, out of range; allowed: ") as raised:
        check_array("distances", [0.1, bad, 0.2, math.nan], above=0.0, below=0.5)
    assert repr(bad) in str(raised.value)
    assert str(raised.value).endswith("a one-dimensional sequence of real numbers in (0, 0.5)")


def test_a_bound_of_many_digits_is_given_to_twelve():
    with pytest.raises(ValueError, match=r"real numbers < 0\.418279612345$"):
        check_real("margin", 1.0, below=0.418279612345)


@pytest.mark.parametrize("text", ["0", "-1.5", "+.5", "3.", "1e-3", " 2E+5 ", "0e-999", "1e308", "5e-324"])
def test_plain_numbers_are_read_as_python_does(text):
    assert read_real(text) == float(text)


@pytest.mark.parametrize("text", ["inf", "-inf", "Infinity", "nan", "-NaN"])
def test_infinities_and_nan_are_for_the_caller_to_judge(text):
    assert repr(read_real(text)) == repr(float(text))


@pytest.mark.parametrize(
    "text", ["1_0", "1_000.5", "１", "٣", "", " ", "-", ".", "e5", "1e", "1e5.0", "0x1p3", "1 2", "1,5"]
)
def test_anything_else_is_no_number(text):
    with pytest.raises(ValueError, match="is not a number") as raised:
        read_real(text)
    assert str(raised.value).startswith(repr(text))


@pytest.mark.parametrize("text", ["1e309", "-1e999", "1e-400", "0.01e-350"])
def test_numbers_that_would_become_infinite_or_zero_are_refused(text):
    with pytest.raises(ValueError, match="is beyond double precision"):
        read_real(text)


def test_integers_and_lists():
    assert [read_integer(text) for text in ("0", "-12", " +7 ", "007")] == [0, -12, 7, 7]
    for text in ("1_0", "1.0", "1e3", "", "８", "--1", "1 2"):
        with pytest.raises(ValueError, match="is not an integer"):
            read_integer(text)
    assert read_integers("--sizes", "8, 9,10") == [8, 9, 10]
    assert read_reals("--box", "0.5,1e-1") == [0.5, 0.1]
    for read, text in ((read_integers, "8,x"), (read_integers, "8_8"), (read_reals, "0.5,"), (read_reals, "1_0")):
        with pytest.raises(ValueError, match=r"--box = .* is not usable; allowed: numbers with commas") as raised:
            read("--box", text)
        assert repr(text) in str(raised.value)


@pytest.mark.parametrize("values", [[1j], [True], ["1"], [None], np.array(["2001-01-01"], "datetime64[D]"), [b"1"]])
def test_arrays_that_are_not_real_are_named(values):
    array = np.asarray(values)
    with pytest.raises(ValueError, match=r"weights has .*; allowed: real numbers") as raised:
        check_dtype("weights", array)
    assert str(array.dtype) in str(raised.value)
    check_dtype("weights", np.ones(2, np.float32))
