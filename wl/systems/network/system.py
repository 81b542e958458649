"""Parameter space of a fully connected network: losses and accuracies on training and test points.

Parameters w are uniform in a box, |w_k| <= h_k, of volume Π 2 h_k. Collective variables, one or two a system:

* log_train_loss, log_test_loss: ln of the mean cross-entropy, or of the mean squared error (linear head).
* train_accuracy, test_accuracy: the share k/n of points whose label is the predicted one.
* smoothed_train_accuracy, smoothed_test_accuracy: the mean over points of the probability of their label.

All of them are real. Bins of an accuracy should be one for each number of points, with edges half-way between: the
window -1/(2n) : 1 + 1/(2n) : 1/n, so that k/n stands in the middle of a bin (`accuracy_window`).

A move changes one parameter by a uniform step in (-step, step), or, in a share of the moves, all parameters of one
neuron; the step is multiplied by one of several scales, each as likely, so that large moves between families of
networks at high loss and small ones at low loss stand side by side and nothing has to be adapted. Outside the box a
move cannot be made, nor where a loss is not finite. Bins of ln L should be so narrow that ln g changes by one or two
nats from one to the next (0.02 for 100 to 250 parameters): within a bin nothing drives a walk down. Only the changed
neuron and the layers above it are worked out again (`wl.systems.network.moves`). Not for networks so wide that one
trial costs as much as a gradient: those are for molecular dynamics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from perceptron.base.checks import check_real, keep_plain
from wl.interface.system import System, Variable
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.networks.kernel_form import check_known_precision, check_split, kernel_head, kernel_network, new_weights
from wl.networks.kernels.losses import ACCURACY, LOSS
from wl.networks.precision import check_precision, check_range
from wl.systems.network.force_model import force_model, new_network_state
from wl.systems.network.moves import NetworkModel, NetworkState
from wl.systems.network.points import TEST, TRAIN, VARIABLES, NetworkPoints, points_of

__all__ = ["VARIABLES", "NetworkOptions", "accuracy_window", "loss_window", "neural_network", "rebuilt_network"]

LOSS_WIDTH = 0.02
STEP_OF_BOX = 1.25  # times the largest half-width
DEPTH = {"relu": 2.6, "silu": 1.5, "tanh": 1.0}  # of the default window below ln L of a network that says nothing
N_DRAWS, LARGEST_STEP = 1_000_000, 0.5
LEAST_DRAWS, MOST_PRODUCTS = 1000, 5e10  # of uniform draws: weights times points


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """Box, moves and precision.

    Attributes
    ----------
    precision : str
        "float32", which is several times faster, or "float64".
    box : float or tuple of float, optional
        Largest size of the parameters, one for all or one for each layer; None for 2/√W (`Architecture.half_widths`).
    step : float, optional
        Largest change of one parameter at scale 1; None for 1.25 times the largest half-width of the box. Parameters
        of a narrower box take smaller ones in proportion.
    block_share : float
        Share of moves that change all parameters of one neuron, from 0 to 1.
    block_step : float, optional
        Largest change of each of them at scale 1; None for that of one.
    scales : tuple of float
        Factors of the steps, each as likely; with a single one runs adapt the steps while they learn.
    forces : bool
        Whether all parameters move at once, along gradients (`wl.systems.network.forces`); moves are not used then.
    """

    precision: str = "float32"
    box: float | tuple[float, ...] | None = None
    step: float | None = None
    block_share: float = 0.2
    block_step: float | None = None
    scales: tuple[float, ...] = (1.0, 0.4, 0.16, 0.064)
    forces: bool = False

    def __post_init__(self) -> None:
        keep_plain(self)
        check_known_precision(self.precision)
        for name in ("step", "block_step"):
            step = getattr(self, name)
            if step is not None and self.forces:
                raise ValueError(f"{name} = {step!r} is not used with forces = True; allowed: None")
            if step is not None:
                check_real(name, step, above=0.0)
        if not 0.0 <= check_real("block_share", self.block_share) <= 1.0:
            raise ValueError(f"block_share = {self.block_share!r} is out of range; allowed: real numbers from 0 to 1")
        if len(self.scales) == 0:
            raise ValueError("scales = () has no scale; allowed: at least one, as (1.0,)")
        for scale in self.scales:
            check_real("scales", scale, above=0.0)


def neural_network(
    architecture: Architecture,
    train: Split,
    test: Split | None = None,
    variables: Sequence[str] = ("log_train_loss",),
    options: NetworkOptions = NetworkOptions(),  # an immutable record
) -> System:
    """Parameter space of a network.

    Parameters
    ----------
    architecture : Architecture
    train : Split
    test : Split, optional
        Needed for variables of test points.
    variables : sequence of str
        One or two keys of VARIABLES, in the order of the values; accuracies need labels.
    options : NetworkOptions

    Returns
    -------
    System
        Its parameters hold `log_box_volume`, Σ ln 2 h_k: ln of the volume that g shares out.

    Raises
    ------
    ValueError
        For data that do not fit the architecture or lose their meaning in the precision (`wl.networks.precision`), or
        unusable variables or options.
    """
    names = _check_variables(architecture, test, variables)
    splits = {TRAIN: train} if test is None else {TRAIN: train, TEST: test}
    for part, split in splits.items():
        check_split(("train", "test")[part], split, architecture)
    check_precision(train, test, options.precision)
    check_range(architecture, list(splits.values()), options.precision, options.box)
    points = points_of(architecture, splits, names, options.precision)
    half_widths = architecture.half_widths(options.box).astype(options.precision)
    if options.forces:
        model: Any = force_model(architecture, options.precision, points, half_widths)
    else:
        model = _model(architecture, points, half_widths, options)
    return System(
        name="neural_network",
        model=model,
        new_state=lambda: new_network_state(model, points) if options.forces else _new_state(model, options),
        variables=tuple(_variable(name, architecture, splits) for name in names),
        default_variables=names,
        log_total=_log_volume(model),
        n_uniform_draws=_n_draws(architecture.n_parameters, points.features.shape[1]),
        step="step" if len(options.scales) == 1 and not options.forces else None,
        largest_step=LARGEST_STEP,
        slow_trips=True,
        forces=options.forces,
        parameters=_parameters(architecture, names, options, model),
        data={
            f"{('train', 'test')[part]}_{name}": getattr(split, name)
            for part, split in splits.items()
            for name in ("features", "targets")
        },
    )


def accuracy_window(n_points: int) -> tuple[float, float, float]:
    """Lowest and highest edge and width of bins, one for each number of correct points, with k/n in the middle."""
    return -0.5 / n_points, 1.0 + 0.5 / n_points, 1.0 / n_points


def loss_window(architecture: Architecture, split: Split) -> tuple[float, float, float]:
    """Lowest and highest edge of ln L in multiples of the width, and the width.

    Counted from ln L₀, that of outputs that say nothing (all classes alike, or the mean of the targets): up to one
    more, and down to where the spiral of 40 points came and went within 2·10⁸ trials (ReLU, tanh; SiLU is a guess).
    """
    if architecture.head == "linear":
        spread = split.targets - split.targets.mean(axis=0)
        neutral = math.log(max(float(np.mean(spread**2)), 1e-300))
    else:
        neutral = math.log(math.log(max(2, architecture.n_outputs)))
    steps = round(neutral / LOSS_WIDTH)
    lowest, highest = steps - round(DEPTH[architecture.activation] / LOSS_WIDTH), steps + round(1.0 / LOSS_WIDTH)
    return round(lowest * LOSS_WIDTH, 10), round(highest * LOSS_WIDTH, 10), LOSS_WIDTH


def rebuilt_network(parameters: Mapping[str, Any], data: Mapping[str, Any]) -> System:
    """The system from its `parameters` and `data`."""
    box, forces = parameters["box"], parameters.get("forces", False)
    kept = {key: parameters[key] for key in ("dataset",) if key in parameters}
    test = Split(data["test_features"], data["test_targets"]) if "test_features" in data else None
    system = neural_network(
        Architecture(
            parameters["n_inputs"],
            tuple(parameters["hidden"]),
            parameters["n_outputs"],
            parameters["activation"],
            parameters["head"],
        ),
        Split(data["train_features"], data["train_targets"]),
        test,
        tuple(parameters["variables"]),
        NetworkOptions(
            parameters["precision"],
            tuple(box) if isinstance(box, list | tuple) else box,
            None if forces else parameters["step"],
            parameters["block_share"],
            None if forces else parameters["block_step"],
            tuple(parameters["scales"]),
            forces,
        ),
    )
    return replace(system, parameters=system.parameters | kept)


def _check_variables(architecture: Architecture, test: Split | None, variables: Sequence[str]) -> tuple[str, ...]:
    names = (variables,) if isinstance(variables, str) else tuple(variables)
    if not 1 <= len(names) <= 2 or len(set(names)) < len(names) or not set(names) <= set(VARIABLES):
        raise ValueError(f"variables = {variables!r} is not usable; allowed: one or two of {', '.join(VARIABLES)}")
    for name in names:
        kind, part = VARIABLES[name]
        if kind != LOSS and architecture.head == "linear":
            raise ValueError(f"variables has {name!r} with head = 'linear'; allowed: log_train_loss, log_test_loss")
        if part == TEST and test is None:
            raise ValueError(f"variables has {name!r} without test; allowed: variables of training points, or a test")
    return names


def _variable(name: str, architecture: Architecture, splits: Mapping[int, Split]) -> Variable:
    kind, part = VARIABLES[name]
    if kind == LOSS:
        return Variable(
            name, -math.inf, math.inf, window=(*loss_window(architecture, splits[part]), part == TEST, True)
        )
    n_points = splits[part].n_points
    levels = n_points if kind == ACCURACY else None
    return Variable(name, 0.0, 1.0, window=(*accuracy_window(n_points), False, False), n_levels=levels)


def _parameters(
    architecture: Architecture, names: tuple[str, ...], options: NetworkOptions, model: NetworkModel
) -> dict[str, Any]:
    return {
        "n_inputs": architecture.n_inputs,
        "hidden": list(architecture.hidden),
        "n_outputs": architecture.n_outputs,
        "activation": architecture.activation,
        "head": architecture.head,
        "variables": list(names),
        "precision": options.precision,
        "box": list(options.box) if isinstance(options.box, tuple | list) else options.box,
        "step": options.step,
        "block_share": options.block_share,
        "block_step": options.block_step,
        "scales": list(options.scales),
        **({"forces": True} if options.forces else {}),
        "n_parameters": architecture.n_parameters,
        "log_box_volume": _log_volume(model),
    }


def _log_volume(model: NetworkModel) -> float:
    return float(np.sum(np.log(2.0 * model.half_widths.astype(np.float64))))


def _n_draws(n_parameters: int, n_points: int) -> int:
    """As many uniform draws as some seconds allow."""
    return int(min(N_DRAWS, max(LEAST_DRAWS, MOST_PRODUCTS / (n_parameters * n_points))))


def _model(
    architecture: Architecture, points: NetworkPoints, half_widths: np.ndarray, options: NetworkOptions
) -> NetworkModel:
    """Constants of the kernels for moves of one or some parameters."""
    return NetworkModel(
        network=kernel_network(architecture, options.precision),
        head=kernel_head(architecture, options.precision),
        features=points.features,
        targets=points.targets,
        half_widths=half_widths,
        reach=(half_widths / half_widths.max()).astype(options.precision),
        neurons=np.concatenate(
            [layer.weights.start + layer.n_inputs * np.arange(layer.n_outputs) for layer in architecture.layers]
        ),
        block_share=float(options.block_share),
        scales=np.array(options.scales, np.float64),
        n_values=points.n_values,
        kinds=points.kinds,
        bounds=points.bounds,
    )


def _steps(model: NetworkModel, options: NetworkOptions) -> np.ndarray:
    step = STEP_OF_BOX * float(model.half_widths.max()) if options.step is None else options.step
    return np.array([step, step if options.block_step is None else options.block_step])


def _new_state(model: NetworkModel, options: NetworkOptions) -> NetworkState:
    n_slots, n_points, dtype = int(model.network.slots[-1]), model.features.shape[1], model.features.dtype
    return NetworkState(
        parameters=np.zeros(model.half_widths.size, dtype),
        values=np.zeros(2),
        proposed_values=np.zeros(2),
        weights=new_weights(model.network, dtype),
        rows=np.zeros((2 * n_slots, n_points), dtype),
        places=2 * np.arange(n_slots),
        proposed_places=2 * np.arange(n_slots),
        margins=np.zeros(n_points, dtype),
        step=_steps(model, options),
    )
