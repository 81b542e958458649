"""Replica exchange between neighbouring windows."""

from __future__ import annotations

import math

import numpy as np

from wl.engine.dynamics.settings import keep_steps
from wl.engine.step_rules import keep_moves
from wl.engine.windows.window import Window
from wl.interface.xoroshiro import uniform

__all__ = ["exchange"]


def exchange(first: Window, second: Window, stream: np.ndarray) -> np.ndarray:
    """Try to swap configurations that both lie in the overlap; returns the numbers of attempts and of swaps."""
    numbers = np.zeros(2, np.int64)
    first.renew()
    second.renew()
    with np.errstate(over="ignore"):
        for mine, other in zip(first.particles, second.particles, strict=True):
            here, there = first.bin_now(mine), second.bin_now(other)
            if here < 0 or there < 0 or not (second.known[here] and first.known[there]):
                continue
            numbers[0] += 1
            gain = first.cost_at(mine) + second.cost_at(other) - first.cost_at(other) - second.cost_at(mine)
            if gain >= 0.0 or uniform(stream) < math.exp(gain):
                mine.state, other.state = other.state, mine.state
                mine.walker.place[0], other.walker.place[0] = there, here
                keep_steps(mine.state, other.state)
                keep_moves(first.system, mine.state, other.state)
                numbers[1] += 1
    first.renew()
    second.renew()
    return numbers
