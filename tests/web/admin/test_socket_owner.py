"""The user of a loopback connection, from a sample table and from real connections."""

from __future__ import annotations

import os
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.conftest import skip_or_fail

from sickbay.authorization.administration import SocketHolder
from sickbay.web.admin import socket_owner
from sickbay.web.admin.socket_owner import TABLES, Address, find_holder

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {peer} {server} 01 00000000:00000000 00:00000000 00000000 {uid:5d}        0 {inode} 1\n"
PEER, SERVER = ("127.0.0.1", 40000), ("127.0.0.1", 7425)
PLAIN = {"peer": "0100007F:9C40", "server": "0100007F:1D01"}
MAPPED = {"peer": "0000000000000000FFFF00000100007F:9C40", "server": "0000000000000000FFFF00000100007F:1D01"}


def table(folder: Path, *rows: str) -> list[Path]:
    (folder / "tcp").write_text(HEAD + "".join(rows))
    return [folder / "none", folder / "tcp"]


@pytest.fixture(autouse=True)
def _linux() -> None:
    if sys.platform != "linux":
        skip_or_fail("linux", "other systems don't say who holds a connection")


@pytest.mark.parametrize("address", [PLAIN, MAPPED])
@pytest.mark.parametrize("uid", [0, 33, 1000, 65534])
def test_the_table_names_the_user(tmp_path: Path, address: dict[str, str], uid: int) -> None:
    tables = table(tmp_path, ROW.format(**address, uid=uid, inode=4711))
    assert find_holder(PEER, SERVER, tables).uid == uid


def test_our_own_end_and_other_connections_are_ignored(tmp_path: Path) -> None:
    ours = ROW.format(peer=PLAIN["server"], server=PLAIN["peer"], uid=33, inode=4711)
    other = ROW.format(peer=PLAIN["peer"], server="0100007F:1D02", uid=33, inode=4711)
    assert find_holder(PEER, SERVER, table(tmp_path, ours, other)) == SocketHolder()


def test_without_the_table_the_user_is_unknown(tmp_path: Path) -> None:
    assert find_holder(PEER, SERVER, [tmp_path / "none"]) == SocketHolder()


def test_a_socket_that_no_process_holds_has_no_user(tmp_path: Path) -> None:
    """The kernel reports root for it."""
    assert find_holder(PEER, SERVER, table(tmp_path, ROW.format(**PLAIN, uid=0, inode=0))) == SocketHolder()


def test_a_host_name_has_no_socket(tmp_path: Path) -> None:
    assert find_holder(PEER, ("localhost", 7425), table(tmp_path, ROW.format(**PLAIN, uid=33, inode=4711))) == SocketHolder()
    assert find_holder(PEER, ("localhost", 7425)) == SocketHolder()


def test_other_systems_than_linux_do_not_say_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert find_holder(PEER, SERVER) == SocketHolder(told=False)


@pytest.mark.parametrize(
    ("maps", "unmapped"),
    [
        ("         0          0 4294967295\n", None),
        ("         0       1000          1\n         1     100000      65536\n", 65534),
        ("         0          0          1\n       998        998          1\n", 65534),
        ("", 65534),
    ],
    ids=["no user namespace", "rootless container", "PrivateUsers of systemd", "empty map"],
)
def test_in_a_user_namespace_one_id_stands_for_all_users_outside(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, maps: str, unmapped: int | None
) -> None:
    (tmp_path / "uid_map").write_text(maps)
    (tmp_path / "overflowuid").write_text("65534\n")
    monkeypatch.setattr(socket_owner, "UID_MAP", tmp_path / "uid_map")
    monkeypatch.setattr(socket_owner, "OVERFLOW_UID", tmp_path / "overflowuid")
    socket_owner._find_unmapped_uid.cache_clear()
    try:
        for uid in (0, 998, 65534):
            found = find_holder(PEER, SERVER, table(tmp_path, ROW.format(**PLAIN, uid=uid, inode=4711)))
            assert found == SocketHolder(uid, unmapped=uid == unmapped)
    finally:
        socket_owner._find_unmapped_uid.cache_clear()


@contextmanager
def connection(host: str) -> Iterator[tuple[socket.socket, Address, Address]]:
    """A real connection: the client's socket, and the peer's and the server's address, as the server sees them."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, 0), family=family) as listening,
        socket.create_connection(listening.getsockname()[:2]) as client,
    ):
        accepted, peer = listening.accept()
        with accepted:
            yield client, peer[:2], accepted.getsockname()[:2]


@pytest.mark.parametrize("tables", [None, TABLES])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_real_connection_belongs_to_the_user_who_made_it(host: str, tables: tuple[Path, ...] | None) -> None:
    with connection(host) as (_, peer, server):
        assert find_holder(peer, server, tables) == SocketHolder(os.getuid())


@pytest.mark.parametrize("tables", [None, TABLES])
@pytest.mark.parametrize("how", ["close", "half", "reset"])
def test_a_closed_connection_belongs_to_no_user(tables: tuple[Path, ...] | None, how: str) -> None:
    with connection("127.0.0.1") as (client, peer, server):
        if how == "half":
            client.shutdown(socket.SHUT_WR)
            assert find_holder(peer, server, tables) == SocketHolder(os.getuid())
            return
        if how == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        assert find_holder(peer, server, tables) == SocketHolder()


def test_the_tables_are_read_only_if_the_kernel_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    tables_read: list[Path] = []

    def rows(table: Path) -> list[list[str]]:
        tables_read.append(table)
        return []

    with connection("127.0.0.1") as (_, peer, server):
        if socket_owner._ask_kernel(peer, server) is None:
            skip_or_fail("netlink", "this kernel doesn't describe a single socket")
        monkeypatch.setattr(socket_owner, "_rows_of_table", rows)
        assert find_holder(peer, server).uid == os.getuid()
        assert tables_read == []
    assert find_holder(("127.0.0.1", 1), ("127.0.0.1", 2)) == SocketHolder()
    assert tables_read == list(TABLES)


def test_without_netlink_the_tables_tell_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    with connection("127.0.0.1") as (_, peer, server):
        assert find_holder(peer, server).uid == os.getuid()
