"""Resolves `_include` and `_revinclude`, applying the visibility of each included type."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import orjson

from sickbay.fhir.search.query import Include, Query
from sickbay.fhir.visibility import Visibility
from sickbay.storage.query import canonicals
from sickbay.storage.query.conditions import FALSE, match_any
from sickbay.storage.query.filters import Scope
from sickbay.storage.query.keyset import BYTES, Cut, Find
from sickbay.storage.query.statement import Row, Run, Statement
from sickbay.storage.query.visibility import COLUMNS, WIDTH, group_by_visibility

MAXIMUM_INCLUDED = 1000
"""Maximum included resources of a page, besides BYTES: one match may be linked to a patient's whole record."""


class _Hop(NamedTuple):
    """A step from the matches along references to the distinct nids at the other end.

    types: the types at the other end; None means any. without: types that are excluded.
    """

    text: str
    binds: tuple[int | str, ...]
    types: tuple[str, ...] | None
    without: frozenset[str]


def read_included_rows(
    run: Run, scope: Scope, find: Find, query: Query, visibility: Visibility, matches: dict[str, list[int]]
) -> tuple[dict[str, list[Row]], bool]:
    """Return the visible rows by type that aren't matches themselves, each once, and whether there are more than are allowed.

    At most MAXIMUM_INCLUDED rows and BYTES are allowed. matches: nids by type. An `:iterate` include is repeated with the
    resources it added until there are no new ones. Invisible resources aren't followed.
    """
    seen = {nid for nids in matches.values() for nid in nids}
    most = len(seen) + MAXIMUM_INCLUDED
    rows_by_type: dict[str, list[Row]] = {}
    frontier, pending_includes, size, full = matches, query.includes, 0, False
    while frontier and pending_includes and not full:
        next_frontier: dict[str, list[int]] = {}
        for hop in (
            hop for include in pending_includes for hop in _hops_of_include(run, scope, find, query.version, include, frontier)
        ):
            for rows in _fetch_hop(run, scope, hop, visibility, MAXIMUM_INCLUDED + len(seen) + 1):
                full = full or isinstance(rows, Cut)
                for row in rows:
                    if row[0] in seen:
                        continue
                    size += len(row[WIDTH - 1])
                    if len(seen) == most or (size > BYTES and rows_by_type):
                        return rows_by_type, True
                    type = scope.names.text(row[-1])
                    seen.add(row[0])
                    rows_by_type.setdefault(type, []).append(row)
                    next_frontier.setdefault(type, []).append(row[0])
        frontier, pending_includes = next_frontier, tuple(include for include in query.includes if include.iterate)
    return rows_by_type, full


def _hops_of_include(
    run: Run, scope: Scope, find: Find, version: str, include: Include, frontier: dict[str, list[int]]
) -> Iterator[_Hop]:
    """Yield the steps of an include, one per source type, or a single step if the source type doesn't matter.

    Canonicals are only followed by a named parameter, not by an asterisk.
    """
    if include.parameter == "*" and (include.target is None if include.reverse else include.source == "*"):
        yield _follow_references(include, [nid for nids in frontier.values() for nid in nids], None)
        return
    for type, nids in frontier.items():
        if not (include.target in (None, type) if include.reverse else include.source in ("*", type)):
            continue
        source = include.source if include.reverse else type
        parameter = find(version, source, include.parameter) if include.parameter != "*" else None
        if parameter is not None or include.parameter == "*":
            yield _follow_references(include, nids, parameter.number if parameter else None)
        if parameter is not None and canonicals.is_canonical(version, parameter):
            context = run, scope, find, version, parameter
            canonical_nids = (
                canonicals.find_referring_resources(*context, type, nids, MAXIMUM_INCLUDED + 1)
                if include.reverse
                else canonicals.find_named_resources(*context, nids)
            )
            if canonical_nids:
                yield _Hop(
                    "SELECT j.value AS nid FROM json_each(?) j",
                    (orjson.dumps(canonical_nids).decode(),),
                    _far_types(include),
                    include.without,
                )


def _follow_references(include: Include, nids: list[int], parameter: int | None) -> _Hop:
    here, there = ("target", "nid") if include.reverse else ("nid", "target")
    text = f"SELECT DISTINCT f.{there} AS nid FROM shown_reference f WHERE f.{here} IN (SELECT value FROM json_each(?))"
    binds: tuple[int | str, ...] = (orjson.dumps(nids).decode(),)
    if parameter is not None:
        text, binds = f"{text} AND f.parameter = ?", (*binds, parameter)
    return _Hop(text, binds, _far_types(include), include.without)


def _far_types(include: Include) -> tuple[str, ...] | None:
    """Return the type at the other end, if it is specified."""
    far_type = (None if include.source == "*" else include.source) if include.reverse else include.target
    return None if far_type is None else (far_type,)


def _types_at_end(run: Run, scope: Scope, hop: _Hop) -> list[str]:
    """Return the types that occur at the other end. The client never sees the result."""
    text = f"SELECT DISTINCT r.type FROM ({hop.text}) o CROSS JOIN resource r ON r.nid = o.nid WHERE r.state = 1"
    return sorted(scope.names.text(row[0]) for row in run(Statement(text, hop.binds)))


def _fetch_hop(run: Run, scope: Scope, hop: _Hop, visibility: Visibility, limit: int) -> Iterator[list[Row]]:
    """Yield rows that end with their type number. Types with the same visibility share one statement."""
    types = hop.types if hop.types is not None else _types_at_end(run, scope, hop)
    for group in group_by_visibility(visibility, "rs", (type for type in types if type not in hop.without)):
        visible = scope.visible(group[0], "rs", "r.nid", None)
        type_condition = match_any("r.type", [scope.names.word(type) for type in group])
        if visible is not FALSE:
            text = f"SELECT {COLUMNS}, r.type FROM ({hop.text}) o CROSS JOIN resource r ON r.nid = o.nid"
            text = f"{text} WHERE r.state = 1 AND {type_condition.text} AND {visible.text} ORDER BY r.nid LIMIT ?"
            yield run(Statement(text, (*hop.binds, *type_condition.binds, *visible.binds, limit), WIDTH - 1))
