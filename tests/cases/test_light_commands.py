"""Help, status and imports load no kernels, no tables and no special functions."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = "('numba', 'llvmlite', 'scipy', 'xarray', 'pandas', 'matplotlib')"
LOADED = f"print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)"


def loaded_by(code, *arguments):
    variables = os.environ | {"PYTHONPATH": str(Path.cwd())}
    whole = f"import sys, atexit; atexit.register(lambda: {LOADED})\n{code}"
    done = subprocess.run(
        [sys.executable, "-c", whole, *arguments], env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("package", ["perceptron", "wl"])
def test_imports(package):
    assert loaded_by(f"import {package}") == "[]"


@pytest.mark.parametrize("program", ["perceptron", "wl"])
@pytest.mark.parametrize("command", [[], ["run"], ["bp"], ["status"], ["train"], ["local-entropy"]])
def test_help(program, command):
    from importlib import import_module  # noqa: PLC0415

    import typer  # noqa: PLC0415

    known = typer.main.get_command(import_module(f"{program}.cli.main").app).commands
    if command and command[0] not in known:
        pytest.skip("a command of the other program")
    code = f"import {program}.cli.main; {program}.cli.main.main()"
    assert loaded_by(code, *command, "--help") == "[]"
