"""Tasks of paper H by name, as systems to sample and as networks to train."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from perceptron.base.checks import check_integer
from wl.interface.grid import names_of
from wl.interface.system import System
from wl.networks.training.ensemble import TrainingEnsemble, TrainingOptions
from wl.networks.training.train import train_ensemble
from wl.tasks.dynamics_presets import MONTE_CARLO, DynamicsOptions, default_sampler, dynamics_ranges, dynamics_settings
from wl.tasks.options import TaskOptions
from wl.tasks.tasks import make_task, network_system

__all__ = ["task", "train"]


def task(
    name: str,
    *,
    variables: str | Sequence[str] | None = None,
    sampler: str | None = None,
    precision: str = "float32",
    **options: Any,
) -> System:
    """Parameter space of a network on a data set of paper H, or on a table of your own.

    Parameters
    ----------
    name : str
        spiral, spiral-regression, house-prices or polymer, or a file whose name ends in .csv or .npz.
    variables : str or sequence of str, optional
        One or two; ln L_train with the test accuracy, or with ln L_test for a linear head, by default.
    sampler : str, optional
        monte-carlo, langevin, baoab or hmc; the one that suits the task unless given.
    precision : str
        float32 or float64.
    options
        Of `wl.tasks.options.TaskOptions`: hidden, width, activation, head, box, target, split, data_seed and others.

    Returns
    -------
    System
        With the bins and settings that `wl run` takes for the task.

    Raises
    ------
    ValueError
        For an unknown name, and options that are missing, out of range or not used with it.
    """
    made, chosen = make_task(name, _options(options)), sampler or default_sampler(name)
    forces = chosen != MONTE_CARLO
    system = network_system(
        made, tuple(names_of(variables or ())), precision=precision, **({"forces": True} if forces else {})
    )
    if not forces:
        return system
    settings = dynamics_settings(name, "default", DynamicsOptions(sampler))
    return replace(
        system, suggested={"settings": settings, "bins": dynamics_ranges(name, "default", system.default_variables)}
    )


def train(
    name: str,
    training: TrainingOptions | None = None,
    *,
    seed: int = 1,
    jobs: int = 1,
    **options: Any,
) -> TrainingEnsemble:
    """Train an ensemble of networks on a data set of paper H, or on a table of your own.

    Parameters
    ----------
    name : str
        As of `task`.
    training : TrainingOptions, optional
        Number of runs, optimiser, learning rate, batches and epochs.
    seed : int
        Draws the starts and the order of the points.
    jobs : int
        Number of threads; it changes no result.
    options
        As of `task`.
    """
    made = make_task(name, _options(options))
    check_integer("jobs", jobs, least=1)
    with ThreadPoolExecutor(jobs) if jobs > 1 else nullcontext() as executor:
        return train_ensemble(made.dataset, made.architecture, training, seed=seed, executor=executor)


def _options(given: dict[str, Any]) -> TaskOptions:
    """Options of a task; widths and half-widths may be tuples of numbers."""
    plain = dict(given)
    for name in ("hidden", "box"):
        if isinstance(plain.get(name), Sequence) and not isinstance(plain[name], str):
            plain[name] = ",".join(map(str, plain[name]))
        elif isinstance(plain.get(name), int | float):
            plain[name] = str(plain[name])
    try:
        return TaskOptions(**plain)
    except TypeError:
        known = ", ".join(TaskOptions.__slots__)
        unknown = ", ".join(sorted(set(plain) - set(TaskOptions.__slots__)))
        raise ValueError(f"options = {unknown} are not known; allowed: {known}") from None
