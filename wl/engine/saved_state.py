"""The arrays behind a checkpoint: everything of a sampler that changes, at one step."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from wl.engine.kernels.walk import Walker
from wl.engine.windows.walkers import Particle, kept_arrays

if TYPE_CHECKING:
    from wl.engine.sampler import Sampler

__all__ = ["restore_arrays", "saved_arrays"]

NUMBERS = ("n_rejected_walkers", "n_start_trials")  # of a window


def saved_arrays(sampler: Sampler) -> dict[str, np.ndarray]:
    """Everything of a sampler that changes, by name."""
    saved: dict[str, Any] = {
        "numbers": np.array([sampler.trials, sampler.round_end, sampler.next_mark]),
        "phases": sampler.phases.array(),
        "stream": sampler.stream,
        "learning_counts": sampler.learning_counts,
        "n_exchanges": sampler.n_exchanges,
        "steps": sampler.steps.numbers,
        "prepared": np.array(sampler.prepared),
    } | {f"trace/{name}": array for name, array in sampler.trace.arrays().items()}
    for w, window in enumerate(sampler.windows):
        for name in NUMBERS:
            saved[f"window{w}/{name}"] = np.array(getattr(window, name))
        for name, array in _share_arrays(window.own):
            saved[f"window{w}/{name}"] = array
        for k, particle in enumerate(window.particles):
            saved |= {f"window{w}/walker{k}/{name}": array for name, array in _particle_arrays(particle)}
        if not window.schedule.alone:
            for k, share in enumerate(window.shares):
                saved |= {f"window{w}/share{k}/{name}": array for name, array in _share_arrays(share)}
    for k, pieces in enumerate(sampler.pieces):
        saved |= {f"pieces{k}/{name}": array for name, array in pieces.arrays().items()}
    for k, blocks in enumerate(sampler.proposals):
        saved |= {f"proposals{k}/{name}": array for name, array in blocks.arrays().items()}
    return saved


def restore_arrays(sampler: Sampler, saved: dict[str, np.ndarray]) -> None:
    """Put back what `saved_arrays` gave."""
    sampler.trials, sampler.round_end, sampler.next_mark = map(int, saved["numbers"])
    sampler.phases.restore(saved["phases"])
    for name in ("stream", "learning_counts", "n_exchanges"):
        getattr(sampler, name)[...] = saved[name]
    sampler.steps.numbers[...] = saved["steps"]
    sampler.trace.restore({name: saved[f"trace/{name}"] for name in sampler.trace.arrays()})
    sampler.prepared = bool(saved["prepared"])
    if not sampler.prepared:
        return
    for w, window in enumerate(sampler.windows):
        for name in NUMBERS:
            setattr(window, name, int(saved[f"window{w}/{name}"]))
        _fill(window.own, saved, f"window{w}/")
        window.particles = [
            _particle(sampler, saved, f"window{w}/walker{k}/") for k in range(sampler.settings.n_walkers)
        ]
        window.shares = [window.own] if window.schedule.alone else []
        if not window.schedule.alone and f"window{w}/share0/clock" in saved:
            window.begin_round()
            for k, share in enumerate(window.shares):
                _fill(share, saved, f"window{w}/share{k}/")
    for k, pieces in enumerate(sampler.pieces):
        pieces.restore({name: saved[f"pieces{k}/{name}"] for name in pieces.arrays()})
    for k, blocks in enumerate(sampler.proposals):
        blocks.restore({name: saved[f"proposals{k}/{name}"] for name in blocks.arrays()})


def _particle(sampler: Sampler, saved: dict[str, np.ndarray], prefix: str) -> Particle:
    walker = Walker(*(saved[f"{prefix}{name}"].copy() for name in Walker._fields))
    state = sampler.system.new_state()
    for name, array in kept_arrays(state).items():
        array[...] = saved[f"{prefix}state/{name}"]
    tally = saved.get(f"{prefix}tally")  # not in early files
    return Particle(state, walker) if tally is None else Particle(state, walker, tally.copy())


def _share_arrays(share: Any) -> Iterable[tuple[str, np.ndarray]]:
    yield "clock", share.clock
    for part in (share.surface, share.transitions):
        yield from zip(part._fields, part, strict=True)


def _particle_arrays(particle: Particle) -> Iterable[tuple[str, np.ndarray]]:
    yield from zip(Walker._fields, particle.walker, strict=True)
    yield "tally", particle.tally
    for name, array in kept_arrays(particle.state).items():
        yield f"state/{name}", array


def _fill(share: Any, saved: dict[str, np.ndarray], prefix: str) -> None:
    share.clock[...] = saved[f"{prefix}clock"]
    for name, array in zip(share.surface._fields, share.surface, strict=True):
        array[...] = saved[f"{prefix}{name}"]
    share.transitions = type(share.transitions)(*(saved[f"{prefix}{n}"].copy() for n in share.transitions._fields))
