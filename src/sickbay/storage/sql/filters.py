"""One filter as SQL text: true of a nid (EXISTS), or the source that a search is driven from.

The text is joined from constant pieces by hand, values are always bound. A search of four conditions with its look-ups
takes about 33 µs to plan, and apsw caches the prepared statement under the text; building and rendering an expression
was measured at 89 µs before the first look-up, and a cache of shapes would need most of the joining for its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import orjson

from sickbay.fhir.query import (
    DateValue,
    Filter,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
    Value,
)
from sickbay.storage.sql.names import Names
from sickbay.storage.terms import ordered, term_hash

Bind: TypeAlias = int | str
LAST = "\U0010ffff"
"""After every text that begins alike."""


class Sql(NamedTuple):
    text: str
    binds: tuple[Bind, ...] = ()


TRUE, FALSE = Sql("TRUE"), Sql("FALSE")
TABLES = {
    "token": "token_index",
    "reference": "reference_index",
    "string": "string_index",
    "date": "date_index",
    "number": "quantity_index",
    "quantity": "quantity_index",
    "uri": "uri_index",
}


class Scope(NamedTuple):
    """Where a search looks: the space's number, the dictionary, and what is visible.

    visible(type, letters, nid, patient): a condition on a nid; `patient`: who is known to have it in the compartment.
    """

    space: int
    names: Names
    visible: Callable[[str, str, str, str | None], Sql]


def both(parts: Iterable[Sql]) -> Sql:
    """All of them; the empty conjunction is TRUE."""
    kept = [one for one in parts if one is not TRUE]
    if any(one is FALSE for one in kept):
        return FALSE
    return (
        Sql(" AND ".join(one.text for one in kept), tuple(bind for one in kept for bind in one.binds)) if kept else TRUE
    )


def either(parts: Iterable[Sql]) -> Sql:
    """One of them; the empty disjunction is FALSE."""
    kept = [one for one in parts if one is not FALSE]
    if not kept:
        return FALSE
    if any(one is TRUE for one in kept):
        return TRUE
    if len(kept) == 1:
        return kept[0]
    return Sql(f"({' OR '.join(one.text for one in kept)})", tuple(bind for one in kept for bind in one.binds))


def one_of(column: str, values: list[int] | list[str]) -> Sql:
    """`column` among the values: equality for one, a JSON list for several."""
    if not values:
        return FALSE
    if len(values) == 1:
        return Sql(f"{column} = ?", (values[0],))
    return Sql(f"{column} IN (SELECT value FROM json_each(?))", (orjson.dumps(values).decode(),))


def condition(scope: Scope, one: Filter, nid: str) -> Sql:
    """The filter, true of the resource that the expression `nid` names."""
    if one.chain is not None:
        return _chained(scope, one, nid)
    table, parameter = TABLES[one.parameter.kind], one.parameter.number
    # The alias is the expression's own, so that a chain can nest.
    if one.modifier == "missing":
        some = Sql(f"EXISTS (SELECT 1 FROM {table} t WHERE t.nid = {nid} AND t.parameter = ?)", (parameter,))
        return _negated(some) if _says_true(one.values) else some
    matched = values(scope, one)
    if matched is FALSE:
        return TRUE if one.modifier == "not" else FALSE
    space = " AND t.space = ?" if table != "reference_index" else ""
    binds = (parameter, *((scope.space,) if space else ()), *matched.binds)
    some = Sql(
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.nid = {nid} AND t.parameter = ?{space} AND {matched.text})", binds
    )
    return _negated(some) if one.modifier == "not" else some


def values(scope: Scope, one: Filter) -> Sql:
    """The alternatives of a filter as a condition on the columns of its table, under the alias `t`."""
    if one.parameter.kind == "token":
        return _tokens(scope, [value for value in one.values if isinstance(value, TokenValue)])
    return either(_value(scope, one, value) for value in one.values)


def ranged(
    value: DateValue | QuantityValue, low: Bind, high: Bind, names: tuple[str, str] = ("t.low", "t.high")
) -> Sql:
    """FHIR's comparison of a stored range with the one asked for (R4, 3.1.1.4.6; both half open)."""
    start, end = names
    match value.prefix:
        case "eq":
            return Sql(f"({start} >= ? AND {start} < ? AND {end} <= ?)", (low, high, high))
        case "ne":
            return Sql(f"({start} < ? OR {end} > ?)", (low, high))
        case "gt":
            return Sql(f"{end} > ?", (high,))
        case "lt":
            return Sql(f"{start} < ?", (low,))
        case "ge":
            return Sql(f"({start} >= ? OR {end} > ?)", (low, high))
        case "le":
            return Sql(f"({end} <= ? OR {start} < ?)", (high, low))
        case "sa":
            return Sql(f"{start} >= ?", (high,))
        case "eb":
            return Sql(f"{end} <= ?", (low,))
        case "ap":
            return Sql(f"({start} < ? AND {end} > ?)", (high, low))


def _value(scope: Scope, one: Filter, value: Value) -> Sql:
    match value:
        case DateValue(low=low, high=high):
            return ranged(value, low, high)
        case QuantityValue():
            return both([ranged(value, ordered(value.low), ordered(value.high)), _unit(scope, value)])
        case StringValue(text=text):
            return _string(text, one.modifier)
        case ReferenceValue():
            return _reference(scope, one, value)
        case UriValue(uri=uri):
            return _between("t.value", uri) if one.modifier == "below" else Sql("t.value = ?", (uri,))
        case TokenValue():
            return FALSE


def _string(text: str, modifier: str | None) -> Sql:
    if modifier == "exact":
        return Sql("t.value = ?", (text[:120],))
    if modifier == "contains":
        return Sql("instr(t.value, ?) > 0", (text,))
    return _between("t.value", text[:120])


def _between(column: str, prefix: str) -> Sql:
    return Sql(f"({column} >= ? AND {column} < ?)", (prefix, prefix + LAST))


def _reference(scope: Scope, one: Filter, value: ReferenceValue) -> Sql:
    if value.url is not None:
        return FALSE
    targets = (value.type,) if value.type is not None else one.parameter.targets
    if len(targets) == 1:
        return Sql("t.target = ?", (scope.names.nid(scope.space, targets[0], value.id),))
    words = [word for word in map(scope.names.word, targets) if word]
    types = one_of("type", words) if targets else TRUE
    return Sql(
        f"t.target IN (SELECT nid FROM resource WHERE space = ? AND {types.text} AND id = ?)",
        (scope.space, *types.binds, value.id),
    )


def _tokens(scope: Scope, wanted: list[TokenValue]) -> Sql:
    codings = tuple((one.system, one.code) for one in wanted if one.code is not None)
    hashes = one_of("t.hash", scope.names.hashes(codings))
    whole = one_of("system", [one.system or "" for one in wanted if one.code is None])
    if whole is FALSE:
        return hashes
    return either([hashes, Sql(f"t.hash IN (SELECT hash FROM term WHERE {whole.text})", whole.binds)])


def single_hash(scope: Scope, one: Filter) -> int | None:
    """The one hash that a token filter asks for, if it is one: then its rows are in the order of nids."""
    wanted = [value for value in one.values if isinstance(value, TokenValue) and value.code is not None]
    if one.parameter.kind != "token" or one.modifier is not None or len(wanted) != 1 or len(one.values) != 1:
        return None
    hashes = scope.names.hashes(((wanted[0].system, wanted[0].code or ""),))
    return hashes[0] if len(hashes) == 1 else None


def single_target(scope: Scope, one: Filter) -> int | None:
    """The one resource that a reference filter asks for, if its type is told; -1 where there is none."""
    value = one.values[0] if len(one.values) == 1 else None
    if (
        one.modifier is not None
        or one.chain is not None
        or not isinstance(value, ReferenceValue)
        or value.url is not None
    ):
        return None
    targets = (value.type,) if value.type is not None else one.parameter.targets
    return scope.names.nid(scope.space, targets[0], value.id) if len(targets) == 1 else None


def _unit(scope: Scope, value: QuantityValue) -> Sql:
    if value.code is None:
        return TRUE
    if value.system:
        return Sql("t.unit = ?", (term_hash(value.system, value.code),))
    return one_of("t.unit", scope.names.hashes(((None, value.code),)))


def _chained(scope: Scope, one: Filter, nid: str) -> Sql:
    assert one.chain is not None
    type, inner = one.chain
    depth = nid.count("_") + 1
    source, target = "f" + "_" * depth, "g" + "_" * depth
    held = both([scope.visible(type, "s", f"{target}.nid", None), condition(scope, inner, f"{target}.nid")])
    if held is FALSE:
        return FALSE
    text = (
        f"EXISTS (SELECT 1 FROM reference_index {source} CROSS JOIN resource {target} ON {target}.nid = {source}.target"
        f" WHERE {source}.nid = {nid} AND {source}.parameter = ? AND {target}.type = ? AND {target}.state = 1"
        f" AND {held.text})"
    )
    return Sql(text, (one.parameter.number, scope.names.word(type), *held.binds))


def _negated(one: Sql) -> Sql:
    return Sql(f"NOT {one.text}", one.binds)


def _says_true(asked: tuple[Value, ...]) -> bool:
    return any(isinstance(one, TokenValue) and one.code == "true" for one in asked)
