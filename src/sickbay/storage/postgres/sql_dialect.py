"""Translates the shared SQL to PostgreSQL.

`storage/query` is written in SQLite's dialect. PostgreSQL needs six changes: numbered parameters, arrays for lists, `unnest`
for `json_each`, `strpos` for `instr`, a plain JOIN, whose order it keeps because of the session's `join_collapse_limit`, and
OFFSET 0 at the end of an EXISTS that is evaluated for each row. Without it, the EXISTS would become a join that may start from
the subquery.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from sickbay.kernel.memoize import cache_results

_WORDS = re.compile(r"IN \(SELECT value FROM json_each\(\?\)\)|json_each\(\?\) (\w+)|CROSS JOIN|/\* of each \*/|instr\(|\?")
FITS = 500
"""Number of characters that always fit into an index row of PostgreSQL (2,704 bytes)."""


class PostgresStatement(NamedTuple):
    """lists: indexes of the values that are lists encoded as JSON."""

    text: str
    lists: frozenset[int]


@cache_results(1024)
def translate_to_postgres(text: str) -> PostgresStatement:
    lists: list[int] = []
    count = 0

    def translate(match: re.Match[str]) -> str:
        nonlocal count
        word = match[0]
        if "?" in word:
            count += 1
            if word != "?":
                lists.append(count - 1)
        if word == "?":
            return f"${count}"
        if word.startswith("IN"):
            return f"= ANY(${count})"
        if word.startswith("json_each"):
            return f"unnest(${count}::bigint[]) {match[1]}(value)"
        return {"CROSS JOIN": "JOIN", "instr(": "strpos(", "/* of each */": "OFFSET 0"}[word]

    return PostgresStatement(_WORDS.sub(translate, text), frozenset(lists))


def convert_values(binds: Sequence[Any], lists: frozenset[int] = frozenset()) -> list[Any]:
    """Return the values as PostgreSQL needs them."""
    if not lists:
        return [fit_text(value) if type(value) is str else value for value in binds]
    return [
        _parse_list(value) if index in lists else fit_text(value) if type(value) is str else value
        for index, value in enumerate(binds)
    ]


def fit_text(text: str) -> str:
    """Return the text as it is indexed: without NUL, which PostgreSQL lacks, and with a hash for the rest of a long text."""
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= FITS else f"{text[:FITS]}{blake2b(text.encode(), digest_size=16).hexdigest()}"


def _parse_list(value: str) -> list[Any]:
    return [fit_text(item) if type(item) is str else item for item in orjson.loads(value)]
