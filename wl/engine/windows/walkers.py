"""A walker, the arrays that it changes, and its trials."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from wl.engine.dynamics.settings import Motion, evaluate_for
from wl.engine.kernels.schedule import Schedule
from wl.engine.kernels.transitions import FREE, Transitions, add_counts
from wl.engine.kernels.walk import ACCEPTED, Surface, Walker, walk
from wl.engine.step_rules import Band
from wl.interface.bins import OneAxis, TwoAxes

__all__ = ["Particle", "Share", "Task", "enlarged", "kept_arrays", "new_transitions", "walk_for"]


@dataclass(slots=True)
class Particle:
    """A walker with its configuration.

    Attributes
    ----------
    state : NamedTuple
        Configuration, with what is kept beside it and the size of its moves.
    walker : Walker
    tally : ndarray of int64, shape (2,)
        Trials since its step could last change, and accepted ones, where it has a step of its own (`Band`).
    """

    state: Any
    walker: Walker
    tally: np.ndarray = field(default_factory=lambda: np.zeros(2, np.int64))

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that changes, by name."""
        kept = {f"state/{name}": array for name, array in kept_arrays(self.state).items()}
        return self.walker._asdict() | {"tally": self.tally} | kept

    @classmethod
    def restored(cls, state: Any, saved: Mapping[str, np.ndarray]) -> Particle:
        """What `arrays` gave, in a new state."""
        walker = Walker(*(saved[name].copy() for name in Walker._fields))
        for name, array in kept_arrays(state).items():
            array[...] = saved[f"state/{name}"]
        tally = saved.get("tally")  # not in early files
        return cls(state, walker) if tally is None else cls(state, walker, tally.copy())


@dataclass(slots=True)
class Share:
    """Arrays that one walker changes during a round."""

    surface: Surface
    transitions: Transitions
    clock: np.ndarray

    def arrays(self) -> dict[str, np.ndarray]:
        """Everything that changes, by name."""
        return {"clock": self.clock} | self.surface._asdict() | self.transitions._asdict()

    def restore(self, saved: Mapping[str, np.ndarray]) -> None:
        """Go on from what `arrays` gave."""
        self.clock[...] = saved["clock"]
        for name, array in self.surface._asdict().items():
            array[...] = saved[name]
        self.transitions = Transitions(*(saved[name].copy() for name in Transitions._fields))


class Task(NamedTuple):
    """Trials of one walker."""

    model: Any
    grid: OneAxis | TwoAxes
    schedule: Schedule
    particle: Particle
    share: Share
    n_trials: int
    motion: Motion | None = None
    band: Band | None = None


def kept_arrays(state: Any) -> dict[str, np.ndarray]:
    """Arrays of a state by name, without its work space."""
    return {name: array for name, array in zip(state._fields, state, strict=True) if isinstance(array, np.ndarray)}


def new_transitions(size: int) -> Transitions:
    """Empty table of `size` entries, a power of two, or 0 to count nothing."""
    entries = np.zeros((size, 2), np.int64)
    entries[:, 0] = FREE
    return Transitions(entries, np.zeros(1, np.int64))


def enlarged(table: Transitions, least: int) -> Transitions:
    """Table with at least `least` entries that holds the same counts."""
    size = max(1, table.entries.shape[0])
    while size < least:
        size *= 2
    larger = new_transitions(size)
    with np.errstate(over="ignore"):
        add_counts(table, larger)
    return larger


def walk_for(task: Task) -> tuple[Particle, Share]:
    """Trials of one walker; the arrays come back changed, in place where memory is shared."""
    particle, share, band = task.particle, task.share, task.band
    done, counts = 0, particle.walker.counts
    with np.errstate(over="ignore"):  # random words wrap around, as they should
        if task.motion is not None:
            evaluate_for(task)
            return particle, share
        while done < task.n_trials:
            left, n_accepted = task.n_trials - done, counts[ACCEPTED]
            wanted = left if band is None else min(left, band.left(particle.tally))
            made = walk(
                task.model,
                particle.state,
                task.grid,
                share.surface,
                particle.walker,
                share.transitions,
                task.schedule,
                share.clock,
                wanted,
            )
            done += made
            if band is not None:
                band.note(particle.state, particle.tally, made, counts[ACCEPTED] - n_accepted)
            if made < wanted:
                share.transitions = enlarged(share.transitions, 2 * share.transitions.entries.shape[0])
    return particle, share
