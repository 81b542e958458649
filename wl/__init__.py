"""Flat-histogram sampling of any system: densities of states, and the entropy landscapes of networks.

    import wl

    found = wl.sample(wl.ising(16), steps=1e8, seed=1)
    print(found.summary())
    found.plot("ising.png")

The names below load on first use, so that `import wl` itself costs nothing. Entropies are in nats; symbols and names
are in docs/notation.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perceptron.base.results import Estimate as Estimate
    from perceptron.base.results import Status as Status
    from wl.analysis.advantage import Advantage as Advantage
    from wl.analysis.curves import Curve as Curve
    from wl.engine.dynamics.settings import Dynamics as Dynamics
    from wl.interface.grid import Range as Bins  # noqa: F401
    from wl.interface.system import System as System
    from wl.interface.system import Variable as Variable
    from wl.landscape.landscape import Landscape as Landscape
    from wl.landscape.landscape import compare as compare
    from wl.landscape.landscape import load as load
    from wl.landscape.landscape import merge as merge
    from wl.networks.architecture import Architecture as Architecture
    from wl.networks.training.ensemble import TrainingEnsemble as Ensemble  # noqa: F401
    from wl.networks.training.ensemble import TrainingOptions as TrainingOptions
    from wl.runs.relaxation import RelaxationOptions as RelaxationOptions
    from wl.runs.relaxation import relax as relax
    from wl.runs.run import Run as Run
    from wl.runs.sample import extend as extend
    from wl.runs.sample import resume as resume
    from wl.runs.sample import sample as sample
    from wl.systems.catalogue import network as network
    from wl.systems.catalogue import perceptron as perceptron
    from wl.systems.catalogue import register as register
    from wl.systems.free_spins import free_spins as free_spins
    from wl.systems.ising import ising as ising
    from wl.systems.quadratic import quadratic_blocks as quadratic_blocks
    from wl.tasks.named import task as task
    from wl.tasks.named import train as train

# public name: module, and the name there where it is another one
_HOMES = {
    "Advantage": ("wl.analysis.advantage", "Advantage"),
    "Architecture": ("wl.networks.architecture", "Architecture"),
    "Bins": ("wl.interface.grid", "Range"),
    "Curve": ("wl.analysis.curves", "Curve"),
    "Dynamics": ("wl.engine.dynamics.settings", "Dynamics"),
    "Ensemble": ("wl.networks.training.ensemble", "TrainingEnsemble"),
    "Estimate": ("perceptron.base.results", "Estimate"),
    "Landscape": ("wl.landscape.landscape", "Landscape"),
    "RelaxationOptions": ("wl.runs.relaxation", "RelaxationOptions"),
    "Run": ("wl.runs.run", "Run"),
    "Status": ("perceptron.base.results", "Status"),
    "System": ("wl.interface.system", "System"),
    "TrainingOptions": ("wl.networks.training.ensemble", "TrainingOptions"),
    "Variable": ("wl.interface.system", "Variable"),
    "compare": ("wl.landscape.landscape", "compare"),
    "extend": ("wl.runs.sample", "extend"),
    "free_spins": ("wl.systems.free_spins", "free_spins"),
    "ising": ("wl.systems.ising", "ising"),
    "load": ("wl.landscape.landscape", "load"),
    "merge": ("wl.landscape.landscape", "merge"),
    "network": ("wl.systems.catalogue", "network"),
    "perceptron": ("wl.systems.catalogue", "perceptron"),
    "quadratic_blocks": ("wl.systems.quadratic", "quadratic_blocks"),
    "register": ("wl.systems.catalogue", "register"),
    "relax": ("wl.runs.relaxation", "relax"),
    "resume": ("wl.runs.sample", "resume"),
    "sample": ("wl.runs.sample", "sample"),
    "task": ("wl.tasks.named", "task"),
    "train": ("wl.tasks.named", "train"),
}

__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOMES:
        raise AttributeError(f"module 'wl' has no attribute {name!r}")
    module, there = _HOMES[name]
    value = getattr(importlib.import_module(module), there)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
