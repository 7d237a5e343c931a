"""Reads a registration: client metadata (RFC 7591), or a case, where `app.type` is public, confidential or backend."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.models import Grant
from sickbay.authorization.registration.metadata import METHOD, METHODS
from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import KINDS, Json
from sickbay.diagnosis.evidence.inference import asks_for_smart
from sickbay.diagnosis.guesses import POLICY
from sickbay.diagnosis.rule import GUESS


def read_request(evidence: Json) -> RegistrationRequest:
    """Also accepts the form of /admin/apps: the types provider, patient and system, with `client` and `scope`."""
    app = dict(evidence.get("app") or {})
    return RegistrationRequest(
        type="system" if _is_system(app) else "provider",
        client=_client_type(app),
        software_statement=_text_or_none(app.get("software_statement")),
        auth_method=_text_or_none(app.get("token_endpoint_auth_method")),
        has_secret=bool(app.get("client_secret")),
        launch_uri=_text_or_none(app.get("launch_uri")) or _text_or_none(app.get("initiate_login_uri")),
        redirect_uris=_list_uris(app.get("redirect_uris")),
        post_logout_redirect_uris=_list_uris(app.get("post_logout_redirect_uris")),
        scope=str(app.get("scopes") or app.get("scope") or ""),
        jwks=_key_set(app.get("jwks")),
        jwks_uri=_text_or_none(app.get("jwks_uri")),
        native=bool(app.get("native")) or app.get("application_type") == "native",
        source=app,
        fault=str(evidence.get("fault") or ""),
        grant_types=_names_or_none(app.get("grant_types")),
        limit=_registration_limit(evidence.get("limit")),
        limited_by=str((evidence.get("limit") or {}).get("by", "")),
        allowed=bool(evidence.get("allowed", True)),
        managed=bool(evidence.get("managed", True)),
        twins=int(evidence.get("twins", 0)),
        ignored=_names_or_none(evidence.get("ignored")) or (),
    )


def _text_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _key_set(value: Any) -> Json | None:
    keys = value.get("keys", []) if isinstance(value, dict) else None
    return value if isinstance(keys, list) and all(isinstance(key, dict) for key in keys) else None


def _is_system(app: Json) -> bool:
    return app.get("type") in ("backend", "system") or ("type" not in app and app.get("grant_types") == ["client_credentials"])


def _client_type(app: Json) -> str | None:
    """Client metadata has no type: the authentication method says whether the app is public (RFC 7591 2)."""
    if "client" in app or "type" in app:
        return str(app.get("client") or KINDS.get(str(app.get("type")), "")) or None
    return METHODS.get(str(app.get("token_endpoint_auth_method") or METHOD))


def _registration_limit(evidence: Json | None) -> Grant | None:
    """`limit`: the most that the app may register, with the member names of RFC 7591."""
    if evidence is None:
        return None
    method = evidence.get("token_endpoint_auth_method")
    return Grant(
        scope=evidence.get("scope"),
        grant_types=_names_or_none(evidence.get("grant_types")),
        auth_method=method,
        client=METHODS.get(str(method)),  # type: ignore[arg-type]
        redirect_uris=_names_or_none(evidence.get("redirect_uris")),
        jwks_uri=evidence.get("jwks_uri"),
    )


def _names_or_none(evidence: Any) -> tuple[str, ...] | None:
    return tuple(map(str, evidence)) if isinstance(evidence, list) else None


def _list_uris(evidence: Any) -> tuple[str, ...]:
    """A text is one URI, although it should be in a list."""
    return (evidence,) if isinstance(evidence, str) and evidence else _names_or_none(evidence) or ()


def context_of(evidence: Json, request: RegistrationRequest) -> UrlContext:
    """Without a server, a launch address and a scope of SMART, the scopes may be those of any other API."""
    context = evidence.get("context", {})
    is_smart = "server" in context or "smart_version" in request.source or request.launch_uri or asks_for_smart(request.scope)
    return UrlContext(server=read.read_server(context), guesses=() if is_smart else (("scope-malformed", POLICY[GUESS]),))


def to_evidence(request: RegistrationRequest) -> dict[str, object]:
    """The registration as it was sent, with the corrections."""
    app: dict[str, Any] = dict(request.source)
    app["redirect_uris"] = list(request.redirect_uris)
    for name in ("scopes", "scope"):
        if name in app:
            app[name] = request.scope
    if request.post_logout_redirect_uris:
        app["post_logout_redirect_uris"] = list(request.post_logout_redirect_uris)
    if request.launch_uri is not None and "launch_uri" in app:
        app["launch_uri"] = request.launch_uri
    if request.grant_types is not None and "grant_types" in app:
        app["grant_types"] = list(request.grant_types)
    if request.auth_method is not None:
        app["token_endpoint_auth_method"] = request.auth_method
    if request.software_statement is None:
        app.pop("software_statement", None)
    if not request.has_secret:
        app.pop("client_secret", None)
    if request.jwks_uri is not None:
        app["jwks_uri"] = request.jwks_uri
    if request.jwks is not None:
        app["jwks"] = dict(request.jwks)
    else:
        app.pop("jwks", None)
    if not request.redirect_uris and "redirect_uris" not in request.source:
        app.pop("redirect_uris")
    return {"kind": "registration", "app": app}
