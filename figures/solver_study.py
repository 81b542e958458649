"""Solver study: success probability of every solver against the load, and the loads at which each stops.

`compute` reads finished studies and adds the thresholds of the theory; it is drawn from that alone.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from figures.solver_study_draw import draw
from figures.wide_flat_minima_draw import close, style
from perceptron.base.files import load_table, provenance, save_table, write_atomically
from perceptron.base.results import worst
from perceptron.solvers.study import StudyResult, load_study
from perceptron.theory.franz_parisi.thresholds import dense_core_load
from perceptron.theory.typical.solutions import capacity

__all__ = ["compute", "make"]

Columns = dict[str, np.ndarray]
Study = StudyResult | Path | str
LARGE_DEVIATION_LOAD = 0.77  # α_u at κ = 0, C. Baldassi et al., Phys. Rev. Lett. 127, 278301 (2021)


def compute(*studies: Study) -> Columns:
    """Curves of one or more studies, and the thresholds at their margin.

    Parameters
    ----------
    studies : StudyResult or path of a study folder
        More than one where solvers or sizes were studied apart; a curve that is in two of them is taken from the last.

    Returns
    -------
    dict of ndarray
        `solver`, `n_weights`, `last_success`, `stops_at`, `first_below_half`, `half_success`, `half_success_error` and
        `max_seconds` by curve k; `loads_k`, `success_k`, `lower_k`, `upper_k`, `n_runs_k` and `n_timed_out_k`;
        `margin` and the thresholds.

    Raises
    ------
    ValueError
        If there is nothing to show, or the margins differ.
    """
    results = _read(studies)
    curves = {key: (result, curve) for result in results for key, curve in result.curves.items()}
    margins = sorted({result.plan.margin for result in results})
    if not curves or len(margins) > 1:
        raise ValueError(f"studies have {len(curves)} curves at margins {margins}; allowed: some, at one margin")
    chosen = list(curves.values())
    columns: Columns = {"margin": np.array(margins[0])}
    for name in ("solver", "n_weights", "last_success", "stops_at", "first_below_half"):
        columns[name] = np.array([getattr(curve, name) for _, curve in chosen])
    columns["half_success"] = np.array([curve.half_success.value for _, curve in chosen])
    columns["half_success_error"] = np.array([curve.half_success.error for _, curve in chosen])
    columns["max_seconds"] = np.array([result.plan.limits(curve.n_weights).max_seconds for result, curve in chosen])
    for k, (_, curve) in enumerate(chosen):
        for name in ("loads", "success", "lower", "upper", "n_runs", "n_timed_out"):
            columns[f"{name}_{k}"] = getattr(curve, name)
    columns["alpha_u_prime"] = np.array(dense_core_load(margins[0]).value)
    columns["alpha_u"] = np.array(LARGE_DEVIATION_LOAD if margins[0] == 0.0 else np.nan)
    columns["alpha_c"] = np.array(capacity(margins[0]).value)
    return columns


def _read(studies: Sequence[Study]) -> list[StudyResult]:
    return [study if isinstance(study, StudyResult) else load_study(study) for study in studies]


def make(folder: Path, *studies: Study) -> list[Path]:
    """Compute, save and draw the figure: solver-study.npz, .png and .pdf in `folder`.

    The status kept in the file is the worst of the studies, INTERRUPTED where a curve has not ended.
    """
    data, results = folder / "solver-study.npz", _read(studies)
    plans, status = [asdict(result.plan) for result in results], worst(result.status for result in results)
    save_table(data, compute(*results), provenance(figure="solver-study", status=status.name, plans=plans))
    columns, _ = load_table(data)
    written = [data]
    with style():
        figure = draw(columns)
        for ending in ("png", "pdf"):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=ending)
            write_atomically(data.with_suffix(f".{ending}"), buffer.getvalue())
            written.append(data.with_suffix(f".{ending}"))
    close(figure)
    return written
