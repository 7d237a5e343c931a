"""Runs the store contract on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.storage.contract import RecordsContract, ResourcesContract
from tests.storage.contract_history import HistoryContract
from tests.storage.contract_journal import JournalContract
from tests.storage.contract_probe import ProbeContract
from tests.storage.contract_quotas import QuotasContract, ResetsContract, small
from tests.storage.contract_search import SearchContract
from tests.storage.making import find

from sickbay.storage.sqlite.store import SqliteStore, open_store

__all__ = ["small"]


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = open_store(tmp_path / "sickbay.db", find)
    yield opened
    assert opened.guard.removed == 0
    await opened.close()


class TestRecords(RecordsContract):
    pass


class TestJournal(JournalContract):
    pass


class TestQuotas(QuotasContract):
    pass


class TestResets(ResetsContract):
    pass


class TestResources(ResourcesContract):
    pass


class TestHistory(HistoryContract):
    pass


class TestSearch(SearchContract):
    pass


class TestProbe(ProbeContract):
    pass
