"""Commands on one instance: solve, bp, enumerate, study, and the local entropy of given weights. No numerics here."""

from __future__ import annotations

import importlib
import math
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.table import Table

from perceptron.base import console as report
from perceptron.base.checks import check_integer, read_integers, read_reals
from perceptron.base.command_line import REAL, WHOLE
from perceptron.base.interrupt import Watch, watched
from perceptron.base.results import Status
from perceptron.cli.options import Jobs, Json, Output

if TYPE_CHECKING:
    from perceptron.patterns import Patterns

__all__ = ["bp", "draw_instance", "enumerate_patterns", "local_entropy_of_weights", "register", "solve", "study"]

Size = Annotated[int | None, typer.Option("--n", help="Number of weights N.", **WHOLE)]
Load = Annotated[float | None, typer.Option("--alpha", help="Load α; P = floor(αN + ½).", **REAL)]
PatternCount = Annotated[int | None, typer.Option("--n-patterns", help="Number of patterns P, in place of α.", **WHOLE)]
PatternFile = Annotated[
    Path | None, typer.Option("--patterns", help="File of ±1 (npy, npz), shape (n_patterns, n_weights).")
]
DataSeed = Annotated[
    int | None, typer.Option("--data-seed", help="Draws the instance where no file gives it; 1.", **WHOLE)
]
Seed = Annotated[int, typer.Option("--seed", help="Drives the algorithm.", **WHOLE)]
Teacher = Annotated[bool, typer.Option("--teacher", help="Labels from a random teacher.")]
Margin = Annotated[float, typer.Option("--margin", help="Margin κ.", **REAL)]
SEED = 1  # unless another one is given


def draw_instance(
    n_weights: int | None,
    load: float | None,
    n_patterns: int | None,
    patterns: Path | None,
    data_seed: int | None,
    teacher: bool,
) -> Patterns:
    """The instance the options speak of: from a file, or drawn."""
    from perceptron.patterns import load_patterns, n_patterns_at, random_patterns, teacher_student_patterns

    if patterns is not None:
        given = {"n": n_weights, "alpha": load, "n-patterns": n_patterns, "data-seed": data_seed}
        for name, value in given.items():
            if value is not None:
                raise ValueError(f"--{name} = {value!r} is not used with --patterns; allowed: one of the two")
        if teacher:
            raise ValueError("--teacher = True is not used with --patterns; allowed: one of the two")
        return load_patterns(patterns)
    if n_weights is None:
        raise ValueError("--n = None; allowed: an integer >= 1, or --patterns FILE")
    if (load is None) == (n_patterns is None):
        raise ValueError(f"--alpha = {load!r} and --n-patterns = {n_patterns!r}; allowed: exactly one of the two")
    seed = check_integer("--data-seed", SEED if data_seed is None else data_seed, least=0)
    count = n_patterns if n_patterns is not None else n_patterns_at(load or 0.0, n_weights)
    make = teacher_student_patterns if teacher else random_patterns
    return make(n_weights, count, rng=np.random.default_rng(seed))


def _seed_of(patterns: Path | None, data_seed: int | None) -> int | None:
    """What drew the instance; None where it comes from a file."""
    return None if patterns is not None else SEED if data_seed is None else data_seed


def _describe(patterns: Patterns, margin: float) -> dict[str, Any]:
    threshold = patterns.threshold(margin)
    return {
        "n_weights": patterns.n_weights,
        "n_patterns": patterns.n_patterns,
        "alpha": patterns.load,
        "margin": margin,
        "effective_margin": threshold.effective_margin,
    }


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(check_integer("--seed", seed, least=0))


def solve(
    n: Size = None,
    alpha: Load = None,
    n_patterns: PatternCount = None,
    patterns: PatternFile = None,
    margin: Margin = 0.0,
    solver: Annotated[str, typer.Option(help="fbp, rbp, sbpi or sa.")] = "fbp",
    teacher: Teacher = False,
    data_seed: DataSeed = None,
    seed: Seed = 1,
    max_seconds: Annotated[float, typer.Option(help="Limit on wall time.", **REAL)] = math.inf,
    max_sweeps: Annotated[int | None, typer.Option(help="Limit on sweeps.", **WHOLE)] = None,
    json: Json = False,
    output: Annotated[Path | None, typer.Option(help="Weights and patterns as .npz.")] = None,
) -> None:
    """Search for weights that meet all patterns of one instance."""
    from perceptron.base.files import provenance, save_table
    from perceptron.solvers.registry import solve as search
    from perceptron.solvers.registry import warm_up
    from perceptron.solvers.search import Limits

    report.check_output(output, ".npz")
    instance = draw_instance(n, alpha, n_patterns, patterns, data_seed, teacher)
    limits = Limits(max_seconds, max_sweeps)
    with watched() as watch, report.working("searching (the first run compiles)"):
        warm_up(solver, instance.gaussian)
        watch.check()
        found = search(instance, margin, solver=solver, limits=limits, rng=_rng(seed))
    result = {"status": found.status, "solver": found.solver, **_describe(instance, margin)}
    result |= {name: getattr(found, name) for name in ("n_errors", "n_sweeps", "seconds", "timed_out")}
    result |= {"settings": dict(found.settings), "data_seed": _seed_of(patterns, data_seed), "seed": seed}
    if output is not None:
        origin = provenance(**report.as_json(result))
        save_table(output, {"weights": found.weights, **instance.arrays}, origin)
    title = f"{solver} on N = {instance.n_weights}, P = {instance.n_patterns}: {found.status.name}"
    rows = [(name, result[name], "") for name in ("n_errors", "n_sweeps", "seconds")]
    report.emit(result, report.quantity_table(title, rows), as_object=json, output=None)


def bp(
    n: Size = None,
    alpha: Load = None,
    n_patterns: PatternCount = None,
    patterns: PatternFile = None,
    margin: Margin = 0.0,
    node: Annotated[str, typer.Option(help="gaussian, relaxed, exact or amp.")] = "gaussian",
    damping: Annotated[float, typer.Option(help="Weight of the old messages, in [0, 1).", **REAL)] = 0.5,
    sequential: Annotated[bool, typer.Option("--sequential", help="Patterns one after the other.")] = False,
    tolerance: Annotated[float, typer.Option(help="Largest change of a magnetisation.", **REAL)] = 1e-5,
    max_sweeps: Annotated[int, typer.Option(help="Limit on sweeps.", **WHOLE)] = 2000,
    teacher: Teacher = False,
    data_seed: DataSeed = None,
    seed: Annotated[
        int | None, typer.Option(help="With --sequential: draws the orders of the patterns; 1.", **WHOLE)
    ] = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Entropy and overlap of the solutions of one instance, by belief propagation."""
    from perceptron.message_passing.belief_propagation import SweepOptions, belief_propagation

    report.check_output(output, ".json")
    if seed is not None and not sequential:
        raise ValueError(f"--seed = {seed} is not used by parallel sweeps; allowed: with --sequential")
    order = (SEED if seed is None else seed) if sequential else None
    rng = None if order is None else _rng(order)
    instance = draw_instance(n, alpha, n_patterns, patterns, data_seed, teacher)
    options = SweepOptions(damping, sequential, tolerance, max_sweeps)
    with report.working("belief propagation (the first run compiles)"):
        run = belief_propagation(instance, margin, node=node, options=options, rng=rng)
    result = {"status": run.status, "reason": run.reason, "node": run.node, **_describe(instance, margin)}
    quantities = {name: getattr(run, name) for name in ("entropy", "free_entropy", "overlap")}
    tail = {name: getattr(run, name) for name in ("n_sweeps", "residual", "tolerance", "seconds")}
    title = f"belief propagation, node {run.node}, N = {instance.n_weights}, P = {instance.n_patterns}"
    rows = [(name, value, "") for name, value in (quantities | {"n_sweeps": run.n_sweeps}).items()]
    table = report.quantity_table(f"{title}: {run.status.name}", rows)
    note = report.note_on_entropies([run.entropy.value])
    table.caption, table.caption_justify = run.reason or note, "left"
    seeds = {"data_seed": _seed_of(patterns, data_seed), "seed": order, "note": note}
    report.emit(result | quantities | tail | seeds, table, as_object=json, output=output)


def enumerate_patterns(
    n: Size = None,
    alpha: Load = None,
    n_patterns: PatternCount = None,
    patterns: PatternFile = None,
    margin: Margin = 0.0,
    teacher: Teacher = False,
    data_seed: DataSeed = None,
    json: Json = False,
    output: Output = None,
) -> None:
    """Exact counts of all 2^N configurations of a small instance."""
    from perceptron.enumeration.counts import enumerate_instance

    report.check_output(output, ".json")
    instance = draw_instance(n, alpha, n_patterns, patterns, data_seed, teacher)
    with report.sweep_progress("enumeration") as progress:
        found = enumerate_instance(instance, margin, progress=progress)
    head = {"status": found.status, **_describe(instance, margin), "n_solutions": found.n_solutions}
    head |= {"log_total": instance.n_weights * math.log(2.0), "entropy": found.entropy}
    counts = {
        "margins": found.margins.tolist(),
        "counts": found.counts.tolist(),
        "n_errors": list(range(found.error_counts.size)),
        "error_counts": found.error_counts.tolist(),
    }
    tail = {"seconds": found.seconds, "data_seed": _seed_of(patterns, data_seed)}
    title = f"N = {instance.n_weights}, P = {instance.n_patterns}: {found.n_solutions} solutions at margin {margin:g}"
    table = Table(title=title, title_justify="left")
    for column in ("minimum stability", "configurations", "that or more"):
        table.add_column(column, justify="right")
    for level, count, total in zip(found.margins, found.counts, found.cumulative_counts, strict=True):
        if count:
            table.add_row(str(level), str(count), str(total))
    report.emit(head | counts | tail, table, as_object=json, output=output)


def study(
    output: Annotated[Path, typer.Option(help="Folder of the runs; an unfinished study there is continued.")] = Path(
        "results/study"
    ),
    solvers: Annotated[str, typer.Option(help="Comma-separated.")] = "fbp,rbp,sbpi,sa",
    sizes: Annotated[str, typer.Option(help="N, comma-separated.")] = "201,501,1001,2001",
    loads: Annotated[str, typer.Option(help="α, comma-separated; 0.40 to 0.80 unless given.")] = "",
    instances: Annotated[int, typer.Option(help="Instances at each size and load.", **WHOLE)] = 20,
    max_seconds: Annotated[float | None, typer.Option(help="Limit of a run; 5, and 10 from N = 2000.", **REAL)] = None,
    margin: Margin = 0.0,
    data_seed: Annotated[int, typer.Option(help="Draws the instances.", **WHOLE)] = 1,
    seed: Seed = 1,
    jobs: Jobs = 1,
    json: Json = False,
) -> None:
    """Success of each solver against the load: runs that are kept one by one, and their figure."""
    from perceptron.base.sweep import executor_of

    with watched() as watch, watch.held():  # Ctrl-C ends the runs, not what is made of them
        from perceptron.solvers.study import run_study
        from perceptron.solvers.study_store import LOADS, StudyPlan

        plan = StudyPlan(
            solvers=tuple(solvers.split(",")),
            sizes=tuple(read_integers("sizes", sizes)),
            loads=tuple(read_reals("loads", loads)) if loads else LOADS,
            n_instances=instances,
            margin=margin,
            max_seconds=max_seconds,
            data_seed=data_seed,
            seed=seed,
        )
        with executor_of(jobs) as executor, report.sweep_progress("study") as progress:
            found = run_study(plan, output, executor=executor, progress=progress)
        written, status = _draw_study(output, found, watch)
        files = [str(path) for path in written]
        result = {"status": status, "curves": [_curve(curve) for curve in found.curves.values()], "files": files}
        report.emit(result, _study_table(found, status), as_object=json, output=None)


def _draw_study(folder: Path, found: Any, watch: Watch) -> tuple[list[Path], Status]:
    """The figure of a finished study; that of an unfinished one is left to the call that finishes it."""
    if found.status is Status.INTERRUPTED:
        return [], found.status
    try:
        with watch.heard(at_the_end=True):
            return importlib.import_module("figures.solver_study").make(folder, found), found.status
    except KeyboardInterrupt:
        return [], Status.INTERRUPTED


def _study_table(found: Any, status: Status) -> Table:
    table = Table(title=f"solver study: {status.name}", title_justify="left")
    columns = ("solver", "N", "half succeed at α", "last success at α", "stops at α", "timed out", "median seconds")
    for column in columns:
        table.add_column(column, justify="right")
    for curve in found.curves.values():
        marks = (curve.half_success.value, curve.last_success, curve.stops_at)
        ends = ["none" if np.isnan(load) else f"{load:.3f}" for load in marks]
        timed_out = f"{curve.n_timed_out.sum()} of {curve.n_runs.sum()}"
        cells = (*ends, timed_out, f"{np.median(curve.median_seconds):.3f}")
        table.add_row(curve.solver, str(curve.n_weights), *cells)
    return table


def _curve(curve: Any) -> dict[str, Any]:
    return {name: value.tolist() if isinstance(value, np.ndarray) else value for name, value in asdict(curve).items()}


def local_entropy_of_weights(
    weights: Path, patterns: Path | None, margin: float, node: str, distance: str
) -> tuple[Any, dict[str, Any]]:
    """Field profile around the weights of a file, and the head of its JSON object."""
    from perceptron.message_passing.local_entropy import field_profile, fields_for_distances
    from perceptron.patterns import load_patterns, load_weights

    instance = load_patterns(weights if patterns is None else patterns)
    reference = load_weights(weights, instance.n_weights)
    fields = fields_for_distances(read_reals("distance", distance)) if distance else None
    with report.sweep_progress("fields") as progress:
        profile = field_profile(instance, reference, margin, fields=fields, node=node, progress=progress)
    head = {"status": profile.status, "node": node, **_describe(instance, margin)}
    names = ("field", "distance", "status", "reason")
    missing = [{name: getattr(point, name) for name in names} for point in profile.missing]
    return profile, head | {"reference_margin": profile.reference_margin, "missing": missing}


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command()(solve)
    app.command()(bp)
    app.command("enumerate")(enumerate_patterns)
    app.command()(study)
