"""Reads and writes messages of the Model Context Protocol, of both eras. It calls no tool.

The modern era (2026-07-28) has no handshake: each request has its version in `_meta`. The legacy era begins with `initialize`.
Neither has a session here, so each message is understood on its own.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

MODERN: Final = ("2026-07-28",)
LEGACY: Final = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
PREFIX: Final = "io.modelcontextprotocol/"
VERSION, CAPABILITIES, SERVER = f"{PREFIX}protocolVersion", f"{PREFIX}clientCapabilities", f"{PREFIX}serverInfo"
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
HEADER_MISMATCH, UNSUPPORTED_VERSION = -32020, -32022
MAXIMUM_DEPTH: Final = 32
"""Maximum nesting of objects and lists in a message. JSON encoders fail at a few hundred."""
NAME_PARAMETERS: Final[dict[str, str]] = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Methods with the header Mcp-Name, and the parameter that it repeats."""
_STATUSES: Final = {METHOD_NOT_FOUND: 404}
"""Statuses of errors in the modern era. All others are 400."""
Headers: TypeAlias = Mapping[str, str]
"""Names in lower case; values of repeated headers joined with commas."""


class Call(NamedTuple):
    """A request that needs a response."""

    id: str | int
    method: str
    params: Mapping[str, Any]
    is_modern: bool = False


class Reply(NamedTuple):
    """A response. message: None for a notification, which gets none. status: over HTTP."""

    message: dict[str, Any] | None
    status: int = 200


def read(raw: bytes, headers: Headers | None = None) -> Call | Reply:
    """Parses a message. Returns the request to answer, or its response if it needs no tool. headers: None over stdio."""
    try:
        message = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _make_error_reply(None, PARSE_ERROR, "The message isn't valid JSON", 400)
    if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
        return _make_error_reply(None, INVALID_REQUEST, "Send one JSON-RPC 2.0 message; batches aren't supported", 400)
    if _is_nested_deeper(message, MAXIMUM_DEPTH):
        return _make_error_reply(None, INVALID_REQUEST, f"Objects and lists can be nested {MAXIMUM_DEPTH} deep", 400)
    if "method" not in message and ("result" in message or "error" in message):
        return Reply(None, 202)
    id, method, params = message.get("id"), message.get("method"), message.get("params", {})
    if not isinstance(method, str):
        return _make_error_reply(None, INVALID_REQUEST, "method must be a string", 400)
    if "id" not in message:
        return _read_notification(headers)
    if not isinstance(id, str | int) or isinstance(id, bool):
        return _make_error_reply(None, INVALID_REQUEST, "id must be a string or an integer", 400)
    if not isinstance(params, dict):
        return _make_error_reply(id, INVALID_PARAMS, "params must be an object", 400)
    return _read_request(id, method, params, headers)


def _is_nested_deeper(value: Any, depth: int) -> bool:
    """Whether a value is nested deeper than this. Visits each value once, without recursion."""
    level = [value]
    for _ in range(depth + 1):
        containers = [member for member in level if isinstance(member, dict | list)]
        if not containers:
            return False
        level = [inner for outer in containers for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return True


def _read_notification(headers: Headers | None) -> Reply:
    version = (headers or {}).get("mcp-protocol-version")
    return _refuse_version(None, version) if version is not None and version not in (*MODERN, *LEGACY) else Reply(None, 202)


def _read_request(id: str | int, method: str, params: Mapping[str, Any], headers: Headers | None) -> Call | Reply:
    meta = params.get("_meta", {})
    if not isinstance(meta, dict):
        return _make_error_reply(id, INVALID_PARAMS, "_meta must be an object", 400)
    sent = (headers or {}).get("mcp-protocol-version")
    if method == "initialize" and VERSION not in meta:
        return _read_initialize(id, params)
    if VERSION not in meta and method != "server/discover" and sent not in MODERN:
        return Call(id, method, params) if sent is None or sent in LEGACY else _refuse_version(id, sent)
    return _find_problem(id, method, params, meta, headers) or Call(id, method, params, True)


def _read_initialize(id: str | int, params: Mapping[str, Any]) -> Call | Reply:
    if not isinstance(params.get("protocolVersion"), str):
        return _make_error_reply(id, INVALID_PARAMS, "protocolVersion must be a string", 200)
    return Call(id, "initialize", params)


def _find_problem(
    id: str | int, method: str, params: Mapping[str, Any], meta: Mapping[str, Any], headers: Headers | None
) -> Reply | None:
    """Returns what is wrong with a modern request: its `_meta`, a header, or its version, in this order."""
    version = meta.get(VERSION)
    if not isinstance(version, str) or not isinstance(meta.get(CAPABILITIES), dict):
        return _make_error_reply(id, INVALID_PARAMS, f"_meta must have {VERSION} and {CAPABILITIES}", 400)
    if headers is not None:
        name = params.get(NAME_PARAMETERS.get(method, ""))
        expected = {"mcp-protocol-version": version, "mcp-method": method}
        expected |= {"mcp-name": name} if isinstance(name, str) else {}
        for header, value in expected.items():
            if (received := _decode_header(headers.get(header))) != value:
                problem = "is missing" if received is None else "differs from the body"
                return _make_error_reply(id, HEADER_MISMATCH, f"The header {header} {problem}", 400)
    return None if version in MODERN else _refuse_version(id, version)


def _decode_header(header: str | None) -> str | None:
    """Returns the value of a header, which may be encoded as =?base64?…?=."""
    value = header.strip(" \t") if header is not None else None
    if value is None or not (value.startswith("=?base64?") and value.endswith("?=")):
        return value
    try:
        return base64.b64decode(value[9:-2], validate=True).decode()
    except (binascii.Error, ValueError):
        return value


def respond(call: Call, result: Mapping[str, Any], server: Mapping[str, str]) -> Reply:
    """Returns the response to a request. In the modern era it says that it is complete, and who sent it."""
    shown = {**result, "resultType": "complete", "_meta": {SERVER: dict(server)}} if call.is_modern else dict(result)
    return Reply({"jsonrpc": "2.0", "id": call.id, "result": shown})


def fail(call: Call, code: int, text: str) -> Reply:
    """Returns an error that the client caused. The legacy era uses status 200 for it."""
    return _make_error_reply(call.id, code, text, _STATUSES.get(code, 400) if call.is_modern else 200)


def choose_version(requested: str) -> str:
    """Returns the version for a legacy handshake: the requested one, otherwise the newest that has a handshake."""
    return requested if requested in LEGACY else LEGACY[0]


def _refuse_version(id: str | int | None, requested: str | None) -> Reply:
    supported: Sequence[str] = MODERN
    reply = _make_error_reply(id, UNSUPPORTED_VERSION, f"Unsupported protocol version. Use {MODERN[0]}, or initialize", 400)
    assert reply.message is not None
    reply.message["error"]["data"] = {"supported": list(supported), "requested": str(requested)[:32]}
    return reply


def _make_error_reply(id: str | int | None, code: int, text: str, status: int) -> Reply:
    return Reply({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}}, status)
