"""Drawing of the figures of Phys. Rev. Lett. 127, 278301 (2021) from their data; computes nothing."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from figures.densest_regions_draw import add_densest_curve, points

mpl.use("Agg")
from matplotlib import pyplot as plt

__all__ = ["close", "maximum_margin_profiles", "phase_diagram", "profiles", "style", "typical_distances"]

Columns = dict[str, np.ndarray]
HIGHEST_DERIVATIVE = 1.5  # shown in figure 4
LOCAL_ENTROPY = r"local entropy $\phi_\mathrm{FP}(d)$ (nats per weight)"


def style() -> AbstractContextManager[None]:
    """The house style of all figures."""
    return plt.style.context(Path(__file__).with_name("style.mplstyle"))


def close(figure: Figure) -> None:
    """Free a figure."""
    plt.close(figure)


def _shades(number: int) -> np.ndarray:
    """Ordered colours, light to dark, that survive colour blindness and grey printing."""
    return mpl.colormaps["viridis_r"](np.linspace(0.12, 1.0, number))


def typical_distances(columns: Columns) -> Figure:
    """Figure 2: distance against margin, dashed beyond κ_max."""
    figure, axes = plt.subplots()
    loads = columns["loads"]
    for k, (load, colour) in enumerate(zip(loads, _shades(loads.size), strict=True)):
        margin, distance, end = columns[f"margin_{k}"], columns[f"distance_{k}"], float(columns[f"kappa_max_{k}"])
        exists = margin <= end
        axes.plot(margin[exists], distance[exists], color=colour, label=rf"$\alpha={load:g}$")
        axes.plot(margin[~exists], distance[~exists], color=colour, linestyle="--")
        axes.plot(end, np.interp(end, margin, distance), "o", color=colour, markersize=3.5)
    axes.plot([], [], "o", color="grey", markersize=3.5, label=r"$\kappa_\mathrm{max}(\alpha)$")
    axes.set(xlabel=r"margin $\kappa$", ylabel="distance between typical solutions $d$")
    axes.set(xlim=(0.0, None), ylim=(0.0, None))
    axes.legend()
    return figure


def profiles(columns: Columns) -> Figure:
    """Figure 3: profiles at one load, with the geometric bound, points of simulations, and a closer look at small d.

    Lines are dotted where replica symmetry is unstable.
    """
    figure, axes = plt.subplots(figsize=(6.6, 4.0))
    margins = columns["reference_margins"]
    colours = _shades(margins.size)
    inset = axes.inset_axes((0.62, 0.10, 0.36, 0.32))
    axes.plot(columns["bound_distance"], columns["bound"], "k--", label="all configurations")
    for k in reversed(range(margins.size)):
        name = r"\tilde\kappa_\mathrm{max}=" if k == margins.size - 1 else r"\tilde\kappa="
        for place in (axes, inset) if 0.02 <= margins[k] <= 0.04 else (axes,):
            _stable_line(place, columns, k, colours[k], rf"${name}{margins[k]:.3g}$")
    axes.plot([], [], ":", color="grey", label="replica symmetry\nunstable")
    add_densest_curve(axes, columns, "reference", "densest regions,\n$F_E=0$, reference")
    points(axes, columns, "scan", "s", "focusing BP solutions,\nBP in a field")
    points(axes, columns, "focusing", "o", "focusing BP,\ninternal entropy")
    for place in (axes, inset):
        place.axhline(0.0, color="grey", linewidth=0.6)
    axes.set(xlabel="distance $d$", ylabel=LOCAL_ENTROPY, xlim=(0.0, 0.12), ylim=(-0.02, 0.27))
    axes.set_title(rf"$\alpha={float(columns['load']):g}$, $\kappa=0$")
    axes.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    for text, spot in (("0.04", (0.0010, 0.0028)), ("0.03", (0.0020, 0.0010)), ("0.02", (0.0033, -0.0019))):
        k = int(np.argmin(np.abs(margins - float(text))))
        inset.text(*spot, text, fontsize=7, color=colours[k], ha="center")
    inset.set(xlim=(0.0, 0.004), ylim=(-0.003, 0.005), xticks=(0.0, 0.002, 0.004), yticks=(-0.002, 0.0, 0.002, 0.004))
    inset.tick_params(labelsize=7)
    return figure


def _stable_line(axes: Any, columns: Columns, k: int, colour: Any, label: str) -> None:
    distance, entropy = columns[f"distance_{k}"], columns[f"local_entropy_{k}"]
    stable = columns[f"replicon_{k}"] < 1.0
    axes.plot(distance, np.where(stable, entropy, np.nan), color=colour, label=label)
    axes.plot(distance, np.where(stable, np.nan, entropy), ":", color=colour)


def maximum_margin_profiles(columns: Columns) -> Figure:
    """Figure 4: profiles (left) and derivatives (right) around maximum-margin solutions.

    Every derivative is shown down to its minimum; at d = 0 it diverges.
    """
    figure, (left, right) = plt.subplots(1, 2, figsize=(7.6, 3.8))
    loads = columns["loads"]
    core = int(np.argmin(np.abs(loads - 0.729)))
    for k, (load, colour) in enumerate(zip(loads, _shades(loads.size), strict=True)):
        label = rf"$\alpha=\alpha'_u={load:.4f}$" if k == core else rf"$\alpha={load:g}$"
        width = 2.2 if k == core else 1.4
        distance = columns[f"distance_{k}"]
        left.plot(distance, columns[f"local_entropy_{k}"], color=colour, label=label, linewidth=width)
        right.plot(distance, columns[f"derivative_{k}"], color=colour, label=label, linewidth=width)
    for axes in (left, right):
        axes.axhline(0.0, color="grey", linewidth=0.6)
        axes.set(xlabel="distance $d$", xlim=(0.0, 0.04))
    left.set_ylabel(LOCAL_ENTROPY)
    lowest = min(float(columns[f"derivative_{k}"].min()) for k in range(loads.size))
    right.set(
        ylabel=r"derivative $\partial_d\,\phi_\mathrm{FP}(d)$", ylim=(min(1.1 * lowest, -0.1), HIGHEST_DERIVATIVE)
    )
    left.legend()
    left.set_title(r"references at $\kappa_\mathrm{max}(\alpha)$, $\kappa=0$", fontsize=9)
    return figure


def phase_diagram(columns: Columns) -> Figure:
    """Phases of typical references in (α, κ̃) for counted margin 0."""
    figure, axes = plt.subplots(figsize=(5.6, 4.2))
    loads, floor = columns["loads"], 1e-3
    dense, isolation = columns["alpha_u_prime"], columns["alpha_isolation"]
    end = float(columns["alpha_c"])
    meet_loads = np.concatenate([loads, [dense[0], isolation[0]]])
    order = np.argsort(meet_loads)
    meet_max = np.concatenate([columns["kappa_max"], [dense[2], isolation[2]]])[order]
    meet_loads = meet_loads[order]
    upper = _joined(loads, columns["kappa_u"], dense, meet_loads)
    lower = _joined(loads, columns["kappa_min"], isolation, meet_loads)
    top = np.append(meet_max, floor)
    across = np.append(meet_loads, end)
    upper, lower = np.append(np.minimum(upper, meet_max), floor), np.append(np.minimum(lower, meet_max), floor)
    axes.fill_between(across, upper, top, color="#009E73", alpha=0.30, linewidth=0, label="dense: monotone")
    axes.fill_between(
        across, lower, upper, color="#E69F00", alpha=0.35, linewidth=0, label="entropically isolated balls"
    )
    axes.fill_between(across, floor, lower, color="#56B4E9", alpha=0.35, linewidth=0, label="isolated balls")
    axes.plot(across, top, "k", label=r"$\kappa_\mathrm{max}(\alpha)$")
    below = meet_loads <= dense[0]
    axes.plot(meet_loads[below], upper[:-1][below], color="#009E73", label=r"$\tilde\kappa_u(\alpha)$")
    below = meet_loads <= isolation[0]
    axes.plot(meet_loads[below], lower[:-1][below], "--", color="#D55E00", label=r"$\tilde\kappa_\mathrm{min}(\alpha)$")
    axes.plot(loads, columns["kappa_at"], ":", color="black", label=r"replica symmetry stable above")
    for name, point, offset in ((r"$\alpha'_u=$", dense, (-62, -2)), ("", isolation, (6, 3))):
        axes.plot(point[0], point[2], "ko", markersize=4)
        text = f"{name}{point[0]:.4f}"
        axes.annotate(text, (point[0], point[2]), textcoords="offset points", xytext=offset, fontsize=8)
    axes.axvline(end, color="grey", linestyle=":")
    axes.annotate(rf"$\alpha_c={end:.4f}$", (end, 0.3), rotation=90, ha="right", va="center", fontsize=8)
    axes.set(yscale="log", ylim=(floor, 1.0), xlim=(0.3, 0.84))
    axes.set(xlabel=r"load $\alpha$", ylabel=r"reference margin $\tilde\kappa$")
    axes.legend(loc="lower right", bbox_to_anchor=(0.93, 0.0))
    return figure


def _joined(loads: np.ndarray, values: np.ndarray, meeting: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A threshold on the common loads, joined to κ_max where they meet; beyond, infinite."""
    known = np.isfinite(values)
    curve = np.interp(at, np.append(loads[known], meeting[0]), np.append(values[known], meeting[2]))
    return np.where(at <= meeting[0], curve, np.inf)
