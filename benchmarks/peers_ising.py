"""Wang-Landau sampling of the 2-D Ising model by other packages, each as its documentation sets it up.

A walk has a name, `advance(n)` for n more trials, and `log_g()`: ln g of the levels -2L² + 4j, j = 0 … L², up to a
constant and nan where unvisited. The packages come from the package index (`pip install flatwalk icet smol`); those
that are not installed are left out. All of them flip one spin in a trial.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np

__all__ = ["PEERS", "Walk", "installed_peers"]

SELDOM = 10**9  # trials between records that are not wanted here
PAIRS = 2  # number of the pair function, after the empty one and that of one site


class Walk(Protocol):
    """A Wang-Landau walk over the energies of the Ising model."""

    def advance(self, n_trials: int) -> None:
        """Make trials."""

    def log_g(self) -> np.ndarray:
        """Ln g of all the levels, up to a constant."""


class Flatwalk:
    """flatwalk's driver for one walker, with the callbacks of its README; it goes on from its own checkpoint."""

    def __init__(self, size: int, seed: int) -> None:
        from flatwalk import Bin1D, WLConfig, WLDriver  # noqa: PLC0415

        ground = 2 * size * size
        self.size, self.done, self.result = size, 0, None
        self.rng = np.random.default_rng(seed)
        self.folder = tempfile.TemporaryDirectory()
        self.checkpoint = Path(self.folder.name) / "checkpoint.npz"
        bins = Bin1D(low=-ground - 2, high=ground + 2, n_bins=size * size + 1)
        self.driver = WLDriver(
            WLConfig(bin_scheme=bins, ln_f_final=1e-30, checkpoint_path=self.checkpoint, checkpoint_every_t=SELDOM)
        )

    def _propose(self, state: Any, rng: np.random.Generator) -> Any:
        spins, energy = state
        size = self.size
        i, j = int(rng.integers(0, size)), int(rng.integers(0, size))
        spin = int(spins[i, j])
        field = int(spins[(i - 1) % size, j] + spins[(i + 1) % size, j])
        field += int(spins[i, (j - 1) % size] + spins[i, (j + 1) % size])
        flipped = spins.copy()
        flipped[i, j] = -spin
        return (flipped, energy + 2.0 * spin * field), 0.0

    def advance(self, n_trials: int) -> None:
        """Make trials."""
        self.done += n_trials
        start = (np.ones((self.size, self.size), dtype=np.int8), -2.0 * self.size**2)
        self.result = self.driver.run(
            start,
            _energy,
            _energy,
            self._propose,
            max_trials=self.done,
            rng=self.rng,
            resume_from=None if self.result is None else self.checkpoint,
        )

    def log_g(self) -> np.ndarray:
        """Ln g of all the levels, up to a constant."""
        return np.where(self.result.visited, self.result.g, np.nan)


def _energy(state: Any) -> float:
    return state[1]


class Icet:
    """WangLandauEnsemble of icet (module mchammer), with the cluster expansion of its documentation."""

    def __init__(self, size: int, seed: int) -> None:
        from ase import Atoms  # noqa: PLC0415
        from icet import ClusterExpansion, ClusterSpace  # noqa: PLC0415
        from mchammer.calculators import ClusterExpansionCalculator  # noqa: PLC0415
        from mchammer.ensembles import WangLandauEnsemble  # noqa: PLC0415

        cell = Atoms("Au", positions=[[0, 0, 0]], cell=[1, 1, 10], pbc=True)
        space = ClusterSpace(cell, cutoffs=[1.1], chemical_symbols=["Ag", "Au"])
        structure = cell.repeat((size, size, 1))
        for site in range(size * size // 2):
            structure[site].symbol = "Ag"
        self.n_spins = size * size
        self.ensemble = WangLandauEnsemble(
            structure=structure,
            calculator=ClusterExpansionCalculator(structure, ClusterExpansion(space, [0, 0, -2])),
            energy_spacing=4,
            trial_move="flip",
            fill_factor_limit=1e-30,
            random_seed=seed,
            ensemble_data_write_interval=SELDOM,
            trajectory_write_interval=SELDOM,
        )

    def advance(self, n_trials: int) -> None:
        """Make trials."""
        self.ensemble.run(n_trials)

    def log_g(self) -> np.ndarray:
        """Ln g of all the levels, up to a constant."""
        levels = np.full(self.n_spins + 1, np.nan)
        for number, value in self.ensemble._entropy.items():  # its data container has it only once it wrote a file
            levels[number + self.n_spins // 2] = value
        return levels


class Smol:
    """Sampler of smol with its Wang-Landau kernel and a cluster expansion of one pair.

    `run` keeps a record of every step unless told otherwise, at about twice the time of one record a call.
    """

    def __init__(self, size: int, seed: int, every_step: bool = False) -> None:
        from pymatgen.core import Lattice, Structure  # noqa: PLC0415
        from smol.cofe import ClusterSubspace  # noqa: PLC0415
        from smol.moca import ClusterExpansionProcessor, Ensemble, Sampler  # noqa: PLC0415

        cell = Structure(Lattice.from_parameters(1, 1, 10, 90, 90, 90), [{"Ag": 0.5, "Au": 0.5}], [[0, 0, 0]])
        space = ClusterSubspace.from_cutoffs(cell, {2: 1.1}, basis="sinusoid", supercell_size="num_sites")
        coefficients = np.zeros(len(space))
        coefficients[PAIRS] = -2.0
        self.n_spins, ground, self.every_step = size * size, 2 * size * size, every_step
        self.start = np.arange(self.n_spins, dtype=np.int32) % 2
        self.sampler = Sampler.from_ensemble(
            Ensemble(ClusterExpansionProcessor(space, np.diag([size, size, 1]), coefficients)),
            kernel_type="WangLandau",
            step_type="flip",
            min_enthalpy=-ground - 2,
            max_enthalpy=ground + 2,
            bin_size=4.0,
            check_period=1000 * self.n_spins,
            seeds=[seed],
        )

    def advance(self, n_trials: int) -> None:
        """Make trials."""
        self.sampler.run(n_trials, self.start, **({} if self.every_step else {"thin_by": n_trials}))
        self.start = self.sampler.samples.get_occupancies(flat=False)[-1]
        self.sampler.clear_samples()

    def log_g(self) -> np.ndarray:
        """Ln g of all the levels, up to a constant."""
        kernel = self.sampler.mckernels[0]
        levels = np.full(self.n_spins + 1, np.nan)
        levels[np.rint((kernel.levels + 2 * self.n_spins + 2) / 4).astype(int)] = kernel.entropy
        return levels


PEERS: dict[str, Callable[[int, int], Walk]] = {"flatwalk": Flatwalk, "icet": Icet, "smol": Smol}


def installed_peers() -> list[str]:
    """Names of the peers that can be imported; prints which are left out."""
    found = [name for name in PEERS if importlib.util.find_spec(name) is not None]
    for name in PEERS:
        if name not in found:
            print(f"{name} is not installed and left out; `pip install {name}` brings it in")
    return found
