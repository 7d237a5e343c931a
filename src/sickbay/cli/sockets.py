"""Listening sockets, bound before any worker starts; and who holds a port that is taken."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from sickbay.cli.output import CommandError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
BACKLOG = 2048
SENT = 262_144
"""Bytes of an answer that the system takes before the client reads them; by itself it would take megabytes."""
TRIES = 20


def listen(host: str, port: int) -> list[socket.socket]:
    """On loopback both 127.0.0.1 and ::1, on the same port; else that host alone. Port 0 takes a free one."""
    for _ in range(TRIES):
        try:
            return _pair(port) if host in LOOPBACK else [_bound(host, port)]
        except OSError as error:
            if error.errno == errno.EADDRINUSE and port == 0:
                continue  # free on one of the two addresses only
            raise _trouble(host, port, error) from error
    raise CommandError("No port is free on both 127.0.0.1 and ::1.")


def reached_at(sockets: list[socket.socket]) -> str:
    """Where a command on this machine reaches them, as a URL has it."""
    address = str(sockets[0].getsockname()[0])
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    return f"[{address}]" if ":" in address else address


def port_of(sockets: list[socket.socket]) -> int:
    return int(sockets[0].getsockname()[1])


def _pair(port: int) -> list[socket.socket]:
    first = _bound("127.0.0.1", port)
    try:
        return [first, _bound("::1", port_of([first]))]
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            return [first]  # a machine without IPv6
        first.close()
        raise


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT)  # accepted ones have it too
        bound.bind((host, port))
        bound.listen(BACKLOG)
    except OSError:
        bound.close()
        raise
    bound.set_inheritable(True)
    return bound


def _trouble(host: str, port: int, error: OSError) -> CommandError:
    if error.errno == errno.EADDRINUSE:
        return CommandError(f"Port {port} is taken{holder(port)}; choose another with --port, or --port 0 for a free one.")
    return CommandError(f"Cannot listen on {host}, port {port}: {error.strerror}.")


def holder(port: int) -> str:
    """ " by process 42 (node)", where the system lets us see it; else nothing."""
    inodes = _inodes(port)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(link) in inodes for link in (process / "fd").iterdir()):
                return f" by process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue
    return ""


def _inodes(port: int) -> set[str]:
    """The listening sockets of this port, as /proc/*/fd names them."""
    found: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
        except OSError:
            continue
        found |= {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port}
    return found
