"""Checkpoints of a run: all that changes, at one step, as arrays; never pickled.

    DIR/checkpoint.npz            the last one
    DIR/checkpoint-previous.npz   the one before

A checkpoint is written to a temporary name and renamed, so that a killed process or a full disk leaves the last one as
it is. One that is damaged, or of another run, is refused, and the previous one used.
"""

from __future__ import annotations

import io
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from perceptron.base.checksums import digest_of
from perceptron.base.files import write_atomically
from perceptron.base.reading import arrays_in, damage_of, read_content
from wl.engine.estimators.uniform_draws import UniformDraws
from wl.runs.run import Run

__all__ = ["NAMES", "Progress", "read_checkpoint", "read_progress", "restore_run", "write_checkpoint"]

NAMES = ("checkpoint.npz", "checkpoint-previous.npz")
CHECKSUM = "checksum"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a checkpoint is."""

    steps: int
    seconds: float
    round_trips: int
    stage: str


def write_checkpoint(folder: Path, run: Run, fingerprint: str) -> None:
    """Write a checkpoint; the last one becomes the previous.

    Raises
    ------
    OSError
        If it cannot be written; the last one stays.
    """
    arrays = {
        f"run{k}/{name}": array for k, sampler in enumerate(run.samplers) for name, array in sampler.arrays().items()
    }
    draws = run.samplers[0].uniform_draws
    if draws is not None:
        arrays |= {"uniform_draws/counts": draws.counts, "uniform_draws/number": np.array(draws.number)}
    arrays |= {
        "fingerprint": np.array(fingerprint),
        "steps": np.array(run.steps),
        "seconds": np.array(run.seconds),
        "round_trips": np.array(run.round_trips),
        "stage": np.array(run.stage),
    }
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays, **{CHECKSUM: np.array(digest_of(arrays))})
    present = folder / NAMES[0]
    try:
        if present.exists():
            _link_over(present, folder / NAMES[1])
        write_atomically(present, buffer.getvalue())
    except OSError as error:
        message = f"checkpoint {str(present)!r} could not be written ({error}); what was saved before is kept"
        raise OSError(message) from None


def read_checkpoint(folder: Path, fingerprint: str) -> tuple[dict[str, np.ndarray], list[str]]:
    """Arrays of the last good checkpoint, and what was wrong with a later one.

    Raises
    ------
    ValueError
        If neither can be used.
    """
    problems: list[str] = []
    for name in NAMES:
        try:
            return _read(folder / name, fingerprint), problems
        except ValueError as error:
            problems.append(str(error))
    raise ValueError(f"no checkpoint in {str(folder)!r} can be used: " + "; ".join(problems))


def restore_run(run: Run, saved: dict[str, np.ndarray]) -> None:
    """Bring a new run to where a checkpoint is."""
    for k, sampler in enumerate(run.samplers):
        prefix = f"run{k}/"
        sampler.restore({key.removeprefix(prefix): saved[key] for key in saved if key.startswith(prefix)})
    if "uniform_draws/counts" in saved:
        run.take_draws(UniformDraws(saved["uniform_draws/counts"], int(saved["uniform_draws/number"])))
    run.seconds = float(saved["seconds"])


def read_progress(folder: Path) -> Progress:
    """How far the last readable checkpoint is, without its arrays.

    Raises
    ------
    ValueError
        If there is none.
    """
    for name in NAMES:
        try:
            with damage_of("checkpoint", name), (folder / name).open("rb") as file, np.load(file) as data:
                numbers = int(data["steps"]), float(data["seconds"]), int(data["round_trips"])
                return Progress(*numbers, str(data["stage"]) if "stage" in data else "")  # not in early files
        except ValueError:
            continue
    raise ValueError(f"no checkpoint in {str(folder)!r} can be read")


def _read(path: Path, fingerprint: str) -> dict[str, np.ndarray]:
    saved = arrays_in(read_content(path, "checkpoint"), "checkpoint", path.name)
    if isinstance(saved, np.ndarray):
        raise ValueError(f"checkpoint {path.name} cannot be read (it holds a single array)")
    checksum = saved.pop(CHECKSUM, None)  # not in early files
    if checksum is not None and str(checksum) != digest_of(saved):
        raise ValueError(f"checkpoint {path.name} is damaged: its arrays have another checksum")
    if str(saved.get("fingerprint")) != fingerprint:
        raise ValueError(f"checkpoint {path.name} belongs to another run")
    return saved


def _link_over(source: Path, target: Path) -> None:
    """Let `target` name the file of `source` too, so that it stays when `source` is replaced."""
    temporary = target.with_name(f".{target.name}.link")
    temporary.unlink(missing_ok=True)
    try:
        temporary.hardlink_to(source)
    except OSError:  # file systems without links
        shutil.copyfile(source, temporary)
    temporary.replace(target)
