"""Every message gets one response of its era, whatever is in it, even without a Sickbay that runs."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from tests.agents.instructions import INSTRUCTIONS, find_leaks
from tests.laws import for_each
from tests.protocol.test_mcp import JSON, MESSAGES, META

from sickbay.agents import engine
from sickbay.agents.api import ApiAnswer, CannotStart, KeptToken, NotRunning
from sickbay.agents.definitions import BY_NAME, TOOLS
from sickbay.diagnosis.catalogue import RULES


class NoServer:
    """Nothing runs, and nothing can be started."""

    is_local = True

    def __init__(self, *, read_only: bool = False) -> None:
        self.read_only = read_only

    async def send(self, method: str, path: str, body: Mapping[str, Any] | None = None, token: str | None = None) -> ApiAnswer:
        raise NotRunning

    async def keep_token(self, token: str) -> KeptToken:
        return KeptToken("handle")

    async def find_token(self, handle: str) -> str | None:
        return None

    async def keep_secret(self, secret: str) -> str:
        return ""

    async def compute(self, function: Any, *arguments: Any) -> Any:
        return function(*arguments)

    async def start(self) -> None:
        raise CannotStart("It can't be started.")


def _answer(raw: bytes, api: NoServer | None = None) -> Any:
    return asyncio.run(engine.answer(raw, api or NoServer()))


def _call(tool: str, api: NoServer | None = None, /, **arguments: Any) -> dict[str, Any]:
    result = asyncio.run(engine.run(tool, arguments, api or NoServer()))
    assert orjson.loads(result["content"][0]["text"]) == result["structuredContent"]
    return dict(result["structuredContent"])


@given(MESSAGES | JSON)
def test_every_message_gets_one_response(message: Any) -> None:
    reply = _answer(orjson.dumps(message))
    assert reply.message is None or ("result" in reply.message) != ("error" in reply.message)


@given(
    st.sampled_from(TOOLS),
    st.fixed_dictionaries(
        {},
        optional={
            "text": st.text(max_size=60),
            "id": st.text(max_size=20),
            "query": st.text(max_size=20),
            "page": st.text(max_size=20) | st.sampled_from(["README", "tutorial", "../../etc/passwd"]),
            "section": st.text(max_size=10),
            "cursor": st.text(max_size=6),
            "action": st.sampled_from(["list", "add", "status", "start", "reset"]),
            "set": st.dictionaries(st.text(max_size=8), JSON, max_size=2),
            "fault": st.dictionaries(st.text(max_size=8), JSON, max_size=2),
            "clock": st.text(max_size=6),
        },
    ),
)
def test_a_tool_never_raises(tool: dict[str, Any], arguments: dict[str, Any]) -> None:
    known = {name: value for name, value in arguments.items() if name in tool["inputSchema"]["properties"]}
    result = _call(tool["name"], **known)
    assert len(result["next"]) <= 3
    assert all(call["tool"] in BY_NAME for call in result["next"])


def test_the_handshake_of_the_legacy_era_is_answered_without_a_server() -> None:
    params = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "a", "version": "1"}}
    reply = _answer(orjson.dumps({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params}))
    assert reply.message["result"]["protocolVersion"] == "2025-06-18"
    assert reply.message["result"]["serverInfo"]["name"] == "sickbay"
    assert _answer(b'{"jsonrpc": "2.0", "id": 1, "method": "ping"}').message["result"] == {}


def test_the_modern_era_has_no_handshake_and_no_ping() -> None:
    found = _answer(orjson.dumps({"jsonrpc": "2.0", "id": 0, "method": "server/discover", "params": {"_meta": META}}))
    assert found.message["result"]["supportedVersions"] == ["2026-07-28"]
    assert found.message["result"]["ttlMs"] > 0
    for method in ("ping", "initialize", "resources/list"):
        refused = _answer(orjson.dumps({"jsonrpc": "2.0", "id": 0, "method": method, "params": {"_meta": META}}))
        assert refused.status == 404


@for_each("params", [{}, {"name": 1}, {"name": "exec"}, {"name": "doctor", "arguments": []}])
def test_an_unknown_tool_is_an_error_of_the_protocol(params: dict[str, Any]) -> None:
    reply = _answer(orjson.dumps({"jsonrpc": "2.0", "id": 0, "method": "tools/call", "params": params}))
    assert reply.message["error"]["code"] == -32602


@for_each(
    "tool, arguments",
    [
        ("exchanges", {}),
        ("explain", {}),
        ("apps", {}),
        ("launch", {"app": "a"}),
        ("token", {"app": "a", "scope": "launch"}),
        ("fhir", {"path": "Patient/a"}),
        ("policies", {"tenant": "general"}),
        ("faults", {}),
        ("sandbox", {"action": "reset"}),
    ],
)
def test_a_tool_that_needs_a_server_says_how_to_start_one(tool: str, arguments: dict[str, Any]) -> None:
    result = _call(tool, **arguments)
    assert "error" in result
    assert result["next"][0]["tool"] == "sandbox"
    assert result["next"][0]["arguments"] == {"action": "start"}


def test_the_sandbox_says_that_nothing_runs_and_why_it_cannot_be_started() -> None:
    assert _call("sandbox")["running"] is False
    assert _call("sandbox", action="start")["error"] == "It can't be started."


def test_doctor_rules_and_docs_work_without_a_server() -> None:
    assert _call("doctor", text="error=invalid_grant")["verdict"] == "error"
    assert _call("rules", id="state-missing")["fix"]
    assert _call("docs", query="clock")["hits"]
    assert _call("docs", page="README", section="no such heading")["next"][0]["arguments"]["section"]


def test_a_long_page_is_read_in_parts_that_together_are_the_page() -> None:
    arguments, text = {"page": "running"}, ""
    overview = _call("docs", **arguments)
    for section in overview["sections"]:
        part = _call("docs", page="running", section=section)
        text += part["markdown"]
        while part.get("cursor"):
            part = _call("docs", page="running", section=section, cursor=part["cursor"])
            text += part["markdown"]
    from sickbay.doctor.pages import PAGES

    assert text in PAGES.read_text("running.md")


@for_each(
    "tool, arguments",
    [
        ("launch", {"app": "a"}),
        ("token", {"app": "a", "scope": "launch"}),
        ("sandbox", {"action": "reset"}),
        ("sandbox", {"action": "start"}),
        ("apps", {"action": "remove", "app": "a"}),
        ("apps", {"set": {"name": "a"}}),
        ("policies", {"tenant": "general", "set": {"pkce": "off"}}),
        ("faults", {"fault": {"kind": "status"}}),
        ("faults", {"action": "clear"}),
        ("faults", {"clock": "+2h"}),
    ],
)
def test_a_read_only_server_refuses_what_would_change_something(tool: str, arguments: dict[str, Any]) -> None:
    assert "read-only" in _call(tool, NoServer(read_only=True), **arguments)["error"]


def test_a_read_only_server_still_reads() -> None:
    assert _call("sandbox", NoServer(read_only=True))["running"] is False
    assert "error" not in _call("rules", NoServer(read_only=True), query="state")


@for_each("text", INSTRUCTIONS[::20])
def test_a_pasted_text_is_only_in_the_marked_fields(text: str) -> None:
    assert not find_leaks(_call("doctor", text=f"error=server_error&error_description={text}", all=True))


@for_each("id", [rule.id for rule in RULES[::20]])
def test_a_rule_is_told_in_full_and_briefly(id: str) -> None:
    assert 300 < len(orjson.dumps(_call("rules", id=id))) < 4_000
