"""A walker, the arrays that it changes, and its trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from wl.dynamics import Motion, evaluate_for
from wl.kernels.grid import OneAxis, TwoAxes
from wl.kernels.schedule import Schedule
from wl.kernels.transitions import FREE, Transitions, add_counts
from wl.kernels.walk import Surface, Walker, walk

__all__ = ["Particle", "Share", "Task", "enlarged", "kept_arrays", "new_transitions", "walk_for"]


@dataclass(slots=True)
class Particle:
    """A walker with its configuration."""

    state: Any
    walker: Walker


@dataclass(slots=True)
class Share:
    """Arrays that one walker changes during a round."""

    surface: Surface
    transitions: Transitions
    clock: np.ndarray


class Task(NamedTuple):
    """Trials of one walker."""

    model: Any
    grid: OneAxis | TwoAxes
    schedule: Schedule
    particle: Particle
    share: Share
    n_trials: int
    motion: Motion | None = None


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
    model, grid, schedule, particle, share, n_trials, motion = task
    done = 0
    with np.errstate(over="ignore"):  # random words wrap around, as they should
        if motion is not None:
            evaluate_for(task)
            return particle, share
        while done < n_trials:
            done += walk(
                model,
                particle.state,
                grid,
                share.surface,
                particle.walker,
                share.transitions,
                schedule,
                share.clock,
                n_trials - done,
            )
            if done < n_trials:
                share.transitions = enlarged(share.transitions, 2 * share.transitions.entries.shape[0])
    return particle, share
