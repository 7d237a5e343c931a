"""A wrong value of any option gives one sentence in Sickbay's own words, which names the option and what it accepts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import pytest
from cyclopts import App, CycloptsError

from sickbay.cli import usage_errors
from sickbay.cli.command_line import app


def list_options(commands: App, chain: tuple[str, ...] = ()) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The type of each option that doesn't accept every text, the command with what it needs, and the option."""
    for name in (name for name in commands if not name.startswith("-")):
        command = commands[name]
        if not command._commands.keys() - {"--help", "-h", "--version"}:
            arguments = command.assemble_argument_collection()
            needed = ["x" for argument in arguments if argument.required and argument.name.strip("-").isupper()]
            for argument in arguments:
                if argument.name.startswith("--") and not accepts_any_text(argument.hint):
                    yield f"{argument.hint} {argument.parameter.converter}", (*chain, name, *needed), argument.name
        yield from list_options(command, (*chain, name))


def accepts_any_text(kind: Any) -> bool:
    if get_origin(kind) is Literal:
        return False
    parts = [part for part in get_args(kind) if part not in (..., type(None))]
    return all(map(accepts_any_text, parts)) if parts else kind in (str, Path)


def describe(*arguments: str) -> str:
    with pytest.raises(CycloptsError) as caught:
        app.parse_args(list(arguments), print_error=False, exit_on_error=False, help_on_error=False)
    return usage_errors.describe(caught.value)


def test_a_wrong_value_of_every_type_is_refused_in_our_words() -> None:
    one_of_each_type = {kind: (command, option) for kind, command, option in list_options(app)}
    assert len(one_of_each_type) > 10
    for command, option in one_of_each_type.values():
        assert re.fullmatch(rf"{option} must be [^:\"]+, not wrong\.", describe(*command, f"{option}=wrong"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["serve", "--port", "70000"], "--port must be a whole number from 0 to 65535, not 70000."),
        (["serve", "--patients", "1.5"], "--patients must be a whole number of 0 or more, not 1.5."),
        (["apps", "edit", "Mine", "--token-lifetime", "0"], "--token-lifetime must be a whole number of 1 or more, not 0."),
        (["serve", "--today", "2200-01-01"], "--today must be a day from 1970 to 2199, such as 2026-03-31, not 2200-01-01."),
        (
            ["population", "--out", "x", "--today", "0001-01-01"],
            "--today must be a day from 1970 to 2199, such as 2026-03-31, not 0001-01-01.",
        ),
        (["fault", "add", "delay", "--times", "1.5"], "--times must be a whole number of 1 or more, not 1.5."),
        (["fault", "add", "delay", "--probability", "nan"], "--probability must be a number from 0 to 1, not nan."),
        (["population", "--out", "x", "--messiness", "1.01"], "--messiness must be a number from 0 to 1, not 1.01."),
        (["serve", "--messiness", "-0.1"], "--messiness must be a number from 0 to 1, not -0.1."),
        (["population", "--out", ""], "--out must be a path, but it is empty."),
        (["completion", "csh"], "SHELL must be bash, zsh or fish, not csh."),
        (["apps", "list", "--json=maybe"], "--json must be true or false, not maybe."),
        (["apps", "add", "Mine", "--smart-version", "3"], "--smart-version must be 1 or 2, not 3."),
        (["serve", "--port"], "--port needs a value. See `sickbay serve --help`."),
        (["serve", "--port", "1", "--port", "2"], "--port is given more than once."),
        (["token", "Mine"], "`sickbay token` needs --scope. See `sickbay token --help`."),
    ],
)
def test_an_error_says_what_is_expected(arguments: list[str], sentence: str) -> None:
    assert describe(*arguments) == sentence


def test_a_value_of_the_environment_or_a_file_is_named_by_its_origin(monkeypatch: pytest.MonkeyPatch) -> None:
    from cyclopts.config import Dict, Env

    monkeypatch.setattr(app, "config", (Env("SICKBAY_", command=False),))
    monkeypatch.setenv("SICKBAY_HTTPS", "perhaps")
    assert describe("serve") == "SICKBAY_HTTPS must be true or false, not perhaps."
    monkeypatch.setattr(app, "config", (Dict({"port": "x"}, use_commands_as_keys=False, source="sickbay.toml"),))
    assert describe("serve") == "port in sickbay.toml must be a whole number from 0 to 65535, not x."
