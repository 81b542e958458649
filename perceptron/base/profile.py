"""What every profile of a local entropy offers, from theory, from a field scan or from focusing: one face for plots."""

from __future__ import annotations

import html
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

    def columns(self) -> dict[str, np.ndarray]:
        """Numbers of the points by name, and their statuses as text, each of shape (n_points,)."""
        names = [field.name for field in fields(self.points[0])] if self.points else []
        found = {name: self.array(name) for name in names}
        statuses = {"status": np.array([point.status.name for point in self.points])} if "status" in found else {}
        return {name: column for name, column in found.items() if column.dtype.kind in "fiu"} | statuses

    def to_dataframe(self) -> Any:
        """Table with a row for each point."""
        import pandas as pd  # noqa: PLC0415  # half a second, for this method alone

        return pd.DataFrame(self.columns())

    def plot(self, axes: Any = None) -> Any:
        """Draw the local entropy against the distance into axes of matplotlib, new ones unless given; return them."""
        if axes is None:
            from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
            from matplotlib.figure import Figure  # noqa: PLC0415

            figure = Figure()
            FigureCanvasAgg(figure)
            axes = figure.subplots()
        distance, entropy = self.array("distance"), self.array("local_entropy")
        axes.errorbar(distance, entropy, np.nan_to_num(self.array("local_entropy_error")), color="#0072B2")
        axes.plot(distance, self.geometric_bound, color="black", linestyle="--")
        axes.set(xlabel="distance $d$", ylabel="local entropy (nats per weight)")
        return axes

    def __repr__(self) -> str:
        """Short: a profile of 200 points would fill pages."""
        if not self.points:
            return f"{type(self).__name__}(no points)"
        distance = self.array("distance")
        status = f", {self.status.name}" if hasattr(self, "status") else ""
        return f"{type(self).__name__}({len(self.points)} points, d = {distance[0]:.4g} .. {distance[-1]:.4g}{status})"

    def _repr_html_(self) -> str:
        return f"<p>{html.escape(repr(self))}</p>" + (self.to_dataframe().to_html(max_rows=12) if self.points else "")

    @property
    def geometric_bound(self) -> np.ndarray:
        """Entropy of all configurations at these distances, shape (n_points,)."""
        return np.array([geometric_bound(point.distance) for point in self.points])


def geometric_bound(distance: float) -> float:
    """-d ln d - (1-d) ln(1-d): the entropy of all configurations at distance d in [0, 1]; 0 at its ends."""
    if not 0.0 < distance < 1.0:
        return 0.0 if distance in (0.0, 1.0) else math.nan
    return -distance * math.log(distance) - (1.0 - distance) * math.log1p(-distance)
