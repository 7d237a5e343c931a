"""A context's JSON as the values that checks see. Absent means UNKNOWN; where a registry is given, a name not in it is None."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sickbay.authorization.models import AccessToken, AuthorizationCode, Client, Launch, Policy, Server, TokenFamily
from sickbay.authorization.resource_types import types_of
from sickbay.diagnosis.corrections import PLACES
from sickbay.kernel.checks import UNKNOWN, Unknown

T = TypeVar("T")
Json = Mapping[str, Any]
KINDS = {"public": "public", "confidential": "symmetric", "backend": "asymmetric"}


def now(context: Json) -> int | Unknown:
    return int(context["now"]) if "now" in context else UNKNOWN


def server(context: Json) -> Server | Unknown:
    """`context.server`: bases, endpoints and policy."""
    if "server" not in context:
        return UNKNOWN
    given = context["server"]
    bases = tuple(given.get("fhir_bases", ()))
    return Server(
        issuer=given.get("issuer", ""),
        authorization_endpoint=given.get("authorization_endpoint", ""),
        token_endpoint=given.get("token_endpoint", ""),
        fhir_bases=bases,
        fhir_versions=dict.fromkeys(bases, given.get("fhir_version", "")),
        resource_types=dict.fromkeys(bases, types_of(given.get("fhir_version", ""))),
        tenants=tuple(given.get("tenants", ())),
        policy=policy(given),
        grants=("authorization_code", "refresh_token", "client_credentials"),
    )


def live_at(context: Json) -> int | None:
    """`context.app.live_at`: when what was registered of the app since will be in force."""
    found = context.get("app", {}).get("live_at")
    return None if found is None else int(found)


def policy(given: Json) -> Policy:
    pkce = given.get("pkce_required")
    return Policy(
        pkce=None if pkce is None else "required" if pkce else "if-sent",
        launches=tuple(given.get("launches", ("ehr", "standalone"))),
        basic_secret=given.get("basic_secret", "either"),
        wildcard_scopes=given.get("wildcard_scopes", True),
        scope_versions=tuple(given.get("scope_versions", ("v1", "v2"))),
        unbounded_patient_search="refuse" if given.get("unbounded_patient_search") == "refuse" else "allow",
        requires_patient=given.get("requires_patient", False),
        requires_category=given.get("requires_category", False),
        search_criteria=tuple(given.get("search_criteria", ())),
        search_alone=tuple(given.get("search_alone", ())),
        versioned_update=given.get("versioned_update", False),
        strict_cors=given.get("strict_cors", False),
        credentialed_cors=given.get("credentialed_cors", False),
        revokes_access=given.get("revokes_access", True),
    )


def client(context: Json) -> Client | Unknown:
    """`context.app`: the one registration known, whoever the request says it is."""
    app = context.get("app")
    if app is None or app.get("new"):
        return UNKNOWN
    secret = app.get("client_secret")
    kind = KINDS.get(app.get("type", "public"), "public")
    return Client(
        client_id=app.get("client_id", ""),
        type="system" if app.get("type") == "backend" else app.get("persona", "provider"),
        client="asymmetric" if app.get("token_endpoint_auth_method") == "private_key_jwt" else kind,  # type: ignore[arg-type]
        launch_uri=app.get("launch_uri"),
        redirect_uris=tuple(app.get("redirect_uris", ())),
        post_logout_redirect_uris=tuple(app.get("post_logout_redirect_uris", ())),
        scope=app.get("scopes", ""),
        smart_version=app.get("smart_version") or 2,
        pkce="if-sent" if app.get("smart_version") == 1 else "required",
        secret_hash=hashlib.sha256(secret.encode()).hexdigest() if secret else None,
        auth_method=app.get("token_endpoint_auth_method"),
        grant_types=tuple(app.get("grant_types", ("authorization_code", "refresh_token"))),
        jwks_uri=app.get("jwks_uri"),
        jwks=app.get("jwks"),
        enabled_tenants=tuple(app["enabled_tenants"]) if "enabled_tenants" in app else None,
    )


def launch(context: Json, code: str | None) -> Launch | Unknown | None:
    """The launch issued under this code; None where launches are known and it is not among them."""
    return _entry(context, "launches", code, _launch)


def _launch(code: str, given: Json) -> Launch:
    return Launch(
        client_id=given.get("client_id", ""),
        timeline="",
        expires_at=int(given.get("expires_at", 1 << 40)),
        user=given.get("user"),
        patient=given.get("patient"),
        encounter=given.get("encounter"),
        used_at=0 if given.get("used") else None,
        iss=given.get("iss", ""),
    )


def code(context: Json, value: str | None) -> AuthorizationCode | Unknown | None:
    return _entry(context, "codes", value, _code)


def _code(value: str, given: Json) -> AuthorizationCode:
    return AuthorizationCode(
        client_id=given.get("client_id", ""),
        redirect_uri=given.get("redirect_uri"),
        scope=given.get("scope", ""),
        issued_at=int(given.get("issued_at", 0)),
        lifetime=int(given.get("lifetime", 60)),
        family="",
        code_challenge=given.get("code_challenge"),
        code_challenge_method=given.get("code_challenge_method"),
        nonce=given.get("nonce"),
        used_at=int(given.get("used_at") or 0) if given.get("used") else None,
    )


def family(context: Json, value: str | None) -> TokenFamily | Unknown | None:
    """The grant behind a refresh token; a rotated one has generation 1, and the token sent is of generation 0."""
    return _entry(context, "refresh_tokens", value, _family)


def _family(value: str, given: Json) -> TokenFamily:
    return TokenFamily(
        family="",
        client_id=given.get("client_id", ""),
        scope=given.get("scope", ""),
        base="",
        generation=1 if given.get("rotated") else 0,
        mode=given.get("mode", "offline"),
        rotated_at=int(given.get("rotated_at", 0)),
        asked=str(given.get("asked", "")),
        expires_at=given.get("expires_at"),
        session=given.get("session"),
    )


def token(context: Json, value: str | None) -> AccessToken | Unknown | None:
    return _entry(context, "tokens", value, _token)


def _token(value: str, given: Json) -> AccessToken:
    return AccessToken(
        client_id=given.get("client_id", ""),
        scope=given.get("scope", ""),
        base=given.get("aud", ""),
        expires_at=int(given.get("expires_at", 1 << 40)),
        family="",
        patient=given.get("patient"),
        issuer=given.get("iss", ""),
    )


def _entry(context: Json, registry: str, key: str | None, build: Callable[[str, Json], T]) -> T | Unknown | None:
    if registry not in context or key in PLACES:
        return UNKNOWN
    given = context[registry].get(key) if key else None
    return None if given is None or key is None else build(key, given)
