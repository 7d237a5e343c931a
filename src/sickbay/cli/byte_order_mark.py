"""Decodes text files that editors on Windows wrote, which can begin with a byte order mark."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from sickbay.cli.output import reject_argument

_WIDE_CHARACTER = re.compile(rb"\0[\t\n\r -~]|[\t\n\r -~]\0")
"""A first character in UTF-16 without a byte order mark. Other bytes next to a zero are those of a binary file."""
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class EncodedInUtf16(ValueError):
    """The text is in UTF-16, as PowerShell's `>` writes it."""

    def __str__(self) -> str:
        return "it is encoded in UTF-16. Save it as UTF-8"


def refuse_utf_16(start: bytes) -> None:
    """start: at least the first two bytes of JSON or XML, whose first character is ASCII. Raises EncodedInUtf16."""
    if start.startswith(UTF_16) or _WIDE_CHARACTER.match(start):
        raise EncodedInUtf16


def explain(error: OSError | ValueError) -> str:
    """Why a text file can't be read, as the end of a sentence without a full stop."""
    if isinstance(error, UnicodeDecodeError):
        return f"it isn't UTF-8 (byte {error.start + 1})"
    return getattr(error, "strerror", None) or str(error)


def read_file(path: Path) -> str:
    """The text of a file that is an argument. Raises CommandError."""
    try:
        return decode(path.read_bytes())
    except (OSError, ValueError) as error:
        reject_argument(f"{path} can't be read: {explain(error)}.")


def decode(text: bytes) -> str:
    """Decodes UTF-8 without its byte order mark. Raises EncodedInUtf16 or UnicodeDecodeError."""
    if text.startswith(UTF_16):
        raise EncodedInUtf16
    return text.removeprefix(codecs.BOM_UTF8).decode("utf-8")
