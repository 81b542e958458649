"""Baseline searches tell the truth; a study keeps every run, goes on after a torn line, and refuses another plan."""

import dataclasses
import json

import numpy as np
import pytest
from matplotlib.text import Text

from figures import solver_study, wide_flat_minima_draw
from figures.solver_study_draw import draw
from perceptron.base.results import Status
from perceptron.patterns import random_patterns, teacher_student_patterns
from perceptron.solvers import study_store
from perceptron.solvers.annealing import simulated_annealing
from perceptron.solvers.registry import SOLVERS
from perceptron.solvers.sbpi import sbpi
from perceptron.solvers.search import Limits
from perceptron.solvers.study import run_study
from perceptron.solvers.study_curves import half_success_load
from perceptron.solvers.study_store import StudyPlan, read_study

PLAN = {"solvers": ("fbp", "sbpi"), "sizes": (51,), "loads": (0.3, 1.6, 1.8, 2.0), "n_instances": 3, "max_sweeps": 300}


@pytest.mark.parametrize("search", [sbpi, simulated_annealing])
def test_baselines_solve_what_is_easy_and_admit_what_is_not(search):
    easy = teacher_student_patterns(101, 30, rng=np.random.default_rng(1))
    hopeless = random_patterns(101, 300, rng=np.random.default_rng(2))
    for patterns, status in ((easy, Status.SOLVED), (hopeless, Status.NOT_SOLVED)):
        found = search(patterns, limits=Limits(60.0, 2000), rng=np.random.default_rng(3))
        assert found.status is status
        assert found.n_errors == int(np.sum(patterns.values.astype(int) @ found.weights.astype(int) < 1))
        assert found.n_sweeps <= 2000


class _Counted:
    """The solvers of the package, counting their runs on instances of the study."""

    def __init__(self):
        self.n_runs = 0

    def of(self, key):
        def search(patterns, margin, *, limits, rng):
            self.n_runs += patterns.n_weights == 51
            return SOLVERS[key](patterns, margin, limits=limits, rng=rng)

        return search


def test_a_study_goes_on_where_it_was_torn_and_repeats_nothing(tmp_path):
    counted = _Counted()
    solvers = {key: counted.of(key) for key in PLAN["solvers"]}
    first = run_study(StudyPlan(**PLAN), tmp_path, solvers=solvers)
    n_all = counted.n_runs
    # α = 0.3 is solved, 1.6 and 1.8 are beyond the capacity, so 2.0 is never tried
    assert n_all == len(first.runs) == 2 * 3 * 3
    run_study(StudyPlan(**PLAN), tmp_path, solvers=solvers)
    assert counted.n_runs == n_all
    runs = tmp_path / "runs.jsonl"
    runs.write_bytes(runs.read_bytes()[:-20])
    again = run_study(StudyPlan(**PLAN), tmp_path, solvers=solvers)
    assert counted.n_runs == n_all + 1
    key = lambda run: (run.solver, run.n_patterns, run.instance, run.n_errors, run.n_sweeps)  # noqa: E731
    assert sorted(map(key, again.runs)) == sorted(map(key, first.runs))
    assert len([json.loads(line) for line in runs.read_text().splitlines()]) == n_all


def test_another_plan_in_the_same_folder_is_refused(tmp_path):
    plan = PLAN | {"loads": (0.3,), "n_instances": 1}
    run_study(StudyPlan(**plan), tmp_path)
    with pytest.raises(ValueError, match="n_instances"):
        run_study(StudyPlan(**(plan | {"n_instances": 2})), tmp_path)


def test_the_figure_is_drawn_from_a_finished_study(tmp_path):
    found = run_study(StudyPlan(**(PLAN | {"loads": (0.3, 0.5)})), tmp_path)
    written = solver_study.make(tmp_path, found)
    assert [path.name for path in written] == ["solver-study.npz", "solver-study.png", "solver-study.pdf"]
    columns = solver_study.compute(tmp_path)
    assert float(columns["alpha_u_prime"]) == pytest.approx(0.729, abs=5e-4)
    assert all(np.all(columns[f"lower_{k}"] <= columns[f"success_{k}"]) for k in range(2))


def test_the_load_of_half_success_and_its_binomial_error():
    loads = np.array([0.4, 0.5, 0.6, 0.7])
    found = half_success_load(loads, np.array([1.0, 0.8, 0.2, 0.0]), np.array([0.03, 0.1, 0.1, 0.03]))
    assert found.value == pytest.approx(0.55, abs=1e-12)
    # ∂α_½/∂s is half the step over the fall at either end
    assert found.error == pytest.approx(0.1 / 0.6 * 0.5 * np.hypot(0.1, 0.1), rel=1e-12)
    rng = np.random.default_rng(4)
    draws = rng.binomial(400, [[0.8, 0.2]] * 2000) / 400
    spread = np.std([half_success_load(loads[1:3], draw, np.zeros(2)).value for draw in draws])
    errors = np.sqrt([0.8 * 0.2 / 400] * 2)
    assert half_success_load(loads[1:3], np.array([0.8, 0.2]), errors).error == pytest.approx(spread, rel=0.06)
    for never in ([0.4, 0.3, 0.2, 0.0], [1.0, 0.9, 0.8, 0.5]):
        assert np.isnan(half_success_load(loads, np.array(never), np.full(4, 0.1)).value)


def _solves_below(limit):
    """A solver that claims success below a load, and at it in about half of the runs."""

    def search(patterns, margin, *, limits, rng):
        found = simulated_annealing(patterns, margin, limits=Limits(limits.max_seconds, 1), rng=rng)
        solved = patterns.load < limit - 0.01 or (patterns.load < limit + 0.01 and rng.random() < 0.5)
        return dataclasses.replace(found, status=Status.SOLVED if solved else Status.NOT_SOLVED, timed_out=False)

    return search


def test_the_figure_says_where_each_solver_stops(tmp_path):
    loads = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
    plan = StudyPlan(solvers=("fbp", "sa"), sizes=(40,), loads=loads, n_instances=8)
    solvers = {"fbp": _solves_below(0.6), "sa": _solves_below(0.3)}
    run_study(plan, tmp_path, solvers=solvers)
    columns = solver_study.compute(tmp_path)
    assert columns["last_success"] == pytest.approx([0.6, np.nan], nan_ok=True)
    assert columns["stops_at"] == pytest.approx([0.7, 0.4])
    assert columns["first_below_half"][1] == 0.4
    assert 0.5 < columns["half_success"][0] < 0.7
    assert 0.0 < columns["half_success_error"][0] < 0.1
    with wide_flat_minima_draw.style():
        figure = draw(columns)
        texts = " ".join(text.get_text() for text in figure.findobj(Text))
    wide_flat_minima_draw.close(figure)
    assert "0.600,  0.700" in texts
    assert "< 0.400,  none,  0.400" in texts


def test_two_processes_at_one_folder_are_kept_apart(tmp_path, monkeypatch):
    monkeypatch.setattr(study_store, "PATIENCE", 0.1)
    plan = StudyPlan(("sbpi",), (21,), (0.2,), n_instances=1, max_seconds=0.2)
    with (
        study_store.StudyStore(tmp_path / "study", plan),
        pytest.raises(ValueError, match=r"folder = .* is in use by another process; allowed: one at a time"),
    ):
        run_study(plan, tmp_path / "study")
    assert run_study(plan, tmp_path / "study").status is Status.CONVERGED
    assert read_study(tmp_path / "study")[0] == plan
