"""The files of a load, made ready to be stored: where they are large by a process of its own, ahead of the writing."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from sickbay.cli import files, signals
from sickbay.cli.output import CommandError
from sickbay.fhir.loading import LoadError, ParsedResource, Ready, judged, pieces, ready

MUCH = 8_000_000
"""Bytes of files from which on another process is worth its start."""
FEW, WEIGHT = 200, 1 << 20
"""It sends so many at a time, or bytes of them."""


class LoadJob(NamedTuple):
    """base: of the hospital's FHIR server. validate: what is not valid is a fault."""

    files: list[Path]
    version: str
    base: str
    validate: bool


class FileResult(NamedTuple):
    """What stands in a file, once so many bytes of it are read; None at its end."""

    file: Path
    read: int
    item: Ready | LoadError | None


@contextmanager
def reading(asked: LoadJob) -> Iterator[Iterator[FileResult]]:
    """All that the files hold, in their order. A fault says its file and line."""
    if sum(path.stat().st_size for path in asked.files) < MUCH or (os.cpu_count() or 1) < 2:
        yield read(asked)
        return
    spawning = multiprocessing.get_context("spawn")
    receiver, sender = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_send, args=(sender, asked), daemon=True)
    with signals.withheld():
        process.start()
    sender.close()
    try:
        yield _received(receiver)
    finally:
        receiver.close()
        process.terminate()
        process.join()


def read(asked: LoadJob) -> Iterator[FileResult]:
    """A file that ends in its midst is a fault."""
    for path in asked.files:
        at = 0
        try:
            for text in files.texts(path):
                at = text.read
                for piece in pieces(asked.version, text.body, line=text.line, xml=text.xml):
                    yield FileResult(path, at, _item(asked, piece, text.place))
        except files.BROKEN as error:
            yield FileResult(path, at, LoadError(str(path), f"cannot be read to its end: {error}"))
        yield FileResult(path, at, None)


def _item(asked: LoadJob, piece: ParsedResource | LoadError, place: str) -> Ready | LoadError:
    if asked.validate and isinstance(piece, ParsedResource):
        piece = judged(asked.version, piece, asked.base)
    if isinstance(piece, LoadError):
        return LoadError(f"{place}: {piece.place}".removesuffix(": "), piece.text, piece.is_bad)
    return ready(asked.version, piece, asked.base)


def _received(receiver: Connection) -> Iterator[FileResult]:
    while True:
        try:
            batch: list[FileResult] = receiver.recv()
        except EOFError:
            said = "The process that reads the files has ended in their midst; perhaps there was too little memory."
            raise CommandError(f"{said} What was loaded stays: the same command goes on.") from None
        if not batch:
            return
        yield from batch


def _send(sender: Connection, asked: LoadJob) -> None:
    """In the other process. It is not reached by Ctrl-C, and ends with whoever reads no more."""
    with suppress(BrokenPipeError):
        for batch in portions(read(asked), FEW, WEIGHT):
            sender.send(batch)
        sender.send([])


def portions(reads: Iterator[FileResult], most: int, weight: int) -> Iterator[list[FileResult]]:
    """So many at a time, or so many bytes of resources."""
    found: list[FileResult] = []
    held = 0
    for one in reads:
        found.append(one)
        held += len(one.item.body) if isinstance(one.item, Ready) else 0
        if len(found) >= most or held >= weight:
            yield found
            found, held = [], 0
    if found:
        yield found
