"""Runs behind the figures of molecular dynamics: landscapes and trained ensembles, reduced to `figures/data`.

`python -m figures.entropy_dynamics_runs [--output results/entropy-dynamics] [--only NAME] [--jobs 2]`

Each case is one run of the engine in a directory of its own, which a stopped run goes on from, one ensemble of trained
networks, and walks at a fixed temperature, half of them from trained networks, that must relax to the landscape. House
prices and polymers need their files (docs/data.md). Kept of a landscape are its estimates without the runs' pieces, of
an ensemble its curve, in the box also its records in the landscape's window, of walks their records beside the means
that the landscape expects.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from perceptron.base.checks import read_integer
from perceptron.base.files import provenance, save_table
from wl.analysis.thermal_means import expected_at, temperature_at
from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.landscape.build import load_landscape, save_landscape
from wl.networks.constant_predictor import constant_log_losses
from wl.networks.datasets.split import Dataset
from wl.networks.training.curves import outside_box, training_curve
from wl.networks.training.ensemble import TrainingEnsemble, TrainingOptions
from wl.networks.training.train import train_ensemble
from wl.runs.directory import create, open_directory
from wl.runs.driver import Every, drive
from wl.runs.goal import Goal
from wl.runs.relaxation import RelaxationOptions, relax
from wl.runs.run import Plan
from wl.tasks.dynamics_presets import DynamicsOptions, dynamics_ranges, dynamics_settings
from wl.tasks.options import TaskOptions
from wl.tasks.paper_tables import HOUSE_PRICES_BATCH_SIZES, PAPER_TRAINING
from wl.tasks.tasks import make_task, network_system

__all__ = ["CASES", "DATA", "Case", "keep_training", "landscape_file", "relaxation_file", "training_file"]

DATA = Path(__file__).parent / "data"
LEAPS = 30
N_RELAXED, N_RECORDS = 8, 400  # walks at a fixed temperature, and records of each
VARIABLES = ("log_train_loss", "log_test_loss")
KEPT = (
    *("log_g", "log_g_error", "log_g_wang_landau", "visited", "uniform_draws", "histogram", "log_g_runs"),
    *("conditional_mean", "conditional_mean_error", "conditional_mean_runs", "log_g_marginal", "log_g_marginal_error"),
    *(f"{name}_edges" for name in VARIABLES),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A landscape to sample, and networks to train beside it.

    Attributes
    ----------
    task : str
    width : int
    n_steps : float
        Evaluations of the force of each run.
    n_runs : int
    preset : str
    lowest, bins : float or None
        Lowest edge and width of the bins of ln L_train where they are not those of the preset.
    sampler : str
    n_trained, n_epochs : int
        Of the ensemble, free and clipped: networks of each batch size, and their epochs.
    relaxed_at : float or None
        ln L_train at which walks of fixed temperature test the landscape.
    n_relaxed : float
        Evaluations of each of these walks.
    """

    task: str
    width: int
    n_steps: float = 0.0
    n_runs: int = 1
    preset: str = "default"
    lowest: float | None = None
    bins: float | None = None
    sampler: str = "langevin"
    n_trained: int = 100
    n_epochs: int = 1000
    relaxed_at: float | None = None
    n_relaxed: float = 5e4

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.task}-{self.width}" + ("" if self.preset == "default" else f"-{self.preset}")

    @property
    def batch_sizes(self) -> tuple[int, ...]:
        """Of the ensemble: the paper's best one, or its three for house prices."""
        if self.task == "house-prices":
            return HOUSE_PRICES_BATCH_SIZES
        return (PAPER_TRAINING[self.task][self.width].batch_size,)


CASES = {
    case.name: case
    for case in (
        Case("spiral-regression", 30, 2e6, 8, lowest=-0.8, bins=0.02, sampler="hmc", n_epochs=5000, relaxed_at=-0.7),
        Case("spiral-regression", 100, 1e6, 4, lowest=-0.76, bins=0.02, sampler="hmc", n_epochs=2000),
        Case("spiral-regression", 300, 2e5, 2, lowest=-0.76, bins=0.02, sampler="hmc", n_trained=10, n_epochs=1000),
        Case("spiral-regression", 1000, n_trained=10, n_epochs=50),
        Case("house-prices", 10, 3e5, lowest=-2.2, sampler="baoab", n_trained=34, n_epochs=1000),
        Case("house-prices", 20, 2.2e6, 2, lowest=-3.0, sampler="baoab", n_epochs=1000),
        Case("house-prices", 50, 2e5, lowest=-2.2, sampler="baoab", n_trained=34, n_epochs=500),
        Case("house-prices", 100, 1e5, lowest=-2.2, sampler="baoab", n_trained=34, n_epochs=500),
        Case("polymer", 10, 2.5e6, 2, sampler="baoab", n_epochs=500),
        Case("spiral-regression", 30, 1.2e7, preset="paper"),
    )
}


def landscape_file(case: Case) -> Path:
    """Where the reduced landscape is kept."""
    return DATA / f"dynamics-{case.name}.nc"


def training_file(case: Case, clip: bool) -> Path:
    """Where the curve of an ensemble is kept."""
    return DATA / f"dynamics-{case.name}-{'clipped' if clip else 'free'}.npz"


def relaxation_file(case: Case) -> Path:
    """Where walks at a fixed temperature are kept."""
    return DATA / f"dynamics-{case.name}-relaxed.npz"


def sample(case: Case, output: Path, threads: int) -> str:
    """Sample one landscape to its end and keep what the figures need."""
    folder = output / case.name
    if not (folder / "parameters.json").exists():
        create(folder, _plan(case))
    run, dataset = drive(open_directory(folder), threads, Every(seconds=60.0), print)
    if dataset is None or not run.reached():
        return f"{case.name}: stopped at {run.steps:.3g} steps"
    reduced = load_landscape(folder / "landscape.nc")
    save_landscape(landscape_file(case), reduced[[name for name in KEPT if name in reduced]])
    return f"{case.name}: {run.seconds:.0f} s, {run.round_trips} round trips, {dataset.attrs['status']}"


def _plan(case: Case) -> Plan:
    system = network_system(_task(case), VARIABLES, forces=True)
    options = DynamicsOptions(case.sampler, leaps=LEAPS if case.sampler == "hmc" else None)
    ranges = dynamics_ranges(case.task, case.preset, VARIABLES) | {VARIABLES[0]: _range_of(case)}
    settings = settings_for(system, VARIABLES, **dynamics_settings(case.task, case.preset, options))
    return Plan(system, VARIABLES, settings, Goal(steps=int(case.n_steps * case.n_runs)), 1, case.n_runs, ranges)


def train(case: Case, output: Path, threads: int) -> str:
    """Train both ensembles with the paper's settings and keep their curves."""
    del output, threads
    task, table, told = _task(case), PAPER_TRAINING[case.task][case.width], []
    for clip in (False, True):
        options = TrainingOptions(
            n_runs=case.n_trained * len(case.batch_sizes),
            n_epochs=case.n_epochs,
            optimizer=table.optimizer,
            learning_rate=table.learning_rate,
            batch_size=case.batch_sizes,
            clip=clip,
        )
        ensemble = train_ensemble(task.dataset, task.architecture, options, seed=1)
        keep_training(case, ensemble, task.dataset)
        told.append(f"{ensemble.seconds:.0f} s, {ensemble.n_diverged} diverged")
    return f"training {case.name}: {'; '.join(told)}"


def keep_training(case: Case, ensemble: TrainingEnsemble, dataset: Dataset) -> None:
    """Keep the curve of an ensemble and the constant predictor's loss; in the box its records in the window too."""
    curve, outside = training_curve(ensemble, "log_test_loss"), outside_box(ensemble)
    columns: dict[str, Any] = {
        "log_train_loss": curve.positions,
        "log_test_loss": curve.values,
        "log_test_loss_error": curve.errors,
        "n_runs": curve.n_runs,
        "outside_box": [outside.value, outside.error],
        "constant": constant_log_losses(dataset),
    }
    if ensemble.options.clip:  # those that the equilibrium in the box is compared with
        columns |= _records_within(ensemble, _range_of(case))
    described = {name: getattr(ensemble.options, name) for name in ensemble.options.__slots__}
    parts = {"n_finished": ensemble.n_runs, "n_diverged": ensemble.n_diverged, "status": ensemble.status_as_part.name}
    origin = provenance(options=described, dataset=dict(ensemble.dataset), seed=ensemble.seed, **parts)
    save_table(training_file(case, ensemble.options.clip), columns, origin)


def _records_within(ensemble: TrainingEnsemble, window: Range) -> dict[str, np.ndarray]:
    """Both losses of every record in the window, shape (n_kept, n_most), in the order of the epochs; nan beyond."""
    losses, others = (ensemble[name][ensemble.kept] for name in VARIABLES)
    inside = (losses >= window.lowest) & (losses <= window.highest)
    first = np.argsort(~inside, axis=1, kind="stable")[:, : int(inside.sum(axis=1).max(initial=0))]
    kept = (np.take_along_axis(np.where(inside, values, np.nan), first, axis=1) for values in (losses, others))
    return {f"records_{name}": values.astype(np.float32) for name, values in zip(VARIABLES, kept, strict=True)}


def _range_of(case: Case) -> Range:
    """Window of the landscape on ln L_train."""
    window = dynamics_ranges(case.task, case.preset, VARIABLES)[VARIABLES[0]]
    if case.lowest is not None:
        window = replace(window, lowest=case.lowest)
    return window if case.bins is None else replace(window, width=case.bins)


def relaxed(case: Case, output: Path, threads: int) -> str:
    """Walk at the temperature of one training loss, and keep the records beside the landscape's means."""
    del output, threads
    assert case.relaxed_at is not None
    landscape, task, table = load_landscape(landscape_file(case)), _task(case), PAPER_TRAINING[case.task][case.width]
    trained = TrainingOptions(N_RELAXED // 2, table.optimizer, table.learning_rate, table.batch_size, case.n_epochs)
    starts = train_ensemble(task.dataset, task.architecture, trained, seed=2).parameters
    temperature = temperature_at(landscape, case.relaxed_at)
    expected = expected_at(landscape, temperature)
    options = RelaxationOptions(temperature, int(case.n_relaxed), N_RELAXED, N_RECORDS)
    start = time.perf_counter()
    with threadpool_limits(1):
        walks = relax(network_system(task, VARIABLES, forces=True), options, starts)
    excess = walks.excess(landscape)
    columns: dict[str, Any] = {
        "evaluations": walks.evaluations,
        "values": walks.values.astype(np.float32),
        "given_start": walks.given_start,
        "expected": np.array([[mean.value, mean.error] for mean in (expected.log_train_loss, expected.second)]),
        "weight_at_ends": np.array(expected.weight_at_ends),
        "excess": np.array([excess.value, excess.error]),
        "kinetic_temperatures": walks.kinetic_temperatures,
        "time_steps": walks.time_steps,
    }
    origin = provenance(**asdict(options), relaxed_at=case.relaxed_at, dataset=dict(task.dataset.parameters))
    save_table(relaxation_file(case), columns, origin)
    return f"relaxing {case.name}: {time.perf_counter() - start:.0f} s, excess {excess}"


def _task(case: Case) -> Any:
    return make_task(case.task, TaskOptions(width=case.width))


PARTS: dict[str, tuple[Callable[[Case, Path, int], str], Callable[[Case], bool]]] = {
    "landscapes": (sample, lambda case: case.n_steps > 0),
    "training": (train, lambda case: case.preset == "default"),
    "relaxations": (relaxed, lambda case: case.relaxed_at is not None),
}


def main() -> None:
    """All cases, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results/entropy-dynamics"), help="run directories")
    parser.add_argument("--cases", default=",".join(CASES), help="names, separated by commas")
    parser.add_argument("--only", choices=tuple(PARTS), help="one of the parts")
    parser.add_argument("--jobs", type=read_integer, default=2, help="processes, one for each case")
    parser.add_argument("--threads", type=read_integer, default=1, help="over the runs of a case; change no result")
    options = parser.parse_args()
    chosen = [CASES[name] for name in options.cases.split(",")]
    for name, (function, belongs) in PARTS.items():
        if options.only not in (None, name):
            continue
        with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as executor:
            for future in [
                executor.submit(function, case, options.output, options.threads) for case in chosen if belongs(case)
            ]:
                print(future.result(), flush=True)


if __name__ == "__main__":
    main()
