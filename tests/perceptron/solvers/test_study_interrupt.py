"""Ctrl-C ends a study: what is finished is kept, what is not is computed afresh, and a result is printed."""

import contextlib
import dataclasses
import functools
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from perceptron.base.results import Status
from perceptron.solvers.registry import SOLVERS
from perceptron.solvers.study import run_study
from perceptron.solvers.study_store import StudyPlan, read_study

ROOT = Path(__file__).parents[3]
PLAN = StudyPlan(solvers=("sbpi", "fbp"), sizes=(31,), loads=(0.3, 0.6), n_instances=4, max_sweeps=200)
N_RUNS = 16


@pytest.fixture(autouse=True)
def ctrl_c_is_as_python_has_it():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


def numbers(runs):
    return sorted((*run.key, run.solved, run.timed_out, run.n_errors, run.n_sweeps) for run in runs)


@pytest.fixture(scope="module")
def never_interrupted(tmp_path_factory):
    return numbers(run_study(PLAN, tmp_path_factory.mktemp("study")).runs)


def plain(key):
    return functools.partial(_search, SOLVERS[key])


def _search(solver, patterns, margin, *, limits, rng):
    return solver(patterns, margin, limits=limits, rng=rng)


class CtrlC:
    """Solvers of the package; Ctrl-C comes at one of their runs on instances of a size, and does what `meets` does."""

    def __init__(self, meets, at=5, size=31):
        self.meets, self.at, self.size, self.n_runs = meets, at, size, 0

    def solvers(self):
        return {key: functools.partial(self.search, SOLVERS[key]) for key in PLAN.solvers}

    def search(self, solver, patterns, margin, *, limits, rng):
        self.n_runs += patterns.n_weights == self.size
        if patterns.n_weights == self.size and self.n_runs == self.at:
            return self.meets(functools.partial(solver, patterns, margin, limits=limits, rng=rng))
        return solver(patterns, margin, limits=limits, rng=rng)


def is_swallowed(search):
    with contextlib.suppress(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    return search()


def passes_through(search):
    signal.raise_signal(signal.SIGINT)
    return search()


def is_raised_without_a_signal(search):
    raise KeyboardInterrupt


def ends_a_search_that_solves(search):
    return dataclasses.replace(search(), status=Status.SOLVED, n_errors=0, n_sweeps=1, interrupted=True)


def ends_a_search_that_does_not(search):
    return dataclasses.replace(search(), status=Status.INTERRUPTED, n_sweeps=1, interrupted=True)


@pytest.mark.parametrize(
    "meets",
    [
        is_swallowed,
        passes_through,
        is_raised_without_a_signal,
        ends_a_search_that_solves,
        ends_a_search_that_does_not,
    ],
)
@pytest.mark.parametrize(("at", "size"), [(1, 31), (5, 31), (N_RUNS, 31), (1, 15)])  # 15: while kernels are loaded
def test_the_run_that_ctrl_c_met_is_not_stored(meets, at, size, tmp_path, never_interrupted):
    ctrl_c = CtrlC(meets, at, size)
    cut = run_study(PLAN, tmp_path, solvers=ctrl_c.solvers())
    assert cut.status is Status.INTERRUPTED
    assert ctrl_c.n_runs == at
    n_kept = at - 1 if size == 31 else 0
    assert len(cut.runs) == len(read_study(tmp_path)[1]) == n_kept
    whole = run_study(PLAN, tmp_path, solvers={key: plain(key) for key in PLAN.solvers})
    assert whole.status is Status.CONVERGED
    assert numbers(whole.runs) == never_interrupted


def test_a_run_that_is_being_stored_is_kept(tmp_path, monkeypatch, never_interrupted):
    calls = []

    def fsync(descriptor):
        calls.append(descriptor)
        if len(calls) == 5:  # the third run: the parameters took two, of the file and of its folder
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(os, "fsync", fsync)
    cut = run_study(PLAN, tmp_path)
    assert cut.status is Status.INTERRUPTED
    assert len(cut.runs) == len((tmp_path / "runs.jsonl").read_text().splitlines()) == 3
    monkeypatch.undo()
    assert numbers(run_study(PLAN, tmp_path).runs) == never_interrupted


def test_runs_that_workers_have_finished_are_kept_once(tmp_path, never_interrupted):
    def progress(n_finished, n_most):
        if n_finished == 6:
            signal.raise_signal(signal.SIGINT)

    with ThreadPoolExecutor(2) as executor:
        cut = run_study(PLAN, tmp_path, executor=executor, progress=progress)
    assert cut.status is Status.INTERRUPTED
    assert len((tmp_path / "runs.jsonl").read_text().splitlines()) == len(cut.runs) >= 6
    assert numbers(run_study(PLAN, tmp_path).runs) == never_interrupted


# the name is that of the command, which watches for Ctrl-C before its own slow imports
COMMAND = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # even where the parent ignores it
sys.argv = ["perceptron", "study", "--json", *sys.argv[1:]]
from perceptron.cli.main import main
sys.exit(main())
"""
OPTIONS = [
    "--solvers",
    "sbpi,fbp",
    "--sizes",
    "31,201",
    "--loads",
    "0.3",
    "--instances",
    "400",
    "--max-seconds",
    "1000",
]


def has_imported(name):
    """Whether that module has been imported, told by the times of imports on standard error."""

    def reached(process, folder):
        line = process.stderr.readline()
        assert line
        return line.split("|")[-1].strip() == name

    return reached


def has_its_folder(process, folder):
    time.sleep(0.002)
    return (folder / "parameters.json").exists()


def has_stored_some(process, folder):
    time.sleep(0.002)
    return (folder / "runs.jsonl").exists() and (folder / "runs.jsonl").read_bytes().count(b"\n") >= 5


@pytest.mark.parametrize(
    ("reached", "jobs"),
    [
        (has_imported("numpy"), 1),
        (has_imported("scipy.stats"), 1),
        (has_its_folder, 1),
        (has_stored_some, 1),
        (has_its_folder, 2),
        (has_stored_some, 2),
    ],
    ids=["imports", "later imports", "first run", "later runs", "workers that start", "workers that work"],
)
def test_a_real_ctrl_c_ends_the_command_with_a_result(reached, jobs, tmp_path):
    folder = tmp_path / "study"
    verbose = ["-X", "importtime"] if reached is not has_its_folder and reached is not has_stored_some else []
    command = [sys.executable, *verbose, "-c", COMMAND, "--output", str(folder), *OPTIONS, "--jobs", str(jobs)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=ROOT, text=True, start_new_session=True, **pipes) as process:
        while not reached(process, folder):
            assert process.poll() is None
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
        output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    assert json.loads(output)["status"] == "INTERRUPTED"
    assert "Traceback" not in errors
    plan, runs = read_study(folder)
    n_lines = (folder / "runs.jsonl").read_bytes().count(b"\n")
    assert len(runs) == n_lines < 1600
    assert n_lines >= 5 or reached is not has_stored_some
    for key, run in list(runs.items())[:20]:
        rng = plan.generator(*key)
        limits = plan.limits(key.n_weights)
        again = SOLVERS[key.solver](plan.patterns(*key[1:]), plan.margin, limits=limits, rng=rng)
        assert (run.solved, run.n_errors, run.n_sweeps) == (True, again.n_errors, again.n_sweeps)
