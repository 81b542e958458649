"""`perceptron thresholds --digits N`: replica-symmetric thresholds to N digits, enclosed where possible."""

from __future__ import annotations

import time
from fractions import Fraction
from pathlib import Path
from typing import Any

from rich.table import Table

from perceptron.base import console as report
from perceptron.base.checks import check_integer
from perceptron.base.results import Status, worst

__all__ = ["thresholds"]

AT_LOAD = ("entropy", "overlap", "q_hat")
MISSING = "python-flint is not installed"


def thresholds(digits: int, margin: float, alpha: float, json: bool, output: Path | None) -> None:
    """Compute α_c, κ_max and the saddle at one load, and prove α_c where python-flint is installed."""
    from perceptron.theory.digits import arbitrary_precision, enclosure
    from perceptron.theory.typical.saddle_end import largest_margin

    check_integer("digits", digits, least=1, most=arbitrary_precision.MOST_DIGITS)
    start = time.perf_counter()
    exact_margin, exact_alpha = Fraction(repr(margin)), Fraction(repr(alpha))  # the decimals that were typed
    with report.working(f"thresholds to {digits} digits"):
        found = {
            "alpha_c": arbitrary_precision.capacity(exact_margin, digits, throw=False),
            "kappa_max": arbitrary_precision.maximum_margin(exact_alpha, digits, throw=False),
        }
        if margin < largest_margin(alpha):
            typical = arbitrary_precision.typical_solutions(exact_alpha, exact_margin, digits, throw=False)
            found |= {name: getattr(typical, name) for name in AT_LOAD}
        proof = enclosure.enclose_capacity(exact_margin, digits).text if enclosure.is_available() else None
    statuses = [found[name].status if name in found else Status.NO_SUCH_THRESHOLD for name in (*found, *AT_LOAD)]
    result: dict[str, Any] = {"status": worst(statuses), "digits": digits, "alpha": alpha, "margin": margin}
    result |= {name: _as_json(found.get(name)) for name in dict.fromkeys((*found, *AT_LOAD))}
    note = report.note_on_entropies([float(found[name]) for name in ("entropy",) if name in found])
    tail = {"alpha_c_enclosure": proof, "note": note, "seconds": time.perf_counter() - start}
    table = _table(found, proof, digits, alpha, margin)
    table.caption = note
    report.emit(result | report.stability(found) | tail, table, as_object=json, output=output)


def _as_json(quantity: Any | None) -> dict[str, Any]:
    """Decimals as text: a JSON number would be read as a double. Null where there is no saddle."""
    if quantity is None or quantity.status is not Status.CONVERGED:
        status = Status.NO_SUCH_THRESHOLD if quantity is None else quantity.status
        return {"value": None, "error": None, "status": status}
    return {"value": quantity.text, "error": quantity.error_text}


def _table(found: dict[str, Any], proof: str | None, digits: int, alpha: float, margin: float) -> Table:
    table = Table(title=f"{digits} digits at α = {alpha:g}, κ = {margin:g}", title_justify="left")
    table.add_column("quantity")
    table.add_column("value", overflow="fold")
    table.add_column("error", justify="right")
    for name, quantity in found.items():
        table.add_row(name, quantity.text, quantity.error_text)
    table.add_row("alpha_c, proved", proof or MISSING, "")
    return table
