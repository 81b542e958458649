"""A run on disk: parameters and data written once, checkpoints that replace one another, and the landscape.

    DIR/parameters.json      the plan
    DIR/data.npz             patterns, references
    DIR/checkpoint.npz       and checkpoint-previous.npz, see `wl.runs.checkpoint`
    DIR/landscape.nc         written when a run ends or is interrupted

Every file is written to a temporary name and renamed. A lock keeps a second process out; it goes with the process that
holds it.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from perceptron.base.checks import check_path
from perceptron.base.checksums import sealed, unsealed
from perceptron.base.files import check_place, provenance, write_atomically
from perceptron.base.reading import DAMAGE, read_arrays, read_mapping, reason_of
from wl.interface.grid import Range
from wl.landscape.build import landscape_of, load_landscape, save_landscape
from wl.runs.checkpoint import NAMES as CHECKPOINTS
from wl.runs.checkpoint import (
    Progress,
    read_checkpoint,
    read_progress,
    restore_run,
    write_checkpoint,
)
from wl.runs.goal import Goal
from wl.runs.run import STARTS, Plan, Run, settings_from
from wl.systems.catalogue import rebuild

__all__ = ["RunDirectory", "create", "open_directory"]

FORMAT = 2
NAMES = ("parameters.json", "data.npz", *CHECKPOINTS, "landscape.nc")
STAGING = ".new"
FINGERPRINT = "fingerprint"
PATIENCE = 2.0  # seconds; `status` holds the lock for an instant


class RunDirectory:
    """A directory with a run in it."""

    def __init__(self, path: Path, plan: Plan, fingerprint: str) -> None:
        self.path, self.plan, self.fingerprint = path, plan, fingerprint
        self.lock = FileLock(path / ".lock")

    def save(self, run: Run) -> None:
        """Write a checkpoint; the last one becomes the previous."""
        write_checkpoint(self.path, run, self.fingerprint)

    def load(self) -> tuple[Run, list[str]]:
        """The run as its last good checkpoint has it, and what was wrong with a later one.

        Raises
        ------
        ValueError
            If neither checkpoint can be used.
        """
        run = Run(self.plan)
        saved, problems = read_checkpoint(self.path, self.fingerprint)
        restore_run(run, saved)
        return run, problems

    def progress(self) -> Progress:
        """Steps, seconds and round trips of the last checkpoint, without loading its arrays."""
        return read_progress(self.path)

    def state(self) -> str:
        """RUNNING while a process holds the lock, FINISHED with a landscape at the goal, else STOPPED."""
        try:
            with self.locked(0.1):
                pass
        except ValueError:
            return "RUNNING"
        except OSError:  # a directory that cannot be written, so nobody runs in it
            pass
        found, goal, landscape = self.progress(), self.plan.goal, self.usable_landscape()[0]
        if landscape is None or landscape.attrs["steps"] != found.steps:
            return "STOPPED"
        reached = landscape.attrs["status"] == "CONVERGED" and found.steps > 0 if goal.converged else False
        reached = reached or (goal.steps is not None and found.steps >= goal.steps)
        reached = reached or (goal.seconds is not None and found.seconds >= goal.seconds)
        return "FINISHED" if reached else "STOPPED"

    def landscape(self) -> Any:
        """The landscape that was written last; None where there is none.

        Raises
        ------
        ValueError
            If it is damaged, or of another run.
        """
        path = self.path / "landscape.nc"
        if not path.exists():
            return None
        found = load_landscape(path)
        if found.attrs.get(FINGERPRINT, self.fingerprint) != self.fingerprint:  # not in early files
            raise ValueError(f"landscape {str(path)!r} belongs to another run")
        return found

    def usable_landscape(self) -> tuple[Any, str]:
        """As `landscape`, or None and what is wrong with it: whatever it is, the checkpoint can make it anew."""
        try:
            return self.landscape(), ""
        except ValueError as error:
            return None, str(error)

    def finish(self, run: Run) -> Any:
        """Compute and write the landscape."""
        dataset = landscape_of(run.samplers, self.plan.description(), self.plan.goal.tolerance)
        dataset.attrs |= {"seconds": run.seconds, FINGERPRINT: self.fingerprint}
        try:
            save_landscape(self.path / "landscape.nc", dataset)
        except OSError as error:
            message = f"landscape in {str(self.path)!r} could not be written ({error}); the checkpoint is kept"
            raise OSError(message) from None
        return dataset

    def extend(self, more: Goal, *, explore: bool = False) -> None:
        """Give the run more trials or seconds, or another kind of goal, and a time to freeze its weights that suits it.

        Frozen weights stay so, unless they miss a level that the run is for, or where it is to `explore`: then new bins
        are taken in again, and the frozen walk begins anew after that.

        Raises
        ------
        ValueError
            If it is in use by another process.
        """
        with self.locked():
            run, _ = self.load()
            steps = None if more.steps is None else run.steps + more.steps
            seconds = None if more.seconds is None else run.seconds + more.seconds
            run.set_goal(Goal(steps, seconds, more.converged, more.tolerance), explore=explore)
            self.plan = run.plan
            self.save(run)
            text = unsealed(read_mapping(self.path / "parameters.json", "file"), "parameters.json")
            text["goal"] = self.plan.description()["goal"]
            write_atomically(self.path / "parameters.json", _as_json(text))

    def remove_unless_begun(self) -> None:
        """Remove all files of a run that has not made a trial."""
        if self.progress().steps == 0:
            with self.locked():
                for name in NAMES:
                    (self.path / name).unlink(missing_ok=True)
            self.clean()
            (self.path / ".lock").unlink(missing_ok=True)
            if not any(self.path.iterdir()):
                self.path.rmdir()

    def clean(self) -> None:
        """Remove what a killed process left half-written."""
        for name in NAMES:
            for left in self.path.glob(f".{name}.*"):
                left.unlink(missing_ok=True)
        shutil.rmtree(self.path / STAGING, ignore_errors=True)

    @contextmanager
    def locked(self, patience: float = PATIENCE) -> Iterator[None]:
        """Keep other processes out.

        Raises
        ------
        ValueError
            If one is in.
        """
        try:
            self.lock.acquire(timeout=patience)
        except Timeout:
            raise ValueError(f"{str(self.path)!r} is in use by another process; allowed: one at a time") from None
        try:
            yield
        finally:
            self.lock.release()


def create(path: Path | str, plan: Plan, *, overwrite: bool = False) -> RunDirectory:
    """Make the directory with the plan, its data and a checkpoint of step 0; nothing is compiled yet.

    Raises
    ------
    ValueError
        If it holds a run already, unless that may be overwritten, or is in use.
    """
    path = check_place("output", path, folder=True)
    run = Run(plan)
    path.mkdir(parents=True, exist_ok=True)
    text = {"format": FORMAT, **plan.description(), "versions": provenance()["versions"]}
    directory = RunDirectory(path, plan, _fingerprint(text, plan.data))
    with directory.locked():
        held = [name for name in NAMES if (path / name).exists()]
        if held and not overwrite:
            raise ValueError(
                f"output = {str(path)!r} holds a run already ({held[0]}); allowed: another name, or --overwrite"
            )
        directory.clean()
        staging = path / STAGING
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **plan.data)
        try:
            write_atomically(staging / "data.npz", buffer.getvalue())
            write_checkpoint(staging, run, directory.fingerprint)
            write_atomically(staging / "parameters.json", _as_json(text))
            for name in held:
                (path / name).unlink(missing_ok=True)
            for name in ("data.npz", CHECKPOINTS[0], "parameters.json"):
                (staging / name).replace(path / name)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return directory


def open_directory(path: Path | str) -> RunDirectory:
    """The run in a directory.

    Raises
    ------
    ValueError
        If there is none, or it cannot be read.
    """
    path = check_path("path", path)
    try:
        text = unsealed(read_mapping(path / "parameters.json", "file"), "parameters.json")
        if text["format"] != FORMAT:
            raise ValueError(f"its format is {text['format']}; allowed: {FORMAT}")
        data = read_arrays(path / "data.npz", "file")
        starts = data.pop(STARTS, None)
        system = rebuild(text["system"]["name"], text["system"]["parameters"], data)
        ranges = {name: Range(**window) for name, window in text["ranges"].items()}
        plan = Plan(
            system,
            tuple(text["variables"]),
            settings_from(text["settings"]),
            Goal(**text["goal"]),
            text["seed"],
            text["runs"],
            ranges,
            text["cap"],
            starts,
        )
    except DAMAGE as error:
        raise ValueError(f"{str(path)!r} holds no run that can be read ({reason_of(error)})") from None
    return RunDirectory(path, plan, _fingerprint(text, plan.data))


def _as_json(text: dict[str, Any]) -> bytes:
    return (json.dumps(sealed(text), indent=1) + "\n").encode()


def _fingerprint(text: dict[str, Any], data: dict[str, np.ndarray]) -> str:
    """Hash of everything the chain depends on; the goal may change, versions are told but not compared."""
    kept = {
        key: text[key]
        for key in ("format", "system", "variables", "ranges", "cap", "settings", "seed", "runs", "starts")
    }
    digest = hashlib.sha256(json.dumps(json.loads(json.dumps(kept)), sort_keys=True).encode())
    for name in sorted(data):
        array = np.ascontiguousarray(data[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()
