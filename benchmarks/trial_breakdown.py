"""What one trial of the engine is made of: variants that each do one thing more than the one before.

All of them go on from copies of the same walker in the same surface, with the same kernels as the engine's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from perceptron.base.jit import njit
from wl.engine.kernels.walk import ACCEPTED, trials
from wl.engine.sampler import Sampler
from wl.engine.windows.walkers import Particle, Share, Task, new_transitions, walk_for
from wl.interface.bins import bin_of
from wl.interface.system import commit, propose, proposed
from wl.interface.xoroshiro import exponential, uniform

__all__ = ["stages_of"]


@njit
def system_trials(model, state, stream, acceptance, n_trials):
    """Propose, find the values, and make the move at a given rate; returns a sum so that nothing is left out."""
    total = 0.0
    for _ in range(n_trials):
        move = propose(model, state, stream)
        values = proposed(model, state, move)
        total += values[0] + values[1]
        if uniform(stream) < acceptance:
            commit(model, state, move)
    return total


@njit
def weighted_trials(model, state, grid, cost, stream, place, n_trials):  # noqa: PLR0913, PLR0917
    """Find bins and accept by their cost."""
    now, here = place[0], cost[place[0]]
    for _ in range(n_trials):
        move = propose(model, state, stream)
        loss = exponential(stream)
        new = bin_of(grid, proposed(model, state, move))
        if new >= 0:
            there = cost[new]
            if there - here <= loss:
                commit(model, state, move)
                now, here = new, there
    place[0] = now


def _copied(record: Any) -> Any:
    return type(record)(*(array.copy() for array in record))


class _Copies:
    """A walker with its surface, apart from those of the sampler."""

    def __init__(self, sampler: Sampler, counting: bool) -> None:
        window = sampler.windows[0]
        particle, share = window.particles[0], window.own
        self.model, self.grid, self.schedule = window.system.model, window.grid, window.schedule
        table = _copied(share.transitions) if counting else new_transitions(0)
        self.particle = Particle(_copied(particle.state), _copied(particle.walker))
        self.share = Share(_copied(share.surface), table, share.clock.copy())

    def alone(self, acceptance: float, n_trials: int) -> None:
        system_trials(self.model, self.particle.state, self.particle.walker.stream, acceptance, n_trials)

    def weighted(self, n_trials: int) -> None:
        walker = self.particle.walker
        cost = self.share.surface.cost
        weighted_trials(self.model, self.particle.state, self.grid, cost, walker.stream, walker.place, n_trials)

    def trials(self, n_trials: int) -> None:
        share, particle = self.share, self.particle
        trials(
            self.model,
            particle.state,
            self.grid,
            share.surface,
            particle.walker,
            share.transitions,
            self.schedule,
            share.clock,
            n_trials,
        )

    def walk(self, n_trials: int) -> None:
        walk_for(Task(self.model, self.grid, self.schedule, self.particle, self.share, n_trials))


def stages_of(sampler: Sampler) -> list[tuple[str, Callable[[int], None]]]:
    """Names and functions of the variants, from the system alone to the whole engine.

    Parameters
    ----------
    sampler : Sampler
        Of one walker, which has found its bins.
    """
    acceptance = float(sampler.windows[0].counts[0, ACCEPTED] / sampler.trials)
    copies = [_Copies(sampler, counting=number > 2) for number in range(5)]
    return [
        (
            f"system alone, accepted at a rate of {acceptance:.2f}",
            lambda n_trials: copies[0].alone(acceptance, n_trials),
        ),
        ("+ bins and acceptance by their weights", copies[1].weighted),
        ("+ histogram, ln g, counts of trips", copies[2].trials),
        ("+ transition matrix", copies[3].trials),
        ("+ schedule", copies[4].walk),
        ("+ records of the run (all of the engine)", sampler.advance),
    ]
