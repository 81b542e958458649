"""Files named by strings, as in a notebook."""

import pytest

from wl.analysis.plots import save_landscape_plot
from wl.engine.settings import settings_for
from wl.landscape.build import load_landscape
from wl.landscape.merge import merge_landscapes
from wl.runs.directory import create, open_directory
from wl.runs.driver import Every, drive
from wl.runs.goal import Goal
from wl.runs.run import Plan
from wl.systems.ising import ising


def test_runs_landscapes_and_pictures(tmp_path, monkeypatch):
    """Two runs, their landscapes merged, and a picture."""
    monkeypatch.chdir(tmp_path)
    system = ising(4)
    for name, seed in (("one", 1), ("two", 2)):
        create(name, Plan(system, ("energy",), settings_for(system), Goal(steps=20_000), seed=seed))
        assert open_directory(name).progress().stage == "before the first trial"
        drive(open_directory(name), 1, Every(), lambda _: None)
    merged = merge_landscapes(["one", "two/landscape.nc"], "both.nc")
    assert load_landscape("both.nc").identical(merged)
    save_landscape_plot("both.png", merged)
    assert (tmp_path / "both.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(ValueError, match=r"landscape 'none\.nc' does not exist"):
        load_landscape("none.nc")
