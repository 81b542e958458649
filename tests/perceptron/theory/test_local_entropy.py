"""Profiles: independent of workers and of how distances are asked for; nothing finished is lost."""

import multiprocessing
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from perceptron.base.results import ConvergenceError, Status
from perceptron.theory.franz_parisi import local_entropy
from perceptron.theory.franz_parisi.local_entropy import local_entropy_profile

PLACE = (0.5, 0.1, 0.0)
DISTANCES = np.geomspace(1e-3, 0.3, 45)


def test_the_default_profile_has_200_points_past_the_maximum():
    profile = local_entropy_profile(*PLACE)
    assert profile.status is Status.CONVERGED
    distance = profile.array("distance")
    assert distance.size == 200
    assert distance[0] == pytest.approx(1e-3)
    assert distance[-1] > profile.d_star.value
    assert profile.array("local_entropy_error").max() < 1e-8
    assert profile.array("derivative_error").max() < 1e-8
    best = np.argmax(profile.array("local_entropy"))
    assert abs(distance[best] - profile.d_star.value) < 4e-3
    assert np.all(profile.array("local_entropy") < profile.geometric_bound)


@pytest.mark.parametrize("executor", [ThreadPoolExecutor(2), "processes"], ids=["threads", "processes"])
def test_numbers_do_not_depend_on_the_executor(executor):
    alone = local_entropy_profile(*PLACE, DISTANCES)
    if executor == "processes":
        executor = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))
    with executor:
        assert local_entropy_profile(*PLACE, DISTANCES, executor=executor) == alone


def test_the_order_of_the_distances_does_not_matter():
    shuffled = np.random.default_rng(0).permutation(DISTANCES)
    assert local_entropy_profile(*PLACE, shuffled) == local_entropy_profile(*PLACE, DISTANCES)


def test_single_distances_agree_with_the_profile():
    profile = local_entropy_profile(*PLACE, DISTANCES)
    for k in (0, 17, 44):
        alone = local_entropy_profile(*PLACE, [DISTANCES[k]]).points[0]
        assert alone.distance == profile.points[k].distance
        assert alone.local_entropy == pytest.approx(profile.points[k].local_entropy, abs=1e-12)
        assert alone.derivative == pytest.approx(profile.points[k].derivative, abs=1e-10)


def test_distances_without_a_saddle_are_left_out_and_said():
    distances = [0.005, 0.01, 0.05, 0.1]
    profile = local_entropy_profile(0.5, 0.0, 0.2, distances, throw=False)
    assert profile.status is Status.END_OF_BRANCH
    assert profile.array("distance").tolist() == [0.05, 0.1]
    assert [point.status for point in profile.missing] == [Status.END_OF_BRANCH] * 2
    assert 0.01 < profile.missing[0].distance < 0.05
    with pytest.raises(ConvergenceError, match="2 of 4 distances") as caught:
        local_entropy_profile(0.5, 0.0, 0.2, distances)
    assert caught.value.result == profile


def test_an_interrupt_keeps_the_finished_points(monkeypatch):
    whole, solve = local_entropy_profile(*PLACE, DISTANCES), local_entropy._solve_chunk
    calls = []

    def interrupted(task):
        calls.append(task)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return solve(task)

    monkeypatch.setattr(local_entropy, "_solve_chunk", interrupted)
    profile = local_entropy_profile(*PLACE, DISTANCES)
    assert profile.status is Status.INTERRUPTED
    assert profile.points == whole.points[-local_entropy.CHUNK :]


def test_progress_counts_chunks():
    seen = []
    local_entropy_profile(*PLACE, DISTANCES, progress=lambda finished, total: seen.append((finished, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("distances", [[], [[0.1]], [0.1, 1.0], [np.nan], "abc", ["0.1"]])
def test_bad_distances_are_named(distances):
    with pytest.raises(ValueError, match=r"distances .*allowed"):
        local_entropy_profile(*PLACE, distances)


def test_only_attributes_of_points_become_arrays():
    with pytest.raises(ValueError, match="entropy_of_mixing"):
        local_entropy_profile(*PLACE, [0.1]).array("entropy_of_mixing")
