"""The accounts that every data folder begins with."""

from __future__ import annotations

import pytest

from sickbay import population
from sickbay.sandbox.seeding import PASSWORD_HASHES
from sickbay.services import sessions


@pytest.mark.parametrize("seed", [1, 2])
def test_each_account_can_sign_in_with_the_published_password(seed: int) -> None:
    assert {user.password for user in population.users(seed)} == set(PASSWORD_HASHES)
    for password, hashed in PASSWORD_HASHES.items():
        assert sessions._password_matches(hashed, password)
        assert not sessions._password_matches(hashed, password + "x")


def test_the_published_passwords_are_hashed_as_new_ones_are() -> None:
    assert not any(sessions._password_hasher().check_needs_rehash(hashed) for hashed in PASSWORD_HASHES.values())
