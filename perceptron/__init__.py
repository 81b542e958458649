"""Theory and algorithms of binary perceptrons.

The names below load on first use, so that `import perceptron` itself costs nothing. Everything intensive is per weight,
in nats; symbols and names are in docs/notation.md.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from perceptron.base.results import ConvergenceError as ConvergenceError
    from perceptron.base.results import Estimate as Estimate
    from perceptron.base.results import Solution as Solution
    from perceptron.base.results import Status as Status
    from perceptron.enumeration.counts import enumerate_instance as enumerate_instance
    from perceptron.gaussian import gaussian_average as gaussian_average
    from perceptron.kernels.committees.three_relus import (
        ReluCommitteeOfThree as ReluCommitteeOfThree,
    )
    from perceptron.kernels.committees.three_signs import (
        SignCommitteeOfThree as SignCommitteeOfThree,
    )
    from perceptron.kernels.committees.wide import WideReluCommittee as WideReluCommittee
    from perceptron.kernels.committees.wide import WideSignCommittee as WideSignCommittee
    from perceptron.kernels.typical.constraints import MarginStep as MarginStep
    from perceptron.kernels.typical.constraints import SymmetricWindow as SymmetricWindow
    from perceptron.kernels.typical.priors import BinaryWeights as BinaryWeights
    from perceptron.kernels.typical.spherical import DiscreteWeights as DiscreteWeights
    from perceptron.kernels.typical.spherical import SphericalWeights as SphericalWeights
    from perceptron.message_passing.belief_propagation import belief_propagation as belief_propagation
    from perceptron.message_passing.local_entropy import field_profile as field_profile
    from perceptron.patterns import Patterns as Patterns
    from perceptron.patterns import load_patterns as load_patterns
    from perceptron.patterns import random_patterns as random_patterns
    from perceptron.patterns import teacher_student_patterns as teacher_student_patterns
    from perceptron.solvers.registry import solve as solve
    from perceptron.solvers.study import run_study as run_study
    from perceptron.solvers.study_store import StudyPlan as StudyPlan
    from perceptron.theory.coupled.solutions import coupled_profile as coupled_profile
    from perceptron.theory.coupled.solutions import coupled_solutions as coupled_solutions
    from perceptron.theory.coupled.solutions import densest_regions as densest_regions
    from perceptron.theory.coupled.thresholds import alpha_u as alpha_u
    from perceptron.theory.coupled.thresholds import (
        alpha_u_infinite_replicas as alpha_u_infinite_replicas,
    )
    from perceptron.theory.coupled.thresholds import alpha_u_real_replicas as alpha_u_real_replicas
    from perceptron.theory.coupled.thresholds import alpha_u_reference as alpha_u_reference
    from perceptron.theory.franz_parisi.branch import franz_parisi_branch as franz_parisi_branch
    from perceptron.theory.franz_parisi.local_entropy import (
        local_entropy_profile as local_entropy_profile,
    )
    from perceptron.theory.franz_parisi.phase_diagram import phase_diagram as phase_diagram
    from perceptron.theory.franz_parisi.stability import stability_load as stability_load
    from perceptron.theory.franz_parisi.stability import (
        stable_reference_margin as stable_reference_margin,
    )
    from perceptron.theory.franz_parisi.stability import unstable_interval as unstable_interval
    from perceptron.theory.franz_parisi.thresholds import (
        counted_margin_threshold as counted_margin_threshold,
    )
    from perceptron.theory.franz_parisi.thresholds import d_star as d_star
    from perceptron.theory.franz_parisi.thresholds import dense_core_load as dense_core_load
    from perceptron.theory.franz_parisi.thresholds import isolation_load as isolation_load
    from perceptron.theory.franz_parisi.thresholds import kappa_min as kappa_min
    from perceptron.theory.franz_parisi.thresholds import kappa_u as kappa_u
    from perceptron.theory.franz_parisi.thresholds import negative_interval as negative_interval
    from perceptron.theory.franz_parisi.thresholds import phases as phases
    from perceptron.theory.typical.solutions import capacity as capacity
    from perceptron.theory.typical.solutions import maximum_margin as maximum_margin
    from perceptron.theory.typical.solutions import typical_solutions as typical_solutions
    from perceptron.theory.typical.stability_distribution import (
        stability_distribution as stability_distribution,
    )
    from perceptron.theory.typical.symmetric_perceptron import (
        isolation_distance as isolation_distance,
    )
    from perceptron.theory.typical.symmetric_perceptron import (
        window_local_entropy as window_local_entropy,
    )
    from perceptron.theory.typical.teacher_student import generalisation as generalisation

_HOMES = {
    "enumeration.counts": ["enumerate_instance"],
    "message_passing.belief_propagation": ["belief_propagation"],
    "message_passing.local_entropy": ["field_profile"],
    "patterns": ["Patterns", "load_patterns", "random_patterns", "teacher_student_patterns"],
    "solvers.registry": ["solve"],
    "solvers.study": ["run_study"],
    "solvers.study_store": ["StudyPlan"],
    "gaussian": ["gaussian_average"],
    "kernels.committees.three_signs": ["SignCommitteeOfThree"],
    "kernels.committees.wide": ["WideReluCommittee", "WideSignCommittee"],
    "kernels.typical.constraints": ["MarginStep", "SymmetricWindow"],
    "kernels.typical.spherical": ["DiscreteWeights", "SphericalWeights"],
    "kernels.typical.priors": ["BinaryWeights"],
    "kernels.committees.three_relus": ["ReluCommitteeOfThree"],
    "base.results": ["ConvergenceError", "Estimate", "Solution", "Status"],
    "theory.franz_parisi.branch": ["franz_parisi_branch"],
    "theory.coupled.solutions": ["coupled_profile", "coupled_solutions", "densest_regions"],
    "theory.coupled.thresholds": [
        "alpha_u",
        "alpha_u_infinite_replicas",
        "alpha_u_real_replicas",
        "alpha_u_reference",
    ],
    "theory.franz_parisi.local_entropy": ["local_entropy_profile"],
    "theory.franz_parisi.phase_diagram": ["phase_diagram"],
    "theory.typical.solutions": ["capacity", "maximum_margin", "typical_solutions"],
    "theory.franz_parisi.stability": ["stability_load", "stable_reference_margin", "unstable_interval"],
    "theory.typical.stability_distribution": ["stability_distribution"],
    "theory.typical.symmetric_perceptron": ["isolation_distance", "window_local_entropy"],
    "theory.typical.teacher_student": ["generalisation"],
    "theory.franz_parisi.thresholds": [
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
