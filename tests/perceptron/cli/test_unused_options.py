"""Options and arrays that would change nothing are refused by name: command line `perceptron`, files of patterns."""

import json

import numpy as np
import pytest

from perceptron.base.results import Status
from perceptron.cli import main as cli
from perceptron.patterns import Patterns, load_patterns, load_weights, random_patterns
from perceptron.solvers.study import run_study
from perceptron.solvers.study_store import StudyPlan


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run `perceptron ...` in a folder with patterns and weights: (exit code, standard output, standard error)."""
    monkeypatch.chdir(tmp_path)
    np.save("patterns.npy", np.ones((4, 15), np.int8))
    np.savez("weights.npz", weights=np.ones(15, np.int8), patterns=np.ones((4, 15), np.int8))

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["perceptron", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        found = capsys.readouterr()
        return code, found.out, found.err

    return call


THEORY = ("local-entropy", "--alpha", "0.5", "--reference-margin", "0.1", "--distance", "0.1")
AROUND = ("local-entropy", "--weights", "weights.npz", "--distance", "0.1")
DRAWN = ("--n", "15", "--n-patterns", "4")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((*THEORY, "--node", "exact"), "--node = 'exact' is not used with typical references; allowed: with --weights"),
        ((*THEORY, "--node", "gaussian"), "--node = 'gaussian' is not used"),
        ((*THEORY, "--patterns", "patterns.npy"), "--patterns = 'patterns.npy' is not used with typical references"),
        ((*AROUND, "--jobs", "2"), "--jobs = 2 is not used with --weights; allowed: without it"),
        ((*AROUND, "--alpha", "0.5"), "--weights is not used with --alpha"),
        (("entropy", "--alpha", "0.5", "--half-width", "1", "--margin", "0"), "margin = 0.0 is not used with a half"),
        (("capacity", "--half-width", "1", "--margin", "0"), "margin = 0.0 is not used with a half-width"),
        (("thresholds", "--digits", "5", "--without-alpha-u"), "--without-alpha-u is not used with --digits"),
        (("thresholds", "--digits", "5", "--with-alpha-u"), "--with-alpha-u is not used with --digits"),
        (("solve", "--patterns", "patterns.npy", "--data-seed", "1"), "--data-seed = 1 is not used with --patterns"),
        (("bp", "--patterns", "patterns.npy", "--data-seed", "3"), "--data-seed = 3 is not used with --patterns"),
        (("enumerate", "--patterns", "patterns.npy", "--data-seed", "3"), "--data-seed = 3 is not used"),
        (("bp", *DRAWN, "--seed", "1"), "--seed = 1 is not used by parallel sweeps; allowed: with --sequential"),
        (("bp", *DRAWN, "--sequential", "--seed", "-1"), "--seed = -1 is out of range; allowed: integers >= 0"),
        (("solve", *DRAWN, "--data-seed", "-1"), "--data-seed = -1 is out of range; allowed: integers >= 0"),
    ],
)
def test_an_option_without_effect_is_refused(run, arguments, message):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert message in " ".join(err.split())


def test_where_they_have_an_effect_they_are_taken(run, tmp_path):
    code, out, _ = run("bp", *DRAWN, "--json")
    assert (code, [json.loads(out)[name] for name in ("data_seed", "seed")]) == (0, [1, None])
    code, out, _ = run("bp", "--patterns", "patterns.npy", "--sequential", "--seed", "3", "--json")
    assert (code, [json.loads(out)[name] for name in ("data_seed", "seed")]) == (0, [None, 3])
    code, out, _ = run(*AROUND, "--node", "exact", "--patterns", "patterns.npy", "--json")
    assert (code, json.loads(out)["node"]) == (0, "exact")
    assert run("capacity", "--half-width", "1")[0] == run("capacity", "--margin", "0.1")[0] == 0


def test_a_solution_keeps_all_of_its_instance(run, tmp_path):
    """A teacher and Gaussian entries went lost on the way through the file of `perceptron solve`."""
    assert run("solve", *DRAWN, "--teacher", "--output", "found.npz")[0] == 0
    assert load_patterns("found.npz").teacher is not None
    random_patterns(9, 3, rng=np.random.default_rng(1), gaussian=True).save("gaussian.npz")
    assert run("solve", "--patterns", "gaussian.npz", "--output", "again.npz")[0] == 0
    again = load_patterns("again.npz")
    assert again.gaussian
    assert again.n_errors(load_weights("again.npz")) == 0


def test_labels_beside_patterns_are_refused(tmp_path):
    """ξ·w >= κ√N with labels absorbed: a file with labels cannot tell whether they are."""
    values = random_patterns(15, 4, rng=np.random.default_rng(1)).values
    np.savez(tmp_path / "p.npz", patterns=values, labels=np.array([1, -1, 1, -1]))
    with pytest.raises(ValueError, match=r"array 'labels' of patterns file .* is not used; allowed: labels absorbed"):
        load_patterns(tmp_path / "p.npz")


@pytest.mark.parametrize("name", ["targets", "weights2", "arr_0", "margin"])
def test_so_is_every_other_array(tmp_path, name):
    for load, own in ((load_patterns, "patterns"), (load_weights, "weights")):
        values = np.ones((4, 15) if own == "patterns" else 15)
        np.savez(tmp_path / "p.npz", **{own: values, name: np.ones(3)})
        with pytest.raises(
            ValueError, match=f"array '{name}' of {own} file .* is not used; allowed: patterns, weights"
        ):
            load(tmp_path / "p.npz")


@pytest.mark.parametrize("flag", [np.array("False"), np.array([True, False]), np.array(0), np.array(1j)])
def test_the_flag_of_gaussian_patterns_is_one_boolean(tmp_path, flag):
    np.savez(tmp_path / "p.npz", patterns=np.ones((4, 15)), gaussian=flag)
    with pytest.raises(ValueError, match=r"gaussian in .* is .*; allowed: one boolean"):
        load_patterns(tmp_path / "p.npz")
    assert not Patterns(np.ones((4, 15))).gaussian


def test_a_study_without_a_single_solution_says_so(tmp_path):
    """At load 3 no weights solve 9 · 3 patterns but by a chance of 2⁹ 2⁻²⁷."""
    plan = StudyPlan(solvers=("sbpi",), sizes=(9,), loads=(3.0, 4.0), n_instances=2, max_sweeps=20)
    assert run_study(plan, tmp_path / "hopeless").status is Status.NOT_SOLVED
    plan = StudyPlan(solvers=("sbpi",), sizes=(9,), loads=(0.12, 3.0, 4.0), n_instances=2, max_sweeps=50)
    assert run_study(plan, tmp_path / "mixed").status is Status.CONVERGED
