"""What part of all configurations a grid covers, and how they lie in the bins it reaches, by uniform draws.

A grid that ends somewhere, such as one of losses with a lowest edge, does not hold all configurations; then Σ g over
its bins is the total times the share p of n uniform draws that have a bin, with standard error √(p(1 - p)/n). They make
ln g absolute (`wl.landscape.anchoring`); a grid that no draw hits stays relative.

Bins with many draws are also a check of the sampler: of all but the constant it knows nothing of them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wl.engine.kernels.uniform_draws import count_draws
from wl.interface.grid import Grid
from wl.interface.seeds import stream_of
from wl.interface.system import System

__all__ = ["UniformDraws", "draw_uniformly"]

CHUNK = 20_000
N_PARTS = 64


@dataclass(frozen=True, slots=True, eq=False)
class UniformDraws:
    """Draws that fell into the bins of a grid.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_bins,)
    number : int
        Of all draws, those outside the grid too.
    """

    counts: np.ndarray
    number: int

    @property
    def share(self) -> float:
        """p, part of the draws that have a bin."""
        return float(self.counts.sum()) / self.number

    @property
    def share_error(self) -> float:
        """Standard error of p; 1/n where all draws, or none, have a bin."""
        spread = math.sqrt(self.share * (1.0 - self.share) / self.number)
        return max(spread, 1.0 / self.number)

    @property
    def log_share(self) -> float:
        """Ln p; nan where no draw has a bin."""
        return math.log(self.share) if self.share > 0.0 else math.nan

    def without_parts(self) -> list[UniformDraws]:
        """The draws without one of N_PARTS parts after the other, for a jackknife.

        Draws are independent, so that any division of them will do: one that is drawn from a seed of its own.
        """
        hit = np.flatnonzero(self.counts)
        numbers = np.append(self.counts[hit], self.number - self.counts.sum())
        rng = np.random.default_rng(self.number)
        parts = rng.multinomial(numbers, np.full(N_PARTS, 1.0 / N_PARTS))
        left_out = []
        for part in parts.T:
            counts = self.counts.copy()
            counts[hit] -= part[:-1]
            left_out.append(UniformDraws(counts, self.number - int(part.sum())))
        return left_out


def draw_uniformly(
    system: System, grid: Grid, seed: np.random.SeedSequence, progress: Callable[[str], None] | None = None
) -> UniformDraws:
    """Make the number of draws that the system asks for."""
    state, stream = system.new_state(), stream_of(seed)
    counts, kernel, done = np.zeros(grid.n_bins, np.int64), grid.kernel(), 0
    with np.errstate(over="ignore"):
        while done < system.n_uniform_draws:
            if progress is not None:
                progress(f"uniform draws: {done} of {system.n_uniform_draws}")
            number = min(CHUNK, system.n_uniform_draws - done)
            count_draws(system.model, state, kernel, stream, counts, number)
            done += number
    return UniformDraws(counts, done)
