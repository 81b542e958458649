"""Training ensembles: gradients, optimizers against plain NumPy, independence of the executor, curves over runs."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.plain_training import plain_gradient, plain_loss, plain_outputs, plain_train
from perceptron.base.results import Status
from wl.interface.seeds import stream_of
from wl.networks.architecture import ACTIVATIONS, HEADS, Architecture
from wl.networks.datasets.spiral import spiral
from wl.networks.datasets.split import Dataset, Split
from wl.networks.forward import quality
from wl.networks.initialisation import fan_in, uniform_in_box, xavier
from wl.networks.training import descent as kernels
from wl.networks.training import small_dense as passes
from wl.networks.training.curves import (
    best_early_stopping,
    change_in_second_half,
    mean_at,
    training_curve,
)
from wl.networks.training.ensemble import METRICS, TrainingEnsemble, TrainingOptions, load_ensemble
from wl.networks.training.train import points_of, shape_of, train_ensemble

CASES = list(itertools.product(HEADS, ACTIVATIONS))
SHORT = TrainingOptions(n_runs=4, n_epochs=7, record_every=2, learning_rate=0.1)


CHAINS = """
import numpy as np
from wl.networks.datasets.spiral import spiral, spiral_regression
from wl.networks.architecture import Architecture
from wl.networks.training.train import train_ensemble
from wl.networks.training.ensemble import TrainingOptions
CASES = (spiral(), "logistic", 1), (spiral(), "softmax", 2), (spiral_regression(9, 9), "linear", 1)
for data, head, n_outputs in CASES:
    for activation in ("relu", "tanh", "silu"):
        for optimizer in ("sgd", "adam"):
            architecture = Architecture(2, (3, 2), n_outputs, activation, head)
            found = train_ensemble(data, architecture, TrainingOptions(1, optimizer, 0.1, 4, 3, 1))
            print(*(float(x).hex() for x in (*found.parameters.ravel(), *found.trajectories.ravel())))
"""


@pytest.fixture(autouse=True)
def _wrapping():
    """Without compilation the sums of a stream warn where they wrap around, as they should."""
    with np.errstate(over="ignore"):
        yield


def problem(head, activation, n_points=11):
    """A network of uneven widths, points for it, and parameters of order one."""
    rng = np.random.default_rng(5)
    n_outputs = 1 if head == "logistic" else 3
    architecture = Architecture(3, (5, 4), n_outputs, activation, head)
    labels = rng.integers(0, max(2, n_outputs), n_points)
    targets = rng.normal(size=(n_points, n_outputs)) if head == "linear" else labels
    return architecture, Split(rng.normal(size=(n_points, 3)), targets), rng.normal(size=architecture.n_parameters)


def evaluate(architecture, parameters, split):
    """Losses and accuracies by the sampler's forward pass, which shares no code with the kernels of training."""
    found = [quality(architecture, vector, split, "float64") for vector in np.atleast_2d(parameters)]
    return np.exp([one.log_loss for one in found]), np.array([one.accuracy for one in found])


def kernel_gradient(architecture, parameters, split, batch, room_for=None):
    shape, gradient = shape_of(architecture), np.full(architecture.n_parameters, np.nan)
    room = passes.room_for(shape.widths, len(batch) if room_for is None else room_for)
    for array in room:
        array[...] = 3.5  # of other points, before
    assert passes.batch_gradient(shape, parameters, points_of(split), np.asarray(batch), room, gradient)
    return gradient


@pytest.mark.parametrize(("head", "activation"), CASES)
def test_gradient_is_the_slope_of_the_loss(head, activation):
    architecture, split, parameters = problem(head, activation)
    batch = np.array([0, 7, 3, 10])
    part = Split(split.features[batch], split.targets[batch])
    gradient = kernel_gradient(architecture, parameters, split, batch)
    step = 1e-5
    shifts = step * np.eye(architecture.n_parameters)
    above, below = (evaluate(architecture, parameters + sign * shifts, part)[0] for sign in (1, -1))
    np.testing.assert_allclose((above - below) / (2.0 * step), gradient, atol=1e-6 * np.abs(gradient).max())


@pytest.mark.parametrize(("head", "activation"), CASES)
def test_loss_accuracy_and_gradient_agree_with_matrices(head, activation):
    architecture, split, parameters = problem(head, activation)
    outputs = plain_outputs(architecture, parameters, split.features)[0][-1]
    loss, accuracy = (values[0] for values in evaluate(architecture, parameters, split))
    assert loss == pytest.approx(plain_loss(architecture, outputs, split.targets)[0], rel=1e-13)
    if head == "linear":
        assert np.isnan(accuracy)
    else:
        said = outputs.argmax(axis=1) if head == "softmax" else outputs[:, 0] > 0.0
        assert accuracy == np.mean(said == split.targets)
    batch = np.arange(split.n_points)
    theirs = plain_gradient(architecture, parameters, split, batch)
    for room_for in (11, 16, 17):
        ours = kernel_gradient(architecture, parameters, split, batch, room_for)
        np.testing.assert_allclose(ours, theirs, atol=1e-14 * np.abs(theirs).max() * 10)


def test_losses_of_extreme_outputs():
    """Cross-entropies are |z| for a point that is wrong by far, and e^-|z| where it is right by far."""
    split = Split(np.array([[1.0]]), np.array([0]))
    for z, expected in ((700.0, 700.0), (-40.0, np.exp(-40.0)), (-700.0, np.exp(-700.0)), (1e6, 1e6)):
        parameters = np.array([0.0, 1.0, z, 0.0])
        assert evaluate(Architecture(1, (1,), 1, "relu"), parameters, split)[0][0] == pytest.approx(expected, rel=1e-12)
        softmax = Architecture(1, (1,), 2, "relu", "softmax")
        parameters = np.array([0.0, 1.0, 0.0, z, 0.0, 0.0])
        assert evaluate(softmax, parameters, split)[0][0] == pytest.approx(expected, rel=1e-9, abs=1e-16)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize("head", HEADS)
def test_optimizers_step_by_step(optimizer, clip, head):
    """Against plain NumPy after each of five epochs of 3, 3, 3 and 2 points."""
    architecture, split, _ = problem(head, "tanh")
    rate = 0.1 if optimizer == "sgd" else 0.02
    for n_epochs in range(1, 6):
        options = TrainingOptions(1, optimizer, rate, 3, n_epochs, 1, clip, 0.5, "xavier")
        ensemble = train_ensemble(Dataset(split, split, "random"), architecture, options, seed=3)
        for_start, for_order = np.random.SeedSequence(3, spawn_key=(0,)).spawn(2)
        start = xavier(architecture, 1, rng=np.random.default_rng(for_start))[0]
        start = np.clip(start, -0.5, 0.5) if clip else start
        expected = plain_train(architecture, split, start, options, orders(for_order, 11, n_epochs))
        np.testing.assert_allclose(ensemble.parameters[0], expected, rtol=0.0, atol=1e-12)
        assert (np.abs(ensemble.parameters).max() <= 0.5) == clip


def test_several_batch_sizes(tmp_path):
    """Run k is the run k of an ensemble of its own size alone, and a file keeps which size it had."""
    data, architecture, sizes = spiral(), Architecture(2, (4,)), (3, 40, 10)
    mixed = train_ensemble(data, architecture, replace(SHORT, n_runs=7, batch_size=sizes), seed=2)
    mixed.save(tmp_path / "mixed.npz")
    mixed = load_ensemble(tmp_path / "mixed.npz")
    assert mixed.options.batch_size == sizes
    assert mixed.batch_sizes.tolist() == [3, 40, 10, 3, 40, 10, 3]
    for place, size in enumerate(sizes):
        alone = train_ensemble(data, architecture, replace(SHORT, n_runs=7, batch_size=size), seed=2)
        part = mixed.of_batch_size(size)
        assert (part.run_numbers % 3 == place).all()
        assert not part.interrupted
        np.testing.assert_array_equal(part.parameters, alone.parameters[place::3])
        np.testing.assert_array_equal(part.trajectories, alone.trajectories[:, place::3])
    with pytest.raises(ValueError, match="size = 5 is no batch size of the ensemble; allowed: 3, 40, 10"):
        mixed.of_batch_size(5)


def orders(seed, n_points, number):
    stream, order = stream_of(seed), np.arange(n_points)
    for _ in range(number):
        kernels.shuffle(stream, order)
        yield order.copy()


def test_all_orders_are_as_likely():
    """Chi-square of the 24 orders of 4 points; false alarm 1e-6."""
    stream, order = stream_of(np.random.SeedSequence(8)), np.arange(4)
    counts = dict.fromkeys(itertools.permutations(range(4)), 0)
    for _ in range(24_000):
        kernels.shuffle(stream, order)
        counts[tuple(map(int, order))] += 1
    assert sum((count - 1000) ** 2 / 1000 for count in counts.values()) < 70.55  # chi2.isf(1e-6, 23)


def test_result_depends_on_seed_and_number_alone(tmp_path):
    data, architecture = spiral(), Architecture(2, (4, 3))
    alone = train_ensemble(data, architecture, SHORT, seed=2)
    calls = []
    with ThreadPoolExecutor(3) as executor:
        other = train_ensemble(
            data, architecture, SHORT, seed=2, executor=executor, progress=lambda *call: calls.append(call)
        )
    assert calls == [(k, 4) for k in range(1, 5)]
    np.testing.assert_array_equal(alone.trajectories, other.trajectories)
    np.testing.assert_array_equal(alone.parameters, other.parameters)
    fewer = train_ensemble(data, architecture, TrainingOptions(2, "sgd", 0.1, 10, 7, 2), seed=2)
    np.testing.assert_array_equal(alone.parameters[:2], fewer.parameters)
    assert not np.array_equal(alone.parameters, train_ensemble(data, architecture, SHORT, seed=3).parameters)
    alone.save(tmp_path / "e.npz")
    back = load_ensemble(tmp_path / "e.npz")
    assert (back.architecture, back.options, back.seed) == (architecture, SHORT, 2)
    assert (back.dataset["name"], back.dataset["parameters"]["data_seed"]) == ("spiral", 1)
    for name in ("trajectories", "parameters", "run_numbers", "diverged_at", "epochs", "outside_box"):
        np.testing.assert_array_equal(getattr(back, name), getattr(alone, name))


def test_ctrl_c_keeps_finished_runs():
    def stop(finished, _):
        if finished == 2:
            raise KeyboardInterrupt

    data, architecture = spiral(), Architecture(2, (4, 3))
    stopped, whole = (train_ensemble(data, architecture, SHORT, progress=act) for act in (stop, None))
    assert (stopped.interrupted, stopped.run_numbers.tolist(), whole.interrupted) == (True, [0, 1], False)
    np.testing.assert_array_equal(stopped.trajectories, whole.trajectories[:, :2])


def test_a_loss_of_zero_is_no_error():
    zero, one = np.full((2, 3), -np.inf), np.full((2, 3), -0.5)
    ensemble = made(np.concatenate([zero, one]), np.ones((4, 3)))
    assert training_curve(ensemble).n_runs.tolist() == [2]
    assert mean_at(ensemble, "log_train_loss").value == -np.inf
    assert np.isnan(mean_at(ensemble, "log_train_loss").error)
    assert np.isnan(change_in_second_half(ensemble, "log_train_loss").value)
    assert mean_at(ensemble, "log_train_loss", epoch=1).value == -np.inf


def test_plain_python_gives_the_same_bits(run_python, tmp_path):
    compiled = run_python(CHAINS, tmp_path)
    assert len(compiled.splitlines()) == 18
    assert run_python(CHAINS, tmp_path, NUMBA_DISABLE_JIT="1") == compiled


def test_records_are_what_the_networks_do():
    data, architecture = spiral(), Architecture(2, (4, 3))
    ensemble = train_ensemble(data, architecture, SHORT)
    assert ensemble.epochs.tolist() == [0, 2, 4, 6, 7]
    for part, name in ((data.train, "train"), (data.test, "test")):
        losses, accuracies = evaluate(architecture, ensemble.parameters, part)
        np.testing.assert_allclose(ensemble[f"log_{name}_loss"][:, -1], np.log(losses), rtol=1e-13)
        np.testing.assert_array_equal(ensemble[f"{name}_accuracy"][:, -1], accuracies)
    start = uniform_in_box(
        architecture, 1, rng=np.random.default_rng(np.random.SeedSequence(1, spawn_key=(0,)).spawn(2)[0])
    )
    assert ensemble["log_test_loss"][0, 0] == pytest.approx(np.log(evaluate(architecture, start, data.test)[0][0]))


def test_epochs_of_records():
    assert TrainingOptions(n_epochs=5, record_every=2).epochs.tolist() == [0, 2, 4, 5]
    spaced = TrainingOptions(n_epochs=1000, record_every=None).epochs
    assert spaced[:12].tolist() == list(range(12))
    assert spaced[-1] == 1000
    assert np.count_nonzero(spaced > 100) == pytest.approx(100, abs=1)
    assert TrainingOptions(n_epochs=1, record_every=None).epochs.tolist() == [0, 1]


def test_full_batches_descend():
    """Small full-batch steps of SGD lower the loss at every step: the sign of the gradient."""
    options = TrainingOptions(3, "sgd", 0.01, 40, 50, 1, clip=False)
    losses = train_ensemble(spiral(), Architecture(2, (8,), activation="silu"), options)["log_train_loss"]
    assert (np.diff(losses, axis=1) < 0.0).all()


def test_diverged_runs_are_counted_and_left_out():
    """A linear head with a large rate: some starts survive, the others are over."""
    rng = np.random.default_rng(3)
    split = Split(rng.normal(size=(20, 2)), rng.normal(size=(20, 1)))
    options = TrainingOptions(30, "sgd", 0.62, 20, 400, 1, clip=False)
    ensemble = train_ensemble(Dataset(split, split, "x"), Architecture(2, (3,), 1, "relu", "linear"), options)
    over = ensemble.diverged_at >= 0
    assert 0 < ensemble.n_diverged == over.sum() < 30
    assert np.isnan(ensemble.trajectories[:, over, -1]).all()
    assert np.isfinite(ensemble.trajectories[:2, ~over]).all()
    assert np.isnan(ensemble.outside_box[over]).all()
    for run in np.flatnonzero(over):
        until = np.count_nonzero(np.isfinite(ensemble["log_train_loss"][run]))
        assert ensemble.epochs[until - 1] < ensemble.diverged_at[run] <= ensemble.epochs[until]
    assert training_curve(ensemble, "log_test_loss").n_runs.max() <= 30 - ensemble.n_diverged
    assert mean_at(ensemble, "log_train_loss").value == pytest.approx(ensemble["log_train_loss"][~over, -1].mean())
    with pytest.raises(ValueError, match="metric = 'test_accuracy' is not defined for the linear head"):
        training_curve(ensemble)
    with pytest.raises(ValueError, match=r"no record of 3 runs \(3 diverged\)"):
        training_curve(made(np.zeros((3, 2)), np.zeros((3, 2)), diverged=[4, 4, 4]))


def made(losses, accuracies, test_losses=None, diverged=None):
    """An ensemble with given trajectories."""
    n_runs, n_records = losses.shape
    test_losses = losses if test_losses is None else test_losses
    return TrainingEnsemble(
        Architecture(2, (2,)),
        TrainingOptions(n_runs=n_runs),
        {},
        1,
        np.arange(n_runs),
        np.full(n_runs, -1) if diverged is None else np.array(diverged),
        np.arange(n_records),
        np.array([losses, test_losses, accuracies, accuracies], dtype=float),
        np.zeros((n_runs, 9)),
        0.0,
    )


def test_curve_averages_within_runs_first():
    """By hand: run 0 has three records in a bin and run 1 has one; run 2 diverged; a loss of zero has no bin."""
    losses = np.array([[-0.05, -0.02, -0.03, -np.inf], [-0.25, -0.04, -0.35, -0.35], [-0.05, -0.05, np.nan, np.nan]])
    accuracies = np.array([[0.1, 0.2, 0.3, 9.0], [0.5, 0.8, 0.6, 0.7], [0.0, 0.0, np.nan, np.nan]])
    test_losses = np.array([[3.0, 2.0, 4.0, 0.0], [0.0, 5.0, 1.0, 0.5], [-9.0, -9.0, np.nan, np.nan]])
    ensemble = made(losses, accuracies, test_losses, [-1, -1, 2])
    curve = training_curve(ensemble)
    np.testing.assert_allclose(curve.edges, [-0.4, -0.3, -0.2, -0.1, 0.0])
    np.testing.assert_allclose(curve.values, [0.65, 0.5, np.nan, 0.5])
    np.testing.assert_allclose(curve.errors, [np.nan, np.nan, np.nan, 0.3])  # √((0.3² + 0.3²)/(2·1))
    assert curve.n_runs.tolist() == [1, 1, 0, 2]
    lowest = training_curve(ensemble, rule="lowest test loss")
    np.testing.assert_allclose(lowest.values, [0.7, 0.5, np.nan, 0.2])
    # samples of two runs hold the lower one with probability 3/4
    np.testing.assert_allclose(lowest.errors[-1], np.sqrt(3.0 / 16.0) * 0.6)
    best = best_early_stopping(curve, least_runs=1)
    assert (best.estimate.value, best.n_runs) == (pytest.approx(0.65), 1)
    best = best_early_stopping(curve, least_runs=2)
    assert (best.estimate.value, best.n_runs) == (0.5, 2)
    # at the mean ln L_train of the two records of run 0, and of run 1, not in the middle of the bin
    assert best.log_train_loss == pytest.approx(0.5 * (-0.1 / 3.0 - 0.04))
    np.testing.assert_allclose(curve.positions, [-0.35, -0.25, np.nan, 0.5 * (-0.1 / 3.0 - 0.04)])
    np.testing.assert_allclose(lowest.positions, [-0.35, -0.25, np.nan, -0.02])  # of the one record
    assert best_early_stopping(training_curve(ensemble, "log_test_loss"), least_runs=1).estimate.value == 0.0
    with pytest.raises(ValueError, match="least_runs = 3 is met by no bin"):
        best_early_stopping(curve, least_runs=3)


def test_what_depends_on_the_training_loss_is_averaged_over_the_records_of_a_bin():
    """Runs with any number of records in a bin: a line is exact, a parabola within the square of a part's width."""
    rng = np.random.default_rng(2)
    losses = np.where(rng.random((7, 50)) < 0.2, rng.uniform(-1.0, 0.0, (7, 50)), rng.uniform(-0.1, -0.08, (7, 50)))
    ensemble = made(losses, losses**2)
    curve = training_curve(ensemble)
    np.testing.assert_allclose(curve.shares.sum(axis=1), 1.0)
    line = training_curve(made(losses, 3.0 * losses - 1.0))
    np.testing.assert_allclose(curve.average(lambda x: 3.0 * x - 1.0), line.values)
    np.testing.assert_allclose(curve.average(np.square), curve.values, atol=0.25 * 0.02**2)
    at_middles = np.abs((0.5 * (curve.edges[1:] + curve.edges[:-1])) ** 2 - curve.values)
    assert at_middles.max() > 10 * np.abs(curve.average(np.square) - curve.values).max()
    known = curve.average(lambda x: np.where(x < -0.5, x, np.nan))
    assert np.isfinite(known).tolist() == (curve.edges[1:] <= -0.49).tolist()


def test_the_status_of_an_ensemble_is_its_worst_run():
    whole = made(np.zeros((3, 2)), np.zeros((3, 2)))
    partly = made(np.zeros((3, 2)), np.zeros((3, 2)), diverged=[-1, 4, -1])
    stopped = replace(whole, options=TrainingOptions(n_runs=4))
    assert (whole.status, whole.status_as_part) == ("FINISHED", Status.CONVERGED)
    assert (partly.status, partly.status_as_part) == ("PARTLY_DIVERGED", Status.NOT_CONVERGED)
    assert (stopped.status, stopped.status_as_part) == ("INTERRUPTED", Status.INTERRUPTED)


def test_error_of_the_mean_is_that_of_runs():
    """400 ensembles of 25 runs whose records are all alike within a run: pulls have variance 24/22.

    The sum of 400 squared pulls of Student's t with 24 degrees has mean 436 and standard deviation 35; six of them.
    """
    rng = np.random.default_rng(11)
    pulls = []
    for _ in range(400):
        truth = rng.normal(size=(25, 1)) @ np.ones((1, 6))
        curve = training_curve(made(np.full((25, 6), -0.05), truth))
        pulls.append(curve.values[0] / curve.errors[0])
    assert np.sum(np.square(pulls)) == pytest.approx(400 * 24 / 22, abs=6 * 35)


def test_change_in_second_half():
    losses = np.array([[0.0, 1.0, 2.0, 5.0, 7.0], [0.0, 1.0, 4.0, 5.0, 5.0]])
    change = change_in_second_half(made(losses, losses), "log_train_loss")
    assert (change.value, change.error) == (3.0, 2.0)


def test_initialisations():
    """Bounds, and the variance of a uniform draw, bound²/3; false alarm of the four tests 1e-8 (six deviations)."""
    architecture = Architecture(2, (8, 4))
    for draw, first, last in ((xavier, 6.0 / 10.0, 6.0 / 5.0), (fan_in, 1.0 / 2.0, 1.0 / 4.0)):
        found = draw(architecture, 2000, rng=np.random.default_rng(1))
        assert found.shape == (2000, architecture.n_parameters)
        views = architecture.views(found)
        for (weights, biases), square in ((views[0], first), (views[-1], last)):
            assert np.square(weights).max() <= square
            error = square * np.sqrt(4.0 / 45.0 / weights.size)
            assert np.square(weights).mean() == pytest.approx(square / 3.0, abs=6.0 * error)
            assert (biases == 0.0).all() == (draw is xavier)
    boxed = uniform_in_box(architecture, 500, rng=np.random.default_rng(1), box=(0.1, 1.0, 2.0))
    largest = np.abs(boxed).max(axis=0) / architecture.half_widths((0.1, 1.0, 2.0))
    assert largest.max() <= 1.0
    assert largest.min() > 0.9


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizer": "sdg"}, "optimizer = 'sdg' is not known; allowed: sgd, adam"),
        ({"learning_rate": 0.0}, "learning_rate = 0.0 is out of range"),
        ({"batch_size": 0}, "batch_size = 0 is out of range"),
        ({"n_epochs": 2.5}, "n_epochs = 2.5 is not an integer"),
        ({"record_every": 0}, "record_every = 0 is out of range"),
        ({"initialisation": "zero"}, "initialisation = 'zero' is not known"),
        ({"batch_size": 41}, "batch_size = 41 is out of range; allowed: integers from 1 to 40"),
        ({"batch_size": (10, 41)}, "batch_size = 41 is out of range; allowed: integers from 1 to 40"),
        ({"batch_size": (10, 0)}, "batch_size = 0 is out of range"),
        ({"batch_size": (10, 10)}, r"batch_size = \(10, 10\) is not usable; allowed: different sizes, at least one"),
        ({"batch_size": ()}, r"batch_size = \(\) is not usable"),
        ({"box": -1.0}, "box = -1.0 is not usable"),
    ],
)
def test_refusals(change, message):
    with pytest.raises(ValueError, match=message):
        train_ensemble(spiral(), Architecture(2, (4,)), TrainingOptions(**change))


def test_refusals_of_data_and_files(tmp_path):
    data = spiral()
    for architecture, message in (
        (Architecture(3, (4,)), "train.features has 2 columns; allowed: n_inputs = 3"),
        (Architecture(2, (4,), 1, "tanh", "linear"), r"train.targets has shape \(40,\); allowed: \(n_points, 1\)"),
    ):
        with pytest.raises(ValueError, match=message):
            train_ensemble(data, architecture, SHORT)
    reals, three = (Split(data.train.features, targets) for targets in (np.ones((40, 2)), np.full(40, 2)))
    for bad, message in ((reals, r"train.targets has shape \(40, 2\)"), (three, "train.targets has label 2")):
        other = Dataset(bad, Split(data.test.features, bad.targets), "bad")
        with pytest.raises(ValueError, match=message):
            train_ensemble(other, Architecture(2, (4,)), SHORT)
    ensemble = train_ensemble(data, Architecture(2, (4,)), SHORT)
    with pytest.raises(ValueError, match=f"metric = 'loss' is not known; allowed: {', '.join(METRICS)}"):
        training_curve(ensemble, "loss")
    with pytest.raises(ValueError, match="rule = 'median' is not known"):
        training_curve(ensemble, rule="median")
    with pytest.raises(ValueError, match="does not exist"):
        load_ensemble(tmp_path / "none.npz")
    data.save(tmp_path / "d.npz")
    with pytest.raises(ValueError, match="holds no array 'diverged_at'"):
        load_ensemble(tmp_path / "d.npz")
    (tmp_path / "bad.npz").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ValueError, match="cannot be read"):
        load_ensemble(tmp_path / "bad.npz")
