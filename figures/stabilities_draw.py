"""Drawing of the distribution of stabilities from its data; computes nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

__all__ = ["stability_densities"]

Columns = dict[str, np.ndarray]
LOOKS = {
    "enumeration_25": ("#0072B2", "s", "enumeration"),
    "enumeration_13": ("#56B4E9", "D", "enumeration"),
    "bp": ("#009E73", "o", "BP, cavity fields"),
    "focusing": ("#D55E00", "^", "focusing BP, first solution"),
    "focusing_end": ("#CC79A7", "v", "focusing BP, end of protocol"),
}


def stability_densities(columns: Columns) -> Figure:
    """Densities of all routes and theory (top); where the routes should meet the theory, the difference (bottom).

    The line of maximum margin leaves the picture at its top.
    """
    figure, (axes, lower) = plt.subplots(
        2, 1, sharex=True, figsize=(5.6, 5.6), gridspec_kw={"height_ratios": (2.4, 1.0)}
    )
    margin = float(columns["maximum_margin"])
    stability = np.concatenate([[0.0, 0.0], columns["stability"]])
    density = np.concatenate([[0.0, columns["density"][0]], columns["density"]])
    axes.plot(stability, density, color="black", label="theory, typical solutions", zorder=1)
    beyond = columns["stability"] >= margin
    stability = np.concatenate([[0.0, margin, margin], columns["stability"][beyond]])
    density = columns["maximum_margin_density"][beyond]
    density = np.concatenate([[0.0, 0.0, density[0]], density])
    label = rf"theory, typical at $\kappa_\mathrm{{max}}={margin:.3f}$"
    axes.plot(stability, density, ":", color="grey", linewidth=1.1, label=label, zorder=0)
    for route in ("enumeration_25", "bp", "focusing", "focusing_end"):
        _points(axes, columns, route, columns[f"{route}_density"])
    for route in ("enumeration_13", "enumeration_25", "bp"):
        _points(lower, columns, route, columns[f"{route}_density"] - columns[f"{route}_theory"])
    lower.axhline(0.0, color="black", linewidth=0.8, zorder=0)
    axes.set(ylabel=r"density $P(\Delta)$", xlim=(-0.1, 3.5), ylim=(0.0, 1.75))
    axes.set_title(rf"stabilities of solutions, $\alpha={float(columns['load']):g}$, $\kappa=0$")
    axes.legend(loc="upper right")
    lower.set(xlabel=r"stability $\Delta=\xi\cdot w/\sqrt{N}$ (no unit)", ylabel="difference\nfrom theory")
    lower.legend(loc="upper right", fontsize=7)
    return figure


def _points(axes: Any, columns: Columns, route: str, values: np.ndarray) -> None:
    """Points with standard errors over instances; horizontal bars are the intervals where they are wide."""
    colour, marker, name = LOOKS[route]
    size = int(columns[f"{route}_n_weights"])
    number = int(columns[f"{route}_n_instances"].sum())
    wide = 0.5 * columns[f"{route}_width"] if route.startswith("enumeration") else None
    axes.errorbar(
        columns[f"{route}_stability"],
        values,
        columns[f"{route}_error"],
        wide,
        linestyle="none",
        marker=marker,
        markersize=3.5,
        markerfacecolor="white",
        elinewidth=0.9,
        capsize=1.5,
        color=colour,
        label=rf"{name}, $N={size}$, {number} instances",
    )
