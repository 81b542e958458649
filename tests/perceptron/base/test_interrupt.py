"""Ctrl-C, for real: finished points survive, and the interpreter does too."""

import signal
import subprocess
import sys

SWEEP = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # even where the parent ignores it
import numpy as np
from perceptron import phase_diagram
diagram = phase_diagram(np.linspace(0.3, 0.7, 400), progress=lambda done, _: print("point", done, flush=True))
print(diagram.status.name, diagram.loads.size, len(diagram.kappa_min))
"""


def test_ctrl_c_during_a_sweep_keeps_the_finished_points():
    with subprocess.Popen([sys.executable, "-c", SWEEP], stdout=subprocess.PIPE, text=True) as process:
        while process.stdout.readline().strip() != "point 1":
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        name, n_loads, n_thresholds = process.communicate(timeout=60)[0].splitlines()[-1].split()
    assert process.returncode == 0
    assert name == "INTERRUPTED"
    assert 1 <= int(n_loads) < 400
    assert n_loads == n_thresholds
