"""Ports that tests choose before a server starts."""

from __future__ import annotations

import socket
import sys

import pytest
from tests.ports import free_port, free_ports

from sickbay.cli import sockets


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a server share a port with a socket that holds it")
def test_a_chosen_port_is_for_its_server_and_for_no_one_who_takes_any_port() -> None:
    port = free_port()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))  # as the system does for a process that takes any port
    for _ in range(2):  # a server may be started again
        listening = sockets.listen("127.0.0.1", port)
        assert sockets.port_of(listening) == port
        for listener in listening:
            listener.close()


def test_several_ports_are_different() -> None:
    assert len(set(free_ports(20))) == 20
