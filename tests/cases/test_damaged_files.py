"""Files that are damaged, odd, or of something else: a clear error, never a traceback, a hang or a silent change."""

import io
import json
import os
import zipfile

import numpy as np
import pytest
from typer.testing import CliRunner

import perceptron.cli.main
import wl.cli.main
from perceptron.base.checksums import digest_of
from perceptron.base.files import load_table, save_table
from perceptron.base.reading import read_array_or_arrays, read_arrays, read_content, read_mapping
from perceptron.patterns import load_patterns, random_patterns
from perceptron.solvers.study import run_study
from perceptron.solvers.study_store import StudyPlan, read_study
from wl.landscape.build import load_landscape
from wl.networks.architecture import Architecture
from wl.networks.datasets.spiral import spiral
from wl.networks.datasets.split import load_dataset
from wl.networks.training.ensemble import TrainingOptions, load_ensemble
from wl.networks.training.train import train_ensemble
from wl.runs.directory import open_directory


def run_wl(*arguments):
    return CliRunner().invoke(wl.cli.main.app, list(map(str, arguments)))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Content of the files of a short run."""
    folder = tmp_path_factory.mktemp("run") / "run"
    assert run_wl("run", "free-spins", "--n", 12, "--steps", 20000, "--output", folder).exit_code == 0
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def folder(finished, tmp_path):
    place = tmp_path / "run"
    place.mkdir()
    for name, content in finished.items():
        (place / name).write_bytes(content)
    return place


def npz(**arrays):
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def header_without_brace():
    """An array whose header Python's tokenizer cannot read to its end."""
    header = b"{'descr': '|i1', 'fortran_order': False, 'shape': (6, 11), "
    header = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(66)


def flagged(flag=0, method=None):
    """An archive that says it is encrypted, or packed by a method that is not known."""
    content = bytearray(npz(patterns=np.ones((6, 11), np.int8)))
    for start, at_flag, at_method in ((b"PK\x03\x04", 6, 8), (b"PK\x01\x02", 8, 10)):
        place = content.find(start)
        content[place + at_flag] |= flag
        if method is not None:
            content[place + at_method] = method
    return bytes(content)


UNREADABLE = {
    "header": header_without_brace(),
    "encrypted": flagged(flag=1),
    "deflate64": flagged(method=9),
    "huge": b"\x93NUMPY\x01\x00v\x00"
    + b"{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000, 11), }".ljust(117)
    + b"\n",
    "empty": b"",
    "text": b"not an array",
    "cut": npz(patterns=np.ones((600, 11), np.int8))[:300],
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_arrays_that_cannot_be_read_are_bad_input(name, tmp_path):
    path = tmp_path / "patterns.npz"
    path.write_bytes(UNREADABLE[name])
    with pytest.raises(ValueError, match=r"patterns file .* cannot be read"):
        load_patterns(path)
    found = CliRunner().invoke(perceptron.cli.main.app, ["bp", "--patterns", str(path)])
    assert found.exit_code != 0
    assert isinstance(found.exception, ValueError)


@pytest.mark.parametrize("reader", [read_content, read_array_or_arrays, read_arrays, read_mapping, load_landscape])
def test_folders_pipes_and_missing_files_are_told(reader, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    arguments = () if reader is load_landscape else ("table",)
    for name, message in ((".", "is a folder"), ("pipe", "is a pipe"), ("nothing", "does not exist"), ("a\0b", "read")):
        with pytest.raises(ValueError, match=message):
            reader(tmp_path / name, *arguments)


@pytest.mark.parametrize("content", [b"[]", b"{", b"\xff", b"[" * 100_000, b"3"])
def test_parameters_that_are_no_object(content, folder):
    (folder / "parameters.json").write_bytes(content)
    with pytest.raises(ValueError, match="holds no run that can be read"):
        open_directory(folder)


def test_parameters_with_a_list_for_a_mapping(folder):
    text = json.loads((folder / "parameters.json").read_text())
    (folder / "parameters.json").write_text(json.dumps(text | {"ranges": []}))
    with pytest.raises(ValueError, match="holds no run that can be read"):
        open_directory(folder)


def test_a_damaged_landscape_is_written_anew_and_told(folder, finished):
    (folder / "landscape.nc").write_bytes(b"")
    told = run_wl("status", folder)
    assert told.exit_code == 0
    assert "steps: 20000" in told.output
    assert "cannot be read" in told.output
    assert run_wl("resume", folder).exit_code == 0
    assert load_landscape(folder / "landscape.nc").attrs["steps"] == 20000


def test_a_landscape_of_another_run_is_not_taken_for_ones_own(folder, tmp_path):
    other = tmp_path / "other"
    assert run_wl("run", "free-spins", "--n", 12, "--steps", 20000, "--seed", 2, "--output", other).exit_code == 0
    (folder / "landscape.nc").write_bytes((other / "landscape.nc").read_bytes())
    assert "belongs to another run" in run_wl("status", folder).output
    assert run_wl("resume", folder).exit_code == 0
    assert open_directory(folder).landscape() is not None


def test_flipped_bits_of_a_landscape_never_change_it_in_silence(finished, tmp_path):
    path = tmp_path / "landscape.nc"
    path.write_bytes(finished["landscape.nc"])
    whole, rng, n_seen = load_landscape(path), np.random.default_rng(1), 0
    for _ in range(150):
        content = bytearray(finished["landscape.nc"])
        content[rng.integers(len(content))] ^= 1 << rng.integers(8)
        path.write_bytes(bytes(content))
        try:
            found = load_landscape(path)
        except ValueError:
            n_seen += 1
            continue
        assert found.identical(whole)
    assert n_seen > 30


def test_flipped_bits_of_a_checkpoint_never_change_it_in_silence(finished, folder):
    directory, rng, n_seen = open_directory(folder), np.random.default_rng(2), 0
    before = digest_of(directory.load()[0].samplers[0].arrays())
    (folder / "checkpoint-previous.npz").unlink(missing_ok=True)
    for _ in range(150):
        content = bytearray(finished["checkpoint.npz"])
        # half of the flips into the directory at the end, which says what arrays there are
        start = content.rfind(b"PK\x01\x02") - 2000 if rng.random() < 0.5 else 0
        content[rng.integers(start, len(content))] ^= 1 << rng.integers(8)
        (folder / "checkpoint.npz").write_bytes(bytes(content))
        try:
            run, _ = directory.load()
        except ValueError:
            n_seen += 1
            continue
        assert digest_of(run.samplers[0].arrays()) == before
    assert n_seen > 60


def test_a_checkpoint_without_one_of_its_arrays_is_refused(finished, folder):
    """An archive that is whole, and lacks an array: what a flip in its directory can make of it."""
    with zipfile.ZipFile(io.BytesIO(finished["checkpoint.npz"])) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if "learning_counts" not in name}
    with zipfile.ZipFile(folder / "checkpoint.npz", "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
    (folder / "checkpoint-previous.npz").unlink(missing_ok=True)
    with pytest.raises(ValueError, match="is damaged: its arrays have another checksum"):
        open_directory(folder).load()


def test_checkpoints_and_landscapes_from_before_have_no_checksum_and_stay_readable(finished, folder):
    with np.load(io.BytesIO(finished["checkpoint.npz"])) as data:
        kept = {name: data[name] for name in data.files if name != "checksum"}
    np.savez(folder / "checkpoint.npz", **kept)
    run, problems = open_directory(folder).load()
    assert (run.steps, problems) == (20000, [])


def test_a_table_with_damaged_provenance(tmp_path):
    np.savez(tmp_path / "table.npz", provenance="{", x=np.zeros(3))
    with pytest.raises(ValueError, match="cannot be read"):
        load_table(tmp_path / "table.npz")
    save_table(tmp_path / "good.npz", {"x": np.zeros(3)}, {})
    assert load_table(tmp_path / "good.npz")[1] == {}


def test_patterns_still_come_back(tmp_path):
    patterns = random_patterns(11, 6, rng=np.random.default_rng(1))
    patterns.save(tmp_path / "p.npz")
    assert np.array_equal(load_patterns(tmp_path / "p.npz").values, patterns.values)


@pytest.fixture(scope="module")
def written(tmp_path_factory, finished):
    """Every other kind of file that is read again: its path, and a reader that gives something comparable."""
    folder, rng = tmp_path_factory.mktemp("written"), np.random.default_rng(1)
    random_patterns(11, 5, rng=rng).save(folder / "patterns.npz")
    save_table(folder / "table.npz", {"x": rng.normal(size=20), "y": rng.normal(size=20)}, {"parameters": {"a": 1}})
    data = spiral()
    data.save(folder / "dataset.npz")
    options = TrainingOptions(n_runs=2, n_epochs=4, record_every=2)
    train_ensemble(data, Architecture(2, (3,)), options).save(folder / "ensemble.npz")
    run_study(StudyPlan(("sbpi",), (21,), (0.2,), n_instances=2, max_seconds=0.2), folder / "study")
    run = folder / "run"
    run.mkdir()
    for name, content in finished.items():
        (run / name).write_bytes(content)

    def patterns(path):
        found = load_patterns(path)
        return digest_of({**found.arrays, "gaussian": np.array(found.gaussian)})

    def table(path):
        columns, origin = load_table(path)
        return digest_of(columns), json.dumps(origin)

    def dataset(path):
        found = load_dataset(path)
        parts = [found.train.features, found.train.targets, found.test.features, found.test.targets]
        return digest_of(dict(zip("abcd", parts, strict=True))), found.name, json.dumps(dict(found.parameters))

    def ensemble(path):
        found = load_ensemble(path)
        arrays = {"t": found.trajectories, "e": found.epochs, "d": found.diverged_at}
        return digest_of(arrays), found.options, found.architecture, found.seed

    def study(path):
        plan, runs = read_study(path.parent)
        return plan, tuple(sorted(runs.items()))

    def plan(path):
        opened = open_directory(path.parent)
        return json.dumps(opened.plan.description()), digest_of(opened.plan.data), opened.load()[0].steps

    return {
        "patterns": (folder / "patterns.npz", patterns),
        "table": (folder / "table.npz", table),
        "dataset": (folder / "dataset.npz", dataset),
        "ensemble": (folder / "ensemble.npz", ensemble),
        "parameters of a study": (folder / "study/parameters.json", study),
        "runs of a study": (folder / "study/runs.jsonl", study),
        "parameters of a run": (run / "parameters.json", plan),
        "data of a run": (run / "data.npz", plan),
    }


KINDS = ["patterns", "table", "dataset", "ensemble", "parameters of a study", "runs of a study", "parameters of a run"]


@pytest.mark.parametrize("kind", [*KINDS, "data of a run"])
def test_flipped_bits_of_no_file_pass_in_silence(kind, written):
    path, reader = written[kind]
    content, whole, rng, n_seen = path.read_bytes(), reader(path), np.random.default_rng(3), 0
    for _ in range(150):
        damaged = bytearray(content)
        damaged[rng.integers(len(content) - 1)] ^= 1 << rng.integers(8)  # without its end a line was cut short
        path.write_bytes(bytes(damaged))
        try:
            found = reader(path)
        except ValueError:
            n_seen += 1
            continue
        assert found == whole
    path.write_bytes(content)
    assert n_seen > 20
