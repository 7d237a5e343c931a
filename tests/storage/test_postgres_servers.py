"""Connecting to the server that accepts writes, with a fake asyncpg.connect."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from sickbay.storage.postgres.servers import EACH, SESSION, SILENT, TIME_LIMITS, Servers

TWO = "postgresql://me@a,b/sickbay"


class Transport:
    def __init__(self, connected: socket.socket) -> None:
        self._connected = connected

    def get_extra_info(self, name: str) -> socket.socket:
        return self._connected


class FakeServers:
    """answers: what connecting to each host returns or raises. calls: the host and options of each attempt."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.calls: list[tuple[str | None, dict[str, Any]]] = []

    async def connect(self, address: str, **options: Any) -> Any:
        host = urlsplit(address).hostname
        self.calls.append((host, options))
        answer = self.answers[host or ""]
        answer = answer(options) if callable(answer) else answer
        if isinstance(answer, BaseException):
            raise answer
        return answer

    def hosts(self) -> list[str | None]:
        return [host for host, _ in self.calls]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeServers]:
    def make(**answers: Any) -> FakeServers:
        fakes = FakeServers(**answers)
        monkeypatch.setattr(asyncpg, "connect", fakes.connect)
        return fakes

    return make


@pytest.mark.parametrize(
    "failure",
    [ConnectionRefusedError(), TimeoutError(), asyncpg.TargetServerAttributeNotMatched(), asyncpg.CannotConnectNowError()],
)
@pytest.mark.anyio
async def test_a_server_that_is_lost_or_a_standby_is_passed_over(fake: Callable[..., FakeServers], failure: Exception) -> None:
    fakes = fake(a=failure, b="connection")
    both = Servers(TWO)
    assert await both.connect() == "connection"
    assert await both.connect() == "connection"
    assert fakes.hosts() == ["a", "b", "b"], "the server that answered last is tried first"


@pytest.mark.anyio
async def test_after_the_next_failover_the_first_server_is_used_again(fake: Callable[..., FakeServers]) -> None:
    fakes = fake(a=OSError(), b="second")
    both = Servers(TWO)
    await both.connect()
    fakes.answers |= {"a": "first", "b": OSError()}
    assert await both.connect() == "first"


@pytest.mark.anyio
async def test_if_no_server_answers_the_failure_is_raised(fake: Callable[..., FakeServers]) -> None:
    fake(a=OSError("a"), b=OSError("b"))
    with pytest.raises(OSError, match="b"):
        await Servers(TWO).connect()


@pytest.mark.anyio
async def test_several_servers_are_asked_for_the_one_that_accepts_writes(fake: Callable[..., FakeServers]) -> None:
    fakes = fake(a="connection", b="connection")
    await Servers(TWO).connect()
    await Servers("postgresql://me@a/sickbay").connect()
    await Servers(f"{TWO}?target_session_attrs=any").connect()
    options = [call for _, call in fakes.calls]
    assert [each["target_session_attrs"] for each in options] == ["read-write", None, None]
    assert (options[0]["timeout"], options[1]["timeout"] > EACH) == (EACH, True)


@pytest.mark.anyio
async def test_pgbouncer_gets_no_settings_from_the_second_attempt_on(fake: Callable[..., FakeServers]) -> None:
    refusal = asyncpg.ProtocolViolationError("unsupported startup parameter: jit")
    fakes = fake(a=lambda options: refusal if "jit" in options["server_settings"] else "connection")
    one_server = Servers("postgresql://me@a/sickbay")
    for _ in range(2):
        assert await one_server.connect() == "connection"
    assert [SESSION.items() <= call["server_settings"].items() for _, call in fakes.calls] == [True, False, False]
    assert [TIME_LIMITS.keys() <= call["server_settings"].keys() for _, call in fakes.calls] == [True, False, False]
    assert one_server.pooled


@pytest.mark.anyio
async def test_another_violation_of_the_protocol_is_not_a_pgbouncer(fake: Callable[..., FakeServers]) -> None:
    fake(a=asyncpg.ProtocolViolationError("nonsense"))
    with pytest.raises(asyncpg.ProtocolViolationError):
        await Servers("postgresql://me@a/sickbay").connect()


@pytest.mark.anyio
async def test_the_kernel_closes_a_connection_to_a_machine_that_is_gone(fake: Callable[..., FakeServers]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as connected:
        connection = type("Connection", (), {"_transport": Transport(connected)})()
        fake(a=connection)
        await Servers("postgresql://me@a/sickbay").connect()
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == SILENT * 1000
