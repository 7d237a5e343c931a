"""A command without --data talks to the server that was started last, and says which one if there could be doubt."""

from __future__ import annotations

import asyncio
import os
import re
import shlex
import signal
import subprocess
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from tests.cli.command import sickbay

from sickbay.cli import folder, local_sandbox, running_servers
from sickbay.cli.output import CommandError
from sickbay.cli.running_servers import RunningServer
from sickbay.testing.server import Live, serving


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """A user without servers."""
    return {"XDG_DATA_HOME": str(tmp_path / "home"), "SICKBAY_DATA": ""}


def start(stack: ExitStack, home: dict[str, str], *arguments: str) -> Live:
    environment = {name: value for name, value in home.items() if value}
    return stack.enter_context(serving("--patients", "0", *arguments, environment=environment))


def in_url(base: str) -> str:
    return quote(base, safe="")


def command(home: dict[str, Any], *arguments: str) -> subprocess.CompletedProcess[str]:
    return sickbay(*arguments, **{name: value for name, value in home.items() if value})


def entries(home: dict[str, str]) -> list[Path]:
    return sorted(Path(home["XDG_DATA_HOME"], "sickbay", running_servers.FOLDER).glob("*.json"))


def test_an_ephemeral_server_is_found_without_data_and_leaves_nothing_behind(home: dict[str, str], tmp_path: Path) -> None:
    """`load` and `export` open its data themselves. The doctor has no server to speak of."""
    patient = tmp_path / "patient.json"
    patient.write_text('{"resourceType": "Patient", "id": "anna"}')
    with ExitStack() as stack:
        live = start(stack, home, "--ephemeral")
        token = ["token", "sample-general", "--scope", "user/Patient.read"]
        for arguments in (["apps", "list"], token, ["load", str(patient)]):
            done = command(home, *arguments)
            assert done.returncode == 0
            assert f"Using the server at {live.base}" in done.stderr
            assert "Using" not in done.stdout
        launch = command(home, "launch", "sample-general")
        assert in_url(live.base) in launch.stdout
        assert "isn't running" not in launch.stderr
        assert command(home, "export", str(tmp_path / "out")).returncode == 0
        assert '"anna"' in (tmp_path / "out" / "Patient.ndjson").read_text()
        assert "server at" not in command(home, "doctor", "http://localhost/authorize?response_type=code").stderr
        assert len(entries(home)) == 1
    assert [path for path in Path(home["XDG_DATA_HOME"], "sickbay").rglob("*") if path.is_file()] == []


def test_of_several_servers_the_last_one_is_used_and_the_others_are_named(home: dict[str, str], tmp_path: Path) -> None:
    """After the last one was killed, the other one is the last."""
    with ExitStack() as stack:
        first, last = start(stack, home, "--data", str(tmp_path / "first")), start(stack, home, "--ephemeral")
        done = command(home, "launch", "sample-general")
        assert f"2 servers are running. Using the one that you started last: {last.base}." in done.stderr
        assert f"add --data {tmp_path / 'first'} ({first.base})" in done.stderr
        named = command(home, "launch", "sample-general", "--data", str(tmp_path / "first"))
        assert named.stderr == ""
        assert in_url(first.base) in named.stdout
        os.kill(last.process.pid, signal.SIGKILL)
        last.process.wait()
        assert f"Using the server at {first.base}" in command(home, "launch", "sample-general").stderr
        assert len(entries(home)) == 1


def test_the_only_server_on_the_default_folder_needs_no_note(home: dict[str, str]) -> None:
    with ExitStack() as stack:
        start(stack, home)
        done = command(home, "apps", "list")
        assert (done.returncode, done.stderr) == (0, "")


def test_without_a_server_the_default_folder_is_used(home: dict[str, str]) -> None:
    done = command(home, "apps", "list")
    assert (done.returncode, done.stderr) == (0, "")
    assert "sample-general" in done.stdout


def test_a_server_works_without_a_folder_to_be_listed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "file"))
    running_servers.add_server(tmp_path, "http://localhost:1", "x")
    assert running_servers.list_running_servers() == []
    with running_servers.remove_afterwards():
        pass


def write_entry(place: Path, started: float, pid: int) -> None:
    server = RunningServer(str(place), f"http://localhost:{pid}", pid, started, str(place))
    path = folder.data_folder(None) / running_servers.FOLDER / f"{pid}.json"
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_bytes(msgspec.json.encode(server))


def test_servers_are_ordered_by_their_start_and_unreadable_entries_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setattr(folder, "find_running_server", lambda place: {"pid": int(place.name)})
    for pid, started in ((3, 1.0), (1, 3.0), (2, 2.0)):
        write_entry(tmp_path / str(pid), started, pid)
    broken = folder.data_folder(None) / running_servers.FOLDER / "9.json"
    broken.write_text("{")
    assert [server.pid for server in running_servers.list_running_servers()] == [3, 2, 1]
    assert not broken.exists()
    assert running_servers.choose_data_folder(None) == str(tmp_path / "1")
    assert running_servers.choose_data_folder("elsewhere") == "elsewhere"


def test_an_ambiguous_name_gets_the_command_for_each_hospital(home: dict[str, str]) -> None:
    """Without a server: then the commands open the data."""
    options = ("--type", "provider", "--client", "public", "--scope", "launch openid fhirUser patient/Patient.rs")
    uris = ("--launch-uri", "http://localhost:8100/launch", "--redirect-uri", "http://localhost:8100/callback")
    assert command(home, "apps", "add", "Finder", *options, *uris).returncode == 0
    assert command(home, "apps", "enable", "Finder", "--tenant", "cerner").returncode == 0
    done = command(home, "launch", "Finder", "--patient", "a b")
    assert done.returncode == 1
    assert "2 apps are named Finder. Choose one:" in done.stderr
    commands = dict(re.findall(r"^  (\w+) +(sickbay launch .*)$", done.stderr, re.M))
    assert set(commands) == {"general", "cerner"}
    for tenant, text in commands.items():
        words = shlex.split(text)
        assert words[3:] == ["--patient", "a b"]
        assert f"tenant         {tenant}" in command(home, "apps", "show", words[2]).stdout


def test_a_command_that_opens_the_data_asks_for_the_database_of_the_last_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list has no passwords, so a command can't open the database by it."""
    monkeypatch.setattr(folder, "find_running_server", lambda place: {"base": "http://localhost:1", "database": True})

    async def open_data() -> None:
        async with local_sandbox.open_local_sandbox(str(tmp_path)):
            raise AssertionError("opened")

    with pytest.raises(CommandError, match="Name the database: --data postgresql://"):
        asyncio.run(open_data())
