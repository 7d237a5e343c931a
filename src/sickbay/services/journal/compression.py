"""Compresses the records of exchanges, with a dictionary of the words that are in nearly all of them."""

from __future__ import annotations

import zlib
from importlib.resources import files

WORDS = files("sickbay.services.journal").joinpath("packing_words.txt").read_bytes()
"""Must never change, because stored records can be decompressed only with this dictionary. A new one needs a new mark."""
MARK = b"\x01"
"""The first byte of a compressed record. Records of an older Sickbay start with a brace instead."""


_WINDOW = -15
"""A 32 KB window, half of it for the dictionary; no header."""
_READY = zlib.compressobj(3, zlib.DEFLATED, _WINDOW, 4, zdict=WORDS)
"""Copied for each record, because loading the dictionary takes longer than compressing the record."""


def pack(value: bytes) -> bytes:
    packer = _READY.copy()
    return MARK + packer.compress(value) + packer.flush()


def unpack(value: bytes) -> bytes:
    """Also accepts records that were never compressed."""
    return zlib.decompressobj(_WINDOW, zdict=WORDS).decompress(value[1:]) if value[:1] == MARK else value
