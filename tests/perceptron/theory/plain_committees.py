"""Probabilities of committees of three units in plain NumPy, for the tests."""

import itertools
import math

import numpy as np
from scipy.special import log_ndtr, ndtr

__all__ = ["log_majority", "log_rectified"]


def log_majority(fields, variance):
    """Ln Z of three units, summed over the four signs with a majority, in plain NumPy."""
    terms = [
        sum(log_ndtr(sign * field / math.sqrt(variance)) for sign, field in zip(signs, fields, strict=True))
        for signs in itertools.product((-1, 1), repeat=3)
        if sum(signs) > 0
    ]
    return np.logaddexp.reduce(terms, axis=0)


def log_rectified(fields, variance, label, threshold):
    """Ln of the probability that three rectified fields are on the label's side of θ, by a plain double sum."""
    width = math.sqrt(variance)
    nodes, weights = np.polynomial.legendre.leggauss(40)

    def places(end, field):
        at = 0.5 * end * (1.0 + nodes)
        density = np.exp(-0.5 * ((at - field) / width) ** 2) / (width * math.sqrt(2.0 * math.pi))
        return zip(np.append(0.0, at), np.append(ndtr(-field / width), 0.5 * end * weights * density), strict=True)

    below = 0.0
    for place, mass in places(threshold, fields[0]):
        for other, other_mass in places(threshold - place, fields[1]):
            below += mass * other_mass * ndtr((threshold - place - other - fields[2]) / width)
    return math.log(below if label < 0.0 else 1.0 - below)
