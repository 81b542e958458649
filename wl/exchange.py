"""Replica exchange between neighbouring windows."""

from __future__ import annotations

import math

import numpy as np

from wl.kernels.random import uniform
from wl.window import Window

__all__ = ["exchange"]


def exchange(first: Window, second: Window, stream: np.ndarray) -> np.ndarray:
    """Try to swap configurations that both lie in the overlap; returns the numbers of attempts and of swaps."""
    numbers = np.zeros(2, np.int64)
    with np.errstate(over="ignore"):
        for mine, other in zip(first.particles, second.particles, strict=True):
            here, there = int(mine.walker.place[0]), int(other.walker.place[0])
            if not (second.known[here] and first.known[there]):
                continue
            numbers[0] += 1
            cost = first.surface.cost, second.surface.cost
            gain = cost[0][here] + cost[1][there] - cost[0][there] - cost[1][here]
            if gain >= 0.0 or uniform(stream) < math.exp(gain):
                mine.state, other.state = other.state, mine.state
                mine.walker.place[0], other.walker.place[0] = there, here
                numbers[1] += 1
    return numbers
