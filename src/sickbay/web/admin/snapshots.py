"""Snapshots in the administration API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from sickbay.sandbox import snapshots
from sickbay.sandbox.sandbox import Sandbox
from sickbay.sandbox.snapshots import BadName, CannotRestore, NameTaken, NoRoom, Snapshot, SnapshotError, UnknownSnapshot
from sickbay.settings.database import DiskFull
from sickbay.web.admin import schemas as admin_schemas
from sickbay.web.admin.lookup import json_response, parse_body
from sickbay.web.admin.wrong import Wrong

STATUS: Final = {BadName: 422, NameTaken: 409, UnknownSnapshot: 404, CannotRestore: 409, NoRoom: 507}


async def save_snapshot(request: Request, sandbox: Sandbox) -> Response:
    body: admin_schemas.NewSnapshot = await parse_body(request, admin_schemas.NewSnapshot)
    with _refusals():
        return json_response(_describe(await snapshots.save(sandbox, body.name)), 201)


async def list_snapshots(request: Request, sandbox: Sandbox) -> Response:
    return json_response([_describe(snapshot) for snapshot in await snapshots.list_snapshots(sandbox)])


async def restore_snapshot(request: Request, sandbox: Sandbox) -> Response:
    with _refusals():
        await snapshots.restore(sandbox, request.path_params["name"])
    return Response(status_code=204)


async def remove_snapshot(request: Request, sandbox: Sandbox) -> Response:
    with _refusals():
        await snapshots.remove(sandbox, request.path_params["name"])
    return Response(status_code=204)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn what went wrong into a problem."""
    try:
        yield
    except SnapshotError as error:
        raise Wrong(STATUS[type(error)], str(error)) from None
    except DiskFull as error:
        raise Wrong(507, f"{error.title}. {error.detail}") from None


def _describe(snapshot: Snapshot) -> admin_schemas.SavedSnapshot:
    hospitals = sorted({space.tenant for space in snapshot.spaces})
    return admin_schemas.SavedSnapshot(snapshot.name, float(snapshot.at), snapshot.bytes, hospitals)
