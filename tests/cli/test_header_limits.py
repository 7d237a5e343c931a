"""Requests that offer another protocol (RFC 9110 7.8): answered as if they did not, with their bodies."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import product

import pytest
from tests.cli.test_limits import LOW, serving

H2C = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n"
OFFERS = (
    b"",
    H2C,
    b"Upgrade: h2c\r\nConnection: Upgrade\r\n",
    b"Connection: keep-alive, upgrade\r\nUPGRADE: websocket\r\n",
)
BODIES = (
    (b"", b"", b"0"),
    (b"Content-Length: 5\r\n", b"hello", b"5"),
    (b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n3\r\nyou\r\n0\r\n\r\n", b"8"),
    (b"Content-Length: 50\r\n", b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n".ljust(50), b"50"),
)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(LOW) as port:
        yield port


LAST = b"GET /any HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def answers(port: int, *pieces: bytes) -> list[bytes]:
    """The bodies of all answers before the one to a last request, after which the server closes the connection at once."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        for piece in pieces:
            connection.sendall(piece)
        received = connection.recv(65_536)
        connection.sendall(LAST)
        received += b"".join(iter(lambda: connection.recv(65_536), b""))
    *bodies, last = [response.partition(b"\r\n\r\n")[2] for response in received.split(b"HTTP/1.1 200 OK")[1:]]
    assert last == b"0"
    return bodies


@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize(("offer", "body"), [*product(OFFERS, BODIES)])
def test_a_request_with_an_upgrade_header_gets_one_response_to_its_body(
    port: int, offer: bytes, body: tuple[bytes, bytes, bytes], apart: bool
) -> None:
    head = b"POST /any HTTP/1.1\r\nHost: localhost\r\n%b%b\r\n" % (offer, body[0])
    pieces = (head, body[1]) if apart else (head + body[1],)
    assert answers(port, *pieces) == [body[2]]


def test_the_next_request_is_read_only_after_the_response(port: int) -> None:
    offering = b"GET /any HTTP/1.1\r\nHost: localhost\r\n" + H2C + b"\r\n"
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        for _ in range(3):
            connection.sendall(offering)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(offering * 3)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert b"HTTP/1.1 400" in received


@pytest.mark.parametrize("target", [b"localhost:1", b"/any", b"*"])
def test_no_tunnel_is_opened(port: int, target: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"CONNECT " + target + b" HTTP/1.1\r\nHost: localhost:1\r\n" + H2C + b"\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize("target", [b"/any#", b"/any#x", b"/any?a=b#c", b"/#/any", b"http://localhost/any#x"])
def test_a_target_with_a_fragment_is_refused_with_the_reason(port: int, target: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % target)
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.startswith(b"HTTP/1.1 400")
    assert b"no fragment" in received
    encoded = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n" % target.replace(b"#", b"%23")
    assert answers(port, encoded) == [b"0"]
