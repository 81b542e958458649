"""Settings and one fixture for all tests."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

os.environ.setdefault("MPLBACKEND", "Agg")

ROOT = Path(__file__).parents[1]
HELPERS = [ROOT / "tests" / "wl", ROOT / "tests" / "wl" / "networks"]


@pytest.fixture(scope="session")
def run_python():
    """Run code in a fresh process, warnings as errors, `folder` first on its path; return what it prints."""

    def run(code, folder, **environment):
        environment = {
            **os.environ,
            "NUMBA_DISABLE_JIT": "0",
            "PYTHONPATH": os.pathsep.join(map(str, [folder, ROOT, *HELPERS])),
            **environment,
        }
        command = [sys.executable, "-W", "error", "-c", code]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run
