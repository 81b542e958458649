"""The command line, for tests."""

import json

import pytest

from wl.cli import main as cli


@pytest.fixture
def wl(tmp_path, monkeypatch, capsys):
    """Run a command in an empty folder; return its code, and its output parsed where it is JSON."""
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        monkeypatch.setattr("sys.argv", ["wl", *map(str, arguments)])
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code or 0
        out, err = capsys.readouterr()
        return code, json.loads(out) if "--json" in arguments and code == 0 else out, err

    return call
