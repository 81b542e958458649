"""Stationary vector of a banded stochastic matrix by elimination without subtractions.

Source: W. K. Grassmann, M. I. Taksar and D. P. Heyman, Oper. Res. 33, 1107 (1985).
"""

import numpy as np

from perceptron.jit import njit


@njit
def eliminate(matrix, band):
    """Reduce in place, from the last state on; entries further than `band` from the diagonal are zero and stay so."""
    size = matrix.shape[0]
    for last in range(size - 1, 0, -1):
        first = max(0, last - band)
        leaving = 0.0
        for j in range(first, last):
            leaving += matrix[last, j]
        for i in range(first, last):
            matrix[i, last] /= leaving
        for i in range(first, last):
            factor = matrix[i, last]
            if factor > 0.0:
                for j in range(first, last):
                    matrix[i, j] += factor * matrix[last, j]


@njit
def log_stationary(matrix, band, out):
    """Ln of the stationary vector, up to a constant, from what `eliminate` left; safe over any number of decades."""
    size = matrix.shape[0]
    out[0] = 0.0
    for k in range(1, size):
        first = max(0, k - band)
        largest = -np.inf
        for i in range(first, k):
            if matrix[i, k] > 0.0:
                largest = max(largest, out[i] + np.log(matrix[i, k]))
        total = 0.0
        for i in range(first, k):
            if matrix[i, k] > 0.0:
                total += np.exp(out[i] + np.log(matrix[i, k]) - largest)
        out[k] = largest + np.log(total)
