"""Langevin steps of a network in PyTorch, in an interpreter of their own: needs NumPy and PyTorch alone.

`python plain_forces_torch.py '{"widths": [2, 30, 30, 1], "activation": "tanh", "n_points": 250}'`, then a line with the
name of a variant ("two passes" or "one pass") and a number of steps; answers {"seconds": processor time of the thread}.

"two passes" is what the method says: forward and backward for the training loss, the same for the test loss. "one pass"
joins the points, takes both losses from one forward pass, and goes backward from their weighted sum. The update is made
tensor by tensor, with fresh noise for each. Walls cut parameters instead of turning velocities, which is less work.
"""

import itertools
import json
import math
import sys
import time

import numpy as np
import torch

STEP, FRICTION = 1e-4, 0.01


class Langevin:
    """A Sequential of Linear layers, mean squared errors of two sets of points."""

    def __init__(self, widths, activation, n_points):
        torch.set_num_threads(1)
        torch.manual_seed(1)
        rng, kind, parts = np.random.default_rng(1), {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[activation], []
        for n_inputs, n_outputs in itertools.pairwise(widths):
            parts += [torch.nn.Linear(n_inputs, n_outputs), kind()]
        self.network, self.half = torch.nn.Sequential(*parts[:-1]), 2.0 / math.sqrt(widths[1])
        self.features = torch.tensor(rng.normal(size=(2 * n_points, widths[0])), dtype=torch.float32)
        self.targets = torch.tensor(rng.normal(size=(2 * n_points, widths[-1])), dtype=torch.float32)
        self.weights, self.n_points = list(self.network.parameters()), n_points
        self.velocities = [torch.randn_like(weight) for weight in self.weights]
        self.keep, self.noise = 1.0 - FRICTION, math.sqrt(FRICTION * (2.0 - FRICTION))

    def _forces(self, losses):
        """Slopes of the bias at the values, which have to be known."""
        return [0.5 + 1e-3 * math.log(loss.item()) for loss in losses]

    def two_passes(self):
        """Gradients of both losses."""
        found, losses = [], []
        for first in (0, self.n_points):
            points = slice(first, first + self.n_points)
            loss = torch.nn.functional.mse_loss(self.network(self.features[points]), self.targets[points])
            found.append(torch.autograd.grad(torch.log(loss), self.weights))
            losses.append(loss)
        one, other = self._forces(losses)
        return [one * g + other * h for g, h in zip(*found, strict=True)]

    def one_pass(self):
        """Gradient of their weighted sum."""
        squares = (self.network(self.features) - self.targets) ** 2
        losses = [squares[: self.n_points].mean(), squares[self.n_points :].mean()]
        one, other = self._forces(losses)
        return torch.autograd.grad(one * torch.log(losses[0]) + other * torch.log(losses[1]), self.weights)

    def advance(self, variant, n_steps):
        """Make steps."""
        gradient_of = {"two passes": self.two_passes, "one pass": self.one_pass}[variant]
        for _ in range(n_steps):
            gradients = gradient_of()
            with torch.no_grad():
                for weight, velocity, gradient in zip(self.weights, self.velocities, gradients, strict=True):
                    velocity.sub_(gradient, alpha=STEP)
                    velocity.mul_(self.keep).add_(torch.randn_like(velocity), alpha=self.noise)
                    weight.add_(velocity, alpha=STEP).clamp_(-self.half, self.half)


def main():
    """Answer line by line."""
    langevin = Langevin(**json.loads(sys.argv[1]))
    for line in sys.stdin:
        variant, number = json.loads(line)
        start = time.thread_time()
        langevin.advance(variant, number)
        print(json.dumps({"seconds": time.thread_time() - start}), flush=True)


if __name__ == "__main__":
    main()
