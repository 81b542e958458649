"""Files have the mode of the umask, links stay, long names and refused modes lose nothing; NumPy numbers are kept."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from perceptron.base.files import write_atomically
from perceptron.solvers.study_store import StudyPlan
from wl.engine.settings import settings_for
from wl.interface.grid import Range
from wl.landscape.build import load_landscape
from wl.runs.directory import create, open_directory
from wl.runs.goal import Goal
from wl.runs.run import Plan, Run
from wl.systems.free_spins import free_spins

NO_LOCKS = "#include <errno.h>\nint flock(int f, int o) { errno = ENOLCK; return -1; }\n"
NO_MODES = """#include <errno.h>
#include <sys/stat.h>
int chmod(const char *p, mode_t m) { errno = EPERM; return -1; }
int fchmod(int f, mode_t m) { errno = EPERM; return -1; }
int fchmodat(int d, const char *p, mode_t m, int f) { errno = EPERM; return -1; }
"""


@pytest.mark.parametrize(("mask", "mode"), [(0o077, 0o600), (0o022, 0o644), (0o002, 0o664)])
def test_the_umask_decides_on_the_mode(mask, mode, tmp_path):
    before = os.umask(mask)
    try:
        write_atomically(tmp_path / "x.json", b"{}")
    finally:
        os.umask(before)
    assert (tmp_path / "x.json").stat().st_mode & 0o777 == mode


def test_the_file_behind_a_link_is_renewed(tmp_path):
    real, link = tmp_path / "there" / "real.json", tmp_path / "link.json"
    real.parent.mkdir()
    real.write_text("old")
    link.symlink_to(real)
    write_atomically(link, b"new")
    assert link.is_symlink()
    assert real.read_text() == "new"
    assert [path.name for path in real.parent.iterdir()] == ["real.json"]


def test_the_longest_name_of_the_file_system(tmp_path):
    name = "a" * 245 + ".json"
    write_atomically(tmp_path / name, b"{}")
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_name_that_is_too_long_leaves_nothing_behind(tmp_path):
    with pytest.raises(ValueError, match="allowed: names of at most 255 bytes"):
        write_atomically(tmp_path / ("a" * 300), b"{}")
    assert list(tmp_path.iterdir()) == []


def preloaded(source, folder):
    """Environment of a process in which some calls of the system fail."""
    if shutil.which("gcc") is None:
        pytest.skip("needs gcc")
    (folder / "calls.c").write_text(source)
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", folder / "calls.so", folder / "calls.c"], check=True)
    return os.environ | {"LD_PRELOAD": str(folder / "calls.so")}


def test_a_refused_mode_is_no_reason_to_lose_a_result(tmp_path):
    code = "from perceptron.base.files import write_atomically; write_atomically('x.json', b'{}')"
    environment = preloaded(NO_MODES, tmp_path) | {"PYTHONPATH": str(Path.cwd())}
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "x.json").read_bytes() == b"{}"


def plan_of(number, **parts):
    system = free_spins(20, rng=np.random.default_rng(1))
    given = {"goal": Goal(steps=number(1000)), "seed": number(1), "n_runs": number(1)} | parts
    return Plan(system, system.default_variables, settings_for(system, n_walkers=number(1)), **given)


@pytest.mark.parametrize("number", [np.int64, np.int32, np.uint8])
def test_numpy_numbers_are_kept_as_plain_ones(number, tmp_path):
    window = {"magnetization": Range(number(2), number(10), number(2))}
    make = number if number is not np.uint8 else int  # 1000 is no uint8
    directory = create(tmp_path / "run", plan_of(make, ranges=window))
    assert open_directory(tmp_path / "run").fingerprint == directory.fingerprint
    kept = json.loads((tmp_path / "run/parameters.json").read_text())
    assert (kept["seed"], kept["ranges"]["magnetization"]["lowest"]) == (1, 2)


def test_numpy_numbers_of_goals_and_studies():
    for value in (Goal(steps=np.int64(5)).steps, StudyPlan(seed=np.int16(4), margin=np.float32(0.5)).seed):
        assert type(value) is int
    assert type(Goal(converged=True, tolerance=np.float32(0.5)).tolerance) is float
    assert type(StudyPlan(margin=np.float32(0.5)).margin) is float


def test_reading_needs_no_lock(tmp_path):
    directory = create(tmp_path / "run", plan_of(int))
    run = Run(directory.plan)
    run.prepare()
    while not run.reached():
        run.advance()
    directory.finish(run)
    code = "from wl.landscape.build import load_landscape; print(load_landscape('run/landscape.nc').attrs['steps'])"
    environment = preloaded(NO_LOCKS, tmp_path) | {"PYTHONPATH": str(Path.cwd())}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert found.stdout.split() == ["1000"], found.stderr
    assert load_landscape(tmp_path / "run/landscape.nc").attrs["steps"] == 1000
