"""Messages of the Model Context Protocol: both eras, their headers, and every mistake in a message."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st
from tests.laws import for_each

from sickbay.protocol import mcp
from sickbay.protocol.mcp import Call, Reply

META = {mcp.VERSION: "2026-07-28", mcp.CAPABILITIES: {}}
HEADERS = {"mcp-protocol-version": "2026-07-28", "mcp-method": "tools/list"}


def _message(**members: Any) -> bytes:
    return orjson.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/list"} | members)


def _code(reply: Call | Reply) -> int:
    assert isinstance(reply, Reply)
    assert reply.message is not None
    return int(reply.message["error"]["code"])


def test_a_legacy_request_needs_no_metadata() -> None:
    assert mcp.read(_message(), {}) == Call(1, "tools/list", {})
    assert mcp.read(_message(id="a", params={"a": 1}), {"mcp-protocol-version": "2025-06-18"}) == Call(
        "a", "tools/list", {"a": 1}
    )


def test_a_modern_request_has_its_version_in_the_body_and_in_a_header() -> None:
    call = mcp.read(_message(params={"_meta": META}), HEADERS)
    assert isinstance(call, Call)
    assert call.is_modern
    assert mcp.read(_message(params={"_meta": META})) == call  # stdio has no headers


@for_each(
    "raw, code",
    [
        (b"{", mcp.PARSE_ERROR),
        (b"[" * 100_000, mcp.PARSE_ERROR),
        (b"[]", mcp.INVALID_REQUEST),
        (b'"text"', mcp.INVALID_REQUEST),
        (b'{"id": 1, "method": "ping"}', mcp.INVALID_REQUEST),
        (_message(method=7), mcp.INVALID_REQUEST),
        (_message(id=None), mcp.INVALID_REQUEST),
        (_message(id=True), mcp.INVALID_REQUEST),
        (_message(id=1.5), mcp.INVALID_REQUEST),
        (_message(params=[1]), mcp.INVALID_PARAMS),
        (_message(params={"_meta": []}), mcp.INVALID_PARAMS),
        (_message(method="initialize"), mcp.INVALID_PARAMS),
        (_message(method="server/discover"), mcp.INVALID_PARAMS),
        (_message(params={"_meta": {mcp.VERSION: "2026-07-28"}}), mcp.INVALID_PARAMS),
        (_message(params={"_meta": {mcp.VERSION: 1, mcp.CAPABILITIES: {}}}), mcp.INVALID_PARAMS),
        (_message(params={"_meta": META | {mcp.VERSION: "2031-01-01"}}), mcp.UNSUPPORTED_VERSION),
    ],
)
def test_a_wrong_message_is_refused_with_its_code(raw: bytes, code: int) -> None:
    assert _code(mcp.read(raw)) == code


@for_each(
    "headers",
    [
        {},
        {"mcp-protocol-version": "2026-07-28"},
        HEADERS | {"mcp-method": "tools/call"},
        HEADERS | {"mcp-protocol-version": "2025-11-25"},
        HEADERS | {"mcp-protocol-version": "2026-07-28, 2026-07-28"},
    ],
)
def test_headers_must_equal_the_body(headers: dict[str, str]) -> None:
    reply = mcp.read(_message(params={"_meta": META}), headers)
    assert _code(reply) == mcp.HEADER_MISMATCH
    assert isinstance(reply, Reply)
    assert reply.status == 400


@for_each(
    "name, fits",
    [
        ("doctor", True),
        (" doctor\t", True),
        ("=?base64?ZG9jdG9y?=", True),
        ("=?base64?ZG9jdG9?=", False),
        ("=?base64?/w==?=", False),
        ("rules", False),
        ("Doctor", False),
    ],
)
def test_the_header_with_the_name_of_the_tool_may_be_encoded(name: str, fits: bool) -> None:
    raw = _message(method="tools/call", params={"_meta": META, "name": "doctor"})
    read = mcp.read(raw, HEADERS | {"mcp-method": "tools/call", "mcp-name": name})
    assert isinstance(read, Call) == fits


def test_a_name_that_is_no_text_needs_no_header() -> None:
    raw = _message(method="tools/call", params={"_meta": META, "name": 1})
    assert isinstance(mcp.read(raw, HEADERS | {"mcp-method": "tools/call"}), Call)


def test_notifications_and_responses_are_accepted_without_a_response() -> None:
    notification = b'{"jsonrpc": "2.0", "method": "notifications/initialized"}'
    assert mcp.read(notification) == mcp.read(b'{"jsonrpc": "2.0", "id": 1, "result": {}}') == Reply(None, 202)
    assert mcp.read(b'{"jsonrpc": "2.0", "id": 1, "error": {}}', {}) == Reply(None, 202)
    assert mcp.read(notification, {"mcp-protocol-version": "2025-03-26"}) == Reply(None, 202)
    assert _code(mcp.read(notification, {"mcp-protocol-version": "1999"})) == mcp.UNSUPPORTED_VERSION


def test_an_unknown_version_is_refused_with_those_that_are_known() -> None:
    reply = mcp.read(_message(), {"mcp-protocol-version": "2031-01-01"})
    assert isinstance(reply, Reply)
    assert reply.status == 400
    assert reply.message is not None
    assert reply.message["error"]["data"] == {"supported": ["2026-07-28"], "requested": "2031-01-01"}


def test_the_handshake_chooses_the_requested_version_or_the_newest_with_a_handshake() -> None:
    assert isinstance(mcp.read(_message(method="initialize", params={"protocolVersion": "2025-06-18"}), {}), Call)
    assert mcp.choose_version("2025-03-26") == "2025-03-26"
    assert mcp.choose_version("2026-07-28") == mcp.choose_version("1999") == "2025-11-25"


def test_only_a_modern_response_says_that_it_is_complete() -> None:
    server = {"name": "sickbay"}
    legacy = mcp.respond(Call(1, "ping", {}), {"a": 1}, server)
    assert legacy == Reply({"jsonrpc": "2.0", "id": 1, "result": {"a": 1}})
    modern = mcp.respond(Call(1, "tools/list", {}, True), {"a": 1}, server).message
    assert modern is not None
    assert modern["result"] == {"a": 1, "resultType": "complete", "_meta": {mcp.SERVER: server}}


def test_an_error_has_a_status_only_in_the_modern_era() -> None:
    assert mcp.fail(Call(1, "x", {}), mcp.METHOD_NOT_FOUND, "").status == 200
    assert mcp.fail(Call(1, "x", {}, True), mcp.METHOD_NOT_FOUND, "").status == 404
    assert mcp.fail(Call(1, "x", {}, True), mcp.INVALID_PARAMS, "").status == 400


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
MESSAGES = st.fixed_dictionaries(
    {},
    optional={
        "jsonrpc": st.sampled_from(["2.0", "1.0"]) | JSON,
        "id": JSON,
        "method": st.sampled_from(["tools/list", "tools/call", "initialize", "ping", "server/discover"]) | JSON,
        "params": st.fixed_dictionaries({}, optional={"_meta": st.just(META) | JSON, "name": JSON}) | JSON,
        "result": JSON,
    },
)
HEADER_VALUES = st.sampled_from(["2026-07-28", "2025-11-25", "1999", "tools/list", "=?base64?x?=", ""])


@given(MESSAGES | JSON, st.none() | st.dictionaries(st.sampled_from([*HEADERS, "mcp-name"]), HEADER_VALUES))
def test_every_message_is_a_call_or_gets_a_response(message: Any, headers: dict[str, str] | None) -> None:
    read = mcp.read(orjson.dumps(message), headers)
    if isinstance(read, Reply):
        assert read.status in (200, 202, 400)
        assert (read.message is None) == (read.status == 202)


@given(st.lists(st.booleans(), max_size=2 * mcp.MAXIMUM_DEPTH), st.lists(st.booleans(), max_size=2 * mcp.MAXIMUM_DEPTH))
def test_only_a_message_that_is_not_nested_too_deep_is_a_call(first: list[bool], second: list[bool]) -> None:
    """Both values are two levels below the message."""
    reply = mcp.read(_message(params={"a": _nest(first), "b": _nest(second)}))
    deepest = 2 + max(len(first), len(second))
    assert isinstance(reply, Call) == (deepest <= mcp.MAXIMUM_DEPTH)


def _nest(levels: list[bool]) -> Any:
    value: Any = 1
    for is_list in levels:
        value = [value] if is_list else {"a": value}
    return value


def test_the_depth_of_a_long_message_is_found_without_recursion() -> None:
    raw = b'{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":' + b"[" * 1_000 + b"]" * 1_000 + b"}}"
    assert _code(mcp.read(raw)) == mcp.INVALID_REQUEST
    assert isinstance(mcp.read(_message(params={"a": [[]] * 50_000})), Call)


@given(st.binary(max_size=200))
def test_every_sequence_of_bytes_gets_a_response(raw: bytes) -> None:
    assert isinstance(mcp.read(raw), Reply)
