"""A window: a range of bins with its ln g, and the walkers that share it.

A walker that is alone works on the window's own arrays. Several walkers work on copies for a round each, and the window
adds up what they changed: differences, never totals, as a walker that brought the common part along would count it
twice. A walker whose differences are not finite is rejected: nothing of it is added, it goes on from the configuration
of another walker, and the report counts it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from wl.engine.dynamics.bias import surface_at
from wl.engine.dynamics.settings import motion_of, renew
from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.schedule import KNOWN, Schedule, adapt
from wl.engine.kernels.transitions import FREE, Transitions
from wl.engine.kernels.walk import N_COUNTS, RARE, TOP, Surface
from wl.engine.settings import Settings
from wl.engine.step_rules import BAND, Band
from wl.engine.windows.walkers import Particle, Share, Task, kept_arrays, new_transitions
from wl.interface.bins import OneAxis, TwoAxes, bin_of
from wl.interface.grid import Grid
from wl.interface.system import System, measured

__all__ = ["Window", "bounds_of_windows", "part_of"]

FIRST_TABLE = 1 << 14
NUMBERS = ("n_rejected_walkers", "n_start_trials")


class Window:
    """Bins `first` … `stop - 1` of the first variable, and their walkers."""

    def __init__(
        self, system: System, grid: Grid, settings: Settings, bounds: tuple[int, int], n_learning: float
    ) -> None:
        self.system, self.bounds, self.n_walkers = system, bounds, settings.n_walkers
        self.grid: OneAxis | TwoAxes = grid.kernel(*bounds)
        self.schedule: Schedule = settings.kernel(grid, n_learning)
        self.motion = None if settings.dynamics is None else motion_of(settings.dynamics, system.model, grid, bounds)
        n_bins, self.n_rows = grid.n_bins, grid.axes[0].n_bins
        room = max(FIRST_TABLE, 1 << (4 * self.schedule.block).bit_length())
        self.table_size = room if settings.transition_matrix else 0
        log_target = settings.target.log_density(grid)
        log_target -= log_target.max()
        self.own = Share(
            Surface(
                np.zeros(n_bins),
                log_target,
                np.exp(-log_target),
                np.zeros(n_bins, np.uint8),
                np.zeros(n_bins, np.int64),
                np.zeros(n_bins, np.int64),
            ),
            new_transitions(self.table_size if self.schedule.alone else 0),
            np.zeros(clocks.CLOCK_SIZE),
        )
        self.own.clock[[clocks.LOG_F, clocks.EXPLORING]] = self.schedule.first_log_f, 1.0
        self.band: Band | None = None
        if settings.step_rule == BAND and system.step is not None:
            self.band = Band(system.step, system.largest_step)
        self.particles: list[Particle] = []
        self.shares: list[Share] = []
        self.n_rejected_walkers = 0
        self.n_start_trials = 0  # made before the run begins, and not counted in its steps

    @property
    def surface(self) -> Surface:
        """What the bins hold."""
        return self.own.surface

    @property
    def known(self) -> np.ndarray:
        """Whether a bin was entered."""
        return (self.surface.flags & KNOWN) > 0

    @property
    def log_g(self) -> np.ndarray:
        """Ln g of Wang and Landau up to a constant; nan where unknown."""
        return np.where(self.known, self.surface.cost + self.surface.log_target, np.nan)

    @property
    def frozen(self) -> bool:
        """Whether the weights no longer change."""
        return bool(self.own.clock[clocks.LOG_F] == 0.0)

    def add(self, particle: Particle) -> None:
        """Take in a walker whose state lies in the window."""
        particle.walker.place[0] = self.bin_of(particle)
        self.particles.append(particle)
        place = particle.walker.place[0]
        if not self.known[place]:
            known = self.known
            self.surface.flags[place] |= KNOWN
            self.surface.cost[place] = self.log_g[known].min() - self.surface.log_target[place] if known.any() else 0.0
        self.count_known()

    def add_draws(self, counts: np.ndarray) -> None:
        """Know the bins that uniform draws hit, with ln g of their numbers; the others keep theirs, above the least."""
        rows = np.arange(counts.size) // (counts.size // self.n_rows)
        hit = (counts > 0) & (rows >= self.bounds[0]) & (rows < self.bounds[1])
        if hit.any():
            self.surface.flags[hit] |= KNOWN
            log_counts = np.log(np.maximum(counts, 1))
            self.surface.cost[self.known] = (log_counts - self.surface.log_target)[self.known]
        self.count_known()

    def learn_again(self) -> None:
        """Let ln f follow its schedule again from where it was, and take in new bins."""
        clock, schedule = self.own.clock, self.schedule
        self.surface.last_halving[:] = 0
        clock[clocks.EXPLORING] = 1.0
        clock[clocks.LOG_F] = min(schedule.first_log_f, schedule.exploration_log_f)
        adapt(schedule, clock, self.surface)

    def values(self, particle: Particle) -> Any:
        """Collective variables of a walker, measured afresh."""
        return measured(self.system.model, particle.state)

    def bin_of(self, particle: Particle) -> int:
        """Bin of a walker, its values measured afresh; negative outside the window."""
        return int(bin_of(self.grid, self.values(particle)))

    def bin_now(self, particle: Particle) -> int:
        """Bin of a walker as it stands; negative where molecular dynamics is beyond the window."""
        if self.motion is None:
            return int(particle.walker.place[0])
        return int(bin_of(self.grid, tuple(particle.state.values)))

    def cost_at(self, particle: Particle) -> float:
        """Cost of a configuration of this or a neighbouring window: that of its bin, or of the surface over it."""
        if self.motion is None:
            return float(self.surface.cost[particle.walker.place[0]])
        return float(surface_at(self.motion.bias, self.surface.cost, *particle.state.coordinates)[0])

    def count_known(self) -> None:
        """Bring the clock's sums over the known bins up to date."""
        self.own.clock[clocks.N_KNOWN] = np.count_nonzero(self.known)
        self.own.clock[clocks.TARGET_SUM] = np.exp(self.surface.log_target[self.known]).sum()

    def mark(self, top: int, rare: int, row_size: int) -> None:
        """Mark the rows between which round trips are counted."""
        self.surface.flags[:] &= KNOWN
        for row, flag in ((top, TOP), (rare, RARE)):
            self.surface.flags[row * row_size : (row + 1) * row_size] |= flag

    def begin_round(self) -> None:
        """Give every walker its copies, unless it is alone."""
        if self.schedule.alone:
            self.shares = [self.own]
            return
        surface = self.surface
        for k, _ in enumerate(self.particles):
            copy = Surface(*(array.copy() for array in surface))
            copy.histogram[:] = 0
            table = self.shares[k].transitions if k < len(self.shares) else new_transitions(self.table_size)
            share = Share(copy, table, self.own.clock.copy())
            self.shares[k : k + 1] = [share]

    def renew(self, *, fresh: bool = False) -> None:
        """Tell molecular dynamics of a changed bias; `fresh` draws velocities too."""
        if self.motion is not None:
            for particle in self.particles:
                renew(self.system.model, self.motion, particle.state, self.surface.cost, fresh=fresh)

    @property
    def tables(self) -> list[Transitions]:
        """Tables of proposals; every walker keeps its own, as adding them up each round would cost more than it."""
        return [share.transitions for share in self.shares] or [self.own.transitions]

    def forget_proposals(self) -> None:
        """Empty the tables: while the weights change, a walker is not in equilibrium within a bin."""
        for table in self.tables:
            table.entries[:] = 0
            table.entries[:, 0] = FREE
            table.used[:] = 0

    def tasks(self, n_trials: int) -> Iterator[Task]:
        """What to hand to `walk_for`: trials of the run itself, with steps that adapt until the weights are frozen."""
        band = None if self.frozen else self.band
        for particle, share in zip(self.particles, self.shares, strict=True):
            yield self.task(particle, share, n_trials)._replace(band=band)

    def task(self, particle: Particle, share: Share, n_trials: int) -> Task:
        """Trials of one of the walkers, its step kept as it is."""
        return Task(self.system.model, self.grid, self.schedule, particle, share, n_trials, self.motion)

    def take(self, results: list[tuple[Particle, Share]]) -> None:
        """Put the arrays back that `walk_for` returned."""
        self.particles = [particle for particle, _ in results]
        self.shares = [share for _, share in results]
        if self.schedule.alone:
            self.own = self.shares[0]

    def end_round(self) -> list[np.ndarray]:
        """Add up what the walkers changed; returns the histogram of each."""
        if self.schedule.alone:
            if not np.isfinite(self.surface.cost[self.particles[0].walker.place[0]]):
                raise ArithmeticError("ln g became infinite or nan at the walker's bin; allowed: finite increments")
            return []
        before = Surface(*(array.copy() for array in self.surface))
        known, least = self.known, np.nanmin(self.log_g)
        if self.motion is not None:  # hills reach beyond the bins that were entered
            return self._end_round_of_hills(before)
        found = np.full(known.size, np.inf)
        rejected = []
        for k, share in enumerate(self.shares):
            change = share.surface.cost - before.cost
            if not np.all(np.isfinite(change[known])):
                rejected.append(k)
                continue
            self.surface.cost[known] += change[known]
            new = ((share.surface.flags & KNOWN) > 0) & ~known
            found[new] = np.minimum(found[new], share.surface.cost[new])
            self.surface.histogram[:] += share.surface.histogram
        new = np.isfinite(found)
        self.surface.cost[new] = np.maximum(found[new], least - self.surface.log_target[new])
        self.surface.flags[new] |= KNOWN
        self._advance_clock(bool(new.any()))
        self._replace(rejected)
        return [share.surface.histogram for share in self.shares]

    def _end_round_of_hills(self, before: Surface) -> list[np.ndarray]:
        """The same where walkers change all bins, entered or not."""
        known, rejected = self.known, []
        for k, share in enumerate(self.shares):
            change = share.surface.cost - before.cost
            if not np.all(np.isfinite(change)):
                rejected.append(k)
                continue
            self.surface.cost[:] += change
            self.surface.flags[:] |= share.surface.flags & KNOWN
            self.surface.histogram[:] += share.surface.histogram
        self._advance_clock(bool((self.known & ~known).any()))
        self._replace(rejected)
        return [share.surface.histogram for share in self.shares]

    def _replace(self, rejected: list[int]) -> None:
        """Let rejected walkers go on from the configuration of the first good one."""
        self.n_rejected_walkers += len(rejected)
        good = [k for k in range(len(self.particles)) if k not in rejected]
        if not good:
            raise ArithmeticError("ln g became infinite or nan with every walker; allowed: finite increments")
        source = self.particles[good[0]]
        for k in rejected:
            target = self.particles[k]
            for old, new in zip(kept_arrays(target.state).values(), kept_arrays(source.state).values(), strict=True):
                old[...] = new
            target.walker.place[0] = source.walker.place[0]
            self.shares[k].surface.histogram[:] = 0

    def _advance_clock(self, discovered: bool) -> None:
        clock = self.own.clock
        n_trials = sum(float(share.clock[clocks.TOTAL] - clock[clocks.TOTAL]) for share in self.shares)
        clock[clocks.TOTAL] += n_trials
        clock[clocks.SINCE_RESTART] += n_trials
        clock[clocks.CROSSED] = max(float(share.clock[clocks.CROSSED]) for share in self.shares)
        if discovered:
            clocks.restart(clock, self.schedule)
            clock[clocks.SINCE_RESTART] = min(float(share.clock[clocks.SINCE_RESTART]) for share in self.shares)
            clock[clocks.LAST_DISCOVERY] = clock[clocks.TOTAL]
        self.count_known()
        adapt(self.schedule, clock, self.surface)

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that changes, by name."""
        saved = {name: np.array(getattr(self, name)) for name in NUMBERS} | self.own.arrays()
        for k, particle in enumerate(self.particles):
            saved |= {f"walker{k}/{name}": array for name, array in particle.arrays().items()}
        for k, share in enumerate([] if self.schedule.alone else self.shares):
            saved |= {f"share{k}/{name}": array for name, array in share.arrays().items()}
        return saved

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        for name in NUMBERS:
            setattr(self, name, int(saved[name]))
        self.own.restore(saved)
        walkers = [part_of(saved, f"walker{k}/") for k in range(self.n_walkers)]
        self.particles = [Particle.restored(self.system.new_state(), walker) for walker in walkers]
        self.shares = [self.own] if self.schedule.alone else []
        if not self.schedule.alone and "share0/clock" in saved:
            self.begin_round()
            for k, share in enumerate(self.shares):
                share.restore(part_of(saved, f"share{k}/"))

    @property
    def counts(self) -> np.ndarray:
        """Counts of all walkers together, int64 of shape (n_walkers, N_COUNTS)."""
        counts = np.zeros((self.n_walkers, N_COUNTS), np.int64)
        for k, particle in enumerate(self.particles):
            counts[k] = particle.walker.counts
        return counts


def part_of(saved: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """The arrays whose names begin so, without that beginning."""
    return {name.removeprefix(prefix): array for name, array in saved.items() if name.startswith(prefix)}


def bounds_of_windows(grid: Grid, settings: Settings) -> list[tuple[int, int]]:
    """First and stop row of every window; neighbours share `overlap` of a window."""
    n_rows = grid.axes[0].n_bins
    width = n_rows / (1.0 + (settings.n_windows - 1) * (1.0 - settings.overlap))
    if settings.n_windows > 1 and width * settings.overlap < 2.0:
        raise ValueError(
            f"n_windows = {settings.n_windows} leaves fewer than 2 of {n_rows} bins in an overlap; allowed: fewer"
        )
    starts = [round(k * width * (1.0 - settings.overlap)) for k in range(settings.n_windows)]
    return [(start, min(n_rows, round(start + width))) for start in starts[:-1]] + [(starts[-1], n_rows)]
