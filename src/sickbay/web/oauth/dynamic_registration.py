"""Dynamic registration over HTTP (RFC 7591): for whoever runs this Sickbay, from this machine or with the admin token.

An app that registered so reads, changes and removes itself with its registration access token (RFC 7592).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization import client_metadata, registration_limits
from sickbay.authorization.access import bearer, challenge
from sickbay.authorization.models import Client
from sickbay.authorization.registration import PRIVATE_MEMBERS
from sickbay.authorization.requests import AccessRequest, RegistrationRequest
from sickbay.protocol import unicode
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import registration
from sickbay.services.context import Tenant
from sickbay.services.decision import Decision
from sickbay.services.registration import Registered
from sickbay.storage.interface import Conflict
from sickbay.web import error_responses, http_request
from sickbay.web.admin.session import refused
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.request_state import headers_of


async def register(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """POST the metadata of a new app."""
    body = await http_request.read_body(request)
    guard: AdminGuard = request.app.state.guard
    if not guard.administers(request.scope, headers_of(request.scope)):
        if guard.wait(request.scope) and (away := refused(request, sandbox, pages=False)):
            return away
        return await _refused(request, sandbox, tenant, RegistrationRequest(allowed=False))
    given = _read(body)
    fault, stated = client_metadata.fault(given), client_metadata.statement(given)
    if not fault and stated is None:
        asked = client_metadata.registration(given, tenant.name, registration_limits.by_policy(tenant.policy))
        fault = registration.lacking(sandbox.runtime, asked)
    if fault or stated is not None:
        unusable = RegistrationRequest(fault=fault, software_statement=stated)
        return await _refused(request, sandbox, tenant, unusable, body)
    done = await registration.register_itself(sandbox.runtime, asked)
    return await _registered(request, sandbox, tenant, done, body, 201)


async def manage(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """An app's own address. GET reads, PUT replaces all of the metadata, DELETE removes the app."""
    body = await http_request.read_body(request)
    while True:
        try:
            return await _managed(request, sandbox, tenant, body)
        except Conflict:  # changed or removed in this moment
            continue


async def _managed(request: Request, sandbox: Sandbox, tenant: Tenant, body: str) -> Response:
    client, revision = await registration.with_revision(sandbox.runtime, request.path_params["client_id"])
    token = bearer(AccessRequest(request.method, "", "", headers=headers_of(request.scope)))
    if client is None or client.tenant != tenant.name or not registration.may_manage(client, token):
        return await _refused(request, sandbox, tenant, RegistrationRequest(managed=False))
    if request.method == "DELETE":
        await registration.remove(sandbox.runtime, client)
        response = Response(status_code=204, headers=error_responses.NO_STORE)
        return await http_request.note(request, response, stage="registration", tenant=tenant.name, client_id=client.client_id)
    if request.method == "PUT":
        return await _replaced(request, sandbox, tenant, client, revision, body, token)
    response = error_responses.json(_told(tenant, client, None, token), 200, error_responses.NO_STORE)
    return await http_request.note(request, response, stage="registration", tenant=tenant.name, client_id=client.client_id)


async def _replaced(
    request: Request,
    sandbox: Sandbox,
    tenant: Tenant,
    client: Client,
    revision: int,
    body: str,
    token: str | None,
) -> Response:
    """A secret that is not sent is asked for anew: nobody gets the old one, of which only the hash is kept."""
    given = _read(body)
    fault, stated = client_metadata.update_fault(given, client), client_metadata.statement(given)
    if not fault and stated is None:
        asked = client_metadata.update(given, client)
        fault = registration.lacking(sandbox.runtime, asked, client)
    if fault or stated is not None:
        unusable = RegistrationRequest(fault=fault, software_statement=stated)
        return await _refused(request, sandbox, tenant, unusable, body)
    if asked["client"] == "symmetric" and "client_secret" not in given:
        asked["client_secret"] = sandbox.runtime.effects.token()
    done = await registration.change_itself(sandbox.runtime, asked, client, revision)
    return await _registered(request, sandbox, tenant, done, body, 200, token)


async def _registered(
    request: Request,
    sandbox: Sandbox,
    tenant: Tenant,
    done: Registered,
    body: str,
    status: int,
    token: str | None = None,
) -> Response:
    if done.client is None:
        return await _answered(request, sandbox, tenant, done.decision, body)
    told = _told(tenant, done.client, done.secret, done.token or token)
    return await http_request.note(
        request,
        error_responses.json(told, status, error_responses.NO_STORE),
        stage="registration",
        tenant=tenant.name,
        decision=done.decision,
        explanation=done.decision.explained(),
        client_id=done.client.client_id,
        body=body,
    )


def _told(tenant: Tenant, client: Client, secret: str | None, token: str | None) -> dict[str, Any]:
    address = f"{tenant.base}/oauth/register/{client.client_id}"
    return client_metadata.told(client, secret, token=token, address=address)


async def _refused(request: Request, sandbox: Sandbox, tenant: Tenant, asked: RegistrationRequest, body: str = "") -> Response:
    return await _answered(request, sandbox, tenant, registration.examined(tenant, asked), body)


async def _answered(
    request: Request, sandbox: Sandbox, tenant: Tenant, decision: Decision[RegistrationRequest, Any], body: str
) -> Response:
    """In OAuth's members; RFC 6750's challenge where the token was the fault."""
    private = any(f'"{one}"' in body for one in PRIVATE_MEMBERS)  # a private key is nobody's to keep
    sent = _read(body)
    if isinstance(sent, dict) and not private:
        decision = replace(decision, request=replace(decision.request, source=sent))
    refusal, explanation = decision.refusal, decision.explained()
    assert refusal is not None
    said = error_responses.oauth_words(
        sandbox.runtime, tenant, decision, explanation, http_request.exchange_id(request), "", ""
    )
    response = error_responses.oauth_json(said, refusal.status, tenant, False)
    if refusal.status == 401:
        response.headers["www-authenticate"] = challenge(refusal, tenant.name)
    return await http_request.note(
        request,
        response,
        stage="registration",
        tenant=tenant.name,
        decision=decision,
        explanation=explanation,
        body="" if private else body,
    )


def _read(body: str) -> Any:
    try:
        return unicode.loads(body)
    except ValueError:
        return None
