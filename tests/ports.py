"""Ports that nothing listens on, for servers whose port has to be known before they start."""

from __future__ import annotations

from sickbay.cli import sockets


def free_ports(count: int) -> list[int]:
    """Different ports, each free on both loopback addresses."""
    listening = [sockets.listen("127.0.0.1", 0) for _ in range(count)]
    numbers = [sockets.port_of(listeners) for listeners in listening]
    for listeners in listening:
        for listener in listeners:
            listener.close()
    return numbers


def free_port() -> int:
    return free_ports(1)[0]
