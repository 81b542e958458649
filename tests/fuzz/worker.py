"""Answers requests, each in a process of its own that is forked from this one: a request and an answer are JSON lines.

SIGINT is handed on to the process at work.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import shutil
import signal
import sys
import traceback
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy

import perceptron as p
import perceptron.cli.main
import wl.cli.main
from perceptron.base import interrupt
from perceptron.base.results import Status
from perceptron.patterns import random_patterns
from perceptron.solvers.search import Limits
from tests.fuzz.odd import ODD_VALUES
from wl.tasks.options import TaskOptions

NAMES = {"p": p, "numpy": numpy, "random_patterns": random_patterns, "Limits": Limits, "TaskOptions": TaskOptions}
PROGRAMS = {"perceptron": perceptron.cli.main, "wl": wl.cli.main}


def command(program, arguments):
    """As the console script does it."""
    interrupt.begin()
    sys.argv = [program, *arguments]
    PROGRAMS[program].main()


def function(module, name, arguments, odd, which):
    """Print the kind of the exception and its message, or what is wrong with the result."""
    given = {key: eval(text, NAMES | {"RNG": numpy.random.default_rng(1)}) for key, text in arguments.items()}
    given[odd] = ODD_VALUES[which]
    try:
        found = {"error": "", "nonsense": nonsense(getattr(importlib.import_module(module), name)(**given))}
    except Exception as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        found = {"error": type(error).__name__, "message": str(error), "at": f"{last.filename}:{last.lineno}"}
    print(json.dumps(found))


def nonsense(result):
    """A converged record of which a number is not one."""
    if not is_dataclass(result) or getattr(result, "status", None) is not Status.CONVERGED:
        return ""
    for field in fields(result):
        value = getattr(result, field.name)
        if field.name in ("value", "entropy") and isinstance(value, float) and not math.isfinite(value):
            return f"{field.name} = {value}"
    return ""


def answer(request, scratch):
    """Run it in a child; exit code, output and error output, and what it left in the folder."""
    before, child = {path.name for path in scratch.iterdir()}, os.fork()
    if child == 0:
        run(request, scratch)
    signal.signal(signal.SIGINT, lambda *_: os.kill(child, signal.SIGINT))
    _, status = os.waitpid(child, 0)
    out, err = (scratch.with_suffix(name) for name in (".out", ".err"))
    found = {"code": os.waitstatus_to_exitcode(status), "out": out.read_text(), "err": err.read_text()}
    return found | {"left": sorted({path.name for path in scratch.iterdir()} - before)}


def run(request, scratch):
    """In the child: redirect the streams, work, and end as Python does."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 0
    try:
        os.chdir(scratch)
        for number, name in ((1, ".out"), (2, ".err")):
            os.dup2(os.open(scratch.with_suffix(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        {"command": command, "function": function}[request.pop("kind")](**request)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        traceback.print_exc()
        code = 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def main():
    source, scratch = map(Path, sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        shutil.rmtree(scratch, ignore_errors=True)
        shutil.copytree(source, scratch, symlinks=True)
        os.mkfifo(scratch / "fifo")
        answers.write(json.dumps(answer(json.loads(line), scratch)) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
