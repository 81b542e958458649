"""Drawing of the densest regions from their data; computes nothing."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

mpl.use("Agg")
from matplotlib import pyplot as plt

__all__ = ["add_densest_curve", "alpha_u", "local_entropies", "points"]

Columns = dict[str, np.ndarray]
ORANGE, BLUE, GREEN, PURPLE = "#D55E00", "#0072B2", "#009E73", "#CC79A7"
DENSEST = {
    "reference": (GREEN, r"$F_E=0$, around a reference ($d_S$)"),
    "replicas": (PURPLE, r"$F_E=0$, real replicas ($d$ mutual)"),
    "limit": ("grey", r"$y\to\infty$, real replicas: $F_E<0$"),
}


def add_densest_curve(axes: Any, columns: Columns, name: str, label: str | None = None) -> None:
    """S_I of coupled solutions: full where locally stable, dotted where not."""
    colour, words = DENSEST[name]
    _stable_line(axes, columns, name, colour, label or words)


def _stable_line(axes: Any, columns: Columns, name: str, colour: str, label: str) -> None:
    distance, entropy = columns[f"{name}_distance"], columns[f"{name}_local_entropy"]
    stable = columns[f"{name}_replicon"] < 1.0
    axes.plot(distance, np.where(stable, entropy, np.nan), color=colour, label=label)
    axes.plot(distance, np.where(stable, np.nan, entropy), ":", color=colour)


def points(axes: Any, columns: Columns, route: str, marker: str, label: str) -> None:
    """Means over instances with standard errors."""
    spread = {"xerr": columns[f"{route}_distance_error"], "yerr": columns[f"{route}_local_entropy_error"]}
    style: dict[str, Any] = {"linestyle": "none", "markersize": 4, "markerfacecolor": "white", "elinewidth": 0.8}
    place = (columns[f"{route}_distance"], columns[f"{route}_local_entropy"])
    axes.errorbar(*place, **spread, marker=marker, color=ORANGE, label=label, zorder=4, **style)


def local_entropies(columns: Columns) -> Figure:
    """Local entropies of typical references, densest regions and solutions of focusing; below, less that of κ_max."""
    figure, (axes, below) = plt.subplots(2, 1, figsize=(6.6, 6.0), sharex=True, height_ratios=(2, 1))
    axes.plot(columns["bound_distance"], columns["bound"], "k--", label="all configurations")
    _stable_line(axes, columns, "typical", "#56B4E9", r"typical, $\tilde\kappa=0$")
    _stable_line(axes, columns, "maximum", BLUE, r"typical, $\tilde\kappa=\kappa_\mathrm{max}$")
    for name in DENSEST:
        add_densest_curve(axes, columns, name)
    points(axes, columns, "scan", "s", "focusing BP solutions,\nBP in a field")
    points(axes, columns, "focusing", "o", "focusing BP,\ninternal entropy")
    axes.plot([], [], ":", color="grey", label="replica symmetry\nunstable")
    axes.axhline(0.0, color="grey", linewidth=0.6)
    axes.set(ylabel="local entropy (nats per weight)", xlim=(0.0, 0.12), ylim=(-0.01, 0.27))
    axes.set_title(rf"$\alpha={float(columns['load']):g}$, $\kappa=0$")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    known, entropy = columns["maximum_distance"], columns["maximum_local_entropy"]
    distance = columns["reference_distance"]
    inside = (distance >= known[0]) & (distance <= known[-1])
    excess = columns["reference_local_entropy"] - np.interp(distance, known, entropy)
    below.plot(distance[inside], 1e3 * excess[inside], color=GREEN)
    for route, marker in (("scan", "s"), ("focusing", "o")):
        error = 1e3 * columns[f"{route}_deviation_error"]
        place = (columns[f"{route}_distance"], 1e3 * columns[f"{route}_deviation"])
        style: dict[str, Any] = {"linestyle": "none", "markersize": 4, "markerfacecolor": "white"}
        below.errorbar(*place, yerr=error, marker=marker, color=ORANGE, **style)
    below.axhline(0.0, color=BLUE, linewidth=1.0)
    below.set(xlabel="distance", ylabel=r"$10^3\times$ (local entropy" + "\n" + r"$-$ that of $\kappa_\mathrm{max}$)")
    return figure


def alpha_u(columns: Columns) -> Figure:
    """The loads at which the densest regions break up, in units of the capacity, against the margin."""
    figure, axes = plt.subplots(figsize=(5.6, 4.0))
    labels = {
        "infinite_replicas": (r"(a) $y\to\infty$", "grey", "--"),
        "real_replicas": (r"(b) $F_E=0$, real replicas", PURPLE, "-"),
        "reference": (r"(c) $F_E=0$, around a reference", GREEN, "-"),
        "core": (r"$\alpha'_u$: references at $\kappa_\mathrm{max}$", BLUE, "-"),
    }
    for name, (label, colour, line) in labels.items():
        axes.plot(columns["margins"], columns[name] / columns["capacity"], line, color=colour, label=label)
    axes.set(xlabel=r"margin $\kappa$", ylabel=r"load in units of $\alpha_c(\kappa)$")
    axes.legend()
    return figure
