"""Translates a filter to SQL: a condition on a nid (EXISTS), or conditions on the rows of its index table.

The text is joined by hand from constant pieces; values are always bound. A search with four conditions and its look-ups takes
about 33 µs to plan, and apsw caches the prepared statement by its text. Building and rendering an expression tree took 89 µs
before the first look-up, and a cache of query shapes would do most of that joining to compute its key.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from sickbay.fhir.search.parameters import COLUMNS, IDENTIFIER, PRESENT
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
from sickbay.storage.query.conditions import FALSE, TRUE, join_with_and, join_with_or, match_any, negate
from sickbay.storage.query.dictionary import Dictionary
from sickbay.storage.query.statement import EACH, Bind, Sql
from sickbay.storage.terms import encode_sortable, term_hash, text_hash

LAST = "\U0010ffff"
"""Sorts after every text with the same beginning."""


TABLES = {
    "token": "shown_token",
    "reference": "shown_reference",
    "string": "shown_string",
    "date": "shown_date",
    "number": "shown_quantity",
    "quantity": "shown_quantity",
    "uri": "shown_uri",
    "composite": "shown_composite",
    "special": "shown_composite",
}


class Scope(NamedTuple):
    """The scope of a search: the space's number, the dictionary, and the visibility.

    visible(type, letters, nid, patient): a condition on a nid; `patient`: the patient in whose compartment it is known to be.
    """

    space: int
    names: Dictionary
    visible: Callable[[str, str, str, str | None], Sql]


def build_condition(scope: Scope, filter: Filter, nid: str) -> Sql:
    """Return the filter as a condition on the resource that the expression `nid` names."""
    if filter.chain is not None:
        return _match_hop(scope, filter, nid)
    if filter.either:
        return join_with_or([build_condition(scope, alternative, nid) for alternative in filter.either])
    if filter.parameter.code in COLUMNS:
        if filter.modifier == "missing":
            return FALSE if _is_true(filter.values) else TRUE
        comparison = _match_column(scope, filter, nid)
        return negate(comparison) if filter.modifier == "not" else comparison
    if filter.modifier == "missing":
        return _match_missing_modifier(filter, nid)
    if any(isinstance(value, WordsValue) for value in filter.values):
        return full_text.match_words(filter, nid)
    matched = join_with_or((_build_exists(scope, filter, nid), _match_addresses(scope, filter, nid)))
    if filter.modifier != "not":
        return matched
    return TRUE if matched is FALSE else negate(matched)


def _build_exists(scope: Scope, filter: Filter, nid: str) -> Sql:
    # The alias `t` is local to this EXISTS, so conditions can be nested in a chain.
    table, matched = TABLES[filter.parameter.kind], build_values(scope, filter, known=True)
    if matched is FALSE:
        return FALSE
    by = match_any(
        "t.parameter", list(filter.parameter.numbers)
    )  # no condition on the space: an index on it would lead to all matches
    return Sql(
        f"EXISTS (SELECT 1 FROM {table} t WHERE t.nid = {nid} AND {by.text} AND {matched.text}{EACH})",
        (*by.binds, *matched.binds),
    )


def row_condition(scope: Scope, filter: Filter) -> Sql:
    """Return a condition on the rows of the filter's parameter, in the table of its kind."""
    by = match_any("t.parameter", list(filter.parameter.numbers))
    return by if filter.parameter.kind == "reference" else Sql(f"{by.text} AND t.space = ?", (*by.binds, scope.space))


def _match_addresses(scope: Scope, filter: Filter, nid: str) -> Sql:
    """Match references to other servers and canonicals, which are stored as they are written."""
    urls = [value.url for value in filter.values if isinstance(value, ReferenceValue) and value.url is not None]
    if not urls:
        return FALSE
    matches = join_with_or([_match_versions(url, filter.modifier == "below") for url in urls])
    text = f"EXISTS (SELECT 1 FROM shown_uri t WHERE t.nid = {nid} AND t.parameter = ? AND {matches.text}{EACH})"
    return Sql(text, (filter.parameter.number, *matches.binds))


def _match_versions(url: str, below: bool) -> Sql:
    """Match any version if the canonical has none. With `:below`, version 2 also matches 2.1."""
    same = Sql("t.value = ?", (url,))
    if "|" in url and not below:
        return same
    return join_with_or((same, _begins_with("t.value", url + ("." if "|" in url else "|"))))


def _match_missing_modifier(filter: Filter, nid: str) -> Sql:
    """Return the `:missing` condition. An element may also have content that can't be searched, or refer to a foreign URL."""
    numbers, kind = list(filter.parameter.numbers), filter.parameter.kind
    sources = {TABLES[kind]: numbers} | ({"shown_uri": numbers} if kind == "reference" else {})
    offsets = {"reference": (IDENTIFIER, PRESENT), "token": (0, PRESENT)}.get(kind, (PRESENT,))
    sources["shown_token"] = [number + offset for number in numbers for offset in offsets]
    rows = {table: match_any("t.parameter", indexed) for table, indexed in sources.items()}
    text = f"EXISTS (SELECT 1 FROM {{}} t WHERE t.nid = {nid} AND {{}}{EACH})"
    present = join_with_or([Sql(text.format(table, by.text), by.binds) for table, by in rows.items()])
    return negate(present) if _is_true(filter.values) else present


def _match_column(scope: Scope, filter: Filter, nid: str) -> Sql:
    """Return a condition on a column of the resource's own row."""
    dates = [value for value in filter.values if isinstance(value, DateValue)]
    if dates:
        comparison = join_with_or([match_instant(value, "u.changed") for value in dates])
        return Sql(f"EXISTS (SELECT 1 FROM resource u WHERE u.nid = {nid} AND {comparison.text}{EACH})", comparison.binds)
    return match_any(nid, find_nids(scope, filter))


def find_nids(scope: Scope, filter: Filter) -> list[int]:
    """Return the nids of the resources that `_id` names."""
    ids = [value.code or "" for value in filter.values if isinstance(value, TokenValue)]
    return [scope.names.nid(scope.space, filter.parameter.type, id) for id in ids]


def build_values(scope: Scope, filter: Filter, *, known: bool = False) -> Sql:
    """Return the alternatives of a filter as a condition on the columns of its table, under the alias `t`.

    known: the rows of one resource are already selected, so the condition needn't lead to them by an index.
    """
    if filter.parameter.kind == "token":
        return _match_tokens(scope, [value for value in filter.values if isinstance(value, TokenValue)], known=known)
    return join_with_or([_match_value(scope, filter, value) for value in filter.values])


def match_range(value: DateValue | QuantityValue, low: Bind, high: Bind, names: tuple[str, str] = ("t.low", "t.high")) -> Sql:
    """Compare a stored range with the requested one (R4, 3.1.1.4.6). Both ranges are half open."""
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


def match_instant(value: DateValue, instant: str) -> Sql:
    """Compare an instant, the range [i, i + 1). Uses only its beginning, so that an index can be used."""
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


def _match_value(scope: Scope, filter: Filter, value: Value) -> Sql:
    match value:
        case DateValue(low=low, high=high):
            return match_range(value, low, high)
        case QuantityValue():
            in_range = match_range(value, encode_sortable(value.low), encode_sortable(value.high))
            return join_with_and([in_range, _match_unit(scope, value)])
        case StringValue():
            return _match_string(value, filter.modifier)
        case ReferenceValue():
            return _match_reference(scope, filter, value)
        case UriValue(uri=uri):
            if filter.modifier == "contains":
                return Sql("instr(t.value, ?) > 0", (uri,))
            return _begins_with("t.value", uri) if filter.modifier == "below" else Sql("t.value = ?", (uri,))
        case CompositeValue():
            return _match_composite(scope, filter, value)
        case NearValue():
            return composites.match_near(value)
        case TokenValue() | WordsValue():
            return FALSE


def _match_composite(scope: Scope, filter: Filter, value: CompositeValue) -> Sql:
    """Match each component on its own columns of the same row."""
    kinds = composites.kinds_of(value)
    parts = []
    for part, columns in zip(value.parts, composites.list_columns(tuple(kinds)), strict=True):
        match part:
            case TokenValue():
                parts.append(_match_tokens(scope, [part], f"t.{columns[0]}"))
            case QuantityValue():
                ends = (f"t.{columns[0]}", f"t.{columns[1]}")
                unit = _match_unit(scope, part, f"t.{columns[2]}")
                parts += [match_range(part, encode_sortable(part.low), encode_sortable(part.high), ends), unit]
            case ReferenceValue():
                parts.append(Sql("t.value = ?", (f"{part.type}/{part.id}",)))
            case _:
                parts.append(_match_value(scope, filter, part))
    matched = join_with_and(parts)
    return matched if matched is FALSE else Sql(f"({matched.text})", matched.binds)


def _match_string(value: StringValue, modifier: str | None) -> Sql:
    if modifier == "exact":
        return Sql("(t.value = ? AND t.exact = ?)", (value.text[:120], text_hash(value.raw)))
    if modifier == "contains":
        return Sql("instr(t.value, ?) > 0", (value.text,))
    if modifier == "text":
        return join_with_and([Sql("instr(' ' || t.value, ?) > 0", (f" {word}",)) for word in value.text.split()])
    return _begins_with("t.value", value.text[:120])


def _begins_with(column: str, prefix: str) -> Sql:
    # Twice, so that the prefix followed by that character itself is still below the upper bound.
    return Sql(f"({column} >= ? AND {column} < ?)", (prefix, prefix + LAST + LAST))


def _match_reference(scope: Scope, filter: Filter, value: ReferenceValue) -> Sql:
    if value.url is not None:
        return FALSE
    targets = (value.type,) if value.type is not None else filter.parameter.targets
    if filter.along and value.type is not None:
        return _match_part(scope, filter, value.type, value.id)
    if len(targets) == 1:
        return Sql("t.target = ?", (scope.names.nid(scope.space, targets[0], value.id),))
    words = [word for word in map(scope.names.word, targets) if word]
    types = match_any("type", words) if targets else TRUE
    return Sql(
        f"t.target IN (SELECT nid FROM resource WHERE space = ? AND {types.text} AND id = ?)",
        (scope.space, *types.binds, value.id),
    )


def _match_part(scope: Scope, filter: Filter, type: str, id: str) -> Sql:
    """Match the resource and, recursively, its parts (`:below`) or its wholes (`:above`).

    The resource that contains the reference must be visible.
    """
    number = next(number for part_type, number in filter.along if part_type == type)
    reached, origin = ("f.nid", "f.target") if filter.modifier == "below" else ("f.target", "f.nid")
    visible = scope.visible(type, "s", "k.nid", None)
    word = scope.names.word(type)
    step = (
        f"SELECT {reached} FROM whole p CROSS JOIN shown_reference f ON {origin} = p.n CROSS JOIN resource k ON k.nid = f.nid"
        f" CROSS JOIN resource h ON h.nid = {reached} WHERE f.parameter = ? AND k.type = ? AND k.state = 1 AND {visible.text}"
        " AND h.type = ?"
    )
    begin = "SELECT nid FROM resource WHERE nid = ?"
    text = f"t.target IN (WITH RECURSIVE whole(n) AS ({begin} UNION {step}) SELECT n FROM whole)"
    return Sql(text, (scope.names.nid(scope.space, type, id), number, word, *visible.binds, word))


def _match_tokens(scope: Scope, tokens: list[TokenValue], column: str = "t.hash", *, known: bool = False) -> Sql:
    """Match tokens. If `known`, a system without a code is checked per row, because it may have as many codes as there are
    resources.
    """
    codings = tuple((token.system, token.code) for token in tokens if token.code is not None)
    hashes = match_any(column, scope.names.hashes(codings))
    systems = match_any("system", [token.system or "" for token in tokens if token.code is None])
    if systems is FALSE:
        return hashes
    if known:
        any_code = f"EXISTS (SELECT 1 FROM term m WHERE m.hash = {column} AND {systems.text}{EACH})"
    else:
        any_code = f"{column} IN (SELECT hash FROM term WHERE {systems.text})"
    return join_with_or([hashes, Sql(any_code, systems.binds)])


def single_hash(scope: Scope, filter: Filter) -> int | None:
    """Return the hash if a token filter asks for exactly one; its rows are then in the order of nids."""
    tokens = [value for value in filter.values if isinstance(value, TokenValue) and value.code is not None]
    if filter.parameter.kind != "token" or filter.modifier is not None or len(tokens) != 1 or len(filter.values) != 1:
        return None
    if filter.parameter.held:
        return None
    hashes = scope.names.hashes(((tokens[0].system, tokens[0].code or ""),))
    return hashes[0] if len(hashes) == 1 else None


def single_target(scope: Scope, filter: Filter) -> int | None:
    """Return the nid if a reference filter asks for one resource of a known type; -1 if there is no such resource."""
    value = filter.values[0] if len(filter.values) == 1 else None
    if (
        filter.modifier is not None
        or filter.chain is not None
        or not isinstance(value, ReferenceValue)
        or value.url is not None
    ):
        return None
    targets = (value.type,) if value.type is not None else filter.parameter.targets
    return scope.names.nid(scope.space, targets[0], value.id) if len(targets) == 1 else None


def _match_unit(scope: Scope, value: QuantityValue, column: str = "t.unit") -> Sql:
    if value.code is None:
        return TRUE
    if value.system:
        return Sql(f"{column} = ?", (term_hash(value.system, value.code),))
    return match_any(column, scope.names.hashes(((None, value.code),)))


def _match_hop(scope: Scope, filter: Filter, nid: str) -> Sql:
    """Follow a reference from the resource or, with `_has`, to it. The other end must be visible too."""
    assert filter.chain is not None
    type, inner = filter.chain
    depth = nid.count("_") + 1
    link, other = "f" + "_" * depth, "g" + "_" * depth
    conditions = join_with_and([scope.visible(type, "s", f"{other}.nid", None), build_condition(scope, inner, f"{other}.nid")])
    if conditions is FALSE:
        return FALSE
    here, there = ("target", "nid") if filter.reverse else ("nid", "target")
    text = (
        f"EXISTS (SELECT 1 FROM shown_reference {link} CROSS JOIN resource {other} ON {other}.nid = {link}.{there}"
        f" WHERE {link}.{here} = {nid} AND {link}.parameter = ? AND {other}.type = ? AND {other}.state = 1"
        f" AND {conditions.text}{EACH})"
    )
    return Sql(text, (filter.parameter.number, scope.names.word(type), *conditions.binds))


def _is_true(values: tuple[Value, ...]) -> bool:
    return any(isinstance(value, TokenValue) and value.code == "true" for value in values)
