"""What every profile of a local entropy offers, from theory, from a field scan or from focusing: one face for plots."""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np

__all__ = ["Profile", "geometric_bound"]


class Profile:
    """Points at increasing distances, each with `distance`, `local_entropy`, `local_entropy_error` and a `status`."""

    __slots__ = ()

    points: tuple[Any, ...]

    def array(self, name: str) -> np.ndarray:
        """One attribute of the points as an array, shape (n_points,)."""
        if self.points and name not in {field.name for field in fields(self.points[0])}:
            raise ValueError(f"name = {name!r} is not an attribute of {type(self.points[0]).__name__}")
        return np.array([getattr(point, name) for point in self.points])

    @property
    def geometric_bound(self) -> np.ndarray:
        """Entropy of all configurations at these distances, shape (n_points,)."""
        return np.array([geometric_bound(point.distance) for point in self.points])


def geometric_bound(distance: float) -> float:
    """-d ln d - (1-d) ln(1-d): the entropy of all configurations at distance d in [0, 1]; 0 at its ends."""
    if not 0.0 < distance < 1.0:
        return 0.0 if distance in (0.0, 1.0) else math.nan
    return -distance * math.log(distance) - (1.0 - distance) * math.log1p(-distance)
