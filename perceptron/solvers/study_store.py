"""Plan and records of a solver study, kept in a folder that survives a kill at any moment.

A study folder holds two files. `parameters.json` has the plan and the versions it was begun with. `runs.jsonl` has one
JSON object a line for every finished run; a line is appended with one write and synced before the next run is taken
in, so a kill costs at most the line being written. Such a torn last line is dropped and its run computed again.

Not for two studies writing to one folder at the same time.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock, Timeout

from perceptron.base.checks import check_array, check_integer, check_path, check_real, keep_plain
from perceptron.base.checksums import sealed, unsealed
from perceptron.base.files import check_place, provenance, write_atomically
from perceptron.base.reading import read_content, read_mapping
from perceptron.patterns import Patterns, n_patterns_at, random_patterns
from perceptron.solvers.search import Limits

__all__ = ["StudyPlan", "StudyRun", "StudyStore", "read_study"]

PATIENCE = 2.0  # seconds, for a process that is ending
LOADS = (0.40, 0.44, 0.48, 0.52, 0.56, 0.60, 0.64, 0.68, 0.70, 0.72, 0.74, 0.76, 0.78, 0.80)
SMALL_SECONDS, LARGE_SECONDS, LARGE_SIZE = 5.0, 10.0, 2000


@dataclass(frozen=True, slots=True)
class StudyPlan:
    """What a study computes; two plans that compare equal give the same runs.

    Attributes
    ----------
    solvers : tuple of str
        Keys of the solvers.
    sizes : tuple of int
        N.
    loads : tuple of float
        α, put in increasing order; P = floor(αN + ½).
    n_instances : int
        Instances at each size and load, the same for all solvers.
    margin : float
        κ.
    max_seconds : tuple of float, one for each size; a float for all; or None
        Time limit of a run. None is 5 s below N = 2000 and 10 s from there on.
    max_sweeps : int or None
        Limit of sweeps of a run.
    n_failed_loads : int
        A curve ends after so many consecutive loads without a success.
    data_seed : int
        Draws the instances, together with N, P and the number of the instance.
    seed : int
        Drives the solvers, together with the key of the solver, N, P and the number of the instance.

    Raises
    ------
    ValueError
        For anything out of range.
    """

    solvers: tuple[str, ...] = ("fbp", "rbp", "sbpi", "sa")
    sizes: tuple[int, ...] = (201, 501, 1001, 2001)
    loads: tuple[float, ...] = LOADS
    n_instances: int = 20
    margin: float = 0.0
    max_seconds: tuple[float, ...] | float | None = None
    max_sweeps: int | None = None
    n_failed_loads: int = 2
    data_seed: int = 1
    seed: int = 1

    def __post_init__(self) -> None:
        keep_plain(self)
        sizes = tuple(check_integer("sizes", size, least=1) for size in _sequence("sizes", self.sizes))
        solvers = _sequence("solvers", self.solvers)
        for name, values in (("solvers", solvers), ("sizes", sizes)):
            if not values or len(set(values)) < len(values):
                raise ValueError(f"{name} = {values!r} is empty or repeats itself; allowed: each once")
        loads = tuple(float(load) for load in np.unique(check_array("loads", self.loads, above=0.0)))
        settled = {"solvers": solvers, "sizes": sizes, "loads": loads, "max_seconds": _seconds(self.max_seconds, sizes)}
        for name, value in settled.items():
            object.__setattr__(self, name, value)
        check_real("margin", self.margin)
        for name in ("n_instances", "n_failed_loads"):
            check_integer(name, getattr(self, name), least=1)
        for name in ("data_seed", "seed"):
            check_integer(name, getattr(self, name), least=0)
        for size in sizes:
            self.limits(size)
            self._check_distinct(size)

    def _check_distinct(self, size: int) -> None:
        numbers = self.pattern_numbers(size)
        if len(set(numbers)) < len(numbers):
            raise ValueError(f"loads = {self.loads} repeat a number of patterns at N = {size}: {numbers}")

    def pattern_numbers(self, n_weights: int) -> tuple[int, ...]:
        """P at each load."""
        return tuple(n_patterns_at(load, n_weights) for load in self.loads)

    def limits(self, n_weights: int) -> Limits:
        """Limits of a run at this size."""
        seconds: Any = self.max_seconds
        return Limits(seconds[self.sizes.index(n_weights)], self.max_sweeps)

    def patterns(self, n_weights: int, n_patterns: int, instance: int) -> Patterns:
        """Instance of the study: depends on the four numbers (data_seed, N, P, instance) and nothing else."""
        entropy = [self.data_seed, n_weights, n_patterns, instance]
        rng = np.random.default_rng(np.random.SeedSequence(entropy))
        return random_patterns(n_weights, n_patterns, rng=rng)

    def generator(self, solver: str, n_weights: int, n_patterns: int, instance: int) -> np.random.Generator:
        """Stream of a solver on an instance: depends on (seed, solver, N, P, instance) and nothing else."""
        entropy = [self.seed, int.from_bytes(solver.encode(), "big"), n_weights, n_patterns, instance]
        return np.random.default_rng(np.random.SeedSequence(entropy))


def _sequence(name: str, values: Any) -> tuple[Any, ...]:
    if isinstance(values, str) or not isinstance(values, Sequence | np.ndarray):
        raise ValueError(f"{name} = {values!r} is not a sequence; allowed: a tuple or list")
    return tuple(values)


def _seconds(chosen: Any, sizes: tuple[int, ...]) -> tuple[float, ...]:
    if chosen is None:
        return tuple(LARGE_SECONDS if size >= LARGE_SIZE else SMALL_SECONDS for size in sizes)
    if not isinstance(chosen, Sequence):
        return (check_real("max_seconds", chosen, above=0.0),) * len(sizes)
    if len(chosen) != len(sizes):
        raise ValueError(f"max_seconds = {chosen!r} has length {len(chosen)}; allowed: {len(sizes)}, one for each size")
    return tuple(float(seconds) for seconds in check_array("max_seconds", chosen, above=0.0))


class RunKey(NamedTuple):
    """Names a run within a study."""

    solver: str
    n_weights: int
    n_patterns: int
    instance: int


@dataclass(frozen=True, slots=True)
class StudyRun:
    """One finished run of one solver on one instance; fields as in `SearchResult`."""

    solver: str
    n_weights: int
    n_patterns: int
    instance: int
    solved: bool
    timed_out: bool
    n_errors: int
    n_sweeps: int
    seconds: float

    @property
    def key(self) -> RunKey:
        """What names this run in its study."""
        return RunKey(self.solver, self.n_weights, self.n_patterns, self.instance)


class StudyStore:
    """The folder of a study, open for appending; a context manager.

    Parameters
    ----------
    folder : Path
        Created if it is missing.
    plan : StudyPlan
        Written on first use; later it has to be the same.

    Attributes
    ----------
    runs : dict
        The finished runs by key.

    Raises
    ------
    ValueError
        If the folder holds a study with another plan, or damaged records, or another process is at it.
    """

    def __init__(self, folder: Path | str, plan: StudyPlan) -> None:
        folder = check_place("folder", folder, folder=True)
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / ".lock")
        try:
            self._lock.acquire(timeout=PATIENCE)
        except Timeout:
            message = f"folder = {str(folder)!r} is in use by another process; allowed: one at a time"
            raise ValueError(message) from None
        try:
            self._open(folder, plan)
        except BaseException:
            self._lock.release()
            raise

    def _open(self, folder: Path, plan: StudyPlan) -> None:
        self._runs_path = folder / "runs.jsonl"
        if not (folder / "parameters.json").is_file():
            _begin(folder, plan)
        _check_same(folder, _read_plan(folder), plan)
        self.runs, intact = _read_runs(self._runs_path)
        self._file = self._runs_path.open("ab", buffering=0)
        self._file.truncate(intact)  # a torn last line would spoil the next one

    def __enter__(self) -> StudyStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        self._lock.release()

    def add(self, run: StudyRun) -> None:
        """Keep a run: on the disk before this returns."""
        if run.key in self.runs:
            return
        self._file.write(json.dumps(sealed(asdict(run))).encode() + b"\n")  # unbuffered, hence one write
        os.fsync(self._file.fileno())
        self.runs[run.key] = run


def read_study(folder: Path | str) -> tuple[StudyPlan, dict[RunKey, StudyRun]]:
    """Plan and finished runs of a study folder, which is left as it is.

    Raises
    ------
    ValueError
        If it is not a study folder, or damaged.
    """
    folder = check_path("folder", folder)
    plan = _read_plan(folder)
    runs, _ = _read_runs(folder / "runs.jsonl")
    return plan, runs


def _begin(folder: Path, plan: StudyPlan) -> None:
    if (folder / "runs.jsonl").exists():
        raise ValueError(
            f"folder = {str(folder)!r} has runs but no parameters.json; allowed: a study folder or a new one"
        )
    text = json.dumps(sealed(provenance(**asdict(plan))), indent=2)
    write_atomically(folder / "parameters.json", text.encode() + b"\n")


def _read_plan(folder: Path) -> StudyPlan:
    path = folder / "parameters.json"
    found = unsealed(read_mapping(path, "parameters of a study"), str(path))
    try:
        return StudyPlan(**found["parameters"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"folder = {str(folder)!r} is not a study folder ({path.name}: {error})") from None


def _check_same(folder: Path, there: StudyPlan, here: StudyPlan) -> None:
    names = (field.name for field in fields(StudyPlan))
    pairs = ((name, getattr(there, name), getattr(here, name)) for name in names)
    differences = [f"{name} is {old!r} there and {new!r} here" for name, old, new in pairs if old != new]
    if differences:
        raise ValueError(
            f"folder = {str(folder)!r} holds a study with other parameters: {'; '.join(differences)}; "
            "allowed: the same parameters, or another folder"
        )


def _read_runs(path: Path) -> tuple[dict[RunKey, StudyRun], int]:
    """Finished runs, the first of each key, and how many bytes of the file are intact."""
    content = read_content(path, "runs of a study") if path.exists() else b""
    runs: dict[RunKey, StudyRun] = {}
    intact = 0
    for number, (line, end) in enumerate(_lines(content), 1):
        try:
            if not line.endswith(b"\n"):
                raise ValueError("no line end")
            run = StudyRun(**unsealed(json.loads(line), "the line"))
        except (ValueError, TypeError, RecursionError) as error:
            if not line.endswith(b"\n"):  # the last one, which a kill cut short
                break
            raise ValueError(f"{str(path)!r} is damaged in line {number} ({error}); remove that line") from None
        runs.setdefault(run.key, run)
        intact = end
    return runs, intact


def _lines(content: bytes) -> Iterator[tuple[bytes, int]]:
    end = 0
    for line in content.splitlines(keepends=True):
        end += len(line)
        yield line, end
