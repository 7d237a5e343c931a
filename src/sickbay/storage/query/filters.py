"""One filter as SQL text: true of a nid (EXISTS), or the source that a search is driven from.

The text is joined from constant pieces by hand, values are always bound. A search of four conditions with its look-ups
takes about 33 µs to plan, and apsw caches the prepared statement under the text; building and rendering an expression
was measured at 89 µs before the first look-up, and a cache of shapes would need most of the joining for its key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import orjson

from sickbay.fhir.search.parameters import IDENTIFIER
from sickbay.fhir.search.query import (
    CompositeValue,
    DateValue,
    Filter,
    NearValue,
    QuantityValue,
    ReferenceValue,
    StringValue,
    TokenValue,
    UriValue,
    Value,
    WordsValue,
)
from sickbay.storage.query import composites, full_text
from sickbay.storage.query.dictionary import Dictionary
from sickbay.storage.query.statement import EACH, Bind, Sql
from sickbay.storage.terms import ordered, term_hash, text_hash

LAST = "\U0010ffff"
"""After every text that begins alike."""


TRUE, FALSE = Sql("TRUE"), Sql("FALSE")
TABLES = {
    "token": "token_index",
    "reference": "reference_index",
    "string": "string_index",
    "date": "date_index",
    "number": "quantity_index",
    "quantity": "quantity_index",
    "uri": "uri_index",
    "composite": "composite_index",
    "special": "composite_index",
}


class Scope(NamedTuple):
    """Where a search looks: the space's number, the dictionary, and what is visible.

    visible(type, letters, nid, patient): a condition on a nid; `patient`: who is known to have it in the compartment.
    """

    space: int
    names: Dictionary
    visible: Callable[[str, str, str, str | None], Sql]


def both(parts: Iterable[Sql]) -> Sql:
    """All of them; the empty conjunction is TRUE."""
    kept = [one for one in parts if one is not TRUE]
    if any(one is FALSE for one in kept):
        return FALSE
    return Sql(" AND ".join(one.text for one in kept), tuple(bind for one in kept for bind in one.binds)) if kept else TRUE


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
        return _hop(scope, one, nid)
    if one.either:
        return either(condition(scope, each, nid) for each in one.either)
    if one.parameter.code in ("_id", "_lastUpdated"):
        held = _column(scope, one, nid)
        return negated(held) if one.modifier == "not" else held
    if one.modifier == "missing":
        return _missing(one, nid)
    if any(isinstance(value, WordsValue) for value in one.values):
        return full_text.matched(one, nid)
    matched = either((_some(scope, one, nid), _addressed(scope, one, nid)))
    if one.modifier != "not":
        return matched
    return TRUE if matched is FALSE else negated(matched)


def _some(scope: Scope, one: Filter, nid: str) -> Sql:
    # The alias is the expression's own, so that a chain can nest.
    table, matched = TABLES[one.parameter.kind], values(scope, one, known=True)
    if matched is FALSE:
        return FALSE
    by = one_of("t.parameter", list(one.parameter.numbers))  # without the space, which would lead to all that match
    return Sql(
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.nid = {nid} AND {by.text} AND {matched.text}{EACH})",
        (*by.binds, *matched.binds),
    )


def under(scope: Scope, one: Filter) -> Sql:
    """The rows of a filter's parameter, in the table of its kind."""
    by = one_of("t.parameter", list(one.parameter.numbers))
    return by if one.parameter.kind == "reference" else Sql(f"{by.text} AND t.space = ?", (*by.binds, scope.space))


def _addressed(scope: Scope, one: Filter, nid: str) -> Sql:
    """References to other servers, and canonical ones, are held as they are written."""
    urls = [value.url for value in one.values if isinstance(value, ReferenceValue) and value.url is not None]
    if not urls:
        return FALSE
    whole = either(_versions(url, one.modifier == "below") for url in urls)
    text = f"EXISTS (SELECT 1 FROM uri_index t WHERE t.nid = {nid} AND t.parameter = ? AND {whole.text}{EACH})"
    return Sql(text, (one.parameter.number, *whole.binds))


def _versions(url: str, below: bool) -> Sql:
    """A canonical without a version means each of its versions; version 2 `:below` means 2.1 too."""
    same = Sql("t.value = ?", (url,))
    if "|" in url and not below:
        return same
    return either((same, _between("t.value", url + ("." if "|" in url else "|"))))


def _missing(one: Filter, nid: str) -> Sql:
    """A reference may be a foreign address, or an identifier alone."""
    found = [(TABLES[one.parameter.kind], list(one.parameter.numbers))]
    if one.parameter.kind == "reference":
        found += [("uri_index", [one.parameter.number]), ("token_index", [one.parameter.number + IDENTIFIER])]
    parts = []
    for table, numbers in found:
        by = one_of("t.parameter", numbers)
        parts.append(Sql(f"EXISTS (SELECT 1 FROM {table} t WHERE t.nid = {nid} AND {by.text}{EACH})", by.binds))
    some = either(parts)
    return negated(some) if _says_true(one.values) else some


def _column(scope: Scope, one: Filter, nid: str) -> Sql:
    """What stands in the resource's own row."""
    dates = [value for value in one.values if isinstance(value, DateValue)]
    if dates:
        held = either(of_instant(value, "u.changed") for value in dates)
        return Sql(f"EXISTS (SELECT 1 FROM resource u WHERE u.nid = {nid} AND {held.text}{EACH})", held.binds)
    return one_of(nid, nids(scope, one))


def nids(scope: Scope, one: Filter) -> list[int]:
    """Of the resources that `_id` names."""
    ids = [value.code or "" for value in one.values if isinstance(value, TokenValue)]
    return [scope.names.nid(scope.space, one.parameter.type, id) for id in ids]


def values(scope: Scope, one: Filter, *, known: bool = False) -> Sql:
    """The alternatives of a filter as a condition on the columns of its table, under the alias `t`.

    known: the rows are those of one resource, so that nothing is to lead to them.
    """
    if one.parameter.kind == "token":
        return _tokens(scope, [value for value in one.values if isinstance(value, TokenValue)], known=known)
    return either(_value(scope, one, value) for value in one.values)


def ranged(value: DateValue | QuantityValue, low: Bind, high: Bind, names: tuple[str, str] = ("t.low", "t.high")) -> Sql:
    """FHIR's comparison of a stored range with the one asked for (R4, 3.1.1.4.6; both half open)."""
    start, end = names
    match value.prefix:
        case "eq":
            return Sql(f"({start} >= ? AND {start} < ? AND {end} <= ?)", (low, high, high))
        case "ne":
            return Sql(f"({start} < ? OR {start} >= ? OR {end} > ?)", (low, high, high))
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
            return Sql(f"({start} < ? AND ({end} > ? OR {start} >= ?))", (high, low, low))


def of_instant(value: DateValue, instant: str) -> Sql:
    """The same of an instant, [i, i + 1): said of its beginning alone, so that an index leads there."""
    match value.prefix:
        case "eq" | "ap":
            return Sql(f"({instant} >= ? AND {instant} < ?)", (value.low, value.high))
        case "ne":
            return Sql(f"({instant} < ? OR {instant} >= ?)", (value.low, value.high))
        case "gt" | "sa":
            return Sql(f"{instant} >= ?", (value.high,))
        case "ge":
            return Sql(f"{instant} >= ?", (value.low,))
        case "lt" | "eb":
            return Sql(f"{instant} < ?", (value.low,))
        case "le":
            return Sql(f"{instant} < ?", (value.high,))


def _value(scope: Scope, one: Filter, value: Value) -> Sql:
    match value:
        case DateValue(low=low, high=high):
            return ranged(value, low, high)
        case QuantityValue():
            return both([ranged(value, ordered(value.low), ordered(value.high)), _unit(scope, value)])
        case StringValue():
            return _string(value, one.modifier)
        case ReferenceValue():
            return _reference(scope, one, value)
        case UriValue(uri=uri):
            if one.modifier == "contains":
                return Sql("instr(t.value, ?) > 0", (uri,))
            return _between("t.value", uri) if one.modifier == "below" else Sql("t.value = ?", (uri,))
        case CompositeValue():
            return _composite(scope, one, value)
        case NearValue():
            return composites.near(value)
        case TokenValue() | WordsValue():
            return FALSE


def _composite(scope: Scope, one: Filter, value: CompositeValue) -> Sql:
    """Each part a condition on its own columns of the same row."""
    kinds = composites.kinds_of(value)
    parts = []
    for part, columns in zip(value.parts, composites.places(tuple(kinds)), strict=True):
        match part:
            case TokenValue():
                parts.append(_tokens(scope, [part], f"t.{columns[0]}"))
            case QuantityValue():
                ends = (f"t.{columns[0]}", f"t.{columns[1]}")
                unit = _unit(scope, part, f"t.{columns[2]}")
                parts += [ranged(part, ordered(part.low), ordered(part.high), ends), unit]
            case ReferenceValue():
                parts.append(Sql("t.value = ?", (f"{part.type}/{part.id}",)))
            case _:
                parts.append(_value(scope, one, part))
    matched = both(parts)
    return matched if matched is FALSE else Sql(f"({matched.text})", matched.binds)


def _string(value: StringValue, modifier: str | None) -> Sql:
    if modifier == "exact":
        return Sql("(t.value = ? AND t.exact = ?)", (value.text[:120], text_hash(value.raw)))
    if modifier == "contains":
        return Sql("instr(t.value, ?) > 0", (value.text,))
    if modifier == "text":
        return both(Sql("instr(' ' || t.value, ?) > 0", (f" {word}",)) for word in value.text.split())
    return _between("t.value", value.text[:120])


def _between(column: str, prefix: str) -> Sql:
    # Twice, so that a text which is the last character itself is before it.
    return Sql(f"({column} >= ? AND {column} < ?)", (prefix, prefix + LAST + LAST))


def _reference(scope: Scope, one: Filter, value: ReferenceValue) -> Sql:
    if value.url is not None:
        return FALSE
    targets = (value.type,) if value.type is not None else one.parameter.targets
    if one.along and value.type is not None:
        return _part(scope, one, value.type, value.id)
    if len(targets) == 1:
        return Sql("t.target = ?", (scope.names.nid(scope.space, targets[0], value.id),))
    words = [word for word in map(scope.names.word, targets) if word]
    types = one_of("type", words) if targets else TRUE
    return Sql(
        f"t.target IN (SELECT nid FROM resource WHERE space = ? AND {types.text} AND id = ?)",
        (scope.space, *types.binds, value.id),
    )


def _part(scope: Scope, one: Filter, type: str, id: str) -> Sql:
    """The resource itself and, step by step, what is part of it or what it is part of: who says so must be visible."""
    number = next(number for named, number in one.along if named == type)
    found, known = ("f.nid", "f.target") if one.modifier == "below" else ("f.target", "f.nid")
    held = scope.visible(type, "s", "k.nid", None)
    word = scope.names.word(type)
    step = (
        f"SELECT {found} FROM whole p CROSS JOIN reference_index f ON {known} = p.n CROSS JOIN resource k ON k.nid = f.nid"
        f" CROSS JOIN resource h ON h.nid = {found} WHERE f.parameter = ? AND k.type = ? AND k.state = 1 AND {held.text}"
        " AND h.type = ?"
    )
    begin = "SELECT nid FROM resource WHERE nid = ?"
    text = f"t.target IN (WITH RECURSIVE whole(n) AS ({begin} UNION {step}) SELECT n FROM whole)"
    return Sql(text, (scope.names.nid(scope.space, type, id), number, word, *held.binds, word))


def _tokens(scope: Scope, wanted: list[TokenValue], column: str = "t.hash", *, known: bool = False) -> Sql:
    """Of all codes of a system, which may be as many as there are resources, each row of a resource is asked for its own."""
    codings = tuple((one.system, one.code) for one in wanted if one.code is not None)
    hashes = one_of(column, scope.names.hashes(codings))
    whole = one_of("system", [one.system or "" for one in wanted if one.code is None])
    if whole is FALSE:
        return hashes
    if known:
        every = f"EXISTS (SELECT 1 FROM term m WHERE m.hash = {column} AND {whole.text}{EACH})"
    else:
        every = f"{column} IN (SELECT hash FROM term WHERE {whole.text})"
    return either([hashes, Sql(every, whole.binds)])


def single_hash(scope: Scope, one: Filter) -> int | None:
    """The one hash that a token filter asks for, if it is one: then its rows are in the order of nids."""
    wanted = [value for value in one.values if isinstance(value, TokenValue) and value.code is not None]
    if one.parameter.kind != "token" or one.modifier is not None or len(wanted) != 1 or len(one.values) != 1:
        return None
    if one.parameter.held:
        return None
    hashes = scope.names.hashes(((wanted[0].system, wanted[0].code or ""),))
    return hashes[0] if len(hashes) == 1 else None


def single_target(scope: Scope, one: Filter) -> int | None:
    """The one resource that a reference filter asks for, if its type is told; -1 where there is none."""
    value = one.values[0] if len(one.values) == 1 else None
    if one.modifier is not None or one.chain is not None or not isinstance(value, ReferenceValue) or value.url is not None:
        return None
    targets = (value.type,) if value.type is not None else one.parameter.targets
    return scope.names.nid(scope.space, targets[0], value.id) if len(targets) == 1 else None


def _unit(scope: Scope, value: QuantityValue, column: str = "t.unit") -> Sql:
    if value.code is None:
        return TRUE
    if value.system:
        return Sql(f"{column} = ?", (term_hash(value.system, value.code),))
    return one_of(column, scope.names.hashes(((None, value.code),)))


def _hop(scope: Scope, one: Filter, nid: str) -> Sql:
    """Along a reference, from here or (`_has`) to here: the other end must be visible itself."""
    assert one.chain is not None
    type, inner = one.chain
    depth = nid.count("_") + 1
    link, other = "f" + "_" * depth, "g" + "_" * depth
    held = both([scope.visible(type, "s", f"{other}.nid", None), condition(scope, inner, f"{other}.nid")])
    if held is FALSE:
        return FALSE
    here, there = ("target", "nid") if one.reverse else ("nid", "target")
    text = (
        f"EXISTS (SELECT 1 FROM reference_index {link} CROSS JOIN resource {other} ON {other}.nid = {link}.{there}"
        f" WHERE {link}.{here} = {nid} AND {link}.parameter = ? AND {other}.type = ? AND {other}.state = 1"
        f" AND {held.text}{EACH})"
    )
    return Sql(text, (one.parameter.number, scope.names.word(type), *held.binds))


def negated(one: Sql) -> Sql:
    return Sql(f"NOT ({one.text})", one.binds)


def _says_true(asked: tuple[Value, ...]) -> bool:
    return any(isinstance(one, TokenValue) and one.code == "true" for one in asked)
