"""Focusing and reinforced belief propagation as searches: one damped sweep a point, until the centre solves.

The first centre that solves is just inside the solutions, with a pattern at the smallest stability allowed; the same
protocol, followed to its end, goes on to denser regions (`follow_protocol` with `to_the_end`).

Sweeps are those of the form without edge messages in single precision: the cheapest, and for ±1 patterns no weaker than
messages on edges (measured at N = 1001). Gaussian patterns use the relaxed node. After every sweep the centre sign h is
tested on the patterns. A protocol that ends, a time or a sweep limit give NOT_SOLVED with the best centre seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from perceptron.base.checks import check_real
from perceptron.kernels.instance.patterns import count_below
from perceptron.message_passing.focusing import Focusing
from perceptron.message_passing.nodes import RelaxedNode, ShortAmpNode
from perceptron.message_passing.protocols import (
    ProtocolPoint,
    check_point,
    pseudo_reinforcement,
    scoping,
    standard_reinforcement,
)
from perceptron.patterns import Patterns
from perceptron.solvers.search import Limits, SearchResult, conclude_search

__all__ = ["PORTFOLIO", "Attempt", "focusing_search", "follow_protocol", "reinforced_search"]

COUNT_EVERY = 10  # sweeps between full counts of the errors; in between the first unmet pattern ends the test


@dataclass(frozen=True, slots=True)
class Attempt:
    """One protocol: its name, step of ρ, damping of the messages, and y where it is fixed (scoping)."""

    protocol: str = "pseudo-reinforcement"
    rho_step: float = 0.002
    damping: float = 0.5
    replicas: float = 4.0

    def points(self) -> Iterator[ProtocolPoint]:
        """The points (γ, y).

        Raises
        ------
        ValueError
            For an unknown name or numbers out of range.
        """
        if not 0.0 <= check_real("damping", self.damping) < 1.0:
            raise ValueError(f"damping = {self.damping!r} is out of range; allowed: real numbers in [0, 1)")
        makers: dict[str, Callable[[], Iterator[ProtocolPoint]]] = {
            "pseudo-reinforcement": lambda: pseudo_reinforcement(self.rho_step),
            "standard-reinforcement": lambda: standard_reinforcement(self.rho_step),
            "scoping": lambda: scoping(self.replicas, self.rho_step),
        }
        if self.protocol not in makers:
            raise ValueError(f"protocol = {self.protocol!r} is not known; allowed: {', '.join(makers)}")
        return makers[self.protocol]()


# from quick to thorough; the later ones differ, as what one protocol misses another may find
PORTFOLIO = (
    Attempt("pseudo-reinforcement", 0.01),
    Attempt("pseudo-reinforcement", 0.002),
    Attempt("scoping", 0.001, replicas=4.0),
    Attempt("standard-reinforcement", 0.001, damping=0.2),
    Attempt("scoping", 0.001, damping=0.3, replicas=5.0),
    Attempt("pseudo-reinforcement", 0.0003),
)
REINFORCEMENT = (
    Attempt("standard-reinforcement", 0.01),
    Attempt("standard-reinforcement", 0.002),
    Attempt("standard-reinforcement", 0.001, damping=0.2),
    Attempt("standard-reinforcement", 0.0003),
)


class _Line(NamedTuple):
    """A protocol to follow, and what the result tells of it."""

    points: Iterable[tuple[float, float]]
    damping: float
    settings: dict[str, Any]
    to_the_end: bool = False


class _Record:
    """Best centre seen, sweeps made, and whether a limit is reached; shared by the attempts of one search."""

    def __init__(self, patterns: Patterns, margin: float, limits: Limits) -> None:
        self.patterns, self.margin, self.limits = patterns, margin, limits
        self.threshold = patterns.threshold(margin)
        self.start = time.perf_counter()
        self.n_sweeps = 0
        self.fewest = patterns.n_patterns + 1
        self.weights = np.ones(patterns.n_weights, dtype=np.int8)

    def look(self, centre: np.ndarray) -> bool:
        """Whether a centre solved; now and then count all errors; keep the one with fewest, of solutions the last."""
        self.n_sweeps += 1
        stop_at = max(self.fewest, 1) if self.n_sweeps % COUNT_EVERY == 1 else 1
        count = self._count(centre, stop_at)
        if count < stop_at:
            self.weights[:] = centre  # first, so that a solution is not lost to Ctrl-C
            self.fewest = count
        return self.fewest == 0

    def _count(self, centre: np.ndarray, stop_at: int) -> int:
        if self.patterns.gaussian:
            return int(np.count_nonzero(self.patterns.sums(centre) < self.threshold.smallest_sum))
        return count_below(self.patterns.values, centre, self.threshold.smallest_sum, stop_at)

    @property
    def timed_out(self) -> bool:
        return time.perf_counter() - self.start >= self.limits.max_seconds

    @property
    def exhausted(self) -> bool:
        most = self.limits.max_sweeps
        return self.timed_out or (most is not None and self.n_sweeps >= most)


def _attempt(record: _Record, line: _Line, rng: np.random.Generator) -> bool:
    node = RelaxedNode if record.patterns.gaussian else ShortAmpNode
    state = Focusing(node(record.patterns, record.threshold), rng)
    for point in line.points:
        if record.exhausted:
            break
        state.sweep(check_point(point), line.damping)
        if record.look(state.centre) and not line.to_the_end:
            break
    return record.fewest == 0


def follow_protocol(  # noqa: PLR0913  # the last four by keyword only
    patterns: Patterns,
    protocol: Iterable[tuple[float, float]],
    margin: float = 0.0,
    *,
    limits: Limits = Limits(),  # noqa: B008  # an immutable record
    damping: float = 0.5,
    to_the_end: bool = False,
    rng: np.random.Generator,
) -> SearchResult:
    """Search along any protocol, one damped sweep a point.

    Parameters
    ----------
    patterns : Patterns
    protocol : iterable of (γ, y)
        γ >= 0, y >= 1, checked as they come.
    margin : float
        κ.
    limits : Limits
    damping : float
        Weight of the old messages, in [0, 1).
    to_the_end : bool
        Go on where the centre solves, to the end of the protocol or a limit, and return the last centre that solves:
        as γ and y grow the centre moves to where solutions are denser. Otherwise stop at the first.
    rng : numpy.random.Generator
        Breaks the symmetry of the start.
    """
    if not 0.0 <= check_real("damping", damping) < 1.0:
        raise ValueError(f"damping = {damping!r} is out of range; allowed: real numbers in [0, 1)")
    line = _Line(protocol, damping, {"damping": damping, "to_the_end": to_the_end}, to_the_end)
    return _search("free", patterns, margin, limits, rng, (line,))


def focusing_search(
    patterns: Patterns,
    margin: float = 0.0,
    *,
    limits: Limits = Limits(),  # noqa: B008  # an immutable record
    rng: np.random.Generator,
    attempts: Iterable[Attempt] = PORTFOLIO,
) -> SearchResult:
    """Focusing belief propagation: the protocols of `attempts` in turn, until one solves or a limit is reached.

    `settings` of the result names the attempt that ended the search.
    """
    return _search("fbp", patterns, margin, limits, rng, (_Line(a.points(), a.damping, asdict(a)) for a in attempts))


def reinforced_search(
    patterns: Patterns,
    margin: float = 0.0,
    *,
    limits: Limits = Limits(),  # noqa: B008  # an immutable record
    rng: np.random.Generator,
    attempts: Iterable[Attempt] = REINFORCEMENT,
) -> SearchResult:
    """Reinforced belief propagation: standard reinforcement only, with smaller and smaller steps."""
    return _search("rbp", patterns, margin, limits, rng, (_Line(a.points(), a.damping, asdict(a)) for a in attempts))


def _search(
    solver: str,
    patterns: Patterns,
    margin: float,
    limits: Limits,
    rng: np.random.Generator,
    attempts: Iterable[_Line],
) -> SearchResult:
    record = _Record(patterns, margin, limits)
    settings: dict[str, Any] = {}
    interrupted = False
    try:
        for number, line in enumerate(attempts, 1):
            settings = line.settings | {"attempt": number}
            if _attempt(record, line, rng) or record.exhausted:
                break
    except KeyboardInterrupt:
        interrupted = True
    return conclude_search(
        solver,
        patterns,
        record.weights,
        margin,
        n_sweeps=record.n_sweeps,
        start=record.start,
        timed_out=record.timed_out and record.fewest > 0,
        interrupted=interrupted,
        settings=settings,
    )
