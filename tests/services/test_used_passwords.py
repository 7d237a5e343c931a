"""Used passwords are remembered as hashes, a limited number of them, until all users are removed."""

from __future__ import annotations

import pytest

from sickbay.kernel.memory import ResetScope
from sickbay.services import used_passwords
from sickbay.services.used_passwords import UsedPasswords


def test_a_used_password_is_included_and_kept_only_as_a_hash() -> None:
    passwords = UsedPasswords()
    assert not passwords
    passwords.remember("green-horse")
    passwords.remember("abc")
    assert passwords
    assert passwords.includes(b"green-horse")
    assert not passwords.includes(b"abc"), "too short to be looked for"
    assert "green-horse" not in repr(vars(passwords))


def test_the_oldest_are_dropped_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(used_passwords, "MAXIMUM_PASSWORDS", 3)
    passwords = UsedPasswords()
    for number in range(4):
        passwords.remember(f"password-{number}")
        passwords.remember(f"password-{number}")
    assert [passwords.includes(f"password-{number}".encode()) for number in range(4)] == [False, True, True, True]


@pytest.mark.parametrize(
    ("reset", "is_kept"),
    [(ResetScope(), True), (ResetScope("epic", True), True), (ResetScope("epic"), True), (ResetScope(None, True), False)],
)
def test_they_are_forgotten_only_if_all_users_were_removed(reset: ResetScope, is_kept: bool) -> None:
    passwords = UsedPasswords()
    passwords.remember("green-horse")
    before = passwords.newest
    passwords.forget(reset)
    assert passwords.includes(b"green-horse") is is_kept
    assert (passwords.newest == before) is is_kept
