"""Drawing of sampled numbers of solutions and their stabilities from the data; computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

__all__ = ["margins"]

Columns = dict[str, np.ndarray]
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
EDGE = 0.013  # nats, of the differences that are drawn in place
MARKERS = {1: "o", 3: "s", 5: "^"}


def margins(columns: Columns) -> Figure:
    """Sampling less BP on single instances; averages less theory; instances without solutions; stabilities."""
    figure, axes = plt.subplots(2, 2, figsize=(9.0, 7.0))
    _instances(axes[0, 0], columns)
    _averages(axes[0, 1], columns)
    _unsolvable(axes[1, 0], columns)
    _stabilities(axes[1, 1], columns)
    return figure


def _colour(load: float) -> str:
    return {3: COLOURS[0], 5: COLOURS[1], 7: COLOURS[2]}[round(10.0 * load)]


def _instances(axes: Any, columns: Columns) -> None:
    """Difference of ln Z/N at the largest N.

    Open symbols have not converged, and are drawn at the edge where they lie outside; crosses found no solution.
    """
    data = {name.removeprefix("instances_"): column for name, column in columns.items() if "instances_" in name}
    n_weights = int(data["n_weights"].max())
    data = {name: column[data["n_weights"] == n_weights] for name, column in data.items()}
    for n_patterns in np.unique(data["n_patterns"]):
        for smallest in np.unique(data["smallest_sum"]):
            chosen = (data["n_patterns"] == n_patterns) & (data["smallest_sum"] == smallest)
            if not chosen.any():
                continue
            look: dict[str, Any] = {"color": _colour(n_patterns / n_weights), "marker": MARKERS[int(smallest)]}
            label = rf"$P={n_patterns}$, $s_\mathrm{{min}}={smallest}$"
            for trusted in (True, False):
                part = chosen & (data["converged"] == trusted) & np.isfinite(data["entropy"])
                face = look["color"] if trusted else "white"
                axes.errorbar(
                    data["bp"][part],
                    np.clip(data["entropy"][part] - data["bp"][part], -EDGE, EDGE),
                    np.nan_to_num(data["error"][part]),
                    linestyle="none",
                    markersize=4.0,
                    markerfacecolor=face,
                    elinewidth=0.9,
                    label=label if trusted else None,
                    **look,
                )
            lost = chosen & ~np.isfinite(data["entropy"]) & np.isfinite(data["bp"])
            axes.plot(data["bp"][lost], np.zeros(lost.sum()), "x", color=look["color"], markersize=5.0)
    axes.axhline(0.0, color="black", linewidth=0.8, zorder=0)
    axes.plot([], [], "o", color="grey", markerfacecolor="white", label="not converged, outside at the edge")
    axes.plot([], [], "x", color="grey", label="no solution found (drawn at 0)")
    axes.set(xlabel=r"$\ln Z/N$ of BP, same instance (nats)", ylabel=r"sampled $\ln Z/N$ less that of BP (nats)")
    axes.set(ylim=(-1.1 * EDGE, 2.2 * EDGE))
    axes.set_title(rf"single instances, $N={n_weights}$", loc="left")
    axes.legend(fontsize=7, ncols=2)


def _groups(columns: Columns) -> list[tuple[float, int, np.ndarray]]:
    """Load to one digit, s_min and the lines that belong to them, by increasing N."""
    loads = np.round(columns["averages_n_patterns"] / columns["averages_n_weights"], 1)
    thresholds = columns["averages_smallest_sum"]
    groups = []
    for load in (0.3, 0.5, 0.7):
        for smallest in np.unique(thresholds):
            lines = np.flatnonzero((np.abs(loads - load) < 0.11) & (thresholds == smallest))
            if lines.size:
                groups.append((load, int(smallest), lines[np.argsort(columns["averages_n_weights"][lines])]))
    return groups


def _averages(axes: Any, columns: Columns) -> None:
    for load, smallest, lines in _groups(columns):
        size = columns["averages_n_weights"][lines]
        doubtful = columns["averages_doubtful"][lines] > 0.0
        difference = columns["averages_entropy"][lines] - columns["averages_theory"][lines]
        colour, marker = _colour(load), MARKERS[smallest]
        label = rf"$\alpha={load:g}$, $s_\mathrm{{min}}={smallest}$"
        axes.errorbar(
            1.0 / size,
            difference,
            columns["averages_error"][lines],
            marker=marker,
            markersize=4.0,
            linewidth=0.8,
            linestyle=":",
            color=colour,
            label=label,
            capsize=1.5,
        )
        axes.plot(1.0 / size[doubtful], difference[doubtful], marker, color=colour, markersize=4.0, markerfacecolor="w")
    axes.axhline(0.0, color="black", linewidth=0.8, zorder=0)
    axes.set(xlabel=r"$1/N$", ylabel=r"mean of $\ln Z/N$ less $\phi(P/N,\kappa_\mathrm{eff})$ (nats)", xlim=(0.0, None))
    axes.set(ylim=(-0.03, 0.16))
    axes.set_title("averages; open: some runs left out", loc="left")
    axes.legend(fontsize=7, ncols=2)


def _unsolvable(axes: Any, columns: Columns) -> None:
    for load, smallest, lines in _groups(columns):
        axes.errorbar(
            1.0 / columns["averages_n_weights"][lines],
            columns["averages_unsolvable"][lines],
            columns["averages_unsolvable_error"][lines],
            marker=MARKERS[smallest],
            markersize=4.0,
            linewidth=0.8,
            linestyle=":",
            color=_colour(load),
            capsize=1.5,
        )
    axes.set(xlabel=r"$1/N$", ylabel="share of instances without a solution found", xlim=(0.0, None), ylim=(0.0, None))
    axes.set_title("these are left out of the averages (symbols as there)", loc="left")


def _stabilities(axes: Any, columns: Columns) -> None:
    data = {name.removeprefix("stabilities_"): column for name, column in columns.items() if "stabilities_" in name}
    n_weights, n_patterns = data["size"]
    centre, width = data["centre"], data["width"]
    axes.stairs(
        data["theory"],
        np.append(centre - 0.5 * width, centre[-1] + 0.5 * width[-1]),
        color="black",
        linewidth=1.1,
        label=rf"theory, $\alpha={n_patterns}/{n_weights}$, $\kappa=0$",
    )
    number, draws = data["n_draws"].size, int(data["n_draws"].sum())
    axes.errorbar(
        centre,
        data["density"],
        data["error"],
        linestyle="none",
        marker="o",
        markersize=3.5,
        capsize=1.5,
        color=COLOURS[0],
        label=rf"sampled, $N={n_weights}$, {number} instances, {draws} draws",
    )
    axes.plot(centre, data["bp"], "_", color=COLOURS[1], markersize=9.0, label="BP, same instances")
    axes.set(xlabel=r"stability $\Delta=\xi\cdot w/\sqrt{N}$ (no unit)", ylabel=r"density $P(\Delta)$")
    axes.set(xlim=(0.0, 3.5), ylim=(0.0, 1.12))
    axes.legend(fontsize=7)
    inset = axes.inset_axes((0.5, 0.3, 0.48, 0.38))
    shift = 0.1 * width
    looks = (("theory", "error", COLOURS[0], -shift), ("bp", "less_bp_error", COLOURS[1], shift))
    for name, error, colour, aside in looks:
        inset.errorbar(
            centre + aside,
            data["density"] - data[name],
            data[error],
            linestyle="none",
            marker=".",
            markersize=4.0,
            elinewidth=0.8,
            color=colour,
            label=f"less {'BP' if name == 'bp' else name}",
        )
    inset.axhline(0.0, color="black", linewidth=0.6, zorder=0)
    inset.set(xlim=(0.0, 3.5))
    inset.tick_params(labelsize=6)
    inset.legend(fontsize=6, title="sampled", title_fontsize=6)
