"""Places for compiled kernels that cannot be written, belong to others, or do not exist; old folders that vanish."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from perceptron.base import cache_place
from perceptron.base.cache_place import cache_root, private_folder, remove_old_folders

VARIABLE = "PERCEPTRON_WL_CACHE_DIR"
needs_root = pytest.mark.skipif(os.name != "posix" or os.getuid() != 0, reason="only root can give files away")


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A chosen folder and one for temporary files."""
    (tmp_path / "t").mkdir()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "chosen"))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t"))
    return tmp_path


def test_the_chosen_folder_is_taken(places):
    folder = private_folder("kernels-1")
    assert folder == places / "chosen/kernels-1"
    assert folder.stat().st_mode & 0o777 == 0o700
    assert private_folder("kernels-1") == folder


def test_a_place_that_cannot_be_written_is_passed_over(places):
    (places / "chosen").write_text("a file where the folder should be")
    folder = private_folder("kernels-1")
    assert folder == places / f"t/perceptron-wl-{os.getuid()}/kernels-1"


def test_without_any_place_nothing_is_kept(places, monkeypatch):
    (places / "chosen").write_text("")
    monkeypatch.setattr(tempfile, "tempdir", str(places / "chosen"))
    assert private_folder("kernels-1") is None


@needs_root
def test_folders_of_others_are_never_taken(places):
    name = f"perceptron-wl-{os.getuid()}"
    for folder in (places / "chosen/kernels-1", places / "t" / name / "kernels-1"):
        folder.mkdir(parents=True)
        os.chown(folder, 1234, 1234)
    folder = private_folder("kernels-1")
    assert folder is not None
    assert folder.parent == places / "t"
    assert folder.stat().st_uid == os.getuid()


@needs_root
def test_a_folder_that_somebody_else_could_exchange_is_not_taken(places):
    (places / "chosen").mkdir()
    os.chown(places / "chosen", 1234, 1234)
    assert private_folder("kernels-1").parent.parent == places / "t"


@pytest.mark.parametrize(("mode", "taken"), [(0o777, False), (0o775, False), (0o1777, True), (0o755, True)])
def test_a_chosen_folder_that_others_can_write_needs_the_sticky_bit(places, mode, taken):
    (places / "chosen").mkdir()
    (places / "chosen").chmod(mode)
    assert (private_folder("kernels-1") == places / "chosen/kernels-1") is taken
    assert (places / "chosen").stat().st_mode & 0o7777 == mode  # a folder of the user is not changed


def test_a_kernel_folder_that_others_could_write_is_closed(places):
    (places / "chosen/kernels-1").mkdir(parents=True)
    (places / "chosen/kernels-1").chmod(0o777)
    assert private_folder("kernels-1").stat().st_mode & 0o777 == 0o700


def test_no_home(places, monkeypatch):
    def nowhere(name):
        raise RuntimeError("could not determine the home directory")

    monkeypatch.delenv(VARIABLE)
    monkeypatch.setattr(cache_place, "user_cache_path", nowhere)
    assert cache_root() is None
    assert private_folder("kernels-1") == places / f"t/perceptron-wl-{os.getuid()}/kernels-1"


@pytest.mark.parametrize("home", ["", None])
def test_commands_work_without_a_home(home, tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in (VARIABLE, "HOME")}
    environment |= {"TMPDIR": str(tmp_path), "PYTHONPATH": str(Path.cwd())} | ({} if home is None else {"HOME": home})
    code = "from perceptron.base.cache_place import cache_root, private_folder; print(private_folder('kernels-1'))"
    found = subprocess.check_output([sys.executable, "-c", code], cwd=tmp_path, env=environment, text=True)
    assert found.strip() not in ("", "None")


def test_a_tilde_is_the_home(places, monkeypatch):
    monkeypatch.setenv("HOME", str(places))
    monkeypatch.setenv(VARIABLE, "~/somewhere")
    assert cache_root() == places / "somewhere"


def test_old_folders_may_vanish_while_they_are_removed(tmp_path):
    """Four processes that start together, with forty folders unused for sixty days."""
    old = time.time() - 60 * 86400
    for number in range(40):
        folder = tmp_path / f"kernels-{number:016x}"
        folder.mkdir()
        for name in range(20):
            (folder / str(name)).touch()
        os.utime(folder, (old, old))
    (tmp_path / "kernels-new").mkdir()
    code = (
        "from pathlib import Path; from perceptron.base.cache_place import remove_old_folders;"
        f" remove_old_folders(Path({str(tmp_path)!r}), 'kernels-*', 30.0)"
    )
    environment = os.environ | {"PYTHONPATH": str(Path.cwd())}
    started = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    assert [path.name for path in tmp_path.iterdir()] == ["kernels-new"]


def test_a_folder_that_is_gone_already_is_passed_over(tmp_path, monkeypatch):
    gone = tmp_path / "kernels-1"
    monkeypatch.setattr(Path, "glob", lambda self, pattern: [gone])
    remove_old_folders(tmp_path, "kernels-*", 30.0)
    assert not gone.exists()
