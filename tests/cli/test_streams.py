"""Broken output streams and interruptions end a command with one sentence or silently, never with a traceback."""

from __future__ import annotations

import io
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from tests.cli.command import sickbay

from sickbay.cli import streams

COMMAND = [sys.executable, "-m", "sickbay"]
URL = "http://localhost:7425/general/oauth/authorize?client_id=a%C3%A4"
TALKING = [["--help"], ["--version"], ["rules"], ["rules", "state-missing"], ["doctor", URL], ["doctor", "--json", URL]]
ASCII: dict[str, Any] = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("arguments", TALKING)
def test_a_full_disk_is_reported_in_one_sentence(arguments: list[str]) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run([*COMMAND, *arguments], stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("sickbay: The output can't be written: the disk is full.")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", TALKING)
def test_the_command_ends_silently_if_the_reader_of_its_output_has_gone(arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*COMMAND, *arguments], stdout=write, stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")


def test_a_command_learns_that_the_reader_of_its_output_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    has_gone = Event()
    with os.fdopen(write, "w") as output:
        monkeypatch.setattr(sys, "stdout", output)
        streams.watch_reader(has_gone.set)
        assert not has_gone.is_set()
        os.close(read)
        assert has_gone.wait(60)


def test_only_a_pipe_has_a_reader_that_can_go(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(streams, "Thread", None)
    with (tmp_path / "output").open("w") as file:
        for output in (file, io.StringIO()):
            monkeypatch.setattr(sys, "stdout", output)
            streams.watch_reader(lambda: None)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_closed_stream_does_not_make_a_command_fail(number: int) -> None:
    done = subprocess.run(
        ["sh", "-c", f'exec "$@" {number}>&-', "sh", *COMMAND, "doctor"], input="", capture_output=True, text=True, check=False
    )
    message = (
        "" if number == 2 else "sickbay: There is nothing to examine. Pass a URL in quotes, a file, or - for standard input.\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_characters_that_the_locale_lacks_are_escaped_and_json_stays_valid() -> None:
    done = sickbay("doctor", URL, **ASCII)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("\\u2717 ")
    plain, poor = (sickbay("doctor", "--json", URL, **environment) for environment in ({}, ASCII))
    assert json.loads(plain.stdout) == json.loads(poor.stdout)


def test_a_character_outside_the_basic_plane_is_escaped_as_in_json(tmp_path: Path) -> None:
    add = ("apps", "add", "Herz 🫀", "--type", "system", "--client", "symmetric", "--scope", "system/Patient.rs")
    assert sickbay(*add, folder=tmp_path).returncode == 0
    shown = sickbay("apps", "list", "--json", folder=tmp_path, **ASCII).stdout
    assert shown.isascii()
    assert "Herz 🫀" in {app["name"] for app in json.loads(shown)}


def test_an_argument_that_the_locale_cannot_decode_is_refused_in_one_sentence(tmp_path: Path) -> None:
    add = ("apps", "add", "Herz 🫀", "--type", "system", "--client", "symmetric", "--scope", "system/Patient.rs")
    for command in (add, ("doctor", URL + "ä")):
        done = sickbay(*command, folder=tmp_path, **ASCII)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("sickbay: The arguments aren't valid text in this locale;")
        assert done.stderr.count("\n") == 1


def test_a_file_with_an_undecodable_name_is_loaded_and_named(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/odd\xff.json"
    Path(os.fsdecode(name)).write_text('{"resourceType": "Patient", "id": "a"}')
    done = sickbay("load", os.fsdecode(name), "--patients", "0", folder=tmp_path / "data")
    assert (done.returncode, done.stdout) == (0, "1 new, 0 changed, 0 unchanged, 0 failed.\n")
    assert "odd\\udcff.json: 1 resource" in done.stderr


def test_files_that_cannot_grow_are_named(tmp_path: Path) -> None:
    for command in (
        ["population", "--patients", "5", "--out", str(tmp_path / "out")],
        ["export", str(tmp_path / "out")],
    ):
        done = subprocess.run(
            [*COMMAND, *command],
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"SICKBAY_DATA": str(tmp_path)},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000)),
        )
        assert done.returncode == 1
        assert done.stderr.startswith("sickbay: ")
        assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("moment", [0.01, 0.05, 0.1, 0.2, 0.3])
def test_ctrl_c_while_a_command_is_imported_is_silent(moment: float, tmp_path: Path) -> None:
    """Sickbay handles signals from its first line on. Python itself starts before that."""
    begun = "import sys; from sickbay.__main__ import main; print('begun', flush=True); main()"
    for command in (["apps", "list", "--data", str(tmp_path)], ["serve", "--port", "0", "--ephemeral"]):
        process = subprocess.Popen(
            [sys.executable, "-c", begun, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        time.sleep(moment)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[1] == ""
        assert process.returncode in (0, 130, -signal.SIGINT)
