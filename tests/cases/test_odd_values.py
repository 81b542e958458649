"""Values out of range: one line that names the option, its value and what is allowed, exit code 2, nothing written."""

import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import perceptron.cli.main
import wl.cli.main
from perceptron import SymmetricWindow, capacity, kappa_u
from perceptron.kernels.committees.three_relus import ReluCommitteeOfThree
from perceptron.theory.typical.symmetric_perceptron import log_window_probability

INTERRUPTED = 130
SPIRAL = ["run", "spiral", "--hidden", "2,2", "--steps", "1e4", "--output", "new"]
TABLE = ["run", "table.csv", "--target", "y", "--split", "part", "--hidden", "2", "--head", "softmax", "--steps", "1e4"]
REFUSED = [
    ("perceptron", ["capacity", "--half-width", "100"], "half_width = 100.0 is out of range; allowed: real numbers in"),
    ("perceptron", ["capacity", "--margin", "-40"], "margin = -40.0 is out of range; allowed: real numbers in"),
    ("perceptron", ["models", "--margin", "-40"], "margin = -40.0 is out of range; allowed: real numbers in"),
    ("perceptron", ["entropy", "--alpha", "1e308"], "load = 1e+308 is out of range; allowed: real numbers in"),
    (
        "perceptron",
        ["thresholds", "--digits", "1" + 30 * "0"],
        "digits = 1000000000000000000000000000000 is out of range",
    ),
    ("perceptron", ["entropy", "--alpha", "0.5", "--output", "table.csv/x.json"], "which is a file; allowed"),
    (
        "perceptron",
        ["entropy", "--alpha", "0.5", "--output", 300 * "x" + ".json"],
        "allowed: names of at most 255 bytes",
    ),
    ("perceptron", ["figure", "W2", "--output", "table.csv"], "is a file; allowed: a folder"),
    ("perceptron", ["study", "--loads", "5,-1", "--output", "new"], "loads contains -1.0, out of range; allowed"),
    ("wl", [*SPIRAL, "--precision", "foo"], "precision = 'foo' is not known; allowed: float32, float64"),
    ("wl", [*SPIRAL, "--sampler", "hmc", "--hill-width", "1e30"], "hill_width = 1e+30 is out of range; allowed: real"),
    (
        "wl",
        [*SPIRAL, "--sampler", "hmc", "--leaps", "1000000000"],
        "n_leaps = 1000000000 is out of range; allowed: int",
    ),
    ("wl", [*TABLE, "--output", "new"], "column 'y', row 2: 100000 is no label; allowed: integers from 0 to 999"),
    (
        "wl",
        ["plot", "table.csv", "--output", "x.foo"],
        "output = 'x.foo' is not usable; allowed: a name ending in .png",
    ),
]


@pytest.mark.parametrize(("program", "arguments", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_refused_by_name(program, arguments, message, tmp_path, monkeypatch, capsys):
    (tmp_path / "table.csv").write_text("a,b,y,part\n1,2,0,train\n2,1,100000,train\n3,3,1,test\n0,1,0,test\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [program, *arguments])
    with pytest.raises(SystemExit) as ended:
        {"perceptron": perceptron.cli.main, "wl": wl.cli.main}[program].main()
    printed = capsys.readouterr()
    assert (ended.value.code, printed.out) == (2, "")
    assert printed.err.startswith("error: ")
    assert message in printed.err
    assert len(printed.err.strip()) <= 300
    assert [path.name for path in tmp_path.iterdir()] == ["table.csv"]


def test_too_many_processes_are_refused(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["perceptron", "figure", "W2", "--jobs", "2147483648"])
    with pytest.raises(SystemExit) as ended:
        perceptron.cli.main.main()
    assert ended.value.code == 2
    assert "'--jobs'" in capsys.readouterr().err


def test_a_threshold_that_would_take_hours_is_refused_at_once():
    start = time.monotonic()
    with pytest.raises(ValueError, match=r"step = ReluCommitteeOfThree is not usable here; allowed: MarginStep, Wide"):
        kappa_u(0.5, 0.0, ReluCommitteeOfThree)
    assert time.monotonic() - start < 1.0


@pytest.mark.parametrize("odd", [None, "foo", 0.5, object, object()])
def test_a_prior_that_is_none_is_named(odd):
    with pytest.raises(TypeError, match=r"prior = .* is not usable; allowed: a NamedTuple"):
        capacity(0.0, prior=odd)


@pytest.mark.parametrize("half_width", [1e-11, 1e-3, 9.0, 25.0])
def test_the_capacity_of_every_window_is_that_of_the_first_moment(half_width):
    """Beyond K = 8.3 all patterns but few are met, and the chance of the others must not be taken from 1."""
    expected = -math.log(2.0) / log_window_probability(half_width)
    assert capacity(SymmetricWindow(half_width)).value == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("program", ["perceptron", "wl"])
def test_ctrl_c_is_one_line_whenever_it_comes(program, tmp_path):
    """While modules are loaded, while kernels are compiled for the first time, and while they work.

    A command that is through with its kernels before Ctrl-C can be heard ends as it would have without.
    """
    command = {
        "perceptron": ["capacity"],
        "wl": ["run", "free-spins", "--n", "12", "--steps", "1e15", "--output", "new"],
    }[program]
    heard = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)"  # it may be ignored here
    run = f"{heard}; sys.argv[0] = {program!r}; import {program}.cli.main; {program}.cli.main.main()"
    variables = os.environ | {"PYTHONPATH": str(Path.cwd()), "PERCEPTRON_WL_CACHE_DIR": str(tmp_path / "cache")}
    for seconds in (0.5, 3.0):
        with subprocess.Popen(
            [sys.executable, "-c", run, *command],
            cwd=tmp_path,
            env=variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            time.sleep(seconds)
            process.send_signal(signal.SIGINT)
            try:
                out, err = process.communicate(timeout=120)
            finally:
                process.kill()
        assert "Traceback" not in err
        if program == "perceptron" and seconds < 1.0:
            assert (process.returncode, out, err) == (INTERRUPTED, "", "INTERRUPTED\n")
        elif program == "perceptron":
            assert process.returncode == INTERRUPTED or "0.8330785997" in out
        else:
            assert err == "INTERRUPTED\n" or out.startswith("status: INTERRUPTED")
