"""The grid of a landscape: bins over one or two collective variables of a system.

An integer variable has one bin a level (or a whole number of levels), a real variable bins of one width. The outermost
bins may be open: a *capped* variable, such as the deficit of a perceptron, has one open bin from a level on, which
holds nearly all configurations, so that the grid covers everything and ln g is normalised exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from perceptron.base.checks import check_real, keep_plain
from wl.interface.bins import OUT_OF_RANGE, IntegerAxis, OneAxis, RealAxis, TwoAxes
from wl.interface.system import System, Variable

__all__ = ["Axis", "Grid", "Range", "make_axis"]

MOST_BINS = 20_000_000
MOST_SPANS = 4  # stretches of levels that a report names
MOST_DECIMALS = 15
NEAR = 1e-6  # of a bin, between an edge and the level that is meant
ROUNDING = 1e-9  # a width that divides the window up to this does


@dataclass(frozen=True, slots=True)
class Range:
    """A window on one variable.

    Attributes
    ----------
    lowest, highest : float
        For an integer variable the first and last level; for a real one the outermost finite edges (the last bin is
        a whole one and may end above). Infinity stands for the end of a variable that has one.
    width : float or None
        Of a bin; None takes the spacing of the levels.
    open_low, open_high : bool
        Whether the first and last bin also hold everything beyond.
    """

    lowest: float
    highest: float
    width: float | None = None
    open_low: bool = False
    open_high: bool = False

    def __post_init__(self) -> None:
        keep_plain(self)


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """Bins of one variable.

    Attributes
    ----------
    variable : Variable
    position : int
        Of the variable in the values of the system.
    edges : ndarray, shape (n_bins + 1,)
        Bin k holds edges[k] <= x < edges[k + 1]; infinite at an open end. Edges of integer levels lie on levels.
    finite_edges : ndarray, shape (n_bins + 1,)
        The same, as if no end were open.
    coordinate : ndarray, shape (n_bins,)
        The level of an integer variable (the lowest of a wider bin), the centre of a real one (next to an open end, as
        if it were closed).
    lowest, width : float
        Of the first cell.
    """

    variable: Variable
    position: int
    edges: np.ndarray
    finite_edges: np.ndarray
    coordinate: np.ndarray
    lowest: float
    width: float

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return int(self.coordinate.size)

    @property
    def complete(self) -> bool:
        """Whether every value has a bin."""
        return bool(self.edges[0] <= self.variable.lowest and self.edges[-1] > self.variable.highest)

    @property
    def log_counts(self) -> np.ndarray | None:
        """Ln of the number of configurations of every bin by this variable alone, where that is known."""
        if self.variable.log_counts is None or self.variable.spacing is None:
            return None
        counts = self.variable.log_counts()
        levels = self.variable.lowest + self.variable.spacing * np.arange(counts.size)
        bins = np.searchsorted(self.edges, levels, side="right") - 1
        inside = (bins >= 0) & (bins < self.n_bins)
        total = np.full(self.n_bins, -np.inf)
        np.logaddexp.at(total, bins[inside], counts[inside])
        return total

    @property
    def row_asked_for(self) -> int | None:
        """Bin of the level that the variable is sampled for, where it has one and the bins hold it."""
        level = self.variable.asked_for
        if level is None or not self.edges[0] <= level < self.edges[-1]:
            return None
        return int(np.searchsorted(self.edges, level, side="right")) - 1

    def level_text(self, place: int) -> str:
        """A bin in words: its level, or the interval of a real variable or of several levels."""
        name, (low, high) = self.variable.name, self.edges[place : place + 2]
        meaning = f" ({self.variable.meaning})" if place == self.row_asked_for and self.variable.meaning else ""
        if self.variable.spacing is not None and high - low <= self.variable.spacing:
            return f"{name} = {self.coordinate[place]:g}{meaning}"
        return f"{name} in [{low:.4g}, {high:.4g}){meaning}"

    def levels_text(self, places: Sequence[int]) -> str:
        """The first few of some bins in words, runs of neighbours by their ends."""
        parts: list[list[int]] = []
        for place in map(int, places):
            if parts and place == parts[-1][-1] + 1 and parts[-1][0] != self.row_asked_for:
                parts[-1].append(place)
            else:
                parts.append([place])
        texts = [self._span_text(part[0], part[-1]) for part in parts[:MOST_SPANS]]
        return ", ".join(texts) + (f" and {len(parts) - MOST_SPANS} more stretches" if len(parts) > MOST_SPANS else "")

    def _span_text(self, first: int, last: int) -> str:
        if first == last:
            return self.level_text(first)
        if self.variable.spacing is not None:
            return f"{self.variable.name} = {self.coordinate[first]:g} to {self.coordinate[last]:g}"
        return f"{self.variable.name} in [{self.edges[first]:.4g}, {self.edges[last + 1]:.4g})"

    def kernel(self, first: int = 0, stop: int | None = None) -> IntegerAxis | RealAxis:
        """Table for the kernels; bins outside first … stop - 1 are out of range."""
        last = (self.n_bins if stop is None else stop) - 1
        numbers = np.arange(self.n_bins)
        numbers = np.where((numbers < first) | (numbers > last), OUT_OF_RANGE, numbers)
        below = numbers[0] if math.isinf(self.edges[0]) else OUT_OF_RANGE
        above = numbers[-1] if math.isinf(self.edges[-1]) else OUT_OF_RANGE
        if self.variable.spacing is None:
            bins = np.concatenate(([below], numbers, [above])).astype(np.int32)
            return RealAxis(self.position, 1.0 / self.width, self.finite_edges, bins)
        cells = np.full((self.n_bins, int(self.width)), OUT_OF_RANGE)
        cells[:, :: self.variable.spacing] = numbers[:, None]
        bins = np.concatenate(([below], cells.ravel(), [above])).astype(np.int32)
        return IntegerAxis(self.position, int(self.lowest), bins)


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Bins of one or two variables, numbered with the second running fastest."""

    axes: tuple[Axis, ...]

    def __post_init__(self) -> None:
        if self.n_bins > MOST_BINS:
            names = " x ".join(f"{axis.variable.name} ({axis.n_bins})" for axis in self.axes)
            raise ValueError(f"the grid {names} has {self.n_bins} bins; allowed: at most {MOST_BINS}; widen the bins")

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the variables."""
        return tuple(axis.variable.name for axis in self.axes)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of bins along each axis."""
        return tuple(axis.n_bins for axis in self.axes)

    @property
    def n_bins(self) -> int:
        """Number of bins."""
        return math.prod(self.shape)

    @property
    def row_size(self) -> int:
        """Bins that share one bin of the first variable."""
        return self.n_bins // self.axes[0].n_bins

    def log_total(self, system: System) -> float:
        """Ln of the number of configurations in the bins; nan where a window leaves it unknown."""
        windows = [axis for axis in self.axes if not axis.complete]
        if not windows:
            return system.log_total
        counts = windows[0].log_counts
        return math.nan if len(windows) > 1 or counts is None else float(np.logaddexp.reduce(counts))

    def kernel(self, first: int = 0, stop: int | None = None) -> OneAxis | TwoAxes:
        """Grid for the kernels, restricted to bins first … stop - 1 of the first variable."""
        head = self.axes[0].kernel(first, stop)
        if len(self.axes) == 1:
            return OneAxis(head)
        return TwoAxes(head, self.axes[1].kernel(), self.axes[1].n_bins)


def make_axis(system: System, name: str, window: Range | None = None, cap: float | None = None) -> Axis:
    """Bins of a variable: all its levels, up to an open one from `cap` on, or those of a window.

    Raises
    ------
    ValueError
        For an unknown variable, an empty window, or one that misses the variable's values.
    """
    position, variable = system.variable(name)
    if window is None and variable.window is not None:
        window = Range(*variable.window)
    if window is None and variable.spacing is None:
        raise ValueError(f"window of {name} is missing; a real variable needs {name}=lowest:highest:width")
    if window is None:
        closed = cap is None or cap >= variable.highest
        top = variable.highest if cap is None or closed else _level_above(variable, cap)
        window = Range(variable.lowest, top, open_high=not closed)
    window = _within(name, variable, window)
    return _integer(variable, position, window) if variable.spacing else _real(variable, position, window)


def _level_above(variable: Variable, value: float) -> int:
    spacing = variable.spacing or 1
    return int(variable.lowest) + spacing * math.ceil((value - variable.lowest) / spacing)


def _within(name: str, variable: Variable, window: Range) -> Range:
    """The window checked, infinite ends put at those of the variable."""
    ends = []
    for end, own in ((window.lowest, variable.lowest), (window.highest, variable.highest)):
        if math.isinf(end) and math.isinf(own):
            raise ValueError(
                f"window of {name} ends at {end:g}; allowed: finite ends; {name}=lowest:highest:width:open-below,"
                " :open-above or :open takes in what lies beyond"
            )
        ends.append(own if math.isinf(end) else check_real(f"window of {name}", end))
    lowest, highest = ends
    if lowest > highest or (lowest == highest and variable.spacing is None):
        raise ValueError(f"window of {name} = {lowest:g}:{highest:g} is empty; allowed: lowest < highest")
    if highest < variable.lowest or lowest > variable.highest:
        raise ValueError(
            f"window of {name} = {lowest:g}:{highest:g} misses its values; allowed: within"
            f" {variable.lowest:g}:{variable.highest:g}"
        )
    if window.width is not None:
        check_real(f"width of {name}", window.width, above=0.0)
    return replace(window, lowest=lowest, highest=highest)


def _check_number(variable: Variable, n_bins: float) -> int:
    if n_bins > MOST_BINS:
        raise ValueError(f"{variable.name} has {n_bins:.4g} bins; allowed: at most {MOST_BINS}; widen or narrow them")
    return int(n_bins)


def _integer(variable: Variable, position: int, window: Range) -> Axis:
    spacing = variable.spacing or 1
    width = spacing if window.width is None else int(window.width)
    if width % spacing or width < 1 or (window.width is not None and width != window.width):
        raise ValueError(
            f"width of {variable.name} = {window.width:g} is out of range; allowed: multiples of {spacing}"
        )
    first = _level_above(variable, max(window.lowest, variable.lowest))
    last = min(window.highest, variable.highest)
    if first > last:
        raise ValueError(
            f"window of {variable.name} = {window.lowest:g}:{window.highest:g} holds no level; levels are"
            f" {variable.lowest:g}, {variable.lowest + spacing:g}, …, {variable.highest:g}"
        )
    n_bins = _check_number(variable, int(last - first) // width + 1)
    coordinate = first + width * np.arange(n_bins, dtype=np.int64)
    edges = np.append(coordinate, coordinate[-1] + width).astype(np.float64)
    return Axis(variable, position, _open(edges, window), edges, coordinate, first, width)


def _real(variable: Variable, position: int, window: Range) -> Axis:
    if window.width is None:
        raise ValueError(f"width of {variable.name} is missing; allowed: {variable.name}=lowest:highest:width")
    number = (window.highest - window.lowest) / window.width
    n_bins = _check_number(variable, max(1.0, math.ceil(number * (1.0 - ROUNDING)) if number < 1e18 else number))
    width = float(window.width)
    edges = _on_levels(variable, _equal_steps(window.lowest, width, n_bins + 1), width)
    centres = 0.5 * (edges[:-1] + edges[1:])
    if edges[-1] == variable.highest:  # the highest value itself belongs to the last bin
        window = replace(window, open_high=True)
    return Axis(variable, position, _open(edges, window), edges, centres, window.lowest, width)


def _equal_steps(lowest: float, width: float, number: int) -> np.ndarray:
    """Edges lowest + k width; where both have few decimals, each is the nearest number to its decimal value."""
    for n_decimals in range(MOST_DECIMALS + 1):
        scaled = lowest * 10.0**n_decimals, width * 10.0**n_decimals
        first, step = map(round, scaled)
        if first / 10**n_decimals == lowest and step / 10**n_decimals == width:
            if abs(first) + step * number > 2**53:
                break
            return (first + step * np.arange(number, dtype=np.int64)) / 10**n_decimals
    return lowest + width * np.arange(number)


def _on_levels(variable: Variable, edges: np.ndarray, width: float) -> np.ndarray:
    """Edges that miss a level k/n of the variable by rounding are put on it."""
    if variable.n_levels is None:
        return edges
    nearest = np.rint(edges * variable.n_levels) / variable.n_levels
    return np.where(np.abs(edges - nearest) < NEAR * width, nearest, edges)


def _open(edges: np.ndarray, window: Range) -> np.ndarray:
    edges = edges.astype(np.float64)
    if window.open_low:
        edges[0] = -math.inf
    if window.open_high:
        edges[-1] = math.inf
    return edges


def names_of(text: str | Sequence[str]) -> list[str]:
    """Variables of a comma-separated list."""
    return [name.strip() for name in text.split(",")] if isinstance(text, str) else list(text)
