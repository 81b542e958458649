"""Smooth tensors over the cubes of fine grids, reduced to the few directions that they have where it matters.

Σ M₁[i, g] M₂[j, h] M₃[k, c] T[g, h, c] f[i, j, k] costs the fourth power of the grids. With weights s and m of the size
of M's columns and rows, T s⊗s⊗s and f m⊗m⊗m have singular values that fall exponentially along every axis, so that
M/(m s) acts between two small bases. What is neglected is a relative `TOLERANCE` of T and f in their weighted norms.
"""

import math

import numpy as np

from perceptron.base.jit import njit

TOLERANCE = 1e-11


@njit
def weighted(tensor, weights):
    """The tensor times the product of the weights of its three indices."""
    result = np.empty_like(tensor)
    for i in range(weights.size):
        for j in range(weights.size):
            for k in range(weights.size):
                result[i, j, k] = tensor[i, j, k] * (weights[i] * weights[j] * weights[k])
    return result


@njit
def directions(tensors):
    """Orthonormal columns that span the first and the third axis of tensors symmetric in their first two.

    Gram-Schmidt with the largest remainder next, until all remainders are negligible.
    """
    n = tensors[0].shape[0]
    rest = np.empty((n, 2 * len(tensors) * n * n))
    for number in range(len(tensors)):
        tensor, start = tensors[number], 2 * number * n * n
        scale = 1.0 / math.sqrt(product(tensor, tensor))
        for i in range(n):
            for j in range(n):
                for k in range(n):
                    rest[i, start + j * n + k] = scale * tensor[i, j, k]
                    rest[k, start + (n + i) * n + j] = scale * tensor[i, j, k]
    basis, rank = np.zeros((n, n)), 0
    while rank < n:
        sizes = np.zeros(rest.shape[1])
        for i in range(n):
            for column in range(sizes.size):
                sizes[column] += rest[i, column] * rest[i, column]
        largest = np.argmax(sizes)
        if not sizes[largest] > TOLERANCE * TOLERANCE:
            break
        chosen = np.ascontiguousarray(rest[:, largest])
        again = np.dot(basis, np.dot(basis.T, chosen))  # rounding has brought earlier directions back
        for i in range(n):
            chosen[i] -= again[i]
        scale = 1.0 / math.sqrt(np.dot(chosen, chosen))
        for i in range(n):
            chosen[i] *= scale
            basis[i, rank] = chosen[i]
        along = np.dot(chosen, rest)
        for i in range(n):
            for column in range(sizes.size):
                rest[i, column] -= chosen[i] * along[column]
        rank += 1
    return np.ascontiguousarray(basis[:, :rank])


@njit
def product(first, second):
    """Σ first second over all elements of two contiguous tensors."""
    return np.dot(first.reshape(first.size), second.reshape(second.size))


@njit
def reduced(tensor, basis):
    """The tensor in a basis, along all three axes."""
    n, size = basis.shape
    third = np.dot(tensor.reshape(n * n, n), basis).reshape(n, n * size)
    first = np.dot(basis.T, third).reshape(size, n, size)
    result = np.empty((size, size, size))
    for i in range(size):
        rows = np.dot(basis.T, first[i])
        for j in range(size):
            for k in range(size):
                result[i, j, k] = rows[j, k]
    return result
