"""Drawing of the phase diagrams of all models from their data; computes nothing."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from perceptron.base.results import MARGINAL, stability_in_words

mpl.use("Agg")
from matplotlib import pyplot as plt

__all__ = ["models"]

Columns = dict[str, np.ndarray]
COLOURS = {"spherical": "#0072B2", "ternary": "#009E73", "binary": "#D55E00"}


def models(columns: Columns) -> Figure:
    """Four panels: capacities, symmetric perceptron, teacher and student, isolation of typical solutions.

    Everything is replica symmetric; lines are dotted where that is unstable.
    """
    figure, axes = plt.subplots(2, 2, figsize=(7.6, 6.6))
    _capacities(axes[0, 0], columns)
    _windows(axes[0, 1], columns)
    _generalisation(axes[1, 0], columns)
    _isolation(axes[1, 1], columns)
    for panel, letter in zip(axes.flat, "abcd", strict=True):
        panel.set_title(f"({letter}) {panel.get_title()}", fontsize=9)
    figure.suptitle("replica-symmetric theory; dotted where replica symmetry is unstable", fontsize=9)
    return figure


def _capacities(axes: Any, columns: Columns) -> None:
    margins = columns["margins"]
    for name, colour in COLOURS.items():
        values, unstable = columns[name], columns[f"{name}_replicon"] > 1.0 + MARGINAL
        axes.plot(margins, np.where(unstable, np.nan, values), color=colour, label=name)
        # the last stable point too, so that the line has no gap
        joined = unstable | np.append(unstable[1:], False) | np.append(False, unstable[:-1])
        axes.plot(margins, np.where(joined & unstable.any(), values, np.nan), ":", color=colour)
    axes.plot(0.0, 2.0, "o", color=COLOURS["spherical"], markersize=4)
    axes.annotate("upper bound", (-0.3, 3.4), xytext=(8, 0), textcoords="offset points", fontsize=7)
    axes.set(xlabel=r"margin $\kappa$", ylabel=r"capacity $\alpha_c$", xlim=(margins[0], 2.0), ylim=(0.0, 4.9))
    axes.set_title(r"solutions of margin $\kappa$ below the lines")
    axes.legend()


def _windows(axes: Any, columns: Columns) -> None:
    widths, loads = columns["half_widths"], columns["symmetric"]
    stable = bool(np.all(columns["symmetric_replicon"] < 1.0))
    axes.fill_between(widths, 0.0, loads, color="#56B4E9", alpha=0.35, linewidth=0)
    axes.plot(widths, loads, "k" if stable else "k:")
    axes.annotate("typical solutions,\nall isolated", (1.35, 0.8), ha="center", fontsize=8)
    axes.annotate("no solutions", (0.6, 4.0), ha="center", fontsize=8)
    axes.set(xlabel="half-width $K$", ylabel=r"load $\alpha$", xlim=(0.1, 2.0), ylim=(0.0, 6.0))
    axes.set_title(r"symmetric perceptron $|\Delta|\leq K$")


def _generalisation(axes: Any, columns: Columns) -> None:
    loads, end, spinodal = columns["student_loads"], columns["alpha_perfect"].item(), columns["alpha_spinodal"].item()
    before = loads <= end
    for name, label, colour in (("gibbs_error", "Gibbs", "#D55E00"), ("bayes_error", "Bayes", "#0072B2")):
        error = columns[name]
        at_end = np.interp(end, loads, error)
        axes.plot(np.append(loads[before], end), np.append(error[before], at_end), color=colour, label=label)
        axes.plot(np.append(end, loads[~before]), np.append(at_end, error[~before]), "--", color=colour)
    axes.plot([], [], "--", color="grey", label="metastable")
    axes.plot([end, 1.7], [0.0, 0.0], color="black", linewidth=2.5, clip_on=False, label="teacher alone")
    for name, load, what in (("alpha_perfect", end, r"$\phi=0$"), ("alpha_spinodal", spinodal, "spinodal")):
        axes.axvline(load, color="grey", linestyle=":", linewidth=0.8)
        text = f"{what}: {load:.4f}, {stability_in_words(columns[f'{name}_replicon'].item())}"
        axes.annotate(text, (load, 0.515), rotation=90, ha="right", va="top", fontsize=7)
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
