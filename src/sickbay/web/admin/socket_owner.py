"""Which user of this machine holds the other end of a loopback connection: on Linux, from the kernel's table of sockets."""

from __future__ import annotations

import os
from collections.abc import Iterable
from ipaddress import ip_address
from pathlib import Path
from typing import Final

Address = tuple[str, int]
TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
SERVICES: Final = range(1, 1000)
"""User ids of service accounts (Debian Policy 9.2; login.defs, SYS_UID_MAX). People have higher ones, and root is 0."""


def service_account(peer: Address, server: Address, *, tables: Iterable[Path] = TABLES, own: int | None = None) -> int | None:
    """The user id of the peer if it is a service account other than ours, such as www-data; else None.

    The packages of nginx, Apache and HAProxy run as such an account, and a person doesn't. None also if the system
    doesn't say.
    """
    uid = owner(peer, server, tables)
    ours = os.getuid() if own is None else own
    return uid if uid in SERVICES and uid != ours else None


def owner(peer: Address, server: Address, tables: Iterable[Path] = TABLES) -> int | None:
    """The user id of the socket at `peer` that is connected to `server`; None if there is none, or no such table."""
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
