"""Encodes sealed cursors, which say where the next page of a query begins. A cursor grants no access.

The last key may contain a name or a birth date and appears in URLs, so the cursor is encrypted as well as sealed: the seal is a
keyed BLAKE2 (RFC 7693) of the content, and the content is masked by a stream derived from the seal and the key. A modified
cursor raises BadCursor.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import blake2b

import msgspec

from sickbay.fhir.visibility import Visibility
from sickbay.kernel.memoize import memoized
from sickbay.storage.interface import BadCursor, StaleCursor


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


def seal(key: bytes, position: Position) -> str:
    content = msgspec.json.encode(position)
    mark = _mark(key, content)
    return _to_base64(mark + _masked(key, mark, content))


def _to_base64(sealed: bytes) -> str:
    return binascii.b2a_base64(sealed, newline=False).translate(_FOR_URLS).rstrip(b"=").decode()


def opened(key: bytes, cursor: str, query: bytes, sight: bytes = b"") -> Position:
    """Return the position. Raises BadCursor if this server didn't create it for this query, StaleCursor if `sight` differs."""
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCursor("not a cursor") from error
    if (
        _to_base64(sealed) != cursor
    ):  # base64 ignores some bits of the last character, so several strings decode to the same bytes
        raise BadCursor("not the canonical spelling")
    mark, content = sealed[:16], _masked(key, sealed[:16], sealed[16:])
    if not hmac.compare_digest(mark, _mark(key, content)):
        raise BadCursor("the seal doesn't match")
    position = _decoder.decode(content)
    if position.query != query:
        raise BadCursor("created for another query")
    if position.sight != sight:
        raise StaleCursor("created for another visibility")
    return position


@memoized(1024)
def sight_of(visibility: Visibility) -> bytes:
    """Return a fingerprint of what is visible. It is the same on every worker."""
    clauses = [
        (clause.type, clause.letters, None if clause.patients is None else sorted(clause.patients), clause.filters)
        for clause in visibility.clauses
    ]
    return blake2b(msgspec.json.encode(clauses), digest_size=12).digest()


def _mark(key: bytes, content: bytes) -> bytes:
    return blake2b(content, digest_size=16, key=key, person=b"cursor seal").digest()


def _masked(key: bytes, mark: bytes, content: bytes) -> bytes:
    size = len(content)
    blocks = [blake2b(mark + block.to_bytes(4), key=key, person=b"cursor mask").digest() for block in range((size + 63) // 64)]
    stream = b"".join(blocks)[:size]
    return (int.from_bytes(content) ^ int.from_bytes(stream)).to_bytes(size)
