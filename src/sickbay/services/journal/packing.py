"""Compresses the records of exchanges, each kind with a dictionary of the texts that it repeats."""

from __future__ import annotations

import zlib
from pathlib import Path

from sickbay.storage.interface import Record

_FOLDER = Path(__file__).parent
WORDS = (_FOLDER / "packing_words.txt").read_bytes()
"""The dictionary of other records. It must never change, because stored records need it. A new one needs a new mark."""
FHIR_WORDS = (_FOLDER / "packing_words_fhir.txt").read_bytes()
"""The same for granted FHIR requests, which are the most frequent. At most 3 KB, because their window is small."""
OAUTH_WORDS = (_FOLDER / "packing_words_oauth.txt").read_bytes()
"""The same for granted OAuth requests. At most 7 KB."""
MARK, FHIR_MARK, OAUTH_MARK = b"\x01", b"\x02", b"\x03"
"""The first byte of a compressed record. Records of an older Sickbay start with a brace instead."""
_WINDOW = -15
"""A 32 KB window, half of it for the dictionary; no header."""
_PACKERS = {
    MARK: zlib.compressobj(3, zlib.DEFLATED, _WINDOW, 6, zdict=WORDS),
    FHIR_MARK: zlib.compressobj(3, zlib.DEFLATED, -12, 4, zdict=FHIR_WORDS),
    OAUTH_MARK: zlib.compressobj(3, zlib.DEFLATED, -13, 5, zdict=OAUTH_WORDS),
}
"""Compressors, copied for each record, because loading the dictionary takes longer than compressing the record. A small window
makes that faster: 24 or 48 KB are copied instead of 160 KB.
"""


def text_of(record: Record) -> str:
    """The JSON of a record, as it was written."""
    return unpack(record.value).decode()


def pack(value: bytes, mark: bytes = MARK) -> bytes:
    packer = _PACKERS[mark].copy()
    return mark + packer.compress(value) + packer.flush()


def unpack(value: bytes) -> bytes:
    """Decompresses a record. Also accepts uncompressed records."""
    words = {MARK: WORDS, FHIR_MARK: FHIR_WORDS, OAUTH_MARK: OAUTH_WORDS}.get(value[:1])
    return value if words is None else zlib.decompressobj(_WINDOW, zdict=words).decompress(value[1:])
