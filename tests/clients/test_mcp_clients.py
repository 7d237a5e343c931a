"""The protocol's own clients, unmodified: for Python in each of its modes, both for TypeScript, and the Inspector's command."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import skip_or_fail
from tests.laws import pairs

from sickbay.agents.definitions import TOOLS
from sickbay.testing.server import Live, serving

APP = Path(__file__).parent / "mcp" / "app.mjs"
LEGACY, MODERN = "2025-11-25", "2026-07-28"
MODES = {"legacy": LEGACY, "auto": MODERN, MODERN: MODERN}
"""Each mode of the client for Python, and the version that it comes to."""

CLIENTS = (("sdk", None, ""), ("client", None, LEGACY), ("client", "auto", MODERN))
"""Those for TypeScript: the SDK, the mode, and the version that it comes to."""

ERAS = ("legacy", "modern")
TOOL_ERROR = 5
"""The exit code of the Inspector after a result with `isError`."""


Inspect = Callable[..., tuple[int, dict[str, Any]]]
"""Runs the Inspector with the name of a server and a method. Returns its exit code and its output."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mcp-clients") / "data"


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Live]:
    with serving("--data", str(place), "--patients", "1") as running:
        yield running


async def _use(target: Any, mode: Any) -> tuple[str, int, dict[str, Any], bool]:
    """The version, the number of tools, the result of a call, and whether a wrong call is an error."""
    from mcp import Client  # takes long to import, and every worker imports each test

    async with Client(target, mode=mode) as client:
        tools = (await client.list_tools()).tools
        status = await client.call_tool("sandbox", {"action": "status"})
        wrong = await client.call_tool("exchanges", {"limt": 1})
        return client.protocol_version, len(tools), status.structured_content or {}, bool(wrong.is_error)


@pytest.mark.parametrize(("mode", "transport"), pairs(MODES, ["http", "stdio"]))
def test_the_client_for_python_lists_and_calls_the_tools(server: Live, place: Path, mode: str, transport: str) -> None:
    base = server.line["base"]
    from mcp import StdioServerParameters

    stdio = StdioServerParameters(command=sys.executable, args=["-m", "sickbay", "mcp", "--data", str(place)])
    version, tools, status, is_error = asyncio.run(_use(f"{base}/mcp" if transport == "http" else stdio, mode))
    assert (version, tools, is_error) == (MODES[mode], len(TOOLS), True)
    assert status["base"] == base


def _run(node: Path, **fields: Any) -> dict[str, Any]:
    command = shutil.which("node")
    if command is None or not (node / "@modelcontextprotocol" / "client").is_dir():
        skip_or_fail("node", "no node, or no @modelcontextprotocol in node_modules; run make node")
    process = subprocess.run([command, APP], input=json.dumps(fields), capture_output=True, text=True, timeout=60, check=False)
    assert process.returncode == 0, process.stderr
    return dict(json.loads(process.stdout))


@pytest.mark.parametrize(("client", "transport"), pairs(CLIENTS, ["http", "stdio"]))
def test_the_clients_for_typescript_list_and_call_the_tools(
    server: Live, place: Path, node: Path, client: tuple[str, str | None, str], transport: str
) -> None:
    sdk, mode, version = client
    base = server.line["base"]
    stdio = {"command": sys.executable, "args": ["-m", "sickbay", "mcp", "--data", str(place)]}
    result = _run(node, sdk=sdk, mode=mode, **({"url": f"{base}/mcp"} if transport == "http" else stdio))
    assert (result["tools"], result["isError"], result["version"]) == (len(TOOLS), True, version)
    assert result["status"]["base"] == base


@pytest.fixture(scope="module")
def inspect(server: Live, place: Path, node: Path, tmp_path_factory: pytest.TempPathFactory) -> Inspect:
    """Runs the Inspector's command. Its own files stay in a folder of the test."""
    command, folder = node / ".bin" / "mcp-inspector", tmp_path_factory.mktemp("inspector")
    if not command.exists():
        skip_or_fail("node", "no @modelcontextprotocol/inspector in node_modules; run make node")
    stdio = {"command": sys.executable, "args": ["-m", "sickbay", "mcp", "--data", str(place)]}
    transports: dict[str, dict[str, Any]] = {
        "http": {"type": "streamable-http", "url": f"{server.base}/mcp"},
        "stdio": {"type": "stdio", "env": {"PYTHONPATH": os.environ["PYTHONPATH"]}, **stdio},
    }
    servers = {f"{era}-{name}": {**fields, "protocolEra": era} for era in ERAS for name, fields in transports.items()}
    (folder / "mcp.json").write_text(json.dumps({"mcpServers": servers}))
    environment = {**os.environ, "HOME": str(folder), "MCP_INSPECTOR_SECRET_STORE": "memory"}

    def run(name: str, *method: str) -> tuple[int, dict[str, Any]]:
        line = [str(command), "--cli", "--config", str(folder / "mcp.json"), "--server", name, "--method", *method]
        process = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False, env=environment)
        return process.returncode, json.loads(process.stdout)

    return run


@pytest.mark.parametrize(("era", "transport"), pairs(ERAS, ["http", "stdio"]))
def test_the_inspector_lists_and_calls_the_tools(server: Live, inspect: Inspect, era: str, transport: str) -> None:
    name = f"{era}-{transport}"
    code, listed = inspect(name, "tools/list")
    assert (code, listed["tools"]) == (0, list(TOOLS))
    code, status = inspect(name, "tools/call", "--tool-name", "sandbox", "--tool-arg", "action=status")
    assert (code, status["structuredContent"]["base"]) == (0, server.base)
    code, wrong = inspect(name, "tools/call", "--tool-name", "exchanges", "--tool-arg", "limt=1")
    assert (code, wrong["isError"], wrong["structuredContent"]["next"][0]["arguments"]) == (TOOL_ERROR, True, {"limit": 1})
