"""Drawing of walks at a fixed temperature; computes nothing but running means."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

__all__ = ["relaxation"]

Columns = dict[str, np.ndarray]
LABELS = (r"$\ln L_\mathrm{train}$", r"$\ln L_\mathrm{test}$")
STARTS = (("from uniform draws", "#0072B2", False), ("from trained networks", "#D55E00", True))
N_MEANS = 40  # stretches, each longer than the one before, over which records are averaged


def relaxation(columns: Columns) -> Figure:
    """A row for each network: training loss and test loss of the walks over evaluations."""
    names = [str(name) for name in columns["names"]]
    n_rows = max(1, len(names))
    figure, axes = plt.subplots(n_rows, 2, figsize=(9.6, 3.4 * n_rows), squeeze=False)
    for number, name in enumerate(names):
        own = {key.rpartition("_")[0]: value for key, value in columns.items() if key.endswith(f"_{number}")}
        _row(axes[number], name, own)
    if names:
        axes[0, 1].legend(fontsize=7)
    return figure


def _row(axes: Any, name: str, columns: Columns) -> None:
    task, _, width = name.rpartition("-")
    given = columns["given_start"].astype(bool)
    for side, key in enumerate(("log_train_loss", "log_test_loss")):
        for label, colour, wanted in STARTS:
            if np.any(given == wanted):
                _band(axes[side], columns["evaluations"], columns[key][given == wanted], colour, label)
        value, error = columns["expected"][side]
        axes[side].axhline(value, color="black", linewidth=1.0, label="landscape, at this temperature")
        if np.isfinite(error):
            axes[side].axhspan(value - error, value + error, color="black", alpha=0.12, linewidth=0.0)
        if "constant" in columns:
            constant = columns["constant"][side]
            axes[side].axhline(constant, color="black", linestyle=":", linewidth=1.0, label="best constant prediction")
        axes[side].set(xlabel="force evaluations of a walk", ylabel=LABELS[side])
    _band(
        axes[1], columns["evaluations"], columns["equilibrium"], "#009E73", "landscape, at the same training loss", "--"
    )
    excess, error = columns["excess"]
    axes[0].set_title(f"{task}, W = {width}; T = {float(columns['temperature']):.3g}", loc="left", fontsize=8)
    for side in axes:
        side.set_xscale("log")
    axes[1].set_title(f"later half: test less landscape {excess:+.3f} ± {error:.3f}", loc="left", fontsize=8)


def _band(axes: Any, evaluations: np.ndarray, walks: np.ndarray, colour: str, label: str, line: str = "-") -> None:
    """Mean over walks of stretches of records, and the spread over walks."""
    begins = np.unique(np.geomspace(1, walks.shape[1], N_MEANS, endpoint=False).astype(int)) - 1
    lengths = np.diff(begins, append=walks.shape[1])
    means = np.add.reduceat(walks, begins, axis=1) / lengths
    places = np.add.reduceat(evaluations, begins) / lengths
    mean, spread = means.mean(axis=0), means.std(axis=0)
    axes.plot(places, mean, color=colour, linewidth=1.2, linestyle=line, label=label)
    if line == "-":
        axes.fill_between(places, mean - spread, mean + spread, color=colour, alpha=0.2, linewidth=0.0)
