"""Issues codes, tokens and launches for a resent request, through the same checks as a real launch, and deletes them again.

No one gets to see them: they are put into one request inside the process. They never grant more than the app is registered for
and the user may see, because the checks of the authorization, sign-in and token requests decide on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlencode

from msgspec import structs

from sickbay.authorization.models import AccessToken, AuthorizationCode, AutoApproval, Client, Launch
from sickbay.authorization.requests import token_request
from sickbay.authorization.stand_in import StandIn
from sickbay.diagnosis.explain import Explanation
from sickbay.protocol import pkce, scopes
from sickbay.services import authorize, login, records, token
from sickbay.services.context import Runtime, Tenant
from sickbay.services.resend.edited import EditedRequest
from sickbay.services.resend.originator import Grantee, Originator
from sickbay.storage.interface import Delete, DeleteFamily, Put, Step

LAUNCH_SECONDS: Final = 300


class CannotIssue(Exception):
    """A value can't be issued. Its text is a sentence that says why."""


async def issue_launch(
    runtime: Runtime, tenant: Tenant, client: Client, grantee: Grantee, timeline: str, later: list[Step]
) -> str:
    """A launch code, as if the user had opened the app from the patient's chart. later: gets the steps that delete it."""
    code, now = runtime.effects.token(), runtime.now()
    launch = Launch(
        client_id=client.client_id,
        timeline=timeline,
        expires_at=now + LAUNCH_SECONDS,
        user=grantee.user.username,
        patient=grantee.patient,
        encounter=grantee.encounter,
        created_at=now,
        fhir=client.fhir,
        iss=grantee.base or tenant.fhir_base(client.fhir),
        context=dict(grantee.context),
    )
    await runtime.store.transaction([Put(records.launch(records.digest(code), launch, tenant.name))])
    later.append(Delete("launch", records.digest(code)))
    return code


async def issue_code(
    runtime: Runtime,
    tenant: Tenant,
    originator: Originator,
    grantee: Grantee,
    redirect_uri: str,
    verifier: str,
    later: list[Step],
) -> str:
    """An authorization code for the user. verifier: "" for a code without PKCE. Raises CannotIssue if a check refuses it."""
    client, timeline = originator.client, originator.timeline or runtime.effects.token(12)
    requested = _add_context(scopes.split(grantee.scope), scopes.split(client.scope))
    launch = await issue_launch(runtime, tenant, client, grantee, timeline, later) if "launch" in requested else ""
    parameters = {
        "response_type": "code",
        "client_id": client.client_id,
        "redirect_uri": redirect_uri,
        "scope": " ".join(requested),
        "state": runtime.effects.token(16),
        "nonce": runtime.effects.token(16),
        "aud": grantee.base or tenant.fhir_base(client.fhir),
        **({"launch": launch} if launch else {}),
        **({"code_challenge": pkce.make_challenge(verifier), "code_challenge_method": "S256"} if verifier else {}),
    }
    approval = AutoApproval(grantee.user.username, grantee.patient, grantee.encounter)
    text = f"{tenant.server.authorization_endpoint}?{urlencode(parameters)}"
    result = await authorize.authorize(runtime, tenant, text, "GET", None, "", approval=approval, resent=True)
    if result.waiting is None:
        raise CannotIssue(_reason_for_refusal("code", result.decision.explain()))
    finished = await login.finish_login(runtime, tenant, structs.replace(result.waiting, timeline=timeline))
    if finished.code is None:
        raise CannotIssue(_reason_for_refusal("code", finished.decision.explain()))
    key = records.digest(finished.code)
    issued = await records.load(runtime, "code", key, AuthorizationCode)
    later += [Delete("code", key), *(_delete_grant(issued.family) if issued else [])]
    return finished.code


def _add_context(requested: Sequence[str], registered: Sequence[str]) -> list[str]:
    """The scopes, with the one that gives them a patient. The scopes of a token that a script requested have none."""
    if not any(scope.startswith("patient/") for scope in requested) or {"launch", "launch/patient"} & {*requested}:
        return [*requested]
    context = next((scope for scope in ("launch/patient", "launch") if scope in registered), None)
    return [*requested, *([context] if context else [])]


def _reason_for_refusal(what: str, explanation: Explanation) -> str:
    problem = explanation.findings[0].title.rstrip(".") if explanation.findings else "it was refused"
    return f"Sickbay can't issue a new {what}: {problem}."


def _delete_grant(family: str) -> list[Step]:
    return [DeleteFamily(family, ("token",)), Delete("family", family)]


async def redeem_grant(
    runtime: Runtime, tenant: Tenant, request: EditedRequest, stand_in: StandIn, later: list[Step]
) -> dict[str, Any]:
    """The token response to a request with these credentials. Raises CannotIssue if it is refused."""
    headers = {**request.headers, "content-type": "application/x-www-form-urlencoded"}
    sent = token_request("POST", tenant.server.token_endpoint, headers, request.body, stand_in=stand_in)
    result = await token.issue_token(runtime, tenant, sent)
    if result.response is None:
        raise CannotIssue(_reason_for_refusal("token", result.decision.explain()))
    later += await steps_to_delete(runtime, result.response.get("access_token"))
    return result.response


async def steps_to_delete(runtime: Runtime, access_token: object) -> list[Step]:
    """The steps that delete the grant of an access token. None if it isn't one of this server."""
    key = records.digest(access_token) if isinstance(access_token, str) else ""
    issued = await records.load(runtime, "token", key, AccessToken) if key else None
    return [*_delete_grant(issued.family), Delete("token", key)] if issued else []


async def delete_issued_grants(runtime: Runtime, later: list[Step]) -> None:
    """Delete everything that was issued for a resent request."""
    if later:
        await runtime.store.transaction(list(later))
        later.clear()
