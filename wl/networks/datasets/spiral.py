"""The two spirals of the high-entropy advantage: which of two arms a point lies on, and a spiral wave.

Classification (their eq. 5): r uniform in [1, 5], label y ∈ {0, 1} with as many points each,

    θ = 2r + πy,   x = (r cos θ + N₁, r sin θ + N₂),   N₁, N₂ normal with mean 0 and standard deviation 0.1.

Regression (their eq. 6): x uniform in the square [-5, 5]², y = sin(θ - 2r) with (r, θ) the polar coordinates of x.

Training and test points come from two children of one seed, so each part keeps its points when the other one changes
in number.

Source: "High-entropy advantage in neural networks' generalizability", supplement, "Dataset details".
"""

from __future__ import annotations

import numpy as np

from perceptron.base.checks import check_integer, check_real
from wl.networks.datasets.split import Dataset, Split

__all__ = ["spiral", "spiral_regression"]

INNER, OUTER = 1.0, 5.0  # radii of an arm
HALF_SIDE = 5.0  # of the square
MOST_POINTS = 10_000_000


def spiral(
    n_train: int = 20,
    n_test: int = 20,
    *,
    data_seed: int = 1,
    noise: float = 0.1,
    even_test_radii: bool = False,
) -> Dataset:
    """Two arms of a spiral.

    Parameters
    ----------
    n_train, n_test : int
        Points of each of the two classes.
    data_seed : int
        Draws the points.
    noise : float
        Standard deviation of the coordinates, at least 0.
    even_test_radii : bool
        Test points at evenly spaced radii, ends included, with noise all the same, in place of random radii as the
        paper has them.

    Returns
    -------
    Dataset
        Two features; labels 0 and then 1.

    Raises
    ------
    ValueError
        For numbers below 1, a negative seed, or noise that is negative or not finite.
    """
    parameters = {
        "n_train": check_integer("n_train", n_train, least=1, most=MOST_POINTS),
        "n_test": check_integer("n_test", n_test, least=1, most=MOST_POINTS),
        "data_seed": check_integer("data_seed", data_seed, least=0),
        "noise": check_real("noise", noise),
        "even_test_radii": bool(even_test_radii),
    }
    if noise < 0.0:
        raise ValueError(f"noise = {noise!r} is out of range; allowed: real numbers >= 0")
    for_train, for_test = _generators(data_seed)
    train = _arms(np.array([_random_radii(n_train, for_train) for _ in range(2)]), noise, for_train)
    even = np.tile(np.linspace(INNER, OUTER, n_test), (2, 1))
    radii = even if even_test_radii else np.array([_random_radii(n_test, for_test) for _ in range(2)])
    return Dataset(train, _arms(radii, noise, for_test), "spiral", parameters)


def spiral_regression(n_train: int = 250, n_test: int = 250, *, data_seed: int = 1) -> Dataset:
    """A spiral wave on a square.

    Parameters
    ----------
    n_train, n_test : int
        Points; the paper has 50, 100 and 250.
    data_seed : int
        Draws the points.

    Returns
    -------
    Dataset
        Two features, one real target in [-1, 1].

    Raises
    ------
    ValueError
        For numbers below 1 or a negative seed.
    """
    parameters = {
        "n_train": check_integer("n_train", n_train, least=1, most=MOST_POINTS),
        "n_test": check_integer("n_test", n_test, least=1, most=MOST_POINTS),
        "data_seed": check_integer("data_seed", data_seed, least=0),
    }
    for_train, for_test = _generators(data_seed)
    return Dataset(_wave(n_train, for_train), _wave(n_test, for_test), "spiral-regression", parameters)


def _generators(data_seed: int) -> list[np.random.Generator]:
    return [np.random.default_rng(child) for child in np.random.SeedSequence(data_seed).spawn(2)]


def _random_radii(number: int, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(INNER, OUTER, number)


def _arms(radii: np.ndarray, noise: float, rng: np.random.Generator) -> Split:
    """Points of both classes from their radii, shape (2, n)."""
    angles = 2.0 * radii + np.pi * np.array([[0.0], [1.0]])
    points = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=-1).reshape(-1, 2)
    points += noise * rng.standard_normal(points.shape)
    return Split(points, np.repeat(np.arange(2), radii.shape[1]))


def _wave(number: int, rng: np.random.Generator) -> Split:
    points = rng.uniform(-HALF_SIDE, HALF_SIDE, (number, 2))
    radii, angles = np.hypot(*points.T), np.arctan2(points[:, 1], points[:, 0])
    return Split(points, np.sin(angles - 2.0 * radii)[:, None])
