"""Outbound requests never reach private networks, don't follow redirects, and are limited in time and size."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sickbay.kernel import outbound
from sickbay.kernel.outbound import LIMIT, NamedHost, Unreachable, fetch, is_allowed

PUBLIC = ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "64:ff9b::5db8:d822"]
INSIDE = [
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "::",
    "224.0.0.1",
    "ff02::1",
    "fe80::1",
    "fe80::1%eth0",
    "fd00::1",
    "fec0::1",
    "255.255.255.255",
    "240.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::a00:1",
    "2002:a00:1::",
    "::10.0.0.1",
    "2001:db8::1",
    "192.0.2.1",
    "198.18.0.1",
    "192.88.99.1",
    "2001:20::1",
    "3fff::1",
    "5f00::1",
    "64:ff9b:1::a9fe:a9fe",
    "::ffff:0:a9fe:a9fe",
    "2001:0:a9fe:a9fe::",
]
LOOPBACK = ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_called(address: str) -> None:
    assert is_allowed(address, loopback=False)


@pytest.mark.parametrize("address", INSIDE)
def test_addresses_inside_a_network_are_never_called(address: str) -> None:
    assert not is_allowed(address, loopback=False)
    assert not is_allowed(address, loopback=True)


@pytest.mark.parametrize("address", LOOPBACK)
def test_loopback_addresses_are_called_only_if_allowed(address: str) -> None:
    assert is_allowed(address, loopback=True)
    assert not is_allowed(address, loopback=False)


class Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"x" * (LIMIT + 1) if self.path == "/long" else self.headers["Host"].encode()
        if self.path == "/slow":
            threading.Event().wait(1)
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "http://169.254.169.254/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        pass


class TolerantServer(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignores clients that disconnected without waiting for the response."""


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """A server that listens only on 127.0.0.1, although localhost may also be ::1."""
    with TolerantServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_a_document_is_fetched_with_the_host_name_of_its_url(port: int) -> None:
    response = asyncio.run(fetch(f"http://localhost:{port}/keys?a=b#c", loopback=True))
    assert (response.status, response.body) == (200, f"localhost:{port}".encode())


def test_a_redirect_is_not_followed(port: int) -> None:
    assert asyncio.run(fetch(f"http://localhost:{port}/away", loopback=True)).status == 302


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://localhost:{port}/long", "longer"),
        ("http://user@localhost:{port}/", "must be http"),
        ("file:///etc/passwd", "must be http"),
        ("ftp://localhost/", "must be http"),
        ("gopher://localhost:{port}/", "must be http"),
        ("http:///x", "must be http"),
        ("http://localhost:99999/", "ort"),
        ("http://[::1/", "IPv6"),
        ("http://10.0.0.1/", "private network"),
        ("http://169.254.169.254/latest/meta-data", "private network"),
        ("http://0x0a000001/", "private network"),
        ("http://167772161/", "private network"),
    ],
)
def test_an_unreachable_url_is_reported_with_the_reason(url: str, why: str, port: int) -> None:
    with pytest.raises(Unreachable, match=why):
        asyncio.run(fetch(url.format(port=port), loopback=True))


def test_a_name_without_an_address_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer isn't left to the name server of this machine, which may be slow, or answer for every name."""

    def find_nothing(*args: object, **more: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", find_nothing)
    with pytest.raises(Unreachable, match="no address"):
        asyncio.run(fetch("http://nowhere.invalid/"))


def test_loopback_is_refused_by_a_public_server(port: int) -> None:
    with pytest.raises(Unreachable, match="private network"):
        asyncio.run(fetch(f"http://localhost:{port}/keys", loopback=False))


def test_a_name_with_one_private_address_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def give_two_addresses(*args: object, **more: object) -> list[Any]:
        return [(0, 0, 0, "", ("93.184.216.34", 80)), (0, 0, 0, "", ("10.0.0.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", give_two_addresses)
    with pytest.raises(Unreachable, match="private network"):
        asyncio.run(fetch("http://rebound.example.org/"))


def test_a_slow_server_is_not_waited_for(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound, "TIMEOUT_SECONDS", 0.2)
    with pytest.raises(Unreachable, match="no response"):
        asyncio.run(fetch(f"http://localhost:{port}/slow", loopback=True))


class Resolver:
    """Answers each question for a name with the next list of addresses, as an attacker's name server does."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    def getaddrinfo(self, host: str, port: int, **more: object) -> list[Any]:
        addresses = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(0, 0, 0, "", (address, port)) for address in addresses]


@pytest.fixture
def resolve(monkeypatch: pytest.MonkeyPatch) -> Any:
    def answering(*answers: list[str]) -> Resolver:
        resolver = Resolver(*answers)
        monkeypatch.setattr(socket, "getaddrinfo", resolver.getaddrinfo)
        return resolver

    return answering


def test_a_named_host_is_resolved_once(resolve: Any, port: int) -> None:
    resolver = resolve(["127.0.0.1"], ["127.9.9.9"])
    host = NamedHost("ehr.example.org")
    for _ in range(3):
        response = asyncio.run(fetch(f"http://EHR.example.org:{port}/", named=host))
        assert response.body == f"EHR.example.org:{port}".encode()
    assert host.addresses == ["127.0.0.1"]
    assert resolver.answers == [["127.9.9.9"]]


def test_only_the_named_host_may_have_a_private_address(resolve: Any, port: int) -> None:
    resolve(["127.0.0.1"])
    host = NamedHost("ehr.example.org", ["127.0.0.1"])
    for name in ("other.example.org", "ehr.example.org.evil.example", "sub.ehr.example.org"):
        with pytest.raises(Unreachable, match="private network"):
            asyncio.run(fetch(f"http://{name}:{port}/", named=host))


def test_each_fetch_from_another_host_calls_an_address_that_was_checked_for_it(resolve: Any) -> None:
    resolve(["93.184.216.34"], ["127.0.0.1"])
    called: list[str] = []

    async def get(http: object, parts: object, address: str, port: int, page: bool, limit: int) -> outbound.Fetched:
        called.append(address)
        return outbound.Fetched(200)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outbound, "_get_from_address", get)
        asyncio.run(fetch("http://app.example.org/jwks"))
        with pytest.raises(Unreachable, match="private network"):
            asyncio.run(fetch("http://app.example.org/jwks"))
    assert called == ["93.184.216.34"]


def test_a_smaller_limit_can_be_chosen(port: int) -> None:
    url = f"http://localhost:{port}/keys"
    assert asyncio.run(fetch(url, loopback=True, limit=100)).body
    with pytest.raises(outbound.TooLong, match="longer than 3 bytes"):
        asyncio.run(fetch(url, loopback=True, limit=3))


class SilentNameServer:
    """Never answers for names below slow.example, until the test ends."""

    def __init__(self, real: Any) -> None:
        self.real, self.ended = real, threading.Event()

    def getaddrinfo(self, host: str, *args: Any, **more: Any) -> Any:
        if not host.endswith("slow.example"):
            return self.real(host, *args, **more)
        self.ended.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentNameServer]:
    server = SilentNameServer(socket.getaddrinfo)
    monkeypatch.setattr(socket, "getaddrinfo", server.getaddrinfo)
    monkeypatch.setattr(outbound, "TIMEOUT_SECONDS", 0.3)
    yield server
    server.ended.set()


async def _fetch_all(urls: list[str]) -> list[str]:
    """What failed, for each URL; "" if nothing did."""
    fetched = await asyncio.gather(*(fetch(url, loopback=True) for url in urls), return_exceptions=True)
    return ["" if isinstance(entry, outbound.Fetched) else str(entry) for entry in fetched]


def test_names_whose_name_server_is_silent_delay_no_other_fetch(silent: SilentNameServer, port: int) -> None:
    """The threads of the event loop are few, and a name server that an app chose can keep each of them for half a minute."""
    urls = [f"http://h{number}.slow.example/" for number in range(20)]
    *failures, last = asyncio.run(_fetch_all([*urls, f"http://localhost:{port}/"]))
    assert last == ""
    assert failures[0] == "the name h0.slow.example wasn't resolved within 0.3 seconds"


def test_names_of_one_domain_are_looked_up_only_a_limited_number_of_times_at_once(silent: SilentNameServer, port: int) -> None:
    urls = [f"http://h{number}.slow.example/" for number in range(200)]
    for _ in range(2):
        failures = asyncio.run(_fetch_all([*urls, f"http://localhost:{port}/"]))
        assert sum(failure.startswith("Sickbay is already fetching") for failure in failures) > 140
        assert failures[-1] == ""


def test_a_server_that_keeps_fetches_waiting_gets_only_a_limited_number_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def wait(*arguments: object) -> outbound.Fetched:
        await asyncio.sleep(0.05)
        return outbound.Fetched(200)

    monkeypatch.setattr(outbound, "_get_from_address", wait)
    failures = asyncio.run(_fetch_all([f"http://127.0.0.1:{number}/" for number in range(1, 81)]))
    assert sum(failure.startswith("Sickbay is already fetching") for failure in failures) == 30
    assert asyncio.run(_fetch_all(["http://127.0.0.1:1/"])) == [""]


def test_the_name_localhost_needs_no_name_server(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    for name in ("localhost", "LOCALHOST", "localhost.", "127.0.0.1"):
        assert asyncio.run(_fetch_all([f"http://{name}:{port}/"])) == [""]
    assert "private network" in asyncio.run(_fetch_all([f"http://10.0.0.1:{port}/"]))[0]
