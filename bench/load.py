"""Generates load on 32 keep-alive connections with one request at a time on each, using plain blocking sockets.

In each round every connection sends one request, then all responses are read. The server always has work waiting, and the
client spends only a few microseconds per request, so it isn't what is measured.
"""

from __future__ import annotations

import itertools
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from bench import process

CONNECTIONS = 32
WARM_UP_SECONDS = 1.0
"""At a fixed rate, before what is measured."""
_RUN, _NUMBERS = secrets.token_hex(8), itertools.count()


class Target(NamedTuple):
    """A measured server, and for how long it is measured.

    used: what the server has used so far, in seconds of CPU or in instructions. rounds: how many rounds of requests to send; 0:
    as many as fit into `seconds`. finish_warm_up: is called between the warm-up and the measurement.
    """

    port: int
    used: Callable[[], float]
    seconds: float
    rounds: int = 0
    finish_warm_up: Callable[[], None] = lambda: None

    def warm_up(self) -> Iterator[None]:
        """Yield once for each round before the measurement."""
        return self._turns(min(1.0, self.seconds / 4), min(1, self.rounds))

    def turns(self) -> Iterator[None]:
        """Yield once for each round of the measurement."""
        return self._turns(self.seconds, self.rounds)

    def begin(self) -> float:
        """End the warm-up, and return what the server has used so far."""
        self.finish_warm_up()
        return self.used()

    def connect(self, width: int = CONNECTIONS) -> list[Connection]:
        """Open connections. If rounds are counted, the server never has two requests at a time: it would write some of them in
        one commit, and the load of the machine would decide how many.
        """
        return [SequentialConnection(self.port) if self.rounds else Connection(self.port) for _ in range(width)]

    def _turns(self, seconds: float, rounds: int) -> Iterator[None]:
        end = time.perf_counter() + seconds
        numbers = iter(range(rounds))
        while next(numbers, None) is not None if self.rounds else time.perf_counter() < end:
            yield


def target(port: int, pid: int, seconds: float) -> Target:
    """Return a server whose CPU time is measured for so many seconds."""
    return Target(port, partial(process.cpu, pid), seconds)


class Rate(NamedTuple):
    """requests: their number. seconds: elapsed time. cpu: what the server used (`Target.used`). size: bytes of a body."""

    requests: int
    seconds: float
    cpu: float
    size: float

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def microseconds(self) -> float:
        return self.cpu / self.requests * 1e6


class Answer(NamedTuple):
    status: int
    head: bytes
    body: bytes


class Connection:
    """A keep-alive connection."""

    timeout_seconds = 30.0

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=self.timeout_seconds)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: bytes) -> None:
        self.socket.sendall(request)

    def read(self) -> Answer:
        """Read one response. It must have a Content-Length."""
        data = self.socket.recv(262144)
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head = data[:end].lower()
        at = head.find(b"content-length:")
        if at < 0:
            raise RuntimeError(f"a response without Content-Length: {head!r}")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        while len(data) < end + 4 + length:
            data += self._more()
        return Answer(int(data[9:12]), data[:end], data[end + 4 :])

    def _more(self) -> bytes:
        data = self.socket.recv(262144)
        if not data:
            raise RuntimeError("the server closed the connection")
        return data

    def close(self) -> None:
        self.socket.close()


class SequentialConnection(Connection):
    """A connection that waits for the response whenever it sends a request. It waits long: while instructions are counted on a
    busy machine, a response can take a minute.
    """

    timeout_seconds = 600.0

    def send(self, request: bytes) -> None:
        super().send(request)
        self._answer = super().read()

    def read(self) -> Answer:
        return self._answer


def request_id() -> str:
    """Return a unique header line, such as gateways and tracing libraries add to requests."""
    return f"X-Request-Id: {_RUN}-{next(_NUMBERS):012x}\r\n"


def get(path: str, token: str | None = None, accept: str = "application/fhir+json", more: str = "") -> bytes:
    """Return the bytes of a GET request. more: further header lines."""
    proof = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\n{proof}{more}\r\n".encode()


def post(path: str, token: str | None, body: bytes, kind: str = "application/fhir+json", more: str = "") -> bytes:
    """Return the bytes of a POST request. more: further header lines."""
    proof = f"Authorization: Bearer {token}\r\n" if token else ""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAccept: application/fhir+json\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n{proof}{more}\r\n"
    )
    return head.encode() + body


def run(target: Target, requests: Iterator[bytes], status: int = 200, width: int = CONNECTIONS) -> Rate:
    """Send requests from an endless iterator. Raises RuntimeError if a response has another status.

    width: number of connections; use few if a request takes long, because the server closes those that wait for the rest of a
    round.
    """
    connections = target.connect(width)
    try:
        _rounds(connections, requests, target.warm_up(), status)
        before, begin = target.begin(), time.perf_counter()
        count, size = _rounds(connections, requests, target.turns(), status)
        return Rate(count, time.perf_counter() - begin, target.used() - before, size / count)
    finally:
        for connection in connections:
            connection.close()


def paced(
    port: int,
    pid: int,
    requests: Iterator[bytes],
    seconds: float,
    per_second: int,
    finish: Callable[[], None],
    status: int = 200,
) -> Rate:
    """Send requests at a fixed rate on one connection. This includes what an idle server does in between.

    finish: lets the server do what it has put off. That counts too.
    """
    connection = Connection(port)
    try:
        _paced(connection, requests, WARM_UP_SECONDS, per_second, status)
        finish()
        before, begin = process.cpu(pid), time.perf_counter()
        count, size = _paced(connection, requests, seconds, per_second, status)
        finish()
        return Rate(count, time.perf_counter() - begin, process.cpu(pid) - before, size / count)
    finally:
        connection.close()


def _paced(connection: Connection, requests: Iterator[bytes], seconds: float, per_second: int, status: int) -> tuple[int, int]:
    begin, size, count = time.perf_counter(), 0, int(seconds * per_second)
    for number in range(count):
        time.sleep(max(0.0, begin + number / per_second - time.perf_counter()))
        connection.send(next(requests))
        size += _expected(connection, status)
    return count, size


def _rounds(connections: list[Connection], requests: Iterator[bytes], turns: Iterator[None], status: int) -> tuple[int, int]:
    count = size = 0
    for _ in turns:
        for connection in connections:
            connection.send(next(requests))
        for connection in reversed(connections):  # wait for the last one first, so that not every response wakes this process
            size += _expected(connection, status)
        count += len(connections)
    return count, size


def _expected(connection: Connection, status: int) -> int:
    """Return the size of the next response's body. Raises RuntimeError if it has another status."""
    answer = connection.read()
    if answer.status != status:
        raise RuntimeError(f"{answer.status} instead of {status}: {answer.body[:500]!r}")
    return len(answer.body)
