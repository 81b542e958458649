"""Drawing of landscapes of molecular dynamics and of the entropic advantage by width; computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

__all__ = ["advantage", "panels"]

Columns = dict[str, np.ndarray]
COLOURS = {"spiral-regression": "#0072B2", "house-prices": "#D55E00", "polymer": "#009E73"}
NOTES = {"polymer": "embedding: rxnfp 0.1.0, mean of its last three layers, not the paper's"}
LEAST_RUNS = 2
CONSTANT = {"color": "black", "linestyle": ":", "linewidth": 1.0}


def panels(columns: Columns) -> Figure:
    """One panel for each network."""
    names = [str(name) for name in columns["names"]]
    n_columns = min(2, len(names))
    n_rows = -(-len(names) // n_columns)
    figure, axes = plt.subplots(n_rows, n_columns, figsize=(5.2 * n_columns, 4.0 * n_rows), squeeze=False)
    for number, name in enumerate(names):
        own = {key.rpartition("_")[0]: value for key, value in columns.items() if key.endswith(f"_{number}")}
        _panel(figure, axes.flat[number], name, own)
    fullest = max(axes.flat, key=lambda one: len(one.get_legend_handles_labels()[0]))
    if fullest.get_legend_handles_labels()[0]:
        fullest.legend(fontsize=7, loc="upper left", frameon=True)
    return figure


def _panel(figure: Figure, axes: Any, name: str, columns: Columns) -> None:
    task, _, width = name.rpartition("-")
    title = f"{task}, W = {width}"
    if "log_g" in columns:
        _map(figure, axes, columns)
        title += f"; {float(columns['steps']):.2g} steps, {int(columns['round_trips'])} round trips"
        title += "" if columns["converged"] else ", not converged"
        for key, label, style in (
            ("equilibrium", "equilibrium", {"color": "#CC79A7", "marker": "o", "markersize": 3.0}),
            ("maximum", "maximum of the entropy", {"color": "#D55E00", "marker": "x", "markersize": 3.0, "ls": "none"}),
        ):
            rows = _closed_rows(columns)  # an open bin has no place
            position, value = columns[f"{key}_position"][rows], columns[f"{key}_value"][rows]
            error = columns[f"{key}_error"][rows] if key == "equilibrium" else None
            axes.errorbar(position, value, error, linewidth=0.8, label=label, **style)
    else:
        title += "; not sampled"
    for key, label, line in (("clipped", "trained in the box", "-"), ("free", "trained, free", "--")):
        if f"{key}_position" in columns:
            shown = columns[f"{key}_n_runs"] >= LEAST_RUNS
            position, value = columns[f"{key}_position"][shown], columns[f"{key}_value"][shown]
            axes.plot(position, value, color="black", linestyle=line, linewidth=1.2, label=label)
    if "constant" in columns:
        _constant(axes, columns["constant"])
    axes.set_title(title, loc="left", fontsize=8)
    if not columns:
        axes.set_axis_off()
    axes.set(xlabel=r"$\ln L_\mathrm{train}$", ylabel=r"$\ln L_\mathrm{test}$")
    axes.locator_params(axis="x", nbins=6)
    if task in NOTES:
        axes.text(0.98, 0.02, NOTES[task], transform=axes.transAxes, ha="right", size=6)


def _constant(axes: Any, losses: np.ndarray) -> None:
    """Losses of the best constant prediction, where they are on the axes."""
    label = "best constant prediction"
    for loss, limits, line in zip(
        losses, (axes.get_xlim(), axes.get_ylim()), (axes.axvline, axes.axhline), strict=True
    ):
        if limits[0] <= loss <= limits[1]:
            line(loss, label=label, **CONSTANT)
            label = "_" + label


def _map(figure: Figure, axes: Any, columns: Columns) -> None:
    """The map over the bins that are known, as ln of a share of the box where it is one."""
    log_g, absolute = columns["log_g"].copy(), bool(columns["absolute"])
    edges = [_closed(columns[f"{key}_edges"]) for key in ("log_train_loss", "log_test_loss")]
    shift = columns["log_total"] if absolute else np.nanmax(log_g)
    picture = axes.pcolormesh(
        edges[0], edges[1], np.ma.masked_invalid(log_g.T - shift), cmap="cividis", rasterized=True
    )
    figure.colorbar(picture, ax=axes, label="ln g - ln (volume of the box)" if absolute else "ln g, relative")
    known = np.isfinite(log_g)
    closed = known & _closed_rows(columns)[:, None]  # an open row holds everything beyond, and is cut
    for edge, seen, setter in (
        (edges[0], known.any(axis=1), axes.set_xlim),
        (edges[1], closed.any(axis=0), axes.set_ylim),
    ):
        places = np.flatnonzero(seen)
        setter(edge[places[0]] - 0.1, edge[places[-1] + 1] + 0.1)


def _closed_rows(columns: Columns) -> np.ndarray:
    """Which bins of ln L_train have two finite edges."""
    edges = columns["log_train_loss_edges"]
    return np.isfinite(edges[:-1]) & np.isfinite(edges[1:])


def _closed(edges: np.ndarray) -> np.ndarray:
    """Edges with open ends drawn one bin wide."""
    found = edges.copy()
    width = float(np.diff(found[1:-1]).min())
    if not np.isfinite(found[0]):
        found[0] = found[1] - width
    if not np.isfinite(found[-1]):
        found[-1] = found[-2] + width
    return found


def advantage(columns: Columns) -> Figure:
    """Advantage of the equilibrium over training in the box, in ln L_test, by width; open where not converged."""
    figure, axes = plt.subplots(figsize=(5.6, 4.0))
    for number, task in enumerate(dict.fromkeys(map(str, columns["task"]))):
        rows = columns["task"] == task
        marker, colour = "os^"[number % 3], COLOURS[task]
        values = columns["width"][rows], columns["advantage"][rows], columns["advantage_error"][rows]
        axes.errorbar(
            *values, marker=marker, color=colour, linewidth=0.8, capsize=2.0, label=task, markerfacecolor="white"
        )
        trusted = columns["converged"][rows]
        axes.plot(*(array[trusted] for array in values[:2]), marker, color=colour)
    if not np.all(columns["converged"]):
        axes.errorbar([], [], [], fmt="o", color="grey", markerfacecolor="white", label="open: landscape not converged")
    axes.axhline(0.0, color="black", linewidth=0.8)
    widths = sorted({int(width) for width in columns["width"]})
    axes.set_xscale("log")
    axes.set_xticks(widths, [str(width) for width in widths])
    axes.minorticks_off()
    axes.set(xlabel="width W", ylabel=r"$\ln L_\mathrm{test}$, trained in the box less equilibrium")
    axes.legend(fontsize=8)
    return figure
