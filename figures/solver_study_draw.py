"""Drawing of the solver study from its data; computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

__all__ = ["draw"]

Columns = dict[str, np.ndarray]
NAMES = {"fbp": "focusing BP", "rbp": "reinforced BP", "sbpi": "SBPI", "sa": "annealing"}
LOOKS = (("#0072B2", "o"), ("#D55E00", "s"), ("#009E73", "^"), ("#CC79A7", "D"), ("#E69F00", "v"), ("#56B4E9", "P"))
THRESHOLDS = (
    ("alpha_u_prime", r"$\alpha'_u$", "--"),
    ("alpha_u", r"$\alpha_u$", "-."),
    ("alpha_c", r"$\alpha_c$", ":"),
)


def draw(columns: Columns) -> Figure:
    """Success against the load, a panel for each size; below, the loads at which every solver stops."""
    sizes = np.unique(columns["n_weights"])
    n_columns = min(2, sizes.size)
    n_rows = -(-sizes.size // n_columns)
    heights = (2.4 * n_rows + 0.4, 1.2 + 0.17 * columns["n_weights"].size)
    figure = plt.figure(figsize=(7.4, sum(heights)))
    upper, lower = np.asarray(figure.subfigures(2, 1, height_ratios=heights)).tolist()
    grid = upper.subplots(n_rows, n_columns, sharex=True, sharey=True, squeeze=False)
    for axes, size in zip(grid.flat, sizes, strict=False):
        _success(axes, columns, int(size))
    for axes in grid.flat[sizes.size :]:
        axes.remove()
    upper.supxlabel(r"load $\alpha=P/N$", fontsize=10)
    upper.supylabel("success probability", fontsize=10)
    shown = {_name(columns, k): _look(columns, k) for k in range(columns["solver"].size)}
    handles = [Line2D([], [], color=look[0], marker=look[1], markersize=4, label=n) for n, look in shown.items()]
    handles.append(Line2D([], [], color="grey", marker="o", markerfacecolor="white", label="met the time limit"))
    upper.legend(handles=handles, loc="outside upper center", ncols=len(handles), fontsize=8)
    _stops(lower.subplots(), columns)
    lower.legend(loc="outside lower center", ncols=3, fontsize=8)
    return figure


def _look(columns: Columns, k: int) -> tuple[str, str]:
    solvers = list(dict.fromkeys(columns["solver"].tolist()))
    return LOOKS[solvers.index(columns["solver"][k]) % len(LOOKS)]


def _name(columns: Columns, k: int) -> str:
    key = str(columns["solver"][k])
    return NAMES.get(key, key)


def _success(axes: Any, columns: Columns, size: int) -> None:
    """Curves of one size."""
    chosen = np.flatnonzero(columns["n_weights"] == size).tolist()
    for k in chosen:
        _curve(axes, columns, k)
    axes.set_title(rf"$N={size}$, at most {columns['max_seconds'][chosen].max():g} s a run", fontsize=9)
    _thresholds(axes, columns, 0.02)
    axes.axhline(0.5, color="grey", linewidth=0.5, zorder=0)
    axes.set(ylim=(-0.06, 1.04))


def _curve(axes: Any, columns: Columns, k: int) -> None:
    """One solver at one size; open markers where runs met the time limit."""
    colour, marker = _look(columns, k)
    loads, success = columns[f"loads_{k}"], columns[f"success_{k}"]
    bars = np.abs(np.array([columns[f"lower_{k}"], columns[f"upper_{k}"]]) - success)
    axes.errorbar(loads, success, bars, color=colour, linewidth=1.2, elinewidth=0.7, capsize=1.5, alpha=0.9)
    for some, face in ((columns[f"n_timed_out_{k}"] == 0, colour), (columns[f"n_timed_out_{k}"] > 0, "white")):
        axes.plot(loads[some], success[some], marker, color=colour, markerfacecolor=face, markersize=4, zorder=3)


def _stops(axes: Any, columns: Columns) -> None:
    """One row for every solver and size: α_½, the last success, and where the curve ended."""
    order = sorted(range(columns["solver"].size), key=lambda k: int(columns["n_weights"][k]))
    rows = np.arange(len(order))
    for row, k in zip(rows, order, strict=True):
        _stop(axes, columns, k, int(row))
    sizes = columns["n_weights"][order]
    for row in np.flatnonzero(np.diff(sizes)):
        axes.axhline(row + 0.5, color="grey", linewidth=0.4)
    axes.set_yticks(rows, [rf"$N={columns['n_weights'][k]}$, {_name(columns, k)}" for k in order], fontsize=7)
    axes.set(ylim=(rows[-1] + 0.6, -1.6), xlabel=r"load $\alpha=P/N$")
    axes.annotate(
        r"$\alpha_{1/2}$, last success, curve ends at", (1.01, -1.0), xycoords=axes.get_yaxis_transform(), fontsize=7
    )
    axes.set_title("where each solver stops", fontsize=9)
    _thresholds(axes, columns, 0.94)
    axes.errorbar([], [], xerr=[], fmt="o", color="grey", markersize=4, label=r"$\alpha_{1/2}$: half succeed")
    axes.plot([], [], "|", color="grey", markersize=8, markeredgewidth=1.8, label="last success")
    axes.plot([], [], "x", color="grey", markersize=4, label="curve ends: no success here and at the next load")


def _stop(axes: Any, columns: Columns, k: int, row: int) -> None:
    """Marks of one row, and the same in numbers at its right."""
    colour, marker = _look(columns, k)
    half, error = float(columns["half_success"][k]), float(columns["half_success_error"][k])
    last, stop = float(columns["last_success"][k]), float(columns["stops_at"][k])
    loads = columns[f"loads_{k}"]
    if np.isfinite(half):
        axes.errorbar(half, row, xerr=error, fmt=marker, color=colour, markersize=4, capsize=1.5, elinewidth=0.9)
        words = [rf"{half:.3f}$\,\pm\,${error:.3f}"]
    else:
        words = [f"< {loads[0]:.3f}" if columns[f"success_{k}"][0] < 0.5 else f"> {loads[-1]:.3f}"]
    if np.isfinite(last):
        axes.plot(last, row, "|", color=colour, markersize=8, markeredgewidth=1.8)
    words.append(f"{last:.3f}" if np.isfinite(last) else "none")
    if np.isfinite(stop):
        axes.plot(stop, row, "x", color=colour, markersize=4)
    words.append(f"{stop:.3f}" if np.isfinite(stop) else f"> {loads[-1]:.3f}")
    axes.annotate(",  ".join(words), (1.01, row), xycoords=axes.get_yaxis_transform(), va="center", fontsize=7)


def _thresholds(axes: Any, columns: Columns, height: float) -> None:
    """Lines at the loads of the theory, named at a height in units of the axes."""
    for name, text, line in THRESHOLDS:
        value = float(columns[name])
        if np.isfinite(value):
            axes.axvline(value, color="black", linestyle=line, linewidth=0.8, zorder=0)
            place = {"xy": (value, height), "xycoords": axes.get_xaxis_transform()}
            axes.annotate(text, **place, xytext=(-2, 0), textcoords="offset points", ha="right", fontsize=8)
