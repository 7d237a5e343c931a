"""Sockets are bound before a worker starts, on both loopback addresses, and a taken port names its holder."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from sickbay.cli import sockets
from sickbay.cli.output import CommandError
from sickbay.cli.sockets import listen, next_port, port_of


def test_port_zero_takes_the_same_free_port_on_both_loopback_addresses() -> None:
    listening = listen("127.0.0.1", 0)
    try:
        assert {listener.getsockname()[1] for listener in listening} == {port_of(listening)}
        assert listening[0].family == socket.AF_INET
        socket.create_connection(("127.0.0.1", port_of(listening)), timeout=60).close()
    finally:
        for listener in listening:
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


@pytest.mark.parametrize(("port", "following"), [(0, 0), (1, 2), (7425, 7426), (65_534, 65_535), (65_535, 0)])
def test_after_the_last_port_comes_a_free_one(port: int, following: int) -> None:
    assert next_port(port) == following


def test_the_message_names_the_option_that_sets_the_port() -> None:
    holder = listen("127.0.0.1", 0)
    try:
        with pytest.raises(CommandError, match="Choose another one with --sample-port, or use --sample-port 0 for a free one"):
            listen("127.0.0.1", port_of(holder), "--sample-port")
    finally:
        for listener in holder:
            listener.close()


@pytest.mark.parametrize(("absent", "present"), [("127.0.0.1", "::1"), ("::1", "127.0.0.1")])
def test_a_machine_with_one_loopback_address_is_served_there(
    absent: str, present: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound: dict[str, socket.socket] = {}

    def bind_one(host: str, port: int) -> socket.socket:
        if host == absent:
            raise OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address")
        bound[host] = socket.create_server(("127.0.0.1", port))  # the machine of the test may have no IPv6
        return bound[host]

    monkeypatch.setattr(sockets, "_bind_socket", bind_one)
    (only,) = listen("127.0.0.1", 0)
    with only:
        assert bound == {present: only}


def test_a_host_of_another_machine_is_reported_in_one_sentence() -> None:
    with pytest.raises(CommandError, match=r"Can't listen on 203\.0\.113\.1"):
        listen("203.0.113.1", 0)
