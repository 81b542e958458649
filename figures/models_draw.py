"""Drawing of the phase diagrams of all models from their data; computes nothing."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

mpl.use("Agg")
from matplotlib import pyplot as plt

__all__ = ["models"]

Columns = dict[str, np.ndarray]
COLOURS = {"spherical": "#0072B2", "ternary": "#009E73", "binary": "#D55E00"}


def models(columns: Columns) -> Figure:
    """Four panels: capacities, symmetric perceptron, teacher and student, isolation of typical solutions."""
    figure, axes = plt.subplots(2, 2, figsize=(7.6, 6.2))
    _capacities(axes[0, 0], columns)
    _windows(axes[0, 1], columns)
    _generalisation(axes[1, 0], columns)
    _isolation(axes[1, 1], columns)
    for panel, letter in zip(axes.flat, "abcd", strict=True):
        panel.set_title(f"({letter}) {panel.get_title()}", fontsize=9)
    return figure


def _capacities(axes: Any, columns: Columns) -> None:
    for name, colour in COLOURS.items():
        axes.plot(columns["margins"], columns[name], color=colour, label=name)
    axes.plot(0.0, 2.0, "o", color=COLOURS["spherical"], markersize=4, clip_on=False)
    axes.set(xlabel=r"margin $\kappa$", ylabel=r"capacity $\alpha_c$", xlim=(0.0, 2.0), ylim=(0.0, 2.1))
    axes.set_title(r"solutions of margin $\kappa$ below the lines")
    axes.legend()


def _windows(axes: Any, columns: Columns) -> None:
    widths, loads = columns["half_widths"], columns["symmetric"]
    axes.fill_between(widths, 0.0, loads, color="#56B4E9", alpha=0.35, linewidth=0)
    axes.plot(widths, loads, "k")
    axes.annotate("typical solutions,\nall isolated", (1.35, 0.8), ha="center", fontsize=8)
    axes.annotate("no solutions", (0.6, 4.0), ha="center", fontsize=8)
    axes.set(xlabel="half-width $K$", ylabel=r"load $\alpha$", xlim=(0.1, 2.0), ylim=(0.0, 6.0))
    axes.set_title(r"symmetric perceptron $|\Delta|\leq K$")


def _generalisation(axes: Any, columns: Columns) -> None:
    loads, end = columns["student_loads"], float(columns["alpha_perfect"])
    spinodal = float(columns["alpha_spinodal"])
    stable = loads <= end
    for name, label, colour in (("gibbs_error", "Gibbs", "#D55E00"), ("bayes_error", "Bayes", "#0072B2")):
        error = columns[name]
        at_end = np.interp(end, loads, error)
        axes.plot(np.append(loads[stable], end), np.append(error[stable], at_end), color=colour, label=label)
        axes.plot(np.append(end, loads[~stable]), np.append(at_end, error[~stable]), "--", color=colour)
    axes.plot([end, 1.7], [0.0, 0.0], color="black", linewidth=2.5, clip_on=False, label="teacher alone")
    for load, text in ((end, rf"$\phi=0$: {end:.4f}"), (spinodal, f"spinodal: {spinodal:.4f}")):
        axes.axvline(load, color="grey", linestyle=":")
        axes.annotate(text, (load, 0.5), rotation=90, ha="right", va="top", fontsize=7)
    axes.set(xlabel=r"load $\alpha$", ylabel="error of generalisation", xlim=(0.0, 1.7), ylim=(0.0, 0.52))
    axes.set_title("teacher and student")
    axes.legend(loc="lower left")


def _isolation(axes: Any, columns: Columns) -> None:
    loads = columns["window_loads"]
    colours = mpl.colormaps["viridis_r"](np.linspace(0.15, 1.0, loads.size))
    for k, (load, colour) in enumerate(zip(loads, colours, strict=True)):
        distance, entropy = columns[f"window_distance_{k}"], columns[f"window_entropy_{k}"]
        stable = columns[f"window_replicon_{k}"] < 1.0
        axes.plot(distance, np.where(stable, entropy, np.nan), color=colour, label=rf"$\alpha={load:g}$")
        axes.plot(distance, np.where(stable, np.nan, entropy), ":", color=colour)
        axes.plot(columns["isolation"][k], 0.0, "o", color=colour, markersize=4)
    axes.axhline(0.0, color="grey", linewidth=0.6)
    axes.set(xscale="log", xlabel="distance $d$", ylabel=r"local entropy $\phi_\mathrm{FP}(d)$", ylim=(-0.12, 0.2))
    axes.set_title(rf"around a typical solution, $K={float(columns['half_width']):g}$")
    axes.legend(loc="upper left")
