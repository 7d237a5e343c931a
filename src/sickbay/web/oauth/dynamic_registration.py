"""Dynamic registration over HTTP (RFC 7591), only for the administrator: from this machine or with the admin token.

An app that was registered this way reads, changes and removes itself with its registration access token (RFC 7592).
"""

from __future__ import annotations

from typing import Any

from msgspec import structs
from starlette.requests import Request
from starlette.responses import Response

from sickbay.authorization.access.bearer import format_challenge, read_bearer
from sickbay.authorization.models import Client
from sickbay.authorization.registration import limits as registration_limits
from sickbay.authorization.registration import metadata as client_metadata
from sickbay.authorization.registration.request import PRIVATE_MEMBERS
from sickbay.authorization.requests import AccessRequest, RegistrationRequest
from sickbay.protocol import unicode
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import app_removal, registration
from sickbay.services.context import Tenant
from sickbay.services.decision import Decision
from sickbay.services.registration import Registered
from sickbay.storage.interface import Conflict
from sickbay.web import error_responses, http_request
from sickbay.web.admin.session import refuse_stranger
from sickbay.web.admin_guard import AdminGuard
from sickbay.web.http_request import headers_of


async def register(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """Register a new app from the posted metadata."""
    body = await http_request.read_body(request)
    guard: AdminGuard = request.app.state.guard
    if not guard.is_administrator(request.scope, headers_of(request.scope)):
        if guard.wait(request.scope) and (rejection := refuse_stranger(request, sandbox, pages=False)):
            return rejection
        return await _refuse_registration(request, sandbox, tenant, RegistrationRequest(allowed=False))
    metadata, unreadable = _read_json(request, body)
    fault = unreadable or client_metadata.find_problem(metadata)
    stated = client_metadata.read_software_statement(metadata)
    if not fault and stated is None:
        fields = client_metadata.make_registration(metadata, tenant.name, registration_limits.read_policy_limits(tenant.policy))
        fault = registration.settings_problem(sandbox.runtime, fields)
    if fault or stated is not None:
        unusable = RegistrationRequest(fault=fault, software_statement=stated)
        return await _refuse_registration(request, sandbox, tenant, unusable, body)
    result = await registration.register_itself(sandbox.runtime, fields, client_metadata.list_ignored_members(metadata))
    return await _describe_registration(request, sandbox, tenant, result, body, 201)


async def manage(request: Request, sandbox: Sandbox, tenant: Tenant) -> Response:
    """The client configuration endpoint. GET reads, PUT replaces all of the metadata, DELETE removes the app."""
    body = await http_request.read_body(request)
    while True:
        try:
            return await _manage_client(request, sandbox, tenant, body)
        except Conflict:  # changed or removed at the same time
            continue


async def _manage_client(request: Request, sandbox: Sandbox, tenant: Tenant, body: str) -> Response:
    client, revision = await registration.load_with_revision(sandbox.runtime, request.path_params["client_id"])
    token = read_bearer(AccessRequest(request.method, "", "", headers=headers_of(request.scope)))
    if client is None or client.tenant != tenant.name or not registration.may_manage(client, token):
        return await _refuse_registration(request, sandbox, tenant, RegistrationRequest(managed=False))
    if request.method == "DELETE":
        await app_removal.remove_app(sandbox.runtime, client)
        response = Response(status_code=204, headers=error_responses.NO_STORE)
        return await http_request.record_exchange(
            request, response, stage="registration", tenant=tenant.name, client_id=client.client_id
        )
    if request.method == "PUT":
        return await _replace_metadata(request, sandbox, tenant, client, revision, body, token)
    response = error_responses.respond_json(_response_members(tenant, client, None, token), 200)
    return await http_request.record_exchange(
        request, response, stage="registration", tenant=tenant.name, client_id=client.client_id
    )


async def _replace_metadata(
    request: Request, sandbox: Sandbox, tenant: Tenant, client: Client, revision: int, body: str, token: str | None
) -> Response:
    """Replace the metadata. If no secret was sent, create a new one: only a hash of the old secret is stored."""
    metadata, unreadable = _read_json(request, body)
    fault = unreadable or client_metadata.update_problem(metadata, client)
    stated = client_metadata.read_software_statement(metadata)
    if not fault and stated is None:
        fields = client_metadata.read_update(metadata, client)
        fault = registration.settings_problem(sandbox.runtime, fields, client)
    if fault or stated is not None:
        unusable = RegistrationRequest(fault=fault, software_statement=stated)
        return await _refuse_registration(request, sandbox, tenant, unusable, body)
    if fields["client"] == "symmetric" and "client_secret" not in metadata:
        fields["client_secret"] = sandbox.runtime.effects.token()
    ignored = client_metadata.list_ignored_members(metadata)
    result = await registration.change_itself(sandbox.runtime, fields, client, revision, ignored)
    return await _describe_registration(request, sandbox, tenant, result, body, 200, token)


async def _describe_registration(
    request: Request, sandbox: Sandbox, tenant: Tenant, result: Registered, body: str, status: int, token: str | None = None
) -> Response:
    if result.client is None:
        return await _refusal_response(request, sandbox, tenant, result.decision, body)
    members = _response_members(tenant, result.client, result.secret, result.token or token)
    return await http_request.record_exchange(
        request,
        error_responses.respond_json(members, status),
        stage="registration",
        tenant=tenant.name,
        decision=result.decision,
        explanation=result.decision.explain(),
        client_id=result.client.client_id,
        body=body,
    )


def _response_members(tenant: Tenant, client: Client, secret: str | None, token: str | None) -> dict[str, Any]:
    address = f"{tenant.base}/oauth/register/{client.client_id}"
    return client_metadata.registration_response(client, secret, token=token, address=address)


async def _refuse_registration(
    request: Request, sandbox: Sandbox, tenant: Tenant, fields: RegistrationRequest, body: str = ""
) -> Response:
    return await _refusal_response(request, sandbox, tenant, registration.examine_metadata(tenant, fields), body)


async def _refusal_response(
    request: Request, sandbox: Sandbox, tenant: Tenant, decision: Decision[RegistrationRequest, Any], body: str
) -> Response:
    """Respond with OAuth's error members, and with the challenge of RFC 6750 if the token is the reason."""
    private = any(f'"{member}"' in body for member in PRIVATE_MEMBERS)  # a private key must not be stored
    sent, _ = _read_json(request, body)
    if isinstance(sent, dict) and not private:
        decision = structs.replace(decision, request=structs.replace(decision.request, source=sent))
    refusal, explanation = decision.refusal, decision.explain()
    assert refusal is not None
    words = error_responses.oauth_words(
        sandbox.runtime, tenant, decision, explanation, http_request.exchange_id(request), "", ""
    )
    response = error_responses.oauth_json(words, refusal.status, tenant, False)
    if refusal.status == 401:
        response.headers["www-authenticate"] = format_challenge(refusal, tenant.name)
    return await http_request.record_exchange(
        request,
        response,
        stage="registration",
        tenant=tenant.name,
        decision=decision,
        explanation=explanation,
        body="" if private else body,
    )


def _read_json(request: Request, body: str) -> tuple[Any, str]:
    """The metadata, and why they can't be read, as a sentence without a full stop (RFC 7591 3.1, RFC 7592 2.2)."""
    if headers_of(request.scope).get("content-type", "").partition(";")[0].strip().lower() != http_request.JSON:
        return None, f"Send the header Content-Type: {http_request.JSON}"
    try:
        return unicode.loads(body, unique=True), ""
    except ValueError as error:
        return None, f"The body isn't valid JSON: {error}"
