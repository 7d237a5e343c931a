"""Binds the listening sockets before any worker starts, and finds the process that uses a taken port."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

from sickbay.cli.output import CommandError

LOOPBACK = ("127.0.0.1", "localhost", "::1")
EVERY_ADDRESS = ("0.0.0.0", "::")
ELSEWHERE = ("192.0.2.1", 9)
"""An address that is reserved for documentation (RFC 5737). Nothing is sent to it."""
LAST_PORT = 65_535
BACKLOG = 2048
SENT = 262_144
"""Send buffer in bytes. The system's default would buffer megabytes of a response for a client that doesn't read."""
ABSENT = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
"""The error numbers of a machine without IPv4 or without IPv6."""
TRIES = 20
"""Attempts to find a port that is free on both loopback addresses."""


def listen(host: str, port: int, option: str = "--port") -> list[socket.socket]:
    """Sockets for the host. For a loopback host, both 127.0.0.1 and ::1, on the same port. Port 0 chooses a free one.

    option: what sets the port, for the message if it is taken.
    """
    for _ in range(TRIES):
        try:
            return _bind_loopback(port) if host in LOOPBACK else [_bind_socket(host, port)]
        except OSError as error:
            if error.errno == errno.EADDRINUSE and port == 0:
                continue  # free on one of the two addresses only
            raise _listen_error(host, port, option, error) from error
    raise CommandError(f"No port is free on both 127.0.0.1 and ::1. Choose one with {option}.")


def find_address(sockets: list[socket.socket]) -> str:
    """The address at which a command on this machine reaches the sockets, as written in a URL."""
    address = str(sockets[0].getsockname()[0])
    address = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)
    return f"[{address}]" if ":" in address else address


def find_network_address() -> str | None:
    """This machine's address on its network: that of the route to other networks. None if there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)  # UDP: chooses an address and sends nothing
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith("127.") or address == "0.0.0.0" else address


def port_of(sockets: list[socket.socket]) -> int:
    return int(sockets[0].getsockname()[1])


def next_port(port: int) -> int:
    """The port after this one; 0, which chooses a free one, if there is none, or if this one is 0."""
    return port + 1 if 0 < port < LAST_PORT else 0


def _bind_loopback(port: int) -> list[socket.socket]:
    """Sockets for both loopback addresses, or for the only one that this machine has."""
    try:
        first = _bind_socket("127.0.0.1", port)
    except OSError as error:
        if error.errno in ABSENT:
            return [_bind_socket("::1", port)]
        raise
    try:
        return [first, _bind_socket("::1", port_of([first]))]
    except OSError as error:
        if error.errno in ABSENT:
            return [first]
        first.close()
        raise


def _bind_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SENT)  # accepted sockets inherit it
        listening.bind((host, port))
        listening.listen(BACKLOG)
    except OSError:
        listening.close()
        raise
    listening.set_inheritable(True)
    return listening


def _listen_error(host: str, port: int, option: str, error: OSError) -> CommandError:
    if error.errno == errno.EADDRINUSE:
        return CommandError(
            f"Port {port} is in use{describe_holder(port)}. Choose another one with {option}, or use {option} 0 for a free one."
        )
    return CommandError(f"Can't listen on {host}, port {port}: {error.strerror}.")


def describe_holder(port: int) -> str:
    """ " by process 42 (node)", or "" if the system doesn't show it."""
    inodes = _find_listening_sockets(port)
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(os.readlink(link) in inodes for link in (process / "fd").iterdir()):
                return f" by process {process.name} ({(process / 'comm').read_text().strip()})"
        except OSError:
            continue
    return ""


def _find_listening_sockets(port: int) -> set[str]:
    """The listening sockets of this port, as /proc/*/fd names them."""
    inodes: set[str] = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        try:
            rows = [line.split() for line in Path(table).read_text().splitlines()[1:]]
        except OSError:
            continue
        inodes |= {f"socket:[{row[9]}]" for row in rows if row[3] == "0A" and int(row[1].rsplit(":", 1)[1], 16) == port}
    return inodes
