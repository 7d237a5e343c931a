"""What `_include` and `_revinclude` bring along: one level, each type under its own visibility."""

from __future__ import annotations

from typing import NamedTuple

import orjson

from sickbay.fhir.query import Include, Query
from sickbay.storage.sql.filters import FALSE, Scope
from sickbay.storage.sql.order import Find
from sickbay.storage.sql.reading import COLUMNS
from sickbay.storage.sql.statement import Row, Run, Statement

MOST = 1000
"""Included resources of one page: a patient's whole record may hang on one match."""


class _Hop(NamedTuple):
    """From the matches, along references, to the other end's nid (`o.nid`)."""

    text: str
    binds: tuple[int | str, ...]
    types: tuple[str, ...] | None
    """Types at the other end; None: whatever is there."""


def included(run: Run, scope: Scope, find: Find, query: Query, rows: list[Row]) -> dict[str, list[Row]]:
    """Rows by type of what is visible and is no match itself, each once; one more than MOST where there are more."""
    seen = {row[0] for row in rows}
    found: dict[str, list[Row]] = {}
    nids = orjson.dumps([row[0] for row in rows]).decode()
    for one in query.includes:
        hop = _hop(scope, find, query, one, nids)
        if hop is None:
            continue
        for type in hop.types if hop.types is not None else _types(run, scope, hop):
            for row in _fetch(run, scope, hop, type, MOST + len(seen) + 1):
                if row[0] not in seen and len(seen) - len(rows) <= MOST:
                    seen.add(row[0])
                    found.setdefault(type, []).append(row)
    return found


def _hop(scope: Scope, find: Find, query: Query, one: Include, nids: str) -> _Hop | None:
    if one.reverse:
        return _backward(find, query, one, nids)
    if one.source not in ("*", query.type):
        return None
    text, binds = "FROM reference_index f CROSS JOIN resource r ON r.nid = f.target", (nids,)
    where = " WHERE f.nid IN (SELECT value FROM json_each(?))"
    types = None if one.target is None else (one.target,)
    if one.parameter == "*":
        return _Hop(text + where, binds, types)
    parameter = find(query.version, query.type, one.parameter)
    if parameter is None:
        return None
    return _Hop(f"{text}{where} AND f.parameter = ?", (*binds, parameter.number), types)


def _backward(find: Find, query: Query, one: Include, nids: str) -> _Hop | None:
    text = "FROM reference_index f CROSS JOIN resource r ON r.nid = f.nid"
    where = " WHERE f.target IN (SELECT value FROM json_each(?))"
    if one.target not in (None, query.type):
        return None
    types = None if one.source == "*" else (one.source,)
    if one.parameter == "*":
        return _Hop(text + where, (nids,), types)
    parameter = find(query.version, one.source, one.parameter)
    return _Hop(f"{text}{where} AND f.parameter = ?", (nids, parameter.number), types) if parameter else None


def _types(run: Run, scope: Scope, hop: _Hop) -> list[str]:
    """Which types are there at all; nothing of this leaves."""
    rows = run(Statement(f"SELECT DISTINCT r.type {hop.text} AND r.state = 1", hop.binds))
    return sorted(scope.names.text(row[0]) for row in rows)


def _fetch(run: Run, scope: Scope, hop: _Hop, type: str, limit: int) -> list[Row]:
    held = scope.visible(type, "rs", "r.nid", None)
    if held is FALSE:
        return []
    text = f"SELECT DISTINCT {COLUMNS} {hop.text} AND r.state = 1 AND r.type = ? AND {held.text} ORDER BY r.nid LIMIT ?"
    return run(Statement(text, (*hop.binds, scope.names.word(type), *held.binds, limit)))
