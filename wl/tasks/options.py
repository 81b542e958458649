"""What the command line says of a network task: one record for `wl run` and `wl train`."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from perceptron.base.checks import check_integer, read_integers

__all__ = ["DATA_SEED", "POINTS", "TaskOptions"]

POINTS = (50, 100, 250)  # of the paper's spiral regression
DATA_SEED = 1  # unless another one is given
ALWAYS_USED = {"hidden", "activation", "head", "box"}


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What the command line says of a task; None where it says nothing.

    Attributes
    ----------
    hidden : str, optional
        Widths of the hidden layers, as 8,8; unless given, those of the task.
    width : int, optional
        W, in place of `hidden`, of tasks that have one width: one hidden layer of W, two for spiral-regression.
    activation, head : str, optional
        Unless given, those of the task.
    box : str, optional
        Half width of the box, or one for each layer, as 0.7,0.5,0.5.
    points : int, optional
        Of spiral-regression, to train on and as many to test on: 50, 100 or 250.
    train_points, test_points : int, optional
        Of a drawn data set; of each class of the spiral.
    even_test_radii : bool
        Of the spiral.
    data, embedding : str, optional
        Local files of house-prices and polymer.
    target, split : str, optional
        Columns of a table.
    standardise : bool
        Of a table.
    data_seed : int, optional
        Draws the data, or which rows are for training; DATA_SEED unless given.
    """

    hidden: str | None = None
    width: int | None = None
    activation: str | None = None
    head: str | None = None
    box: str | None = None
    points: int | None = None
    train_points: int | None = None
    test_points: int | None = None
    even_test_radii: bool = False
    data: str | None = None
    embedding: str | None = None
    target: str | None = None
    split: str | None = None
    standardise: bool = False
    data_seed: int | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Options that differ from their defaults."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {field.name: values[field.name] for field in fields(self) if values[field.name] != field.default}

    @property
    def seed_of_data(self) -> int:
        """What draws the data."""
        return DATA_SEED if self.data_seed is None else self.data_seed

    def refuse_others(self, used: frozenset[str], where: str) -> None:
        """Refuse options that a task does not use.

        Raises
        ------
        ValueError
            Naming the first.
        """
        for name, value in self.given.items():
            if name not in ALWAYS_USED | used:
                raise ValueError(f"{_option(name)} = {value!r} is not used {where}; allowed: without it")

    def widths(self, standard: tuple[int, ...]) -> tuple[int, ...]:
        """Widths of the hidden layers, where the task has `standard` ones.

        Raises
        ------
        ValueError
            For both options at once, or a width that is none.
        """
        if self.hidden is not None and self.width is not None:
            both = f"--hidden = {self.hidden!r} and --width = {self.width!r}"
            raise ValueError(f"{both} are both given; allowed: one of the two")
        if self.width is not None:
            return (check_integer("--width", self.width, least=1),) * len(standard)
        return standard if self.hidden is None else tuple(read_integers("--hidden", self.hidden))

    def numbers_of_points(self) -> dict[str, int]:
        """Those of the two numbers of points that are given, `n_train` and `n_test`.

        Raises
        ------
        ValueError
            For another number than the paper's, or two options for the same number.
        """
        apart = {"n_train": self.train_points, "n_test": self.test_points}
        if self.points is None:
            return {name: number for name, number in apart.items() if number is not None}
        if self.points not in POINTS:
            allowed = ", ".join(map(str, POINTS))
            raise ValueError(
                f"--points = {self.points} is not known; allowed: {allowed}, or --train-points and --test-points"
            )
        for option, number in (("--train-points", self.train_points), ("--test-points", self.test_points)):
            if number is not None:
                raise ValueError(f"{option} = {number} is not used with --points; allowed: one of the two")
        return dict.fromkeys(apart, self.points)


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"
