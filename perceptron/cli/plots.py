"""Plots of single results for the command line; figures of papers live in `figures`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from perceptron.base.checks import check_path
from perceptron.base.files import provenance, save_table, write_atomically

__all__ = ["save_profile"]


def save_profile(path: Path | str, profile: Any, columns: Mapping[str, np.ndarray]) -> None:
    """Write a profile as a table (.csv, .npz) or draw it (.png, .pdf)."""
    path = check_path("path", path)
    if path.suffix in (".csv", ".npz"):
        parameters = {"alpha": profile.load, "reference_margin": profile.reference_margin, "margin": profile.margin}
        save_table(path, columns, provenance(**parameters, status=profile.status.name))
    else:
        _draw_profile(path, profile)


def _draw_profile(path: Path, profile: Any) -> None:
    import matplotlib
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with matplotlib.rc_context({"text.usetex": False}):
        figure = Figure(figsize=(5.0, 5.5), layout="constrained")
        FigureCanvasAgg(figure)
        _fill(figure, profile)
        buffer = io.BytesIO()
        figure.savefig(buffer, format=path.suffix[1:], dpi=200)
    write_atomically(path, buffer.getvalue())


def _fill(figure: Any, profile: Any) -> None:
    distance = profile.array("distance")
    top, bottom = figure.subplots(2, 1, sharex=True)
    top.plot(distance, profile.array("local_entropy"), color="#0072B2", label="local entropy")
    top.plot(distance, profile.geometric_bound, color="black", linestyle="--", label="all configurations")
    top.axhline(0.0, color="grey", linewidth=0.6)
    top.set_ylabel(r"$\phi_\mathrm{FP}(d)$ (nats per weight)")
    top.set_title(
        rf"$\alpha={profile.load:g}$, $\tilde\kappa={profile.reference_margin:.4g}$, $\kappa={profile.margin:g}$"
    )
    top.legend()
    bottom.plot(distance, profile.array("derivative"), color="#D55E00")
    bottom.axhline(0.0, color="grey", linewidth=0.6)
    bottom.set_ylabel(r"$\partial_d\,\phi_\mathrm{FP}$")
    bottom.set_xlabel("distance $d$")
