"""Runs behind figure 1 of paper H, the spiral: landscapes and training ensembles, reduced to `figures/data`.

`python -m figures.high_entropy_runs [--output results/high-entropy] [--jobs 2]` makes all of them, some six hours of a
core: every network on every data set, further runs of 10⁹ steps, one of them by the preset of the paper, and two
ensembles for each landscape. The stored run of that name is older than the preset's moves: it has the paper's stages
alone (docs/networks.md). `--only`, `--networks` and `--data-seeds` choose some.

A landscape is sampled in a directory of its own that a stopped run goes on from. Networks are trained with the settings
of `SPIRAL_BASELINE` and ten times its epochs, in the sampler's box and free. Kept of a landscape are its estimates
without the runs' pieces; of an ensemble the curves of both lengths of training: the short one is the beginning of the
long one.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.checks import read_integer, read_integers
from perceptron.base.files import provenance, save_table
from wl.cli.systems import MOVES_OF_THE_PAPER
from wl.engine.settings import preset_of, settings_for
from wl.interface.grid import Range
from wl.landscape.build import load_landscape, save_landscape
from wl.networks.constant_predictor import constant_log_losses
from wl.networks.datasets.split import Dataset
from wl.networks.training.curves import RULES, outside_box, training_curve
from wl.networks.training.ensemble import SPIRAL_BASELINE, TrainingEnsemble
from wl.networks.training.train import train_ensemble
from wl.runs.directory import create, open_directory
from wl.runs.driver import Every, drive
from wl.runs.goal import Goal
from wl.runs.run import Plan
from wl.tasks.options import TaskOptions
from wl.tasks.tasks import make_task, network_system

__all__ = [
    "DATA",
    "DATA_SEEDS",
    "LENGTHS",
    "LONG",
    "NETWORKS",
    "PAPER",
    "keep_training",
    "landscape_file",
    "training_file",
]

DATA = Path(__file__).parent / "data"
NETWORKS = {"6,6,6": 109, "6,6,6,6": 151, "8,8,8": 177, "8,8,8,8": 249}  # hidden layers: parameters
DATA_SEEDS = (1, 2, 3, 4, 5, 6)
LONG, PAPER = "-long", "-paper"  # marks of runs of LONG_STEPS, and of those by the preset of the paper
FURTHER = {
    LONG: (("6,6,6", 1), ("6,6,6,6", 1), ("8,8,8", 1), ("8,8,8", 3), ("8,8,8,8", 1)),
    PAPER: (("6,6,6,6", 1),),
}
STEPS, LONG_STEPS, N_TRAINED = 2e8, 1e9, 20
LENGTHS = {"short": 1, "long": 10}  # in epochs of the baseline
# the narrowest network comes and goes too seldom below, and trained ones of its kind hardly get there
RANGES = {"6,6,6": {"log_train_loss": Range(-2.2, 0.64, 0.02, open_high=True)}}
VARIABLES = ("log_train_loss", "test_accuracy")
KEPT = (
    *("log_g", "log_g_error", "log_g_wang_landau", "visited", "uniform_draws", "histogram"),
    *("conditional_mean", "conditional_mean_error", "conditional_mean_runs", "log_g_runs"),
    *(f"{name}_edges" for name in VARIABLES),
)


class Case(NamedTuple):
    """One network on one data set."""

    hidden: str
    data_seed: int
    n_steps: int
    n_trained: int
    output: Path
    mark: str = ""  # of its files


def landscape_file(hidden: str, data_seed: int, mark: str = "") -> Path:
    """Where the reduced landscape is kept."""
    return DATA / f"spiral-{hidden.replace(',', '-')}-{data_seed}{mark}.nc"


def training_file(hidden: str, data_seed: int, clip: bool) -> Path:
    """Where the curves of an ensemble are kept."""
    return DATA / f"spiral-{'clipped' if clip else 'free'}-{hidden.replace(',', '-')}-{data_seed}.npz"


def sample(case: Case) -> str:
    """Sample one landscape to its end and keep what the figures need."""
    folder = case.output / f"landscape-{case.hidden.replace(',', '-')}-{case.data_seed}{case.mark}"
    if not (folder / "parameters.json").exists():
        paper = case.mark == PAPER
        system = network_system(make_task("spiral", _options(case)), VARIABLES, **MOVES_OF_THE_PAPER if paper else {})
        plan = Plan(
            system,
            VARIABLES,
            settings_for(system, VARIABLES, **preset_of("paper" if paper else "default")),
            Goal(steps=case.n_steps),
            seed=case.data_seed,
            ranges=RANGES.get(case.hidden, {}),
        )
        create(folder, plan)
    run, dataset = drive(open_directory(folder), 1, Every(seconds=60.0), print)
    if dataset is None or not run.reached():
        return f"{folder.name}: stopped at {run.steps:.3g} steps"
    reduced = load_landscape(folder / "landscape.nc")
    reduced = reduced[[name for name in KEPT if name in reduced]]
    save_landscape(landscape_file(case.hidden, case.data_seed, case.mark), reduced)
    return f"{folder.name}: {run.seconds:.0f} s, {run.round_trips} round trips, {dataset.attrs['status']}"


def train(case: Case) -> str:
    """Train both ensembles and keep their curves."""
    task = make_task("spiral", _options(case))
    told = []
    for clip in (True, False):
        options = replace(
            SPIRAL_BASELINE, n_runs=case.n_trained, clip=clip, n_epochs=LENGTHS["long"] * SPIRAL_BASELINE.n_epochs
        )
        ensemble = train_ensemble(task.dataset, task.architecture, options, seed=case.data_seed)
        keep_training(case, ensemble, task.dataset)
        told.append(f"{ensemble.seconds:.0f} s, {ensemble.n_diverged} diverged")
    return f"training {case.hidden} on data {case.data_seed}: {'; '.join(told)}"


def keep_training(case: Case, ensemble: TrainingEnsemble, dataset: Dataset) -> None:
    """Keep the curves of both lengths of training, and the constant predictor's loss."""
    outside = outside_box(ensemble)
    columns: dict[str, Any] = {"outside_box": [outside.value, outside.error], "constant": constant_log_losses(dataset)}
    for length, factor in LENGTHS.items():
        columns |= _curves(length, _beginning(ensemble, factor * SPIRAL_BASELINE.n_epochs))
    described = {name: getattr(ensemble.options, name) for name in ensemble.options.__slots__}
    parts = {"n_finished": ensemble.n_runs, "n_diverged": ensemble.n_diverged, "status": ensemble.status_as_part.name}
    origin = provenance(options=described, dataset=dict(ensemble.dataset), seed=ensemble.seed, **parts)
    save_table(training_file(case.hidden, case.data_seed, ensemble.options.clip), columns, origin)


def _options(case: Case) -> TaskOptions:
    return TaskOptions(hidden=case.hidden, activation="relu", data_seed=case.data_seed)


def _beginning(ensemble: TrainingEnsemble, n_epochs: int) -> TrainingEnsemble:
    kept = ensemble.epochs <= n_epochs
    return replace(ensemble, epochs=ensemble.epochs[kept], trajectories=ensemble.trajectories[..., kept])


def _curves(length: str, ensemble: TrainingEnsemble) -> dict[str, np.ndarray]:
    columns: dict[str, np.ndarray] = {}
    for rule in RULES:
        curve = training_curve(ensemble, "test_accuracy", rule=rule)
        name = f"{length}_{rule.replace(' ', '_')}"
        columns |= {f"{name}_accuracy": curve.values, f"{name}_error": curve.errors, f"{name}_place": curve.positions}
        columns |= {f"{name}_shares": curve.shares, f"{name}_places": curve.places}
        columns[f"{length}_n_runs"] = curve.n_runs
    return columns


def main() -> None:
    """All cases, one process each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("results/high-entropy"), help="run directories")
    parser.add_argument("--trained", type=read_integer, default=N_TRAINED, help="networks of an ensemble")
    parser.add_argument("--jobs", type=read_integer, default=2, help="processes")
    parser.add_argument("--networks", default=";".join(NETWORKS), help="hidden layers, separated by semicolons")
    parser.add_argument("--data-seeds", default=",".join(map(str, DATA_SEEDS)))
    parser.add_argument("--only", choices=("landscapes", "further", "training"), help="one of the parts")
    options = parser.parse_args()
    seeds, networks = read_integers("--data-seeds", options.data_seeds), options.networks.split(";")
    places = [(hidden, seed) for seed in seeds for hidden in networks]
    cases = [Case(*place, int(STEPS), options.trained, options.output) for place in places]
    further = [
        Case(*place, int(LONG_STEPS), options.trained, options.output, mark)
        for mark, chosen in FURTHER.items()
        for place in chosen
        if place in places
    ]
    parts = {"landscapes": (sample, cases), "further": (sample, further), "training": (train, cases)}
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as executor:
        chosen = parts.values() if options.only is None else [parts[options.only]]
        futures = [executor.submit(function, case) for function, some in chosen for case in some]
        for told in _results(futures):
            print(told, flush=True)


def _results(futures: list[Any]) -> Iterable[str]:
    return (future.result() for future in futures)


if __name__ == "__main__":
    main()
