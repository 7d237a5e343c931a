"""Reads and writes JSON and NDJSON of a snapshot's file. Errors name the file and the line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

import msgspec

from sickbay.protocol import unicode
from sickbay.services.snapshot_files.archive import LINE_BYTES, BadFile, FileTooLarge

T = TypeVar("T")


def parse_line(kind: type[T], text: bytes, place: str) -> T:
    """Return the value. Raises BadFile, also for U+0000, which not every database stores."""
    try:
        if b"\\u0000" in text and not unicode.is_writable(msgspec.json.decode(text)):
            raise BadFile(place, "a string has U+0000")
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadFile(place, _describe_error(error)) from None


def _describe_error(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return str(error) if isinstance(error, msgspec.ValidationError) else f"it isn't JSON: {error}"


def split_lines(name: str, content: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield each line with its place. Raises FileTooLarge."""
    start, number = 0, 0
    while start < len(content):
        number += 1
        end = content.find(b"\n", start)
        end = len(content) if end < 0 else end
        place = f"{name}, line {number}"
        if end - start > LINE_BYTES:
            raise FileTooLarge(place, f"the line has more than {LINE_BYTES:,} bytes")
        yield place, content[start:end]
        start = end + 1
