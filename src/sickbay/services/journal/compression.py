"""Compresses the records of exchanges, with a dictionary of the words that are in nearly all of them."""

from __future__ import annotations

import zlib
from importlib.resources import files

WORDS = files("sickbay.services.journal").joinpath("packing_words.txt").read_bytes()
"""Never to be changed: what was stored can be read with the very same dictionary only. Another one needs another mark."""
MARK = b"\x01"
"""The first byte of a packed record; one that an older Sickbay wrote begins with a brace."""


_WINDOW = -15
"""32 KB, of which the dictionary takes a half; without a header."""
_READY = zlib.compressobj(3, zlib.DEFLATED, _WINDOW, 4, zdict=WORDS)
"""Copied for each record: reading the dictionary takes longer than the record itself."""


def pack(value: bytes) -> bytes:
    packer = _READY.copy()
    return MARK + packer.compress(value) + packer.flush()


def unpack(value: bytes) -> bytes:
    """Also what was never packed."""
    return zlib.decompressobj(_WINDOW, zdict=WORDS).decompress(value[1:]) if value[:1] == MARK else value
