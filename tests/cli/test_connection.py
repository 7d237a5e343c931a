"""Responses as a client sees them at the socket, over HTTP and HTTPS."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.cli.test_limits import serving
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from sickbay.cli import certificate
from sickbay.cli.limits import Limits
from sickbay.settings import Settings

BODY = b"x" * 2000
LARGE = b"x" * 65_537
TIMES = 50
FIRST_PART_ARRIVED = threading.Event()

Connect = Callable[[], socket.socket]


async def app(scope: Any, receive: Any, send: Any) -> None:
    """/parts sends its second part once the client has the first, and /fails raises after the head."""
    path = scope["path"]
    await receive()
    status = {"/empty": 204, "/unchanged": 304}.get(path, 200)
    body = {"/empty": b"", "/unchanged": b"", "/large": LARGE}.get(path, BODY)
    headers = [(b"content-length", b"%d" % len(body))] if status == 200 and path != "/parts" else []
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if path == "/fails":
        raise RuntimeError
    if path == "/parts":
        await send({"type": "http.response.body", "body": b"first", "more_body": True})
        await asyncio.to_thread(FIRST_PART_ARRIVED.wait, 10)
        await send({"type": "http.response.body", "body": b"second"})
    else:
        await send({"type": "http.response.body", "body": body})


@pytest.fixture(scope="module", params=["http", "https"])
def connect(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connect]:
    cert, key = certificate.ensure_certificate(tmp_path_factory.mktemp("tls"), "localhost")
    secure = request.param == "https"
    settings = Settings(https=True, certificate=cert, certificate_key=key) if secure else Settings()
    trusted = ssl.create_default_context(cafile=str(cert))
    opened: list[socket.socket] = []

    def connect() -> socket.socket:
        client = socket.create_connection(("127.0.0.1", port), 10)
        opened.append(trusted.wrap_socket(client, server_hostname="localhost") if secure else client)
        return opened[-1]

    with serving(Limits(), app, settings) as port:
        yield connect
        for client in opened:
            client.close()


def request(path: str, method: str = "GET", more: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n".encode()


def receive(client: socket.socket, end: bytes) -> bytes:
    """Receive until the bytes end so. Over TLS, head and body are separate records."""
    received = b""
    while not received.endswith(end):
        received += client.recv(65_536)
    return received


def test_each_of_many_responses_arrives_complete(connect: Connect) -> None:
    client = connect()
    for _ in range(TIMES):
        client.sendall(request("/"))
        head, _, body = receive(client, BODY).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert body == BODY


def test_a_finished_request_is_freed_at_once_and_not_left_to_the_garbage_collector(connect: Connect) -> None:
    client = connect()
    gc.collect()
    gc.disable()
    try:
        for _ in range(TIMES):
            client.sendall(request("/"))
            receive(client, BODY)
        assert sum(type(value) is RequestResponseCycle for value in gc.get_objects()) < TIMES
    finally:
        gc.enable()


def test_the_parts_of_a_stream_arrive_as_they_are_sent(connect: Connect) -> None:
    FIRST_PART_ARRIVED.clear()
    client = connect()
    client.sendall(request("/parts"))
    head, _, first = receive(client, b"first\r\n").partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert first == b"5\r\nfirst\r\n"
    FIRST_PART_ARRIVED.set()
    assert receive(client, b"0\r\n\r\n") == b"6\r\nsecond\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("path", "method", "status"), [("/empty", "GET", b"204"), ("/unchanged", "GET", b"304"), ("/", "HEAD", b"200")]
)
def test_a_response_without_a_body_arrives(connect: Connect, path: str, method: str, status: bytes) -> None:
    client = connect()
    for _ in range(2):
        client.sendall(request(path, method))
        received = client.recv(65_536)
        assert received[9:12] == status
        assert received.endswith(b"\r\n\r\n")


def test_responses_to_pipelined_requests_arrive_in_order(connect: Connect) -> None:
    client = connect()
    client.sendall(request("/") + request("/empty") + request("/"))
    received = b""
    while received.count(b"HTTP/1.1 ") < 3 or not received.endswith(BODY):
        received += client.recv(65_536)
    assert [response[:3] for response in received.split(b"HTTP/1.1 ")[1:]] == [b"200", b"204", b"200"]


def test_a_long_body_arrives_complete(connect: Connect) -> None:
    client = connect()
    client.sendall(request("/large", more="Connection: close\r\n"))
    received = b"".join(iter(lambda: client.recv(65_536), b""))
    assert received.partition(b"\r\n\r\n")[2] == LARGE


def test_100_continue_is_sent_before_the_body_is_there(connect: Connect) -> None:
    client = connect()
    client.sendall(request("/", "POST", "Expect: 100-continue\r\nContent-Length: 3\r\n"))
    assert client.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.sendall(b"abc")
    assert receive(client, BODY).partition(b"\r\n\r\n")[2] == BODY


def test_a_response_that_fails_after_its_head_sends_the_head_and_closes(connect: Connect) -> None:
    client = connect()
    client.sendall(request("/fails"))
    received = b"".join(iter(lambda: client.recv(65_536), b""))
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\n")
