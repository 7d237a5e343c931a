"""A coding as one integer: blake2b-64 of "system|code". Granular scopes rest on it, so no weaker hash will do."""

from __future__ import annotations

import struct
from hashlib import blake2b

from sickbay.kernel.memoize import memoize, memoized


@memoize(32768)
def term_hash(system: str | None, code: str) -> int:
    """Signed 64 bits. No system and the empty system are the same."""
    text = f"{system or ''}|{code}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)


@memoize(32768)
def text_hash(text: str) -> int:
    """Signed 64 bits of a text as it is written."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big", signed=True)


@memoized(8192)
def ordered(value: float) -> int:
    """A float as an integer of the same order, since the tables hold no floats."""
    bits: int = struct.unpack(">q", struct.pack(">d", value + 0.0))[0]
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)
