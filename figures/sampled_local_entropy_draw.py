"""Drawing of local entropies by two-dimensional sampling from the data; computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

__all__ = ["sampled_local_entropies"]

Columns = dict[str, np.ndarray]
COLOURS = {0: "#CC79A7", 1: "#0072B2", 3: "#D55E00", 5: "#009E73"}
SHIFT = {0: -0.021, 1: -0.007, 3: 0.007, 5: 0.021}  # of points that would lie on one another


def sampled_local_entropies(columns: Columns) -> Figure:
    """Local entropy beside theory, its difference; BP in a field; the ball around the reference."""
    figure, axes = plt.subplots(2, 2, figsize=(9.0, 7.0))
    _profiles(axes[0, 0], columns)
    _differences(axes[0, 1], columns)
    _free_entropies(axes[1, 0], columns)
    _balls(axes[1, 1], columns)
    return figure


def _marker(columns: Columns, size: int) -> str:
    return "o" if size == columns["sizes"][-1] else "s"


def _name(kind: int) -> str:
    return "focusing BP" if kind == 0 else rf"$\tilde s={kind}$"


def _means(columns: Columns, size: int, kind: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    """Distances, mean local entropy of the references and its standard error, and their number."""
    rows = columns[f"{size}_local_entropy"][columns[f"{size}_reference"] == kind]
    inside = np.all(np.isfinite(rows), axis=0)
    distances = np.flatnonzero(inside) / size
    rows = rows[:, inside]
    return distances, rows.mean(axis=0), rows.std(axis=0, ddof=1) / np.sqrt(len(rows)), len(rows)


def _profiles(axes: Any, columns: Columns) -> None:
    size = int(columns["sizes"][-1])
    for kind in columns["references"]:
        colour, theory = COLOURS[int(kind)], f"theory_{size}_{kind}"
        axes.plot(columns[f"{theory}_distance"], columns[f"{theory}_local_entropy"], color=colour, linewidth=1.1)
        distances, mean, error, number = _means(columns, size, int(kind))
        every = slice(0, None, 2)
        margin = (kind - 1) / np.sqrt(size)
        axes.errorbar(
            distances[every],
            mean[every],
            error[every],
            linestyle="none",
            marker=_marker(columns, size),
            markersize=3.0,
            elinewidth=0.8,
            color=colour,
            label=rf"{_name(int(kind))}, $\tilde\kappa_\mathrm{{eff}}={margin:.3f}$, {number} references",
        )
    axes.plot([], [], color="grey", label=r"theory $\phi_\mathrm{FP}$")
    axes.set(xlabel="distance $d$ from the reference", ylabel="local entropy (nats per weight)")
    axes.set(xlim=(0.0, None), ylim=(0.0, None))
    axes.set_title(rf"around solutions drawn uniformly, $N={size}$", loc="left")
    axes.legend(fontsize=7)


def _differences(axes: Any, columns: Columns) -> None:
    for size in map(int, columns["sizes"]):
        for kind in map(int, columns["references"]):
            distances, mean, error, _ = _means(columns, size, kind)
            theory = f"theory_{size}_{kind}"
            at = columns[f"{theory}_distance"]
            usable = distances >= at.min()
            expected = np.interp(distances[usable], at, columns[f"{theory}_local_entropy"])
            axes.errorbar(
                distances[usable],
                mean[usable] - expected,
                error[usable],
                linestyle="none",
                marker=_marker(columns, size),
                markersize=3.0,
                elinewidth=0.5,
                color=COLOURS[kind],
                markerfacecolor=COLOURS[kind] if size == columns["sizes"][-1] else "white",
                label=rf"{_name(kind)}, $N={size}$",
            )
    axes.axhline(0.0, color="black", linewidth=0.8, zorder=0)
    axes.set(xlabel="distance $d$ from the reference", ylabel=r"sampled less $\phi_\mathrm{FP}$ (nats per weight)")
    axes.set_title("errors: over references and instances", loc="left")
    _legend_above(axes)


def _legend_above(axes: Any) -> None:
    """Legend over an empty strip at the top."""
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.3 * (high - low))
    axes.legend(fontsize=7, ncols=2, loc="upper center")


def _points(axes: Any, columns: Columns, place: np.ndarray, values: dict[int, np.ndarray], errors: dict) -> None:
    for size in map(int, columns["sizes"]):
        for kind in np.unique(columns[f"{size}_reference"]):
            rows = columns[f"{size}_reference"] == kind
            for number, row in enumerate(np.flatnonzero(rows)):
                axes.errorbar(
                    place + SHIFT[int(kind)] * (place[1] - place[0]) * 5.0,
                    values[size][row],
                    errors[size][row],
                    linestyle="none",
                    marker=_marker(columns, size),
                    markersize=3.0,
                    elinewidth=0.7,
                    color=COLOURS[int(kind)],
                    markerfacecolor=COLOURS[int(kind)] if size == columns["sizes"][-1] else "white",
                    label=rf"{_name(int(kind))}, $N={size}$" if number == 0 else None,
                )


def _free_entropies(axes: Any, columns: Columns) -> None:
    sizes = [int(size) for size in columns["sizes"]]
    drawn = columns["fields"] > 0.0  # at h = 0 the window of distances misses solutions
    values = {size: (columns[f"{size}_free_entropy"] - columns[f"{size}_bp"])[:, drawn] for size in sizes}
    errors = {size: columns[f"{size}_free_entropy_error"][:, drawn] for size in sizes}
    _points(axes, columns, columns["fields"][drawn], values, errors)
    axes.axhline(0.0, color="black", linewidth=0.8, zorder=0)
    axes.set(xlabel=r"field $h$ along the reference", ylabel=r"sampled $\ln\sum_d g(0,d)e^{h(N-2d)}/N$ less BP (nats)")
    axes.set_title("single references", loc="left")
    _legend_above(axes)


def _balls(axes: Any, columns: Columns) -> None:
    """Ratio of sampled and enumerated numbers, where the ball holds at least one configuration."""
    values, errors = {}, {}
    for size in map(int, columns["sizes"]):
        ball = columns[f"{size}_ball"].astype(np.float64)
        log_g, error = columns[f"{size}_log_g"][:, :4], columns[f"{size}_log_g_error"][:, :4]
        values[size] = np.where(ball > 0.0, np.exp(log_g) / np.where(ball > 0.0, ball, 1.0), np.nan)
        errors[size] = np.where(ball > 0.0, values[size] * error, np.nan)
    _points(axes, columns, np.arange(4.0), values, errors)
    axes.axhline(1.0, color="black", linewidth=0.8, zorder=0)
    axes.axhspan(0.9, 1.1, color="0.92", zorder=-1)
    axes.set(xlabel="flips from the reference", ylabel=r"sampled $g(0,d)$ over its exact number", xticks=range(4))
    axes.set_title("single references; shaded: 10 %", loc="left")
