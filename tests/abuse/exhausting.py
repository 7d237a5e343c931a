"""Clients that try to exhaust a running server, and measurements of its responses, memory and write-ahead log."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from sickbay.testing.server import Live

PROBE = """
import json, socket, sys, time
port, seconds, times = int(sys.argv[1]), float(sys.argv[2]), []
end = time.monotonic() + seconds
while time.monotonic() < end:
    began = time.monotonic()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
            connection.sendall(b"GET /healthz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n")
            answer = connection.recv(4096)
        times.append(time.monotonic() - began if answer.startswith(b"HTTP/1.1 200") else 99.0)
    except OSError:
        times.append(99.0)
    time.sleep(max(0.0, seconds / 30 - (time.monotonic() - began)))
print(json.dumps(times))
"""
"""Runs in a separate process: 30 requests, each on a new connection."""
SLOW, OUTLIERS = 0.25, 1 / 30
HOPELESS = 2_000
"""Memory in MB at which the server is killed, to protect the machine."""


class Harm(NamedTuple):
    """times: seconds of each probe. memory: peak of the largest worker in MB. log: peak of the write-ahead log in MB."""

    times: list[float]
    memory: float
    log: float

    @property
    def slow(self) -> int:
        return sum(seconds > SLOW for seconds in self.times)

    def text(self) -> str:
        ordered = sorted(self.times)
        return (
            f"{len(ordered)} probes, {self.slow} slow, median {ordered[len(ordered) // 2] * 1000:.0f} ms, "
            f"longest {ordered[-1] * 1000:.0f} ms; {self.memory:.0f} MB of memory, {self.log:.0f} MB of log"
        )

    def bearable(self) -> bool:
        return self.slow <= max(1, len(self.times) * OUTLIERS) and self.memory < 400 and self.log < 200


def port(live: Live) -> int:
    return int(urlsplit(live.base).port or 0)


def workers(live: Live) -> list[int]:
    """The process ids of the workers."""
    children = [
        int(pid) for file in Path(f"/proc/{live.process.pid}/task").glob("*/children") for pid in file.read_text().split()
    ]
    serving = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
    return serving or [live.process.pid]


def memory(pid: int) -> float:
    """Resident memory in MB."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


def endure(live: Live, data: Path, attack: Callable[[], Awaitable[Any]], seconds: float) -> Harm:
    """Runs an attack for this many seconds and measures the server. Cancels the attack at the end."""
    probe = subprocess.Popen([sys.executable, "-c", PROBE, str(port(live)), str(seconds)], stdout=subprocess.PIPE, text=True)
    peaks = {"memory": 0.0, "log": 0.0}

    async def watch() -> None:
        attacking = asyncio.ensure_future(attack())
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            await asyncio.sleep(0.2)
            peaks["memory"] = max([peaks["memory"], *map(memory, workers(live))])
            if peaks["memory"] > HOPELESS:
                live.process.kill()
                break
            with suppress(FileNotFoundError):
                peaks["log"] = max(peaks["log"], (data / "sickbay.db-wal").stat().st_size / 1e6)
        attacking.cancel()
        with suppress(asyncio.CancelledError):
            await attacking

    asyncio.run(watch())
    output, _ = probe.communicate(timeout=60)
    return Harm(json.loads(output), peaks["memory"], peaks["log"])


class Wire:
    """A raw connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def to(cls, live: Live) -> Wire:
        return cls(*await asyncio.open_connection("127.0.0.1", port(live)))

    async def ask(self, request: bytes) -> bytes:
        """Sends a request and returns the whole response; b"" if the server closed the connection."""
        self.writer.write(request)
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
            return head + await self.reader.readexactly(length)
        except (asyncio.IncompleteReadError, ConnectionError):
            return b""

    def close(self) -> None:
        self.writer.close()


async def repeating(live: Live, requests: Iterator[bytes]) -> None:
    """A client that sends one request after another, and connects again if it is rejected."""
    while True:
        with suppress(OSError):
            wire = await Wire.to(live)
            try:
                while await wire.ask(next(requests)):
                    pass
            finally:
                wire.close()
        await asyncio.sleep(0.05)


def many(live: Live, requests: Callable[[], Iterator[bytes]], clients: int) -> Callable[[], Awaitable[Any]]:
    async def attack() -> None:
        await asyncio.gather(*(repeating(live, requests()) for _ in range(clients)))

    return attack


@contextmanager
def admin(live: Live) -> Iterator[Callable[[str, dict[str, Any]], dict[str, Any]]]:
    import httpx2

    with httpx2.Client(base_url=f"{live.base}/admin", trust_env=False, timeout=60) as client:

        def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
            response = client.post(path, json=body)
            assert response.status_code == 201, response.text
            return dict(response.json())

        yield post


def token(live: Live, scope: str = "system/*.cruds") -> str:
    """An access token of a new backend service."""
    with admin(live) as post:
        app = post("/apps", {"name": "Load", "type": "system", "client": "symmetric", "scope": scope})
        return str(post("/tokens", {"app": app["app_id"], "scope": scope})["access_token"])
