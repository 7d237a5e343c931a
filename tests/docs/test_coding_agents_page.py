"""The set-up lines of "Let your coding agent debug your launch" start the tools or find them, as far as Sickbay can tell."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.docs.code_blocks import Block, blocks, run
from tests.laws import for_each

from sickbay.agents.definitions import TOOLS
from sickbay.testing.server import Live, serving

PAGE = "docs/how-to/coding-agents.md"
TOKEN = "the-admin-token-of-the-page"
LIST = '{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}\n'


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("agents") / "data"


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Live]:
    with serving("--data", str(place), "--patients", "1", "--admin-token", TOKEN) as live:
        yield live


def _servers() -> list[dict[str, Any]]:
    """What the client would start or call, from each block of the page."""
    found = []
    for block in blocks(PAGE):
        if block.language == "sh":
            found += [{"line": line} for line in block.text.splitlines() if " mcp add " in line]
        elif block.language in ("json", "toml"):
            found.append(_read_configuration(block))
    return found


def _read_configuration(block: Block) -> dict[str, Any]:
    parsed = json.loads(block.text) if block.language == "json" else tomllib.loads(block.text)
    (servers,) = parsed.values()
    (name,) = servers
    assert name == "sickbay"
    return dict(servers[name])


def _command(configured: dict[str, Any]) -> list[str]:
    """The command line that the client starts."""
    if "line" in configured:
        return shlex.split(configured["line"])[shlex.split(configured["line"]).index("--") + 1 :]
    command = configured["command"]
    return [*command] if isinstance(command, list) else [command, *configured["args"]]


def test_the_page_has_set_up_lines_for_six_clients() -> None:
    assert len(_servers()) == 11
    text = " ".join(block.text for block in blocks(PAGE))
    assert {"claude", "codex"} <= {*re.findall(r"(\w+) mcp add", text)}


@for_each("configured", [found for found in _servers() if "url" not in found])
def test_each_command_offers_the_tools(configured: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "in").write_text(LIST)
    output = run(tmp_path, f"{shlex.join(_command(configured))} < in", SICKBAY_DATA=str(tmp_path / "data"))
    offered = json.loads(output.splitlines()[-1])["result"]["tools"]
    assert len(offered) == (len(TOOLS) if "--read-only" not in _command(configured) else len(TOOLS) - 2)


def test_each_address_offers_the_tools(server: Live) -> None:
    for configured in (found for found in _servers() if "url" in found):
        url = configured["url"].replace("http://localhost:7425", server.line["base"])
        headers = {
            name: value.replace("${SICKBAY_ADMIN_TOKEN}", TOKEN) for name, value in configured.get("headers", {}).items()
        }
        if "bearer_token_env_var" in configured:
            headers["Authorization"] = f"Bearer {TOKEN}"
        with httpx2.Client(trust_env=False) as client:
            answer = client.post(url, content=LIST, headers={"content-type": "application/json", **headers})
        assert len(answer.json()["result"]["tools"]) == len(TOOLS)


def test_the_other_commands_of_the_page_work(server: Live, tmp_path: Path) -> None:
    script = "".join(block.text for block in blocks(PAGE) if block.text.startswith("curl"))
    output = run(tmp_path, script.replace("http://localhost:7425", server.line["base"]))
    assert "# Sickbay" in output
    assert "# Rule state-missing" in output
