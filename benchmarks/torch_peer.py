"""PyTorch as a peer, in an interpreter of its own: a stand-alone script that makes steps and tells what they took.

The interpreter is named by PERCEPTRON_WL_TORCH_PYTHON; without it this one is used where it has PyTorch.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.flat_histograms import Variant

__all__ = ["torch_python", "torch_variants"]


def torch_python() -> str | None:
    """Interpreter with PyTorch, or None."""
    named = os.environ.get("PERCEPTRON_WL_TORCH_PYTHON")
    return named or (sys.executable if importlib.util.find_spec("torch") else None)


class TorchPeer:
    """A script of this folder that waits for numbers of steps."""

    def __init__(self, script: str, case: dict[str, Any]) -> None:
        command = [torch_python() or sys.executable, str(Path(__file__).with_name(script)), json.dumps(case)]
        alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=alone)

    def advance(self, variant: str, n_steps: int) -> float:
        """Make steps; processor time of the peer's thread, which ends with the benchmark's pipe."""
        to, back = self.process.stdin, self.process.stdout
        assert to is not None
        assert back is not None
        to.write(json.dumps([variant, n_steps]) + "\n")
        to.flush()
        answer = back.readline()
        if not answer:
            raise RuntimeError(f"{self.process.args!r} ended with {self.process.wait()}")
        return float(json.loads(answer)["seconds"])


def torch_variants(script: str, case: dict[str, Any], names: dict[str, str]) -> list[Variant]:
    """Variants of a script, named for people and for it; none where PyTorch is missing."""
    if torch_python() is None:
        return []
    peer = TorchPeer(script, case)
    return [(name, partial(peer.advance, own)) for name, own in names.items()]
