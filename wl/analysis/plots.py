"""Pictures of a landscape: ln g with errors and its estimators, the trace, and the convergence report."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from perceptron.base.files import write_atomically

__all__ = ["draw_curve", "landscape_figure", "save_landscape_plot"]

BLUE, ORANGE, GREEN = "#0072B2", "#D55E00", "#009E73"
LABELS = {
    "energy": "energy $E$",
    "magnetization": "magnetisation $M$",
    "deficit": "deficit $E$",
    "n_errors": "number of errors",
    "minimum_stability": r"minimum stability $\min_\mu \xi^\mu\cdot w$",
    "hamming_distance": "Hamming distance to the reference",
    "log_first_square": r"$\ln |u|^2$",
    "log_second_square": r"$\ln |v|^2$",
    "log_train_loss": r"$\ln L_\mathrm{train}$",
    "log_test_loss": r"$\ln L_\mathrm{test}$",
    "train_accuracy": r"$A_\mathrm{train}$",
    "test_accuracy": r"$A_\mathrm{test}$",
    "smoothed_train_accuracy": r"smoothed $A_\mathrm{train}$",
    "smoothed_test_accuracy": r"smoothed $A_\mathrm{test}$",
}


OWN: Any = {"figure.constrained_layout.use": True, "font.size": 9, "legend.frameon": False, "text.usetex": False}


def save_landscape_plot(path: Path | str, landscape: Any) -> None:
    """Draw into a PNG or PDF file."""
    buffer = io.BytesIO()
    with mpl.rc_context(OWN):
        landscape_figure(landscape).savefig(buffer, format=Path(path).suffix[1:], dpi=160)
    write_atomically(path, buffer.getvalue())


def draw_curve(curve: Any, axes: Any = None) -> Any:
    """Draw values with their errors into axes, new ones unless given."""
    if axes is None:
        figure = Figure()
        FigureCanvasAgg(figure)
        axes = figure.subplots()
    axes.errorbar(curve.x, curve.value, np.nan_to_num(curve.error), fmt=".-", ms=3, color=BLUE)
    axes.set(xlabel="first variable", ylabel=LABELS.get(curve.name, curve.name))
    return axes


def landscape_figure(landscape: Any) -> Figure:
    """Figure of a landscape."""
    with mpl.rc_context(OWN):
        figure = Figure(figsize=(10.0, 6.4))
        FigureCanvasAgg(figure)
        axes = figure.subplots(2, 2)
        dims = landscape["log_g"].dims
        if len(dims) == 1:
            _curve(axes[0, 0], landscape, dims[0])
        else:
            _map(figure, axes[0, 0], landscape, dims)
        _errors(axes[0, 1], landscape, dims)
        _trace(axes[1, 0], landscape)
        axes[1, 1].axis("off")
        axes[1, 1].text(0.0, 1.0, landscape.attrs["report"], va="top", family="monospace", size=7, wrap=True)
        figure.suptitle(f"{landscape.attrs['system']}: {landscape.attrs['steps']:.3g} trials")
    return figure


def _curve(axes: Any, landscape: Any, name: str) -> None:
    levels = landscape[name].values
    known = np.isfinite(landscape["log_g"].values)
    log_g, error = landscape["log_g"].values, landscape["log_g_error"].values
    axes.errorbar(
        levels[known], log_g[known], np.nan_to_num(error[known]), fmt=".", ms=3, color=BLUE, label="frozen walk"
    )
    axes.set(xlabel=LABELS.get(name, name), ylabel=r"$\ln g$ (nats)")
    axes.legend()


def _map(figure: Any, axes: Any, landscape: Any, dims: tuple[str, str]) -> None:
    first, second = (landscape[name].values for name in dims)
    picture = axes.pcolormesh(
        first, second, landscape["log_g"].values.T, shading="nearest", cmap="viridis", rasterized=True
    )
    if "conditional_mean" in landscape:
        axes.plot(first, landscape["conditional_mean"].values, color="white", lw=1.2, label="mean along a column")
        axes.legend(labelcolor="white", loc="lower left")
    axes.set(xlabel=LABELS.get(dims[0], dims[0]), ylabel=LABELS.get(dims[1], dims[1]))
    figure.colorbar(picture, ax=axes, label=r"$\ln g$ (nats)")


def _errors(axes: Any, landscape: Any, dims: tuple[str, ...]) -> None:
    """Standard error, and the distance of the other estimators, along the first variable."""
    log_g, error = landscape["log_g"].values, landscape["log_g_error"].values
    levels = landscape[dims[0]].values
    series = {
        "standard error": (error, BLUE),
        "|Wang-Landau − frozen walk|": (np.abs(landscape["log_g_wang_landau"].values - log_g), ORANGE),
        "|transition matrix − frozen walk|": (np.abs(landscape["log_g_transition_matrix"].values - log_g), GREEN),
    }
    for label, (values, colour) in series.items():
        row = values if values.ndim == 1 else _median(values)
        shown = np.isfinite(row) & (row > 0.0)
        if shown.any():
            axes.semilogy(levels[shown], row[shown], ".", ms=3, color=colour, label=label)
    suffix = "" if len(dims) == 1 else ", median over the second variable"
    axes.set(xlabel=LABELS.get(dims[0], dims[0]), ylabel=f"nats{suffix}")
    if axes.lines:
        axes.legend()


def _median(values: np.ndarray) -> np.ndarray:
    out = np.full(values.shape[0], np.nan)
    for k, row in enumerate(values):
        if np.isfinite(row).any():
            out[k] = np.nanmedian(row)
    return out


def _trace(axes: Any, landscape: Any) -> None:
    if "trace_trials" not in landscape:  # a merged one has none
        axes.axis("off")
        return
    trials = landscape["trace_trials"].values
    for name, label, colour in (
        ("log_f", r"$\ln f$", BLUE),
        ("change_of_log_g", r"change of $\ln g$ since the last record", ORANGE),
        ("matrix_residual", "Wang-Landau − transition matrix (rms)", GREEN),
    ):
        for run, row in enumerate(landscape[f"trace_{name}"].values):
            shown = np.isfinite(row) & (row > 0.0)
            axes.loglog(trials[run][shown], row[shown], color=colour, lw=1.2, label=None if run else label)
    axes.set(xlabel="trials a walker", ylabel="nats")
    if axes.lines:
        axes.legend()
