"""Reads the files of `sickbay load`, one text at a time: a line of NDJSON, or a whole JSON or XML file."""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path
from typing import NamedTuple, cast

from sickbay.cli import byte_order_mark
from sickbay.cli.output import reject_argument
from sickbay.kernel import english

LINES = (".ndjson", ".jsonl")
XML = ".xml"
ENDINGS = (*LINES, ".json", XML)
MANIFEST = "manifest.json"
"""Describes the files of a bulk export; not a resource."""
MAXIMUM_BYTES, MAXIMUM_VALUES = 64_000_000, 4_000_000
"""Maximum number of uncompressed bytes, and of values, in one text. A value written in two bytes may take a hundred bytes of
memory."""
GZIP, ZIP = b"\x1f\x8b", b"PK"
"""How such a file begins. Its name may be wrong: browsers decompress some downloads and keep their .gz."""
BROKEN = (OSError, EOFError, zlib.error)
"""Exceptions of reading or decompressing."""


class TooLarge(OSError):
    """A text above the limits. Reading stops."""


class ZipArchive(OSError):
    """The file is a ZIP archive."""

    def __str__(self) -> str:
        return "it is a ZIP archive. Unpack it, and load the files in it"


class Text(NamedTuple):
    """A JSON or XML text. place: its file and, for NDJSON, its line. line: it is NDJSON. read: bytes of the file so far."""

    place: str
    body: bytes
    line: bool
    read: int
    xml: bool = False


def resource_files(paths: tuple[Path, ...]) -> list[Path]:
    """The files in the order of the arguments; those in a folder in the order of their names. Raises CommandError."""
    files: list[Path] = []
    for path in paths:
        if path.is_dir():
            files += sorted(file for file in _files_below(path) if _suffix_of(file) in ENDINGS and file.name != MANIFEST)
        elif not path.is_file():
            reject_argument(f"{path} doesn't exist, or is neither a file nor a folder.")
        elif _suffix_of(path) not in ENDINGS:
            reject_argument(f"{path} must end with {english.join(ENDINGS, 'or')}, with or without .gz.")
        else:
            files.append(path)
    return files


def _files_below(folder: Path) -> Iterator[Path]:
    """All files in a folder and its subfolders. Raises CommandError if one of these can't be read."""

    def refuse(error: OSError) -> None:
        reject_argument(f"{error.filename} can't be read: {explain(error)}.")

    for place, _, names in os.walk(folder, onerror=refuse):
        yield from filter(Path.is_file, (Path(place, name) for name in names))


def explain(error: Exception) -> str:
    """Why a file can't be read, as the end of a sentence without a full stop. error: one of BROKEN, or EncodedInUtf16."""
    if isinstance(error, EOFError):
        return "its gzip data is cut off"
    if isinstance(error, zlib.error | gzip.BadGzipFile):
        return "its gzip data is damaged"
    assert isinstance(error, OSError | ValueError)
    return byte_order_mark.explain(error)


def _suffix_of(path: Path) -> str:
    return Path(path.name.removesuffix(".gz")).suffix.lower()


def read_texts(path: Path) -> Iterator[Text]:
    """The texts of a file. Raises one of BROKEN if it can't be read or decompressed, or a text is above the limits.

    Raises EncodedInUtf16.
    """
    name = str(path)
    with path.open("rb") as raw:
        start = raw.peek(2)[:2]
        if start == ZIP:
            raise ZipArchive
        stream = cast(BufferedReader, gzip.GzipFile(fileobj=raw)) if start == GZIP else raw
        byte_order_mark.refuse_utf_16(stream.peek(2))
        if _suffix_of(path) not in LINES:
            yield Text(name, _limit_size(stream.read(MAXIMUM_BYTES + 1), name), False, raw.tell(), _suffix_of(path) == XML)
            return
        for number, line in enumerate(iter(lambda: stream.readline(MAXIMUM_BYTES + 1), b""), 1):
            if _limit_size(line, f"line {number}").strip():
                yield Text(f"{name}:{number}", line, True, raw.tell())


def _limit_size(text: bytes, name: str) -> bytes:
    """The same text. Raises TooLarge."""
    if len(text) > MAXIMUM_BYTES:
        raise TooLarge(f"{name} has more than {MAXIMUM_BYTES:,} bytes; write its resources as NDJSON, one per line")
    if len(text) > MAXIMUM_VALUES and sum(map(text.count, (b",", b"{", b"[", b"<"))) > MAXIMUM_VALUES:
        raise TooLarge(f"{name} has more than {MAXIMUM_VALUES:,} values; write its resources as NDJSON, one per line")
    return text
