"""Solver study: success probability of every solver against the load, one panel for each size.

`compute` reads finished studies and adds the thresholds of the theory, `draw` reads nothing but what `compute` gives.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from figures.wide_flat_minima_draw import close, style
from perceptron.files import load_table, provenance, save_table, write_atomically
from perceptron.solvers.study import StudyResult, load_study
from perceptron.theory.replica_symmetric import capacity
from perceptron.theory.thresholds import dense_core_load

__all__ = ["compute", "draw", "make"]

Columns = dict[str, np.ndarray]
Study = StudyResult | Path | str
LARGE_DEVIATION_LOAD = 0.77  # α_u at κ = 0, C. Baldassi et al., Phys. Rev. Lett. 127, 278301 (2021)
NAMES = {"fbp": "focusing BP", "rbp": "reinforced BP", "sbpi": "SBPI", "sa": "annealing"}
LOOKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"))


def compute(*studies: Study) -> Columns:
    """Curves of one or more studies, and the thresholds at their margin.

    Parameters
    ----------
    studies : StudyResult or path of a study folder
        More than one where solvers or sizes were studied apart; a curve that is in two of them is taken from the last.

    Returns
    -------
    dict of ndarray
        `solver`, `n_weights`, `last_success`, `stops_at` and `max_seconds` by curve k; `loads_k`, `success_k`,
        `lower_k`, `upper_k`, `n_runs_k` and `n_timed_out_k`; `margin` and the thresholds.

    Raises
    ------
    ValueError
        If there is nothing to show, or the margins differ.
    """
    results = _read(studies)
    curves = {key: (result, curve) for result in results for key, curve in result.curves.items()}
    margins = sorted({result.plan.margin for result in results})
    if not curves or len(margins) > 1:
        raise ValueError(f"studies have {len(curves)} curves at margins {margins}; allowed: some, at one margin")
    chosen = list(curves.values())
    columns: Columns = {"margin": np.array(margins[0])}
    for name in ("solver", "n_weights", "last_success", "stops_at"):
        columns[name] = np.array([getattr(curve, name) for _, curve in chosen])
    columns["max_seconds"] = np.array([result.plan.limits(curve.n_weights).max_seconds for result, curve in chosen])
    for k, (_, curve) in enumerate(chosen):
        for name in ("loads", "success", "lower", "upper", "n_runs", "n_timed_out"):
            columns[f"{name}_{k}"] = getattr(curve, name)
    columns["alpha_u_prime"] = np.array(dense_core_load(margins[0]).value)
    columns["alpha_u"] = np.array(LARGE_DEVIATION_LOAD if margins[0] == 0.0 else np.nan)
    columns["alpha_c"] = np.array(capacity(margins[0]).value)
    return columns


def _read(studies: Sequence[Study]) -> list[StudyResult]:
    return [study if isinstance(study, StudyResult) else load_study(study) for study in studies]


def draw(columns: Columns) -> Figure:
    """Success probability against the load; open markers where runs met the time limit."""
    sizes = np.unique(columns["n_weights"])
    solvers = list(dict.fromkeys(columns["solver"].tolist()))
    n_columns = min(2, sizes.size)
    n_rows = -(-sizes.size // n_columns)
    extent = (3.7 * n_columns + 0.4, 2.7 * n_rows + 0.7)
    figure, grid = plt.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False, figsize=extent)
    for axes, size in zip(grid.flat, sizes, strict=False):
        for k in np.flatnonzero(columns["n_weights"] == size).tolist():
            _curve(axes, columns, k, LOOKS[solvers.index(columns["solver"][k]) % len(LOOKS)])
        seconds = columns["max_seconds"][columns["n_weights"] == size].max()
        axes.set_title(rf"$N={size}$, at most {seconds:g} s a run", fontsize=9)
        _thresholds(axes, columns)
        axes.set(ylim=(-0.04, 1.04))
        axes.legend(loc="center left", fontsize=7, title="last success at", title_fontsize=7)
    for axes in grid.flat[sizes.size :]:
        axes.remove()
    figure.supxlabel(r"load $\alpha=P/N$", fontsize=10)
    figure.supylabel("success probability", fontsize=10)
    return figure


def _curve(axes: Any, columns: Columns, k: int, look: tuple[str, str]) -> None:
    """One solver at one size, its legend telling the largest load with a success."""
    colour, marker = look
    loads, success = columns[f"loads_{k}"], columns[f"success_{k}"]
    bars = np.abs(np.array([columns[f"lower_{k}"], columns[f"upper_{k}"]]) - success)
    axes.errorbar(loads, success, bars, color=colour, linewidth=1.2, elinewidth=0.7, capsize=1.5, alpha=0.9)
    for some, face in ((columns[f"n_timed_out_{k}"] == 0, colour), (columns[f"n_timed_out_{k}"] > 0, "white")):
        axes.plot(loads[some], success[some], marker, color=colour, markerfacecolor=face, markersize=4, zorder=3)
    key = columns["solver"][k]
    last, stop = columns["last_success"][k], columns["stops_at"][k]
    reach = "none" if np.isnan(last) else f"{last:.3f}"
    end = ", not ended" if np.isnan(stop) and not np.isnan(last) else ""
    axes.plot([], [], marker=marker, color=colour, markersize=4, label=f"{NAMES.get(key, key)}: {reach}{end}")


def _thresholds(axes: Any, columns: Columns) -> None:
    names = (("alpha_u_prime", r"$\alpha'_u$", "--"), ("alpha_u", r"$\alpha_u$", "-."), ("alpha_c", r"$\alpha_c$", ":"))
    for name, text, line in names:
        value = float(columns[name])
        if np.isfinite(value):
            axes.axvline(value, color="black", linestyle=line, linewidth=0.8, zorder=0)
            axes.annotate(text, (value, 0.02), xytext=(-2, 0), textcoords="offset points", ha="right", fontsize=8)


def make(folder: Path, *studies: Study) -> list[Path]:
    """Compute, save and draw the figure: solver-study.npz, .png and .pdf in `folder`."""
    data = folder / "solver-study.npz"
    plans = [asdict(result.plan) for result in _read(studies)]
    save_table(data, compute(*studies), provenance(figure="solver-study", plans=plans))
    columns, _ = load_table(data)
    written = [data]
    with style():
        figure = draw(columns)
        for ending in ("png", "pdf"):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=ending)
            write_atomically(data.with_suffix(f".{ending}"), buffer.getvalue())
            written.append(data.with_suffix(f".{ending}"))
    close(figure)
    return written
