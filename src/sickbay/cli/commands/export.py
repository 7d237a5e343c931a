"""`sickbay export`: writes a hospital's resources as NDJSON, one file for each type."""

from __future__ import annotations

from typing import Literal

from sickbay.cli import local_sandbox, signals
from sickbay.cli.argument_types import Data
from sickbay.cli.folder import create, open_drafts
from sickbay.cli.output import note_counts
from sickbay.cli.paths import Place
from sickbay.cli.progress import create_patients
from sickbay.fhir.search.parameters import resource_types
from sickbay.services.loading import export_lines as exported


def export(
    directory: Place, /, *, tenant: str = "general", fhir: Literal["r4", "dstu2", "stu3", "r4b", "r5"] = "r4", data: Data = None
) -> None:
    """Write a hospital's resources to files.

    Parameters
    ----------
    directory
        The folder for the files; created if it doesn't exist. Existing files with the same names are replaced at the end,
        all or none.
    tenant
        The hospital, such as general.
    fhir
        The FHIR version.
    """
    create(directory)
    signals.run(_write_resources(directory, tenant, fhir, data))


async def _write_resources(directory: Place, tenant: str, fhir: str, data: str | None) -> None:
    counts: dict[str, int] = {}
    async with local_sandbox.open_local_sandbox(data) as sandbox:
        space = local_sandbox.find_space(sandbox, tenant, fhir)
        await create_patients(sandbox, space)
        with open_drafts(directory) as files:
            for type in resource_types(fhir):
                async for line in exported(sandbox.runtime, space, type):
                    files.file(f"{type}.ndjson").write(line)
                    counts[type] = counts.get(type, 0) + 1
    note_counts(directory, counts, "no files, because this hospital has no resources.")
