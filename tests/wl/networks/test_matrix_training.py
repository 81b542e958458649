"""Training of wide networks by products of matrices: the same descent as by loops over points, in single precision."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from wl.networks.architecture import Architecture
from wl.networks.datasets.spiral import spiral
from wl.networks.datasets.split import Dataset, Split
from wl.networks.training import matrix_descent as kernels
from wl.networks.training import train as training
from wl.networks.training.ensemble import METRICS, TrainingOptions, load_ensemble
from wl.networks.training.train import method_for, train_ensemble

HEADS = {
    "logistic": ("logistic", 1, "tanh"),
    "two classes": ("softmax", 2, "relu"),
    "four classes": ("softmax", 4, "silu"),
    "one number": ("linear", 1, "tanh"),
    "three numbers": ("linear", 3, "relu"),
}
FEW = ("logistic",)  # each of the others takes twenty seconds to compile
CASES = [
    pytest.param(*pair, marks=[] if pair[0] in FEW else pytest.mark.slow)
    for pair in itertools.product(HEADS, ("sgd", "adam"))
]
BOX, N_EPOCHS = 0.5, 5


@pytest.fixture(autouse=True)
def _wrapping():
    """Without compilation the sums of a stream warn where they wrap around, as they should."""
    with np.errstate(over="ignore"):
        yield


def problem(name, n_inputs=3, hidden=(5, 4), n_points=11):
    head, n_outputs, activation = HEADS[name]
    rng = np.random.default_rng(5)

    def part(n):
        labels = rng.integers(0, max(2, n_outputs), n)
        targets = rng.normal(size=(n, n_outputs)) if head == "linear" else labels
        return Split(rng.normal(size=(n, n_inputs)), targets)

    return Dataset(part(n_points), part(7), name), Architecture(n_inputs, hidden, n_outputs, activation, head)


def options_of(optimizer, method, batch_size=3, clip=True, n_runs=1):
    rate = 0.1 if optimizer == "sgd" else 0.02
    return TrainingOptions(n_runs, optimizer, rate, batch_size, N_EPOCHS, 1, clip, BOX, "xavier", method)


def assert_alike(data, architecture, optimizer, **changes):
    single, double = (
        train_ensemble(data, architecture, options_of(optimizer, method, **changes), seed=3)
        for method in ("matrices", "points")
    )
    assert (single.method, double.method) == ("matrices", "points")
    np.testing.assert_allclose(single.parameters, double.parameters, rtol=0.0, atol=2e-5)
    for metric in METRICS:
        np.testing.assert_allclose(single[metric], double[metric], rtol=0.0, atol=5e-5)
    return single


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize(("name", "optimizer"), CASES)
def test_trajectories_are_those_of_double_precision(name, optimizer, clip):
    """Five epochs of 3, 3, 3 and 2 points."""
    data, architecture = problem(name)
    single = assert_alike(data, architecture, optimizer, clip=clip)
    assert (np.abs(single.parameters).max() <= BOX) == clip


@pytest.mark.parametrize("batch_size", [1, 4, 11])
def test_batches_of_all_sizes(batch_size):
    for name in ("logistic", "three numbers"):
        assert_alike(*problem(name), "adam", batch_size=batch_size)


@pytest.mark.parametrize("name", FEW)
def test_many_inputs_and_other_depths(name):
    for n_inputs, hidden in ((70, (6,)), (64, (3, 4, 5))):
        assert_alike(*problem(name, n_inputs, hidden), "sgd", clip=False)


def test_default_box_is_kept_after_rounding():
    """2/√30 is above its neighbour in single precision or below; no parameter ends outside the box in double."""
    for width in (30, 31, 33, 35):
        options = TrainingOptions(2, "sgd", 1.0, 10, 20, 20, method="matrices")
        ensemble = train_ensemble(spiral(), Architecture(2, (width, 4)), options)
        assert (ensemble.outside_box == 0.0).all()


def test_result_depends_on_seed_and_number_alone(tmp_path):
    data, architecture = problem("logistic")
    options = options_of("adam", "matrices", n_runs=4)
    alone = train_ensemble(data, architecture, options)
    with ThreadPoolExecutor(3) as executor:
        other = train_ensemble(data, architecture, options, executor=executor)
    np.testing.assert_array_equal(alone.trajectories, other.trajectories)
    np.testing.assert_array_equal(alone.parameters, other.parameters)
    assert len(np.unique(alone.parameters[:, 0])) == 4
    alone.save(tmp_path / "e.npz")
    assert load_ensemble(tmp_path / "e.npz").method == "matrices"


def test_the_library_has_one_thread(monkeypatch):
    seen = []

    def spy(*arguments):
        seen.append([each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"])
        return 0, np.zeros((4, 6))

    monkeypatch.setattr(training, "train_by_matrices", spy)
    data, architecture = problem("logistic")
    before = threadpool_info()
    with ThreadPoolExecutor(2) as executor:
        train_ensemble(data, architecture, options_of("sgd", "matrices", n_runs=3), executor=executor)
    training._train_one(training._Task(data, architecture, options_of("sgd", "matrices"), 1, 0))  # as in a process
    assert len(seen) == 4
    assert all(number == 1 for each in seen for number in each)
    assert threadpool_info() == before


def test_diverged_runs_end():
    """A linear head with a large rate."""
    rng = np.random.default_rng(3)
    split = Split(rng.normal(size=(20, 2)), rng.normal(size=(20, 1)))
    data, architecture = Dataset(split, split, "x"), Architecture(2, (3,), 1, "relu", "linear")
    found = [
        train_ensemble(data, architecture, TrainingOptions(30, "sgd", 0.62, 20, 400, 1, False, method=method))
        for method in ("matrices", "points")
    ]
    over = [ensemble.diverged_at >= 0 for ensemble in found]
    assert 0 < over[0].sum() < 30
    assert (over[0] == over[1]).mean() > 0.8  # near the edge rounding decides
    single = found[0]
    assert np.isnan(single.trajectories[:, over[0], -1]).all()
    assert np.isfinite(single.trajectories[:2, ~over[0]]).all()


def test_the_method_is_chosen_by_the_work():
    for shape, batch_size, expected in (
        ((2, (8, 8, 8, 8)), 10, "points"),
        ((2, (30, 30)), 10, "points"),
        ((331, (20,)), 16, "matrices"),
        ((331, (20,)), (16, 1), "matrices"),
        ((2, (30, 30)), (10, 1), "points"),
    ):
        architecture = Architecture(*shape)
        assert method_for(architecture, TrainingOptions(batch_size=batch_size)) == expected
        for forced in ("points", "matrices"):
            assert method_for(architecture, TrainingOptions(batch_size=batch_size, method=forced)) == forced
    with pytest.raises(ValueError, match="method = 'gpu' is not known; allowed: auto, points, matrices"):
        TrainingOptions(method="gpu")


def test_adam_forgets_what_moves_nothing():
    """Moments of a neuron that is dead go to zero and not to denormal numbers; parameters follow the formula."""
    rng = np.random.default_rng(1)
    slopes = rng.normal(size=(400, 50)) * 10.0 ** rng.uniform(-12, 2, 50)
    slopes[40:, :10] = 0.0
    parameters, moments = np.zeros(50, np.float32), np.zeros((2, 50), np.float32)
    exact, first, second = np.zeros(50), np.zeros(50), np.zeros(50)
    half = np.full(50, np.inf, np.float32)
    for step, slope in enumerate(slopes, start=1):
        factors = (0.9, 0.999, 0.01 / (1.0 - 0.9**step), 1.0 / (1.0 - 0.999**step), 1e-8)
        single = tuple(np.float32(factor) for factor in factors)
        kernels.descend_adam(parameters, slope.astype(np.float32), half, moments[0], moments[1], single)
        first, second = 0.9 * first + 0.1 * slope, 0.999 * second + 0.001 * slope**2
        exact -= 0.01 * first / (1.0 - 0.9**step) / (np.sqrt(second / (1.0 - 0.999**step)) + 1e-8)
    np.testing.assert_allclose(parameters, exact, rtol=0.0, atol=2e-5)
    for _ in range(1000):
        kernels.descend_adam(parameters, np.zeros(50, np.float32), half, moments[0], moments[1], single)
    tiny = np.finfo(np.float32).tiny
    assert ((moments == 0.0) | (np.abs(moments) > tiny)).all()
    assert (moments[0] == 0.0).all()


def some_trajectories():
    found = []
    for name, optimizer in itertools.product(FEW, ("sgd", "adam")):
        data, architecture = problem(name)
        ensemble = train_ensemble(data, architecture, options_of(optimizer, "matrices"))
        found += [*ensemble.parameters.ravel(), *ensemble["log_test_loss"].ravel()]
    return [float(value) for value in found]


def test_plain_python_agrees_within_rounding(run_python):
    code = "import test_matrix_training as t\nprint(*t.some_trajectories())"
    plain = np.array(run_python(code, Path(__file__).parent, NUMBA_DISABLE_JIT="1").split(), float)
    np.testing.assert_allclose(plain, some_trajectories(), rtol=0.0, atol=5e-5)
