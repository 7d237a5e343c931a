"""Sickbay's clock in the administration API."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import clock
from sickbay.services.clock import ClockOutOfRange, ClockReading
from sickbay.web.admin import schemas as admin_schemas
from sickbay.web.admin.lookup import json_response, parse_body
from sickbay.web.admin.wrong import Wrong


async def move_clock(request: Request, sandbox: Sandbox) -> Response:
    body: admin_schemas.ClockMove = await parse_body(request, admin_schemas.ClockMove)
    if body.advance is not None and body.offset is not None:
        raise Wrong(422, "Send either advance or offset, in seconds")
    if body == admin_schemas.ClockMove():
        raise Wrong(422, "Send advance or offset, in seconds, or frozen")
    try:
        moved = await clock.move(sandbox.runtime, advance=body.advance, offset=body.offset, frozen=body.frozen)
    except ClockOutOfRange as error:
        raise Wrong(422, str(error)) from None
    return _describe_clock(moved)


async def get_clock(request: Request, sandbox: Sandbox) -> Response:
    return _describe_clock(clock.read(sandbox.runtime))


def _describe_clock(reading: ClockReading) -> Response:
    return json_response(admin_schemas.ClockTimes(reading.now, reading.frozen, reading.real, reading.offset))
