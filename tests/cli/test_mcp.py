"""`sickbay mcp`: the tools over standard input and output, with a server and without one."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import httpx2
import pytest
from tests.cli.command import sickbay

from sickbay.cli import folder as folders
from sickbay.testing.server import Live, serving

SECONDS = 60
OKAFOR = {"app": "sample-app-general", "scope": "user/Patient.rs", "user": "okafor"}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mcp") / "data"


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Live]:
    with serving("--data", str(place), "--patients", "1") as running:
        yield running


class Client:
    """A client that sends a message and reads the response."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._input: IO[bytes] = process.stdin  # type: ignore[assignment]
        self._output: IO[bytes] = process.stdout  # type: ignore[assignment]

    def send(self, method: str, **params: Any) -> dict[str, Any]:
        self.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode() + b"\n")
        return self.read()

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        return dict(self.send("tools/call", name=tool, arguments=arguments)["result"]["structuredContent"])

    def write(self, line: bytes) -> None:
        self._input.write(line)
        self._input.flush()

    def read(self) -> dict[str, Any]:
        return dict(json.loads(self._output.readline()))

    def close(self) -> int:
        self.process.communicate()
        return self.process.wait(SECONDS)


@contextmanager
def _client(*arguments: str) -> Iterator[Client]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SICKBAY_")}
    command = [sys.executable, "-m", "sickbay", "mcp", *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=inherited)
    try:
        yield Client(process)
    finally:
        process.kill()
        process.communicate()


def _start(client: Client) -> None:
    """Start the server. On a busy machine that takes longer than one call waits."""
    for _ in range(5):
        started = client.call("sandbox", action="start")
        if "starting" not in started.get("error", ""):
            break
    assert started["running"], started


def _await(condition: Any) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_token_is_in_a_private_file_and_in_no_result(server: Live, place: Path) -> None:
    with _client("--data", str(place)) as client:
        issued = client.call("token", **OKAFOR)
        file = Path(issued["file"])
        token = file.read_text()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
        assert token not in json.dumps(issued)
        read = client.call(issued["next"][0]["tool"], **issued["next"][0]["arguments"])
        assert (read["status"], read["type"]) == (200, "Patient")
        for handle in ("../admin-token", "token-0000000000000000", str(file)):
            assert "error" in client.call("fhir", path="Patient/p-0001", token=handle)
        secret = client.call(
            "apps",
            action="add",
            set={
                "name": "A",
                "type": "provider",
                "client": "symmetric",
                "scope": "openid",
                "redirect_uris": ["http://localhost:1/"],
            },
        )
        assert "client_secret" not in secret
        assert stat.S_IMODE(Path(secret["client_secret_file"]).stat().st_mode) == 0o600
        os.utime(file, (0, 0))
        client.call("token", **OKAFOR)
        assert not file.exists()
        assert client.close() == 0


def test_a_fault_that_breaks_connections_breaks_no_connection_of_the_tools(server: Live, place: Path) -> None:
    fault = {"kind": "reset", "stage": "access"}
    with _client("--data", str(place)) as client, httpx2.Client(trust_env=False, timeout=SECONDS) as http:
        assert client.call("faults", fault=fault)["faults"]
        call = {"name": "fhir", "arguments": {"path": "Patient/p-0001"}}
        message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        answer = http.post(f"{server.line['base']}/mcp", json=message)
        assert answer.json()["result"]["structuredContent"]["status"] >= 500
        assert client.call("fhir", path="Patient/p-0001")["status"] == 504
        assert client.call("faults", action="clear")["faults"] == []


def test_each_line_gets_one_line_and_nothing_else_is_written(server: Live, place: Path) -> None:
    with _client("--data", str(place)) as client:
        client.write(b'\n  \n{"jsonrpc": "2.0", "method": "notifications/initialized"}\n{"jsonrpc"\n')
        assert client.read()["error"]["code"] == -32700
        client.write(b'"' + b"a" * 600_000 + b'"\n')
        assert client.read()["error"]["code"] == -32700
        assert client.send("ping")["result"] == {}
        client.write(b'{"jsonrpc": "2.0", "id": 7, "method": "ping"}')  # without an end of line
        rest, _ = client.process.communicate(timeout=SECONDS)
        assert json.loads(rest)["id"] == 7
        assert client.process.returncode == 0


def test_read_only_is_what_the_command_says(server: Live, place: Path) -> None:
    with _client("--data", str(place), "--read-only") as client:
        assert "error" in client.call("token", **OKAFOR)
        assert client.call("apps")["apps"]


def test_the_tools_start_a_server_and_end_it_with_their_input(tmp_path: Path) -> None:
    place = tmp_path / "data"
    with _client("--data", str(place)) as client:
        assert client.call("sandbox")["running"] is False
        _start(client)
        assert folders.find_running_server(place) is not None
        assert client.call("exchanges")["exchanges"] == []
        assert client.close() == 0
    assert folders.find_running_server(place) is None


def test_a_signal_ends_the_server_that_the_tools_started(tmp_path: Path) -> None:
    place = tmp_path / "data"
    with _client("--data", str(place)) as client:
        _start(client)
        client.process.send_signal(signal.SIGTERM)
        client.process.wait(SECONDS)
    _await(lambda: folders.find_running_server(place) is None)


def test_the_handshake_imports_neither_the_rules_nor_the_http_client() -> None:
    code = (
        "import sys, asyncio\nfrom sickbay.cli import stdio_tools\nfrom sickbay.agents import engine\n"
        "api = stdio_tools.RunningApi('/nonexistent', read_only=False)\n"
        "for method in ('initialize', 'tools/list', 'ping'):\n"
        '    message = f\'{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"protocolVersion":"2025-11-25"}}}}\'\n'
        "    assert 'result' in asyncio.run(engine.answer(message.encode(), api)).message\n"
        "slow = ('httpx2', 'sickbay.diagnosis', 'sickbay.doctor', 'starlette', 'cryptography')\n"
        "print([name for name in slow if name in sys.modules])\n"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=SECONDS)
    assert loaded.stdout.strip() == "[]"


def test_a_wrong_argument_is_said_on_standard_error() -> None:
    result = sickbay("mcp", "--live", "https://ehr.example.org")
    assert result.returncode == 2
    assert result.stdout == ""
    assert "--live" in result.stderr
