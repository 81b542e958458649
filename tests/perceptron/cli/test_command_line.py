"""Numbers of the command lines are written in plain digits, whichever option they belong to."""

import math
import typing

import pytest
from typer.testing import CliRunner

from perceptron.cli import main as perceptron_cli
from wl.cli import main as wl_cli

APPS = {"perceptron": perceptron_cli.app, "wl": wl_cli.app}
NUMBERS = {"8_8", "１２", "0x10", "1e", "", "٣"}


def numeric_options():
    """Every option that is a number: application, command, option."""
    for name, app in APPS.items():
        for command in app.registered_commands:
            hints = typing.get_type_hints(command.callback, include_extras=True)
            for option, hint in hints.items():
                base = hint.__origin__ if hasattr(hint, "__metadata__") else hint
                kinds = set(typing.get_args(base)) or {base}
                if kinds & {int, float} and bool not in kinds:
                    called = command.name or command.callback.__name__
                    yield name, called, hint.__metadata__[0], option


OPTIONS = list(numeric_options())


def test_there_are_numbers_to_test():
    assert {name for name, *_ in OPTIONS} == set(APPS)
    assert len(OPTIONS) > 60


@pytest.mark.parametrize(("app", "command", "info", "option"), OPTIONS, ids=lambda value: str(value)[:20])
def test_what_is_not_in_plain_digits_is_refused(app, command, info, option):
    named = [text for text in (info.default, *(info.param_decls or ())) if str(text).startswith("--")]
    spelled = named[0] if named else f"--{option.replace('_', '-')}"
    for text in NUMBERS:
        done = CliRunner().invoke(APPS[app], [command, *["x"] * (command in ("run", "train", "relax")), spelled, text])
        said = done.stderr
        assert done.exit_code == 2, said
        assert "Invalid value" in said
        assert spelled in said
    assert info.parser("7") == 7


@pytest.mark.parametrize(
    ("text", "value"), [("1e8", 100_000_000), ("250", 250), ("2.5e3", 2500), ("12345678901234567", 12345678901234567)]
)
def test_counts_may_have_exponents(text, value):
    info = next(info for *_, info, option in OPTIONS if option == "steps")
    assert info.parser(text) == value


@pytest.mark.parametrize("text", ["1_000", "2.5", "1e-3", "inf", "nan", "many"])
def test_counts_are_whole(text):
    done = CliRunner().invoke(wl_cli.app, ["run", "ising", "--size", "4", "--steps", text])
    assert done.exit_code == 2
    assert "is not a whole number" in " ".join(done.stderr.replace("│", " ").split())


def test_infinity_is_a_number():
    info = next(info for *_, info, option in OPTIONS if option == "max_seconds")
    assert info.parser("inf") == math.inf


def test_jobs_are_at_least_one():
    for app, command in (("perceptron", ["figure", "W2"]), ("wl", ["resume", "nowhere"])):
        done = CliRunner().invoke(APPS[app], [*command, "--jobs", "0"])
        assert done.exit_code == 2
        assert "allowed: integers from 1 to 1024" in " ".join(done.stderr.replace("│", " ").split())
