"""The status of a figure is the worst of its parts, in what it returns and in what it stores.

Every computation is replaced by one that is quick, and one part of it by one that failed.
"""

import dataclasses
import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from figures import (
    committees,
    densest_regions,
    entropy_dynamics,
    focusing_points,
    high_entropy,
    margins,
    models,
    parts,
    relaxation,
    sampled_local_entropy,
    solver_study,
    stabilities,
    wide_flat_minima,
)
from perceptron.base.files import load_table, provenance, save_table
from perceptron.base.results import Solution, Status
from perceptron.theory.franz_parisi import phase_diagram
from perceptron.theory.typical.solutions import typical_solutions

BAD = (Status.END_OF_BRANCH, Status.NOT_CONVERGED)


def ignore(*_):
    return None


def root(status=Status.CONVERGED, value=0.5):
    return Solution("x", value, 0.0, status, 1, 0.0, 1e-9, replicon=0.5)


class Parts:
    """In place of a solver: its results are of one status each, the last of them for ever."""

    def __init__(self, result, *statuses):
        self.result, self.statuses = result, list(statuses)

    def __call__(self, *arguments, **options):
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return self.result(status)


def profile(status):
    return SimpleNamespace(status=status, array=lambda name: np.array([0.1, 0.2]))


@pytest.mark.parametrize("status", list(Status)[:5])
def test_what_is_stored_and_returned_is_that_of_the_computation(tmp_path, monkeypatch, status):
    monkeypatch.setattr(wide_flat_minima, "_draw", lambda data, draw: [])
    figures = {name: (lambda executor, progress, s=s: ({}, s), None) for name, s in (("a", status), ("b", BAD[0]))}
    monkeypatch.setattr(wide_flat_minima, "FIGURES", figures)
    assert wide_flat_minima.make("a", tmp_path)[1] is status
    assert load_table(tmp_path / "a.npz")[1]["parameters"]["status"] == status.name
    worse = status if status in (Status.NOT_CONVERGED, Status.INTERRUPTED) else Status.END_OF_BRANCH
    assert wide_flat_minima.make("all", tmp_path)[1] is worse


@pytest.mark.parametrize("bad", BAD)
def test_profiles_of_the_paper(monkeypatch, bad):
    module = wide_flat_minima
    for failing in ("profile", "curves", "points", "core"):
        chosen = {
            name: bad if name == failing else Status.CONVERGED for name in ("profile", "curves", "points", "core")
        }
        monkeypatch.setattr(module, "local_entropy_profile", Parts(profile, Status.CONVERGED, chosen["profile"]))
        monkeypatch.setattr(module, "compute_densest_curves", lambda load, s=chosen["curves"]: ({}, s))
        monkeypatch.setattr(module, "compute_points", lambda *_, s=chosen["points"]: ({}, s))
        monkeypatch.setattr(module, "dense_core_load", lambda throw, s=chosen["core"]: root(s, 0.729))
        assert module.compute_profiles(None, ignore)[1] is (Status.CONVERGED if failing == "core" else bad)
        in_w4 = failing in ("profile", "core")
        monkeypatch.setattr(module, "local_entropy_profile", Parts(profile, Status.CONVERGED, chosen["profile"]))
        assert module.compute_maximum_margin_profiles(None, ignore)[1] is (bad if in_w4 else Status.CONVERGED)


def test_typical_distances(monkeypatch):
    whole = typical_solutions(0.2, 0.1)
    result = lambda status: dataclasses.replace(whole, status=status)  # noqa: E731
    monkeypatch.setattr(wide_flat_minima, "typical_solutions", Parts(result, *[Status.CONVERGED] * 7, Status.CONVERGED))
    assert wide_flat_minima.compute_typical_distances(None, ignore)[1] is Status.CONVERGED
    statuses = (*[Status.CONVERGED] * 7, Status.NOT_CONVERGED, Status.CONVERGED)
    monkeypatch.setattr(wide_flat_minima, "typical_solutions", Parts(result, *statuses))
    assert wide_flat_minima.compute_typical_distances(None, ignore)[1] is Status.NOT_CONVERGED


@pytest.mark.parametrize(
    ("status", "expected"),
    [(Status.NOT_CONVERGED, Status.NOT_CONVERGED), (Status.NO_SUCH_THRESHOLD, Status.CONVERGED)],
)
def test_phase_diagram(monkeypatch, status, expected):
    """A threshold that does not exist is an answer."""
    monkeypatch.setattr(phase_diagram, "_thresholds", lambda task: (root(), root(), root(status), root()))
    assert phase_diagram.phase_diagram([0.5, 0.6]).status is expected
    monkeypatch.setattr(wide_flat_minima, "isolation_load", lambda throw: root(Status.NOT_CONVERGED))
    monkeypatch.setattr(wide_flat_minima, "dense_core_load", lambda throw: root())
    assert wide_flat_minima.compute_phase_diagram(None, ignore)[1] is Status.NOT_CONVERGED


@pytest.mark.parametrize("failing", ["local_entropy_profile", "coupled_profile", "compute_points"])
def test_local_entropies_and_the_curves_of_figure_3(monkeypatch, failing):
    for name in ("local_entropy_profile", "coupled_profile"):
        statuses = [Status.CONVERGED, BAD[0] if name == failing else Status.CONVERGED]
        monkeypatch.setattr(densest_regions, name, Parts(profile, *statuses))
    points = Status.NOT_SOLVED if failing == "compute_points" else Status.CONVERGED
    monkeypatch.setattr(densest_regions, "compute_points", lambda *_: ({}, points))
    expected = Status.NOT_SOLVED if failing == "compute_points" else BAD[0]
    assert densest_regions.compute_local_entropies(None, ignore)[1] is expected
    if failing == "coupled_profile":
        assert densest_regions.compute_densest_curves(0.5)[1] is BAD[0]


def test_points_of_simulations(monkeypatch):
    rows = [np.full((2, focusing_points.FIELDS.size), 0.1), np.full((2, focusing_points.COUPLINGS.size), 0.1)]
    monkeypatch.setattr(focusing_points, "_maximum_margin_curve", lambda load, distance: np.zeros_like(distance))
    for status in (Status.CONVERGED, Status.NOT_CONVERGED, Status.NOT_SOLVED):
        found = [(*rows, 1.0 + k, status if k == 2 else Status.CONVERGED) for k in range(4)]
        monkeypatch.setattr(focusing_points, "sweep", lambda *_, found=found: (found, False))
        assert focusing_points.compute_points(None, ignore)[1] is status


def test_loads_of_densest_regions(monkeypatch):
    monkeypatch.setattr(densest_regions, "MARGINS", np.array([0.0, 0.1]))
    monkeypatch.setattr(densest_regions, "dense_core_load", lambda margin, throw: root())
    for status in (Status.CONVERGED, Status.NOT_CONVERGED):
        three = lambda margin, s=status: [root(), root(s if margin else Status.CONVERGED), root()]  # noqa: E731
        monkeypatch.setattr(densest_regions, "region_thresholds", three)
        columns, found = densest_regions.compute_alpha_u(None, ignore)
        assert found is status
        assert columns["real_replicas"].tolist() == [0.5, 0.5]


@pytest.mark.parametrize("failing", ["capacity", "isolation_distance", "spinodal_load", "window"])
def test_models(monkeypatch, failing):
    def status_of(name, bad=Status.NOT_CONVERGED):
        return bad if name == failing else Status.CONVERGED

    learnt = models.generalisation(0.5)
    monkeypatch.setattr(models, "capacity", Parts(root, Status.CONVERGED, status_of("capacity")))
    monkeypatch.setattr(models, "isolation_distance", Parts(root, status_of("isolation_distance")))
    monkeypatch.setattr(models, "perfect_learning_load", lambda throw: root())
    monkeypatch.setattr(models, "spinodal_load", lambda throw: root(status_of("spinodal_load"), 1.49))
    monkeypatch.setattr(models, "generalisation", lambda load: learnt)
    point = models.window_local_entropy(0.5, 1.0, 0.1)
    saddle = lambda status: dataclasses.replace(point, saddle=dataclasses.replace(point.saddle, status=status))  # noqa: E731
    statuses = [status_of("window"), status_of("window"), Status.CONVERGED]
    monkeypatch.setattr(models, "window_local_entropy", Parts(saddle, *statuses))
    expected = Status.END_OF_BRANCH if failing == "window" else Status.NOT_CONVERGED
    columns, found = models.compute_models(None, ignore)
    assert found is expected
    assert columns["window_distance_0"].size == models.DISTANCES.size - 2 * (failing == "window")
    if failing == "window":  # in the middle of a branch
        monkeypatch.setattr(models, "window_local_entropy", Parts(saddle, Status.CONVERGED, *statuses))
        assert models.compute_models(None, ignore)[1] is Status.NOT_CONVERGED


@pytest.mark.parametrize("failing", ["capacity", "kappa_u", "dense_core_load", "local_entropy_profile"])
def test_committees(monkeypatch, failing):
    def made(name, bad=Status.NOT_CONVERGED):
        return lambda *_, **__: root(bad if name == failing else Status.CONVERGED)

    typical = typical_solutions(0.5)
    for name in ("capacity", "kappa_u", "dense_core_load"):
        monkeypatch.setattr(committees, name, made(name))
    monkeypatch.setattr(committees, "typical_solutions", lambda *_, **__: typical)
    monkeypatch.setattr(committees, "maximum_margin", lambda *_, **__: root())
    around = BAD[0] if failing == "local_entropy_profile" else Status.CONVERGED
    monkeypatch.setattr(committees, "local_entropy_profile", Parts(profile, Status.CONVERGED, around))
    expected = BAD[0] if failing == "local_entropy_profile" else Status.NOT_CONVERGED
    assert committees.compute_committees(None, ignore)[1] is expected


@pytest.mark.parametrize(
    ("method", "expected"),
    [("enumeration", Status.CONVERGED), ("bp", Status.NOT_CONVERGED), ("focusing", Status.NOT_SOLVED)],
)
def test_stabilities(monkeypatch, method, expected):
    """An instance without an answer; enumeration proves that it has no solution."""
    ensemble = stabilities.Ensemble(13, (6, 7), 3, 1)
    answers = lambda left_out: (  # noqa: E731
        lambda task: np.full(ensemble.boundaries.size - 1, np.nan if left_out and task[2] == 1 else 0.1)
    )
    monkeypatch.setattr(stabilities, "interval_masses", lambda load, bounds: np.ones(bounds.size - 1))
    monkeypatch.setattr(stabilities, "ROUTES", {"a": (method, ensemble), "b": ("bp", ensemble)})
    for left_out in (True, False):
        measures = {"bp": answers(False), method: answers(left_out)}
        monkeypatch.setattr(stabilities, "_MEASURES", measures)
        columns, status = stabilities.compute_stabilities(None, ignore)
        assert status is (expected if left_out else Status.CONVERGED)
        assert columns["a_n_instances"].tolist() == [3 - left_out] * 2


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, Status.CONVERGED),
        ({"longest_stay": 0.5}, Status.NOT_CONVERGED),
        ({"error": math.nan}, Status.NOT_CONVERGED),
        ({"bp": math.nan}, Status.NOT_CONVERGED),
    ],
)
def test_margins(monkeypatch, changes, expected):
    row = margins.Row(0.1, 0.01, 0.1, 0.0, 0.1, 30.0)
    rows = [row, row._replace(**changes)]
    monkeypatch.setattr(margins, "sweep", lambda *_: (rows, False))
    monkeypatch.setattr(margins, "_tasks", lambda efforts: [(21, 10, 1, k, 1) for k in range(2)])
    for averages, sampled in ((Status.CONVERGED, Status.CONVERGED), (Status.CONVERGED, Status.NOT_CONVERGED)):
        monkeypatch.setattr(margins, "_averages", lambda *_, s=averages: ({}, s))
        monkeypatch.setattr(margins, "sampled_stabilities", lambda *_, s=sampled: ({}, s))
        found = margins.compute_margins(None, ignore)[1]
        assert found is (sampled if sampled is not Status.CONVERGED else expected)


def test_messages_beside_sampled_stabilities_must_settle(monkeypatch):
    masses = np.ones(margins._boundaries().size - 1)
    monkeypatch.setattr(margins, "interval_masses", lambda load, bounds: np.ones(bounds.size - 1))
    for status in (Status.CONVERGED, Status.NOT_CONVERGED):
        results = [(masses, masses, 5, status if k else Status.CONVERGED) for k in range(3)]
        monkeypatch.setattr(margins, "sweep", lambda *_, results=results: (results, False))
        assert margins.sampled_stabilities(3, 1)[1] is status


def test_sampled_local_entropy(monkeypatch):
    module = sampled_local_entropy
    n = module.FIELDS.size
    found = module.Found(np.zeros(9), np.zeros(9), np.zeros(n), np.full(n, 0.1), np.zeros(n), np.ones(4), 1, 0.1, 30)
    for changes in ({}, {"longest_stay": 0.3}, {"bp": np.full(n, np.nan)}, {"free_entropy_error": np.full(n, np.nan)}):
        changed = found._replace(**changes)
        expected = Status.NOT_CONVERGED if changes else Status.CONVERGED
        assert changed.status is expected
        monkeypatch.setattr(module, "SIZES", {101: (51, 1, 1)})
        monkeypatch.setattr(module, "sweep", lambda f, tasks, *_, c=changed: ([found, *[c] * (len(tasks) - 1)], False))
        monkeypatch.setattr(module, "local_entropy_profile", Parts(profile, Status.CONVERGED))
        assert module.compute_sampled_local_entropy(None, ignore)[1] is expected
    monkeypatch.setattr(module, "sweep", lambda f, tasks, *_: ([found] * len(tasks), False))
    monkeypatch.setattr(module, "local_entropy_profile", Parts(profile, Status.CONVERGED, BAD[0]))
    assert module.compute_sampled_local_entropy(None, ignore)[1] is BAD[0]


def test_solver_study(tmp_path, monkeypatch):
    plan = dataclasses.make_dataclass("Plan", [("margin", float)])(0.0)
    results = [SimpleNamespace(plan=plan, status=status) for status in (Status.CONVERGED, Status.INTERRUPTED)]
    monkeypatch.setattr(solver_study, "_read", lambda studies: results)
    monkeypatch.setattr(solver_study, "compute", lambda *_: {})
    monkeypatch.setattr(solver_study, "draw", lambda columns: wide_flat_minima.draw.plt.figure())
    solver_study.make(tmp_path)
    assert load_table(tmp_path / "solver-study.npz")[1]["parameters"]["status"] == "INTERRUPTED"


def test_landscapes_and_ensembles(tmp_path):
    def landscape(status):
        return xr.Dataset(attrs={"status": status})

    def ensemble(name, **described):
        save_table(tmp_path / name, {"x": np.zeros(1)}, provenance(**described))
        return tmp_path / name

    good, bad = landscape("CONVERGED"), landscape("NOT_CONVERGED")
    whole = ensemble("whole.npz", status="CONVERGED")
    assert parts.status_of_runs([good, good], [whole]) is Status.CONVERGED
    assert parts.status_of_runs([good, bad], [whole]) is Status.NOT_CONVERGED
    assert parts.status_of_runs([good, None], [whole]) is Status.NOT_CONVERGED
    for other in (
        ensemble("diverged.npz", status="NOT_CONVERGED"),
        ensemble("stopped.npz", status="INTERRUPTED"),
        ensemble("silent.npz"),
        tmp_path / "missing.npz",
    ):
        assert parts.status_of_runs([good], [whole, other]) is Status.NOT_CONVERGED


@pytest.mark.parametrize("key", ["H1a", "H1b", "H2a", "H2c", "H3", "H7", "entropic-advantage", "relaxation"])
def test_figures_of_stored_runs(monkeypatch, key):
    """Where a landscape says that it has not converged, so does the figure; where all have, ensembles decide."""
    compute = wide_flat_minima.FIGURES[key][0]
    assert compute(None, ignore)[1] is Status.NOT_CONVERGED
    honest = entropy_dynamics.load_landscape

    def trusted(path):
        return honest(path).assign_attrs(status="CONVERGED")

    for module in (entropy_dynamics, high_entropy, relaxation):
        monkeypatch.setattr(module, "load_landscape", trusted)
    missing = key in ("H3", "H2c", "H7")  # a panel without a landscape; ensembles that are stored as not whole
    assert compute(None, ignore)[1] is (Status.NOT_CONVERGED if missing else Status.CONVERGED)


def test_the_command_says_what_is_stored(tmp_path, monkeypatch, capsys):
    from perceptron.cli import main as cli  # noqa: PLC0415

    monkeypatch.setattr("sys.argv", ["perceptron", "figure", "H2c", "--output", str(tmp_path), "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    assert json.loads(capsys.readouterr().out)["status"] == "NOT_CONVERGED"
    assert load_table(tmp_path / "H2c.npz")[1]["parameters"]["status"] == "NOT_CONVERGED"
