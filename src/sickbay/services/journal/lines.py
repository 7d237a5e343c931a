"""Summaries of exchanges for lists: app, request, outcome, duration, and the titles of the findings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sickbay.services.context import Runtime
from sickbay.services.empty_searches.completion import complete_exchanges
from sickbay.services.journal.exchange_json import finding_json, read_whole
from sickbay.services.journal.outcomes import WORDS, determine_outcome
from sickbay.services.journal.packing import unpack
from sickbay.services.journal.probable import ADVICE, find_followed_preflights
from sickbay.storage.interface import Record


class _Request(msgspec.Struct):
    method: str
    url: str


class _Response(msgspec.Struct):
    status: int
    headers: dict[str, str] = {}


class _Stored(msgspec.Struct):
    """The members of a record that a line needs. Decoding only these takes a third of the time."""

    id: str
    at: float
    stage: str
    request: _Request
    response: _Response
    checks: Any = ""
    tenant: str = ""
    app: str | None = None
    launch: str | None = None
    findings: list[dict[str, Any]] = []
    decided: str | None = None
    injected: dict[str, Any] | None = None
    resent_from: str | None = None
    milliseconds: float | None = None
    size: int | None = None


_DECODER = msgspec.json.Decoder(_Stored)


async def _read_line(runtime: Runtime, record: Record) -> dict[str, Any]:
    """An exchange with the members of a list, for the administrator, and its `arrival`."""
    stored = _DECODER.decode(unpack(record.value))
    if not isinstance(stored.checks, str):  # a record of an older Sickbay, which is redacted again
        return await read_whole(runtime, record, False) | {"arrival": record.at}
    return msgspec.structs.asdict(stored) | {
        "arrival": record.at,
        "request": {"method": stored.request.method, "url": stored.request.url},
        "response": {"status": stored.response.status, "headers": stored.response.headers},
        "findings": [finding_json(item) for item in stored.findings],
    }


async def read_lines(runtime: Runtime, records: Sequence[Record]) -> list[dict[str, Any]]:
    """Exchanges with the members of a list, for the administrator, and their `arrival`, in the same order."""
    return await complete_exchanges(runtime, [await _read_line(runtime, record) for record in records])


async def read_newest_lines(runtime: Runtime, records: Sequence[Record]) -> list[dict[str, Any]]:
    """The same for a list, newest first, without advice about a blocked request that did arrive after all."""
    followed, entries = find_followed_preflights(records), await read_lines(runtime, records)
    return [_drop_advice(entry, record.key in followed) for entry, record in zip(entries, records, strict=True)]


def _drop_advice(entry: dict[str, Any], followed: bool) -> dict[str, Any]:
    """Without the advice about a blocked request if the request after the preflight arrived."""
    return entry | {"findings": [found for found in entry["findings"] if found["id"] != ADVICE]} if followed else entry


def to_json(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Formats a line for GET /exchanges, the stream and `sickbay tail --json`. /exchanges/{id} has the full exchange."""
    return {
        "id": entry["id"],
        "at": entry["at"],
        "tenant": entry["tenant"],
        "app": entry["app"],
        "launch": entry["launch"],
        "stage": entry["stage"],
        "request": {"method": entry["request"]["method"], "url": entry["request"]["url"]},
        "response": {"status": entry["response"]["status"]},
        "outcome": WORDS[determine_outcome(entry)],
        "milliseconds": entry.get("milliseconds"),
        "size": entry.get("size"),
        "findings": [{name: found[name] for name in ("id", "severity", "title")} for found in entry["findings"]],
        "injected": entry.get("injected"),
        "arrival": entry["arrival"],
        **({"resent_from": entry["resent_from"]} if entry.get("resent_from") else {}),
    }
