"""Represents a coding as one integer: blake2b-64 of "system|code". Granular scopes depend on it, so a weaker hash won't do."""

from __future__ import annotations

import struct
from hashlib import blake2b

from sickbay.kernel.memoize import cache_results, memoize


@memoize(32768)
def term_hash(system: str | None, code: str) -> int:
    """Return the hash as a signed 64-bit integer. No system and the empty system have the same hash."""
    text = f"{system or ''}|{code}".encode()
    return int.from_bytes(blake2b(text, digest_size=8).digest(), "big", signed=True)


@memoize(32768)
def text_hash(text: str) -> int:
    """Return a signed 64-bit hash of a text exactly as it is written."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest(), "big", signed=True)


@cache_results(8192)
def encode_sortable(value: float) -> int:
    """Map a float to an integer that sorts the same, because the tables store no floats."""
    bits: int = struct.unpack(">q", struct.pack(">d", value + 0.0))[0]
    return bits if bits >= 0 else -(bits & 0x7FFF_FFFF_FFFF_FFFF)


def decode_sortable(value: int) -> float:
    """Return the float that `encode_sortable` mapped to this integer."""
    bits = value if value >= 0 else -value | -0x8000_0000_0000_0000
    number: float = struct.unpack(">d", struct.pack(">q", bits))[0]
    return number
