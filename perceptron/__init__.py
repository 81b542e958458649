"""Theory and algorithms of binary perceptrons.

The names below load on first use, so that `import perceptron` itself costs nothing. Everything intensive is per weight,
in nats; symbols and names are in docs/notation.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perceptron.gaussian import gaussian_average as gaussian_average
    from perceptron.kernels.committee_of_three import SignCommitteeOfThree as SignCommitteeOfThree
    from perceptron.kernels.committees import WideReluCommittee as WideReluCommittee
    from perceptron.kernels.committees import WideSignCommittee as WideSignCommittee
    from perceptron.kernels.constraints import MarginStep as MarginStep
    from perceptron.kernels.constraints import SymmetricWindow as SymmetricWindow
    from perceptron.kernels.models import DiscreteWeights as DiscreteWeights
    from perceptron.kernels.models import SphericalWeights as SphericalWeights
    from perceptron.kernels.priors import BinaryWeights as BinaryWeights
    from perceptron.kernels.relu_committee_of_three import ReluCommitteeOfThree as ReluCommitteeOfThree
    from perceptron.solution import ConvergenceError as ConvergenceError
    from perceptron.solution import Estimate as Estimate
    from perceptron.solution import Solution as Solution
    from perceptron.solution import Status as Status
    from perceptron.theory.franz_parisi import franz_parisi_branch as franz_parisi_branch
    from perceptron.theory.large_deviation import coupled_profile as coupled_profile
    from perceptron.theory.large_deviation import coupled_solutions as coupled_solutions
    from perceptron.theory.large_deviation import densest_regions as densest_regions
    from perceptron.theory.large_deviation_thresholds import alpha_u as alpha_u
    from perceptron.theory.large_deviation_thresholds import alpha_u_infinite_replicas as alpha_u_infinite_replicas
    from perceptron.theory.large_deviation_thresholds import alpha_u_real_replicas as alpha_u_real_replicas
    from perceptron.theory.large_deviation_thresholds import alpha_u_reference as alpha_u_reference
    from perceptron.theory.local_entropy import local_entropy_profile as local_entropy_profile
    from perceptron.theory.phase_diagram import phase_diagram as phase_diagram
    from perceptron.theory.replica_symmetric import capacity as capacity
    from perceptron.theory.replica_symmetric import maximum_margin as maximum_margin
    from perceptron.theory.replica_symmetric import typical_solutions as typical_solutions
    from perceptron.theory.stability import stability_load as stability_load
    from perceptron.theory.stability import stable_reference_margin as stable_reference_margin
    from perceptron.theory.stability import unstable_interval as unstable_interval
    from perceptron.theory.stability_distribution import stability_distribution as stability_distribution
    from perceptron.theory.symmetric_perceptron import isolation_distance as isolation_distance
    from perceptron.theory.symmetric_perceptron import window_local_entropy as window_local_entropy
    from perceptron.theory.teacher_student import generalisation as generalisation
    from perceptron.theory.thresholds import counted_margin_threshold as counted_margin_threshold
    from perceptron.theory.thresholds import d_star as d_star
    from perceptron.theory.thresholds import dense_core_load as dense_core_load
    from perceptron.theory.thresholds import isolation_load as isolation_load
    from perceptron.theory.thresholds import kappa_min as kappa_min
    from perceptron.theory.thresholds import kappa_u as kappa_u
    from perceptron.theory.thresholds import negative_interval as negative_interval
    from perceptron.theory.thresholds import phases as phases

_HOMES = {
    "gaussian": ["gaussian_average"],
    "kernels.committee_of_three": ["SignCommitteeOfThree"],
    "kernels.committees": ["WideReluCommittee", "WideSignCommittee"],
    "kernels.constraints": ["MarginStep", "SymmetricWindow"],
    "kernels.models": ["DiscreteWeights", "SphericalWeights"],
    "kernels.priors": ["BinaryWeights"],
    "kernels.relu_committee_of_three": ["ReluCommitteeOfThree"],
    "solution": ["ConvergenceError", "Estimate", "Solution", "Status"],
    "theory.franz_parisi": ["franz_parisi_branch"],
    "theory.large_deviation": ["coupled_profile", "coupled_solutions", "densest_regions"],
    "theory.large_deviation_thresholds": [
        "alpha_u",
        "alpha_u_infinite_replicas",
        "alpha_u_real_replicas",
        "alpha_u_reference",
    ],
    "theory.local_entropy": ["local_entropy_profile"],
    "theory.phase_diagram": ["phase_diagram"],
    "theory.replica_symmetric": ["capacity", "maximum_margin", "typical_solutions"],
    "theory.stability": ["stability_load", "stable_reference_margin", "unstable_interval"],
    "theory.stability_distribution": ["stability_distribution"],
    "theory.symmetric_perceptron": ["isolation_distance", "window_local_entropy"],
    "theory.teacher_student": ["generalisation"],
    "theory.thresholds": [
        "counted_margin_threshold",
        "d_star",
        "dense_core_load",
        "isolation_load",
        "kappa_min",
        "kappa_u",
        "negative_interval",
        "phases",
    ],
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = sorted(_HOME_OF)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """Load a public name from its module on first use."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'perceptron' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"perceptron.{_HOME_OF[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOME_OF])
