"""`sickbay tail` of a server with two workers: what it prints, its filters, and how it ends."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from tests.cli.command import sickbay

from sickbay.cli.commands import tail as tail_command
from sickbay.cli.event_stream import StreamEvent
from sickbay.testing.server import Live, serving

DISCOVERY = "/general/r4/.well-known/smart-configuration"
REFUSED = "/general/r4/Patient/p-0001"
SECONDS = 60
EXCHANGE = {
    "id": "i",
    "at": 0,
    "tenant": "general",
    "app": "a\x1b[31mb",
    "stage": "access",
    "request": {"method": "GET", "url": "http://localhost/x\x07" + "y" * 300},
    "response": {"status": 404},
    "outcome": "failed",
    "milliseconds": None,
    "findings": [],
    "injected": {"fault": "f", "kind": "status"},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tail") / "data"


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Live]:
    with serving("--data", str(place), "--patients", "1", "--workers", "2") as running:
        yield running


class Tail:
    def __init__(self, process: subprocess.Popen[str], errors: Path) -> None:
        self.process, self.errors = process, errors

    def lines(self, number: int) -> list[str]:
        assert self.process.stdout is not None
        return [self.process.stdout.readline() for _ in range(number)]

    def end(self, number: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """The exit code and standard error."""
        self.process.send_signal(number)
        return self.process.wait(SECONDS), self.errors.read_text(encoding="utf-8")


@contextmanager
def tail(folder: Path, errors: Path, *arguments: str) -> Iterator[Tail]:
    """The command, once it receives exchanges."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SICKBAY_")}
    command = [sys.executable, "-m", "sickbay", "tail", "--data", str(folder), *arguments]
    with errors.open("w", encoding="utf-8") as standard_error:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=standard_error, text=True, env=environment)
    try:
        deadline = time.monotonic() + SECONDS
        while "Waiting for exchanges" not in errors.read_text(encoding="utf-8"):
            assert time.monotonic() < deadline, errors.read_text(encoding="utf-8")
            assert process.poll() is None, errors.read_text(encoding="utf-8")
            time.sleep(0.05)
        yield Tail(process, errors)
    finally:
        process.kill()
        process.wait(SECONDS)
        assert process.stdout is not None
        process.stdout.close()


def ask(server: Live, path: str) -> str:
    """The ID of an exchange. Each request has its own connection, so both workers answer some."""
    return httpx2.get(server.base + path).headers["x-correlation-id"]


def test_it_prints_exchanges_of_both_workers_with_links_until_ctrl_c(server: Live, place: Path, tmp_path: Path) -> None:
    with tail(place, tmp_path / "errors") as following:
        ids = [ask(server, path) for path in (REFUSED, DISCOVERY) * 4]
        lines = following.lines(8)
        code, errors = following.end()
    assert {line.rsplit("/", 1)[1].strip() for line in lines} == {*ids}
    refused = next(line for line in lines if ids[0] in line)
    for part in (
        "general",
        "access",
        "401",
        f"GET {REFUSED}",
        " ms",
        "fhir-token-missing",
        f"{server.base}/exchanges/{ids[0]}",
    ):
        assert part in refused
    assert code == 130
    assert "Traceback" not in errors


def test_json_has_an_object_a_line_as_the_list_has(server: Live, place: Path, tmp_path: Path) -> None:
    with tail(place, tmp_path / "errors", "--json", "--stage", "discovery", "--status", "2xx") as following:
        ids = [ask(server, path) for path in (DISCOVERY, REFUSED, DISCOVERY)]
        found = {exchange["id"]: exchange for exchange in map(json.loads, following.lines(2))}
        following.end()
    assert {*found} == {ids[0], ids[2]}
    listed = httpx2.get(f"{server.base}/exchanges", headers={"Accept": "application/json"}).json()
    assert [exchange for exchange in listed if exchange["id"] == ids[0]] == [found[ids[0]]]


def test_it_can_begin_with_earlier_exchanges_and_ends_with_the_reader_of_its_output(
    server: Live, place: Path, tmp_path: Path
) -> None:
    id = ask(server, "/general/oauth/authorize?client_id=unknown")  # no other test sends one
    with tail(place, tmp_path / "errors", "--last", "1", "is:refused", "stage:authorize") as following:
        assert id in following.lines(1)[0]
        assert following.process.stdout is not None
        following.process.stdout.close()  # as `head -1` does, and no other exchange follows
        assert following.process.wait(SECONDS) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("stauts:404",), "There is no filter stauts. Did you mean status:?"),
        (("--status", "abc"), "abc is not a status. Write three digits such as 404, or 4xx for all from 400 to 499."),
        (("--app", "no such app"), "There is no app no such app."),
        (("--hospital", "nowhere"), "There is no hospital nowhere. Hospitals: "),
        (("--stage", "tokn"), "No exchange has the stage tokn. Did you mean token?"),
        (("--rule", "pkce-mising"), "There is no rule pkce-mising. Did you mean "),
        (("--last", "-1"), "--last"),
        (("--lines", "1"), "--lines"),
    ],
)
def test_a_wrong_argument_is_explained(server: Live, place: Path, arguments: tuple[str, ...], says: str) -> None:
    result = sickbay("tail", *arguments, folder=place)
    assert (result.returncode, result.stdout) == (2, "")
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_without_a_server_it_says_how_to_start_one(tmp_path: Path) -> None:
    result = sickbay("tail", folder=tmp_path)
    assert result.returncode == 1
    assert "Sickbay isn't running on this data folder. Start it with `sickbay serve`" in result.stderr


def test_it_says_that_the_server_has_stopped(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with serving("--data", str(folder), "--patients", "0") as running, tail(folder, tmp_path / "errors") as following:
        running.process.terminate()
        assert following.process.wait(SECONDS) == 1
        assert f"Sickbay at {running.base} stopped." in following.errors.read_text(encoding="utf-8")


def test_it_ends_if_the_reader_of_its_output_has_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """`sickbay tail | head -1` must not go on after `head` has ended."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr(tail_command, "follow", lambda *_: iter([StreamEvent("exchange", EXCHANGE, "1", "http://localhost")]))
    monkeypatch.setattr(sys, "stdout", Closed())
    with pytest.raises(BrokenPipeError):
        tail_command.tail()


def test_what_a_request_contains_cannot_control_the_terminal() -> None:
    line = tail_command.describe(EXCHANGE, "http://localhost:7425")
    assert "\x1b" not in line
    assert "\x07" not in line
    assert "injected fault: status" in line
    assert len(line) < 260
