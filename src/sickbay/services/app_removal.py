"""Removes an app with all its grants, including any that are being created at the same time."""

from __future__ import annotations

from sickbay.authorization.models import Client
from sickbay.services.context import Runtime
from sickbay.services.records import BEFORE
from sickbay.services.registration import AppRemoved
from sickbay.storage.interface import Delete, Step


async def remove_app(runtime: Runtime, client: Client) -> None:
    """Removes the app with all its grants, including those of requests in progress."""
    runtime.client_documents.cached.pop((client.tenant, client.client_id), None)
    gone: list[Step] = [Delete("app", client.client_id), Delete(BEFORE, client.client_id)]
    await runtime.store.transaction([*gone, *await _list_deletions(runtime, client.client_id)])
    await _delete_records(runtime, client.client_id)


async def undo_if_removed(runtime: Runtime, client_id: str) -> None:
    """Call this after storing something for the app. If the app was removed before that, deletes it and raises AppRemoved.
    What was stored earlier is deleted by `remove`.
    """
    if await runtime.store.get("app", client_id) is None:
        await _delete_records(runtime, client_id)
        raise AppRemoved


async def _delete_records(runtime: Runtime, client_id: str) -> None:
    while steps := await _list_deletions(runtime, client_id):
        await runtime.store.transaction(steps)


async def _list_deletions(runtime: Runtime, client_id: str) -> list[Step]:
    kinds = ("token", "code", "family", "launch", "consent", "app-state")
    found = [record for kind in kinds for record in await runtime.store.find(kind, owner=client_id, limit=10_000)]
    return [Delete(record.kind, record.key) for record in found]
