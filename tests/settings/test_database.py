"""Database URLs with one server or several, and what messages show of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sickbay.settings.database import hide_password, list_addresses

HOSTS = st.lists(st.from_regex(r"[a-z][a-z0-9.-]{0,10}[a-z0-9](:[1-9][0-9]{0,3})?", fullmatch=True), min_size=1, max_size=4)


@pytest.mark.parametrize(
    ("address", "text"),
    [
        ("postgresql://me:secret@host:5432/sickbay?sslmode=require", "postgresql://me@host:5432/sickbay"),
        ("postgresql://me:secret@a:1,b:2/sickbay", "postgresql://me@a:1,b:2/sickbay"),
        ("postgresql://me@/sickbay?host=/run", "postgresql://me@/sickbay"),
        ("postgresql://a,b/sickbay", "postgresql://a,b/sickbay"),
        ("postgresql://me:sec/ret@host/sickbay", "postgresql://…"),
        ("postgresql://me:secret@a:1,b:x/sickbay", "postgresql://…"),
    ],
)
def test_a_message_shows_the_servers_without_password_and_parameters(address: str, text: str) -> None:
    assert hide_password(address) == text


@given(HOSTS)
def test_each_server_has_a_url_of_its_own_with_everything_else_unchanged(hosts: list[str]) -> None:
    address = f"postgresql://me:secret@{','.join(hosts)}/sickbay?sslmode=require"
    assert list_addresses(address) == [f"postgresql://me:secret@{host}/sickbay?sslmode=require" for host in hosts]
