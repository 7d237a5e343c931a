"""Calls the tools over POST /mcp."""

from __future__ import annotations

from typing import Any

import httpx2
import orjson


async def send(http: httpx2.AsyncClient, method: str, params: dict[str, Any] | None = None, **headers: str) -> httpx2.Response:
    message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    return await http.post("/mcp", json=message, headers={"accept": "application/json, text/event-stream", **headers})


async def call(http: httpx2.AsyncClient, tool: str, **arguments: Any) -> dict[str, Any]:
    """The structured result of a tool, which its text repeats. A result with an error has the member `error`."""
    answer = await send(http, "tools/call", {"name": tool, "arguments": arguments})
    assert answer.status_code == 200, answer.text
    result = answer.json()["result"]
    assert orjson.loads(result["content"][0]["text"]) == result["structuredContent"]
    assert ("error" in result["structuredContent"]) == bool(result.get("isError"))
    return dict(result["structuredContent"])
