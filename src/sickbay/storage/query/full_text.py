"""Full-text search in SQL: matches the beginnings of words in `shown_string`, as fhir.search.matching defines it."""

from __future__ import annotations

import orjson

from sickbay.fhir.search.parameters import TEXT
from sickbay.fhir.search.query import Filter, WordsValue
from sickbay.storage.query.statement import EACH, Sql

_SPACED = "replace(replace(replace(replace(' ' || {0}, '(', ' '), '/', ' '), '-', ' '), '[', ' ')"


def match_words(filter: Filter, nid: str) -> Sql:
    """Return a condition on the resource that the expression `nid` names."""
    alternatives = [_match_every_word(filter, words, nid) for words in _word_lists(filter)]
    return Sql(
        f"({' OR '.join(alternative.text for alternative in alternatives)})",
        tuple(bind for alternative in alternatives for bind in alternative.binds),
    )


def collect_matches(space: int, filter: Filter) -> Sql:
    """Return the nids of all matches, with possible duplicates. Starts with the longest word, then checks the others."""
    parts = []
    for words in _word_lists(filter):
        first, *rest = sorted(words, key=len, reverse=True)
        candidates = _nids_with_word(space, filter, first)
        remaining = _match_every_word(filter, tuple(rest), "b.nid") if rest else Sql("TRUE")
        parts.append(
            Sql(f"SELECT b.nid FROM ({candidates.text}) b WHERE {remaining.text}", (*candidates.binds, *remaining.binds))
        )
    return Sql(" UNION ALL ".join(part.text for part in parts), tuple(bind for part in parts for bind in part.binds))


def _word_lists(filter: Filter) -> list[tuple[str, ...]]:
    return [value.words for value in filter.values if isinstance(value, WordsValue)]


def _match_every_word(filter: Filter, words: tuple[str, ...], nid: str) -> Sql:
    by = _one_of("y.parameter", filter.parameter.numbers)
    texts, binds = [], list[int | str]()
    for word in words:
        match = _match_prefix("y.value", word)
        texts.append(f"EXISTS (SELECT 1 FROM shown_string y WHERE y.nid = {nid} AND {by} AND {match.text}{EACH})")
        binds += match.binds
    return Sql(" AND ".join(texts), tuple(binds))


def _nids_with_word(space: int, filter: Filter, word: str) -> Sql:
    """Return the nids with texts that contain the word. Displays of codes are few and repeated often, so each is checked
    once.
    """
    own = filter.parameter.number if filter.parameter.code == "_content" else None
    repetitive = [number for number in filter.parameter.numbers if number >= TEXT or number == own]
    plain = [number for number in filter.parameter.numbers if number not in repetitive]
    match, distinct_match = _match_prefix("y.value", word), _match_prefix("v.x", word)
    text = f"SELECT y.nid FROM shown_string y WHERE y.space = ? AND {_one_of('y.parameter', plain)} AND {match.text}"
    if not repetitive:
        return Sql(text, (space, *match.binds))
    least = "SELECT min(s.value) FROM shown_string s WHERE s.space = ? AND s.parameter ="
    distinct = (
        f"WITH RECURSIVE v(p, x) AS (SELECT n.value, ({least} n.value) FROM json_each(?) n UNION ALL"
        f" SELECT v.p, ({least} v.p AND s.value > v.x) FROM v WHERE v.x IS NOT NULL)"
        f" SELECT p, x FROM v WHERE v.x IS NOT NULL AND {distinct_match.text}"
    )
    more = f"SELECT y.nid FROM ({distinct}) v CROSS JOIN shown_string y ON y.parameter = v.p AND y.value = v.x AND y.space = ?"
    distinct_binds = (space, orjson.dumps(repetitive).decode(), space)
    return Sql(f"{text} UNION ALL {more}", (space, *match.binds, *distinct_binds, *distinct_match.binds, space))


def _match_prefix(column: str, word: str) -> Sql:
    return Sql(f"instr({_SPACED.format(column)}, ?) > 0", (f" {word}",))


def _one_of(column: str, numbers: tuple[int, ...] | list[int]) -> str:
    """Return an IN condition with the numbers as literals, so that the statement is planned for these numbers."""
    return f"{column} IN ({', '.join(map(str, numbers))})"
