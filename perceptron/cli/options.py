"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from perceptron.base.command_line import JOBS

__all__ = ["Jobs", "Json", "Output"]

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
Output = Annotated[Path | None, typer.Option("--output", help="Also write the JSON object to this .json file.")]
Jobs = Annotated[int, typer.Option("--jobs", help="Worker processes.", **JOBS)]
