"""Drawing of the figure of tree committees from its data; computes nothing."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

mpl.use("Agg")
from matplotlib import pyplot as plt

__all__ = ["committees"]

Columns = dict[str, np.ndarray]
COLOURS = {"perceptron": "#000000", "three": "#009E73", "three_relu": "#CC79A7", "sign": "#0072B2", "relu": "#D55E00"}
MARKERS = {"three_relu": "o"}  # of profiles: it has few points, and lies on the line of many ReLU units
LABEL_SHIFTS = {"perceptron": -0.055, "sign": 0.01, "relu": 0.01}
LABELS = {
    "perceptron": "one perceptron",
    "three": "three sign units",
    "three_relu": "three ReLU units",
    "sign": r"sign units, $K\to\infty$",
    "relu": r"ReLU units, $K\to\infty$",
}


def committees(columns: Columns) -> Figure:
    """Four panels: entropy, typical distance, local entropy, and the width of the dense phase."""
    figure, axes = plt.subplots(2, 2, figsize=(7.6, 6.2))
    _against_load(axes[0, 0], columns, "entropy", r"entropy $\phi$ (nats per weight)")
    _against_load(axes[0, 1], columns, "typical_distance", "typical distance $d$")
    axes[0, 0].set(ylim=(0.0, 0.7), title=r"typical solutions, $\kappa=0$")
    axes[0, 1].set(ylim=(0.0, 0.52), title="between two of them")
    axes[0, 0].legend()
    _profiles(axes[1, 0], columns)
    _dense_phase(axes[1, 1], columns)
    for panel, letter in zip(axes.flat, "abcd", strict=True):
        panel.set_title(f"({letter}) {panel.get_title()}", fontsize=9)
    return figure


def _against_load(axes: Any, columns: Columns, what: str, label: str) -> None:
    for name, colour in COLOURS.items():
        loads, values = columns[f"{name}_loads"], columns[f"{name}_{what}"]
        axes.plot(loads, values, color=colour, label=LABELS[name])
        axes.plot(loads[-1], values[-1], "o", color=colour, markersize=4, clip_on=False)
    axes.set(xlabel=r"load $\alpha$", ylabel=label, xlim=(0.0, 1.0))


def _profiles(axes: Any, columns: Columns) -> None:
    for name, colour in COLOURS.items():
        for place, line in (("zero", "--"), ("largest", "-")):
            if f"{name}_{place}_distance" not in columns:
                continue
            distance, entropy = columns[f"{name}_{place}_distance"], columns[f"{name}_{place}_entropy"]
            stable = columns[f"{name}_{place}_replicon"] < 1.0
            marker = MARKERS.get(name, "")
            axes.plot(distance, np.where(stable, entropy, np.nan), line, color=colour, marker=marker, markersize=3.5)
    axes.axhline(0.0, color="grey", linewidth=0.6)
    load = float(columns["load"])
    axes.set(xlabel="distance $d$", ylabel=r"local entropy $\phi_\mathrm{FP}$ (nats per weight)", xlim=(0.0, 0.25))
    axes.set(ylim=(-0.1, 0.4), title=rf"around typical references, $\alpha={load:g}$")
    largest = Line2D([], [], color="grey", linestyle="-", label=r"$\tilde\kappa=\kappa_\mathrm{max}$")
    zero = Line2D([], [], color="grey", linestyle="--", label=r"$\tilde\kappa=0$")
    axes.legend(handles=[largest, zero])


def _dense_phase(axes: Any, columns: Columns) -> None:
    for name, colour in COLOURS.items():
        if f"{name}_dense_loads" not in columns:
            continue
        ratio = columns[f"{name}_kappa_u"] / columns[f"{name}_largest_margin"]
        end, _ = columns[f"{name}_dense_core_load"]
        axes.plot(np.append(columns[f"{name}_dense_loads"], end), np.append(ratio, 1.0), color=colour)
        axes.plot(end, 1.0, "o", color=colour, markersize=4, clip_on=False)
        axes.text(end + LABEL_SHIFTS[name], 0.95, f"{end:.4f}", color=colour, rotation=90, va="top", fontsize=8)
    axes.set(xlabel=r"load $\alpha$", ylabel=r"$\tilde\kappa_u/\kappa_\mathrm{max}$", xlim=(0.1, 0.85), ylim=(0.0, 1.0))
    axes.set_title(r"dense above the lines, up to $\alpha_u'$")
