"""A SICKBAY_ variable that isn't a setting is named, with the setting that was probably meant."""

from __future__ import annotations

import importlib
import inspect
from dataclasses import fields

import pytest
from tests.cli.command import sickbay
from tools.checks.files import ROOT, list_tracked

from sickbay.cli.command_line import COMMANDS
from sickbay.cli.commands import apps
from sickbay.cli.environment import KNOWN, NAMED_VARIABLES, unknown_variables
from sickbay.cli.serve_options import ServeOptions


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("SICKBAY_PATIENS", "SICKBAY_PATIENS isn't a setting, so Sickbay ignores it. Did you mean SICKBAY_PATIENTS?"),
        ("SICKBAY_BASEURL", "SICKBAY_BASEURL isn't a setting, so Sickbay ignores it. Did you mean SICKBAY_BASE_URL?"),
        ("SICKBAY_COFFEE", "SICKBAY_COFFEE isn't a setting, so Sickbay ignores it."),
        ("SICKBAY_\x1b[2J", "SICKBAY_\\u001b[2J isn't a setting, so Sickbay ignores it."),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_setting(name: str, sentence: str) -> None:
    assert unknown_variables({name: "1"}) == [sentence]


@pytest.mark.parametrize(
    "name", ["SICKBAY_SERVICE_HOST", "SICKBAY_SERVICE_PORT_HTTP", "SICKBAY_PORT_80_TCP_ADDR", "PATH", "sickbay_x"]
)
def test_variables_of_kubernetes_and_of_other_programs_are_not_named(name: str) -> None:
    assert unknown_variables({name: "1"}) == []


def test_an_environment_with_many_unknown_variables_gives_a_few_sentences() -> None:
    sentences = unknown_variables({f"SICKBAY_COFFEE_{number}": "1" for number in range(1000)})
    assert len(sentences) == NAMED_VARIABLES + 1
    assert sentences[-1] == f"{1000 - NAMED_VARIABLES} more SICKBAY_ variables aren't settings either."
    few = unknown_variables({f"SICKBAY_COFFEE_{number}": "1" for number in range(NAMED_VARIABLES + 1)})
    assert few[-1] == "1 more SICKBAY_ variable isn't a setting either."


def test_every_option_of_every_command_is_known() -> None:
    names = {field.name for options in (apps.Fields, ServeOptions) for field in fields(options)}
    for name in COMMANDS:
        command = getattr(importlib.import_module(f"sickbay.cli.commands.{name}"), name)
        names |= {entry.name for entry in inspect.signature(command).parameters.values() if entry.kind is entry.KEYWORD_ONLY}
    assert unknown_variables({f"SICKBAY_{name.upper()}": "1" for name in names}) == []


def test_every_variable_in_the_repository_is_known() -> None:
    import re

    pattern = re.compile(r"\bSICKBAY_[A-Z_]*[A-Z]\b")
    own = {"CHANGELOG.md", "tests/cli/test_environment.py", "src/sickbay/cli/environment.py"}
    texts = (path.read_bytes() for path in list_tracked(ROOT) if path.relative_to(ROOT).as_posix() not in own)
    names = {name for text in texts for name in pattern.findall(text.decode("utf-8", "replace"))}
    assert len(names) > 20
    assert names - KNOWN == set()


def test_a_command_names_the_variable_on_standard_error_and_still_runs() -> None:
    done = sickbay("rules", "state-missing", SICKBAY_PATIENS="3")
    assert done.returncode == 0
    assert done.stdout.startswith("`state` is missing")
    assert done.stderr == "sickbay: SICKBAY_PATIENS isn't a setting, so Sickbay ignores it. Did you mean SICKBAY_PATIENTS?\n"
