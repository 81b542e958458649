"""Molecular dynamics at a fixed temperature against a sampled landscape: a test of the landscape by other means.

The potential is L_train/T and kT = 1; no bias is learned. A walk that has come to equilibrium has the means that
`wl.analysis.thermal_means` works out from the landscape, and at whatever x = ln L_train it is the y of the equilibrium
curve ⟨y⟩(x); the second holds already where only x has not settled (paper H, figure 4). Walks from both sides, uniform
draws and trained networks, tell whether it has.
"""

from __future__ import annotations

import math
from concurrent.futures import Executor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.checks import check_dtype, check_integer, check_real, keep_plain
from perceptron.base.files import provenance, save_table
from perceptron.base.results import Estimate
from wl.analysis.advantage import equilibrium_at
from wl.analysis.thermal_means import LOSS
from wl.engine.dynamics import movers as kernels
from wl.engine.dynamics.settings import Dynamics, TimeStepError, usual_step
from wl.engine.dynamics.steps import refresh
from wl.engine.dynamics.thermal import Thermal, relax_walk
from wl.interface.forces import BLOWN, DRIFT, N_STEPS, TEMPERATURE
from wl.interface.seeds import stream_of
from wl.interface.system import System, draw

__all__ = ["Relaxation", "RelaxationOptions", "relax"]

LEAST_RECORDS = 10  # of a walk that tell whether it moves
ADAPTING = 0.1  # share of the records, the first ones, in which time steps adapt


@dataclass(frozen=True, slots=True)
class RelaxationOptions:
    """How walks are made.

    Attributes
    ----------
    temperature : float
        T of the density e^(-L_train/T).
    n_evaluations : int
        Of the force, of each walker.
    n_walkers : int
    n_records : int
        Kept of each walker, evenly spaced.
    dynamics : Dynamics
        Its bias is not used.
    seed : int
    """

    temperature: float
    n_evaluations: int
    n_walkers: int = 8
    n_records: int = 500
    dynamics: Dynamics = Dynamics("langevin")  # noqa: RUF009  # an immutable record
    seed: int = 1

    def __post_init__(self) -> None:
        keep_plain(self)
        check_real("temperature", self.temperature, above=0.0)
        check_integer("walkers", self.n_walkers, least=1)
        check_integer("records", self.n_records, least=2)
        check_integer("steps", self.n_evaluations, least=self.n_records)
        check_integer("seed", self.seed, least=0)

    @property
    def every(self) -> int:
        """Evaluations between records."""
        return self.n_evaluations // self.n_records


@dataclass(frozen=True, slots=True, eq=False)
class Relaxation:
    """Walks at a fixed temperature.

    Attributes
    ----------
    options : RelaxationOptions
    variables : tuple of str
    evaluations : ndarray, shape (n_records,)
        Of the force before each record; in the first tenth of them time steps adapt.
    values : ndarray, shape (n_walkers, n_records, 2)
        ln L_train and the second variable.
    given_start : ndarray of bool, shape (n_walkers,)
        Whether a walk began at a given configuration, or at a uniform draw.
    time_steps, kinetic_temperatures, energy_drifts : ndarray, shape (n_walkers,)
        Of the integrator: its time step, v²/n (1 where the time step is small enough), energy made a step; the last
        two are nan of "hmc".
    """

    options: RelaxationOptions
    variables: tuple[str, ...]
    evaluations: np.ndarray
    values: np.ndarray
    given_start: np.ndarray
    time_steps: np.ndarray
    kinetic_temperatures: np.ndarray
    energy_drifts: np.ndarray

    def settled(self, share: float = 0.5) -> np.ndarray:
        """The last records, shape (n_walkers, n, 2)."""
        return self.values[:, int((1.0 - share) * self.values.shape[1]) :]

    def means(self, share: float = 0.5) -> tuple[Estimate, Estimate]:
        """Means of both variables over the last records, with errors from the spread over walkers."""
        of_walkers = self.settled(share).mean(axis=1)
        return _over_walkers(of_walkers[:, 0]), _over_walkers(of_walkers[:, 1])

    def excess(self, landscape: Any, share: float = 0.5) -> Estimate:
        """Mean of y - ⟨y⟩(x) over the last records; 0 in equilibrium at fixed x. Nan where no record is in the grid."""
        records = self.settled(share)
        difference = records[..., 1] - equilibrium_at(landscape, records[..., 0]).value
        inside = np.isfinite(difference)
        if not inside.any(axis=1).all():
            return Estimate(math.nan, math.nan)
        return _over_walkers(np.nanmean(difference, axis=1))

    def status(self, landscape: Any, share: float = 0.5) -> str:
        """How the walks ended, by their last records.

        Returns
        -------
        str
            STUCK where a walk never moved; OUTSIDE_LANDSCAPE where one was never in the bins of the landscape, which
            then says nothing of it; else FINISHED.
        """
        records = self.settled(share)
        if records.shape[1] >= LEAST_RECORDS and not np.ptp(records, axis=1).any(axis=1).all():
            return "STUCK"
        known = np.flatnonzero(np.isfinite(landscape["log_g"].values).any(axis=1))
        edges = landscape[f"{landscape['log_g'].dims[0]}_edges"].values
        inside = (records[..., 0] >= edges[known[0]]) & (records[..., 0] < edges[known[-1] + 1])
        return "FINISHED" if inside.any(axis=1).all() else "OUTSIDE_LANDSCAPE"

    def save(self, path: Path | str, **origin: Any) -> None:
        """Write the walks as .npz with their provenance."""
        names = ("evaluations", "values", "given_start", "time_steps", "kinetic_temperatures", "energy_drifts")
        columns = {name: getattr(self, name) for name in names}
        save_table(path, columns, provenance(variables=list(self.variables), **asdict(self.options), **origin))


def _over_walkers(values: np.ndarray) -> Estimate:
    error = np.std(values, ddof=1) / math.sqrt(values.size) if values.size > 1 else math.nan
    return Estimate(float(np.mean(values)), float(error))


def relax(
    system: System,
    options: RelaxationOptions,
    starts: np.ndarray | None = None,
    executor: Executor | None = None,
) -> Relaxation:
    """Walk at a fixed temperature.

    Parameters
    ----------
    system : System
        With forces, of ln L_train and a second variable.
    options : RelaxationOptions
    starts : ndarray, optional, shape (n, n_parameters)
        Where every second walker begins, one after another; the others begin at uniform draws.
    executor : concurrent.futures.Executor, optional
        Threads; the result does not depend on it.

    Raises
    ------
    ValueError
        For a system without forces or with other variables.
    TimeStepError
        If the integrator fails.
    """
    names = tuple(variable.name for variable in system.variables)
    if not system.forces or len(names) != 2 or names[0] != LOSS:
        raise ValueError(f"system of {', '.join(names)} is not usable; allowed: forces, {LOSS} and a second variable")
    if starts is not None:
        check_dtype("starts", starts)
    seeds = np.random.SeedSequence(options.seed).spawn(options.n_walkers)
    begins = [_start(starts, number) for number in range(options.n_walkers)]
    walks = [_Walk(system, options, begin, own) for begin, own in zip(begins, seeds, strict=True)]
    found = list((map if executor is None else executor.map)(_walk, walks))
    return Relaxation(
        options,
        names,
        options.every * np.arange(1, options.n_records + 1),
        np.stack([values for values, _ in found]),
        np.array([begin is not None for begin in begins]),
        *np.array([numbers for _, numbers in found]).T,
    )


def _start(starts: np.ndarray | None, number: int) -> np.ndarray | None:
    if starts is None or number % 2 == 0:
        return None
    chosen: np.ndarray = starts[number // 2 % len(starts)]
    return chosen


class _Walk(NamedTuple):
    system: System
    options: RelaxationOptions
    start: np.ndarray | None
    seed: np.random.SeedSequence


def _walk(walk: _Walk) -> tuple[np.ndarray, tuple[float, float, float]]:
    """Records of one walker; and its time step, kinetic temperature and energy made a step."""
    options, dynamics = walk.options, walk.options.dynamics
    model: Any = walk.system.model
    state, stream = walk.system.new_state(), stream_of(walk.seed)
    state.time_step[0] = dynamics.first_time_step
    mover, thermal = dynamics.mover(float(model.half_widths.min())), Thermal(1.0 / options.temperature)
    n_adapting = max(1, int(ADAPTING * options.n_records)) if dynamics.adapts else 0
    records = np.empty((options.n_records, 2))
    with np.errstate(over="ignore"):  # random words wrap around, as they should
        draw(model, state, stream)
        if walk.start is not None:
            state.parameters[:] = walk.start
        kernels.renew(model, state, thermal, np.empty(0))
        refresh(state)
        for part, frozen in ((records[:n_adapting], False), (records[n_adapting:], True)):
            if frozen:
                state.time_step[0] = usual_step(state)
                state.numbers[:BLOWN] = 0.0
            done = relax_walk(mover, model, state, thermal, stream, part, options.every, frozen)
            if done < len(part):
                raise TimeStepError(
                    f"time_step = {state.time_step[0]:g} is too large at this temperature: energy or velocities grew"
                    f" without bound after {done * options.every} evaluations; allowed: a smaller one"
                )
    numbers = state.numbers
    n_steps = numbers[N_STEPS] if numbers[N_STEPS] > 0 else math.nan
    return records, (float(state.time_step[0]), numbers[TEMPERATURE] / n_steps, numbers[DRIFT] / n_steps)
