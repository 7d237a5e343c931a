"""Shared functions of the /admin handlers: read a request's body, hospital and app, and write JSON responses."""

from __future__ import annotations

import re
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.models import Client
from sickbay.kernel.similar_names import find_closest
from sickbay.protocol import unicode
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration
from sickbay.services.context import Tenant
from sickbay.services.registration import Ambiguous
from sickbay.web.admin.wrong import Wrong
from sickbay.web.error_responses import NO_STORE
from sickbay.web.http_request import read_body


async def parse_body(request: Request, kind: type[Any]) -> Any:
    """The body of a request. Raises msgspec.ValidationError or msgspec.DecodeError."""
    return read_members(kind, await read_body(request))


def read_members(kind: type[Any], body: str) -> Any:
    """Parse and validate a body, and suggest a member for one that it doesn't have.

    Raises msgspec.ValidationError or msgspec.DecodeError with the place of the error.
    """
    try:
        unicode.loads(body or "{}", unique=True)  # msgspec takes the last of two members with one name
    except ValueError as error:
        raise msgspec.DecodeError(str(error)) from None
    try:
        return msgspec.json.decode(body.encode() or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise msgspec.ValidationError(f"{error}{_hint_at_member(kind, str(error))}") from None


def _hint_at_member(kind: type[Any], error: str) -> str:
    """Suggests a member of the body for one that it doesn't have; "" for other mistakes, and for those deeper inside."""
    unknown = re.fullmatch(r"Object contains unknown field `([^`]*)`", error)
    if unknown is None or not issubclass(kind, msgspec.Struct):
        return ""
    near = find_closest(unknown[1], kind.__struct_encode_fields__)
    return f". Did you mean {near}?" if near else ""


def find_tenant(sandbox: Sandbox, name: str) -> Tenant:
    """The hospital with this name. Raises Wrong with status 404."""
    if name not in sandbox.runtime.tenants:
        raise Wrong(404, f"There is no hospital {name}. Hospitals: {', '.join(sandbox.runtime.tenants)}")
    return sandbox.runtime.tenants[name]


async def find_app(sandbox: Sandbox, reference: str, tenant: str | None) -> Client:
    """Returns the app with this app_id, client_id or unique name. Raises Wrong with status 404 or 409."""
    if tenant is not None:
        find_tenant(sandbox, tenant)
    try:
        client = await registration.find_app(sandbox.runtime, reference, tenant)
    except Ambiguous as error:
        raise Wrong(409, str(error)) from None
    if client is None:
        raise Wrong(404, f"There is no app {reference}")
    return client


def json_response(value: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, NO_STORE, "application/json")
