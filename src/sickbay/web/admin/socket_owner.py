"""Finds the user of this machine who owns the other end of a loopback connection. Only Linux tells."""

from __future__ import annotations

import socket
import struct
import sys
from collections.abc import Iterable
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Final, NamedTuple

from sickbay.authorization.administration import SocketHolder

Address = tuple[str, int]
UID_MAP: Final = Path("/proc/self/uid_map")
OVERFLOW_UID: Final = Path("/proc/sys/kernel/overflowuid")
TABLES: Final = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
SOCK_DIAG: Final = 4
"""The netlink protocol that describes sockets (sock_diag(7)). Python has no name for it."""
SOCK_DIAG_BY_FAMILY: Final = 20
"""The type of its requests and responses."""
ALL_STATES: Final = 0xFFFFFFFF
_HEADER: Final = struct.Struct("=IHHII")
"""The header of a netlink message: its length, type, flags, sequence number and port."""
_QUERY: Final = struct.Struct("=BBBBI")
"""inet_diag_req_v2 up to the socket: family, protocol, extensions, padding, states."""
_PORTS: Final = struct.Struct("!HH16s16s")
"""inet_diag_sockid: ports and addresses, followed by the interface and a cookie."""
_ANY_INTERFACE: Final = struct.pack("=I", 0) + b"\xff" * 8
_OWNER: Final = struct.Struct("=II")
"""idiag_uid and idiag_inode."""
_OWNER_AT: Final = _HEADER.size + 4 + _PORTS.size + len(_ANY_INTERFACE) + 12
"""Their position in a response."""
ALL_USERS: Final = 2**32 - 1
"""The number of user ids that the first user namespace of a machine maps, each to itself."""


class Owner(NamedTuple):
    """inode: 0 if no process has the socket any more. Then the kernel reports root as its user."""

    uid: int
    inode: int


def find_holder(peer: Address, server: Address, tables: Iterable[Path] | None = None) -> SocketHolder:
    """The user who holds the socket at `peer` that is connected to `server`.

    tables: where to look instead of asking the kernel.
    """
    if sys.platform != "linux":
        return SocketHolder(told=False)
    owner = _ask_kernel(peer, server) if tables is None else None
    owner = owner or _find_in_tables(peer, server, TABLES if tables is None else tables)
    if owner is None or not owner.inode:
        return SocketHolder()
    return SocketHolder(owner.uid, unmapped=owner.uid == _find_unmapped_uid())


@cache
def _find_unmapped_uid() -> int | None:
    """The id that the kernel reports for users outside our user namespace; None if there are none."""
    try:
        maps = UID_MAP.read_text("ascii").splitlines()
        if sum(int(line.split()[2]) for line in maps) >= ALL_USERS:
            return None
        return int(OVERFLOW_UID.read_text("ascii"))
    except (OSError, ValueError, IndexError):  # a kernel without user namespaces
        return None


def _ask_kernel(peer: Address, server: Address) -> Owner | None:
    """Asks the kernel for this one socket. Reading the table takes the kernel milliseconds, however few sockets there are.

    Also None if the kernel was built without this feature, which looks the same as a missing socket.
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
    if len(answer) < _OWNER_AT + _OWNER.size or _HEADER.unpack_from(answer)[1] != SOCK_DIAG_BY_FAMILY:
        return None
    return Owner(*_OWNER.unpack_from(answer, _OWNER_AT))


def _find_in_tables(peer: Address, server: Address, tables: Iterable[Path]) -> Owner | None:
    """Looks for the socket in the kernel's tables."""
    try:
        wanted = [(_format_address(peer, mapped), _format_address(server, mapped)) for mapped in (False, True)]
    except ValueError:  # not an address: there is no socket
        return None
    for table in tables:
        for row in _rows_of_table(table):
            if (row[1], row[2]) in wanted:
                return Owner(int(row[7]), int(row[9]))
    return None


def _rows_of_table(table: Path) -> list[list[str]]:
    """Fields of a row: number, local and remote address, state, queues, timer, retransmissions, user id, timeout, inode.

    See proc(5).
    """
    try:
        return [line.split() for line in table.read_text("ascii").splitlines()[1:]]
    except (OSError, UnicodeDecodeError):
        return []


def _format_address(address: Address, mapped: bool) -> str:
    """Format an address as the table does: words of four bytes in native byte order. mapped: IPv4 as IPv6."""
    raw = ip_address(address[0]).packed
    raw = bytes(10) + b"\xff\xff" + raw if mapped and len(raw) == 4 else raw
    words = [raw[at : at + 4][::-1].hex() for at in range(0, len(raw), 4)]
    return f"{''.join(words)}:{address[1]:04x}".upper()
