"""The sealed cursor: where the next page of one query begins. It grants nothing; whoever changes it gets BadCursor.

The last key may hold a name or a birth date and travels in addresses, so it is hidden as well as sealed: the seal is a keyed
BLAKE2 (RFC 7693) of the content, and the content is masked by a stream that the seal and the key determine.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import blake2b
from typing import TypeAlias

import msgspec

from sickbay.fhir.visibility import Visibility
from sickbay.kernel.memoize import memoized
from sickbay.storage.interface import BadCursor, StaleCursor

Key: TypeAlias = tuple[int | str, ...]


class Position(msgspec.Struct, frozen=True, array_like=True):
    """query: fingerprint. last: the order's values and the nid of the last match. seen: matches on the pages before.

    sight: of what was visible when it was made: place and total are true for that alone.
    """

    query: bytes
    last: tuple[int | str, ...]
    seen: int
    total: int | None
    sight: bytes = b""


_decoder = msgspec.json.Decoder(Position)


def seal(key: bytes, position: Position) -> str:
    content = msgspec.json.encode(position)
    mark = _mark(key, content)
    return _spelt(mark + _masked(key, mark, content))


def _spelt(sealed: bytes) -> str:
    return base64.urlsafe_b64encode(sealed).rstrip(b"=").decode()


def opened(key: bytes, cursor: str, query: bytes, sight: bytes = b"") -> Position:
    """The position; BadCursor if it is not ours or not of this query, StaleCursor if it is not of this sight."""
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCursor("not a cursor") from error
    if _spelt(sealed) != cursor:  # base64 lets the last character differ in bits that say nothing
        raise BadCursor("spelt otherwise")
    mark, content = sealed[:16], _masked(key, sealed[:16], sealed[16:])
    if not hmac.compare_digest(mark, _mark(key, content)):
        raise BadCursor("the seal does not hold")
    position = _decoder.decode(content)
    if position.query != query:
        raise BadCursor("made for another query")
    if position.sight != sight:
        raise StaleCursor("made for another sight")
    return position


@memoized(1024)
def sight_of(visibility: Visibility) -> bytes:
    """A fingerprint of what is visible, the same on every worker."""
    clauses = [
        (one.type, one.letters, None if one.patients is None else sorted(one.patients), one.filters)
        for one in visibility.clauses
    ]
    return blake2b(msgspec.json.encode(clauses), digest_size=12).digest()


def _mark(key: bytes, content: bytes) -> bytes:
    return blake2b(content, digest_size=16, key=key, person=b"cursor seal").digest()


def _masked(key: bytes, mark: bytes, content: bytes) -> bytes:
    size = len(content)
    blocks = [blake2b(mark + at.to_bytes(4), key=key, person=b"cursor mask").digest() for at in range((size + 63) // 64)]
    stream = b"".join(blocks)[:size]
    return (int.from_bytes(content) ^ int.from_bytes(stream)).to_bytes(size)
