"""Large bodies: an unauthorized client is refused before the body is read, and the connection stays usable."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx2
import pytest
from tests.cli.command import sickbay

from sickbay.cli.header_limits import MOST_HEADERS
from sickbay.testing.server import serving

MEGABYTE = b" " * 1_000_000


class Wire(NamedTuple):
    """A connection, and a token with write access to Observation."""

    socket: socket.socket
    host: str
    token: str

    def head(self, method: str, path: str, token: str | None, *more: str) -> None:
        lines = [
            f"{method} /general/r4{path} HTTP/1.1",
            f"Host: {self.host}",
            "Content-Type: application/fhir+json",
            *more,
        ]
        lines += [f"Authorization: Bearer {token}"] if token else []
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())

    def answer(self) -> tuple[int, str]:
        """The status and body of the next response."""
        received_bytes = b""
        while b"\r\n\r\n" not in received_bytes:
            received_bytes += self._more()
        head, _, body = received_bytes.partition(b"\r\n\r\n")
        length = int((re.search(rb"content-length: (\d+)", head) or [b"", b"0"])[1])
        while len(body) < length:
            body += self._more()
        return int(head.split()[1]), body.decode()

    def _more(self) -> bytes:
        piece = self.socket.recv(65536)
        assert piece, "the connection was closed"
        return piece


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address (host:port) and a token."""
    data = str(tmp_path_factory.mktemp("large"))
    with serving("--data", data, "--patients", "1") as running:
        scope = "system/*.cruds"
        app = ["--name", "Mine", "--type", "system", "--client", "symmetric", "--scope", scope]
        for arguments in (["apps", "add", *app], ["token", "Mine", "--scope", scope]):
            created = sickbay(*arguments, folder=Path(data))
            assert created.returncode == 0, created.stderr
        yield urlsplit(running.base).netloc, created.stdout.strip()


@pytest.fixture
def wire(place: tuple[str, str]) -> Iterator[Wire]:
    host, _, port = place[0].partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as opened:
        yield Wire(opened, *place)


@pytest.mark.parametrize(
    ("method", "path", "token"),
    [
        ("POST", "/Observation", "nobody"),
        ("POST", "", None),
        ("PUT", "/Observation/x", "nobody"),
        ("POST", "/nothing/x/y/z", None),
        ("PATCH", "/Observation/x", "nobody"),
        ("POST", "/Observation/$validate", "nobody"),
    ],
)
def test_an_invalid_token_is_refused_before_the_body_is_received(wire: Wire, method: str, path: str, token: str | None) -> None:
    wire.head(method, path, token, "Content-Length: 100000000")
    wire.socket.sendall(MEGABYTE)
    assert wire.answer()[0] == 401
    for _ in range(99):
        wire.socket.sendall(MEGABYTE)
    wire.head("GET", "/metadata", None)
    assert wire.answer()[0] == 200


def test_a_client_with_expect_100_continue_need_not_send_the_body(wire: Wire) -> None:
    wire.head("POST", "/Observation", "nobody", "Content-Length: 100000000", "Expect: 100-continue")
    status, response = wire.answer()
    assert status == 401
    assert "it is empty" not in response


def test_a_chunked_body_is_not_read_either(wire: Wire) -> None:
    wire.head("POST", "", "nobody", "Transfer-Encoding: chunked")
    assert wire.answer()[0] == 401
    for _ in range(5):
        wire.socket.sendall(b"f4240\r\n" + MEGABYTE + b"\r\n")
    wire.socket.sendall(b"0\r\n\r\n")
    wire.head("GET", "/metadata", None)
    assert wire.answer()[0] == 200


def test_a_body_announced_as_too_large_is_refused_unread_even_with_a_valid_token(wire: Wire) -> None:
    wire.head("POST", "/Observation", wire.token, "Content-Length: 100000000")
    status, response = wire.answer()
    assert status == 413
    assert "8000000 bytes" in response


def test_a_large_body_with_a_valid_token_is_read(wire: Wire) -> None:
    body = b'{"resourceType":"Observation","status":"final","code":{"text":"x"},"note":[{"text":"%s"}]}' % (b"a" * 400_000)
    wire.head("POST", "/Observation", wire.token, f"Content-Length: {len(body)}", "Expect: 100-continue")
    assert wire.answer() == (100, "")
    wire.socket.sendall(body)
    assert wire.answer()[0] == 201
    wire.head("POST", "/Observation", wire.token, "Transfer-Encoding: chunked")
    for at in range(0, len(body), 100_000):
        piece = body[at : at + 100_000]
        wire.socket.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
    wire.socket.sendall(b"0\r\n\r\n")
    assert wire.answer()[0] == 201


@pytest.mark.parametrize(
    ("begin", "piece", "status", "expected"),
    [
        (b"GET /general/r4/Patient?name=", b"a" * 32_768, 414, "Use POST for longer ones"),
        (b"GET /general/r4/metadata HTTP/1.1\r\nX-Long: ", b"a" * 32_768, 431, "65536 bytes"),
        (b"GET /general/r4/metadata HTTP/1.1\r\n", b"X-Many: a\r\n" * 3_000, 431, "65536 bytes"),
    ],
)
def test_an_endless_request_head_is_cut_off(wire: Wire, begin: bytes, piece: bytes, status: int, expected: str) -> None:
    """The HTTP server would keep all of it in memory."""
    wire.socket.sendall(begin)
    for _ in range(40):
        try:
            wire.socket.sendall(piece)
        except ConnectionError:
            break
        time.sleep(0.01)  # sent in pieces
    answer, text = wire.answer()
    assert (answer, expected in text) == (status, True)


@pytest.mark.parametrize(("count", "expected"), [(MOST_HEADERS, 200), (MOST_HEADERS + 1, 431)])
def test_a_request_may_have_only_so_many_headers(wire: Wire, count: int, expected: int) -> None:
    lines = [b"GET /general/r4/metadata HTTP/1.1", b"Host: localhost", *[b"X: a"] * (count - 1), b"", b""]
    wire.socket.sendall(b"\r\n".join(lines))
    status, text = wire.answer()
    assert (status, f"{MOST_HEADERS} headers" in text) == (expected, expected == 431)


def test_a_long_search_and_long_cookies_are_accepted(wire: Wire) -> None:
    wire.head("GET", "/metadata?x=" + "a" * 40_000, None, "Cookie: x=" + "a" * 20_000)
    assert wire.answer()[0] == 200


@pytest.mark.parametrize("path", ["/oauth/token", "/doctor", "/theme", "/admin/apps"])
def test_a_form_that_is_too_large_is_refused(place: tuple[str, str], path: str) -> None:
    path = f"/general{path}" if path.startswith("/oauth") else path
    answer = httpx2.post(
        f"http://{place[0]}{path}",
        content=b"x" * (4_100_000 if path == "/doctor" else 1_100_000),
        headers={"Accept": "application/json"},
    )
    assert answer.status_code == 413
    assert "bytes" in answer.text
