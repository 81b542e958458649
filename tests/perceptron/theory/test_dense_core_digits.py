"""α'_u beyond double precision: its averages against the compiled kernels, and the value against double precision."""

import mpmath as mp
import numpy as np
import pytest

from perceptron.kernels.franz_parisi.energetic import energetic_term
from perceptron.kernels.franz_parisi.entropic import Conjugates, entropic_term
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.theory.digits import dense_core as precise
from perceptron.theory.digits.arbitrary_precision import working_context
from perceptron.theory.digits.dense_core_averages import (
    OF_A_PATTERN,
    Rule,
    _largest_ratio,
    overlaps_of,
    pattern_derivatives,
)
from perceptron.theory.franz_parisi.thresholds import dense_core_load
from perceptron.theory.typical.solutions import typical_solutions

CONJUGATES = (0.4, 0.7, 3.5)  # v, t̂, p̂


@pytest.fixture(scope="module")
def both():
    """Overlaps and second derivatives of the energetic term, by both codes, around references of margin 0.1."""
    context = working_context(10)
    reference = typical_solutions(0.7, 0.1)
    q_hat, c = reference.q_hat.value, 2.0 * reference.typical_distance.value
    rule = Rule(14, 1.0)
    overlaps, _ = overlaps_of(context, [context.mpf(x) for x in (q_hat, *CONJUGATES)], rule)
    first, second, _ = pattern_derivatives(context, overlaps, (context.mpf(0.1), context.mpf(0.0)), rule)
    entropic = entropic_term(q_hat, c, Conjugates(*CONJUGATES), 1.5)
    energetic = energetic_term(MarginStep(0.0), MarginStep(0.1), c, entropic, 1.5)
    return overlaps, first, second, entropic, energetic, c


def test_overlaps_agree_with_the_compiled_lattices(both):
    overlaps, _, _, entropic, _, c = both
    assert float(1 - overlaps.reference_q) == pytest.approx(c, rel=1e-10)
    assert float(1 - overlaps.p) == pytest.approx(entropic.one_minus_p, rel=1e-10)
    assert float(1 - overlaps.q) == pytest.approx(entropic.one_minus_q, rel=1e-10)
    assert float(overlaps.reference_q - overlaps.t) == pytest.approx(entropic.t_deficit, rel=1e-10)
    for name in ("t_second", "t2_second", "third", "t_third", "fourth"):
        assert float(getattr(overlaps, name)) == pytest.approx(getattr(entropic, name), rel=1e-9)


def test_derivatives_of_the_energetic_term_agree_with_the_compiled_panels(both):
    _, first, second, _, energetic, _ = both
    names = "ptq"
    for i, name in enumerate(names):
        assert float(first[i]) == pytest.approx(getattr(energetic, f"d_{name}"), rel=1e-8)
        for j in range(i, 3):
            expected = getattr(energetic, f"d_{name}{names[j]}")
            assert float(second[i][j]) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("digits", [6, 9])
def test_averages_are_within_their_bounds(digits):
    """Against averages to 15 digits at the same point; a bound that were far too wide would be of no use."""
    context = working_context(10)
    q_hat, margins = context.mpf(typical_solutions(0.7, 0.1).q_hat.value), (context.mpf(0.1), context.mpf(0))
    point = [q_hat, *(context.mpf(x) for x in CONJUGATES)]
    best, _ = overlaps_of(context, point, Rule(15, 1.0))
    overlaps, error = overlaps_of(context, point, Rule(digits, 1.0))
    assert max(abs(a - b) for a, b in zip(overlaps, best, strict=True)) < error < 10.0 ** (4 - digits)
    exact = pattern_derivatives(context, best, margins, Rule(15, 1.0))
    found = pattern_derivatives(context, best, margins, Rule(digits, 1.0))
    apart = max(
        *(abs(a - b) for a, b in zip(found.first, exact.first, strict=True)),
        *(abs(found.second[i][j] - exact.second[i][j]) for i in range(3) for j in range(3)),
    )
    assert apart < found.error < 10.0 ** (10 - digits)


def test_the_tail_stays_near_the_real_line_in_the_strip():
    """What the bounds say of H and R for |Im x| <= 1, by mpmath."""
    for u in np.linspace(-8.0, 12.0, 81):
        largest, excess = _largest_ratio(float(u))
        tail = mp.erfc(mp.mpf(u) / mp.sqrt(2)) / 2
        for v in (0.25, 0.5, 0.75, 1.0):
            x = mp.mpc(u, v)
            shifted = mp.erfc(x / mp.sqrt(2)) / 2
            ratio = mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi) / shifted
            assert abs(ratio) <= largest
            assert abs(ratio - x) <= excess
            assert abs(shifted) <= mp.exp(v * v / 2) * tail
            assert OF_A_PATTERN * abs(shifted) >= tail


@pytest.mark.slow
def test_twenty_digits_agree_with_double_precision_and_with_fewer():
    many, few, double = precise.dense_core_load(0, 20), precise.dense_core_load(0, 13), dense_core_load()
    assert abs(float(many) - double.value) <= double.error
    assert abs(many.value - few.value) <= few.error + many.error
    assert many.error < 1e-20
    assert many.text == "0.72903281054414847837"  # a regression number


@pytest.mark.parametrize("digits", [0, 1.5])
def test_digits_are_checked(digits):
    with pytest.raises(ValueError, match=r"digits = .*allowed"):
        precise.dense_core_load(0, digits)
