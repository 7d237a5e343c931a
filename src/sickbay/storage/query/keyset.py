"""Reads a query page by page: the limits of a page, the sort keys, the condition that starts the next page, and the sealed
cursor that says where it starts.

A cursor grants no access. Its last key may contain a name or a birth date and appears in URLs, so the cursor is encrypted as
well as sealed: the seal is a keyed BLAKE2 (RFC 7693) of the content, and the content is masked by a stream derived from the
seal and the key. A modified cursor raises BadCursor.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import NamedTuple, TypeAlias

import msgspec

from sickbay.fhir.search.parameters import SearchParameter
from sickbay.fhir.search.query import Query
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.memoize import cache_results
from sickbay.storage.answers import BadCursor, StaleCursor
from sickbay.storage.query.access_path import AccessPath
from sickbay.storage.query.dictionary import NEVER
from sickbay.storage.query.filters import LAST
from sickbay.storage.query.statement import Bind, Row, Sql

Find: TypeAlias = Callable[[str, str, str], SearchParameter | None]
"""Maps (version, type, code) to the search parameter."""
FindOfVersion: TypeAlias = Callable[[str, str], SearchParameter | None]
"""Maps (type, code) to the search parameter of one version."""
BYTES = 4_000_000
"""Maximum bytes of the resources on one page. The first two are always included, so that one match differs from several."""


class Cut(list[Row]):
    """The rows up to BYTES plus the next row, which exceeds the limit. There may be more."""


def read_bounded_rows(rows: Iterable[Row], column: int) -> list[Row]:
    """Return all rows, or a Cut, after which no further row is read. column: index of the body."""
    taken: list[Row] = []
    left = BYTES
    for row in rows:
        taken.append(row)
        left -= len(row[column] or b"")
        if left < 0 and len(taken) > 2:
            return Cut(taken)
    return taken


def cut_page(rows: list[Row], count: int) -> tuple[list[Row], bool]:
    """Return the rows of a page of at most `count`, given up to one row more, and whether others follow."""
    if isinstance(rows, Cut) and len(rows) <= count:
        return rows[:-1], True
    return rows[:count], len(rows) > count


def is_full(rows: list[Row], limit: int) -> bool:
    return len(rows) == limit or isinstance(rows, Cut)


_ABSENT = LAST * 121
"""Sorts after every indexed text, because those have at most 120 characters."""
GREATEST_NUMBER = (1 << 63) - 1
"""Greater than any number. `ordered` uses all 64 bits, and 2.0 already maps to NEVER."""


class SortKey(NamedTuple):
    """One expression to sort by. It is never NULL; resources without a value come last in either direction."""

    text: str
    binds: tuple[Bind, ...] = ()
    descending: bool = False


def sort_keys(find: Find, query: Query, source: AccessPath) -> tuple[SortKey, ...]:
    """Return the sort keys before the nid, which is always the last key."""
    keys = [key for sort in query.sort if (key := _find_sort_key(find, query, source, sort.parameter, sort.descending))]
    if not keys and source.rank:
        return (SortKey("d.rank"),)
    return tuple(keys)


def condition_after(keys: tuple[tuple[str, bool], ...], last: tuple[Bind, ...]) -> Sql:
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


def _find_sort_key(find: Find, query: Query, source: AccessPath, name: str, descending: bool) -> SortKey | None:
    if name == "_id":
        return SortKey("r.id", (), descending)
    if name == "_lastUpdated":
        return SortKey("r.changed", (), descending)
    parameter = find(query.version, query.type, name)
    return _index_key(parameter, source.nid, descending) if parameter else None


def _index_key(parameter: SearchParameter, nid: str, descending: bool) -> SortKey | None:
    aggregate = "max" if descending else "min"
    places = ", ".join("?" * len(parameter.numbers))
    where = f"WHERE s.nid = {nid} AND s.parameter IN ({places})"
    match parameter.kind:
        case "date" | "number" | "quantity":
            table = "shown_date" if parameter.kind == "date" else "shown_quantity"
            value = f"SELECT {aggregate}(s.{'high' if descending else 'low'}) FROM {table} s {where}"
            greatest = NEVER if parameter.kind == "date" else GREATEST_NUMBER
            absent = str(-greatest if descending else greatest)
        case "string" | "uri":
            value = f"SELECT {aggregate}(s.value) FROM {parameter.kind}_index s {where}"
            absent = "''" if descending else f"'{_ABSENT}'"
        case "token":
            value = f"SELECT {aggregate}(w.code) FROM shown_token s JOIN term w ON w.hash = s.hash {where}"
            absent = "''" if descending else f"'{_ABSENT}'"
        case "reference":
            local = "SELECT w.text || '/' || o.id AS v FROM shown_reference s JOIN resource o ON o.nid = s.target"
            foreign = f"SELECT s.value FROM shown_uri s {where}"
            both_kinds = f"{local} JOIN word w ON w.number = o.type {where} UNION ALL {foreign}"
            value = f"SELECT {aggregate}(e.v) FROM ({both_kinds}) e"
            absent = "''" if descending else f"'{_ABSENT}'"
        case _:
            return None
    numbers = parameter.numbers * (value.count("?") // len(parameter.numbers))
    return SortKey(f"coalesce(({value}), {absent})", numbers, descending)


class Position(msgspec.Struct, frozen=True, array_like=True):
    """query: fingerprint. last: the sort values and the nid of the last match. seen: number of matches on the previous pages.

    sight: fingerprint of what was visible when the cursor was created. Position and total are valid only for that.
    """

    query: bytes
    last: tuple[int | str, ...]
    seen: int
    total: int | None
    sight: bytes = b""


_FOR_URLS = bytes.maketrans(b"+/", b"-_")
_decoder = msgspec.json.Decoder(Position)


def seal_cursor(key: bytes, position: Position) -> str:
    content = msgspec.json.encode(position)
    mark = _sign_cursor(key, content)
    return _encode_base64(mark + _encrypt_position(key, mark, content))


def _encode_base64(sealed: bytes) -> str:
    return binascii.b2a_base64(sealed, newline=False).translate(_FOR_URLS, b"=").decode()


def open_cursor(key: bytes, cursor: str, query: bytes, sight: bytes = b"") -> Position:
    """Return the position. Raises BadCursor if this server didn't create it for this query, StaleCursor if `sight` differs."""
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCursor("not a cursor") from error
    if (
        _encode_base64(sealed) != cursor
    ):  # base64 ignores some bits of the last character, so several strings decode to the same bytes
        raise BadCursor("not the canonical spelling")
    mark, content = sealed[:16], _encrypt_position(key, sealed[:16], sealed[16:])
    if not hmac.compare_digest(mark, _sign_cursor(key, content)):
        raise BadCursor("the seal doesn't match")
    position = _decoder.decode(content)
    if position.query != query:
        raise BadCursor("created for another query")
    if position.sight != sight:
        raise StaleCursor("created for another visibility")
    return position


@cache_results(1024)
def hash_sight(visibility: Visibility) -> bytes:
    """Return a fingerprint of what is visible. It is the same on every worker."""
    clauses = [
        (clause.type, clause.letters, None if clause.patients is None else sorted(clause.patients), clause.filters)
        for clause in visibility.clauses
    ]
    return blake2b(msgspec.json.encode(clauses), digest_size=12).digest()


def _sign_cursor(key: bytes, content: bytes) -> bytes:
    return blake2b(content, digest_size=16, key=key, person=b"cursor seal").digest()


def _encrypt_position(key: bytes, mark: bytes, content: bytes) -> bytes:
    size = len(content)
    blocks = [blake2b(mark + block.to_bytes(4), key=key, person=b"cursor mask").digest() for block in range((size + 63) // 64)]
    stream = b"".join(blocks)[:size]
    return (int.from_bytes(content) ^ int.from_bytes(stream)).to_bytes(size)
