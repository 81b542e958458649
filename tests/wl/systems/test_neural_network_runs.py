"""Neural networks in the engine: a landscape known by quadrature, going on after a stop, rebuilding, and bad input."""

import numpy as np
import pytest
from flat_runs import Range, estimate, sampled
from test_neural_network import BOTH, points, started, system_of

from wl.interface.seeds import stream_of
from wl.interface.system import draw, measured
from wl.networks.architecture import Architecture
from wl.networks.datasets.split import Split
from wl.systems.catalogue import rebuild
from wl.systems.network.system import VARIABLES, NetworkOptions, accuracy_window, neural_network


@pytest.fixture(autouse=True)
def _wrapping():
    """Without compilation the sums of a stream warn where they wrap around, as they should."""
    with np.errstate(over="ignore"):
        yield


def exact_log_volumes(edges, half, n_nodes=600):
    """ln of the share of the box between the edges of ln L for z = v tanh(w x) + c, from a regular grid."""
    nodes = half * (2.0 * (np.arange(n_nodes) + 0.5) / n_nodes - 1.0)
    w, v = np.meshgrid(nodes, nodes, indexing="ij")
    loss = np.zeros_like(w)
    for x, label in ((1.0, 1), (-0.5, 0), (0.3, 0)):
        z = v * np.tanh(w * x)
        loss += np.logaddexp(0.0, -z if label else z)
    counts, _ = np.histogram(np.log(loss / 3.0), bins=edges)
    with np.errstate(divide="ignore"):
        return np.log(counts / n_nodes**2)


HALF = 4.0
WINDOW = {"log_train_loss": Range(-1.0, 0.8, 0.1, True, True)}


def small_network():
    """1-1-1 with biases held at zero by a box of no width to speak of: two free parameters."""
    split = Split(np.array([[1.0], [-0.5], [0.3]]), np.array([1, 0, 0]))
    options = NetworkOptions(box=HALF, step=1.5)
    system = neural_network(Architecture(1, (1,)), split, None, ("log_train_loss",), options)
    system.model.half_widths[[1, 3]] = system.model.reach[[1, 3]] = 1e-6
    return system


def test_the_landscape_of_a_small_network_is_that_of_quadrature():
    sampler = sampled(small_network(), ("log_train_loss",), 3_000_000, 12, WINDOW)
    log_g, error = estimate(sampler)
    exact = exact_log_volumes(sampler.grid.axes[0].edges, HALF)
    known = np.isfinite(log_g)
    assert np.count_nonzero(known) >= 15
    assert np.all(error[known] < 0.05)
    apart = (log_g - exact)[known] / np.hypot(error[known], 0.005)
    assert np.abs(apart).max() < 5.0


def test_a_run_goes_on_from_saved_arrays_and_fresh_rows_to_the_last_bit():
    whole, first, second = (sampled(small_network(), ("log_train_loss",), 0, 14, WINDOW) for _ in range(3))
    whole.advance(40_000)
    first.advance(15_000)
    second.restore({name: np.array(array) for name, array in first.arrays().items()})
    measured(second.system.model, second.windows[0].particles[0].state)
    second.advance(25_000)
    one, other = (sampler.windows[0] for sampler in (whole, second))
    assert one.surface.cost.tobytes() == other.surface.cost.tobytes()
    for name in ("parameters", "values", "weights", "step"):
        here, there = (getattr(window.particles[0].state, name) for window in (one, other))
        assert here.tobytes() == there.tobytes()


def test_a_system_is_rebuilt_from_what_is_kept():
    for name in ("tanh", "regression"):
        _, system = system_of(name, NetworkOptions(box=(0.1, 0.2, 0.3, 0.4)))
        again = rebuild(system.name, system.parameters, system.data)
        assert again.parameters == system.parameters
        for one, other in ((system, again), (again, system)):
            (state, _), twin = started(one, 11), other.new_state()
            draw(other.model, twin, stream_of(np.random.SeedSequence(11)))
            assert tuple(state.values) == tuple(twin.values)
    with pytest.raises(ValueError, match=r"system = 'brain' is not known"):
        rebuild("brain", {}, {})


def test_bad_input_is_named():
    architecture = Architecture(2, (3,))
    split = points(architecture, 5, 1)
    for variables in ((), ("loss",), ("log_train_loss",) * 2, tuple(VARIABLES)):
        with pytest.raises(ValueError, match=r"variables = .* allowed: one or two of log_train_loss, "):
            neural_network(architecture, split, split, variables)
    with pytest.raises(ValueError, match=r"variables has 'test_accuracy' without test"):
        neural_network(architecture, split, None, BOTH)
    line = Architecture(2, (3,), 2, "tanh", "linear")
    with pytest.raises(ValueError, match=r"variables has 'train_accuracy' with head = 'linear'"):
        neural_network(line, points(line, 5, 1), None, ("train_accuracy",))
    with pytest.raises(ValueError, match=r"train.targets has shape \(5,\); allowed: \(n_points, 2\)"):
        neural_network(line, split)
    with pytest.raises(ValueError, match=r"train.features has 3 columns; allowed: n_inputs = 2"):
        neural_network(architecture, Split(np.ones((5, 3)), np.zeros(5, int)))
    with pytest.raises(ValueError, match=r"test.targets has label 2; allowed: labels 0 to 1"):
        neural_network(architecture, split, Split(np.ones((5, 2)), np.full(5, 2, int)))
    with pytest.raises(ValueError, match=r"box = \(1.0,\) is not usable"):
        neural_network(architecture, split, options=NetworkOptions(box=(1.0,)))
    with pytest.raises(ValueError, match=r"precision = 'float16' is not known"):
        neural_network(architecture, split, options=NetworkOptions(precision="float16"))
    for wrong in ({"step": 0.0}, {"block_step": -1.0}, {"block_share": 1.5}):
        with pytest.raises(ValueError, match=f"{next(iter(wrong))} = .* allowed: "):
            NetworkOptions(**wrong)
    assert accuracy_window(4) == (-0.125, 1.125, 0.25)
