"""Seeds of the random streams in kernels: children of one SeedSequence, never arithmetic on seeds."""

from __future__ import annotations

import numpy as np

__all__ = ["stream_of"]


def stream_of(seed: np.random.SeedSequence) -> np.ndarray:
    """State of a xoroshiro128++ stream, uint64 of shape (2,), never zero."""
    state = seed.generate_state(2, np.uint64)
    return state if state.any() else np.ones(2, np.uint64)
