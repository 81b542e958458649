"""The four forms of belief propagation behind one interface: messages, one sweep, and the Bethe free entropy.

========= ============================================== =================== ==================
form      node                                           cost of a sweep     memory
========= ============================================== =================== ==================
gaussian  Gaussian cavity sum, message on every edge     N P                 N P doubles
relaxed   the same to first order in 1/√N                N P, 5 times faster N P singles
exact     convolution of the N - 1 other weights         N² P                N P + N² doubles
amp       relaxed, without edge messages (Onsager terms) N P, 40 times faster N P/4 bytes
========= ============================================== =================== ==================

All others differ from the exact node by O(1/N). `interaction` is the Bethe free entropy less Σ_i ln 2cosh H_i; on edges

    Σ_μ ln Z_μ - Σ_{iμ} [ln 2cosh H_i - ln 2cosh(H_i - h_{μ→i})],

with ln Z_μ from the same node as the messages (exact: by convolution; otherwise ln H((t - a_μ)/√V_μ)).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from perceptron.base.checks import check_choice
from perceptron.kernels.instance import edges, exact_node, onsager
from perceptron.kernels.instance import magnetisations as focusing
from perceptron.kernels.special import hyperbolic
from perceptron.patterns import Patterns, Threshold

__all__ = ["NODES", "AmpNode", "EdgeNode", "ExactNode", "GaussianNode", "Node", "RelaxedNode", "node_of"]


class Node(ABC):
    """State of the messages of one instance.

    Attributes
    ----------
    fields : ndarray, shape (n_weights,)
        h_i = Σ_μ h_{μ→i}, all messages from patterns.
    means : ndarray, shape (n_weights,)
        m_i = tanh(h_i + h_i^ext) when they were renewed last: at the beginning of a sweep, or by `magnetise`.
    variance, square : float
        Σ(1 - m_i²) and Σ m_i² of them.
    """

    name: ClassVar[str]
    number: ClassVar[type] = np.float64
    rounding: ClassVar[float] = 1e-12  # of an entropy per weight

    def __init__(self, patterns: Patterns, threshold: Threshold) -> None:
        self.patterns, self.threshold = patterns, threshold
        self.fields: np.ndarray = np.zeros(patterns.n_weights, dtype=self.number)
        self.means: np.ndarray = np.zeros(patterns.n_weights, dtype=self.number)
        self.variance, self.square = float(patterns.n_weights), 0.0

    def magnetise(self, external: np.ndarray) -> float:
        """Renew the means; return their largest change."""
        self.variance, self.square, change = focusing.magnetise(self.fields, external, self.means)
        return change

    def sweep(self, external: np.ndarray, damping: float, rng: np.random.Generator | None = None) -> float:
        """Renew the means, then the messages; with `rng` one pattern after the other in a fresh random order.

        Returns the largest change of a mean since the sweep before, undone of the damping.
        """
        change = self.magnetise(external) / (1.0 - damping)
        self._sweep(external, damping, rng)
        return change

    @abstractmethod
    def _sweep(self, external: np.ndarray, damping: float, rng: np.random.Generator | None) -> None:
        """Renew messages and fields from the means."""

    @abstractmethod
    def interaction(self, external: np.ndarray) -> float:
        """Bethe free entropy less Σ_i ln 2cosh H_i, of the present messages."""

    @abstractmethod
    def cavity_sums(self, external: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """a_μ and V_μ, shape (n_patterns,): mean and variance of ξ^μ·w in the absence of pattern μ."""

    def free_entropy(self, external: np.ndarray) -> float:
        """Bethe free entropy F = ln Σ_w e^{Σ h^ext w} 1[w solves], as the messages estimate it."""
        return self.interaction(external) + focusing.total_log_2cosh(self.fields, external)

    def n_contradictions(self, external: np.ndarray) -> int:
        """Number of patterns that cannot be met given what the messages of the others ask for."""
        largest = np.abs(self.patterns.values).sum(axis=1) if self.patterns.gaussian else self.patterns.n_weights
        return int(np.count_nonzero((largest < self.threshold.smallest_sum) | self._impossible(external)))

    def _impossible(self, external: np.ndarray) -> np.ndarray:
        """Where the Gaussian sum puts a pattern below the probability that any single configuration can have.

        That one is e^{-2cN} at the least for means that tanh knows, whose fields are below c. A smaller value is one of
        the floor of the variance: the weights are frozen, and do not meet the pattern.
        """
        means, variances = self.cavity_sums(external)
        missing = self.threshold.midpoint - means
        return (missing > 0.0) & (missing**2 > 4.0 * hyperbolic.CLAMP * self.patterns.n_weights * variances)


class EdgeNode(Node):
    """A message on every edge."""

    def __init__(self, patterns: Patterns, threshold: Threshold) -> None:
        super().__init__(patterns, threshold)
        shape = patterns.values.shape
        scratch: list[np.ndarray] = [np.empty(shape[1], dtype=self.number) for _ in range(2)]
        self.edges = edges.Edges(patterns.values, np.zeros(shape, dtype=self.number), *scratch)

    def _sweep(self, external: np.ndarray, damping: float, rng: np.random.Generator | None) -> None:
        n_patterns = self.patterns.n_patterns
        if rng is None:
            total: np.ndarray = np.array(external, dtype=self.number)
            read = self.fields + external
            self._rows(np.arange(n_patterns), edges.Update(self.threshold.midpoint, damping, False), read, total)
        else:  # fields are summed afresh, so that rounding does not accumulate over sweeps
            total = np.empty_like(self.fields)
            edges.sum_messages(self.edges.messages, external.astype(self.number), total)
            update = edges.Update(self.threshold.midpoint, damping, True)
            self._rows(rng.permutation(n_patterns), update, total, total)
        np.subtract(total, external, out=self.fields)

    @abstractmethod
    def _rows(self, order: np.ndarray, update: edges.Update, read: np.ndarray, total: np.ndarray) -> None:
        """Renew the messages of the rows in `order`, from fields `read` into fields `total`."""

    def node_terms(self, total: np.ndarray) -> float:
        """Σ_μ ln Z_μ."""
        return edges.total_log_tail(self.threshold.midpoint, *self._cavity_sums(total))

    def cavity_sums(self, external: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """a_μ and V_μ of the present messages."""
        return self._cavity_sums(self.fields + external)

    def _cavity_sums(self, total: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        means, variances = np.empty((2, self.patterns.n_patterns))
        edges.cavity_sums(self.edges, total, means, variances)
        return means, variances

    def interaction(self, external: np.ndarray) -> float:
        """Σ_μ ln Z_μ - Σ_{iμ} [ln 2cosh H_i - ln 2cosh(H_i - h_{μ→i})]."""
        total = self.fields + external
        return self.node_terms(total) - edges.edge_terms(self.edges.messages, total)


class GaussianNode(EdgeNode):
    """Gaussian cavity sums, double precision."""

    name = "gaussian"

    def __init__(self, patterns: Patterns, threshold: Threshold) -> None:
        super().__init__(patterns, threshold)
        self.largest_entry = float(np.max(np.abs(patterns.values)))

    def _rows(self, order: np.ndarray, update: edges.Update, read: np.ndarray, total: np.ndarray) -> None:
        edges.gaussian_sweep(self.edges, order, update, read, total, self.largest_entry)


class RelaxedNode(EdgeNode):
    """Gaussian cavity sums to first order, single precision."""

    name = "relaxed"
    number = np.float32
    rounding = 1e-6

    def _rows(self, order: np.ndarray, update: edges.Update, read: np.ndarray, total: np.ndarray) -> None:
        edges.relaxed_sweep(self.edges, order, update, read, total)


class ExactNode(EdgeNode):
    """Sums of independent ±1 weights by convolution; for small N."""

    name = "exact"

    def __init__(self, patterns: Patterns, threshold: Threshold) -> None:
        _refuse_gaussian(patterns, self.name)
        super().__init__(patterns, threshold)
        size = patterns.n_weights
        self.needed = min(max((int(threshold.smallest_sum) + size) // 2, 0), size + 1)
        self.tables = exact_node.Tables(np.empty((size + 1, size + 2)), np.empty(size + 2))

    def _rows(self, order: np.ndarray, update: edges.Update, read: np.ndarray, total: np.ndarray) -> None:
        rule = (self.needed, update.damping, update.in_place)
        exact_node.exact_sweep(self.edges, self.tables, order, rule, read, total)

    def node_terms(self, total: np.ndarray) -> float:
        """Σ_μ ln P(ξ·w >= s_min) for independent weights of means m_{i→μ}."""
        return exact_node.exact_node_terms(self.edges, self.tables, self.needed, total)

    def _impossible(self, external: np.ndarray) -> np.ndarray:
        """Where Σ_i ξ_i m_i < s_min: it is a mean over solutions wherever the equations hold."""
        del external
        return self.patterns.values @ self.means < self.threshold.smallest_sum - 0.5


class AmpNode(Node):
    """No edge messages: Onsager reaction terms; double precision."""

    name = "amp"

    def __init__(self, patterns: Patterns, threshold: Threshold) -> None:
        _refuse_gaussian(patterns, self.name)
        super().__init__(patterns, threshold)
        self.signs = onsager.packed(patterns.values, self.number)
        self.slopes = np.zeros(patterns.n_patterns)
        self.reaction = np.zeros_like(self.fields)

    def _state(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.slopes, self.reaction, self.fields

    def _sweep(self, external: np.ndarray, damping: float, rng: np.random.Generator | None) -> None:
        del external  # it is in the means already
        if rng is not None:
            raise ValueError("sequential = True is not possible for node 'amp'; allowed: False")
        rule = (self.threshold.midpoint, damping)
        onsager.onsager_sweep(self.signs, self.means, self.variance, self._state(), rule)

    def cavity_sums(self, external: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """a_μ, with the Onsager term of the present g_μ, and V."""
        del external
        variance = max(self.variance, edges.SMALLEST_VARIANCE)
        plain = onsager.plain_sums(self.signs, self.means)
        return plain - variance * self.slopes, np.full(self.slopes.shape, variance)

    def interaction(self, external: np.ndarray) -> float:
        """Σ_μ [ln H((t - a_μ)/√V) + V g²_μ/2] - Σ_i h_i m_i."""
        del external
        arguments = (self.means, self.variance, self._state(), self.threshold.midpoint)
        return onsager.onsager_interaction(self.signs, *arguments)


class ShortAmpNode(AmpNode):
    """The same in single precision, for searches."""

    name = "amp (single precision)"
    number = np.float32
    rounding = 1e-6


NODES: dict[str, type[Node]] = {node.name: node for node in (GaussianNode, RelaxedNode, ExactNode, AmpNode)}


def node_of(name: Any, patterns: Patterns, threshold: Threshold) -> Node:
    """A fresh node by its name.

    Raises
    ------
    ValueError
        For an unknown name, or patterns the node cannot take.
    """
    check_choice("node", name, NODES)
    return NODES[name](patterns, threshold)


def _refuse_gaussian(patterns: Patterns, name: str) -> None:
    if patterns.gaussian:
        raise ValueError(f"patterns are Gaussian, which node {name!r} does not take; allowed: ±1, or another node")
