"""Matrices of three units between the nodes of two fields: how they are filled, and sums over products of them.

Each role of a unit (`perceptron.kernels.committees.relu_units.Unit`) has one for every place of the partial sums
(leading axes), from the nodes of the reference's field (last axis), which lie in panels, to those of the counted one.
"""

import math

import numpy as np

from perceptron.base.jit import njit
from perceptron.kernels.committees.relu_units import Unit

SMALLEST = 1e-200  # square of the size of a row or column


@njit
def add_unit(matrices, unit, row, column, basis):
    """Add what a unit contributes at one field h, spread over the nodes of its panel."""
    n = unit.first.size
    for u in range(n):
        for j in range(basis.size):
            matrices.first[u, row, column + j] += unit.first[u] * basis[j]
            matrices.third[u, row, column + j] += unit.third[u] * basis[j]
            matrices.third_slope[u, row, column + j] += unit.third_slope[u] * basis[j]
        for a in range(n):
            if unit.second[u, a] != 0.0:
                for j in range(basis.size):
                    matrices.second[u, a, row, column + j] += unit.second[u, a] * basis[j]


@njit
def over_pairs(tensor, first, second):
    """Σ_a Σ_gh first[a, i, g] second[u, a, j, h] tensor[g, h, c], with axes (u; i, j; c)."""
    n_places, n_out, n = first.shape
    by_place = np.empty((n_places * n, n_out * n))
    for a in range(n_places):
        taken = np.dot(first[a], tensor.reshape(n, n * n)).reshape(n_out, n, n)
        for i in range(n_out):
            for h in range(n):
                for c in range(n):
                    by_place[a * n + h, i * n + c] = taken[i, h, c]
    result, rows = np.empty((n_places, n_out, n_out, n)), np.empty((n_out, n_places * n))
    for u in range(n_places):
        for a in range(n_places):
            for j in range(n_out):
                for h in range(n):
                    rows[j, a * n + h] = second[u, a, j, h]
        product = np.dot(rows, by_place)
        for i in range(n_out):
            for j in range(n_out):
                for c in range(n):
                    result[u, i, j, c] = product[j, i * n + c]
    return result


@njit
def over_third(pairs, third):
    """Σ_u Σ_c pairs[u, i, j, c] third[u, k, c]."""
    n_places, n_out, _, n = pairs.shape
    rows, columns = np.empty((n_out * n_out, n_places * n)), np.empty((n_places * n, n_out))
    for u in range(n_places):
        for c in range(n):
            for k in range(n_out):
                columns[u * n + c, k] = third[u, k, c]
                for j in range(n_out):
                    rows[k * n_out + j, u * n + c] = pairs[u, k, j, c]
    return np.dot(rows, columns).reshape(n_out, n_out, n_out)


@njit
def between(matrices, left, right):
    """Every matrix M of the units as leftᵀ M right."""
    n, size = matrices.first.shape[0], (left.shape[1], right.shape[1])
    result = Unit(np.empty((n, *size)), np.empty((n, n, *size)), np.empty((n, *size)), np.empty((n, *size)))
    for u in range(n):
        project(matrices.first[u], left, right, result.first[u])
        project(matrices.third[u], left, right, result.third[u])
        project(matrices.third_slope[u], left, right, result.third_slope[u])
        for a in range(n):
            project(matrices.second[u, a], left, right, result.second[u, a])
    return result


@njit
def project(matrix, left, right, out):
    """Leftᵀ matrix right, into `out`."""
    product = np.dot(left.T, np.dot(matrix, right))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            out[i, j] = product[i, j]


@njit
def sizes(matrices):
    """Root mean squares of the rows and of the columns, away from zero."""
    n, n_rows, n_columns = matrices.first.shape
    rows, columns = np.full(n_rows, SMALLEST), np.full(n_columns, SMALLEST)
    for u in range(n):
        for i in range(n_rows):
            for j in range(n_columns):
                square = matrices.first[u, i, j] ** 2 + matrices.third[u, i, j] ** 2
                rows[i] += square
                columns[j] += square
    for i in range(n_rows):
        rows[i] = math.sqrt(rows[i])
    for j in range(n_columns):
        columns[j] = math.sqrt(columns[j])
    return rows, columns


@njit
def scaled_rows(basis, scales):
    """Each row of a basis divided by its scale."""
    result = np.empty_like(basis)
    for i in range(basis.shape[0]):
        for j in range(basis.shape[1]):
            result[i, j] = basis[i, j] / scales[i]
    return result
