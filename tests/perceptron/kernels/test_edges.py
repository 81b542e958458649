"""Sweeps over edges against plain NumPy with SciPy's ln H; the exact node against sums over all configurations."""

import itertools
import math

import mpmath as mp
import numpy as np
import pytest
from scipy.special import log_ndtr

from perceptron.kernels.instance.edges import (
    DEGREE,
    SMALLEST_VARIANCE,
    Edges,
    Update,
    cavity_sums,
    edge_terms,
    gaussian_sweep,
    relaxed_sweep,
    slopes,
    sum_messages,
    tail_polynomial,
    total_log_tail,
)
from perceptron.kernels.instance.exact_node import (
    LARGEST_FIELD,
    Tables,
    exact_node_terms,
    exact_sweep,
)

TOLERANCE = 1e-12
PLAIN_PYTHON = """
import numpy as np
from perceptron.kernels.instance.edges import Edges
from perceptron.kernels.instance.exact_node import Tables, exact_node_terms, exact_sweep
rng = np.random.default_rng(3)
numbers = []
for needed, in_place in ((0, False), (4, False), (6, True), (9, True), (10, False)):
    patterns = (2 * rng.integers(0, 2, (5, 9)) - 1).astype(np.int8)
    edges = Edges(patterns, rng.standard_normal((5, 9)), np.empty(9), np.empty(9))
    tables = Tables(np.empty((10, 11)), np.empty(11))
    total = edges.messages.sum(axis=0)
    read = total if in_place else total.copy()
    exact_sweep(edges, tables, np.arange(5), (needed, 0.3, in_place), read, total)
    numbers += [*edges.messages.ravel(), *total]
    if needed < 10:
        numbers.append(exact_node_terms(edges, tables, needed, total))
print(" ".join(float(number).hex() for number in numbers))
"""


def log_h(x):
    return log_ndtr(-x)


def cavity_variance(xi, cavity):
    """(V_μ, V_{μ→i}) of one row."""
    s = xi**2 / np.cosh(cavity) ** 2
    return s.sum(), np.maximum(s.sum() - s, SMALLEST_VARIANCE)


def plain_row(xi, threshold, cavity):
    """New messages of one row from its cavity fields."""
    m = np.tanh(cavity)
    width = 1.0 / np.sqrt(cavity_variance(xi, cavity)[1])
    offset = threshold - ((xi * m).sum() - xi * m)
    return 0.5 * (log_h((offset - xi) * width) - log_h((offset + xi) * width))


def plain_rows(edges, threshold, read):
    """New messages of all rows from the same fields, and by how much rounding grows in V_{μ→i} = V_μ - ξ²(1 - m²).

    That of 1 - m² itself is of order e^{-|x|}.
    """
    rows = [(xi, read - h) for xi, h in zip(edges.patterns * 1.0, edges.messages.astype(np.float64), strict=True)]
    variances = [cavity_variance(*row) for row in rows]
    saturated = [(xi**2 * np.exp(-np.abs(cavity))).sum() for xi, cavity in rows]
    return (
        np.array([plain_row(xi, threshold, cavity) for xi, cavity in rows]),
        np.array([(whole + own) / rest for (whole, rest), own in zip(variances, saturated, strict=True)]),
    )


def draw(n_patterns, n_weights, gaussian, strength, number=np.float64):
    """Patterns and messages; `strength` is the size of the total field of a weight."""
    rng = np.random.default_rng(n_patterns * n_weights)
    if gaussian:
        patterns = rng.standard_normal((n_patterns, n_weights))
    else:
        patterns = (2 * rng.integers(0, 2, (n_patterns, n_weights)) - 1).astype(np.int8)
    messages = (strength / math.sqrt(n_patterns) * rng.standard_normal((n_patterns, n_weights))).astype(number)
    external = 0.1 * rng.standard_normal(n_weights)
    scratch = np.empty(n_weights, dtype=number), np.empty(n_weights, dtype=number)
    return Edges(patterns, messages, *scratch), external.astype(number)


# strength 0.5: V near N; 4: V near N/5; 40: nearly all weights saturated, so that V is of order 1 at N = 41;
# the rows of the larger N take the polynomial
@pytest.mark.parametrize("strength", [0.5, 4.0, 40.0])
@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("scaled_margin", [-1.5, 0.0, 1.0])
@pytest.mark.parametrize("n_weights", [41, 4001])
def test_a_parallel_sweep_against_plain_numpy(strength, gaussian, scaled_margin, n_weights):
    edges, external = draw(12, n_weights, gaussian, strength)
    threshold, old = scaled_margin * math.sqrt(n_weights), edges.messages.copy()
    read = external + old.sum(axis=0)
    new, grown = plain_rows(edges, threshold, read)
    new = 0.7 * new + 0.3 * old
    fields = external.copy()
    largest = float(np.abs(edges.patterns).max())
    gaussian_sweep(edges, np.arange(12), Update(threshold, 0.3, False), read, fields, largest)
    allowed = TOLERANCE * grown * (1.0 + np.abs(new))
    assert np.all(np.abs(edges.messages - new) < allowed)
    assert np.all(np.abs(fields - external - new.sum(axis=0)) < allowed.sum(axis=0))


@pytest.mark.parametrize("strength", [0.5, 40.0])
@pytest.mark.parametrize("gaussian", [False, True])
def test_a_sequential_sweep_against_plain_numpy(strength, gaussian):
    edges, external = draw(15, 301, gaussian, strength)
    messages, order = edges.messages.copy(), np.random.default_rng(2).permutation(15)
    total = external + messages.sum(axis=0)
    fields = np.empty(301)
    sum_messages(edges.messages, external, fields)
    assert np.abs(fields - total).max() < 1e-13 * (1.0 + strength)
    for mu in order:
        new = 0.6 * plain_row(edges.patterns[mu] * 1.0, 1.0, total - messages[mu]) + 0.4 * messages[mu]
        total += new - messages[mu]
        messages[mu] = new
    largest = float(np.abs(edges.patterns).max())
    gaussian_sweep(edges, order, Update(1.0, 0.4, True), fields, fields, largest)
    scale = 1.0 + np.abs(messages).max()
    assert np.abs(edges.messages - messages).max() < TOLERANCE * scale
    assert np.abs(fields - total).max() < 15 * TOLERANCE * scale


@pytest.mark.parametrize("gaussian", [False, True])
def test_the_relaxed_sweep_leaves_out_less_than_1_over_n(gaussian):
    for n_weights in (400, 1600, 6400):
        edges, external = draw(8, n_weights, gaussian, 0.7, np.float32)
        read = external + edges.messages.sum(axis=0)
        exact, _ = plain_rows(edges, 3.0, np.float64(read))
        fields = external.copy()
        relaxed_sweep(edges, np.arange(8), Update(3.0, 0.0, False), read, fields)
        # messages are of order 1/√N
        assert np.sqrt(np.mean((edges.messages - exact) ** 2)) < 1.0 / n_weights
        assert np.sqrt(np.mean(exact**2)) > 0.2 / math.sqrt(n_weights)


@pytest.mark.parametrize(("threshold", "a", "v"), [(1.0, 0.3, 20.0), (-5.0, 10.0, 7.0), (40.0, -3.0, 9.0)])
def test_slopes_are_derivatives(threshold, a, v):
    with mp.workdps(40):
        exact = mp.taylor(lambda b: mp.log(mp.erfc((threshold - b) / mp.sqrt(2 * v)) / 2), mp.mpf(a), 2)
    slope, curvature = slopes(threshold, a, v)
    assert slope == pytest.approx(float(exact[1]), rel=1e-13)
    assert curvature == pytest.approx(float(2 * exact[2]), rel=1e-11)


@pytest.mark.parametrize("x", [-6.0, -1.3, 0.0, 0.4, 2.5, 9.0])
def test_the_polynomial_is_the_taylor_polynomial(x):
    coefficients = np.empty(DEGREE + 1)
    tail_polynomial(x, coefficients)
    with mp.workdps(60):
        exact = mp.taylor(lambda z: mp.log(mp.erfc(z / mp.sqrt(2)) / 2), mp.mpf(x), DEGREE)
    # the recursion cancels for large x; what counts is the share of a term within reach, 0.3^k
    for k, (mine, true) in enumerate(zip(coefficients, exact, strict=True)):
        assert abs(mine - float(true)) * 0.3**k < 1e-13 * max(1.0, abs(float(exact[0])))


@pytest.mark.parametrize("gaussian", [False, True])
def test_terms_of_the_free_entropy_against_plain_numpy(gaussian):
    edges, external = draw(9, 60, gaussian, 2.0)
    fields = external + edges.messages.sum(axis=0)
    cavity = fields - edges.messages
    xi = edges.patterns * 1.0
    v = (xi**2 / np.cosh(cavity) ** 2).sum(axis=1)
    a = (xi * np.tanh(cavity)).sum(axis=1)
    means, variances = np.empty((2, 9))
    cavity_sums(edges, fields, means, variances)
    assert means == pytest.approx(a, rel=1e-12)
    assert variances == pytest.approx(v, rel=1e-12)
    expected = log_h((1.5 - a) / np.sqrt(v)).sum()
    assert total_log_tail(1.5, means, variances) == pytest.approx(expected, rel=1e-12)
    pairs = np.log(2 * np.cosh(fields)) - np.log(2 * np.cosh(cavity))
    assert edge_terms(edges.messages, fields) == pytest.approx(pairs.sum(), abs=1e-11)


N = 7
CONFIGURATIONS = np.array(list(itertools.product((-1, 1), repeat=N)))


def exact_edges(seed, strength=1.0):
    rng = np.random.default_rng(seed)
    patterns = (2 * rng.integers(0, 2, (4, N)) - 1).astype(np.int8)
    edges = Edges(patterns, strength * rng.standard_normal((4, N)), np.empty(N), np.empty(N))
    return edges, 0.3 * rng.standard_normal(N), Tables(np.empty((N + 1, N + 2)), np.empty(N + 2))


def probabilities(cavity):
    """Of all configurations of independent weights."""
    return np.prod(1.0 / (1.0 + np.exp(-2.0 * CONFIGURATIONS * cavity)), axis=1)


def brute_messages(xi, cavity, smallest):
    """½ ln of the ratio of the sums over the other N - 1 weights, w_i = +1 over w_i = -1."""
    meets = CONFIGURATIONS @ xi >= smallest
    out = np.empty(N)
    for i in range(N):
        up = CONFIGURATIONS[:, i] == 1
        others = probabilities(np.where(np.arange(N) == i, 0.0, cavity)) * meets
        plus, minus = others[up].sum(), others[~up].sum()
        out[i] = 0.5 * np.log(plus / minus) if plus * minus > 0.0 else LARGEST_FIELD * (1 if plus else -1)
    return out


@pytest.mark.parametrize("smallest", [-5, -1, 1, 3, 5, 7])
@pytest.mark.parametrize("strength", [0.5, 3.0])
def test_exact_messages_against_all_configurations(smallest, strength):
    edges, external, tables = exact_edges(smallest + 20, strength)
    old = edges.messages.copy()
    read = external + old.sum(axis=0)
    new = np.array([brute_messages(xi, read - h, smallest) for xi, h in zip(edges.patterns, old, strict=True)])
    new = 0.8 * new + 0.2 * old
    total, needed = external.copy(), (smallest + N) // 2
    exact_sweep(edges, tables, np.arange(4), (needed, 0.2, False), read, total)
    assert np.abs(edges.messages - new).max() < 1e-11
    assert np.abs(total - external - new.sum(axis=0)).max() < 1e-11
    cavities = total - edges.messages
    met = [
        probabilities(h)[CONFIGURATIONS @ xi >= smallest].sum() for xi, h in zip(edges.patterns, cavities, strict=True)
    ]
    assert exact_node_terms(edges, tables, needed, total) == pytest.approx(np.log(met).sum(), rel=1e-12)


def test_an_exact_sequential_sweep_against_all_configurations():
    edges, external, tables = exact_edges(5)
    messages, order = edges.messages.copy(), np.array([2, 0, 3, 1])
    total = external + messages.sum(axis=0)
    fields = total.copy()
    for mu in order:
        new = brute_messages(edges.patterns[mu], total - messages[mu], 1)
        total += new - messages[mu]
        messages[mu] = new
    exact_sweep(edges, tables, order, ((1 + N) // 2, 0.0, True), fields, fields)
    assert np.abs(edges.messages - messages).max() < 1e-11
    assert np.abs(fields - total).max() < 1e-11


def test_exact_messages_where_everything_solves():
    edges, external, tables = exact_edges(6)
    read = external + edges.messages.sum(axis=0)
    exact_sweep(edges, tables, np.arange(4), (0, 0.0, False), read, external.copy())
    assert not edges.messages.any()
    assert exact_node_terms(edges, tables, 0, read) == 0.0


def test_compiled_and_plain_python_exact_node_agree_bit_for_bit(run_python, tmp_path):
    compiled = run_python(PLAIN_PYTHON, tmp_path, NUMBA_DISABLE_JIT="0")
    plain = run_python(PLAIN_PYTHON, tmp_path, NUMBA_DISABLE_JIT="1")
    assert len(compiled.split()) > 250
    assert compiled == plain
