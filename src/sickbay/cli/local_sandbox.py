"""The data folder opened in this process, beside the server that may run on it: for commands that move many resources."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from sickbay.cli import folder
from sickbay.cli.output import wrong
from sickbay.sandbox.sandbox import Sandbox, open_sandbox
from sickbay.storage.interface import ResourceSpace


@asynccontextmanager
async def sandbox(data: str | None, patients: int | None = None) -> AsyncIterator[Sandbox]:
    """With the server's base, since references on it are the hospital's own. Raises Trouble where `patients` contradicts."""
    place = folder.chosen(data)
    server = folder.running(place)
    settings = folder.settings(data, base_url=server["base"] if server else None)
    held = await open_sandbox(replace(settings, patients=patients) if patients is not None else settings)
    folder.note_replaced(held.runtime.keys.replaced)
    try:
        there = held.filling.written.patients
        if patients is not None and patients != there:
            wrong(f"--patients {patients} contradicts {settings.place}, made with {there}; choose another folder with --data.")
        yield held
    finally:
        await held.close()


def space(held: Sandbox, tenant: str, fhir: str) -> ResourceSpace:
    """Raises Trouble where there is no such hospital, or none in this version."""
    if tenant not in held.tenants:
        wrong(f"There is no hospital {tenant}; there are {', '.join(held.tenants)}.")
    if fhir not in held.tenants[tenant].dialect.fhir:
        wrong(f"{tenant} has no {fhir}; it has {', '.join(held.tenants[tenant].dialect.fhir)}.")
    return ResourceSpace(tenant, fhir)
