"""The system of docs/extending.md, taken from the page as a reader would take it, keeps what the page says."""

import importlib.util
import itertools
import math
import re
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from wl.interface.seeds import stream_of
from wl.interface.system import commit, draw, measured, propose, proposed
from wl.interface.xoroshiro import uniform

PAGE = Path(__file__).parents[3] / "docs" / "extending.md"

CHAIN = """
import numpy as np
from potts_chain import potts_chain
from wl.interface.system import commit, draw, propose, proposed
system, stream = potts_chain(6, 4), np.array([5, 6], np.uint64)
state = system.new_state()
with np.errstate(over="ignore"):
    draw(system.model, state, stream)
    for _ in range(200):
        move = propose(system.model, state, stream)
        commit(system.model, state, move)
        print(*map(int, move), *map(int, proposed(system.model, state, move)), state.colours, state.values)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the module of the page is saved."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    place = tmp_path_factory.mktemp("page")
    (place / "potts_chain.py").write_text(blocks[0])
    return place


@pytest.fixture(scope="module")
def potts_chain(folder):
    specification = importlib.util.spec_from_file_location("potts_chain", folder / "potts_chain.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules["potts_chain"] = module
    specification.loader.exec_module(module)
    yield module.potts_chain
    del sys.modules["potts_chain"]


@pytest.fixture(autouse=True)
def _wrapping():
    """Without compilation the sums of a stream warn where they wrap around, as they should."""
    with np.errstate(over="ignore"):
        yield


def copy(state):
    return type(state)(*(array.copy() for array in state))


def values_of(colours):
    return -np.count_nonzero(colours == np.roll(colours, 1)), np.count_nonzero(colours == 0)


def test_values_follow_the_moves(potts_chain):
    system, stream = potts_chain(7, 4), stream_of(np.random.SeedSequence(1))
    model, state = system.model, system.new_state()
    draw(model, state, stream)
    for _ in range(400):
        move, before = propose(model, state, stream), copy(state)
        values = proposed(model, state, move)
        assert all(np.array_equal(old, new) for old, new in zip(before, state, strict=True))
        if uniform(stream) < 0.7:
            commit(model, state, move)
            assert tuple(state.values) == values
            assert np.count_nonzero(state.colours != before.colours) == 1
        assert tuple(state.values) == tuple(measured(model, copy(state))) == values_of(state.colours)


def test_a_move_is_as_likely_as_its_reverse(potts_chain):
    system, stream = potts_chain(3, 3), stream_of(np.random.SeedSequence(2))
    flows, state = Counter(), system.new_state()
    for colours in itertools.product(range(3), repeat=3):
        for _ in range(600):
            state.colours[:] = colours
            commit(system.model, state, propose(system.model, state, stream))
            flows[colours, tuple(state.colours.tolist())] += 1
    assert len(flows) == 27 * 6
    # 600 proposals over 6 neighbours: 100 with standard deviation 9.1; 6 of them are a false alarm below 1e-6
    assert all(abs(count - 100) < 55 for count in flows.values())
    assert all((there, here) in flows for here, there in flows)


def test_enumeration_gives_the_closed_form(potts_chain):
    n, q = 6, 3
    system = potts_chain(n, q)
    state, counts = system.new_state(), Counter()
    for colours in itertools.product(range(q), repeat=n):
        state.colours[:] = colours
        counts[measured(system.model, state)[0] + n] += 1
    for k in range(n + 1):
        assert counts[k] == math.comb(n, k) * ((q - 1) ** k + (-1) ** k * (q - 1))
    assert sum(counts.values()) == pytest.approx(math.exp(system.log_total), rel=1e-14)


def test_draws_are_uniform(potts_chain):
    system, stream, n_draws = potts_chain(3, 2), stream_of(np.random.SeedSequence(3)), 8000
    state, counts = system.new_state(), Counter()
    for _ in range(n_draws):
        draw(system.model, state, stream)
        counts[tuple(state.colours.tolist())] += 1
    assert len(counts) == 8
    assert all(abs(count - 1000) < 180 for count in counts.values())  # 6 standard deviations


def test_the_page_samples_the_closed_form(potts_chain):
    """The second block of the page as it stands; five errors are a false alarm in 1e5."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    names = {}
    exec(blocks[1], names)
    exact = [math.comb(12, k) * (2**k + (-1) ** k * 2) for k in range(13)]
    found = names["found"]
    for k, (value, error) in enumerate(zip(found.log_g.values, found.log_g_error.values, strict=True)):
        if exact[k]:
            assert abs(value - math.log(exact[k])) < 5.0 * error
            assert error < 0.2
        else:
            assert math.isnan(value)


KILLED = """
import os, wl
from potts_chain import potts_chain
wl.register("potts_chain", lambda parameters, data: potts_chain(**parameters))
from wl.runs import driver
save = driver.RunDirectory.save
def save_and_die(self, run):
    save(self, run)
    if run.steps > 200_000:
        os._exit(9)
driver.RunDirectory.save = save_and_die
driver.Every.__init__.__defaults__ = (50_000, 10.0)
wl.sample(potts_chain(12, 3), steps=1e6, directory="potts")
"""
RESUMED = """
import numpy as np, wl
from potts_chain import potts_chain
wl.register("potts_chain", lambda parameters, data: potts_chain(**parameters))
again, whole = wl.resume("potts"), wl.sample(potts_chain(12, 3), steps=1e6)
assert np.array_equal(again.log_g.values, whole.log_g.values, equal_nan=True)
assert again.data.attrs["steps"] == 1_000_000
other = wl.sample(potts_chain(12, 3), steps=1e6, seed=2)
print(wl.merge([again, other]).data.sizes["run"], wl.load("potts"))
"""


def test_a_run_of_the_page_is_killed_resumed_and_merged(folder, run_python):
    """The directory is made by a process that dies, and opened again by another."""
    with pytest.raises(AssertionError):
        run_python(KILLED, folder)
    assert (folder / "potts/checkpoint.npz").exists()
    assert not (folder / "potts/landscape.nc").exists()
    assert run_python(RESUMED, folder).split()[0] == "2"


def test_the_third_block_of_the_page_runs_as_it_stands(folder, run_python):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    assert run_python(blocks[2] + "assert again.data.attrs['steps'] == found.data.attrs['steps']", folder) == ""


def test_an_entry_point_of_another_package_tells_how(folder, run_python):
    package = folder / "potts-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: potts\nVersion: 1.0\n")
    (package / "entry_points.txt").write_text("[wl.systems]\npotts_chain = rebuilt_potts:rebuilt\n")
    (folder / "rebuilt_potts.py").write_text(
        "from potts_chain import potts_chain\ndef rebuilt(parameters, data):\n    return potts_chain(**parameters)\n"
    )
    made = "import wl; from potts_chain import potts_chain; wl.sample(potts_chain(5, 2), steps=1e4, directory='p2')"
    run_python(made, folder)
    assert "potts_chain over energy" in run_python("import wl; print(wl.resume('p2').summary())", folder)


def test_a_system_that_nobody_registered_is_told(folder, run_python):
    run_python(
        "import wl; from potts_chain import potts_chain; s = potts_chain(5, 2); object.__setattr__(s, 'name', 'lost')\n"
        "wl.sample(s, steps=1e4, directory='p3')",
        folder,
    )
    told = "import wl\ntry:\n    wl.resume('p3')\nexcept ValueError as error:\n    print(error)"
    assert "system = 'lost' is not known" in run_python(told, folder)


def test_compiled_and_plain_python_walk_alike(folder, run_python):
    compiled = run_python(CHAIN, folder)
    assert compiled.count("\n") == 200
    assert run_python(CHAIN, folder, NUMBA_DISABLE_JIT="1") == compiled


def test_bad_input_is_named(potts_chain):
    with pytest.raises(ValueError, match="n_sites = 2"):
        potts_chain(2, 2)
    with pytest.raises(ValueError, match="n_colours = 1"):
        potts_chain(3, 1)
