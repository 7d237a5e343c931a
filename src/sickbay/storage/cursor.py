"""The sealed cursor: where the next page of one query begins. It grants nothing; whoever changes it gets BadCursor.

The last key may hold a name or a birth date and travels in addresses, so it is hidden as well as sealed: the seal is an
HMAC over the content, and the content is masked by a stream that the seal and the key determine.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from hashlib import sha256, shake_256
from typing import TypeAlias

import msgspec

from sickbay.storage.store import BadCursor

Key: TypeAlias = tuple[int | str, ...]


class Position(msgspec.Struct, frozen=True, array_like=True):
    """query: fingerprint. last: the order's values and the nid of the last match. seen: matches on the pages before."""

    query: bytes
    last: tuple[int | str, ...]
    seen: int
    total: int | None


_decoder = msgspec.json.Decoder(Position)


def seal(key: bytes, position: Position) -> str:
    content = msgspec.json.encode(position)
    mark = _mark(key, content)
    return base64.urlsafe_b64encode(mark + _masked(key, mark, content)).rstrip(b"=").decode()


def opened(key: bytes, cursor: str, query: bytes) -> Position:
    """The position; BadCursor if it is not ours or not of this query."""
    try:
        sealed = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadCursor("not a cursor") from error
    mark, content = sealed[:16], _masked(key, sealed[:16], sealed[16:])
    if not hmac.compare_digest(mark, _mark(key, content)):
        raise BadCursor("the seal does not hold")
    position = _decoder.decode(content)
    if position.query != query:
        raise BadCursor("made for another query")
    return position


def _mark(key: bytes, content: bytes) -> bytes:
    return hmac.digest(key, b"seal" + content, sha256)[:16]


def _masked(key: bytes, mark: bytes, content: bytes) -> bytes:
    stream = shake_256(b"mask" + key + mark).digest(len(content))
    return bytes(one ^ other for one, other in zip(content, stream, strict=True))
