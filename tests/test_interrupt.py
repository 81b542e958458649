"""Ctrl-C, for real: finished points survive, and the interpreter does too."""

import signal
import subprocess
import sys
import time

SWEEP = """
import signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # even where the parent ignores it
import numpy as np
from perceptron import kappa_min, kappa_u, phase_diagram
kappa_u(0.5), kappa_min(0.5)  # compiled or loaded before the clock starts
print("ready", flush=True)
diagram = phase_diagram(np.linspace(0.3, 0.7, 400))
print(diagram.status.name, diagram.loads.size, len(diagram.kappa_min))
"""


def test_ctrl_c_during_a_sweep_keeps_the_finished_points():
    with subprocess.Popen([sys.executable, "-c", SWEEP], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline().strip() == "ready"
        time.sleep(4.0)
        process.send_signal(signal.SIGINT)
        name, n_loads, n_thresholds = process.communicate(timeout=60)[0].split()
    assert process.returncode == 0
    assert name == "INTERRUPTED"
    assert 1 <= int(n_loads) < 400
    assert n_loads == n_thresholds
