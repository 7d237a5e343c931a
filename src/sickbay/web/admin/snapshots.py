"""Snapshots in the administration API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from sickbay.sandbox import snapshot_files, snapshots
from sickbay.sandbox.sandbox import Sandbox
from sickbay.sandbox.snapshot_files import SnapshotTooLarge, WrongFile
from sickbay.sandbox.snapshots import BadName, CannotRestore, NameTaken, NoRoom, Snapshot, SnapshotError, UnknownSnapshot
from sickbay.services.snapshot_files.archive import PACKED_BYTES
from sickbay.settings.database import DiskFull
from sickbay.web.admin import schemas as admin_schemas
from sickbay.web.admin.lookup import json_response, parse_body
from sickbay.web.admin.wrong import Wrong
from sickbay.web.error_responses import NO_STORE
from sickbay.web.http_request import headers_of, receive_bytes, sent_length

STATUS: Final = {
    BadName: 422,
    NameTaken: 409,
    UnknownSnapshot: 404,
    CannotRestore: 409,
    NoRoom: 507,
    WrongFile: 422,
    SnapshotTooLarge: 413,
}


async def save_snapshot(request: Request, sandbox: Sandbox) -> Response:
    body: admin_schemas.NewSnapshot = await parse_body(request, admin_schemas.NewSnapshot)
    with _failures_as_problems():
        return json_response(_describe_snapshot(await snapshots.save(sandbox, body.name)), 201)


async def list_snapshots(request: Request, sandbox: Sandbox) -> Response:
    return json_response([_describe_snapshot(snapshot) for snapshot in await snapshots.list_snapshots(sandbox)])


async def restore_snapshot(request: Request, sandbox: Sandbox) -> Response:
    with _failures_as_problems():
        await snapshots.restore(sandbox, request.path_params["name"])
    return Response(status_code=204)


async def remove_snapshot(request: Request, sandbox: Sandbox) -> Response:
    with _failures_as_problems():
        await snapshots.remove(sandbox, request.path_params["name"])
    return Response(status_code=204)


async def export_snapshot(request: Request, sandbox: Sandbox) -> Response:
    name = request.path_params["name"]
    with _failures_as_problems():
        return file_response(name, await snapshot_files.export_file(sandbox, name))


def file_response(name: str, packed: bytes) -> Response:
    """The file of a snapshot, to be saved."""
    disposition = f'attachment; filename="{name}.zip"'
    return Response(packed, media_type="application/zip", headers={**NO_STORE, "content-disposition": disposition})


async def import_snapshot(request: Request, sandbox: Sandbox) -> Response:
    """Import the file in the body. The query parameter `name` replaces the name in the file."""
    packed = await read_file(request, PACKED_BYTES)
    with _failures_as_problems():
        imported = await snapshot_files.import_file(sandbox, packed, request.query_params.get("name"))
    secrets = [admin_schemas.AppSecret(*secret) for secret in imported.secrets]
    saved = admin_schemas.ImportedSnapshot(**structs.asdict(_describe_snapshot(imported.snapshot)), apps=secrets)
    return json_response(saved, 201)


async def read_file(request: Request, limit: int) -> bytes:
    """Raises Wrong if the body is too long, before receiving it if its length is declared."""
    if (sent_length(headers_of(request.scope)) or 0) <= limit:
        body = await receive_bytes(request.receive, limit)
        if len(body) <= limit:
            return body
    raise Wrong(413, f"A snapshot's file may have at most {PACKED_BYTES // 1_000_000} MB")


@contextmanager
def _failures_as_problems() -> Iterator[None]:
    """Turn the exceptions of a snapshot into problem responses."""
    try:
        yield
    except SnapshotError as error:
        raise Wrong(STATUS[type(error)], str(error)) from None
    except DiskFull as error:
        raise Wrong(507, f"{error.title}. {error.detail}") from None


def _describe_snapshot(snapshot: Snapshot) -> admin_schemas.SavedSnapshot:
    hospitals = sorted({space.tenant for space in snapshot.spaces})
    return admin_schemas.SavedSnapshot(snapshot.name, float(snapshot.at), snapshot.bytes, hospitals)
