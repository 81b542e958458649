"""Molecular dynamics: integrators against what they must conserve, and landscapes against a closed form."""

import math

import numpy as np
import pytest

from wl.engine.dynamics import movers as kernels
from wl.engine.dynamics import steps
from wl.engine.dynamics.settings import Dynamics, TimeStepError, motion_of, usual_step
from wl.engine.settings import settings_for
from wl.interface.forces import ENERGY, N_STEPS, SQUARED_DRIFT, new_force_state
from wl.interface.grid import Grid, Range, make_axis
from wl.interface.normals import fill_normals
from wl.interface.seeds import stream_of
from wl.interface.system import draw
from wl.landscape.build import landscape_of
from wl.landscape.integrator import integrator_numbers
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run
from wl.systems.quadratic import quadratic_blocks

NAMES = ("log_first_square", "log_second_square")
RANGES = {name: Range(-2.0, 0.0, 0.1) for name in NAMES}
DIMENSIONS = (4, 6)


def started(dynamics=None, parameters=0.5):
    """A state under the exact bias of the two blocks, with its model, motion and cost."""
    system = quadratic_blocks(*DIMENSIONS, forces=True)
    grid = Grid(tuple(make_axis(system, name, RANGES[name], None) for name in NAMES))
    motion = motion_of(dynamics or Dynamics(), system.model, grid, (0, 20))
    state, stream = system.new_state(), stream_of(np.random.SeedSequence(3))
    with np.errstate(over="ignore"):
        draw(system.model, state, stream)
        steps.refresh(state)
    state.parameters[:] *= parameters
    state.parameters[: DIMENSIONS[0]] *= 1.8  # a short first block in this draw
    cost = (0.5 * (DIMENSIONS[0] * grid.axes[0].coordinate[:, None] + DIMENSIONS[1] * grid.axes[1].coordinate)).ravel()
    kernels.renew(system.model, state, motion.bias, cost)
    return system.model, state, motion, cost, stream


def energy(state):
    """U + K."""
    return state.numbers[ENERGY] + 0.5 * float(np.sum(state.velocities**2))


def leaps(number, step):
    """State after leapfrog steps from the same start, and its energy before them."""
    model, state, motion, cost, _ = started()
    assert np.all((state.coordinates > -1.8) & (state.coordinates < -0.2))  # away from the walls
    before = energy(state)
    for _ in range(number):
        kernels.leap(model, state, motion.bias, cost, step)
    return model, state, motion, cost, before


def test_energy_of_leapfrog_steps_is_of_second_order():
    errors = [abs(energy(state) - before) for _, state, _, _, before in (leaps(20, 2e-3), leaps(40, 1e-3))]
    assert errors[0] / errors[1] == pytest.approx(4.0, rel=0.05)


def test_leapfrog_steps_are_reversible_through_mirrors():
    model, state, motion, cost, stream = started(parameters=0.55)  # some coordinates meet a wall at once
    start = state.parameters.copy()
    for _ in range(2):
        for _ in range(200):
            kernels.leap(model, state, motion.bias, cost, 5e-3)
        state.velocities[:] *= -1
    assert np.max(np.abs(state.parameters - start)) < 1e-9
    assert stream.any()


def test_mirrors_keep_parameters_inside_and_speeds_unchanged():
    rng = np.random.default_rng(1)
    parameters, velocities = rng.uniform(-1, 1, 1000), rng.standard_normal(1000)
    before, moved, half = np.abs(velocities), parameters + 0.5 * velocities, np.ones(1000)
    steps.drift(parameters, velocities, half, 0.5, 2.0)
    assert np.all(np.abs(parameters) <= 1.0)
    assert np.array_equal(np.abs(velocities), before)
    beyond = moved > 1.0
    assert np.allclose(parameters[beyond], 2.0 - moved[beyond])


def test_langevin_step_is_kick_heat_and_drift():
    rng = np.random.default_rng(2)
    start = [rng.uniform(-1, 1, 64), rng.standard_normal(64), rng.standard_normal(64)]
    normals, half = rng.standard_normal(64).astype(np.float32), np.ones(64)
    fused, plain = [array.copy() for array in start], [array.copy() for array in start]
    sums = steps.langevin_step(*fused, half, normals, (0.3, 0.9, 0.4, 0.0, 0.5, 2.0))
    before, amid = steps.kick(plain[1], plain[2], 0.15, 0.0)
    _, kicked = steps.kick(plain[1], plain[2], 0.15, 0.0)
    after = steps.exchange_heat(plain[1], normals, 0.9, 0.4, 0.0)
    steps.drift(plain[0], plain[1], half, 0.3, 2.0)
    assert np.allclose(fused[0], plain[0], rtol=1e-14)
    assert np.allclose(fused[1], plain[1], rtol=1e-14)
    assert sums == pytest.approx((before, amid, kicked, after), rel=1e-13)


@pytest.mark.parametrize("precision", [np.float32, np.float64])
def test_walls_of_parts_are_those_of_their_parameters(precision):
    """Boxes that change between parts, within one, and in the last, short one; as one loop over all parameters."""
    rng, size, real = np.random.default_rng(3), 4 * steps.PART + 100, precision
    half = np.repeat([0.5, 0.7, 0.5, 0.2], [steps.PART, steps.PART + 77, 2 * steps.PART - 77, 100]).astype(real)
    state = new_force_state(half, 0.3, None)
    np.testing.assert_array_equal(state.walls, np.array([0.5, 0.7, 0.0, 0.5, 0.2], real))
    for array in (state.parameters, state.velocities, state.gradient):
        array[:] = rng.uniform(-1, 1, size)
    plain, lanes = [array.copy() for array in (state.parameters, state.velocities, state.gradient)], state.lanes.copy()
    mover = kernels.Langevin(0.1, 1, 0.0, 1.0)
    sums = steps.langevin_update(mover, state, half)
    normals, words = np.empty(size + steps.PART, np.float32), np.empty((2, steps.PART // 2), np.uint32)
    for first in range(0, size, steps.PART):
        fill_normals(lanes, words, normals[first : first + steps.PART], min(steps.PART, size - first))
    expected = steps.langevin_step(*plain, half, normals, steps.langevin_factors(mover, state))
    for found, array in zip((state.parameters, state.velocities), plain, strict=False):
        np.testing.assert_allclose(found, array, rtol=0.0, atol=8.0 * np.finfo(real).eps)  # contracted differently
    assert sums == pytest.approx([0.5 * total for total in expected[:3]] + [expected[3]], rel=1e-5)


@pytest.mark.parametrize("sampler", ["langevin", "baoab"])
def test_variance_in_a_harmonic_well_is_that_of_the_scheme(sampler):
    """4096 coordinates, k = 1: (1 + c)²/(c(2(1 + c) - c dt²)) with c = 1 - γ for the scheme of paper H, 1 for BAOAB."""
    rng, size, step, friction = np.random.default_rng(4), 4096, 0.3, 0.3
    keep, noise, half = 1.0 - friction, math.sqrt(friction * (2.0 - friction)), np.full(size, 100.0)
    places, velocities, squares = rng.standard_normal(size), rng.standard_normal(size), []
    for _ in range(4000):
        normals = rng.standard_normal(size, np.float32)
        if sampler == "langevin":
            factors = (step, keep, noise, 0.0, 0.5, 2.0)
            steps.langevin_step(places, velocities, places.copy(), half, normals, factors)
        else:
            steps.kick(velocities, places, 0.5 * step, 0.0)
            steps.drift(places, velocities, half, 0.5 * step, 2.0)
            steps.exchange_heat(velocities, normals, keep, noise, 0.0)
            steps.drift(places, velocities, half, 0.5 * step, 2.0)
            steps.kick(velocities, places, 0.5 * step, 0.0)
        squares.append(np.mean(places**2))
    exact = (1 + keep) ** 2 / (keep * (2 * (1 + keep) - keep * step**2)) if sampler == "langevin" else 1.0
    assert np.mean(squares[100:]) == pytest.approx(exact, abs=0.01)  # the standard error is near 0.002


def test_energy_that_the_scheme_of_the_paper_makes_is_that_of_leapfrog_steps():
    """Without friction: of third order in a step."""
    rms = []
    for number, step in ((20, 2e-3), (40, 1e-3)):
        model, state, motion, cost, stream = started(Dynamics("langevin", time_step=step, friction=0.0))
        state.time_step[0] = step
        for _ in range(number):
            kernels.advance(motion.mover, model, state, motion.bias, cost, stream, True)
        assert state.numbers[N_STEPS] == number - 1
        rms.append(math.sqrt(state.numbers[SQUARED_DRIFT] / (number - 1)))
    assert rms[0] / rms[1] == pytest.approx(8.0, rel=0.1)


@pytest.mark.parametrize("sampler", ["langevin", "baoab"])
def test_thermostats_reach_unit_temperature(sampler):
    """Mean of v²/n over 2·10⁴ correlated steps; false alarms about 1 in 10⁴ at the tolerance taken."""
    model, state, motion, cost, stream = started(Dynamics(sampler, time_step=5e-3, friction=0.1))
    state.time_step[0] = 5e-3
    total = 0.0
    for _ in range(20_000):
        kernels.advance(motion.mover, model, state, motion.bias, cost, stream, True)
        total += float(np.mean(state.velocities**2))
    assert total / 20_000 == pytest.approx(1.0, abs=0.06)


def sampled(sampler, n_steps, time_step=None, n_runs=1):
    """Landscape of the two blocks, and its run."""
    system = quadratic_blocks(*DIMENSIONS, forces=True)
    dynamics = Dynamics(sampler, time_step=time_step, friction=0.05, n_leaps=10, hill_width=0.2)
    settings = settings_for(system, NAMES, dynamics=dynamics)
    run = Run(Plan(system, NAMES, settings, Goal(steps=n_steps * n_runs), 1, n_runs, RANGES))
    _to_the_end(run)
    return landscape_of(run.samplers, {}, 0.05), run


def deviations(landscape):
    """Ln g less the closed form of every bin, up to a constant, and its standard errors."""
    exact = []
    for name, dimension in zip(NAMES, DIMENSIONS, strict=True):
        low = landscape[f"{name}_edges"].values[:-1]
        exact.append(dimension * (low + 0.1) / 2 + np.log(-np.expm1(-dimension * 0.1 / 2)))
    difference = landscape["log_g"].values - exact[0][:, None] - exact[1]
    error = landscape["log_g_error"].values
    known = np.isfinite(difference) & np.isfinite(error)
    return difference[known] - np.average(difference[known], weights=error[known] ** -2), error[known]


def test_hybrid_monte_carlo_finds_two_blocks_within_its_errors():
    landscape, run = sampled("hmc", 300_000)
    difference, error = deviations(landscape)
    assert difference.size > 350
    assert np.sqrt(np.mean((difference / error) ** 2)) == pytest.approx(1.0, abs=0.35)
    numbers = integrator_numbers(run.samplers)
    assert numbers["reversal_error"] < 1e-9
    assert 0.6 < numbers["acceptance"] < 0.95
    assert landscape.attrs["absolute"] == 1


@pytest.mark.slow
def test_windows_with_exchange_find_two_blocks_on_the_scale_of_the_draws():
    """A chain of windows of which uniform draws reach the upper one; absolute, so that no constant is free."""
    system = quadratic_blocks(*DIMENSIONS, forces=True)
    dynamics = Dynamics("hmc", n_leaps=10, hill_width=0.2)
    settings = settings_for(system, NAMES[:1], dynamics=dynamics, n_windows=3, n_walkers=2)
    ranges = {NAMES[0]: Range(-4.0, 0.0, 0.1)}
    run = Run(Plan(system, NAMES[:1], settings, Goal(steps=3_000_000), 1, 1, ranges))
    _to_the_end(run)
    landscape = landscape_of(run.samplers, {}, 0.05)
    number = DIMENSIONS[0]
    ball = 0.5 * number * math.log(math.pi) - math.lgamma(0.5 * number + 1.0) - number * math.log(2.0)
    low = landscape[f"{NAMES[0]}_edges"].values[:-1]
    exact = ball + number * (low + 0.1) / 2 + np.log(-np.expm1(-number * 0.1 / 2))
    z = (landscape["log_g"].values - exact) / np.hypot(
        landscape["log_g_error"].values, landscape.attrs["covered_error"]
    )
    assert np.all(run.samplers[0].n_exchanges[:, 1] > 0)
    assert np.sqrt(np.mean(z**2)) < 2.5  # errors of neighbouring bins move together
    assert landscape.attrs["absolute"] == 1


@pytest.mark.parametrize("sampler", ["hmc", "langevin"])
def test_a_run_in_pieces_is_the_run(sampler):
    whole, parts = (_short_run(sampler) for _ in range(2))
    whole.samplers[0].advance(7001)
    for number in (1, 999, 13, 5000, 988):
        parts.samplers[0].advance(number)
    ours, others = whole.samplers[0].arrays(), parts.samplers[0].arrays()
    for name, array in ours.items():
        assert np.array_equal(array, others[name], equal_nan=True), name


@pytest.mark.parametrize(("sampler", "several"), [("baoab", {}), ("hmc", {"n_windows": 2, "n_walkers": 2})])
def test_a_restored_run_goes_on_bit_for_bit(sampler, several):
    whole = _short_run(sampler, **several)
    whole.samplers[0].advance(3003)  # within a trajectory
    saved = {name: np.array(array) for name, array in whole.samplers[0].arrays().items()}
    other = _short_run(sampler, prepare=False, **several)
    other.samplers[0].restore(saved)
    for run in (whole, other):
        run.samplers[0].advance(4000)
    ours, others = whole.samplers[0].arrays(), other.samplers[0].arrays()
    for name, array in ours.items():
        assert np.array_equal(array, others[name], equal_nan=True), name


def _to_the_end(run):
    run.prepare()
    while not run.reached():
        run.advance()


def _short_run(sampler, *, prepare=True, **several):
    system = quadratic_blocks(*DIMENSIONS, forces=True)
    settings = settings_for(system, NAMES, dynamics=Dynamics(sampler, n_leaps=7), **several)
    run = Run(Plan(system, NAMES, settings, Goal(steps=20_000), 1, 1, RANGES))
    if prepare:
        run.prepare()
    return run


def test_a_time_step_that_blows_up_is_told_with_one_that_does_not():
    system = quadratic_blocks(*DIMENSIONS, forces=True)
    settings = settings_for(system, NAMES, dynamics=Dynamics("langevin", time_step=0.2, wall=1e6))
    run = Run(Plan(system, NAMES, settings, Goal(steps=20_000), 1, 1, RANGES))
    with pytest.raises(TimeStepError, match=r"time_step = 0.2 is too large.*allowed: about") as caught:
        _to_the_end(run)
    usable = float(str(caught.value).split("allowed: about ")[1].split(",")[0])
    assert 0.0 < usable < 0.2


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"sampler": "verlet"}, "sampler = 'verlet'"),
        ({"time_step": -1.0}, "time_step = -1.0"),
        ({"friction": 1.5}, "friction = 1.5"),
        ({"n_leaps": 0}, "n_leaps = 0"),
        ({"hill_width": math.nan}, "hill_width = nan"),
    ],
)
def test_unusable_numbers_are_refused_by_name(wrong, text):
    with pytest.raises(ValueError, match=text):
        Dynamics(**wrong)


def test_a_step_that_has_not_adapted_stays_when_weights_are_frozen_again():
    """Weights that prove uneven are replaced and frozen a second time, after steps that adapted nothing."""
    state = quadratic_blocks(*DIMENSIONS, forces=True).new_state()
    state.time_step[0] = 2e-3
    state.numbers[N_STEPS] = 1e5
    assert usual_step(state) == 2e-3


def test_hybrid_monte_carlo_forgets_a_first_step_that_is_far_too_short():
    """500 trajectories from 1e-4, of which those with steps below 0.03 are certain and others hopeless."""
    mover, state = kernels.Hybrid(10, 1.0), quadratic_blocks(*DIMENSIONS, forces=True).new_state()
    state.time_step[0] = 1e-4
    for _ in range(500):
        kernels._decide(mover, state, 0.0 if state.time_step[0] < 0.03 else 1e3, 0.5, False)
    assert 0.02 < usual_step(state) < 0.04


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["hmc", "baoab", "langevin"])
def test_all_samplers_find_two_blocks(sampler):
    """z² over 400 bins of correlated errors, at a time step small enough for the scheme of paper H too."""
    landscape, _ = sampled(sampler, 2_000_000, None if sampler == "hmc" else 2e-3)
    difference, error = deviations(landscape)
    assert difference.size == 400
    assert np.sqrt(np.mean((difference / error) ** 2)) == pytest.approx(1.0, abs=0.3)


@pytest.mark.slow
def test_bias_of_the_scheme_of_the_paper_vanishes_with_the_time_step():
    """Root mean square of what is beyond the errors, averaged over 8 runs: falls with dt for langevin, 0 for hmc."""
    bias = {}
    for sampler, step in (("langevin", 0.012), ("langevin", 0.005), ("hmc", None)):
        landscape, _ = sampled(sampler, 1_000_000, step, 8)
        difference, error = deviations(landscape)
        bias[sampler, step] = np.mean(difference**2) - np.mean(error**2)
    assert bias["langevin", 0.012] > 4.0 * abs(bias["langevin", 0.005])
    assert abs(bias["hmc", None]) < 0.2 * bias["langevin", 0.012]
