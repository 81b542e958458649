"""What a window knows of ln g before its first trial, by the setting `start`."""

from __future__ import annotations

from collections.abc import Callable

from wl.engine.phases import NEVER
from wl.engine.settings import Settings
from wl.engine.starts.anneal import anneal
from wl.engine.starts.rows_first import learn_rows
from wl.engine.starts.temperature_ladder import anneal_forces
from wl.engine.starts.tempered_anneal import temper
from wl.engine.windows.window import Window
from wl.interface.grid import Grid

__all__ = ["begin"]

ANNEALED = 100_000  # evaluations of the force, where the end of the run is open
ROWS = 40_000_000  # trials to learn the first variable alone, where the end of the run is open


def begin(
    window: Window, grid: Grid, settings: Settings, close_at: int, progress: Callable[[str], None] | None = None
) -> None:
    """Set ln g near the truth where the settings ask for it.

    "anneal" is an integration along temperatures, for two variables flat in the second where its density alone is
    known; "rows" learns the first of two variables, in `close_at` trials, the end of exploration. Under forces both are
    a ladder of temperatures down and up, each in `close_at` evaluations.
    """
    two = len(grid.axes) == 2
    if window.motion is not None:
        if settings.start != "uniform":
            n_evaluations = ANNEALED if close_at == NEVER else close_at
            anneal_forces(window, grid, n_evaluations, progress or (lambda _: None))
    elif settings.start == "rows" and two:
        learn_rows(window, grid, settings, ROWS if close_at == NEVER else close_at, progress)
    elif settings.start == "anneal":
        counts = grid.axes[1].log_counts if two else None
        if counts is None:
            anneal(window, grid)
        else:
            temper(window, grid, counts)
