"""`sickbay load`: stores resources from files under their own IDs, with or without a running server."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from sickbay.cli import files, local_sandbox, signals
from sickbay.cli.argument_types import CountOrNone, Data
from sickbay.cli.load_reader import FileResult, LoadJob, group_into_portions, read_in_processes
from sickbay.cli.output import print_note, print_result, reject_argument
from sickbay.cli.paths import Place
from sickbay.cli.progress import Progress, create_patients, show_progress
from sickbay.fhir.loading import LoadError, Ready
from sickbay.kernel import english
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.loading import Loading
from sickbay.storage.interface import ResourceSpace

BATCH, WEIGHT = 2000, 2 << 20
"""Largest number of resources in a transaction, and of their bytes. A running server can't write meanwhile. An index page that
several of them change is written once."""
SWITCHES = 0.0005
"""Seconds after which Python switches threads. The writing thread needs thousands of turns in a transaction."""
RARELY = (1_000_000, 50, 50)
"""Thresholds of the garbage collector. A batch has 300,000 objects and no cycles; scanning it took an eighth of the time."""


def load(
    *paths: Place,
    tenant: str = "general",
    fhir: Literal["r4", "dstu2", "stu3", "r4b", "r5"] = "r4",
    stop: bool = False,
    validate: bool = False,
    patients: CountOrNone = None,
    data: Data = None,
) -> int:
    """Load resources from files; each keeps its ID.

    Parameters
    ----------
    paths
        Files (.json, .ndjson, .jsonl or .xml, each also with .gz) and folders. XML is stored as JSON.
    tenant
        The hospital, such as general.
    fhir
        The FHIR version of the resources.
    stop
        Stop at the first resource that fails. Without this option, failed resources are named and the others are loaded.
    validate
        Refuse invalid resources. Without this option, a resource needs only a type and an ID.
    patients
        Number of synthetic patients of each hospital if the data folder is new (default: 50).
    """
    chosen = files.resource_files(paths)
    if not chosen:
        endings = english.join(files.ENDINGS, "or")
        reject_argument(f"{paths[0]} contains no {endings} file." if paths else "Name the files or folders to load.")
    gc.set_threshold(*RARELY)
    sys.setswitchinterval(SWITCHES)
    return signals.run(_load_files(chosen, tenant, fhir, stop, validate, patients, data))


async def _load_files(
    chosen: list[Path], tenant: str, fhir: str, stop: bool, validate: bool, patients: int | None, data: str | None
) -> int:
    async with local_sandbox.open_local_sandbox(data, patients) as sandbox:
        space = local_sandbox.find_space(sandbox, tenant, fhir)
        run = Loading(sandbox.runtime, sandbox.runtime.tenants[tenant], fhir, _name_of_load(chosen))
        job = LoadJob(chosen, fhir, run.tenant.fhir_base(fhir), validate)
        await _fill_space(sandbox, space)
        with show_progress(chosen) as shown:
            try:
                await _store_job(run, job, shown, stop)
            except asyncio.CancelledError:
                shown.stop()
                so_far = f"Interrupted {shown.describe_position()}. Stored so far: {_counts_line(run, shown)}."
                print_note(f"{so_far} To continue, run the same command again.")
                raise
        print_result(f"{_counts_line(run, shown)}.")
        return 1 if shown.bad else 0


async def _fill_space(sandbox: Sandbox, space: ResourceSpace) -> None:
    try:
        await create_patients(sandbox, space)
    except asyncio.CancelledError:
        print_note(
            "Interrupted while sample patients were created, before the first file. To continue, run the same command again."
        )
        raise


async def _store_job(run: Loading, job: LoadJob, shown: Progress, stop: bool) -> None:
    with read_in_processes(job) as reads:
        try:
            await _run_load(run, reads, shown, stop)
        finally:
            await run.finish()


def _counts_line(run: Loading, shown: Progress) -> str:
    left_out = f", {shown.left_out:,} left out" if shown.left_out else ""
    return f"{run.new:,} new, {run.changed:,} changed, {run.same:,} unchanged, {shown.bad:,} failed{left_out}"


async def _run_load(run: Loading, reads: Iterator[FileResult], shown: Progress, stop: bool) -> None:
    """Stores the resources. With `stop`, those before the first failed one are stored."""
    for portion in group_into_portions(reads, BATCH, WEIGHT):
        batch = [result.item for result in portion[: _count_to_store(portion, shown, stop)] if isinstance(result.item, Ready)]
        await run.store_batch(batch)
        if stop and shown.bad:
            return


def _count_to_store(portion: list[FileResult], shown: Progress, stop: bool) -> int:
    """Returns how many results to store: all, or with `stop` those before a failed one. Shows the progress up to that point."""
    for position, result in enumerate(portion):
        if result.item is None:
            shown.finish_file(result.file)
            continue
        shown.read(result.file, result.read, isinstance(result.item, Ready))
        if isinstance(result.item, LoadError):
            shown.fault(result.item)
            if stop and result.item.is_bad:
                return position
    return len(portion)


def _name_of_load(chosen: list[Path]) -> str:
    """A name for this load, the same for the same files."""
    listing = "\n".join(f"{path.resolve()} {path.stat().st_size}" for path in chosen)
    return hashlib.sha256(os.fsencode(listing)).hexdigest()[:16]
