"""The definitions of the tools are few and short, and say truthfully what a tool may change."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import orjson
from tests.laws import for_each

from sickbay.agents.definitions import BY_NAME, INSTRUCTIONS, TOOLS, WRITES, list_tools

MAXIMUM_TOOLS, MAXIMUM_BYTES, MAXIMUM_INSTRUCTIONS = 12, 8_192, 1_000


def test_there_are_at_most_twelve_tools_and_eight_kilobytes() -> None:
    assert len(TOOLS) == len(BY_NAME) <= MAXIMUM_TOOLS
    assert (
        len(orjson.dumps(list_tools(read_only=False), option=orjson.OPT_INDENT_2)) > MAXIMUM_BYTES
    )  # agents get none of the spaces
    assert len(orjson.dumps({"tools": list_tools(read_only=False)})) <= MAXIMUM_BYTES
    assert len(INSTRUCTIONS) <= MAXIMUM_INSTRUCTIONS


@for_each("tool", TOOLS)
def test_a_tool_has_a_module_and_a_closed_schema(tool: dict[str, Any]) -> None:
    assert callable(import_module(f"sickbay.agents.tools.{tool['name']}").run)
    schema = tool["inputSchema"]
    assert schema["type"] == "object"
    assert schema["additionalProperties"] is False
    assert schema["properties"].keys() >= {*schema.get("required", ())}
    assert tool["description"].endswith(".")
    assert {member["type"] for member in schema["properties"].values()} <= {"string", "integer", "boolean", "object"}


def test_a_read_only_server_offers_only_tools_that_read() -> None:
    offered = {tool["name"]: tool for tool in list_tools(read_only=True)}
    assert offered.keys() == BY_NAME.keys() - {"launch", "token"}
    assert all(tool["annotations"]["readOnlyHint"] for tool in offered.values())
    for name, actions in WRITES.items():
        assert {*offered[name]["inputSchema"]["properties"]["action"]["enum"]}.isdisjoint(actions)
    assert not any({"set", "fault", "clock"} & tool["inputSchema"]["properties"].keys() for tool in offered.values())


def test_only_tools_that_read_say_so() -> None:
    reading = {tool["name"] for tool in TOOLS if tool["annotations"]["readOnlyHint"]}
    assert reading == {"doctor", "explain", "exchanges", "rules", "docs", "fhir"}
    assert all("destructiveHint" in tool["annotations"] for tool in TOOLS if tool["name"] not in reading)
