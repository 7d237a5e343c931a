"""Host names are resolved in threads of their own, and a domain can't use more than its share of them."""

from __future__ import annotations

import asyncio
import socket
import threading
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.kernel.name_lookup import MAXIMUM_RUNNING, MAXIMUM_RUNNING_OF_A_DOMAIN, RunningFetches, resolve_host


@given(st.lists(st.sampled_from(["a.example", "B.Example.", "evil.test", "x.evil.test", "localhost"]), max_size=300))
def test_no_domain_and_not_all_together_exceed_their_limit(hosts: list[str]) -> None:
    running = RunningFetches()
    taken = [host for host in hosts if running.take(host)]
    of_evil = [host for host in taken if host.endswith("evil.test")]
    assert len(of_evil) <= MAXIMUM_RUNNING_OF_A_DOMAIN
    assert len(taken) <= MAXIMUM_RUNNING
    for host in taken:
        running.free(host)
    assert running.take("evil.test")


def test_addresses_and_localhost_need_no_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> NoReturn:
        raise AssertionError(arguments)

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    for host, addresses in (("localhost", ["::1", "127.0.0.1"]), ("192.0.2.1", ["192.0.2.1"]), ("::1", ["::1"])):
        assert asyncio.run(resolve_host(host, 80, RunningFetches())) == addresses


def test_an_unknown_name_has_no_address_and_frees_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object, **options: object) -> NoReturn:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    running = RunningFetches()
    for _ in range(MAXIMUM_RUNNING_OF_A_DOMAIN + 1):
        assert asyncio.run(resolve_host("unknown.example", 80, running)) == []


def test_a_thread_that_can_not_be_started_frees_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(thread: threading.Thread) -> NoReturn:
        raise RuntimeError("can't start new thread")

    running = RunningFetches()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        for _ in range(MAXIMUM_RUNNING_OF_A_DOMAIN + 1):
            assert asyncio.run(resolve_host("slow.example", 80, running)) is None
    assert running.take("slow.example")
