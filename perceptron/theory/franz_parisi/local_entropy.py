"""Profiles of the Franz-Parisi local entropy over many distances, in parallel where asked.

The distances are cut into chunks of fixed size; the first saddle of each chunk is reached by one continuation from d*,
the rest of a chunk by continuation from its first. Both are the same for any number of workers, so are the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass

import numpy as np

from perceptron.base.checks import check_array
from perceptron.base.profile import Profile
from perceptron.base.results import ConvergenceError, Estimate, Status
from perceptron.base.sweep import sweep
from perceptron.kernels.franz_parisi.saddle import Problem, SaddlePoint
from perceptron.kernels.typical.constraints import MarginStep
from perceptron.theory.franz_parisi.branch import Branch, Point, franz_parisi_branch

__all__ = ["LocalEntropyProfile", "local_entropy_profile"]

Task = tuple[Problem, dict[float, SaddlePoint], float, np.ndarray]
CHUNK = 20
N_DISTANCES = 200
SMALLEST_DISTANCE = 1e-3


@dataclass(frozen=True, slots=True, repr=False)
class LocalEntropyProfile(Profile):
    """φ_FP and its order parameters at increasing distances.

    Attributes
    ----------
    load, reference_margin, margin : float
        α, κ̃ of the references, κ of the counted solutions.
    points : tuple of Point
        Finished points, by increasing distance.
    missing : tuple of Point
        For each distance that has no saddle, the last saddle on the way there (status END_OF_BRANCH).
    d_star : Estimate
        Distance of the global maximum.
    status : Status
        CONVERGED; END_OF_BRANCH where some distances have no saddle; INTERRUPTED after Ctrl-C.
    """

    load: float
    reference_margin: float
    margin: float
    points: tuple[Point, ...]
    missing: tuple[Point, ...]
    d_star: Estimate
    status: Status


def default_distances(branch: Branch) -> np.ndarray:
    """200 distances from 1e-3 to a little past d*, denser where they are small."""
    top = 1.1 * branch.d_star.value
    return SMALLEST_DISTANCE + (top - SMALLEST_DISTANCE) * np.linspace(0.0, 1.0, N_DISTANCES) ** 2


def local_entropy_profile(  # noqa: PLR0913  # the last four by keyword only
    load: float,
    reference_margin: float,
    margin: float = 0.0,
    distances: Sequence[float] | np.ndarray | None = None,
    *,
    step: type = MarginStep,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    throw: bool = True,
) -> LocalEntropyProfile:
    """Local entropy around typical references as a function of distance.

    Parameters
    ----------
    load, reference_margin, margin : float
        α > 0, κ̃ <= κ_max(α), κ.
    distances : array_like, shape (n,), optional
        In (0, 1), in any order; 200 from 1e-3 to past d* unless given.
    step : type
        Class of both constraints, as in `franz_parisi_branch`.
    executor : concurrent.futures.Executor, optional
        Where the chunks are computed; the numbers do not depend on it.
    progress : callable, optional
        Called with (number of chunks finished, number of chunks).
    throw : bool
        Raise where a distance has no saddle (default), or leave it out and say so in the status.

    Returns
    -------
    LocalEntropyProfile

    Raises
    ------
    ValueError
        For arguments out of range.
    ConvergenceError
        Where a distance has no saddle and `throw` is true; `result` is the profile without it.
    """
    branch = franz_parisi_branch(load, reference_margin, margin, step=step)
    if distances is None:
        wanted = default_distances(branch)
    else:
        wanted = np.unique(check_array("distances", distances, above=0.0, below=1.0))
    wanted = wanted[::-1]  # continuation goes from large to small
    chunks = [wanted[k : k + CHUNK] for k in range(0, wanted.size, CHUNK)]
    tasks = [_task(branch, chunk) for chunk in chunks]
    results, interrupted = sweep(_solve_chunk, tasks, executor, progress)
    solved = [point for result in results if result is not None for point in result]
    points = tuple(sorted((p for p in solved if p.status is Status.CONVERGED), key=lambda p: p.distance))
    missing = tuple(p for p in solved if p.status is not Status.CONVERGED)
    status = Status.INTERRUPTED if interrupted else Status.END_OF_BRANCH if missing else Status.CONVERGED
    problem = branch.problem
    profile = LocalEntropyProfile(
        problem.load, problem.reference.margin, problem.counted.margin, points, missing, branch.d_star, status
    )
    if throw and status is Status.END_OF_BRANCH:
        last = missing[0]
        raise ConvergenceError(
            f"{len(missing)} of {wanted.size} distances have no saddle: the branch from d* ends at distance "
            f"{last.distance:.4g} with 1 - q = {last.one_minus_overlap:.2g} and residual {last.residual:.1e}",
            profile,
        )
    return profile


def _task(branch: Branch, chunk: np.ndarray) -> Task:
    """The problem, the saddle to start from, the tolerance, and the distances of a chunk."""
    branch.at(float(chunk[0]), throw=False)
    near = min(branch.saddles, key=lambda known: abs(known - chunk[0]))
    start = {near: branch.saddles[near]}
    return branch.problem, start, branch.tolerance, chunk


def _solve_chunk(task: Task) -> list[Point]:
    problem, start, tolerance, chunk = task
    branch = Branch(problem, dict(start), tolerance)
    return [branch.at(float(distance), throw=False) for distance in chunk]
