"""Decodes text files that editors on Windows wrote, which can begin with a byte order mark."""

from __future__ import annotations

import codecs

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class EncodedInUtf16(ValueError):
    """The text begins with the byte order mark of UTF-16, as PowerShell's `>` writes it."""

    def __str__(self) -> str:
        return "it is encoded in UTF-16. Save it as UTF-8"


def decode(text: bytes) -> str:
    """Decodes UTF-8 without its byte order mark. Raises EncodedInUtf16 or UnicodeDecodeError."""
    if text.startswith(UTF_16):
        raise EncodedInUtf16
    return text.removeprefix(codecs.BOM_UTF8).decode("utf-8")
