"""Figures of Phys. Rev. Lett. 127, 278301 (2021), the phase diagram behind them, sampled instances, and landscapes."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np

from figures import wide_flat_minima_draw as draw
from figures.committees import compute_committees
from figures.committees_draw import committees
from figures.densest_regions import compute_alpha_u, compute_densest_curves, compute_local_entropies
from figures.densest_regions_draw import alpha_u, local_entropies
from figures.entropy_dynamics import PANELS, compute_advantage, panels_of
from figures.entropy_dynamics_draw import advantage, panels
from figures.focusing_points import compute_points
from figures.high_entropy import compute_comparison, compute_landscape
from figures.high_entropy_draw import comparison, landscape
from figures.margins import compute_margins
from figures.margins_draw import margins
from figures.models import compute_models
from figures.models_draw import models
from figures.relaxation import compute_relaxation
from figures.relaxation_draw import relaxation
from figures.sampled_local_entropy import compute_sampled_local_entropy
from figures.sampled_local_entropy_draw import sampled_local_entropies
from figures.stabilities import compute_stabilities
from figures.stabilities_draw import stability_densities
from perceptron.base.files import load_table, provenance, save_table, write_atomically
from perceptron.base.profile import geometric_bound
from perceptron.base.results import Status, worst
from perceptron.theory.franz_parisi.local_entropy import local_entropy_profile
from perceptron.theory.franz_parisi.phase_diagram import phase_diagram
from perceptron.theory.franz_parisi.thresholds import dense_core_load, isolation_load
from perceptron.theory.typical.solutions import (
    capacity,
    largest_margin,
    maximum_margin,
    typical_solutions,
)

__all__ = ["FIGURES", "make"]

Progress = Callable[[int, int], None]
Columns = dict[str, np.ndarray]

TYPICAL_LOADS = (0.2, 0.3, 0.4, 0.6, 0.8)
PROFILE_LOAD = 0.5
REFERENCE_MARGINS = (0.0, 0.02, 0.03, 0.04, 0.1, 0.2, 0.3)
SMALLEST_AT_EQUAL_MARGINS = 1e-3  # below it replica symmetry is badly broken for κ̃ = κ
DISTANCES = 0.12 * np.linspace(0.0, 1.0, 301)[1:] ** 2
CORE_LOADS = (0.71, 0.727, 0.74, 0.76)
CORE_DISTANCES = 0.04 * np.linspace(0.0, 1.0, 201)[1:] ** 2


def compute_typical_distances(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """Figure 2: distance between typical solutions against their margin, up to where the saddle ends at d = 0."""
    del executor
    columns: Columns = {"loads": np.array(TYPICAL_LOADS)}
    statuses = []
    for k, load in enumerate(TYPICAL_LOADS):
        end, largest = largest_margin(load), maximum_margin(load, throw=False)
        margins = end * np.linspace(0.0, 0.999, 300)  # d falls linearly to 0 at the end, which is added
        typical = [typical_solutions(load, margin, throw=False) for margin in margins]
        columns[f"margin_{k}"] = np.append(margins, end)
        columns[f"distance_{k}"] = np.append([t.typical_distance.value for t in typical], 0.0)
        columns[f"distance_error_{k}"] = np.append([t.typical_distance.error for t in typical], 0.0)
        columns[f"kappa_max_{k}"] = np.array(largest.value)
        statuses += [largest.status, *(t.status for t in typical)]
        progress(k + 1, len(TYPICAL_LOADS))
    return columns, worst(statuses)


def compute_profiles(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """Figure 3: profiles at α = 0.5 for several reference margins, the geometric bound, and points of simulations."""
    margins = np.array([*REFERENCE_MARGINS, maximum_margin(PROFILE_LOAD).value])
    columns: Columns = {"reference_margins": margins, "load": np.array(PROFILE_LOAD)}
    columns["bound_distance"] = DISTANCES
    columns["bound"] = np.array([geometric_bound(d) for d in DISTANCES])
    statuses = []
    for k, margin in enumerate(margins):
        distances = DISTANCES[DISTANCES >= SMALLEST_AT_EQUAL_MARGINS] if margin == 0.0 else DISTANCES
        statuses.append(_add_profile(columns, k, (PROFILE_LOAD, float(margin)), distances, executor))
        if statuses[-1] is Status.INTERRUPTED:
            return columns, statuses[-1]
    points, status = compute_points(executor, progress)
    curves, of_curves = compute_densest_curves(PROFILE_LOAD)
    return columns | curves | points, worst([*statuses, of_curves, status])


def compute_maximum_margin_profiles(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """Figure 4: profiles and derivatives around maximum-margin solutions at loads about α'_u."""
    core = dense_core_load(throw=False)
    loads = np.sort([*CORE_LOADS, core.value])
    columns: Columns = {"loads": loads}
    statuses = [core.status]
    for k, load in enumerate(loads):
        margin = maximum_margin(float(load)).value
        statuses.append(_add_profile(columns, k, (float(load), margin), CORE_DISTANCES, executor))
        progress(k + 1, loads.size)
        if statuses[-1] is Status.INTERRUPTED:
            return columns, statuses[-1]
    return columns, worst(statuses)


def _add_profile(
    columns: Columns, k: int, place: tuple[float, float], distances: np.ndarray, executor: Executor | None
) -> Status:
    profile = local_entropy_profile(*place, 0.0, distances, executor=executor, throw=False)
    for name in ("distance", "local_entropy", "local_entropy_error", "derivative", "derivative_error", "replicon"):
        columns[f"{name}_{k}"] = profile.array(name)
    return profile.status


def compute_phase_diagram(executor: Executor | None, progress: Progress) -> tuple[Columns, Status]:
    """The phase diagram in (α, κ̃) from α = 0.3 to α_c, with the loads at which thresholds meet κ_max."""
    end = capacity().value
    dense, isolation = dense_core_load(throw=False), isolation_load(throw=False)
    # points stop just short of the meeting loads, where the thresholds join κ_max by definition
    near_the_end = end - np.array([0.004, 0.002, 0.001, 0.0003])
    middle = np.array([0.726, 0.735, 0.742, 0.746])
    grid = np.concatenate([np.linspace(0.3, 0.72, 22), middle, np.linspace(0.755, 0.825, 8), near_the_end])
    diagram = phase_diagram(grid, executor=executor, progress=progress)
    columns: Columns = {"loads": diagram.loads}
    for name in ("kappa_max", "kappa_u", "kappa_min", "kappa_at"):
        solutions = getattr(diagram, name)
        columns[name] = np.array([solution.value for solution in solutions])
        columns[f"{name}_error"] = np.array([solution.error for solution in solutions])
    columns |= {"alpha_c": np.array(end)}
    for name, load in (("alpha_u_prime", dense), ("alpha_isolation", isolation)):
        columns[name] = np.array([load.value, load.error, maximum_margin(load.value).value])
    return columns, worst([diagram.status, dense.status, isolation.status])


FIGURES: dict[str, tuple[Any, Any]] = {
    "W2": (compute_typical_distances, draw.typical_distances),
    "W3": (compute_profiles, draw.profiles),
    "W4": (compute_maximum_margin_profiles, draw.maximum_margin_profiles),
    "phase-diagram": (compute_phase_diagram, draw.phase_diagram),
    "local-entropies": (compute_local_entropies, local_entropies),
    "alpha-u": (compute_alpha_u, alpha_u),
    "stabilities": (compute_stabilities, stability_densities),
    "margins": (compute_margins, margins),
    "sampled-local-entropy": (compute_sampled_local_entropy, sampled_local_entropies),
    "H1a": (compute_landscape, landscape),
    "H1b": (compute_comparison, comparison),
    **{name: (panels_of(name), panels) for name in PANELS},
    "entropic-advantage": (compute_advantage, advantage),
    "relaxation": (compute_relaxation, relaxation),
    "models": (compute_models, models),
    "committees": (compute_committees, committees),
}


def make(
    name: str, folder: Path, executor: Executor | None = None, progress: Progress = lambda *_: None
) -> tuple[list[Path], Status]:
    """Compute, save and draw one figure or all of them.

    Parameters
    ----------
    name : str
        A key of `FIGURES`, in either case, or "all".
    folder : Path
        Where NAME.npz, NAME.png and NAME.pdf go.
    executor, progress
        As in `perceptron.base.sweep.sweep`.

    Returns
    -------
    written : list of Path
    status : Status
        The worst status of all that is drawn, also kept in the file of each figure for that figure. INTERRUPTED after
        Ctrl-C: finished points are saved, nothing is drawn from them.

    Raises
    ------
    ValueError
        For an unknown name.
    """
    known = {key.lower(): key for key in FIGURES}
    chosen = list(FIGURES) if name.lower() == "all" else [known.get(name.lower(), "")]
    if chosen == [""]:
        raise ValueError(f"name = {name!r} is not a figure; allowed: {', '.join(FIGURES)}, all")
    written: list[Path] = []
    statuses: list[Status] = []
    for key in chosen:
        compute, draw_figure = FIGURES[key]
        columns, status = compute(executor, progress)
        data = folder / f"{key}.npz"
        save_table(data, columns, provenance(figure=key, status=status.name))
        written.append(data)
        statuses.append(status)
        if status is Status.INTERRUPTED:
            break
        written += _draw(data, draw_figure)
    return written, worst(statuses)


def _draw(data: Path, draw_figure: Callable[[Columns], Any]) -> list[Path]:
    columns, _ = load_table(data)
    with draw.style():
        figure = draw_figure(columns)
        written = []
        for ending in ("png", "pdf"):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=ending)
            write_atomically(data.with_suffix(f".{ending}"), buffer.getvalue())
            written.append(data.with_suffix(f".{ending}"))
    draw.close(figure)
    return written
