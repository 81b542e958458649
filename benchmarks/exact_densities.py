"""Exact densities of states of the engine's simple systems: what tests and benchmarks compare with.

The Ising model is done in integers alone. Kaufman's partition function of the n × m torus is a sum of four products,
and P. D. Beale read the density of states off it as the coefficients of a polynomial, with computer algebra in real
coefficients. Here the cosines in the coefficients are replaced by integers: with ζ a primitive 2m-th root of unity,
2cos(πk/m) = ζᵏ + ζ⁻ᵏ, and every identity among polynomials with coefficients in Z[ζ] also holds modulo M = Φ(b), where
Φ is the 2m-th cyclotomic polynomial and ζ stands for the integer b. The counts are integers below 2ᴺ, so M > 2^(N + 1)
gives them exactly, with no rounding and no bound on errors.

Sources: B. Kaufman, Phys. Rev. 76, 1232 (1949); P. D. Beale, Phys. Rev. Lett. 76, 78 (1996).
"""

from __future__ import annotations

import math
from collections.abc import Callable

__all__ = ["free_spins_count", "ising_counts", "log_share_of_box"]

Polynomial = list[int]  # coefficients, the constant one first


def ising_counts(size: int) -> list[int]:
    """Numbers of configurations of the periodic L × L lattice with energy -2L² + 4j, for j = 0 … L²; L >= 3.

    With y = e^{-2K} and s = y(1 - y²), Kaufman's eigenvalues obey, times s,

        2s cosh γ_k = (1 + y²)² - 2 y(1 - y²) cos(πk/L),   s e^{γ_0} = (1 - y)²,   s e^{γ_L} = (1 + y)²,
        s e^{-γ_0} = y²(1 + y)²,   s e^{-γ_L} = y²(1 - y)²,

    and Σ_j g_j y^{2j} is half the sum of four products over k of s^{L/2} times 2cosh(Lγ_k/2) or 2sinh(Lγ_k/2), over odd
    or even k from 0 to 2L - 1. Since γ_k = γ_{2L-k}, factors come in pairs but for k = 0 and L:

        s^L (2cosh(Lγ_k/2))² = P + 2s^L,   s^L (2sinh(Lγ_k/2))² = P - 2s^L,   P = s^L 2cosh(Lγ_k),

    where P follows from Chebyshev's recurrence in the number of columns.
    """
    root, modulus = _root_of_unity(2 * size, 2 ** (size * size + 1))
    multiply = _multiplication(modulus)
    pairs = [_pair(size, pow(root, k, modulus) + pow(root, -k, modulus), multiply) for k in range(1, size)]
    total: Polynomial = [0] * (2 * size * size + 1)
    for sign in (1, -1):  # cosh, sinh
        for parity in (0, 1):
            product: Polynomial = [1]
            for k in range(parity, size + 1, 2):
                if k in (0, size):
                    factor = _single(size, 1 if k == 0 else -1, sign, multiply)
                else:
                    power, shift = pairs[k - 1]
                    factor = [p + 2 * sign * s for p, s in zip(power, shift, strict=True)]
                product = multiply(product, factor)
            total = [(t + p) % modulus for t, p in zip(total, product, strict=True)]
    assert not any(total[1::2])
    assert not any(count % 2 for count in total)
    return [count // 2 for count in total[::2]]


def _pair(size: int, twice_cosine: int, multiply: Callable) -> tuple[Polynomial, Polynomial]:
    """P and s^L, both of degree 4L (the second padded with zeros)."""
    twice = [1, -twice_cosine, 2, twice_cosine, 1]  # 2s cosh γ
    square = [0, 0, 1, 0, -2, 0, 1]  # s²
    before, now, power = [2], twice, [0, 1, 0, -1]
    for _ in range(size - 1):
        longer, other = multiply(twice, now), multiply(square, before)
        before, now = now, [a - b for a, b in zip(longer, other + [0] * (len(longer) - len(other)), strict=True)]
        power = multiply(power, [0, 1, 0, -1])
    return now, power + [0] * (len(now) - len(power))


def _single(size: int, side: int, sign: int, multiply: Callable) -> Polynomial:
    """s^{L/2} times 2cosh or 2sinh of Lγ/2: (1 ∓ y)^L ± y^L (1 ± y)^L, the upper sign in brackets for γ_0."""
    grown, shrunk = [1], [1]
    for _ in range(size):
        grown, shrunk = multiply(grown, [1, -side]), multiply(shrunk, [0, 1, side])
    return [a + sign * b for a, b in zip(grown + [0] * size, shrunk, strict=True)]


def _multiplication(modulus: int) -> Callable[[Polynomial, Polynomial], Polynomial]:
    """Product of polynomials modulo M, by one product of integers whose digits are the coefficients."""
    width = (2 * modulus.bit_length() + 32) // 8

    def packed(factor: Polynomial) -> int:
        return int.from_bytes(b"".join((c % modulus).to_bytes(width, "little") for c in factor), "little")

    def multiply(first: Polynomial, second: Polynomial) -> Polynomial:
        length = len(first) + len(second) - 1
        digits = (packed(first) * packed(second)).to_bytes(length * width, "little")
        return [int.from_bytes(digits[k : k + width], "little") % modulus for k in range(0, len(digits), width)]

    return multiply


def _root_of_unity(order: int, bound: int) -> tuple[int, int]:
    """b and the cyclotomic polynomial Φ(b) > bound, modulo which b is a primitive root of unity of that order."""
    base = 2
    while _cyclotomic(order, base) <= bound:
        base *= 2
    return base, _cyclotomic(order, base)


def _cyclotomic(order: int, base: int) -> int:
    """Φ(b), from b^n - 1 being the product of Φ_d(b) over the divisors d of n."""
    value = base**order - 1
    for divisor in range(1, order):
        if order % divisor == 0:
            value //= _cyclotomic(divisor, base)
    return value


def free_spins_count(reference: list[int], magnetization: int, distance: int) -> int:
    """Number of configurations with this magnetisation at this distance; see `wl.systems.free_spins`."""
    n_plus = sum(1 for spin in reference if spin > 0)
    n_minus = len(reference) - n_plus
    if (n_plus - n_minus - magnetization) % 2:
        return 0
    twice = distance + (n_plus - n_minus - magnetization) // 2
    plus, minus = twice // 2, distance - twice // 2
    if twice % 2 or plus < 0 or minus < 0:
        return 0
    return math.comb(n_plus, plus) * math.comb(n_minus, minus)


def log_share_of_box(n_coordinates: int, low: float, high: float) -> float:
    """ln of the share of [-1, 1]ⁿ with low <= ln x² < high, where x² is the sum of squares and high <= 0."""
    half = 0.5 * n_coordinates
    log_ball = half * math.log(math.pi) - math.lgamma(half + 1.0) - n_coordinates * math.log(2.0)
    return log_ball + half * high + math.log1p(-math.exp(half * (low - high)))
