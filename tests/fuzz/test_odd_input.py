"""Odd input of both command lines and of the functions: no traceback, no hang, no exit code 1 for it, no nonsense."""

from __future__ import annotations

import json
import os
import random
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import typer

import perceptron.cli.main
import wl.cli.main
from tests.fuzz.odd import COMMANDS, FUNCTIONS, MORE_RUNS, ODD_TEXTS, ODD_VALUES

ROOT = Path(__file__).parents[2]
PATIENCE, LAST_PATIENCE = 4.0, 60.0  # seconds until Ctrl-C, and after it: a kernel may have to be compiled
SECONDS = {"quick": 25.0, "slow": 900.0}
INTERRUPTED = 130
LONGEST_MESSAGE = 310
DID_NOT_SETTLE = re.compile(r"did not converge|no saddle|not enough memory|could not be downloaded|beyond distance")
ALSO_NAMED = {  # what an argument is called where it is used
    "constraint": ("margin",),
    "load": ("margin",),
    "loads": ("margin",),
    "split": ("column",),
    "target": ("column",),
    "name": ("preset", "task"),
    "path": ("file", "directory", "folder", "landscape", "table", "ensemble", "data set", "patterns"),
    "function": ("0-dimensional",),  # what the function itself says
}
PROGRAMS = {"perceptron": perceptron.cli.main.app, "wl": wl.cli.main.app}


class Worker:
    """A process that answers requests; it is interrupted where it takes long, and killed where that does not help."""

    def __init__(self, source, scratch):
        self.command = [sys.executable, "-m", "tests.fuzz.worker", str(source), str(scratch)]
        self.process = None

    def ask(self, request):
        if self.process is None:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
            self.process = subprocess.Popen(self.command, cwd=ROOT, text=True, **pipes)
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        for patience in (PATIENCE, LAST_PATIENCE):
            if select.select([self.process.stdout], [], [], patience)[0]:
                line = self.process.stdout.readline()
                return json.loads(line) if line else {"failed": "ended"}
            self.process.send_signal(signal.SIGINT)
        self.end()
        return {"failed": "hangs"}

    def end(self):
        self.process.kill()
        self.process.communicate()
        self.process = None


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Files that commands are given."""
    folder = tmp_path_factory.mktemp("source")
    rng = np.random.default_rng(1)
    signs = lambda *shape: rng.choice([-1, 1], shape).astype(np.int8)  # noqa: E731
    np.savez(folder / "instance.npz", patterns=signs(5, 11), weights=signs(11))
    points = zip(*rng.normal(size=(2, 30)), ["train", "test"] * 15, strict=True)
    rows = [f"{a:.3f},{b:.3f},{a * b:.4f},{part}" for a, b, part in points]
    (folder / "table.csv").write_text("\n".join(["a,b,target,part", *rows]))
    (folder / "ascii.npz").write_text("not an archive")
    for run in (
        ["perceptron", "--n", "11", "--n-patterns", "5", "--output", "run"],
        ["spiral", "--hidden", "2", "--output", "networks"],
    ):
        wl_run = [sys.executable, "-m", "wl.cli.main", "run", *run, "--steps", "1e4"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run(wl_run, cwd=folder, check=True, capture_output=True, env=environment)
    return folder


def options_of(program, name):
    """Options of a command, and whether each takes a value."""
    found = typer.main.get_command(PROGRAMS[program]).commands[name]
    options = [option for option in found.params if option.param_type_name == "option" and option.opts[0] != "--help"]
    return {option.opts[0]: not option.is_flag for option in options}


def random_command(rng):
    """A valid call of a command in which one to three options are odd."""
    program = rng.choice(sorted(COMMANDS))
    name = rng.choice(sorted(COMMANDS[program]))
    options = dict(COMMANDS[program][name])
    if name == "run":
        options = dict(rng.choice([options, *MORE_RUNS]))
    known = options_of(program, name)
    for _ in range(rng.choice((1, 1, 2, 3))):
        places = sorted({*known, *(["", ""] if "" in options else [])})
        option = rng.choice(places)
        options[option] = rng.choice(ODD_TEXTS) if known.get(option, True) else None
    if "--json" in known:
        options["--json"] = None
    words = [options.pop("")] if "" in options else []
    for option, value in options.items():
        words += [option] if value is None else [f"{option}={value}"]
    return {"kind": "command", "program": program, "arguments": [name, *words]}


def faults_of_command(request, answer):
    """What is wrong with how a command ended."""
    if "failed" in answer:
        return answer["failed"]
    code, out, err = answer["code"], answer["out"], answer["err"]
    if "Traceback" in err or code not in (0, 1, 2, INTERRUPTED):
        return f"exit {code}: {err}"
    if code == 1 and not DID_NOT_SETTLE.search(err):
        return f"exit 1: {err}"
    if code in (1, 2) and "Usage" not in err and len(err.strip()) > LONGEST_MESSAGE:
        return f"{len(err)} characters: {err}"
    if code in (1, 2) and answer["left"]:
        return f"exit {code} leaves {answer['left']}: {err}"
    return faults_of_output(out) if code == 0 else ""


def faults_of_output(out):
    """Not JSON, or a number that is missing without a word."""
    try:
        found = json.loads(out)
    except ValueError:
        return f"no JSON: {out[:200]}"
    return nonsense_in(found) if found.get("status") == "CONVERGED" else ""


def nonsense_in(found):
    """A converged quantity without a value."""
    if isinstance(found, dict):
        if set(found) == {"value", "error"} and found["value"] is None:
            return f"a value is missing without a status: {found}"
        return next(filter(None, map(nonsense_in, found.values())), "")
    if isinstance(found, list):
        return next(filter(None, map(nonsense_in, found)), "")
    return ""


def random_function(rng):
    module, name, arguments = rng.choice(FUNCTIONS)
    odd, which = rng.choice(sorted(arguments)), rng.randrange(len(ODD_VALUES))
    return {"kind": "function", "module": module, "name": name, "arguments": arguments, "odd": odd, "which": which}


def faults_of_function(request, answer):
    """What is wrong with how a function ended."""
    if "failed" in answer or "KeyboardInterrupt" in answer["err"]:  # interrupted while it compiled: not its fault
        return answer.get("failed", "")
    if answer["code"]:
        return answer["err"]
    found, odd = json.loads(answer["out"].splitlines()[-1]), request["odd"]
    kind = found["error"]
    if kind in ("", "ConvergenceError"):
        return found.get("nonsense", "")
    named = re.search("|".join((odd.replace("_", "[ _-]"), *ALSO_NAMED.get(odd, ()))), found["message"])
    if kind not in ("ValueError", "TypeError") or not named:
        return f"{kind} at {found['at']}: {found['message']}"
    return ""


@pytest.mark.parametrize("pace", ["quick", pytest.param("slow", marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    ("draw", "faults"), [(random_command, faults_of_command), (random_function, faults_of_function)]
)
def test_odd_input(source, tmp_path, pace, draw, faults):
    rng, end = random.Random(1 if pace == "quick" else 2), time.monotonic() + SECONDS[pace]
    worker, found, number = Worker(source, tmp_path / "scratch"), [], 0
    while time.monotonic() < end:
        request = draw(rng)
        problem = faults(request, worker.ask(request))
        number += 1
        if problem:
            found.append(f"{describe(request)}\n    {problem}")
    if worker.process is not None:
        worker.end()
    assert number > 10
    assert not found, f"{len(found)} of {number}:\n" + "\n".join(found)


def describe(request):
    if request["kind"] == "command":
        return " ".join([request["program"], *map(repr, request["arguments"])])
    return f"{request['module']}.{request['name']}({request['odd']} = {ODD_VALUES[request['which']]!r})"
