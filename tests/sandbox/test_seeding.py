"""The accounts that every data folder begins with."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from sickbay import population
from sickbay.sandbox import seeding
from sickbay.sandbox.folder import Written
from sickbay.sandbox.sandbox import open_sandbox
from sickbay.sandbox.seeding import PASSWORD_HASHES
from sickbay.services import records, sessions
from sickbay.settings.settings import Settings
from sickbay.storage.interface import Delete


@pytest.mark.parametrize("seed", [1, 2])
def test_each_account_can_sign_in_with_the_published_password(seed: int) -> None:
    assert {user.password for user in population.list_users(seed)} == set(PASSWORD_HASHES)
    for password, hashed in PASSWORD_HASHES.items():
        assert sessions._password_matches(hashed, password)
        assert not sessions._password_matches(hashed, password + "x")


def test_the_published_passwords_are_hashed_as_new_ones_are() -> None:
    assert not any(sessions._password_hasher().check_needs_rehash(hashed) for hashed in PASSWORD_HASHES.values())


@pytest.mark.anyio
async def test_what_another_process_has_added_meanwhile_stays_and_the_rest_is_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = await open_sandbox(Settings(data=str(tmp_path)))
    try:
        store, written = sandbox.runtime.store, Written(0, 1)
        before = [record for kind in ("user", "app") for record in await store.find(kind)]
        missing = records.make_user_record(seeding.make_users(sandbox.runtime.tenants["epic"], written.seed)[1])
        await store.transaction([Delete(missing.kind, missing.key)])
        monkeypatch.setattr(seeding, "list_steps", partial(seeding.list_steps, everything=True))
        await seeding.add_samples(sandbox.runtime, written)
        after = [record for kind in ("user", "app") for record in await store.find(kind)]
        assert sorted(record.key for record in after) == sorted(record.key for record in before)
        assert {record for record in before if record.key != missing.key} <= {*after}
    finally:
        await sandbox.close()
