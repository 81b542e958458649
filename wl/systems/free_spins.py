"""Independent spins ±1, with their magnetisation and their Hamming distance to a reference; everything is a binomial.

Of the 2ᴺ configurations, C(N, (N + m)/2) have magnetisation m and C(N, d) are at distance d. Jointly, let N₊ entries of
the reference be +1 and N₋ be -1, and let a and b of them differ from the configuration. Then d = a + b and
m = N₊ - N₋ - 2a + 2b, and

    g(m, d) = C(N₊, a) C(N₋, b),   a = [d + (N₊ - N₋ - m)/2]/2,   b = d - a,

which is 0 unless a and b are integers with 0 <= a <= N₊ and 0 <= b <= N₋. Moves flip one spin. It tests grids,
schedules and normalisation; it has no energy, so it says nothing about slow relaxation.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.checks import check_integer, check_kind
from perceptron.patterns import check_weights
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

__all__ = ["FreeSpinsModel", "FreeSpinsState", "free_spins"]


class FreeSpinsModel(NamedTuple):
    """Constants."""

    reference: np.ndarray  # int8 (N,), ±1


class FreeSpinsState(NamedTuple):
    """Spins with their sums."""

    spins: np.ndarray  # int8 (N,), ±1
    values: np.ndarray  # int64 (2,): magnetisation, Hamming distance to the reference


def free_spins(n_spins: int, reference: Any = None, *, rng: np.random.Generator | None = None) -> System:
    """N independent spins and a reference, which is given or drawn from `rng`; else its entries alternate.

    Parameters
    ----------
    n_spins : int
        N >= 1.
    reference : array_like, shape (n_spins,), optional
        Entries ±1. Only their sum matters, as sites can be renumbered.
    rng : numpy.random.Generator, optional
        Draws the reference.

    Raises
    ------
    ValueError
        For n_spins below 1, a reference of another length or with other entries, and where both are given.
    """
    size = check_integer("n_spins", n_spins, least=1)
    if rng is not None:
        check_kind("rng", rng, np.random.Generator)
    if rng is not None and reference is not None:
        raise ValueError(f"rng = {rng!r} and reference = {reference!r}; allowed: at most one of them")
    if reference is None:
        signs = np.arange(size) % 2 if rng is None else rng.integers(0, 2, size=size)
        reference = 1 - 2 * signs
    given = np.asarray(reference)
    if given.shape != (size,):
        raise ValueError(f"reference has shape {given.shape}; allowed: (n_spins,) = ({size},)")
    entries = check_weights(given, size, "reference")
    return System(
        name="free_spins",
        model=FreeSpinsModel(entries),
        new_state=lambda: FreeSpinsState(np.ones(size, np.int8), np.zeros(2, np.int64)),
        variables=(
            Variable("magnetization", -size, size, 2, log_counts=lambda: log_binomials(size)),
            Variable("hamming_distance", 0, size, 1, log_counts=lambda: log_binomials(size)),
        ),
        default_variables=("magnetization",),
        log_total=size * math.log(2.0),
        support_known=True,
        parameters={"n_spins": size},
        data={"reference": entries},
    )


@propose.register(FreeSpinsModel)
def _propose(model, state, stream):
    site = scaled(next_word(stream), state.spins.size)
    spin = np.int64(state.spins[site])
    return site, -2 * spin, spin * np.int64(model.reference[site])


@proposed.register(FreeSpinsModel)
def _proposed(model, state, move):
    return state.values[0] + move[1], state.values[1] + move[2]


@commit.register(FreeSpinsModel)
def _commit(model, state, move):
    state.spins[move[0]] = -state.spins[move[0]]
    state.values[0] += move[1]
    state.values[1] += move[2]


@measured.register(FreeSpinsModel)
def _measured(model, state):
    magnetization, distance = np.int64(0), np.int64(0)
    for site in range(state.spins.size):
        magnetization += np.int64(state.spins[site])
        distance += np.int64(state.spins[site] != model.reference[site])
    state.values[0] = magnetization
    state.values[1] = distance
    return state.values[0], state.values[1]


@draw.register(FreeSpinsModel)
def _draw(model, state, stream):
    for site in range(state.spins.size):
        state.spins[site] = 1 if next_word(stream) >> np.uint64(63) else -1
    measured(model, state)
