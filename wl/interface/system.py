"""What a system tells the engine: five kernels on its model, and a record of its variables.

A *model* is a NamedTuple of constants; its class selects the kernels when they are compiled. A *state* is a NamedTuple
of arrays that the kernels change in place. A *move* is a tuple of numbers. The trial of the engine is

    move = propose(model, state, stream)          a random move; as likely as its reverse
    values = proposed(model, state, move)         the two collective variables after it, both integers or both real
    commit(model, state, move)                    only where the move is accepted

Values are always a pair; a system with one variable gives it twice and lists it once. A system of real variables that
cannot make a proposed move returns nan for both: the engine rejects it and counts the present bin once more.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from scipy.special import gammaln

from perceptron.base.jit import dispatched

__all__ = ["System", "Variable", "commit", "draw", "log_binomials", "measured", "propose", "proposed"]


@dispatched
def propose(model, state, stream):
    """Draw a move, a tuple of numbers, from a distribution in which a move and its reverse are as likely."""
    raise NotImplementedError(f"propose has no kernel for {type(model).__name__}")


@dispatched
def proposed(model, state, move):
    """Values of all the variables after the move; nothing is changed."""
    raise NotImplementedError(f"proposed has no kernel for {type(model).__name__}")


@dispatched
def commit(model, state, move):
    """Make the move; called right after `proposed` of the same move."""
    raise NotImplementedError(f"commit has no kernel for {type(model).__name__}")


@dispatched
def measured(model, state):
    """Values of all the variables from the configuration alone; refreshes whatever the state keeps beside it."""
    raise NotImplementedError(f"measured has no kernel for {type(model).__name__}")


@dispatched
def draw(model, state, stream):
    """Fill the state with a uniform draw of the configuration, with all that it keeps beside it."""
    raise NotImplementedError(f"draw has no kernel for {type(model).__name__}")


@dataclass(frozen=True, slots=True)
class Variable:
    """A collective variable.

    Attributes
    ----------
    name : str
        As in docs/notation.md; the dimension of a landscape.
    lowest, highest : int or float
        Bounds of its values; a real variable may have infinite ones.
    spacing : int or None
        Step of the levels of an integer variable, counted from `lowest`; None for a real variable.
    capped : bool
        Whether levels from the mean of uniform draws on form one open bin, unless a window is given.
    log_counts : callable, optional
        Gives ln of the number of configurations at each level, lowest to highest, where it is known: it normalises a
        window on this variable, and starts a landscape of two variables.
    window : tuple, optional
        Of a real variable: lowest and highest finite edge, width, and whether the first and the last bin are open,
        where no window is given.
    n_levels : int, optional
        Of a real variable whose values are k/n_levels, as those of an accuracy.
    asked_for : int or float, optional
        Level that the variable is sampled for: a landscape that does not hold it says so first.
    meaning : str
        What ln g of that level is, for reports.
    """

    name: str
    lowest: float
    highest: float
    spacing: int | None = None
    capped: bool = False
    log_counts: Callable[[], Any] | None = None
    window: tuple[Any, ...] | None = None
    n_levels: int | None = None
    asked_for: float | None = None
    meaning: str = ""


def log_binomials(number: int) -> np.ndarray:
    """Ln of the binomial coefficients C(number, k), k = 0 … number."""
    k = np.arange(number + 1.0)
    return gammaln(number + 1.0) - gammaln(k + 1.0) - gammaln(number - k + 1.0)


@dataclass(frozen=True, slots=True)
class System:
    """A system with its parameters.

    Attributes
    ----------
    name : str
    model : NamedTuple
        Constants of the kernels.
    new_state : callable
        Makes a state with arrays of the right shapes; `draw` fills it.
    variables : tuple of Variable
        In the order of the values.
    default_variables : tuple of str
        What is sampled where the user names nothing.
    log_total : float
        ln of the number of configurations; 0 for continuous systems, whose ln g is that of a fraction of the volume.
    support_known : bool
        Whether every bin is found within a few sweeps, so that the schedule need not wait for discoveries.
    parameters : dict
        What defines the system, in plain values; kept with results.
    uniform_values : callable, optional
        (rng, number) → that many values of the first default variable in uniform draws, by NumPy alone: where the cap
        of a capped variable comes from, before anything is compiled.
    n_uniform_draws : int
        Draws that find out what part of all configurations a grid covers, where that is not known otherwise; 0 where
        they would cost too much or hit nothing.
    step : str, optional
        Array of the state that scales the moves: it is adapted while the weights are learned.
    largest_step : float
        To which.
    slow_trips : bool
        Whether a round trip takes millions of trials, as where families of configurations are hidden from one another:
        ln f has to stay small from the start.
    forces : bool
        Whether the model has the kernels of `wl.interface.forces`, for molecular dynamics, in place of moves.
    data : dict of ndarray
        Arrays that define it (patterns, references); kept with results, and what `merge` compares.
    suggested : dict
        Settings of the engine and bins that suit it, where the user gives none: "settings" and "bins", by name.
    """

    name: str
    model: NamedTuple
    new_state: Callable[[], Any]
    variables: tuple[Variable, ...]
    default_variables: tuple[str, ...]
    log_total: float
    support_known: bool = False
    parameters: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    uniform_values: Callable[[Any, int], Any] | None = None
    n_uniform_draws: int = 0
    step: str | None = None
    largest_step: float = np.inf
    slow_trips: bool = False
    forces: bool = False
    suggested: dict[str, dict[str, Any]] = field(default_factory=dict)

    def variable(self, name: str) -> tuple[int, Variable]:
        """Position and record of a variable.

        Raises
        ------
        ValueError
            For a name the system does not have.
        """
        for position, variable in enumerate(self.variables):
            if variable.name == name:
                return position, variable
        known = ", ".join(variable.name for variable in self.variables)
        raise ValueError(f"variables = {name!r} is not a variable of {self.name}; allowed: {known}")
