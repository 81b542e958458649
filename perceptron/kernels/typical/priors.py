"""Entropic terms: what one weight may be.

A prior whose weights all have w² = 1 enters the replica-symmetric theory through the partition function of one weight
in a field, Z(A) = Σ_w e^{A w}: its logarithm and first two derivatives, the mean and the variance of w. To add a prior,
write a NamedTuple of its parameters and register `log_partition`.
"""

import math
from typing import NamedTuple

from perceptron.base.jit import dispatched


class BinaryWeights(NamedTuple):
    """w = ±1. The field is a dummy that gives the empty record a place in compiled code."""

    magnitude: float = 1.0


@dispatched
def log_partition(prior, field):  # noqa: ARG001
    """(ln Z, ⟨w⟩, ⟨w²⟩ - ⟨w⟩²) of one weight in a field."""
    raise TypeError(f"log_partition is not registered for {type(prior).__name__}")


@log_partition.register(BinaryWeights)
def _binary_log_partition(prior, field):  # noqa: ARG001
    size = abs(field)
    decay = math.exp(-2.0 * size)
    inverse = 1.0 / (1.0 + decay)
    return size + math.log1p(decay), math.tanh(field), 4.0 * decay * inverse * inverse
