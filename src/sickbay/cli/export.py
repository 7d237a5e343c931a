"""`sickbay export`: a hospital's resources as NDJSON, one file for each type."""

from __future__ import annotations

import asyncio
from typing import Literal

from sickbay.cli import opened
from sickbay.cli.door import Data
from sickbay.cli.folder import made
from sickbay.cli.places import Place
from sickbay.cli.words import note_counts
from sickbay.fhir.search_parameters import resource_types
from sickbay.operations.loading import export as exported


def export(
    directory: Place, /, *, tenant: str = "general", fhir: Literal["r4", "dstu2", "stu3", "r4b", "r5"] = "r4", data: Data = None
) -> None:  # fmt: skip
    """Write all resources of a hospital, one file of NDJSON for each type; `sickbay load` takes them back.

    Parameters
    ----------
    directory
        The folder to write into; made where it is not there. Files of the same names are replaced.
    tenant
        The hospital.
    fhir
        The version.
    """
    made(directory)
    asyncio.run(_export(directory, tenant, fhir, data))


async def _export(directory: Place, tenant: str, fhir: str, data: str | None) -> None:
    counts: dict[str, int] = {}
    async with opened.sandbox(data) as sandbox:
        space = opened.space(sandbox, tenant, fhir)
        await sandbox.filling.ensure(space)
        for type in resource_types(fhir):
            path = directory / f"{type}.ndjson"
            draft = path.with_suffix(".draft")
            try:
                with draft.open("wb") as file:
                    async for line in exported(sandbox.world, space, type):
                        file.write(line)
                        counts[type] = counts.get(type, 0) + 1
                if type in counts:
                    draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
    note_counts(directory, counts, "nothing, since there is nothing.")
