"""Ferromagnetic Ising model on a periodic square lattice, energy -Σ_bonds s s'; the proof of the engine.

Its density of states is known exactly (P. D. Beale, Phys. Rev. Lett. 76, 78 (1996)), also jointly with the
magnetisation in the marginal over the energy, a binomial. Moves flip one spin.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from perceptron.base.checks import check_integer
from perceptron.base.jit import njit
from wl.interface.system import (
    System,
    Variable,
    commit,
    draw,
    log_binomials,
    measured,
    propose,
    proposed,
)
from wl.interface.xoroshiro import next_word, scaled

__all__ = ["IsingModel", "IsingState", "ising"]


class IsingModel(NamedTuple):
    """Constants."""

    neighbours: np.ndarray  # uint32 (L², 4), sites of the four spins around each


class IsingState(NamedTuple):
    """Spins with their sums."""

    spins: np.ndarray  # int8 (L²,), rows one after the other
    values: np.ndarray  # int64 (2,): energy, magnetisation


def ising(size: int) -> System:
    """Square lattice of L × L spins, L >= 3, so that no two bonds coincide.

    Raises
    ------
    ValueError
        For L below 3.
    """
    length = check_integer("size", size, least=3)
    n_spins = length * length
    ground = 2 * n_spins
    return System(
        name="ising",
        model=IsingModel(_neighbours_of(length)),
        new_state=lambda: IsingState(np.ones(n_spins, np.int8), np.zeros(2, np.int64)),
        variables=(
            Variable("energy", -ground, ground, 4),
            Variable("magnetization", -n_spins, n_spins, 2, log_counts=lambda: log_binomials(n_spins)),
        ),
        default_variables=("energy",),
        log_total=n_spins * math.log(2.0),
        support_known=True,
        parameters={"size": length},
    )


def _neighbours_of(length: int) -> np.ndarray:
    sites = np.arange(length * length, dtype=np.uint32).reshape(length, length)
    shifted = [np.roll(sites, shift, axis) for axis in (0, 1) for shift in (1, -1)]
    return np.ascontiguousarray(np.stack([s.ravel() for s in shifted], axis=1))


@njit
def _local_field(model, state, site):
    """Sum of the four spins around a site."""
    spins, around = state.spins, model.neighbours
    return (
        np.int64(spins[around[site, 0]])
        + np.int64(spins[around[site, 1]])
        + np.int64(spins[around[site, 2]])
        + np.int64(spins[around[site, 3]])
    )


@propose.register(IsingModel)
def _propose(model, state, stream):
    site = scaled(next_word(stream), state.spins.size)
    spin = np.int64(state.spins[site])
    return site, 2 * spin * _local_field(model, state, site), -2 * spin


@proposed.register(IsingModel)
def _proposed(model, state, move):
    return state.values[0] + move[1], state.values[1] + move[2]


@commit.register(IsingModel)
def _commit(model, state, move):
    state.spins[move[0]] = -state.spins[move[0]]
    state.values[0] += move[1]
    state.values[1] += move[2]


@measured.register(IsingModel)
def _measured(model, state):
    energy, magnetization = np.int64(0), np.int64(0)
    for site in range(state.spins.size):
        energy -= np.int64(state.spins[site]) * _local_field(model, state, site)
        magnetization += np.int64(state.spins[site])
    state.values[0] = energy // 2
    state.values[1] = magnetization
    return state.values[0], state.values[1]


@draw.register(IsingModel)
def _draw(model, state, stream):
    for site in range(state.spins.size):
        state.spins[site] = 1 if next_word(stream) >> np.uint64(63) else -1
    measured(model, state)
