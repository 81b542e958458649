"""Steps of one parameter of a network in PyTorch, in an interpreter of their own: needs NumPy and PyTorch alone.

`python plain_networks_torch.py '{"widths": [2, 8, 8, 1], "activation": "tanh", "n_points": 40}'`, then lines with the
name of a variant ("one walker", "many walkers" or "many walkers joined") and a number of steps; answers {"seconds":
processor time of the thread}. One logistic output. One walker takes one forward pass for each of the two sets, and the
loss and accuracy of each; N_WALKERS walkers, each with parameters of its own, share batched products and do the same,
or join both sets in one product and take only what the sampler needs. A step is one of one walker.
"""

import json
import math
import sys
import time

import numpy as np
import torch

STEP, N_WALKERS = 0.1, 200


class Walkers:
    """Parameters, two sets of points, and steps that a random number accepts."""

    def __init__(self, widths, activation, n_points):
        torch.set_num_threads(1)
        torch.manual_seed(1)
        self.rng, self.half = np.random.default_rng(1), 2.0 / math.sqrt(widths[1])
        kind, parts = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[activation], []
        self.shapes = list(zip(widths[1:], widths[:-1], strict=True))
        for n_outputs, n_inputs in self.shapes:
            parts += [torch.nn.Linear(n_inputs, n_outputs), kind()]
        self.network, self.activate = torch.nn.Sequential(*parts[:-1]), parts[1]
        self.features = torch.tensor(self.rng.normal(size=(2 * n_points, widths[0])), dtype=torch.float32)
        self.labels = torch.tensor(self.rng.integers(0, 2, 2 * n_points), dtype=torch.float32)
        self.weights, self.n_points = list(self.network.parameters()), n_points
        size = sum((n_inputs + 1) * n_outputs for n_outputs, n_inputs in self.shapes)
        self.table = self.half * (2.0 * torch.rand(N_WALKERS, size) - 1.0)

    def _one_step(self, sizes):
        layer = self.rng.choice(sizes.size, p=sizes / sizes.sum())
        flat = self.weights[layer].view(-1)
        k = int(self.rng.integers(flat.numel()))
        old = flat[k].item()
        flat[k] = old + STEP * (2.0 * self.rng.random() - 1.0)
        for points in (slice(0, self.n_points), slice(self.n_points, None)):
            z, labels = self.network(self.features[points])[:, 0], self.labels[points]
            torch.nn.functional.binary_cross_entropy_with_logits(z, labels).item()
            ((z > 0) == (labels == 1)).float().mean().item()
        if abs(flat[k].item()) > self.half or self.rng.random() < 0.3:
            flat[k] = old

    def _outputs(self, points):
        """z of all walkers at some points, (N_WALKERS, points)."""
        signal, place = self.features[points].T.expand(N_WALKERS, -1, -1), 0
        for number, (n_outputs, n_inputs) in enumerate(self.shapes):
            middle = place + n_outputs * n_inputs
            weights = self.table[:, place:middle].reshape(N_WALKERS, n_outputs, n_inputs)
            place = middle + n_outputs
            signal = torch.baddbmm(self.table[:, middle:place, None], weights, signal)
            signal = self.activate(signal) if number < len(self.shapes) - 1 else signal
        return signal[:, 0]

    def _all_step(self, observe):
        walkers = torch.arange(N_WALKERS)
        chosen = torch.randint(self.table.shape[1], (N_WALKERS,))
        old = self.table[walkers, chosen]
        new = old + STEP * (2.0 * torch.rand(N_WALKERS) - 1.0)
        self.table[walkers, chosen] = new
        observe()
        refused = (new.abs() > self.half) | (torch.rand(N_WALKERS) < 0.3)
        self.table[walkers, chosen] = torch.where(refused, old, new)

    def _observe(self):
        for points in (slice(0, self.n_points), slice(self.n_points, None)):
            z, labels = self._outputs(points), self.labels[points]
            torch.nn.functional.softplus(-z * (2.0 * labels - 1.0)).mean(1).numpy()
            ((z > 0) == (labels == 1)).float().mean(1).numpy()

    def _observe_joined(self):
        z, n = self._outputs(slice(None)), self.n_points
        torch.nn.functional.softplus(-z[:, :n] * (2.0 * self.labels[:n] - 1.0)).mean(1).numpy()
        ((z[:, n:] > 0) == (self.labels[n:] == 1)).float().mean(1).numpy()

    @torch.no_grad()
    def advance(self, variant, n_steps):
        """Make steps; processor time of as many."""
        start, made = time.thread_time(), 0
        sizes = np.array([weight.numel() for weight in self.weights])
        while made < n_steps:
            if variant == "one walker":
                self._one_step(sizes)
            else:
                self._all_step(self._observe_joined if variant.endswith("joined") else self._observe)
            made += 1 if variant == "one walker" else N_WALKERS
        return (time.thread_time() - start) * n_steps / made


def main():
    """Answer line by line."""
    walkers = Walkers(**json.loads(sys.argv[1]))
    for line in sys.stdin:
        print(json.dumps({"seconds": walkers.advance(*json.loads(line))}), flush=True)


if __name__ == "__main__":
    main()
