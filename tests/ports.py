"""Ports for servers whose port has to be known before they start."""

from __future__ import annotations

import errno
import socket
import sys
from itertools import chain

from sickbay.cli.sockets import ABSENT

_held: list[socket.socket] = []
"""Sockets that are bound and don't listen. The system gives their ports to no one who asks for any port, and a server that asks
for one of them gets it, since both have SO_REUSEADDR. Only Linux allows that.
"""


def free_ports(count: int) -> list[int]:
    """Different ports, each free on both loopback addresses. On Linux no one else gets them until this process ends."""
    pairs = [_bind_pair() for _ in range(count)]
    numbers = [int(pair[0].getsockname()[1]) for pair in pairs]
    for holding in chain.from_iterable(pairs):
        if sys.platform == "linux":
            _held.append(holding)
        else:
            holding.close()
    return numbers


def free_port() -> int:
    return free_ports(1)[0]


def _bind_pair() -> list[socket.socket]:
    while True:
        first = _bind("127.0.0.1", 0)
        try:
            return [first, _bind("::1", int(first.getsockname()[1]))]
        except OSError as error:
            if error.errno in ABSENT:  # this machine has no IPv6
                return [first]
            first.close()
            if error.errno != errno.EADDRINUSE:
                raise


def _bind(host: str, port: int) -> socket.socket:
    holding = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    holding.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        holding.bind((host, port))
    except OSError:
        holding.close()
        raise
    return holding
