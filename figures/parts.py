"""Status of the stored runs that a figure draws."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from perceptron.base.files import load_table
from perceptron.base.results import Status, worst

__all__ = ["status_of_runs"]


def status_of_runs(landscapes: Iterable[Any], ensembles: Iterable[Path]) -> Status:
    """Worst status of landscapes (None for one that is missing) and of stored training ensembles.

    What is missing, or was stopped before its end, counts as NOT_CONVERGED: the figure is drawn all the same.
    """
    found = [Status.NOT_CONVERGED if one is None else Status[one.attrs["status"]] for one in landscapes]
    for path in ensembles:
        described = load_table(path)[1]["parameters"] if path.exists() else {}
        found.append(Status[described.get("status", "NOT_CONVERGED")])
    return Status.NOT_CONVERGED if worst(found) is Status.INTERRUPTED else worst(found)
