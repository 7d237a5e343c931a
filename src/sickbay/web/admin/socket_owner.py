"""Finds the user of this machine who has the other end of a loopback connection. Only Linux says it."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

Address = tuple[str, int]
TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
SOCK_DIAG: Final = 4
"""The netlink protocol that describes sockets (sock_diag(7)). Python has no name for it."""
SOCK_DIAG_BY_FAMILY: Final = 20
"""The type of its requests and responses."""
ALL_STATES: Final = 0xFFFFFFFF
_HEADER: Final = struct.Struct("=IHHII")
"""Of a netlink message: its length, type, flags, sequence number and port."""
_QUERY: Final = struct.Struct("=BBBBI")
"""inet_diag_req_v2 up to the socket: family, protocol, extensions, padding, states."""
_PORTS: Final = struct.Struct("!HH16s16s")
"""inet_diag_sockid: ports and addresses, followed by the interface and a cookie."""
_ANY_INTERFACE: Final = struct.pack("=I", 0) + b"\xff" * 8
_UID_AT: Final = _HEADER.size + 4 + _PORTS.size + len(_ANY_INTERFACE) + 12
"""The position of idiag_uid in a response."""
SERVICES: Final = range(1, 1000)
"""User ids of service accounts (Debian Policy 9.2; login.defs, SYS_UID_MAX). People have higher ones, and root is 0."""


def service_account(
    peer: Address, server: Address, *, tables: Iterable[Path] | None = None, own: int | None = None
) -> int | None:
    """The user id of the peer if it is a service account other than ours, such as www-data; else None.

    The packages of nginx, Apache and HAProxy run as such an account, and a person doesn't. None also if the system
    doesn't say.
    """
    uid = owner(peer, server, tables)
    ours = os.getuid() if own is None else own
    return uid if uid in SERVICES and uid != ours else None


def owner(peer: Address, server: Address, tables: Iterable[Path] | None = None) -> int | None:
    """The user id of the socket at `peer` that is connected to `server`; None if there is none, or if the system doesn't say.

    tables: where to look instead of asking the kernel.
    """
    uid = _answered(peer, server) if tables is None else None
    return uid if uid is not None else _listed(peer, server, TABLES if tables is None else tables)


def _answered(peer: Address, server: Address) -> int | None:
    """Asks the kernel for this one socket. Reading the table takes the kernel milliseconds, however few sockets there are.

    None also if the kernel was built without the answer, which can't be told from a missing socket.
    """
    if not hasattr(socket, "AF_NETLINK"):
        return None
    family = socket.AF_INET6 if ":" in peer[0] else socket.AF_INET
    try:
        addresses = [socket.inet_pton(family, host).ljust(16, b"\0") for host in (peer[0], server[0])]
        query = _QUERY.pack(family, socket.IPPROTO_TCP, 0, 0, ALL_STATES) + _PORTS.pack(peer[1], server[1], *addresses)
        message = query + _ANY_INTERFACE
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, SOCK_DIAG) as kernel:
            kernel.send(_HEADER.pack(_HEADER.size + len(message), SOCK_DIAG_BY_FAMILY, 1, 0, 0) + message)
            answer = kernel.recv(4096, socket.MSG_DONTWAIT)
    except OSError:  # not an address, or not allowed here
        return None
    if len(answer) < _UID_AT + 4 or _HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
        return None
    return int(struct.unpack_from("=I", answer, _UID_AT)[0])


def _listed(peer: Address, server: Address, tables: Iterable[Path]) -> int | None:
    """Looks for the socket in the kernel's tables."""
    try:
        wanted = [(_written(peer, mapped), _written(server, mapped)) for mapped in (False, True)]
    except ValueError:  # not an address: there is no socket
        return None
    for table in tables:
        for row in _rows(table):
            if (row[1], row[2]) in wanted:
                return int(row[7])
    return None


def _rows(table: Path) -> list[list[str]]:
    """Fields of a row: number, local and remote address, state, queues, timer, retransmissions, user id (proc(5))."""
    try:
        return [line.split() for line in table.read_text("ascii").splitlines()[1:]]
    except (OSError, UnicodeDecodeError):
        return []


def _written(address: Address, mapped: bool) -> str:
    """Format an address as the table does: words of four bytes in native byte order. mapped: IPv4 as IPv6."""
    raw = ip_address(address[0]).packed
    raw = bytes(10) + b"\xff\xff" + raw if mapped and len(raw) == 4 else raw
    words = [raw[at : at + 4][::-1].hex() for at in range(0, len(raw), 4)]
    return f"{''.join(words)}:{address[1]:04x}".upper()
