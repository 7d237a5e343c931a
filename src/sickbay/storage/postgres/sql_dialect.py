"""The shared text as PostgreSQL says it.

`storage/query` is written in words that SQLite knows. PostgreSQL says six of them differently: values by number, lists as
arrays, `strpos` for `instr`, a plain JOIN, whose order it keeps because of the session's `join_collapse_limit`, and OFFSET 0
at the end of an EXISTS that is asked of each row: else it is made a join, which begins at all that is there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

import orjson

from sickbay.kernel.memoize import memoized

_WORDS = re.compile(r"IN \(SELECT value FROM json_each\(\?\)\)|json_each\(\?\) (\w+)|CROSS JOIN|/\* of each \*/|instr\(|\?")
FITS = 500
"""Characters of a text that fit into an index row of PostgreSQL (2,704 bytes) whatever else is in it."""


class PostgresStatement(NamedTuple):
    """lists: the places of values that are lists, and come as JSON."""

    text: str
    lists: frozenset[int]


@memoized(1024)
def spoken(text: str) -> PostgresStatement:
    lists: list[int] = []
    count = 0

    def said(found: re.Match[str]) -> str:
        nonlocal count
        word = found[0]
        if "?" in word:
            count += 1
            if word != "?":
                lists.append(count - 1)
        if word == "?":
            return f"${count}"
        if word.startswith("IN"):
            return f"= ANY(${count})"
        if word.startswith("json_each"):
            return f"unnest(${count}::bigint[]) {found[1]}(value)"
        return {"CROSS JOIN": "JOIN", "instr(": "strpos(", "/* of each */": "OFFSET 0"}[word]

    return PostgresStatement(_WORDS.sub(said, text), frozenset(lists))


def values(binds: Sequence[Any], lists: frozenset[int] = frozenset()) -> list[Any]:
    """The values as PostgreSQL takes them."""
    if not lists:
        return [fitted(one) if type(one) is str else one for one in binds]
    return [_listed(one) if at in lists else fitted(one) if type(one) is str else one for at, one in enumerate(binds)]


def fitted(text: str) -> str:
    """The text as it is indexed: without the zero that PostgreSQL has not, and with a hash for the rest of a long one."""
    if "\0" in text:
        text = text.replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text if len(text) <= FITS else f"{text[:FITS]}{blake2b(text.encode(), digest_size=16).hexdigest()}"


def _listed(value: str) -> list[Any]:
    return [fitted(one) if type(one) is str else one for one in orjson.loads(value)]
