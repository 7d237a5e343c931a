"""`sickbay reset` says on a terminal what will be lost, and asks. Without a terminal, and with --yes, it doesn't ask."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.cli.command import sickbay

from sickbay.cli.commands.reset import format_question

PATIENT = {"resourceType": "Patient", "id": "loaded", "name": [{"family": "Loaded"}]}
LOSSES = {"changes": 12, "apps": 1, "users": 2, "exchanges": 1}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder, which other tests may have reset."""
    return tmp_path_factory.mktemp("reset") / "data"


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """A folder with a loaded resource and an app."""
    folder = tmp_path / "data"
    file = folder.with_name("patient.ndjson")
    file.write_text(json.dumps(PATIENT))
    assert sickbay("load", str(file), "--patients", "1", folder=folder).returncode == 0
    added = sickbay(
        "apps", "add", "Vitals", "--type", "system", "--client", "symmetric", "--scope", "system/*.rs", folder=folder
    )
    assert added.returncode == 0, added.stderr
    return folder


def on_terminal(answer: str, folder: Path, *arguments: str) -> tuple[int, str]:
    """The exit code, and what the terminal showed."""
    terminal, its_end = pty.openpty()
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("SICKBAY_")}
    command = [sys.executable, "-m", "sickbay", "reset", *arguments]
    environment = inherited | {"SICKBAY_DATA": str(folder)}
    process = subprocess.Popen(command, stdin=its_end, stdout=its_end, stderr=its_end, env=environment)
    os.close(its_end)
    os.write(terminal, answer.encode())
    shown = b""
    while True:
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other end was closed
            break
    os.close(terminal)
    return process.wait(60), shown.decode().replace("\r\n", "\n")


def apps(folder: Path) -> str:
    return sickbay("apps", "list", folder=folder).stdout


def test_on_a_terminal_the_command_says_what_will_be_lost_and_keeps_it_unless_the_answer_is_yes(changed: Path) -> None:
    for answer in ("n\n", "\x04"):
        code, shown = on_terminal(answer, changed, "--everything")
        assert code == 1
        assert "  - 1 change to FHIR data, loaded resources included\n  - 1 app and 0 users that you added\n" in shown
        assert "Nothing was reset." in shown
    assert "Vitals" in apps(changed)
    code, shown = on_terminal("y\n", changed)
    assert code == 0
    assert "Apps and users that you added stay.\nReset? [y/N]" in shown
    assert "Reset all hospitals to the initial data." in shown
    code, shown = on_terminal("yes\n", changed, "--tenant", "general", "--everything")
    assert (code, "  - 0 changes to FHIR data" in shown) == (0, True)
    assert "Vitals" not in apps(changed)


@pytest.mark.parametrize("arguments", [("--yes",), ()])
def test_with_yes_or_without_a_terminal_the_command_does_not_ask(arguments: tuple[str, ...], place: Path) -> None:
    if arguments:
        code, shown = on_terminal("", place, *arguments)
        assert (code, "Reset?" in shown) == (0, False)
    else:
        done = sickbay("reset", folder=place)
        assert (done.returncode, done.stdout, "Reset?" in done.stderr) == (0, "", False)


def test_an_unknown_hospital_is_an_error_before_anyone_is_asked(place: Path) -> None:
    code, shown = on_terminal("y\n", place, "--tenant", "nowhere")
    assert code == 1
    assert "There is no hospital nowhere" in shown
    assert "Reset?" not in shown


@pytest.mark.parametrize(
    ("changed", "tenant", "everything", "lines"),
    [
        ({}, None, False, ["  - 12 changes to FHIR data, loaded resources included", "  - 1 exchange"]),
        ({}, None, True, ["  - 1 app and 2 users that you added"]),
        ({"snapshots": 2}, None, True, ["  - 1 app and 2 users that you added", "  - 2 snapshots"]),
        ({"exchanges": None}, "epic", False, ["Resetting epic deletes:", "  - all exchanges of this hospital"]),
        ({"changes": None}, None, False, ["  - all changes to FHIR data, loaded resources included"]),
    ],
)
def test_the_question_names_each_loss(changed: dict[str, Any], tenant: str | None, everything: bool, lines: list[str]) -> None:
    text = format_question(LOSSES | changed, tenant, everything)
    assert set(lines) <= set(text.splitlines())
    assert ("stay" in text) is not everything
