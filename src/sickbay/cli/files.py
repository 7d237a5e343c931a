"""The files that `sickbay load` reads, and their texts one after the other: no file is held whole but a Bundle."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple, cast

from sickbay.cli.words import wrong

LINES = (".ndjson", ".jsonl")
XML = ".xml"
ENDINGS = (*LINES, ".json", XML)
MANIFEST = "manifest.json"
"""What a bulk export tells of its files; it is no resource."""
BROKEN = (OSError, EOFError, zlib.error)
"""What reading or unpacking may raise."""


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
    """Raises one of BROKEN where the file cannot be read or unpacked to its end."""
    name = str(path)
    with path.open("rb") as raw:
        stream = cast(IO[bytes], gzip.GzipFile(fileobj=raw)) if path.suffix == ".gz" else raw
        if _ending(path) not in LINES:
            yield Text(name, stream.read(), False, raw.tell(), _ending(path) == XML)
            return
        for number, line in enumerate(stream, 1):
            if line.strip():
                yield Text(f"{name}:{number}", line, True, raw.tell())
