"""Reads and prepares the resources of a load; large files in a separate process, while others are being stored."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from sickbay.cli import files, signals
from sickbay.cli.byte_order_mark import EncodedInUtf16
from sickbay.cli.output import CommandError
from sickbay.fhir.loading import LoadError, ParsedResource, Ready, prepare_resource, split_into_resources, validate_resource
from sickbay.fhir.search.index_entries import report_size

MUCH = 8_000_000
"""Total size of the files, in bytes, above which a separate process saves time."""
BATCH_RESULTS, BATCH_BYTES = 200, 1 << 20
"""Maximum number of results, and of their bytes, that the process sends at a time."""


class LoadJob(NamedTuple):
    """base: FHIR base URL of the hospital. validate: an invalid resource is a LoadError."""

    files: list[Path]
    version: str
    base: str
    validate: bool


class FileResult(NamedTuple):
    """An item of a file. read: bytes of the file read so far. item: None at the end of the file."""

    file: Path
    read: int
    item: Ready | LoadError | None


@contextmanager
def read_in_processes(job: LoadJob) -> Iterator[Iterator[FileResult]]:
    """The results of all files, in order. A LoadError names its file and line."""
    if sum(path.stat().st_size for path in job.files) < MUCH or (os.cpu_count() or 1) < 2:
        yield read_resources(job)
        return
    spawning = multiprocessing.get_context("spawn")
    receiver, sender = spawning.Pipe(duplex=False)
    process = spawning.Process(target=_send_results, args=(sender, job), daemon=True)
    with signals.block_interrupts():
        process.start()
    sender.close()
    try:
        with signals.cleaning_up(process.kill):
            yield _receive_results(receiver)
    finally:
        receiver.close()
        process.terminate()
        process.join()


def read_resources(job: LoadJob) -> Iterator[FileResult]:
    """The results of all files. A file that ends unexpectedly gives a LoadError."""
    for path in job.files:
        position = 0
        try:
            for text in files.read_texts(path):
                position = text.read
                for piece in split_into_resources(job.version, text.body, line=text.line, xml=text.xml):
                    yield FileResult(path, position, _prepare_item(job, piece, text.place))
        except (EncodedInUtf16, *files.BROKEN) as error:
            end = " to its end" if position else ""
            yield FileResult(path, position, LoadError(str(path), f"can't be read{end}: {files.explain(error)}"))
        yield FileResult(path, position, None)


def _prepare_item(job: LoadJob, piece: ParsedResource | LoadError, place: str) -> Ready | LoadError:
    if job.validate and isinstance(piece, ParsedResource):
        piece = validate_resource(job.version, piece, job.base)
    where = f"{place}: {piece.place}".removesuffix(": ")
    if isinstance(piece, LoadError):
        return LoadError(where, piece.text, piece.is_bad)
    ready = prepare_resource(job.version, piece, job.base)
    too_many = report_size(piece.type, ready.facts)
    return LoadError(where, f"{piece.type}/{piece.id}: {too_many}") if too_many else ready


def _receive_results(receiver: Connection) -> Iterator[FileResult]:
    while True:
        try:
            batch: list[FileResult] = receiver.recv()
        except EOFError:
            raise CommandError(
                "The process that reads the files ended unexpectedly; perhaps the machine ran out of memory. The resources "
                "loaded so far are stored. To continue, run the same command again."
            ) from None
        if not batch:
            return
        yield from batch


def _send_results(sender: Connection, job: LoadJob) -> None:
    """Runs in the separate process. Ctrl-C doesn't reach it; it ends when the receiver is closed."""
    with suppress(BrokenPipeError):
        for batch in group_into_portions(read_resources(job), BATCH_RESULTS, BATCH_BYTES):
            sender.send(batch)
        sender.send([])


def group_into_portions(reads: Iterator[FileResult], most: int, weight: int) -> Iterator[list[FileResult]]:
    """Groups results. A group ends at `most` results or `weight` bytes of resources."""
    portion: list[FileResult] = []
    size = 0
    for result in reads:
        portion.append(result)
        size += len(result.item.body) if isinstance(result.item, Ready) else 0
        if len(portion) >= most or size >= weight:
            yield portion
            portion, size = [], 0
    if portion:
        yield portion
