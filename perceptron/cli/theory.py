"""Commands of the theory: thresholds, entropy, capacity, phases and local entropies. No numerics here."""

from __future__ import annotations

import importlib
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from perceptron.base import console as report
from perceptron.base.checks import read_real, read_reals
from perceptron.base.command_line import REAL, WHOLE
from perceptron.base.sweep import executor_of
from perceptron.cli import digits as digits_cli
from perceptron.cli import instance as instance_cli
from perceptron.cli.options import Jobs, Json, Output

__all__ = ["register"]

Alpha = Annotated[float, typer.Option("--alpha", help="Load α = P/N.", **REAL)]
MarginsAt = Annotated[float, typer.Option("--alpha", help="Load at which the margins and d* are taken.", **REAL)]
Margin = Annotated[
    float, typer.Option("--margin", help="Margin κ; of the counted solutions where there are references.", **REAL)
]
OwnMargin = Annotated[float | None, typer.Option("--margin", help="Margin κ; 0 unless given.", **REAL)]
HalfWidth = Annotated[
    float | None,
    typer.Option("--half-width", help="Symmetric perceptron |w·ξ|/√N <= this, in place of a margin.", **REAL),
]
ModelName = Annotated[
    str,
    typer.Option(
        "--model",
        help="perceptron, sign-committee or relu-committee (tree of K → ∞ units), committee-of-three (sign units),"
        " or relu-committee-of-three.",
    ),
]
MODELS = {
    "perceptron": ("typical.constraints", "MarginStep"),
    "sign-committee": ("committees.wide", "WideSignCommittee"),
    "relu-committee": ("committees.wide", "WideReluCommittee"),
    "committee-of-three": ("committees.three_signs", "SignCommitteeOfThree"),
    "relu-committee-of-three": ("committees.three_relus", "ReluCommitteeOfThree"),
}
MODELS_WITH_MARGIN = ("perceptron", "sign-committee", "relu-committee")
PAPER_LOADS = {"alpha_c": "0.833", "alpha_u_prime": "0.729", "alpha_u": "≈ 0.77"}
MARGINS_AT_LOAD = ("kappa_min", "kappa_u", "kappa_max", "d_star")
PAPER_MARGINS = {"kappa_min": "≈ 0.03", "kappa_u": "≈ 0.04", "kappa_max": "≈ 0.418", "d_star": "≈ 0.285"}
SYMBOLS = {
    "alpha_c": "α_c, capacity",
    "alpha_u_prime": "α'_u: κ̃_u = κ_max",
    "alpha_isolation": "load where κ̃_min = κ_max",
    "alpha_u_infinite_replicas": "α_u (a): y → ∞, F monotone",
    "alpha_u_real_replicas": "α_u (b): F_E = 0, F monotone",
    "alpha_u_reference": "α_u (c): F_E = 0, reference",
    "alpha_u": "α_u: the default, (c)",
    "kappa_min": "κ̃_min: positive above",
    "kappa_u": "κ̃_u: monotone above",
    "kappa_max": "κ_max: typical solutions end",
    "d_star": "d*: global maximum",
    "kappa_counted": "counted κ: not monotone above",
    "entropy": "φ, entropy per weight (nats)",
    "overlap": "q, overlap",
    "q_hat": "q̂, conjugate overlap",
    "typical_distance": "d = (1-q)/2, typical distance",
    "replicon": "replicon eigenvalue (stable < 1)",
    "d_1": "d₁: negative from",
    "d_2": "d₂: negative to",
}


def thresholds(
    margin: Margin = 0.0,
    alpha: MarginsAt = 0.5,
    with_alpha_u: Annotated[
        bool | None,
        typer.Option(
            "--with-alpha-u/--without-alpha-u", help="Loads of the large-deviation theory too; with them unless told."
        ),
    ] = None,
    digits: Annotated[
        int | None, typer.Option("--digits", help="α_c, κ_max and φ to so many digits instead.", **WHOLE)
    ] = None,
    model: ModelName = "perceptron",
    json: Json = False,
    output: Output = None,
) -> None:
    """Loads α_c, α'_u and α_u, and the margins κ̃_min, κ̃_u, κ_max and d* at one load, beside the paper's values."""
    from perceptron.theory.overview import named_thresholds

    report.check_output(output, ".json")
    step = _step(model, *MODELS_WITH_MARGIN)
    if digits is not None:
        if model != "perceptron":
            raise ValueError(f"model = {model!r} is not used with --digits; allowed: perceptron")
        if with_alpha_u is not None:
            name = "--with-alpha-u" if with_alpha_u else "--without-alpha-u"
            raise ValueError(f"{name} is not used with --digits; allowed: one of the two")
        digits_cli.thresholds(digits, margin, alpha, json, output)
        return
    start = time.perf_counter()
    paper = {} if margin or model != "perceptron" else PAPER_LOADS | (PAPER_MARGINS if alpha == 0.5 else {})
    title, rows = f"Thresholds of the {model} at counted margin κ = {margin:g}", []
    quantities: dict[str, Any] = {}
    with report.growing_table("thresholds (the first run compiles)") as show:
        for name, quantity in named_thresholds(alpha, margin, step, with_alpha_u=with_alpha_u is not False):
            quantities[name] = quantity
            rows.append((_threshold_label(name, quantity, alpha), quantity, paper.get(name, "")))
            table = report.quantity_table(title, rows, "paper")
            show(table)
    head = {"status": report.worst_status(quantities), "model": model, "alpha": alpha, "margin": margin}
    result = head | quantities | report.stability(quantities) | {"paper": paper}
    report.emit(result | {"seconds": time.perf_counter() - start}, table, as_object=json, output=output)


def _threshold_label(name: str, quantity: Any, alpha: float) -> str:
    label = SYMBOLS[name] + (f" at α = {alpha:g}" if name in MARGINS_AT_LOAD else "")
    return f"{label} (unstable)" if getattr(quantity, "is_stable", None) is False else label


def entropy(
    alpha: Alpha,
    margin: OwnMargin = None,
    half_width: HalfWidth = None,
    model: ModelName = "perceptron",
    json: Json = False,
    output: Output = None,
) -> None:
    """Entropy, overlap and typical distance of typical solutions."""
    from perceptron.theory.typical.solutions import typical_solutions

    report.check_output(output, ".json")
    typical = typical_solutions(alpha, _constraint(margin, half_width, model), throw=False)
    names = ("entropy", "overlap", "q_hat", "typical_distance", "replicon")
    quantities = {name: getattr(typical, name) for name in names}
    title = f"Typical solutions at α = {alpha:g}, {_in_words(typical.constraint)}"
    table = report.quantity_table(title, [(SYMBOLS[name], value, "") for name, value in quantities.items()])
    note = table.caption = report.note_on_entropies([typical.entropy.value])
    head = {"status": typical.status, "alpha": alpha, "model": model, "constraint": typical.constraint._asdict()}
    tail = {"stable": typical.is_stable, "iterations": typical.iterations, "residual": typical.residual}
    report.emit(head | quantities | tail | {"note": note}, table, as_object=json, output=output)


def capacity(
    margin: OwnMargin = None,
    half_width: HalfWidth = None,
    model: ModelName = "perceptron",
    json: Json = False,
    output: Output = None,
) -> None:
    """Load α_c at which the entropy of typical solutions vanishes."""
    from perceptron.theory.typical.solutions import capacity as critical_load

    report.check_output(output, ".json")
    constraint = _constraint(margin, half_width, model)
    solution = critical_load(constraint)
    rows = [(SYMBOLS["alpha_c"], solution, ""), (SYMBOLS["replicon"], solution.replicon, "")]
    table = report.quantity_table(f"Capacity for {_in_words(constraint)}", rows)
    result = {"status": solution.status, "model": model, "constraint": constraint._asdict(), "alpha_c": solution}
    report.emit(result | report.stability({"alpha_c": solution}), table, as_object=json, output=output)


def phases(
    alpha: Alpha,
    margin: Margin = 0.0,
    reference_margin: Annotated[str, typer.Option("--reference-margin", help="κ̃: a number, or max.")] = "max",
    model: ModelName = "perceptron",
    json: Json = False,
    output: Output = None,
) -> None:
    """κ̃_min, κ̃_u, κ_max, d*, and the phase in which references of margin κ̃ live."""
    from perceptron.theory.franz_parisi.thresholds import phases as phases_at

    report.check_output(output, ".json")
    step = _step(model, *MODELS_WITH_MARGIN)
    with report.working("phases (the first run compiles)"):
        found = phases_at(alpha, margin, _reference_margin(reference_margin, alpha, step), step)
    names = ("kappa_min", "kappa_u", "kappa_max", "d_star", "kappa_counted")
    quantities = {name: getattr(found, name) for name in names}
    if found.negative_interval is not None:
        quantities |= {"d_1": found.negative_interval[0], "d_2": found.negative_interval[1]}
    title = f"α = {alpha:g}, κ = {margin:g}, κ̃ = {found.reference_margin:.10g}\nphase: {found.phase}"
    table = report.quantity_table(title, [(SYMBOLS[name], value, "") for name, value in quantities.items()])
    head = {"status": report.worst_status(quantities), "model": model, "alpha": alpha, "margin": margin}
    reference = {"reference_margin": found.reference_margin, "phase": found.phase}
    result = head | reference | quantities | report.stability(quantities)
    report.emit(result, table, as_object=json, output=output)


def local_entropy(
    alpha: Annotated[float | None, typer.Option("--alpha", help="Load α = P/N.", **REAL)] = None,
    reference_margin: Annotated[
        str | None, typer.Option("--reference-margin", help="κ̃ of typical references: a number, or max.")
    ] = None,
    weights: Annotated[
        Path | None, typer.Option(help="Around the weights of this file (npz, npy) instead, by belief propagation.")
    ] = None,
    patterns: Annotated[
        Path | None, typer.Option(help="With --weights: patterns (npz, npy), in place of those in the file of weights.")
    ] = None,
    margin: Margin = 0.0,
    distance: Annotated[
        str, typer.Option(help="Distances, comma-separated. Fields are set for them where weights are given.")
    ] = "",
    model: ModelName = "perceptron",
    node: Annotated[
        str | None, typer.Option(help="With --weights: gaussian, relaxed, exact or amp; gaussian unless given.")
    ] = None,
    jobs: Jobs = 1,
    json: Json = False,
    output: Annotated[
        Path | None, typer.Option(help="Table (.csv, .npz), plot (.png, .pdf) or object (.json).")
    ] = None,
) -> None:
    """Local entropy against distance: around typical references (theory), or around given weights."""
    if weights is not None:
        if alpha is not None or reference_margin is not None:
            raise ValueError("--weights is not used with --alpha or --reference-margin; allowed: one or the other")
        if jobs > 1:
            raise ValueError(f"--jobs = {jobs} is not used with --weights; allowed: without it")
        _step(model, "perceptron")
        report.check_output(output, ".csv", ".npz", ".png", ".pdf", ".json")
        around, head = instance_cli.local_entropy_of_weights(weights, patterns, margin, node or "gaussian", distance)
        _emit_profile(around, head, json, output)
        return
    if alpha is None or reference_margin is None:
        raise ValueError("--alpha and --reference-margin are both needed, or --weights FILE in place of them")
    for name, given in (("patterns", patterns), ("node", node)):
        if given is not None:
            raise ValueError(f"--{name} = {str(given)!r} is not used with typical references; allowed: with --weights")
    from perceptron.theory.franz_parisi.local_entropy import local_entropy_profile

    report.check_output(output, ".csv", ".npz", ".png", ".pdf", ".json")
    step = _step(model)
    chosen = _reference_margin(reference_margin, alpha, step)
    distances = read_reals("distance", distance) if distance else None
    with executor_of(jobs) as executor, report.sweep_progress("distances") as progress:
        profile = local_entropy_profile(
            alpha, chosen, margin, distances, step=step, executor=executor, progress=progress, throw=False
        )
    theory: dict[str, Any] = {"status": profile.status, "model": model, "alpha": alpha, "margin": margin}
    theory |= {"reference_margin": chosen}
    theory |= {"d_star": profile.d_star, "branch_ends": sorted({point.distance for point in profile.missing})}
    _emit_profile(profile, theory, json, output)


def _emit_profile(profile: Any, head: dict[str, Any], as_object: bool, output: Path | None) -> None:
    columns = {name: profile.array(name) for name in asdict(profile.points[0])} if profile.points else {}
    columns = {name: column for name, column in columns.items() if column.dtype.kind == "f"}
    note = report.note_on_entropies(point.local_entropy for point in profile.points)
    result = head | {name: column.tolist() for name, column in columns.items()} | {"note": note}
    table = _profile_table(profile)
    table.caption = "; ".join(str(text) for text in (table.caption, note) if text) or None
    json_output = None
    if output is not None and output.suffix == ".json":
        json_output = output
    elif output is not None:
        importlib.import_module("perceptron.cli.plots").save_profile(output, profile, columns)
    report.emit(result, table, as_object=as_object, output=json_output)


def _profile_table(profile: Any, n_rows: int = 20) -> Table:
    title = f"α = {profile.load:g}, κ̃ = {profile.reference_margin:.10g}, κ = {profile.margin:g}: {profile.status.name}"
    below = f"d* = {profile.d_star}" if hasattr(profile, "d_star") else f"node {profile.node}"
    table = Table(title=f"{title}\n{below}", title_justify="left")
    last_column = "replicon" if hasattr(profile, "d_star") else "overlap"
    for column in ("distance", "local entropy", "error", "derivative", "error", last_column):
        table.add_column(column, justify="right")
    every = max(1, len(profile.points) // n_rows)
    for point in profile.points[::every]:
        values = (point.local_entropy, point.local_entropy_error, point.derivative, point.derivative_error)
        cells = [f"{value:.10f}" if k % 2 == 0 else f"{value:.0e}" for k, value in enumerate(values)]
        table.add_row(f"{point.distance:.6g}", *cells, f"{getattr(point, last_column):.3f}")
    if profile.missing:
        last = ", ".join(f"{d:.4g}" for d in sorted({point.distance for point in profile.missing}))
        table.caption = f"{len(profile.missing)} points did not settle or have no saddle; last ones at d = {last}"
        table.caption_justify = "left"
        table.caption += f"\n{profile.missing[0].reason}" if hasattr(profile.missing[0], "reason") else ""
    return table


def _constraint(margin: float | None, half_width: float | None, model: str) -> Any:
    if half_width is None:
        return _step(model)(0.0 if margin is None else margin)
    if margin is not None:
        raise ValueError(f"margin = {margin!r} is not used with a half-width; allowed: one of the two")
    _step(model, "perceptron")
    from perceptron.kernels.typical.constraints import SymmetricWindow

    return SymmetricWindow(half_width)


def _step(model: str, *allowed: str) -> type:
    """Class of the constraint of a model, one of those `allowed` (all unless given)."""
    allowed = allowed or tuple(MODELS)
    if model not in allowed:
        raise ValueError(f"model = {model!r} is not known here; allowed: {', '.join(allowed)}")
    module, name = MODELS[model]
    return getattr(importlib.import_module(f"perceptron.kernels.{module}"), name)


def _in_words(constraint: Any) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:g}" for name, value in constraint._asdict().items())


def _reference_margin(text: str, load: float, step: type) -> float:
    from perceptron.theory.typical.solutions import maximum_margin

    if text == "max":
        return maximum_margin(load, step).value
    try:
        return read_real(text)
    except ValueError as error:
        raise ValueError(f"reference_margin: {error}; allowed: max, or a number") from None


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    for command in (thresholds, entropy, capacity, phases):
        app.command()(command)
    app.command("local-entropy")(local_entropy)
