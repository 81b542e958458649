"""Drawing of the spiral's landscape and of the comparison with training; computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

__all__ = ["comparison", "landscape"]

Columns = dict[str, np.ndarray]
COLOURS = {109: "#0072B2", 151: "#D55E00", 177: "#009E73", 249: "#CC79A7"}
ARROW = 12.0  # points, where the best point is cut in all data sets
CUT = "cut at the end of the landscape\n(length: share of the data sets)"
ROOM = 0.025  # of accuracy, below the points for the legend
LEAST_RUNS = 10  # of trained networks, for a point of their curve to be drawn


def landscape(columns: Columns) -> Figure:
    """Panel (a)."""
    figure, axes = plt.subplots(figsize=(6.4, 4.6))
    x, y = columns["log_train_loss_edges"].copy(), columns["test_accuracy_edges"]
    for end, other, sign in ((0, 1, -1.0), (-1, -2, 1.0)):
        if not np.isfinite(x[end]):
            x[end] = x[other] + sign * np.diff(x[1:-1]).min()
    share = np.ma.masked_invalid(columns["log_share"].T)
    picture = axes.pcolormesh(x, y, share, cmap="cividis", rasterized=True)
    figure.colorbar(picture, ax=axes, label=r"$\ln g - \ln$ (volume of the box), nats a bin")
    axes.errorbar(
        columns["equilibrium_position"],
        columns["equilibrium_value"],
        columns["equilibrium_error"],
        marker="o",
        markersize=3.0,
        linewidth=0.8,
        color="#CC79A7",
        label=r"equilibrium $\langle A\rangle(L)$",
    )
    maximum = columns["maximum_position"], columns["maximum_value"]
    axes.plot(*maximum, "x", markersize=3.0, color="#D55E00", label="maximum of the entropy")
    _trained(axes, columns, (x[0], x[-1]))
    if x[0] <= columns["constant"][0] <= x[-1]:
        label = r"best constant prediction, $\ln\ln 2$"
        axes.axvline(columns["constant"][0], color="black", linestyle=":", linewidth=1.0, label=label)
    axes.set(xlabel=r"$\ln L_\mathrm{train}$", ylabel=r"$A_\mathrm{test}$", xlim=(x[0], x[-1]), ylim=(y[0], y[-1]))
    trust = "" if columns["converged"] else ", not converged"
    axes.set_title(f"2-8-8-8-8-1, ReLU, 249 parameters; {columns['steps']:.2g} steps{trust}", loc="left", fontsize=9)
    axes.legend(fontsize=7, loc="lower left", frameon=True)
    return figure


def _trained(axes: Any, columns: Columns, limits: tuple[float, float]) -> None:
    for name, label, line in (("clipped", "SGD in the box", "-"), ("free", "SGD, free", "--")):
        position, value, error = (columns[f"{name}_{part}"] for part in ("position", "value", "error"))
        shown = (columns[f"{name}_n_runs"] >= LEAST_RUNS) & (position > limits[0]) & (position < limits[1])
        axes.plot(position[shown], value[shown], color="black", linestyle=line, linewidth=1.2, label=label)
        low, high = (value + sign * error for sign in (-1.0, 1.0))
        axes.fill_between(position[shown], low[shown], high[shown], color="black", alpha=0.25, linewidth=0.0)


def comparison(columns: Columns) -> Figure:
    """Panel (b): clipped and free training, the mean rule filled and that of the lowest test loss open.

    An arrow marks points whose best early stopping is cut at the end of the landscape in some of the data sets: beyond,
    training may be better.
    """
    figure, panels = plt.subplots(1, 2, figsize=(9.0, 4.4), sharex=True, sharey=True)
    for axes, clip, title in zip(panels, (True, False), ("SGD in the sampler's box", "SGD, free"), strict=True):
        for row in np.flatnonzero(columns["clip"] == clip):
            _condition(axes, columns, int(row))
        axes.axline((0.9, 0.9), slope=1.0, color="black", linewidth=0.8, zorder=0)
        axes.set_title(title, loc="left")
        axes.set(
            xlabel="best accuracy of SGD, early stopping", ylabel=r"equilibrium accuracy at the same $L_\mathrm{train}$"
        )
    _legend(panels[1])
    low, _ = panels[1].get_ylim()
    panels[1].set_ylim(bottom=low - ROOM)
    fewest, most = (int(end(columns["n_data_sets"])) for end in (np.min, np.max))
    number = f"{most}" if fewest == most else f"{fewest} to {most}"
    panels[1].text(0.98, 0.02, f"means over {number} data sets", transform=panels[1].transAxes, ha="right", size=7)
    return figure


def _condition(axes: Any, columns: Columns, row: int) -> None:
    colour = COLOURS[int(columns["n_parameters"][row])]
    axes.errorbar(
        columns["trained"][row],
        columns["equilibrium"][row],
        columns["equilibrium_error"][row],
        columns["trained_error"][row],
        marker="s" if columns["long"][row] else "o",
        color=colour,
        markerfacecolor="white" if columns["lowest_test_loss"][row] else colour,
        markersize=5.0,
        elinewidth=0.8,
    )
    if columns["n_cut"][row] > 0:
        share = columns["n_cut"][row] / columns["n_data_sets"][row]
        place = columns["trained"][row], columns["equilibrium"][row]
        axes.annotate("", place, (4.0 + ARROW * share, 0.0), textcoords="offset points", arrowprops=_arrow(colour))


def _arrow(colour: str) -> dict[str, Any]:
    """Away from the point."""
    return {"arrowstyle": "<-", "color": colour, "linewidth": 1.0, "shrinkA": 0.0, "shrinkB": 4.0}


def _legend(axes: Any) -> None:
    for parameters, colour in COLOURS.items():
        axes.plot([], [], linestyle="none", marker="o", color=colour, label=f"{parameters} parameters")
    for label, marker, face in (
        ("short training", "o", "grey"),
        ("long training", "s", "grey"),
        ("lowest test loss of a bin", "o", "white"),
    ):
        axes.plot([], [], linestyle="none", marker=marker, color="grey", markerfacecolor=face, label=label)
    arrow = r"$\rightarrow$"
    axes.plot([], [], linestyle="none", marker=arrow, markersize=9, color="grey", label=CUT)
    axes.legend(fontsize=7, loc="lower right", bbox_to_anchor=(1.0, 0.05))
