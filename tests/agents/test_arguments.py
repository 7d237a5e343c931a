"""Wrong arguments are answered with the right call."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.agents.instructions import INSTRUCTIONS, find_marks
from tests.laws import for_each
from tests.protocol.test_mcp import JSON

from sickbay.agents.arguments import check
from sickbay.agents.definitions import BY_NAME, TOOLS


@for_each(
    "tool, arguments, corrected",
    [
        ("exchanges", {"limt": 5}, {"limit": 5}),
        ("exchanges", {"limit": "5"}, {"limit": 5}),
        ("exchanges", {"limit": 500}, {"limit": 50}),
        ("exchanges", {"limit": True}, {"limit": 50}),
        ("exchanges", {"limit": "all"}, {"limit": 50}),
        ("exchanges", {"outcome": "refusd"}, {"outcome": "refused"}),
        ("explain", {"ids": "w9nxqA3kXb2ZtY7r"}, {"id": "w9nxqA3kXb2ZtY7r"}),
        ("explain", {"ids": "the last one"}, {"id": "ID"}),
        ("launch", {}, {"app": "APP-ID"}),
        ("token", {"app": 1}, {"app": "APP-ID", "scope": "user/Patient.rs"}),
        ("doctor", {"text": "a" * 70_000}, {"text": "ERROR-OR-URL"}),
        ("apps", {"set": "name"}, {"set": {}}),
        ("doctor", {"text": "launch", "everything": True}, {"text": "launch"}),
        ("explain", {"exchange": "w9nxqA3kXb2ZtY7r"}, {"id": "w9nxqA3kXb2ZtY7r"}),
        ("explain", {"client_id": "w9nxqA3kXb2ZtY7r"}, {"app": "w9nxqA3kXb2ZtY7r"}),
        ("rules", {"name": "scope-missing"}, {"id": "scope-missing"}),
        ("fhir", {"url": "Patient/p-0001"}, {"path": "Patient/p-0001"}),
        ("apps", {"action": "create", "set": {"type": "provider"}}, {"action": "add", "set": {"type": "provider"}}),
        ("apps", {"action": "add", "name": "My app", "type": "provider"}, {"set": {"name": "NAME", "type": "provider"}}),
        ("apps", {"action": "add", "pkce": "off", "set": {"client": "public"}}, {"set": {"client": "public", "pkce": "off"}}),
        ("apps", {"action": "show", "name": "w9nxqA3kXb2ZtY7r"}, {"app": "w9nxqA3kXb2ZtY7r"}),
        ("apps", {"action": "delete", "app": "w9nxqA3kXb2ZtY7r"}, {"action": "remove", "app": "w9nxqA3kXb2ZtY7r"}),
        ("faults", {"action": "inject", "kind": "status"}, {"action": "add", "fault": {"kind": "status"}}),
        ("faults", {"action": "remove", "id": "w9nxqA3kXb2ZtY7r"}, {"action": "clear", "id": "w9nxqA3kXb2ZtY7r"}),
        ("policies", {"tenant": "general", "zzzz": 1}, {"tenant": "TENANT"}),
    ],
)
def test_the_right_call_is_next(tool: str, arguments: dict[str, Any], corrected: dict[str, Any]) -> None:
    wrong = check(BY_NAME[tool], arguments)
    assert wrong is not None
    assert wrong.is_error
    call = wrong.next[0]
    assert call["tool"] == tool
    assert {name: call["arguments"].get(name) for name in corrected} == corrected | (
        {"tenant": "general"} if tool == "policies" else {}
    )
    assert check(BY_NAME[tool], call["arguments"]) is None


def test_right_arguments_pass() -> None:
    assert check(BY_NAME["exchanges"], {"limit": 5, "outcome": "refused"}) is None
    assert check(BY_NAME["sandbox"], {}) is None


@given(
    st.sampled_from(TOOLS),
    st.dictionaries(st.sampled_from(["app", "limit", "action", "set", "text", "scope", "path"]) | st.text(max_size=50), JSON),
)
def test_the_right_call_of_any_arguments_passes(tool: dict[str, Any], arguments: dict[str, Any]) -> None:
    wrong = check(tool, arguments)
    assert wrong is None or check(tool, wrong.next[0]["arguments"]) is None


@for_each("text", INSTRUCTIONS)
def test_the_right_call_repeats_no_text_of_a_stranger(text: str) -> None:
    for tool in TOOLS:
        wrong = check(tool, {text: text, "app": text, "limit": text, "action": text, "set": text, "txt": text, "scop": text})
        assert wrong is not None
        assert not find_marks(wrong.to_json())
