"""The start of molecular dynamics from a ladder of temperatures, against closed forms; and the time steps that stay."""

import numpy as np
import pytest

from wl.engine.dynamics import movers as kernels
from wl.engine.dynamics.settings import Dynamics, usual_step
from wl.engine.kernels.schedule import EXPLORING, LOG_F, N_KNOWN
from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run
from wl.systems.quadratic import quadratic_blocks

NAMES = ("log_first_square", "log_second_square")
RANGES = {name: Range(-2.0, 0.0, 0.1) for name in NAMES}
DIMENSIONS = (4, 6)


def started(names):
    """The window of a run before its first step, its start two ladders of 100 000 evaluations."""
    system = quadratic_blocks(*DIMENSIONS, forces=True)
    settings = settings_for(system, names, dynamics=Dynamics("hmc", n_leaps=10), start="anneal", exploring=0.1)
    run = Run(Plan(system, names, settings, Goal(steps=1_000_000), 1, 1, {name: RANGES[name] for name in names}))
    run.prepare()
    return run.samplers[0].windows[0]


def test_ladder_finds_the_slope_of_one_variable():
    """S = d₁/2 · x in the window."""
    window = started(NAMES[:1])
    edges = -2.0 + 0.1 * np.arange(20)
    apart = window.surface.cost - 0.5 * DIMENSIONS[0] * edges
    assert np.ptp(apart[1:-1]) < 0.5  # of the 4 nats of the window
    assert window.n_start_trials >= 2 * 51 * 200
    assert window.own.clock[EXPLORING] == 1.0


def test_ladder_finds_how_the_second_variable_is_spread():
    """S = (d₁ x + d₂ y)/2, where smoothed visits are many: in the upper half of y."""
    window = started(NAMES)
    cost = window.surface.cost.reshape(20, 20)
    edges = -2.0 + 0.1 * np.arange(20)
    apart = cost - 0.5 * (DIMENSIONS[0] * edges[:, None] + DIMENSIONS[1] * edges)
    assert np.ptp(apart[2:-2, 10:-2]) < 1.5  # of the 6 nats between its corners
    assert np.std(apart[2:-2, 10:-2]) < 0.3


def test_hills_after_a_ladder_repair_some_nats():
    """What ln f would add to every known bin in as many evaluations as one way of the ladder had."""
    window = started(NAMES)
    clock = window.own.clock
    assert clock[LOG_F] * 100_000 / clock[N_KNOWN] == pytest.approx(7.0, rel=0.01)
    assert clock[LOG_F] < 0.5 * window.schedule.first_log_f


def test_time_step_that_stays_has_the_energy_wanted_on_average():
    """A walk to and fro between places that allow 1e-3 and 2e-3, after a ramp: dt^-6 is the mean of both."""
    state = quadratic_blocks(*DIMENSIONS, forces=True).new_state()
    state.time_step[0] = 1e-5
    while state.time_step[0] < 1e-3:
        kernels.adapt_step(state, 1.01, 1.0)
    for step in 5000 * [1e-3, 2e-3]:
        kernels.adapt_step(state, step / state.time_step[0], 1.0)
    expected = (0.5 * (1e-3**-6 + 2e-3**-6)) ** (-1 / 6)
    assert usual_step(state) == pytest.approx(expected, rel=1e-3)
