"""Trailers: fields after a chunked body (RFC 9110 6.5). They never become headers, and they are bounded."""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.cli.test_limits import serving
from tests.laws import examples

from sickbay.cli.header_limits import MAXIMUM_HEAD_BYTES
from sickbay.cli.limits import Limits

FIELDS = (
    "Authorization",
    "Cookie",
    "Host",
    "Origin",
    "Sec-Fetch-Site",
    "X-Forwarded-For",
    "Forwarded",
    "Via",
    "Content-Type",
    "Expect",
    "Upgrade",
    "Accept",
    "Prefer",
    "If-Match",
    "If-None-Exist",
    "X-Correlation-Id",
    "Traceparent",
)
FRAMING = ("content-length", "transfer-encoding", "connection", "proxy-connection")
"""Fields that decide where a body or a connection ends. They are refused in a trailer."""
TOKENS = st.from_regex(r"\A[!#$%&'*+.^_`|~0-9A-Za-z-]{1,30}\Z").filter(lambda name: name.lower() not in FRAMING)
NAMES = st.one_of(st.sampled_from(FIELDS), TOKENS)
VALUES = st.one_of(
    st.sampled_from(("Bearer secret", "100-continue", "h2c", "close", "localhost")), st.from_regex(r"\A[!-~]{1,40}\Z")
)
TRAILERS = st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=4)
HEAD = b"POST /%d HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
SENT = ["host", "transfer-encoding"]


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the names of the headers that it sees after the body, and with the body."""
    body = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    names = sorted(name.decode("latin-1") for name, _ in scope["headers"])
    answer = json.dumps([scope["path"], names, body.decode()]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(answer))]})
    await send({"type": "http.response.body", "body": answer})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(Limits(), echo) as port:
        yield port


def message(number: int, trailers: list[tuple[str, str]]) -> bytes:
    fields = "".join(f"{name}: {value}\r\n" for name, value in trailers)
    return HEAD % number + b"5\r\nhello\r\n0\r\n" + fields.encode() + b"\r\n"


def read_responses(connection: socket.socket, count: int) -> list[Any]:
    """The JSON of the next `count` responses, which may arrive in any pieces."""
    received = b""
    bodies: list[Any] = []
    while len(bodies) < count:
        head, end, rest = received.partition(b"\r\n\r\n")
        size = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]) if end else 0
        if end and len(rest) >= size:
            assert head.startswith(b"HTTP/1.1 200 "), head
            bodies.append(json.loads(rest[:size]))
            received = rest[size:]
            continue
        piece = connection.recv(65_536)
        assert piece, received
        received += piece
    return bodies


@settings(max_examples=examples(150))
@given(st.lists(TRAILERS, min_size=1, max_size=3), st.lists(st.integers(1, 60), max_size=6))
@example([[(name, "Bearer secret")] for name in FIELDS], [])
@example([[(name, "100-continue") for name in FIELDS]] * 3, [1, 1, 1])
def test_no_trailer_becomes_a_header_of_its_request_or_of_the_next(
    port: int, requests: list[list[tuple[str, str]]], cuts: list[int]
) -> None:
    """The requests are pipelined on one connection that stays open, and they arrive in pieces of these sizes."""
    sent = b"".join(message(number, trailers) for number, trailers in enumerate(requests))
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for size in cuts:
            connection.sendall(sent[:size])
            sent = sent[size:]
        connection.sendall(sent)
        assert read_responses(connection, len(requests)) == [[f"/{number}", SENT, "hello"] for number in range(len(requests))]
        connection.sendall(b"GET /last HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_responses(connection, 1) == [["/last", ["host"], ""]]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Content-Length", "5"),
        ("Content-Length", "x"),
        ("Transfer-Encoding", "chunked"),
        ("Connection", "close"),
        ("connection", "Upgrade"),
        ("Proxy-Connection", "keep-alive"),
    ],
)
def test_a_trailer_that_would_change_where_the_body_or_the_connection_ends_is_refused(port: int, name: str, value: str) -> None:
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(message(0, [(name, value)]) + message(1, []))
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.count(b"HTTP/1.1 ") == 1
    assert received[9:12] == b"400"


@pytest.mark.parametrize("piece", [b"x" * 8_192, b"a: b\r\n" * 1_000], ids=["one field", "many fields"])
def test_a_trailer_without_an_end_gets_431(piece: bytes) -> None:
    with serving(Limits(), echo) as port, socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(HEAD % 0 + b"5\r\nhello\r\n0\r\nx: ")
        sent = 0
        while not select.select([connection], [], [], 0.02)[0]:
            assert sent < 3 * MAXIMUM_HEAD_BYTES
            connection.sendall(piece)
            sent += len(piece)
        assert connection.recv(65_536)[9:12] == b"431"


def test_a_body_of_many_small_chunks_is_read(port: int) -> None:
    chunk = b"1;" + b"e" * 1000 + b"\r\nx\r\n"
    with socket.create_connection(("127.0.0.1", port), 60) as connection:
        connection.sendall(HEAD % 0)
        for _ in range(5 * MAXIMUM_HEAD_BYTES // len(chunk)):
            connection.sendall(chunk)
        connection.sendall(b"0\r\n\r\n")
        assert read_responses(connection, 1) == [["/0", SENT, "x" * (5 * MAXIMUM_HEAD_BYTES // len(chunk))]]


@pytest.mark.parametrize("apart", [False, True])
def test_a_token_in_a_trailer_does_not_authenticate(live: dict[str, Any], apart: bool) -> None:
    base = httpx2.URL(live["base"])
    with httpx2.Client(base_url=base, trust_env=False) as http:
        body = {"app": "sample-general", "scope": "user/Patient.rs", "user": "okafor"}
        token = http.post("/admin/tokens", json=body).json()["access_token"]
    field = f"Authorization: Bearer {token}\r\n"
    head = "POST /general/r4/Patient/_search HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n"
    head += "Content-Type: application/x-www-form-urlencoded\r\n"
    statuses = []
    for inside, after in ((field, ""), ("", field)):
        with socket.create_connection((base.host, base.port), 60) as connection:
            pieces = [f"{head}{inside}\r\nb\r\nname=Peters\r\n", f"0\r\n{after}\r\n"]
            for piece in pieces if apart else ["".join(pieces)]:
                connection.sendall(piece.encode())
            received = b"".join(iter(lambda: connection.recv(65_536), b""))
            statuses.append(received[9:12])
    assert statuses == [b"200", b"401"]
