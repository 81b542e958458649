"""Systems as the command line describes them, by a name and options."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from perceptron.base.checks import check_choice, check_integer, read_integer
from perceptron.base.memory import check_memory
from wl.tasks.options import TaskOptions

if TYPE_CHECKING:
    from perceptron.patterns import Patterns
    from wl.interface.system import System

__all__ = ["MakeOptions", "make_system"]

BYTES_A_SPIN = 80.0  # with its neighbours, and what building their table takes
BYTES_A_PATTERN = 18.0  # an entry, in double precision for a moment
MOVES_OF_THE_PAPER = {"step": 0.1, "scales": (1.0,), "block_share": 0.0}
USED = {
    "network": {field.name for field in fields(TaskOptions)} | {"precision", "sampler"},
    "ising": {"size"},
    "free_spins": {"n", "data_seed"},
    "quadratic": {"dimensions", "sampler"},
    "perceptron": {"n", "alpha", "n_patterns", "patterns", "margin", "reference", "data_seed"},
}


@dataclass(frozen=True, slots=True)
class MakeOptions:
    """What the command line says of a system; None where it says nothing."""

    size: int | None = None
    n: int | None = None
    alpha: float | None = None
    n_patterns: int | None = None
    patterns: Path | None = None
    margin: float | None = None
    reference: Path | None = None
    dimensions: str | None = None
    precision: str | None = None
    data_seed: int | None = None
    task: TaskOptions = TaskOptions()  # noqa: RUF009  # an immutable record
    variables: tuple[str, ...] = ()
    preset: str = "default"
    sampler: str | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Options that select a system and were given."""
        own = [field.name for field in fields(self) if field.name not in ("task", "variables", "preset")]
        found = {name: getattr(self, name) for name in own}
        return {name: value for name, value in found.items() if value is not None} | self.task.given


def make_system(full_name: str, options: MakeOptions) -> System:
    """The system that the options of the command line describe.

    Raises
    ------
    ValueError
        For an unknown name, options of another system, or missing ones.
    """
    from wl.systems.free_spins import free_spins
    from wl.systems.ising import ising
    from wl.systems.quadratic import quadratic_blocks
    from wl.tasks.dynamics_presets import MONTE_CARLO
    from wl.tasks.tasks import TASKS, is_task

    task = is_task(full_name)
    name = "network" if task else full_name.replace("-", "_")
    if not task:
        check_choice("system", name, [*(known for known in USED if known != "network"), *TASKS, "a table (.csv, .npz)"])
    for option, value in options.given.items():
        if option not in USED[name]:
            text = option.replace("_", "-")
            raise ValueError(f"--{text} = {value!s} is not used with {full_name}; allowed: leave it out")
    if task:
        return _network(full_name, options)
    if name == "ising":
        size = check_integer("--size", _needed("size", options.size), least=3)
        check_memory(f"--size = {size}", BYTES_A_SPIN * float(size) ** 2)
        return ising(size)
    if name == "free_spins":
        check_memory(f"--n = {_needed('n', options.n)}", BYTES_A_SPIN * float(_needed("n", options.n)))
        return free_spins(_needed("n", options.n), rng=_generator(options.data_seed))
    if name == "quadratic":
        forces = options.sampler not in (None, MONTE_CARLO)
        return quadratic_blocks(*_dimensions(_needed("dimensions", options.dimensions)), forces=forces)
    return _draw_perceptron(options)


def _network(name: str, options: MakeOptions) -> System:
    from wl.tasks.dynamics_presets import MONTE_CARLO, default_sampler
    from wl.tasks.tasks import make_task, network_system

    chosen: dict[str, Any] = {} if options.precision is None else {"precision": options.precision}
    if (options.sampler or default_sampler(name)) != MONTE_CARLO:
        chosen["forces"] = True
    elif options.preset == "paper":
        chosen |= MOVES_OF_THE_PAPER
    return network_system(make_task(name, options.task), options.variables, **chosen)


def _draw_perceptron(options: MakeOptions) -> System:
    from perceptron.patterns import load_weights
    from wl.systems.perceptron.system import binary_perceptron

    patterns = _instance(options)
    main = next((name for name in options.variables if name != "hamming_distance"), "deficit")
    reference = None if options.reference is None else load_weights(options.reference, patterns.n_weights)
    margin = 0.0 if options.margin is None else options.margin
    return binary_perceptron(patterns, margin, main, reference=reference)


def _instance(options: MakeOptions) -> Patterns:
    from perceptron.patterns import load_patterns, n_patterns_at, random_patterns

    if options.patterns is not None:
        for name in ("n", "alpha", "n_patterns", "data_seed"):
            value = getattr(options, name)
            if value is not None:
                text = name.replace("_", "-")
                raise ValueError(f"--{text} = {value!r} is not used with --patterns; allowed: one of the two")
        return load_patterns(options.patterns)
    size = _needed("n", options.n)
    if (options.alpha is None) == (options.n_patterns is None):
        given = f"--alpha = {options.alpha!r} and --n-patterns = {options.n_patterns!r}"
        raise ValueError(f"{given}; allowed: exactly one of the two")
    number = options.n_patterns if options.n_patterns is not None else n_patterns_at(options.alpha or 0.0, size)
    check_memory(f"--n = {size} with {number} patterns", BYTES_A_PATTERN * float(size) * number)
    return random_patterns(size, number, rng=_generator(options.data_seed))


def _generator(seed: int | None) -> np.random.Generator:
    from wl.tasks.options import DATA_SEED

    return np.random.default_rng(check_integer("--data-seed", DATA_SEED if seed is None else seed, least=0))


def _dimensions(text: str) -> list[int]:
    try:
        numbers = [read_integer(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 2:
        raise ValueError(f"--dimensions = {text!r} is not usable; allowed: two integers, as 4,4")
    return numbers


def _needed(name: str, value: Any) -> Any:
    if value is None:
        raise ValueError(f"--{name} is missing; this system needs it")
    return value
