"""The command line: one JSON object, keys and statuses, files, exit codes."""

import csv
import json
import math
import sys

import numpy as np
import pytest

from perceptron.base.results import ConvergenceError
from perceptron.cli import main as cli
from perceptron.kernels.typical.constraints import SymmetricWindow
from perceptron.theory.typical.solutions import capacity, maximum_margin, typical_solutions


@pytest.fixture
def run(monkeypatch, capsys):
    """Run `perceptron ...` in this process: (exit code, standard output, standard error)."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["perceptron", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        captured = capsys.readouterr()
        return stop.value.code or 0, captured.out, captured.err

    return call


@pytest.fixture
def run_json(run):
    def call(*arguments):
        code, out, _ = run(*arguments, "--json")
        assert code == 0
        return json.loads(out)

    return call


def test_thresholds_stand_beside_the_papers_values(run, run_json):
    result = run_json("thresholds")
    assert result["status"] == "CONVERGED"
    names = (("alpha_c", 0.833), ("alpha_u_prime", 0.729), ("kappa_max", 0.418), ("d_star", 0.285))
    for name, paper in names:
        assert result[name]["value"] == pytest.approx(paper, abs=5e-4)
        assert result[name]["error"] < 1e-7
        assert str(paper) in result["paper"][name]
    assert isinstance(result["seconds"], float)
    code, out, _ = run("thresholds")
    assert code == 0
    assert "0.7290328105" in out
    assert "paper" in out


def test_each_load_of_the_large_deviation_theory_has_its_own_key(run, run_json):
    result = run_json("thresholds")
    values = [result[f"alpha_u{ending}"]["value"] for ending in ("_infinite_replicas", "_real_replicas", "_reference")]
    assert values == pytest.approx([0.7553, 0.7737, 0.7668], abs=5e-5)
    assert result["alpha_u"] == result["alpha_u_reference"]
    assert "0.77" in result["paper"]["alpha_u"]
    flags = {name: stable for name, stable in result["stable"].items() if name.startswith("alpha_u")}
    assert [name for name, stable in flags.items() if stable] == ["alpha_u_prime", "alpha_u_real_replicas"]
    assert result["replicon"]["alpha_u_infinite_replicas"] is None  # infinite
    assert "α_u (c): F_E = 0, reference (unstable)" in run("thresholds")[1]


def test_the_loads_of_the_large_deviation_theory_can_be_left_out(run_json):
    result = run_json("thresholds", "--without-alpha-u")
    assert [name for name in result if name.startswith("alpha_u")] == ["alpha_u_prime"]
    assert result["stable"]["alpha_c"]


def test_a_definition_without_a_load_at_a_margin_is_null(run_json):
    result = run_json("thresholds", "--margin", -2)
    assert result["alpha_u_real_replicas"] == {"value": None, "error": None, "status": "NOT_CONVERGED"}
    assert result["status"] == "NOT_CONVERGED"
    assert result["alpha_c"]["value"] > 1.0


def test_entropy_at_a_margin(run_json):
    result = run_json("entropy", "--alpha", 0.5, "--margin", 0.1)
    typical = typical_solutions(0.5, 0.1)
    for name in ("entropy", "overlap", "q_hat", "typical_distance"):
        assert result[name] == {"value": getattr(typical, name).value, "error": getattr(typical, name).error}


def test_a_negative_entropy_says_that_it_counts_nothing(run, run_json):
    words = "a negative entropy counts nothing: typically there is no such configuration"
    assert run_json("entropy", "--alpha", 0.8)["note"] is None
    result = run_json("entropy", "--alpha", 0.9)
    assert result["entropy"]["value"] < 0.0
    assert result["note"] == words
    assert words in " ".join(run("entropy", "--alpha", 0.9)[1].split())
    assert "counts nothing" not in run("entropy", "--alpha", 0.8)[1]
    around = ("local-entropy", "--alpha", 0.5, "--reference-margin", 0.02, "--distance")
    assert run_json(*around, "0.0033")["note"] == words
    assert run_json(*around, "0.1")["note"] is None
    assert words in " ".join(run(*around, "0.0033")[1].split())
    assert run_json("bp", "--n", 201, "--alpha", 0.95)["note"] == words
    assert run_json("bp", "--n", 201, "--alpha", 0.3)["note"] is None
    assert run_json("thresholds", "--digits", 5, "--alpha", 0.9)["note"] == words


def test_capacities_say_whether_replica_symmetry_is_stable(run, run_json):
    result = run_json("capacity", "--half-width", 1.0)
    replicon = capacity(SymmetricWindow(1.0)).replicon
    assert result["replicon"]["alpha_c"] == replicon
    assert result["stable"]["alpha_c"] is True
    assert f"{replicon:.8f}" in run("capacity", "--half-width", 1.0)[1]
    digits = run_json("thresholds", "--digits", 5)
    assert digits["stable"]["alpha_c"] is digits["stable"]["kappa_max"] is True
    assert digits["replicon"]["alpha_c"] == pytest.approx(capacity().replicon, rel=1e-9)


def test_models_below_margin_zero_say_which_ansatz_fails(run, run_json):
    rows = {row["model"]: row for row in run_json("models", "--margin", -0.5)["models"] if "alpha_spinodal" not in row}
    assert rows["spherical"]["stable"] is False
    assert rows["spherical"]["replicon"] > 1.0
    assert rows["binary"]["stable"] is rows["committee of three"]["stable"] is True
    assert rows["ternary"]["alpha_c"]["status"] == "NO_SUCH_THRESHOLD"
    assert all(row["ansatz"].startswith("replica symmetric") for row in rows.values())
    text = " ".join(run("models", "--margin", -0.5)[1].split())
    assert "unstable, 1.472" in text
    assert "replica-symmetric saddle" in text


def test_the_margin_is_zero_unless_given(run_json):
    assert run_json("capacity")["alpha_c"]["value"] == capacity(0.0).value
    assert run_json("entropy", "--alpha", 0.3)["entropy"]["value"] == typical_solutions(0.3, 0.0).entropy.value


def test_the_symmetric_perceptron_has_its_option(run_json):
    result = run_json("capacity", "--half-width", 1.0)
    assert result["alpha_c"]["value"] == pytest.approx(1.8158754958)


def test_a_threshold_that_does_not_exist_is_null_with_a_status(run_json):
    result = run_json("phases", "--alpha", 0.8)
    assert result["status"] == "NO_SUCH_THRESHOLD"
    assert result["kappa_u"] == {"value": None, "error": None, "status": "NO_SUCH_THRESHOLD"}
    assert result["phase"] == "isolated balls"
    assert result["d_1"]["value"] < result["d_2"]["value"]


def test_d_star_belongs_to_the_maximum_margin_unless_another_is_given(run_json):
    at_end, at_zero = run_json("phases", "--alpha", 0.5), run_json("phases", "--alpha", 0.5, "--reference-margin", 0)
    assert at_end["d_star"]["value"] == pytest.approx(0.285, abs=5e-4)
    assert at_zero["d_star"]["value"] == pytest.approx(typical_solutions(0.5, 0.0).typical_distance.value, abs=1e-10)


def test_profiles_are_lists_of_equal_length(run_json):
    result = run_json("local-entropy", "--alpha", 0.5, "--reference-margin", "max", "--distance", "0.05,0.1,0.2")
    names = ("distance", "local_entropy", "local_entropy_error", "derivative", "derivative_error")
    assert [len(result[name]) for name in names] == [3] * 5
    assert result["distance"] == [0.05, 0.1, 0.2]
    assert result["reference_margin"] == maximum_margin(0.5).value
    assert result["status"] == "CONVERGED"


def test_the_end_of_a_branch_is_a_status_not_a_failure(run_json):
    arguments = ("--alpha", 0.5, "--reference-margin", 0, "--margin", 0.2, "--distance", "0.01,0.1")
    result = run_json("local-entropy", *arguments)
    assert result["status"] == "END_OF_BRANCH"
    assert result["distance"] == [0.1]
    assert 0.01 < result["branch_ends"][0] < 0.1


@pytest.mark.parametrize("ending", ["csv", "npz", "json", "png", "pdf"])
def test_profiles_go_to_files(run, tmp_path, ending):
    path = tmp_path / f"profile.{ending}"
    arguments = ("--alpha", 0.5, "--reference-margin", 0.1, "--distance", "0.05,0.1", "--output", path)
    code, out, _ = run("local-entropy", *arguments)
    assert code == 0
    assert "0.1" in out
    assert [file.name for file in tmp_path.iterdir()] == [path.name]  # nothing temporary is left
    if ending == "csv":
        lines = path.read_text().splitlines()
        assert json.loads(lines[0].removeprefix("# "))["parameters"]["alpha"] == 0.5
        rows = list(csv.DictReader(lines[1:]))
        assert [float(row["distance"]) for row in rows] == [0.05, 0.1]
    elif ending == "npz":
        with np.load(path, allow_pickle=False) as data:
            assert data["distance"].tolist() == [0.05, 0.1]
            assert "numba" in json.loads(str(data["provenance"]))["versions"]
    elif ending == "json":
        assert json.loads(path.read_text())["distance"] == [0.05, 0.1]
    else:
        assert path.stat().st_size > 5000


BAD = [
    ("entropy", "--alpha", "-1"),
    ("entropy", "--alpha", "nan"),
    ("entropy", "--alpha", "abc"),
    ("entropy",),
    ("entropy", "--alpha", "0.5", "--margin", "3"),
    ("entropy", "--alpha", "0.5", "--half-width", "-1"),
    ("phases", "--alpha", "0.5", "--reference-margin", "0.5"),
    ("phases", "--alpha", "0.5", "--reference-margin", "big"),
    ("local-entropy", "--alpha", "0.5", "--reference-margin", "0.1", "--distance", "0.1,x"),
    ("local-entropy", "--alpha", "0.5", "--reference-margin", "0.1", "--distance", "1.5"),
    ("local-entropy", "--alpha", "0.5", "--reference-margin", "0.1", "--output", "profile.xyz"),
    ("capacity", "--output", "capacity.csv"),
    ("figure", "W9"),
    ("no-such-command",),
]


@pytest.mark.parametrize("arguments", BAD, ids=" ".join)
def test_bad_input_exits_with_2_and_writes_nothing(run, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*arguments)
    assert code == 2
    assert out == ""
    assert err
    assert not list(tmp_path.iterdir())


def test_other_failures_exit_with_1(run, monkeypatch):
    def fail(*_, **__):
        raise ConvergenceError("no saddle: residual 1", None)

    monkeypatch.setattr("perceptron.theory.typical.solutions.capacity", fail)
    code, out, err = run("capacity")
    assert code == 1
    assert out == ""
    assert "residual" in err


def test_models_stand_beside_closed_forms_and_literature(run, run_json):
    result = run_json("models", "--half-width", 0.8)
    assert result["status"] == "CONVERGED"
    loads = {row["model"]: row["alpha_c"]["value"] for row in result["models"] if "alpha_c" in row}
    assert loads["spherical"] == pytest.approx(2.0, rel=1e-12)
    assert loads["symmetric"] == pytest.approx(-math.log(2.0) / math.log(math.erf(0.8 / math.sqrt(2.0))), rel=1e-12)
    for row in result["models"]:
        load = next(row[key]["value"] for key in ("alpha_c", "alpha_perfect", "alpha_spinodal") if key in row)
        assert row["reference"] is None or load == pytest.approx(row["reference"], abs=5e-3)
    assert sum(row["reference"] is not None for row in result["models"]) == 4
    assert next(row for row in run_json("models", "--margin", 0.5)["models"])["reference"] is None
    code, out, _ = run("models")
    assert code == 0
    assert "1.2446839" in out


def test_committees_are_models_of_the_same_commands(run, run_json):
    assert run_json("capacity", "--model", "sign-committee")["alpha_c"]["value"] == pytest.approx(0.947, abs=5e-4)
    result = run_json("entropy", "--alpha", 0.5, "--model", "committee-of-three")
    assert result["model"] == "committee-of-three"
    assert result["stable"] is (result["replicon"]["value"] < 1.0)
    assert result["entropy"]["value"] < 0.5 * math.log(2.0)  # fewer than the annealed count
    fewer = run_json("entropy", "--alpha", 0.5, "--margin", 0.1, "--model", "relu-committee-of-three")
    assert 0.0 < fewer["entropy"]["value"] < 0.5 * math.log(2.0)
    around = run_json(
        "local-entropy", "--alpha", 0.5, "--reference-margin", 0.1, "--model", "relu-committee", "--distance", "0.1,0.2"
    )
    assert around["status"] == "CONVERGED"
    assert around["local_entropy"][0] < around["local_entropy"][1]
    for arguments in (
        ("thresholds", "--model", "committee-of-three"),
        ("capacity", "--model", "committee"),
        ("capacity", "--model", "relu-committee", "--half-width", 1.0),
        ("thresholds", "--model", "relu-committee", "--digits", 20),
    ):
        code, _, err = run(*arguments)
        assert code == 2
        assert "model = " in err
        assert "allowed: " in err


def test_digits_are_decimals_as_text(run, run_json):
    result = run_json("thresholds", "--digits", 20)
    assert result["status"] == "CONVERGED"
    assert result["alpha_c"]["value"] == "0.83307859973957923369"
    assert 1e-23 < float(result["alpha_c"]["error"]) < 1e-20
    assert float(result["kappa_max"]["value"]) == pytest.approx(maximum_margin(0.5).value, abs=1e-14)
    code, out, _ = run("thresholds", "--digits", 12)
    assert code == 0
    assert "0.833078599740" in out


def test_digits_where_there_is_no_saddle_are_null_with_a_status(run_json):
    result = run_json("thresholds", "--digits", 5, "--margin", 0.9)
    assert result["status"] == "NO_SUCH_THRESHOLD"
    assert result["entropy"] == {"value": None, "error": None, "status": "NO_SUCH_THRESHOLD"}
    assert float(result["alpha_c"]["value"]) == pytest.approx(capacity(0.9).value, abs=1e-5)


@pytest.mark.parametrize(
    "arguments",
    [
        ("thresholds", "--digits", "0"),
        ("thresholds", "--digits", "-5"),
        ("thresholds", "--digits", "many"),
        ("models", "--half-width", "0"),
    ],
)
def test_bad_digits_and_models_exit_with_2(run, arguments):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err
