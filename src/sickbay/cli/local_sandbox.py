"""Opens the data folder in this process, even while a server runs on it, for commands that move many resources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from sickbay.cli import folder
from sickbay.cli.output import reject_argument
from sickbay.kernel import english
from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.settings.database import is_database
from sickbay.storage.interface import ResourceSpace


@asynccontextmanager
async def open_local_sandbox(data: str | None, patients: int | None = None) -> AsyncIterator[Sandbox]:
    """The sandbox, with the base URL of the running server, so that references to it count as local.

    Raises CommandError if the folder has another number of patients.
    """
    place = folder.data_folder(data)
    server = folder.find_running_server(place)
    if server and server["database"] and not is_database(data):
        reject_argument(
            f"The server at {server['base']} stores its data in PostgreSQL. Name the database: --data postgresql://…."
        )
    settings = folder.read_settings(data, base_url=server["base"] if server else None)
    opened = await open_sandbox(replace(settings, patients=patients) if patients is not None else settings)
    folder.report_replaced_keys(opened.runtime.keys.replaced)
    try:
        stored = opened.filling.written.patients
        if patients is not None and patients != stored:
            reject_argument(
                f"--patients {patients} doesn't match {settings.place}, which was created with {stored}. Omit the option, or "
                "choose another folder with --data."
            )
        yield opened
    finally:
        await opened.close()


def find_space(sandbox: Sandbox, tenant: str, fhir: str) -> ResourceSpace:
    """The resources of a hospital in a FHIR version. Raises CommandError if it doesn't exist or lacks the version."""
    if tenant not in sandbox.runtime.tenants:
        reject_argument(f"There is no hospital {tenant}. The hospitals are {english.join(list(sandbox.runtime.tenants))}.")
    versions = sandbox.runtime.tenants[tenant].dialect.fhir
    if fhir not in versions:
        reject_argument(f"{tenant} doesn't serve {fhir}. It serves {english.join(list(versions))}.")
    return ResourceSpace(tenant, fhir)
