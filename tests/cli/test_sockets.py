"""Sockets are bound before a worker starts, on both loopback addresses, and a taken port names its holder."""

from __future__ import annotations

import os
import socket

import pytest

from sickbay.cli.output import CommandError
from sickbay.cli.sockets import listen, port_of


def test_port_zero_takes_the_same_free_port_on_both_loopback_addresses() -> None:
    sockets = listen("127.0.0.1", 0)
    try:
        assert {listener.getsockname()[1] for listener in sockets} == {port_of(sockets)}
        assert sockets[0].family == socket.AF_INET
        socket.create_connection(("127.0.0.1", port_of(sockets)), timeout=60).close()
    finally:
        for listener in sockets:
            listener.close()


def test_a_port_in_use_is_reported_with_the_process_that_uses_it() -> None:
    holder = listen("127.0.0.1", 0)
    try:
        with pytest.raises(
            CommandError, match=rf"Port {port_of(holder)} is in use by process {os.getpid()} \(.+\)\. Choose another"
        ):
            listen("127.0.0.1", port_of(holder))
    finally:
        for listener in holder:
            listener.close()


def test_a_host_of_another_machine_is_reported_in_one_sentence() -> None:
    with pytest.raises(CommandError, match=r"Can't listen on 203\.0\.113\.1"):
        listen("203.0.113.1", 0)
