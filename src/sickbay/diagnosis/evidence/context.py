"""Reads the values that checks use from the JSON of a context.

A missing member is UNKNOWN. If a registry such as `codes` is present, a name that isn't in it is None.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sickbay.authorization import models
from sickbay.authorization.refused_token import RefusedToken
from sickbay.authorization.scopes.resource_types import types_of
from sickbay.diagnosis.placeholders import PLACES
from sickbay.kernel.checks import UNKNOWN, Unknown

T = TypeVar("T")
Json = Mapping[str, Any]
KINDS = {"public": "public", "confidential": "symmetric", "backend": "asymmetric"}


def read_now(context: Json) -> int | Unknown:
    return int(context["now"]) if "now" in context else UNKNOWN


def read_server(context: Json) -> models.Server | Unknown:
    """`context.server`: FHIR base URLs, endpoints and policy."""
    if "server" not in context:
        return UNKNOWN
    evidence = context["server"]
    bases = tuple(evidence.get("fhir_bases", ()))
    return models.Server(
        issuer=evidence.get("issuer", ""),
        authorization_endpoint=evidence.get("authorization_endpoint", ""),
        token_endpoint=evidence.get("token_endpoint", ""),
        fhir_bases=bases,
        fhir_versions=dict.fromkeys(bases, evidence.get("fhir_version", "")),
        resource_types=dict.fromkeys(bases, types_of(evidence.get("fhir_version", ""))),
        tenants=tuple(evidence.get("tenants", ())),
        resources=tuple(_protected_resource(entry) for entry in evidence.get("resources", ())),
        policy=read_policy(evidence),
        grants=("authorization_code", "refresh_token", "client_credentials"),
    )


def _protected_resource(evidence: Json) -> models.ProtectedResource:
    return models.ProtectedResource(
        evidence["url"], scopes=tuple(evidence.get("scopes", ())), client_id=evidence.get("client_id", "")
    )


def is_cookie_lost(context: Json) -> bool:
    """Whether the cookie that the app set at the launch is missing at its redirect URI, or has another value there."""
    before, after = context.get("cookie_set_at_launch"), context.get("cookie_at_callback")
    return bool(before) and "cookie_at_callback" in context and (not after or (after is not True and after != before))


def read_live_at(context: Json) -> int | None:
    """`context.app.live_at`: when the latest change to the registration takes effect, in seconds since 1970."""
    seconds = context.get("app", {}).get("live_at")
    return None if seconds is None else int(seconds)


def read_policy(evidence: Json) -> models.Policy:
    pkce = evidence.get("pkce_required")
    return models.Policy(
        missing_resource=evidence.get("missing_resource", "agents"),
        pkce=None if pkce is None else "required" if pkce else "if-sent",
        launches=tuple(evidence.get("launches", ("ehr", "standalone"))),
        basic_secret=evidence.get("basic_secret", "either"),
        wildcard_scopes=evidence.get("wildcard_scopes", True),
        scope_versions=tuple(evidence.get("scope_versions", ("v1", "v2"))),
        unbounded_patient_search="refuse" if evidence.get("unbounded_patient_search") == "refuse" else "allow",
        requires_patient=evidence.get("requires_patient", False),
        requires_category=evidence.get("requires_category", False),
        search_criteria=tuple(evidence.get("search_criteria", ())),
        search_alone=tuple(evidence.get("search_alone", ())),
        versioned_update=evidence.get("versioned_update", False),
        strict_cors=evidence.get("strict_cors", False),
        credentialed_cors=evidence.get("credentialed_cors", False),
        revokes_access=evidence.get("revokes_access", True),
        assertion_audience=evidence.get("assertion_audience", "issuer-or-endpoint"),
        assertion_limits=evidence.get("assertion_limits", False),
    )


def read_client(context: Json) -> models.Client | Unknown:
    """`context.app`: the only known registration, even if the request names another app."""
    app = context.get("app")
    if app is None or app.get("new"):
        return UNKNOWN
    secret = app.get("client_secret")
    kind = KINDS.get(app.get("type", "public"), "public")
    return models.Client(
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
        document=models.DocumentTimes(**app["document"]) if "document" in app else None,
        enabled_tenants=tuple(app["enabled_tenants"]) if "enabled_tenants" in app else None,
    )


def find_launch(context: Json, code: str | None) -> models.Launch | Unknown | None:
    """The launch with this code; None if the launches are known and this one isn't among them."""
    return _find_entry(context, "launches", code, _build_launch)


def _build_launch(code: str, evidence: Json) -> models.Launch:
    return models.Launch(
        client_id=evidence.get("client_id", ""),
        timeline="",
        expires_at=int(evidence.get("expires_at", 1 << 40)),
        user=evidence.get("user"),
        patient=evidence.get("patient"),
        encounter=evidence.get("encounter"),
        used_at=0 if evidence.get("used") else None,
        iss=evidence.get("iss", ""),
    )


def find_code(context: Json, value: str | None) -> models.AuthorizationCode | Unknown | None:
    return _find_entry(context, "codes", value, _build_code)


def _build_code(value: str, evidence: Json) -> models.AuthorizationCode:
    return models.AuthorizationCode(
        client_id=evidence.get("client_id", ""),
        redirect_uri=evidence.get("redirect_uri"),
        scope=evidence.get("scope", ""),
        issued_at=int(evidence.get("issued_at", 0)),
        lifetime=int(evidence.get("lifetime", 60)),
        family="",
        base=evidence.get("aud", ""),
        by_resource=evidence.get("by_resource", False),
        code_challenge=evidence.get("code_challenge"),
        code_challenge_method=evidence.get("code_challenge_method"),
        nonce=evidence.get("nonce"),
        used_at=int(evidence.get("used_at") or 0) if evidence.get("used") else None,
    )


def find_family(context: Json, value: str | None) -> models.TokenFamily | Unknown | None:
    """The token family of a refresh token. If the token was rotated, the family has generation 1 and the token generation 0."""
    return _find_entry(context, "refresh_tokens", value, _build_family)


def _build_family(value: str, evidence: Json) -> models.TokenFamily:
    return models.TokenFamily(
        family="",
        client_id=evidence.get("client_id", ""),
        scope=evidence.get("scope", ""),
        base=evidence.get("aud", ""),
        by_resource=evidence.get("by_resource", False),
        generation=1 if evidence.get("rotated") else 0,
        mode=evidence.get("mode", "offline"),
        rotated_at=int(evidence.get("rotated_at", 0)),
        asked=str(evidence.get("asked", "")),
        expires_at=evidence.get("expires_at"),
        session=evidence.get("session"),
    )


def find_token(context: Json, value: str | None) -> models.AccessToken | Unknown | None:
    return _find_entry(context, "tokens", value, _build_token)


def read_refused_tokens(context: Json) -> tuple[RefusedToken, ...]:
    """`context.refused_tokens`: earlier tokens of the same app and user that lacked a scope."""
    return tuple(
        RefusedToken(sent["family"], int(sent["issued_at"]), sent["scope"], tuple(sent["needed"]), int(sent["at"]))
        for sent in context.get("refused_tokens", ())
    )


def _build_token(value: str, evidence: Json) -> models.AccessToken:
    return models.AccessToken(
        client_id=evidence.get("client_id", ""),
        scope=evidence.get("scope", ""),
        base=evidence.get("aud", ""),
        expires_at=int(evidence.get("expires_at", 1 << 40)),
        family=evidence.get("family", ""),
        issued_at=int(evidence.get("issued_at", 0)),
        patient=evidence.get("patient"),
        issuer=evidence.get("iss", ""),
    )


def _find_entry(context: Json, registry: str, key: str | None, build: Callable[[str, Json], T]) -> T | Unknown | None:
    if registry not in context or key in PLACES:
        return UNKNOWN
    evidence = context[registry].get(key) if key else None
    return None if evidence is None or key is None else build(key, evidence)
