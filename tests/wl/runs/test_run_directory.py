"""Runs on disk: killed, stopped, damaged, on a full disk; what was saved stays, and the result does not change."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from wl.engine.settings import settings_for
from wl.landscape.build import load_landscape
from wl.runs.directory import create, open_directory
from wl.runs.driver import Every, drive
from wl.runs.goal import Goal
from wl.runs.run import Plan
from wl.systems.ising import ising

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-W", "error", "-m", "wl.cli.main"]
ISING = ["ising", "--size", "4", "--steps", "2e7"]
FORCES = [
    *("quadratic", "--dimensions", "2,3", "--variables", "log_first_square,log_second_square"),
    *("--window", "log_first_square=-4:0:0.5", "--window", "log_second_square=-4:0:0.5"),
]
KINDS = {  # what is run, and how often it is saved
    "one walker": (ISING, "250000"),
    "three walkers": ([*ISING, "--walkers", "3"], "250000"),
    "windows with exchange": ([*ISING, "--windows", "2", "--walkers", "2"], "250000"),
    "three runs": ([*ISING, "--runs", "3"], "250000"),
    "two runs of windows": ([*ISING, "--runs", "2", "--windows", "2"], "250000"),
    "langevin dynamics": ([*FORCES, "--sampler", "langevin", "--steps", "4e6"], "50000"),
    "hybrid Monte Carlo in windows": ([*FORCES, "--sampler", "hmc", "--windows", "2", "--steps", "4e6"], "50000"),
}


def wl(*arguments, folder=ROOT):
    return subprocess.Popen([*COMMAND, *map(str, arguments)], cwd=folder, env=environment(), **PIPES)


PIPES = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def ended(process, code=0):
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, out + err
    return out, err


def small(path, n_trials=100_000, **more):
    system = ising(4)
    return create(path, Plan(system, ("energy",), settings_for(system), Goal(steps=n_trials), **more))


def quietly(directory, every=None, notes=None):
    return drive(directory, 1, every or Every(), (notes if notes is not None else []).append)


def assert_same_landscape(first, second):
    one, two = (load_landscape(path / "landscape.nc") for path in (first, second))
    for landscape in (one, two):
        landscape.attrs.pop("seconds")
        landscape.attrs.pop("checksum")  # of the seconds too
    assert one.identical(two)


def run_with_kills(folder, kind, n_kills, delays):
    """Run into folder/killed, ended by SIGKILL again and again, and whole into folder/whole."""
    system, every = KINDS[kind]
    options = [*system, "--checkpoint-steps", every]
    ended(wl("run", *options, "--output", folder / "whole"))
    target, n_done, n_cut = folder / "killed", 0, 0
    command = ["run", *options, "--output", target]
    while n_done < n_kills:
        process = wl(*command)
        before = checkpoint_of(target)
        while process.poll() is None and delays.from_progress and checkpoint_of(target) == before:
            time.sleep(0.005)
        time.sleep(delays.next())
        process.kill()
        process.communicate()
        n_done += 1
        n_cut += process.returncode == -signal.SIGKILL
        if (target / "parameters.json").exists():
            command = ["resume", target, "--checkpoint-steps", every]
    ended(wl(*command))
    assert n_cut > 0  # a kill that comes after the end cuts nothing
    assert_same_landscape(folder / "whole", target)
    assert not list(target.glob(".checkpoint*"))


def checkpoint_of(folder):
    path = folder / "checkpoint.npz"
    return path.stat().st_ino if path.exists() else None


class Delays:
    """Random delays, from the first progress of a process or from its start."""

    def __init__(self, seed, longest, from_progress):
        self.draw, self.longest, self.from_progress = random.Random(seed), longest, from_progress

    def next(self):
        return self.draw.uniform(0.0, self.longest)


def test_killed_and_resumed_is_bit_identical(tmp_path):
    run_with_kills(tmp_path, "two runs of windows", 2, Delays(1, 0.1, True))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_killed_at_twenty_random_moments(tmp_path, kind):
    run_with_kills(tmp_path, kind, 10, Delays(2, 3.0, False))
    run_with_kills_again = tmp_path / "again"
    run_with_kills_again.mkdir()
    run_with_kills(run_with_kills_again, kind, 10, Delays(3, 0.2, True))


def test_signals_write_a_checkpoint_and_end(tmp_path):
    target, done = tmp_path / "run", 0
    command = ["run", "ising", "--size", 4, "--steps", 10**12, "--output", target]
    for number in (signal.SIGINT, signal.SIGTERM):
        process = wl(*command, "--checkpoint-seconds", 1000, "--json")
        if done == 0:
            wait_for_checkpoints(target, 2, process)
            assert open_directory(target).state() == "RUNNING"
            with pytest.raises(ValueError, match="in use by another process; allowed: one at a time"):
                quietly(open_directory(target))
        else:
            wait_until_in_use(target, process)
        process.send_signal(number)
        found = json.loads(ended(process)[0])
        assert found["status"] == "INTERRUPTED"
        assert found["steps"] == open_directory(target).progress().steps >= done
        assert load_landscape(target / "landscape.nc").attrs["steps"] == found["steps"]
        assert open_directory(target).state() == "STOPPED"
        command, done = ["resume", target], found["steps"]


def wait_until_in_use(folder, process):
    limit = time.monotonic() + 120.0
    while open_directory(folder).state() != "RUNNING" and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.1)  # asking takes the lock for a moment
    assert process.poll() is None


def wait_for_checkpoints(folder, number, process):
    """Until so many checkpoints were written, that of step 0 being the first."""
    seen, limit = set(), time.monotonic() + 120.0
    while len(seen) < number and process.poll() is None and time.monotonic() < limit:
        seen |= {checkpoint_of(folder)} - {None}
        time.sleep(0.005)
    assert len(seen) >= number


def test_checkpoints_do_not_change_the_chain(tmp_path):
    every = {"a": Every(), "b": Every(steps=1000), "c": Every(seconds=0.001), "d": Every(steps=77_777)}
    for name, chosen in every.items():
        quietly(small(tmp_path / name), chosen)
        assert_same_landscape(tmp_path / "a", tmp_path / name)


def test_checkpoints_come_after_as_many_steps_as_asked(tmp_path, monkeypatch):
    directory, steps = small(tmp_path / "run"), []
    save = type(directory).save
    monkeypatch.setattr(type(directory), "save", lambda self, run: (steps.append(run.steps), save(self, run)))
    quietly(directory, Every(steps=30_000, seconds=1000.0))
    assert steps[:2] == [0, 30_000]
    assert max(np.diff(steps)) == 30_000
    assert steps[-1] == 100_000


def interrupted(path, n_first=40_000):
    """A run with two good checkpoints, stopped half-way."""
    directory = small(path)
    run, _ = directory.load()
    run.prepare()
    for stop in (n_first // 2, n_first):
        while run.steps < stop:
            run.advance(None, stop - run.steps)
        directory.save(run)
    return directory


DAMAGES = {
    "truncated": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "text": lambda content: b"not a checkpoint\n",
    "flipped": lambda content: content[:20_000] + bytes([content[20_000] ^ 255]) + content[20_001:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused_and_the_previous_one_used(tmp_path, damage):
    quietly(small(tmp_path / "whole"))
    directory, notes = interrupted(tmp_path / "run"), []
    path = tmp_path / "run/checkpoint.npz"
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(DAMAGES[damage](content))
    assert directory.progress().steps in (20_000, 40_000)
    quietly(directory, notes=notes)
    assert len(notes) == 1
    assert "'checkpoint.npz' cannot be read" in notes[0]
    assert_same_landscape(tmp_path / "whole", tmp_path / "run")


def test_foreign_and_missing_checkpoints(tmp_path):
    quietly(small(tmp_path / "whole"))
    directory, notes = interrupted(tmp_path / "run"), []
    foreign = interrupted(tmp_path / "other" / "run").path / "checkpoint.npz"
    other = small(tmp_path / "seed", seed=2).path / "checkpoint.npz"
    (tmp_path / "run/checkpoint.npz").unlink()
    (tmp_path / "run/checkpoint.npz").write_bytes(other.read_bytes())
    run, problems = directory.load()
    assert run.steps == 20_000
    assert problems == ["checkpoint checkpoint.npz belongs to another run"]
    (tmp_path / "run/checkpoint-previous.npz").write_bytes(b"")
    with pytest.raises(ValueError, match=r"no checkpoint in .* can be used: .*another run; .*previous.npz. cannot"):
        directory.load()
    (tmp_path / "run/checkpoint.npz").write_bytes(foreign.read_bytes())  # the same run elsewhere is no other one
    quietly(directory, notes=notes)
    assert notes == []
    assert_same_landscape(tmp_path / "whole", tmp_path / "run")


FULL = """
import resource, sys
from wl.cli.main import main
resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))
sys.argv = ["wl", "resume", {path!r}, "--checkpoint-steps", "10000"]
main()
"""


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_full_disk_loses_nothing_that_was_saved(tmp_path, share):
    quietly(small(tmp_path / "whole"))
    directory = interrupted(tmp_path / "run")
    size = int(share * (tmp_path / "run/checkpoint.npz").stat().st_size)
    code = FULL.format(size=size, path=str(tmp_path / "run"))
    _, err = ended(subprocess.Popen([sys.executable, "-c", code], env=environment(), **PIPES), 1)
    assert "failed: checkpoint" in err
    assert "what was saved before is kept" in err
    assert directory.progress().steps == 40_000
    quietly(directory)
    assert_same_landscape(tmp_path / "whole", tmp_path / "run")


SAVE = """
import resource, sys
from pathlib import Path
from wl.landscape.build import load_landscape, save_landscape
path = Path({path!r})
landscape = load_landscape(path)
for size in (0, 1000, 8000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
    try:
        save_landscape(path, landscape)
    except OSError as error:
        print(error.errno == 27)
"""


def test_a_landscape_on_a_full_disk_keeps_the_old_one(tmp_path, run_python):
    quietly(small(tmp_path / "run"))
    path = tmp_path / "run/landscape.nc"
    before = path.read_bytes()
    assert run_python(SAVE.format(path=str(path)), tmp_path).split() == ["True"] * 3
    assert path.read_bytes() == before
    assert not list(path.parent.glob(".landscape*"))


def test_a_landscape_that_cannot_be_written_leaves_the_checkpoint(tmp_path, monkeypatch):
    directory = small(tmp_path / "run")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("wl.runs.directory.save_landscape", fail)
        with pytest.raises(OSError, match=r"landscape in .* could not be written .*No space left.*checkpoint is kept"):
            quietly(directory)
    assert directory.state() == "STOPPED"
    assert directory.progress().steps == 100_000
    quietly(directory)
    assert directory.state() == "FINISHED"


def test_overwriting_is_asked_for_and_kept_off_while_a_run_goes_on(tmp_path):
    directory = small(tmp_path / "run")
    quietly(directory)
    with pytest.raises(ValueError, match=r"holds a run already \(parameters.json\); allowed: another name, or --over"):
        small(tmp_path / "run")
    other = open_directory(tmp_path / "run")
    system = ising(3)
    plan = Plan(system, ("energy",), settings_for(system), Goal(steps=1000))
    with directory.locked(), pytest.raises(ValueError, match="in use by another process"):
        create(tmp_path / "run", plan, overwrite=True)
    assert other.landscape() is not None
    replaced = create(tmp_path / "run", plan, overwrite=True)
    assert replaced.landscape() is None
    assert replaced.progress().steps == 0
    with pytest.raises(ValueError, match="belongs to another run"):
        other.load()


def test_overwriting_on_a_full_disk_keeps_the_old_run(tmp_path, monkeypatch):
    quietly(small(tmp_path / "run"))

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("wl.runs.directory.write_checkpoint", fail)
        with pytest.raises(OSError, match="No space left"):
            create(tmp_path / "run", open_directory(tmp_path / "run").plan, overwrite=True)
    assert open_directory(tmp_path / "run").state() == "FINISHED"
    assert sorted(path.name for path in (tmp_path / "run").iterdir() if path.name != ".lock") == [
        "checkpoint-previous.npz",
        "checkpoint.npz",
        "data.npz",
        "landscape.nc",
        "parameters.json",
    ]


def test_extending_to_every_kind_of_goal(tmp_path):
    directory = small(tmp_path / "run")
    quietly(directory)
    directory.extend(Goal(steps=50_000))
    assert directory.state() == "STOPPED"
    run, landscape = quietly(open_directory(tmp_path / "run"))
    assert run.steps == landscape.attrs["steps"] == 150_000
    directory = open_directory(tmp_path / "run")
    directory.extend(Goal(seconds=0.2))
    run, landscape = quietly(open_directory(tmp_path / "run"))
    assert run.steps > 150_000
    directory = open_directory(tmp_path / "run")
    directory.extend(Goal(converged=True, tolerance=0.1))
    run, landscape = quietly(open_directory(tmp_path / "run"))
    assert landscape.attrs["status"] == "CONVERGED"
    assert open_directory(tmp_path / "run").state() == "FINISHED"


def test_a_landscape_judged_with_another_tolerance_is_judged_anew(tmp_path):
    directory = small(tmp_path / "run")
    quietly(directory)
    directory.extend(Goal(converged=True, tolerance=0.2))
    run, landscape = quietly(open_directory(tmp_path / "run"))
    assert landscape.attrs["status"] == "CONVERGED"
    directory = open_directory(tmp_path / "run")
    directory.extend(Goal(converged=True, tolerance=0.01))
    assert directory.finish(directory.load()[0]).attrs["status"] == "NOT_CONVERGED"
    directory.extend(Goal(converged=True, tolerance=0.2))
    again, landscape = quietly(open_directory(tmp_path / "run"))
    assert again.steps == run.steps
    assert landscape.attrs["status"] == "CONVERGED"
    assert open_directory(tmp_path / "run").state() == "FINISHED"


def test_extended_and_stopped_before_the_new_landscape(tmp_path):
    directory = small(tmp_path / "run")
    quietly(directory)
    directory.extend(Goal(steps=50_000))
    run, _ = directory.load()
    run.prepare()
    while not run.reached():
        run.advance()
    directory.save(run)
    _, landscape = quietly(open_directory(tmp_path / "run"))
    assert landscape.attrs["steps"] == 150_000


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("parameters.json", b"{", "holds no run that can be read"),
        ("parameters.json", b'{"format": 99}', r"its format is 99; allowed: 2"),
        ("data.npz", b"PK", "holds no run that can be read"),
    ],
)
def test_a_damaged_directory_is_refused(tmp_path, name, content, message):
    small(tmp_path / "run")
    (tmp_path / "run" / name).write_bytes(content)
    with pytest.raises(ValueError, match=message):
        open_directory(tmp_path / "run")
