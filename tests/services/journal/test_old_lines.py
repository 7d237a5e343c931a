"""Exchanges of an older Sickbay are found by filters too, once they have a line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.flows.flow import FEW_PATIENTS, Flow, run

from sickbay.services.journal.filter_language import KnownNames, parse_filter
from sickbay.services.journal.old_lines import UNREADABLE, write_missing_lines
from sickbay.services.journal.packing import pack
from sickbay.storage.interface import Put, Record

OLD = {
    "stage": "token",
    "request": {"method": "POST", "url": "http://localhost:7425/general/oauth/token"},
    "response": {"status": 400},
    "findings": [{"id": "pkce-missing", "severity": "error"}],
    "decided": "pkce-missing",
}


def old_record(key: str, value: bytes, at: int) -> Record:
    return Record("exchange", key, value, "general", label="token", at=at, expires_at=2_000_000_000)


def test_lines_are_written_once_for_all_exchanges_that_lack_one(tmp_path: Path) -> None:
    async def steps(flow: Flow) -> None:
        store = flow.sandbox.runtime.store
        packed = pack(json.dumps(OLD).encode())
        old = [old_record(f"old{number}", packed, number + 1) for number in range(250)]
        await store.transaction([Put(record) for record in (*old, old_record("broken", b"{}", 300))])
        wanted = parse_filter("rule:pkce* status:4xx stage:token is:refused", KnownNames({}, (), ("pkce-missing",))).wanted
        assert await store.count_exchanges(wanted, 1000) == 0
        assert await write_missing_lines(flow.sandbox.runtime) == 251
        assert await store.count_exchanges(wanted, 1000) == 250
        assert await write_missing_lines(flow.sandbox.runtime) == 0
        assert [row.line for row in await store.read_exchanges_after(299, 10)] == [UNREADABLE]
        record = await store.get("exchange", "old7")
        assert record is not None
        assert record.value == packed

    run(steps, tmp_path, patients=FEW_PATIENTS)
