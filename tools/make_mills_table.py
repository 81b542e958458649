"""Write `perceptron/kernels/mills_table.py`, the polynomials behind the Mills ratio.

The function M(x) = H(x)/G(x), x >= 0, is smooth in y = C/(C + x) over (0, 1]. The interval is cut in
N_INTERVALS equal pieces and C M(x)/y is interpolated on each at Chebyshev points in 40 digits, so that the
polynomial error is far below one unit in the last place. Run: ``python tools/make_mills_table.py``.
"""

from __future__ import annotations

from pathlib import Path

import mpmath as mp

C, N_INTERVALS, DEGREE = 4, 32, 9
TARGET = Path(__file__).parents[1] / "perceptron" / "kernels" / "mills_table.py"


def scaled_mills_ratio(y: mp.mpf) -> mp.mpf:
    """C M(x)/y at x = C(1 - y)/y; its limit at y = 0 is 1."""
    if y == 0:
        return mp.mpf(1)
    x = C * (1 - y) / y
    if x > 1000:  # asymptotic series of the Mills ratio: terms below 1e-40 long before it diverges
        terms = [(-1) ** k * mp.fac2(2 * k - 1) / x ** (2 * k) for k in range(12)]
        return C / (x * y) * mp.fsum(terms)
    return C / y * mp.sqrt(mp.pi / 2) * mp.exp(x * x / 2) * mp.erfc(x / mp.sqrt(2))


def interval_coefficients(index: int) -> list[mp.mpf]:
    """Monomial coefficients, lowest first, in s in [-1, 1] over interval `index`."""
    nodes = [mp.cos(mp.pi * (2 * k + 1) / (2 * DEGREE + 2)) for k in range(DEGREE + 1)]
    values = [scaled_mills_ratio((index + (1 + s) / 2) / N_INTERVALS) for s in nodes]
    vandermonde = mp.matrix(DEGREE + 1)
    for row, s in enumerate(nodes):
        for power in range(DEGREE + 1):
            vandermonde[row, power] = s**power
    return list(mp.lu_solve(vandermonde, mp.matrix(values)))


def main() -> None:
    """Write the table."""
    mp.mp.dps = 40
    rows = []
    for index in range(N_INTERVALS):
        numbers = ", ".join(repr(float(c)) for c in interval_coefficients(index))
        rows.append(f"        [{numbers}],\n")
    text = (
        '"""Coefficients of the Mills ratio. Written by tools/make_mills_table.py: do not edit."""\n\n'
        "import numpy as np\n\n"
        f"MAP_CONSTANT = {float(C)}\nN_INTERVALS = {N_INTERVALS}\nCOEFFICIENTS = np.array(\n    [\n"
        + "".join(rows)
        + "    ]\n)\n"
    )
    TARGET.write_text(text)


if __name__ == "__main__":
    main()
