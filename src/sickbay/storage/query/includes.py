"""What `_include` and `_revinclude` bring along, each type under its own visibility."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import orjson

from sickbay.fhir.search.query import Include, Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.query import canonicals
from sickbay.storage.query.filters import FALSE, Scope, one_of
from sickbay.storage.query.order import Find
from sickbay.storage.query.row_reader import COLUMNS, WIDTH
from sickbay.storage.query.statement import BYTES, Cut, Row, Run, Statement
from sickbay.storage.query.visible import alike

MOST = 1000
"""Included resources of one page, of BYTES at most: a patient's whole record may hang on one match."""


class _Hop(NamedTuple):
    """From the matches, along references, to the numbers (`nid`) of the other end, each once.

    types: at the other end; None: whatever is there. without: types that are left there.
    """

    text: str
    binds: tuple[int | str, ...]
    types: tuple[str, ...] | None
    without: frozenset[str]


def included(
    run: Run, scope: Scope, find: Find, query: Query, visibility: Visibility, matches: dict[str, list[int]]
) -> tuple[dict[str, list[Row]], bool]:
    """Rows by type of what is visible and is no match itself, each once; and whether there are more than MOST or BYTES.

    matches: nids by type. What `:iterate` says is done again with what it brought, until nothing new comes; what is not
    visible brings nothing.
    """
    seen = {nid for nids in matches.values() for nid in nids}
    most = len(seen) + MOST
    found: dict[str, list[Row]] = {}
    frontier, asked, size, full = matches, query.includes, 0, False
    while frontier and asked and not full:
        brought: dict[str, list[int]] = {}
        for hop in (hop for one in asked for hop in _hops(run, scope, find, query.version, one, frontier)):
            for rows in _fetch(run, scope, hop, visibility, MOST + len(seen) + 1):
                full = full or isinstance(rows, Cut)
                for row in rows:
                    if row[0] in seen:
                        continue
                    size += len(row[WIDTH - 1])
                    if len(seen) == most or (size > BYTES and found):
                        return found, True
                    type = scope.names.text(row[-1])
                    seen.add(row[0])
                    found.setdefault(type, []).append(row)
                    brought.setdefault(type, []).append(row[0])
        frontier, asked = brought, tuple(one for one in query.includes if one.iterate)
    return found, full


def _hops(run: Run, scope: Scope, find: Find, version: str, one: Include, frontier: dict[str, list[int]]) -> Iterator[_Hop]:
    """From each type that the include may begin at; from all at once where the type says nothing of the way. What a
    canonical names is brought by a parameter that is named, and by no asterisk."""
    if one.parameter == "*" and (one.target is None if one.reverse else one.source == "*"):
        yield _along(one, [nid for nids in frontier.values() for nid in nids], None)
        return
    for type, nids in frontier.items():
        if not (one.target in (None, type) if one.reverse else one.source in ("*", type)):
            continue
        source = one.source if one.reverse else type
        parameter = find(version, source, one.parameter) if one.parameter != "*" else None
        if parameter is not None or one.parameter == "*":
            yield _along(one, nids, parameter.number if parameter else None)
        if parameter is not None and canonicals.is_canonical(version, parameter):
            asked = run, scope, find, version, parameter
            found = canonicals.naming(*asked, type, nids, MOST + 1) if one.reverse else canonicals.named(*asked, nids)
            if found:
                yield _Hop("SELECT j.value AS nid FROM json_each(?) j", (orjson.dumps(found).decode(),), _far(one), one.without)


def _along(one: Include, nids: list[int], parameter: int | None) -> _Hop:
    here, there = ("target", "nid") if one.reverse else ("nid", "target")
    text = f"SELECT DISTINCT f.{there} AS nid FROM reference_index f WHERE f.{here} IN (SELECT value FROM json_each(?))"
    binds: tuple[int | str, ...] = (orjson.dumps(nids).decode(),)
    if parameter is not None:
        text, binds = f"{text} AND f.parameter = ?", (*binds, parameter)
    return _Hop(text, binds, _far(one), one.without)


def _far(one: Include) -> tuple[str, ...] | None:
    """The type at the other end, where it is told."""
    far = (None if one.source == "*" else one.source) if one.reverse else one.target
    return None if far is None else (far,)


def _types(run: Run, scope: Scope, hop: _Hop) -> list[str]:
    """Which types are there at all; nothing of this leaves."""
    text = f"SELECT DISTINCT r.type FROM ({hop.text}) o CROSS JOIN resource r ON r.nid = o.nid WHERE r.state = 1"
    return sorted(scope.names.text(row[0]) for row in run(Statement(text, hop.binds)))


def _fetch(run: Run, scope: Scope, hop: _Hop, visibility: Visibility, limit: int) -> Iterator[list[Row]]:
    """Rows that end with the number of their type; those of which the same is visible by one statement."""
    types = hop.types if hop.types is not None else _types(run, scope, hop)
    for group in alike(visibility, "rs", (one for one in types if one not in hop.without)):
        held = scope.visible(group[0], "rs", "r.nid", None)
        of = one_of("r.type", [scope.names.word(type) for type in group])
        if held is not FALSE:
            text = f"SELECT {COLUMNS}, r.type FROM ({hop.text}) o CROSS JOIN resource r ON r.nid = o.nid"
            text = f"{text} WHERE r.state = 1 AND {of.text} AND {held.text} ORDER BY r.nid LIMIT ?"
            yield run(Statement(text, (*hop.binds, *of.binds, *held.binds, limit), WIDTH - 1))
