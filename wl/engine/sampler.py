"""One independent run: windows with their walkers, from the first trial through learning to the frozen finish.

The run is a function of its seed and settings alone. Whatever happens between trials (rounds of several walkers,
exchanges between windows, the end of exploration, the freezing of the weights, pieces for the errors) happens at
numbers of trials fixed beforehand, so that neither checkpoints nor the number of workers change a single bit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from dataclasses import replace
from typing import Any

import numpy as np

from wl.engine.dynamics.settings import usual_step
from wl.engine.estimators.pieces import Pieces
from wl.engine.estimators.proposal_blocks import ProposalBlocks
from wl.engine.estimators.transition_matrix import MOST_BINS, log_g_of_transitions
from wl.engine.estimators.uniform_draws import UniformDraws
from wl.engine.kernels import schedule as clocks
from wl.engine.kernels.walk import (
    ACCEPTED,
    ENTRIES,
    LONGEST_STAY,
    N_COUNTS,
    RARE,
    RARE_VISITS,
    TRIPS,
    UNSEEN,
    Walker,
)
from wl.engine.phases import NEVER, UNEVEN, Phases, correction
from wl.engine.settings import Settings
from wl.engine.starts.begin import begin
from wl.engine.step_rules import COMMON
from wl.engine.trace import Trace
from wl.engine.windows.entry import seek_into
from wl.engine.windows.exchange import exchange
from wl.engine.windows.move_sizes import Steps
from wl.engine.windows.walkers import Particle, walk_for
from wl.engine.windows.window import Window, bounds_of_windows, part_of
from wl.interface.forces import BLOWN
from wl.interface.grid import Grid
from wl.interface.seeds import stream_of
from wl.interface.system import System, draw

__all__ = ["Sampler"]

ROUND_GROWTH = 4  # a round is at most this fraction of what was done
LONGEST_ROUND = 20  # blocks
MARK_GROWTH = 1.25
CHEAP_MATRIX = 2_000  # bins up to which the transition matrix is solved for a line of the trace
KEPT = ("stream", "learning_counts", "n_exchanges")
LEARNED, LEARNED_TRIPS = 2e4, 20  # trials a bin and round trips a walker before an open-ended run freezes


class Sampler:
    """Walkers, windows and phases of one run.

    Parameters
    ----------
    system : System
    grid : Grid
    settings : Settings
    seed : SeedSequence
        Of this run.
    n_trials : int or None
        Trials a walker that the run is planned for; None where the end is open.
    """

    def __init__(
        self, system: System, grid: Grid, settings: Settings, seed: np.random.SeedSequence, n_trials: int | None
    ) -> None:
        if grid.n_bins > MOST_BINS:
            settings = replace(settings, transition_matrix=False)
        self.system, self.grid, self.settings = system, grid, settings
        self.block = settings.kernel(grid).block
        n_learning = math.inf if n_trials is None else settings.learning * n_trials * settings.n_walkers
        self.windows = [
            Window(system, grid, settings, bounds, n_learning) for bounds in bounds_of_windows(grid, settings)
        ]
        self.pieces = [Pieces(grid.n_bins, self.block) for _ in range(len(self.windows) * settings.n_walkers)]
        self.proposals = [ProposalBlocks(grid.n_bins, self.block) for _ in self.windows]
        self.trials = 0
        self.round_end = 0
        self.next_mark = self.block
        self.phases = Phases(settings, n_trials)
        self.learning_counts = np.zeros(N_COUNTS, np.int64)
        self.n_exchanges = np.zeros((max(1, len(self.windows) - 1), 2), np.int64)
        self.freeze_when_learned = False
        self.trace = Trace(len(self.windows), grid.n_bins)
        self.uniform_draws: UniformDraws | None = None
        self.starts: np.ndarray | None = None
        self.steps = Steps(system)
        self.prepared = False
        own, *children = seed.spawn(1 + len(self.pieces))
        self.stream = stream_of(own)
        self.seeds = children

    def prepare(self, progress: Callable[[str], None] | None = None) -> None:
        """Draw every walker, bring it into its window, and begin with an anneal where the settings ask for it."""
        seeds = iter(self.seeds)
        with np.errstate(over="ignore"):
            for number, window in enumerate(self.windows):
                if progress is not None:
                    progress(f"walkers of window {number + 1} of {len(self.windows)}")
                for _ in range(self.settings.n_walkers):
                    stream = stream_of(next(seeds))
                    walker = Walker(stream, np.zeros(1, np.int64), np.zeros(N_COUNTS, np.int64))
                    particle = Particle(self.system.new_state(), walker)
                    if self.settings.dynamics is not None:
                        particle.state.time_step[0] = self.settings.dynamics.first_time_step
                    draw(self.system.model, particle.state, stream)
                    if self.starts is not None:
                        particle.state[0][:] = self.starts[len(window.particles) % len(self.starts)]
                    seek_into(window, self.grid, particle)
                    window.add(particle)
                if self.uniform_draws is not None and window.motion is None:
                    window.add_draws(self.uniform_draws.counts)
                begin(window, self.grid, self.settings, self.phases.close_at, progress)
                window.renew(fresh=True)
            self._mark()
        self.prepared = True

    @property
    def log_total(self) -> float:
        """Ln of the number of configurations in the grid, or of all of them where uniform draws tell its part."""
        known = self.grid.log_total(self.system)
        return self.system.log_total if math.isnan(known) and not math.isnan(self._log_share) else known

    @property
    def log_covered(self) -> float:
        """Ln of the number of configurations in the bins of the grid; nan where that is unknown."""
        known = self.grid.log_total(self.system)
        return self.system.log_total + self._log_share if math.isnan(known) else known

    @property
    def _log_share(self) -> float:
        return math.nan if self.uniform_draws is None else self.uniform_draws.log_share

    @property
    def n_walkers(self) -> int:
        """Walkers of all windows."""
        return len(self.pieces)

    @property
    def frozen(self) -> bool:
        """Whether the weights no longer change."""
        return self.trials >= self.phases.freeze_at

    def advance(self, n_trials: int, executor: Executor | None = None) -> None:
        """Make trials with every walker."""
        target = self.trials + n_trials
        while self.trials < target:
            if self.trials >= self.round_end:
                self._begin_round()
            n_now = min(target, self.round_end) - self.trials
            tasks = [task for window in self.windows for task in window.tasks(n_now)]
            results = list(map(walk_for, tasks) if executor is None else executor.map(walk_for, tasks))
            for number, window in enumerate(self.windows):
                window.take(results[number * self.settings.n_walkers : (number + 1) * self.settings.n_walkers])
            self.trials += n_now
            if self.trials == self.round_end:
                self._end_round()

    def _begin_round(self) -> None:
        """Fix when the round ends: at the next thing that happens."""
        events = [self.next_mark, self.phases.freeze_at, self.phases.close_at]
        if self.frozen:
            events += [
                self.phases.freeze_at + self.pieces[0].next_end,
                self.phases.freeze_at + self.proposals[0].next_end,
            ]
            events.append(self.phases.look_at)
        if self.n_walkers > 1:
            longest = max(1, min(LONGEST_ROUND, self.trials // (ROUND_GROWTH * self.block)))
            events.append(self.trials + longest * self.block)
        self.round_end = min(event for event in events if event > self.trials)
        for window in self.windows:
            window.begin_round()
            if not window.schedule.alone:  # the others' hills changed the surface
                window.renew()

    def _end_round(self) -> None:
        for number, window in enumerate(self.windows):
            histograms = window.end_round() or [window.surface.histogram]
            if self.frozen and self.trials > self.phases.freeze_at:
                self._add_to_pieces(number, histograms)
        if self.trials >= self.next_mark:
            self.next_mark = math.ceil(self.trials * MARK_GROWTH / self.block) * self.block
            self._record()
            if not self.frozen:
                self._mark()
                self._adapt_steps()
                if self.freeze_when_learned and self.phases.freeze_at == NEVER and self._learned():
                    self.phases.freeze(self.trials)
        if self.trials == self.phases.close_at:
            for window in self.windows:
                window.own.clock[clocks.EXPLORING] = 0.0
        if self.trials == self.phases.freeze_at and not self.windows[0].frozen:
            self._freeze()
        if self.frozen and self.trials >= self.phases.look_at:
            self._look()
        for left, right in enumerate(range(1, len(self.windows))):
            self.n_exchanges[left] += exchange(self.windows[left], self.windows[right], self.stream)

    def _record(self) -> None:
        """Add a line to the trace."""
        counts = self.learning_counts + self.counts.sum(axis=(0, 1))
        self.trace.record(
            np.stack([window.log_g for window in self.windows]),
            self._matrix() if self.grid.n_bins <= CHEAP_MATRIX and self.settings.transition_matrix else None,
            trials=self.trials,
            log_f=max(window.own.clock[clocks.LOG_F] for window in self.windows),
            acceptance=counts[ACCEPTED] / (self.trials * self.n_walkers),
            round_trips=self.round_trips,
            n_known=int(sum(window.known.sum() for window in self.windows)),
        )

    def _matrix(self) -> np.ndarray:
        """Ln g by the transition matrix, shape (n_windows, n_bins)."""
        pairs = zip(self.windows, self.proposals, strict=True)
        return np.stack([log_g_of_transitions(blocks.total(window.tables), window.log_g) for window, blocks in pairs])

    def _adapt_steps(self) -> None:
        if self.settings.step_rule == COMMON:
            accepted = self.learning_counts[ACCEPTED] + self.counts[..., ACCEPTED].sum()
            particles = (particle for window in self.windows for particle in window.particles)
            self.steps.adapt(particles, self.trials * self.n_walkers, accepted)

    def _add_to_pieces(self, number: int, histograms: list[np.ndarray]) -> None:
        first = number * self.settings.n_walkers
        done = self.trials - self.phases.freeze_at
        for pieces, histogram in zip(self.pieces[first : first + self.settings.n_walkers], histograms, strict=True):
            pieces.add(histogram, done, cumulative=self.n_walkers == 1)
        if done >= self.proposals[number].next_end:
            self.proposals[number].add(self.windows[number].tables)
            self.windows[number].forget_proposals()

    def _learned(self) -> bool:
        """Whether every window's ln f has followed 1/t for long, and its walkers came and went since."""
        for window in self.windows:
            clock = window.own.clock
            if clock[clocks.SINCE_RESTART] < LEARNED * clock[clocks.N_KNOWN] or not clock[clocks.INVERSE_PHASE]:
                return False
            if window.counts[:, TRIPS].sum() < LEARNED_TRIPS * self.settings.n_walkers:
                return False
        return True

    def freeze_soon(self) -> None:
        """Freeze the weights at the end of the present round (for runs whose end is open)."""
        if self.phases.freeze_at == NEVER:
            self.phases.freeze(max(self.round_end, self.trials + 1))
            self.round_end = min(self.round_end, self.phases.freeze_at)

    def _freeze(self) -> None:
        self._mark()
        for window in self.windows:
            window.own.clock[clocks.LOG_F] = 0.0
            window.own.clock[clocks.EXPLORING] = 0.0
            self._restart_counts(window)
            for particle in window.particles if window.motion is not None else []:
                particle.state.time_step[0] = usual_step(particle.state)
                particle.state.numbers[:BLOWN] = 0.0
            window.renew()

    def _restart_counts(self, window: Window) -> None:
        """Begin histograms, proposals and counts of walkers anew; what was counted so far belongs to the learning."""
        window.surface.histogram[:] = 0
        window.forget_proposals()
        for particle in window.particles:
            self.learning_counts += particle.walker.counts
            particle.walker.counts[:] = 0

    def misses_levels(self) -> bool:
        """Whether a level that the variable is sampled for, or one where walkers were turned away, was never found."""
        axis = self.grid.axes[0]
        found = np.any([window.known for window in self.windows], axis=0).reshape(axis.n_bins, -1).any(axis=1)
        asked = axis.row_asked_for
        if asked is not None and not found[asked]:
            return True
        return len(self.grid.axes) == 1 and not found.all() and self.turned_away > 0

    def learn_again(self) -> None:
        """Let weights that were frozen change again, and open exploration; what the frozen walk counted is given up."""
        self._forget_frozen_walk()
        for window in self.windows:
            self._restart_counts(window)
            window.learn_again()
            window.renew()

    def _forget_frozen_walk(self) -> None:
        self.pieces = [Pieces(self.grid.n_bins, self.block) for _ in self.pieces]
        self.proposals = [ProposalBlocks(self.grid.n_bins, self.block) for _ in self.proposals]

    def _look(self) -> None:
        """Replace weights that proved uneven by what the frozen walk found, and freeze again.

        Where the end is open and a level is missing that the run is for, the weights are learned again.
        """
        self.phases.looked(self.trials)
        if self.freeze_when_learned and self.misses_levels():
            self.learn_again()
            self.phases = Phases(self.settings, None)
            return
        per_window = self.settings.n_walkers
        changes = []
        for number, window in enumerate(self.windows):
            pieces = self.pieces[number * per_window : (number + 1) * per_window]
            changes.append(correction(np.sum([piece.total for piece in pieces], axis=0), window.surface.log_target))
        if max(float(np.abs(change).max()) for change in changes) <= UNEVEN:
            return
        for window, change in zip(self.windows, changes, strict=True):
            window.surface.cost[:] += change
        self.phases.freeze_at = self.trials
        self._forget_frozen_walk()
        self._freeze()

    def _mark(self) -> None:
        """Mark the ends of a round trip in every window: its entropy maximum (or open bin) and its rarest end."""
        for window in self.windows:
            rows = _row_entropy(window, self.grid)
            known = np.flatnonzero(np.isfinite(rows))
            if known.size == 0:  # a walker under forces may still be on its way in
                continue
            open_end = self.grid.axes[0].edges[-1] == math.inf and known[-1] == rows.size - 1
            top = known[-1] if open_end else known[np.argmax(rows[known])]
            rare = known[0] if rows[known[0]] <= rows[known[-1]] else known[-1]
            window.mark(int(top), int(rare), self.grid.row_size)

    @property
    def counts(self) -> np.ndarray:
        """Counts of the walkers since the weights were frozen, shape (n_windows, n_walkers, N_COUNTS)."""
        return np.stack([window.counts for window in self.windows])

    @property
    def round_trips(self) -> int:
        """Round trips, learning included."""
        return int(self.learning_counts[TRIPS] + self.counts[..., TRIPS].sum())

    @property
    def longest_stay_share(self) -> float:
        """Largest share of one stay in the frozen visits of the rarest end; nan without visits."""
        visits = self.counts[..., RARE_VISITS].sum(axis=1)
        stays = self.counts[..., LONGEST_STAY].max(axis=1)
        return float(np.max(stays / visits)) if np.all(visits > 0) else math.nan

    @property
    def turned_away(self) -> int:
        """Proposals into unseen bins that were refused, as exploration was over."""
        return int(self.learning_counts[UNSEEN] + self.counts[..., UNSEEN].sum())

    @property
    def rarest_levels(self) -> list[str]:
        """The rarest end of every window, as it stands in a report."""
        axis, row_size = self.grid.axes[0], self.grid.row_size
        marked = [np.flatnonzero(window.surface.flags & RARE) for window in self.windows]
        return [axis.level_text(int(place[0]) // row_size) for place in marked if place.size]

    @property
    def entries(self) -> int:
        """Entries into the rarest end since the weights were frozen."""
        return int(self.counts[..., ENTRIES].sum())

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that changes, by name; `restore` takes it back."""
        saved = {
            "numbers": np.array([self.trials, self.round_end, self.next_mark]),
            "phases": self.phases.array(),
            "steps": self.steps.numbers,
            "prepared": np.array(self.prepared),
        }
        saved |= {name: getattr(self, name) for name in KEPT}
        for prefix, part in self._parts():
            saved |= {f"{prefix}/{name}": array for name, array in part.arrays().items()}
        return saved

    def restore(self, saved: dict[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self.trials, self.round_end, self.next_mark = map(int, saved["numbers"])
        self.phases.restore(saved["phases"])
        self.steps.numbers[...] = saved["steps"]
        self.prepared = bool(saved["prepared"])
        for name in KEPT:
            getattr(self, name)[...] = saved[name]
        for prefix, part in self._parts():
            if self.prepared or part is self.trace:
                part.restore(part_of(saved, f"{prefix}/"))

    def _parts(self) -> Iterator[tuple[str, Any]]:
        """What gives and takes arrays of its own, by name."""
        yield "trace", self.trace
        for name, parts in (("window", self.windows), ("pieces", self.pieces), ("proposals", self.proposals)):
            yield from ((f"{name}{k}", part) for k, part in enumerate(parts))


def _row_entropy(window: Window, grid: Grid) -> np.ndarray:
    """Ln Σ g over the bins of a row; -inf where none is known."""
    log_g = np.where(window.known, window.log_g, -np.inf).reshape(grid.axes[0].n_bins, -1)
    largest = log_g.max(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(np.isfinite(largest), largest + np.log(np.exp(log_g - largest[:, None]).sum(axis=1)), -np.inf)
