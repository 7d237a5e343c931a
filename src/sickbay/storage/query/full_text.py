"""Words as SQL: the beginnings of words in the texts of `string_index`, as fhir.search.matching has it."""

from __future__ import annotations

import orjson

from sickbay.fhir.search.parameters import TEXT
from sickbay.fhir.search.query import Filter, WordsValue
from sickbay.storage.query.statement import EACH, Sql

_SPACED = "replace(replace(replace(replace(' ' || {0}, '(', ' '), '/', ' '), '-', ' '), '[', ' ')"


def matched(one: Filter, nid: str) -> Sql:
    """True of the resource that the expression `nid` names."""
    found = [_every(one, words, nid) for words in _asked(one)]
    return Sql(f"({' OR '.join(each.text for each in found)})", tuple(bind for each in found for bind in each.binds))


def collected(space: int, one: Filter) -> Sql:
    """The nids of all that match, some of them several times: from the longest word on."""
    parts = []
    for words in _asked(one):
        first, *rest = sorted(words, key=len, reverse=True)
        begin = _holding(space, one, first)
        others = _every(one, tuple(rest), "b.nid") if rest else Sql("TRUE")
        parts.append(Sql(f"SELECT b.nid FROM ({begin.text}) b WHERE {others.text}", (*begin.binds, *others.binds)))
    return Sql(" UNION ALL ".join(part.text for part in parts), tuple(bind for part in parts for bind in part.binds))


def _asked(one: Filter) -> list[tuple[str, ...]]:
    return [value.words for value in one.values if isinstance(value, WordsValue)]


def _every(one: Filter, words: tuple[str, ...], nid: str) -> Sql:
    by = _one_of("y.parameter", one.parameter.numbers)
    texts, binds = [], list[int | str]()
    for word in words:
        held = _begins("y.value", word)
        texts.append(f"EXISTS (SELECT 1 FROM string_index y WHERE y.nid = {nid} AND {by} AND {held.text}{EACH})")
        binds += held.binds
    return Sql(" AND ".join(texts), tuple(binds))


def _holding(space: int, one: Filter, word: str) -> Sql:
    """Names and narratives are looked through. Displays of codes are few, each there many times: so each is tried once."""
    own = one.parameter.number if one.parameter.code == "_content" else None
    beside = [number for number in one.parameter.numbers if number >= TEXT or number == own]
    plain = [number for number in one.parameter.numbers if number not in beside]
    held, same = _begins("y.value", word), _begins("v.x", word)
    text = f"SELECT y.nid FROM string_index y WHERE y.space = ? AND {_one_of('y.parameter', plain)} AND {held.text}"
    if not beside:
        return Sql(text, (space, *held.binds))
    least = "SELECT min(s.value) FROM string_index s WHERE s.space = ? AND s.parameter ="
    each = (
        f"WITH RECURSIVE v(p, x) AS (SELECT n.value, ({least} n.value) FROM json_each(?) n UNION ALL"
        f" SELECT v.p, ({least} v.p AND s.value > v.x) FROM v WHERE v.x IS NOT NULL)"
        f" SELECT p, x FROM v WHERE v.x IS NOT NULL AND {same.text}"
    )
    more = f"SELECT y.nid FROM ({each}) v CROSS JOIN string_index y ON y.parameter = v.p AND y.value = v.x AND y.space = ?"
    walk = (space, orjson.dumps(beside).decode(), space)
    return Sql(f"{text} UNION ALL {more}", (space, *held.binds, *walk, *same.binds, space))


def _begins(column: str, word: str) -> Sql:
    return Sql(f"instr({_SPACED.format(column)}, ?) > 0", (f" {word}",))


def _one_of(column: str, numbers: tuple[int, ...] | list[int]) -> str:
    """The numbers are ours and few: written out, so that the statement is planned for them."""
    return f"{column} IN ({', '.join(map(str, numbers))})"
