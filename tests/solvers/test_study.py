"""Baseline searches tell the truth; a study keeps every run, goes on after a torn line, and refuses another plan."""

import json

import numpy as np
import pytest

from figures import solver_study
from perceptron.patterns import random_patterns, teacher_student_patterns
from perceptron.solution import Status
from perceptron.solvers.annealing import simulated_annealing
from perceptron.solvers.registry import SOLVERS
from perceptron.solvers.sbpi import sbpi
from perceptron.solvers.search import Limits
from perceptron.solvers.study import run_study
from perceptron.solvers.study_store import StudyPlan

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
