"""What `_include` and `_revinclude` bring along, each type under its own visibility."""

from __future__ import annotations

from collections.abc import Iterator
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


def included(run: Run, scope: Scope, find: Find, query: Query, matches: dict[str, list[int]]) -> dict[str, list[Row]]:
    """Rows by type of what is visible and is no match itself, each once; one more than MOST where there are more.

    matches: nids by type. What `:iterate` says is done again with what it brought, until nothing new comes; what is not
    visible brings nothing.
    """
    seen = {nid for nids in matches.values() for nid in nids}
    most = len(seen) + MOST
    found: dict[str, list[Row]] = {}
    frontier, asked = matches, query.includes
    while frontier and asked and len(seen) <= most:
        brought: dict[str, list[int]] = {}
        for one in asked:
            for hop in _hops(find, query.version, one, frontier):
                for type in hop.types if hop.types is not None else _types(run, scope, hop):
                    for row in _fetch(run, scope, hop, type, MOST + len(seen) + 1):
                        if row[0] not in seen and len(seen) <= most:
                            seen.add(row[0])
                            found.setdefault(type, []).append(row)
                            brought.setdefault(type, []).append(row[0])
        frontier, asked = brought, tuple(one for one in query.includes if one.iterate)
    return found


def _hops(find: Find, version: str, one: Include, frontier: dict[str, list[int]]) -> Iterator[_Hop]:
    """From each type that the include may begin at."""
    for type, nids in frontier.items():
        listed = orjson.dumps(nids).decode()
        hop = _backward(find, version, type, one, listed) if one.reverse else _forward(find, version, type, one, listed)
        if hop is not None:
            yield hop


def _forward(find: Find, version: str, type: str, one: Include, nids: str) -> _Hop | None:
    if one.source not in ("*", type):
        return None
    text, binds = "FROM reference_index f CROSS JOIN resource r ON r.nid = f.target", (nids,)
    where = " WHERE f.nid IN (SELECT value FROM json_each(?))"
    types = None if one.target is None else (one.target,)
    if one.parameter == "*":
        return _Hop(text + where, binds, types)
    parameter = find(version, type, one.parameter)
    return _Hop(f"{text}{where} AND f.parameter = ?", (*binds, parameter.number), types) if parameter else None


def _backward(find: Find, version: str, type: str, one: Include, nids: str) -> _Hop | None:
    text = "FROM reference_index f CROSS JOIN resource r ON r.nid = f.nid"
    where = " WHERE f.target IN (SELECT value FROM json_each(?))"
    if one.target not in (None, type):
        return None
    types = None if one.source == "*" else (one.source,)
    if one.parameter == "*":
        return _Hop(text + where, (nids,), types)
    parameter = find(version, one.source, one.parameter)
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
