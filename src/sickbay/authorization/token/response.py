"""Builds a granted token's records and its response (RFC 6749 5; SMART 2.2, Obtain access token)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, Policy, TokenFamily
from sickbay.authorization.refusals import refresh as refresh_refusals
from sickbay.authorization.refusals import token as refusals
from sickbay.authorization.token import client_assertion, client_authentication
from sickbay.authorization.token.code import code_was_issued_to_this_client
from sickbay.authorization.token.refresh import refresh_token_was_issued_to_this_client
from sickbay.kernel.checks import Examination
from sickbay.protocol import scopes

CONTEXT = ("need_patient_banner", "fhirContext", "intent", "smart_style_url", "tenant", "appContext")
"""Token response members from the launch, in addition to patient and encounter (SMART 2.2, launch context)."""


USED_TWICE = (refusals.CODE_REUSED.name, refresh_refusals.REFRESH_TOKEN_REUSED.name)


PROOFS = frozenset(
    proof.name
    for proof in (
        *client_authentication.CHECKS,
        *client_assertion.ASSERTION,
        code_was_issued_to_this_client,
        refresh_token_was_issued_to_this_client,
    )
)
"""The checks that the request comes from the client that the code or refresh token was issued to."""


def is_revoking(examination: Examination) -> bool:
    """Whether the tokens issued for the code or refresh token must be revoked, because it was used twice (RFC 6749 4.1.2).

    Only the client itself can cause that (RFC 6749 10.4). Otherwise a leaked old token would be enough to log out its user.
    """
    if any(run.refusal is not None and run.name in PROOFS for run in examination.checked):
        return False
    return any(refusal.name in USED_TWICE for refusal in examination.refusals)


def determine_lifetime(client: Client, policy: Policy) -> int:
    """Returns the lifetime of an access token, in seconds."""
    return client.token_lifetime or policy.token_lifetime


def build_family(code: AuthorizationCode, policy: Policy, now: int) -> TokenFamily:
    """Returns the grant behind a redeemed code. offline_access wins if online_access was granted too."""
    granted = scopes.split(code.scope)
    offline = "offline_access" in granted
    return TokenFamily(
        family=code.family,
        client_id=code.client_id,
        scope=code.scope,
        base=code.base,
        rotated_at=now,
        mode="offline" if offline else "online" if "online_access" in granted else "none",
        expires_at=now + policy.refresh_lifetime,
        session=code.session,
        user=code.user,
        patient=code.patient,
        encounter=code.encounter,
        context=code.context,
        timeline=code.timeline,
        by_resource=code.by_resource,
    )


def make_token_record(family: TokenFamily, scope: str, issuer: str, now: int, seconds: int) -> AccessToken:
    """Returns the stored form of an access token of this family."""
    return AccessToken(
        client_id=family.client_id,
        scope=scope,
        base=family.base,
        expires_at=now + seconds,
        family=family.family,
        timeline=family.timeline,
        user=family.user,
        patient=family.patient,
        encounter=family.encounter,
        issuer=issuer,
        issued_at=now,
    )


def build_response(
    text: str,
    token: AccessToken,
    policy: Policy,
    context: Mapping[str, Any],
    *,
    refresh_token: str | None = None,
    id_token: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Returns the response (RFC 6749 5.1; SMART 2.2, launch context). context: that of the code or family. extra: the dialect's
    members.
    """
    members: dict[str, Any] = {
        "access_token": text,
        "token_type": policy.token_type,
        "expires_in": policy.expires_in or token.expires_at - token.issued_at,
        "scope": token.scope,
        "patient": token.patient,
        "encounter": token.encounter,
        **(_context_members(policy, token, context) if context else {}),
        **(extra or {}),
        "id_token": id_token,
        "refresh_token": refresh_token,
    }
    return {name: value for name, value in members.items() if value is not None}


def _context_members(policy: Policy, token: AccessToken, context: Mapping[str, Any]) -> dict[str, Any]:
    members = {name: context.get(name) for name in CONTEXT if token.patient or name != "need_patient_banner"}
    return members | _need_patient_banner(policy, token, context)


def _need_patient_banner(policy: Policy, token: AccessToken, context: Mapping[str, Any]) -> dict[str, Any]:
    """Returns need_patient_banner in the dialect's type, if there is a patient and the context has a value."""
    banner = context.get("need_patient_banner") if token.patient else None
    return {"need_patient_banner": str(banner).lower()} if policy.banner_as_text and isinstance(banner, bool) else {}


def has_refresh_token(family: TokenFamily, client: Client, policy: Policy) -> bool:
    allowed = policy.public_refresh or client.client != "public"
    return family.mode != "none" and allowed and "refresh_token" in client.grant_types
