"""`sickbay load`: files of resources into a hospital, each under its own id, beside a running server too."""

from __future__ import annotations

import asyncio
import gc
import hashlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from sickbay.cli import files, local_sandbox
from sickbay.cli.admin_client import Data
from sickbay.cli.argument_types import CountOrNone
from sickbay.cli.load_reader import FileResult, LoadJob, portions, reading
from sickbay.cli.output import say, wrong
from sickbay.cli.paths import Place
from sickbay.cli.progress import Progress, progress
from sickbay.fhir.loading import LoadError, Ready
from sickbay.services.loading import Loading

BATCH, WEIGHT = 2000, 2 << 20
"""A transaction holds so many resources, or bytes of them: a server beside it waits that long for its own writes. Each page
of an index that they touch is written once for all of them."""
SWITCHES = 0.0005
"""Seconds after which whoever compares lets the thread that writes go on: it asks thousands of times for each transaction."""
RARELY = (1_000_000, 50, 50)
"""Nothing here refers to itself: a batch holds some 300,000 things, and looking through them takes an eighth of the time."""


def load(
    *paths: Place,
    tenant: str = "general",
    fhir: Literal["r4", "dstu2", "stu3", "r4b", "r5"] = "r4",
    stop: bool = False,
    validate: bool = False,
    patients: CountOrNone = None,
    data: Data = None,
) -> int:
    """Load resources: Bundles, NDJSON, single ones, packed by gzip or not, folders of them in the order of file names.

    Each keeps its id. With the same body it changes nothing, with another one it makes the next version. So what was
    interrupted is resumed by running it again. Ends with 1 where a resource was bad.

    Parameters
    ----------
    paths
        Files (.json, .ndjson, .jsonl, .xml, each also with .gz) and folders. What is XML is kept as JSON.
    tenant
        The hospital.
    fhir
        The version in which the resources are written.
    stop
        Stop at the first bad resource; without it they are named, and the others are loaded.
    validate
        Refuse what is not valid; without it whatever has a type and an id is taken.
    patients
        How many synthetic patients each hospital has, where the data folder is new (50).
    """
    chosen = files.found(paths)
    if not chosen:
        wrong(f"In {paths[0]} is no {', '.join(files.ENDINGS)}." if paths else "Name the files or folders to load.")
    gc.set_threshold(*RARELY)
    sys.setswitchinterval(SWITCHES)
    return asyncio.run(_load(chosen, tenant, fhir, stop, validate, patients, data))


async def _load(
    chosen: list[Path], tenant: str, fhir: str, stop: bool, validate: bool, patients: int | None, data: str | None
) -> int:
    async with local_sandbox.sandbox(data, patients) as sandbox:
        space = local_sandbox.space(sandbox, tenant, fhir)
        await sandbox.filling.ensure(space)
        run = Loading(sandbox.runtime, sandbox.tenants[tenant], fhir, _name(chosen))
        asked = LoadJob(chosen, fhir, run.tenant.fhir_base(fhir), validate)
        with progress(chosen) as shown, reading(asked) as reads:
            try:
                await _run(run, reads, shown, stop)
            finally:
                await run.finish()
        left_out = f", {shown.left_out:,} left out" if shown.left_out else ""
        say(f"{run.new:,} new, {run.changed:,} changed, {run.same:,} as they were; {shown.bad:,} bad{left_out}.")
        return 1 if shown.bad else 0


async def _run(run: Loading, reads: Iterator[FileResult], shown: Progress, stop: bool) -> None:
    """What comes before a bad resource is kept, wherever one stops."""
    for portion in portions(reads, BATCH, WEIGHT):
        batch = [one.item for one in portion[: _end(portion, shown, stop)] if isinstance(one.item, Ready)]
        await run.keep(batch)
        if stop and shown.bad:
            return


def _end(portion: list[FileResult], shown: Progress, stop: bool) -> int:
    """How far it is taken; it is shown as far."""
    for at, one in enumerate(portion):
        if one.item is None:
            shown.done(one.file)
            continue
        shown.read(one.file, one.read, isinstance(one.item, Ready))
        if isinstance(one.item, LoadError):
            shown.fault(one.item)
            if stop and one.item.is_bad:
                return at
    return len(portion)


def _name(chosen: list[Path]) -> str:
    """The same for the same files."""
    told = "\n".join(f"{path.resolve()} {path.stat().st_size}" for path in chosen)
    return hashlib.sha256(os.fsencode(told)).hexdigest()[:16]
