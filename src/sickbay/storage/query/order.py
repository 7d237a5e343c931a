"""The sort order of matches as a keyset: the sort keys, and the condition that starts the next page."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from sickbay.fhir.search.query import Query, SearchParameter
from sickbay.storage.query.access_path import AccessPath
from sickbay.storage.query.dictionary import NEVER
from sickbay.storage.query.filters import LAST
from sickbay.storage.query.statement import Bind, Sql

Find: TypeAlias = Callable[[str, str, str], SearchParameter | None]
"""Maps (version, type, code) to the search parameter."""


_ABSENT = LAST * 121
"""Sorts after every indexed text, because those have at most 120 characters."""
MOST = (1 << 63) - 1
"""Greater than any number. `ordered` uses all 64 bits, and 2.0 already maps to NEVER."""


class SortKey(NamedTuple):
    """One expression to sort by. It is never NULL; resources without a value come last in either direction."""

    text: str
    binds: tuple[Bind, ...] = ()
    descending: bool = False


def order(find: Find, query: Query, source: AccessPath) -> tuple[SortKey, ...]:
    """Return the sort keys before the nid, which is always the last key."""
    keys = [key for sort in query.sort if (key := _sorted(find, query, source, sort.parameter, sort.descending))]
    if not keys and source.rank:
        return (SortKey("d.rank"),)
    return tuple(keys)


def beyond(keys: tuple[tuple[str, bool], ...], last: tuple[Bind, ...]) -> Sql:
    """Return a condition that is true of what comes after `last` in the order of (column, descending)."""
    if all(not descending for _, descending in keys):
        columns = ", ".join(column for column, _ in keys)
        return Sql(f"({columns}) > ({', '.join('?' * len(keys))})", last)
    parts: list[str] = []
    binds: list[Bind] = []
    for index, (column, descending) in enumerate(keys):
        same = "".join(f"{name} = ? AND " for name, _ in keys[:index])
        parts.append(f"({same}{column} {'<' if descending else '>'} ?)")
        binds += last[: index + 1]
    return Sql(f"({' OR '.join(parts)})", tuple(binds))


def _sorted(find: Find, query: Query, source: AccessPath, name: str, descending: bool) -> SortKey | None:
    if name == "_id":
        return SortKey("r.id", (), descending)
    if name == "_lastUpdated":
        return SortKey("r.changed", (), descending)
    parameter = find(query.version, query.type, name)
    return _of_index(parameter, source.nid, descending) if parameter else None


def _of_index(parameter: SearchParameter, nid: str, descending: bool) -> SortKey | None:
    aggregate = "max" if descending else "min"
    places = ", ".join("?" * len(parameter.numbers))
    where = f"WHERE s.nid = {nid} AND s.parameter IN ({places})"
    match parameter.kind:
        case "date" | "number" | "quantity":
            table = "date_index" if parameter.kind == "date" else "quantity_index"
            value = f"SELECT {aggregate}(s.{'high' if descending else 'low'}) FROM {table} s {where}"
            greatest = NEVER if parameter.kind == "date" else MOST
            absent = str(-greatest if descending else greatest)
        case "string" | "uri":
            value = f"SELECT {aggregate}(s.value) FROM {parameter.kind}_index s {where}"
            absent = "''" if descending else f"'{_ABSENT}'"
        case "token":
            value = f"SELECT {aggregate}(w.code) FROM token_index s JOIN term w ON w.hash = s.hash {where}"
            absent = "''" if descending else f"'{_ABSENT}'"
        case "reference":
            local = "SELECT w.text || '/' || o.id AS v FROM reference_index s JOIN resource o ON o.nid = s.target"
            foreign = f"SELECT s.value FROM uri_index s {where}"
            both_kinds = f"{local} JOIN word w ON w.number = o.type {where} UNION ALL {foreign}"
            value = f"SELECT {aggregate}(e.v) FROM ({both_kinds}) e"
            absent = "''" if descending else f"'{_ABSENT}'"
        case _:
            return None
    numbers = parameter.numbers * (value.count("?") // len(parameter.numbers))
    return SortKey(f"coalesce(({value}), {absent})", numbers, descending)
