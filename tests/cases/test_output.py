"""What is printed and drawn, whatever the encoding, the paths, the width of the terminal and the user's matplotlib."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from perceptron.base.console import shortened

WL = [sys.executable, "-c", "import wl.cli.main; wl.cli.main.main()"]
PERCEPTRON = [sys.executable, "-c", "import perceptron.cli.main; perceptron.cli.main.main()"]


def run(command, arguments, folder, **environment):
    variables = os.environ | {"PYTHONPATH": str(Path.cwd())} | environment
    return subprocess.run([*command, *arguments], check=False, cwd=folder, env=variables, capture_output=True)


@pytest.mark.parametrize("encoding", ["latin-1", "ascii"])
def test_letters_that_an_encoding_lacks_are_replaced(encoding, tmp_path):
    found = run(PERCEPTRON, ["entropy", "--alpha", "0.5"], tmp_path, PYTHONIOENCODING=encoding)
    assert (found.returncode, found.stderr) == (0, b"")
    assert b"0.2975" in found.stdout or b"entropy" in found.stdout
    assert run(WL, ["run", "--help"], tmp_path, PYTHONIOENCODING=encoding).returncode == 0


def test_paths_with_brackets_are_printed_whole_and_as_they_are(tmp_path):
    """In a pipe, which has no width; the path has what Rich takes for markup."""
    folder = "/".join(["out[bold]", "a[", "b]", *["a-rather-long-name-of-a-folder"] * 4])
    found = run(PERCEPTRON, ["figure", "models", "--output", folder], tmp_path, COLUMNS="60")
    assert found.returncode == 0, found.stderr
    assert f"{folder}/models.npz" in found.stdout.decode()
    assert (tmp_path / folder / "models.png").stat().st_size > 0


@pytest.mark.parametrize("program", ["wl", "perceptron"])
def test_pictures_do_not_depend_on_the_users_matplotlib(program, tmp_path):
    (tmp_path / "matplotlibrc").write_text("text.usetex: True\n")
    own = {"MPLBACKEND": "module://matplotlib_inline.backend_inline", "MATPLOTLIBRC": str(tmp_path / "matplotlibrc")}
    if program == "wl":
        assert (
            run(WL, ["run", "free-spins", "--n", "12", "--steps", "2000", "--output", "out"], tmp_path).returncode == 0
        )
        found = run(WL, ["plot", "out"], tmp_path, **own)
        assert (tmp_path / "out/landscape.png").stat().st_size > 0
    else:
        arguments = ["--alpha", "0.5", "--reference-margin", "0.1", "--distance", "0.1,0.2", "--output", "x.png"]
        found = run(PERCEPTRON, ["local-entropy", *arguments], tmp_path, **own)
        assert (tmp_path / "x.png").stat().st_size > 0
    assert (found.returncode, found.stderr) == (0, b"")


def test_a_reader_that_stops_reading_ends_the_command_quietly(tmp_path):
    variables = os.environ | {"PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(
        [*WL, "run", "--help"], cwd=tmp_path, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode in (0, 1)  # 1 is how the library behind the commands ends there


@pytest.mark.parametrize(
    "text",
    ["margin = '" + "9" * 5000 + "' is out of range; allowed: numbers", "word " * 400, "x" * 999 + " " + "y" * 999],
)
def test_messages_are_short(text):
    found = shortened(text)
    assert len(found) <= 300
    assert found[:9] == text[:9]
    assert "…" in found
    assert found.endswith(text[-8:])
    assert shortened("margin = 3") == "margin = 3"
