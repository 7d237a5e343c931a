"""The files that `sickbay load` reads, and their texts one after the other: no file is held whole but a Bundle."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from sickbay.cli.output import wrong

LINES = (".ndjson", ".jsonl")
XML = ".xml"
ENDINGS = (*LINES, ".json", XML)
MANIFEST = "manifest.json"
"""What a bulk export tells of its files; it is no resource."""
MOST, VALUES = 64_000_000, 4_000_000
"""Bytes, unpacked, and values of one text: a line of NDJSON, or a whole file of JSON or XML. A value may take a hundred
bytes of memory, though it may be written in two."""
BROKEN = (OSError, EOFError, zlib.error)
"""What reading or unpacking may raise."""


class TooLarge(OSError):
    """A text above the limits, which is not read any further."""


class Text(NamedTuple):
    """One text, of JSON or XML. place: file, and line where there are many. read: bytes of the file so far."""

    place: str
    body: bytes
    line: bool
    read: int
    xml: bool = False


def found(paths: tuple[Path, ...]) -> list[Path]:
    """The files in the order of the arguments, those of a folder in the order of their names. Raises Trouble."""
    every: list[Path] = []
    for path in paths:
        if path.is_dir():
            every += sorted(
                one for one in path.rglob("*") if one.is_file() and _ending(one) in ENDINGS and one.name != MANIFEST
            )
        elif not path.is_file():
            wrong(f"There is no file {path}.")
        elif _ending(path) not in ENDINGS:
            wrong(f"{path} is none of {', '.join(ENDINGS)}, with or without .gz.")
        else:
            every.append(path)
    return every


def _ending(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def texts(path: Path) -> Iterator[Text]:
    """Raises one of BROKEN where the file cannot be read or unpacked to its end, or has a text above the limits."""
    name = str(path)
    with path.open("rb") as raw:
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
        if _ending(path) not in LINES:
            yield Text(name, _within(stream.read(MOST + 1), name), False, raw.tell(), _ending(path) == XML)
            return
        for number, line in enumerate(iter(lambda: stream.readline(MOST + 1), b""), 1):
            if _within(line, f"line {number}").strip():
                yield Text(f"{name}:{number}", line, True, raw.tell())


def _within(text: bytes, name: str) -> bytes:
    """The same. Raises TooLarge."""
    if len(text) > MOST:
        raise TooLarge(f"{name} has more than {MOST:,} bytes; write its resources as NDJSON, one a line")
    if len(text) > VALUES and sum(map(text.count, (b",", b"{", b"[", b"<"))) > VALUES:
        raise TooLarge(f"{name} has more than {VALUES:,} values; write its resources as NDJSON, one a line")
    return text
