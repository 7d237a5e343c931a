"""Dynamic registration over HTTP (RFC 7591): for whoever runs this Sickbay, from this machine or with the admin token."""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization import client_metadata
from sickbay.authorization.registration import PRIVATE_MEMBERS
from sickbay.operations import registration
from sickbay.operations.context import Tenant
from sickbay.sandbox.sandbox import Sandbox
from sickbay.web import answers, wire
from sickbay.web.doors import headers_of

CLOSED = "Only from this machine, or with the admin token as initial access token, and never for a foreign page"


async def register(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    body = await wire.read_body(request)
    if not request.app.state.guard.administers(request.scope, headers_of(request.scope)):
        response = _refused("invalid_token", CLOSED, 401)
        response.headers["www-authenticate"] = f'Bearer realm="{tenant.name}", error="invalid_token"'
        return await wire.note(request, response, stage="registration", tenant=tenant.name)
    given = _read(body)
    fault = client_metadata.fault(given)
    if not fault:
        asked = client_metadata.registration(given, tenant.name)
        fault = registration.lacking(sandbox.world, asked)
    if fault:
        error = "invalid_redirect_uri" if "redirect URI" in fault else "invalid_client_metadata"
        return await wire.note(request, _refused(error, fault), stage="registration", tenant=tenant.name)
    return await _registered(request, sandbox, tenant, asked, body)


async def _registered(
    request: Request, sandbox: Sandbox, tenant: Tenant, asked: dict[str, Any], body: str
) -> Response:  # fmt: skip
    done = await registration.register(sandbox.world, asked)
    explanation, kept = done.decision.explained(), body
    if done.client is not None:
        response = answers.json(client_metadata.told(done.client, done.secret), 201, answers.NO_STORE)
    else:
        assert done.decision.refusal is not None
        id = wire.exchange_id(request)
        said = answers.oauth_words(sandbox.world, tenant, done.decision, explanation, id, "", "")
        response = answers.oauth_json(said, 400, tenant, False)
        kept = "" if any(f'"{one}"' in body for one in PRIVATE_MEMBERS) else body  # a private key is nobody's to keep
    return await wire.note(
        request, response, stage="registration", tenant=tenant.name, decision=done.decision, explanation=explanation,
        client_id=done.client.client_id if done.client else "", body=kept,
    )  # fmt: skip


def _read(body: str) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _refused(error: str, description: str, status: int = 400) -> Response:
    said = {"error": error, "error_description": answers.spelled(description)}
    return answers.json(said, status, answers.NO_STORE)
