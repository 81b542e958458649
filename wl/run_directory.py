"""A run on disk: parameters and data written once, checkpoints that replace one another, and the landscape.

    DIR/parameters.json      the plan
    DIR/data.npz             patterns, references
    DIR/checkpoint.npz       all that changes, at one step; checkpoint-previous.npz the one before
    DIR/landscape.nc         written when a run ends or is interrupted

Every file is written to a temporary name and renamed, nothing is pickled. A lock keeps a second process out; it goes
with the process that holds it. A checkpoint that is damaged or belongs to another run is refused, and the previous one
used.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from perceptron.files import provenance, write_atomically
from wl.catalogue import rebuild
from wl.grid import Range
from wl.landscape import landscape_of, load_landscape, save_landscape
from wl.run import Goal, Plan, Run, settings_from

__all__ = ["RunDirectory", "create", "open_directory"]

FORMAT = 1
NAMES = ("parameters.json", "data.npz", "checkpoint.npz", "checkpoint-previous.npz", "landscape.nc")


class RunDirectory:
    """A directory with a run in it."""

    def __init__(self, path: Path, plan: Plan, fingerprint: str) -> None:
        self.path, self.plan, self.fingerprint = path, plan, fingerprint
        self.notes: list[str] = []

    def save(self, run: Run) -> None:
        """Write a checkpoint; the last one becomes the previous."""
        arrays = {
            f"run{k}/{name}": array
            for k, sampler in enumerate(run.samplers)
            for name, array in sampler.arrays().items()
        }
        buffer = io.BytesIO()
        np.savez(
            buffer,
            allow_pickle=False,
            fingerprint=np.array(self.fingerprint),
            steps=np.array(run.steps),
            seconds=np.array(run.seconds),
            **arrays,
        )
        present = self.path / "checkpoint.npz"
        content = buffer.getvalue()
        if present.exists():
            _link_over(present, self.path / "checkpoint-previous.npz")
        write_atomically(present, content)

    def load(self) -> Run:
        """The run as its last good checkpoint has it.

        Raises
        ------
        ValueError
            If neither checkpoint can be used.
        """
        run = Run(self.plan)
        problems = []
        for name in ("checkpoint.npz", "checkpoint-previous.npz"):
            try:
                saved = self._read(self.path / name)
            except ValueError as error:
                problems.append(str(error))
                continue
            for k, sampler in enumerate(run.samplers):
                prefix = f"run{k}/"
                sampler.restore({key[len(prefix) :]: saved[key] for key in saved if key.startswith(prefix)})
            run.seconds = float(saved["seconds"])
            self.notes += problems
            return run
        raise ValueError(f"no checkpoint in {str(self.path)!r} can be used: " + "; ".join(problems))

    def _read(self, path: Path) -> dict[str, np.ndarray]:
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
                saved = {name: data[name] for name in data.files}
        except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as error:
            raise ValueError(f"checkpoint {path.name} cannot be read ({error})") from None
        if str(saved.get("fingerprint")) != self.fingerprint:
            raise ValueError(f"checkpoint {path.name} belongs to another run")
        return saved

    def progress(self) -> tuple[int, float]:
        """Steps and seconds of the last checkpoint, without loading its arrays."""
        for name in ("checkpoint.npz", "checkpoint-previous.npz"):
            try:
                with (self.path / name).open("rb") as file, np.load(file, allow_pickle=False) as data:
                    return int(data["steps"]), float(data["seconds"])
            except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error):
                continue
        raise ValueError(f"no checkpoint in {str(self.path)!r} can be read")

    def state(self) -> str:
        """RUNNING while a process holds the lock, FINISHED with a landscape at the last step, else STOPPED."""
        try:
            with self.locked():
                pass
        except ValueError:
            return "RUNNING"
        steps, seconds = self.progress()
        goal = self.plan.goal
        done = (goal.steps is not None and steps >= goal.steps) or (
            goal.seconds is not None and seconds >= goal.seconds
        )
        if goal.converged and (self.path / "landscape.nc").exists():
            done = load_landscape(self.path / "landscape.nc").attrs["status"] == "CONVERGED"
        return "FINISHED" if done else "STOPPED"

    def finish(self, run: Run) -> Any:
        """Compute and write the landscape."""
        dataset = landscape_of(run.samplers, self.plan.description(), self.plan.goal.tolerance)
        dataset.attrs["seconds"] = run.seconds
        save_landscape(self.path / "landscape.nc", dataset)
        return dataset

    def set_goal(self, goal: Goal) -> None:
        """Give the run another goal."""
        text = json.loads((self.path / "parameters.json").read_text())
        text["goal"] = {name: getattr(goal, name) for name in ("steps", "seconds", "converged", "tolerance")}
        write_atomically(self.path / "parameters.json", (json.dumps(text, indent=1) + "\n").encode())
        object.__setattr__(self.plan, "goal", goal)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes out.

        Raises
        ------
        ValueError
            If one is in.
        """
        lock = FileLock(self.path / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            raise ValueError(f"{str(self.path)!r} is in use by another process; allowed: one at a time") from None
        try:
            yield
        finally:
            lock.release()


def create(path: Path, plan: Plan, *, overwrite: bool = False) -> RunDirectory:
    """Make the directory with the plan, its data and a checkpoint of step 0; nothing is compiled yet.

    Raises
    ------
    ValueError
        If it holds a run already, unless that may be overwritten.
    """
    held = [name for name in NAMES if (path / name).exists()]
    if held and not overwrite:
        raise ValueError(
            f"output = {str(path)!r} holds a run already ({held[0]}); allowed: another name, or --overwrite"
        )
    path.mkdir(parents=True, exist_ok=True)
    directory = RunDirectory(path, plan, "")
    run = Run(plan)
    with directory.locked():
        for name in held:
            (path / name).unlink()
        buffer = io.BytesIO()
        np.savez_compressed(buffer, allow_pickle=False, **plan.system.data)
        write_atomically(path / "data.npz", buffer.getvalue())
        text = {"format": FORMAT, **plan.description(), "versions": provenance()["versions"]}
        write_atomically(path / "parameters.json", (json.dumps(text, indent=1) + "\n").encode())
        directory.fingerprint = _fingerprint(text, plan.system.data)
        directory.save(run)
    return directory


def open_directory(path: Path) -> RunDirectory:
    """The run in a directory.

    Raises
    ------
    ValueError
        If there is none, or it cannot be read.
    """
    try:
        text = json.loads((path / "parameters.json").read_text())
        with (path / "data.npz").open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            data = {name: arrays[name] for name in arrays.files}
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
        )
    except (OSError, KeyError, TypeError, json.JSONDecodeError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{str(path)!r} holds no run that can be read ({error})") from None
    return RunDirectory(path, plan, _fingerprint(text, data))


def _fingerprint(text: dict[str, Any], data: dict[str, np.ndarray]) -> str:
    """Hash of everything the chain depends on; the goal may change, versions are told but not compared."""
    kept = {key: text[key] for key in ("format", "system", "variables", "ranges", "cap", "settings", "seed", "runs")}
    digest = hashlib.sha256(json.dumps(json.loads(json.dumps(kept)), sort_keys=True).encode())
    for name in sorted(data):
        array = np.ascontiguousarray(data[name])
        digest.update(f"{name} {array.dtype} {array.shape}".encode() + array.tobytes())
    return digest.hexdigest()


def _link_over(source: Path, target: Path) -> None:
    """Let `target` name the file of `source` too, so that it stays when `source` is replaced."""
    temporary = target.with_name(f".{target.name}.link")
    temporary.unlink(missing_ok=True)
    try:
        temporary.hardlink_to(source)
    except OSError:  # file systems without links
        shutil.copyfile(source, temporary)
    temporary.replace(target)
