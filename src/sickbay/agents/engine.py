"""Answers one message of the Model Context Protocol: lists what is available, or calls a tool."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any, Final

import orjson

from sickbay import __version__
from sickbay.agents.api import SickbayApi
from sickbay.agents.definitions import BY_NAME, INSTRUCTIONS, ONLY_WRITE, WRITES, list_tools
from sickbay.protocol import mcp
from sickbay.protocol.mcp import Call, Headers, Reply

LOG = logging.getLogger("sickbay")
MESSAGE_BYTES: Final = 262_144
"""Maximum size of a message in bytes. A text for the doctor can be twice as long in JSON."""
SERVER: Final = {"name": "sickbay", "title": "Sickbay", "version": __version__}
CACHE: Final = {"ttlMs": 3_600_000, "cacheScope": "private"}
CAPABILITIES: Final[dict[str, Any]] = {"tools": {}}
READ_ONLY: Final = "This Sickbay is read-only for agents. Ask the user to change it, or to start it without read-only."
Tool = Callable[[SickbayApi, Mapping[str, Any]], Awaitable[Any]]


async def answer(raw: bytes, api: SickbayApi, headers: Headers | None = None) -> Reply:
    """Returns the response to a message. headers: those of its HTTP request; None over stdio."""
    call = mcp.read(raw, headers)
    if isinstance(call, Reply):
        return call
    if call.method == "tools/call":
        return await _call_tool(call, api)
    result = _describe_method(call, api)
    return mcp.fail(call, mcp.METHOD_NOT_FOUND, "Method not found") if result is None else mcp.respond(call, result, SERVER)


def _describe_method(call: Call, api: SickbayApi) -> dict[str, Any] | None:
    """Returns the result of any method except tools/call; None if this era has no such method."""
    if call.method == "tools/list":
        return {"tools": list_tools(read_only=api.read_only)} | (CACHE if call.is_modern else {})
    if call.is_modern:
        found = {"supportedVersions": [*mcp.MODERN], "capabilities": CAPABILITIES, "instructions": INSTRUCTIONS, **CACHE}
        return found if call.method == "server/discover" else None
    if call.method == "initialize":
        version = mcp.choose_version(call.params["protocolVersion"])
        return {"protocolVersion": version, "capabilities": CAPABILITIES, "serverInfo": SERVER, "instructions": INSTRUCTIONS}
    return {} if call.method == "ping" else None


async def _call_tool(call: Call, api: SickbayApi) -> Reply:
    name, arguments = call.params.get("name"), call.params.get("arguments", {})
    if not isinstance(name, str) or name not in BY_NAME:
        return mcp.fail(call, mcp.INVALID_PARAMS, f"Unknown tool. The tools are {', '.join(BY_NAME)}")
    if not isinstance(arguments, dict):
        return mcp.fail(call, mcp.INVALID_PARAMS, "arguments must be an object")
    result = await run(name, arguments, api)
    size = len(orjson.dumps(result["structuredContent"]))
    LOG.debug("mcp %s %d bytes%s", name, size, " error" if result.get("isError") else "")
    return mcp.respond(call, result, SERVER)


async def run(name: str, arguments: Mapping[str, Any], api: SickbayApi) -> dict[str, Any]:
    """Returns the result of a tool as JSON. Never raises, so that the agent can read what went wrong."""
    from sickbay.agents import arguments as checks  # not needed before the first call
    from sickbay.agents import problems
    from sickbay.agents.result import refuse

    if wrong := checks.check(BY_NAME[name], arguments):
        return wrong.to_json()
    if api.read_only and _is_writing_call(name, arguments):
        return refuse(READ_ONLY).to_json()
    tool: Tool = import_module(f"sickbay.agents.tools.{name}").run
    try:
        return (await tool(api, arguments)).to_json()  # type: ignore[no-any-return]
    except problems.EXPECTED as error:
        return (await problems.describe(api, name, arguments, error)).to_json()


def _is_writing_call(name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a call would change something."""
    is_action = arguments.get("action") in WRITES.get(name, ())
    return name in ONLY_WRITE or is_action or not arguments.keys().isdisjoint(("set", "fault", "clock"))
