"""The user of a loopback connection, from a sample table and from real connections."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sickbay.web.admin import socket_owner
from sickbay.web.admin.socket_owner import TABLES, Address, owner, service_account

HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: {peer} {server} 01 00000000:00000000 00:00000000 00000000 {uid:5d}        0 4711 1\n"
PEER, SERVER = ("127.0.0.1", 40000), ("127.0.0.1", 7425)
PLAIN = {"peer": "0100007F:9C40", "server": "0100007F:1D01"}
MAPPED = {"peer": "0000000000000000FFFF00000100007F:9C40", "server": "0000000000000000FFFF00000100007F:1D01"}


def table(folder: Path, *rows: str) -> list[Path]:
    (folder / "tcp").write_text(HEAD + "".join(rows))
    return [folder / "none", folder / "tcp"]


@pytest.mark.parametrize("address", [PLAIN, MAPPED])
@pytest.mark.parametrize(
    ("uid", "own", "seen"),
    [(33, 1000, 33), (33, 0, 33), (999, 1000, 999), (33, 33, None), (0, 1000, None), (1000, 0, None), (65534, 0, None)],
)
def test_only_a_service_account_other_than_ours_is_reported(
    tmp_path: Path, address: dict[str, str], uid: int, own: int, seen: int | None
) -> None:
    tables = table(tmp_path, ROW.format(**address, uid=uid))
    assert service_account(PEER, SERVER, tables=tables, own=own) == seen


def test_our_own_end_and_other_connections_are_ignored(tmp_path: Path) -> None:
    ours = ROW.format(peer=PLAIN["server"], server=PLAIN["peer"], uid=33)
    other = ROW.format(peer=PLAIN["peer"], server="0100007F:1D02", uid=33)
    assert owner(PEER, SERVER, table(tmp_path, ours, other)) is None


def test_without_the_table_the_owner_is_unknown(tmp_path: Path) -> None:
    assert service_account(PEER, SERVER, tables=[tmp_path / "none"], own=0) is None


def test_a_host_name_has_no_socket(tmp_path: Path) -> None:
    assert owner(PEER, ("localhost", 7425), table(tmp_path, ROW.format(**PLAIN, uid=33))) is None
    assert owner(PEER, ("localhost", 7425)) is None


@contextmanager
def connection(host: str) -> Iterator[tuple[Address, Address]]:
    """A real connection: the peer's address and the server's, as the server sees them."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with (
        socket.create_server((host, 0), family=family) as listening,
        socket.create_connection(listening.getsockname()[:2]),
    ):
        accepted, peer = listening.accept()
        with accepted:
            yield peer[:2], accepted.getsockname()[:2]


@pytest.mark.parametrize("tables", [None, TABLES])
@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_real_connection_belongs_to_the_user_who_made_it(host: str, tables: tuple[Path, ...] | None) -> None:
    with connection(host) as (peer, server):
        uid = owner(peer, server, tables)
    assert uid == (os.getuid() if TABLES[0].exists() else None)


def test_the_tables_are_read_only_if_the_kernel_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    tables_read: list[Path] = []

    def rows(table: Path) -> list[list[str]]:
        tables_read.append(table)
        return []

    with connection("127.0.0.1") as (peer, server):
        if socket_owner._answered(peer, server) is None:
            pytest.skip("this kernel doesn't describe a single socket")
        monkeypatch.setattr(socket_owner, "_rows", rows)
        assert owner(peer, server) == os.getuid()
        assert tables_read == []
    assert owner(("127.0.0.1", 1), ("127.0.0.1", 2)) is None
    assert tables_read == list(TABLES)


def test_without_netlink_the_tables_tell_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_NETLINK", raising=False)
    with connection("127.0.0.1") as (peer, server):
        assert owner(peer, server) == (os.getuid() if TABLES[0].exists() else None)
