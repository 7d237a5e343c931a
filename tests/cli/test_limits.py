"""The bounds of connections, on a real server whose limits are low: what is closed, what is refused, who still gets in."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import uvicorn

from sickbay.cli import limits as limiting
from sickbay.cli.limits import Limits
from sickbay.cli.sockets import listen, port_of
from sickbay.cli.worker import make_config
from sickbay.kernel.budget import HELD
from sickbay.settings import Settings

TICK = 0.05
LOW = Limits(head=0.3, idle=0.6, slow=0.3, stalled=0.3, refusal=0.2, wait=0.3, sweep=TICK)
GET = b"GET /any HTTP/1.1\r\nHost: localhost\r\n\r\n"
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
LARGE = 20_000_000


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Reads the body. /large answers much, /wait never."""
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return
        size += len(message["body"])
        if not message.get("more_body"):
            break
    if scope["path"] == "/wait":
        await asyncio.sleep(60)
    body = b"x" * LARGE if scope["path"] == "/large" else b"%d" % size
    headers = [(b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextmanager
def serving(limits: Limits, application: Any = app, settings: Settings | None = None) -> Iterator[int]:
    """The port of a server with these limits."""
    sockets = listen("127.0.0.1", 0)
    port = port_of(sockets)
    configuration = make_config(application, settings or Settings())
    configuration.lifespan = "off"
    configuration.limits = limits  # type: ignore[attr-defined]
    server = uvicorn.Server(configuration)
    thread = threading.Thread(target=server.run, args=(sockets,), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield port
    server.should_exit = True
    server.force_exit = True
    thread.join(60)


OPEN: list[socket.socket] = []


@pytest.fixture(autouse=True)
def closing() -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().close()


def open_page(port: int, sent: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", port), timeout=60)
    OPEN.append(client)
    client.sendall(sent)
    return client


def answer(client: socket.socket) -> bytes:
    """Everything until the server closes the connection."""
    received = b""
    with suppress(ConnectionError):
        while piece := client.recv(65536):
            received += piece
    return received


def status(client: socket.socket) -> int:
    """The status of a response; the connection stays open. 0: the server closed it."""
    try:
        received = client.recv(65536)
    except ConnectionError:
        return 0
    return int(received[9:12]) if received else 0


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving(LOW) as port:
        yield port


def test_a_connection_without_a_request_is_closed(port: int) -> None:
    assert answer(open_page(port)) == b""


def test_slow_headers_get_408(port: int) -> None:
    client = open_page(port, b"GET /any HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    with suppress(ConnectionError):
        for _ in range(200):
            client.sendall(b"x")
            time.sleep(TICK / 2)
    assert answer(client)[9:12] in (b"408", b"")  # the system may drop the response if more data arrives


def test_unfinished_headers_get_408(port: int) -> None:
    assert answer(open_page(port, b"GET /any HTTP/1.1\r\nHost: localhost\r\n"))[9:12] == b"408"


def test_the_headers_of_a_second_request_have_the_same_limit(port: int) -> None:
    client = open_page(port, GET)
    assert status(client) == 200
    client.sendall(GET[:20])
    assert b"408" in answer(client)


def test_an_idle_connection_is_closed_without_a_response(port: int) -> None:
    client = open_page(port, GET)
    assert status(client) == 200
    assert answer(client) == b""


def test_a_body_that_stops_gets_408(port: int) -> None:
    client = open_page(port, b"POST /any HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nabc")
    assert answer(client)[9:12] == b"408"


def test_a_body_that_arrives_byte_by_byte_is_refused_and_a_fast_one_is_not(port: int) -> None:
    head = b"POST /any HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
    slow = open_page(port, head % 10_000)
    fast = open_page(port, head % 1_000_000)
    for _ in range(20):  # a second: three times the limit
        with suppress(ConnectionError):
            slow.sendall(b"x")
        fast.sendall(b"x" * 50_000)
        time.sleep(TICK)
    assert status(fast) == 200
    assert answer(slow)[9:12] in (b"408", b"")


def test_a_connection_with_a_running_request_is_not_closed(port: int) -> None:
    client = open_page(port, b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
    client.settimeout(1.5)
    with pytest.raises(TimeoutError):
        client.recv(1)


def test_a_client_that_does_not_read_its_response_is_disconnected(port: int) -> None:
    client = open_page(port, b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(1)
    assert len(answer(client)) < LARGE
    reading = open_page(port, b"GET /large HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert len(answer(reading)) > LARGE


def test_too_many_pipelined_requests_close_the_connection(port: int) -> None:
    wait = b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"
    assert answer(open_page(port, wait + GET * 150)) == b""
    few = open_page(port, GET * 50)
    time.sleep(0.2)
    assert answer(few).count(b"HTTP/1.1 200") == 50


def test_at_the_limit_the_longest_idle_connection_is_closed() -> None:
    with serving(LOW._replace(connections=5, head=60, idle=60)) as port:
        clients = []
        for _ in range(5):
            clients.append(open_page(port, GET))
            assert status(clients[-1]) == 200
            time.sleep(10 * TICK if len(clients) == 1 else 0)
        new = open_page(port, GET)
        assert status(new) == 200
        assert answer(clients[0]) == b""
        clients[4].sendall(GET)
        assert status(clients[4]) == 200


def test_if_all_connections_are_busy_new_ones_get_503_except_for_health_checks() -> None:
    with serving(LOW._replace(connections=3)) as port:
        busy = [open_page(port, b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(3)]
        time.sleep(3 * TICK)
        refused = answer(open_page(port, GET))
        assert refused.startswith(b"HTTP/1.1 503")
        assert b"retry-after: 5" in refused
        assert status(open_page(port, HEALTH)) == 200
        assert answer(open_page(port)) == b""  # a connection above the limit has less time for its headers
        for client in busy:
            client.close()
        time.sleep(3 * TICK)
        assert status(open_page(port, GET)) == 200


def test_above_the_reserve_the_oldest_refused_connection_is_closed() -> None:
    with serving(LOW._replace(connections=1, reserve=1, refusal=60, head=60)) as port:
        busy = open_page(port, b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n")
        time.sleep(3 * TICK)
        silent = open_page(port)
        time.sleep(3 * TICK)
        assert status(open_page(port, HEALTH)) == 200
        assert answer(silent) == b""
        busy.close()


def test_each_address_has_a_limit_except_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    from sickbay.cli import traffic

    limits = LOW._replace(per_address=2)
    wait = b"GET /wait HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with serving(limits) as port:
        clients = [open_page(port, wait) for _ in range(3)]
        assert status(open_page(port, GET)) == 200
        for client in clients:
            client.close()
    monkeypatch.setattr(traffic, "LOOPBACK_PREFIX", "none")
    with serving(limits) as port:
        clients = [open_page(port, wait) for _ in range(2)]
        time.sleep(3 * TICK)
        assert answer(open_page(port, GET)).startswith(b"HTTP/1.1 503")
        clients.pop().close()
        time.sleep(3 * TICK)
        assert status(open_page(port, GET)) == 200
    with serving(limits._replace(exempt=frozenset(["127.0.0.0/8"]))) as port:
        clients = [open_page(port, wait) for _ in range(3)]
        assert status(open_page(port, GET)) == 200


def test_all_bodies_share_a_limit_and_the_largest_unfinished_ones_are_refused() -> None:
    head = b"POST /any HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5000000\r\n\r\n"
    with serving(LOW._replace(received=4_000_000, slow=60)) as port:
        largest = open_page(port, head + b"x" * 3_000_000)
        time.sleep(3 * TICK)
        others = [open_page(port, head + b"x" * 700_000) for _ in range(2)]
        assert answer(largest).startswith(b"HTTP/1.1 503")
        assert status(open_page(port, b"POST /any HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc")) == 200
        for client in others:
            with suppress(ConnectionError):
                client.sendall(b"x" * 4_300_000)
            assert status(client) in (200, 503, 0)
        with suppress(ConnectionError):  # what was counted is forgotten with its request
            open_page(port, head + b"x" * 5_000_000)
        time.sleep(3 * TICK)
        assert status(open_page(port, head.replace(b"5000000", b"3500000") + b"x" * 3_500_000)) == 200


def test_while_clients_have_too_much_to_read_requests_get_503_except_for_health_checks() -> None:
    with serving(LOW) as port:
        with HELD.of(LOW.unsent + 1):
            began = time.monotonic()
            refused = answer(open_page(port, GET))
            assert refused.startswith(b"HTTP/1.1 503")
            assert time.monotonic() - began > LOW.wait
            assert status(open_page(port, HEALTH)) == 200
            waiting = open_page(port, GET)
        assert status(waiting) == 200


def test_the_settings_set_the_limits() -> None:
    assert limiting.make_limits(Settings()).per_address == 0
    opened = Settings(host="0.0.0.0", max_connections=7, max_connections_per_address=3, trusted_proxies=("10.0.0.1",))
    chosen = limiting.make_limits(opened)
    assert (chosen.connections, chosen.per_address, chosen.exempt) == (7, 3, frozenset({"10.0.0.1"}))
    trusting = make_config(app, Settings(trusted_proxies=("10.0.0.1", "*")))
    assert trusting.forwarded_allow_ips == ["*"]  # uvicorn ignores it next to others
