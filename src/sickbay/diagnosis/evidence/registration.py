"""A registration, pasted or from a case: `app` in the words of the cases, which say public, confidential or backend."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.client_metadata import METHODS
from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.models import Grant
from sickbay.authorization.requests import RegistrationRequest
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import KINDS, Json


def request(given: Json) -> RegistrationRequest:
    """Also in the words of /admin/apps: provider, patient or system, with `client` and `scope`."""
    app = dict(given.get("app") or {})
    kind = str(app.get("client") or KINDS.get(str(app.get("type")), ""))
    return RegistrationRequest(
        type="system" if app.get("type") in ("backend", "system") else "provider",
        client=kind or None,
        software_statement=app.get("software_statement"),
        auth_method=app.get("token_endpoint_auth_method"),
        has_secret=bool(app.get("client_secret")),
        launch_uri=app.get("launch_uri"),
        redirect_uris=tuple(map(str, app.get("redirect_uris") or ())),
        post_logout_redirect_uris=tuple(map(str, app.get("post_logout_redirect_uris") or ())),
        scope=str(app.get("scopes") or app.get("scope") or ""),
        jwks=app.get("jwks"),
        jwks_uri=app.get("jwks_uri"),
        native=bool(app.get("native")),
        source=app,
        fault=str(given.get("fault") or ""),
        grant_types=_names(app.get("grant_types")),
        limit=_limit(given.get("limit")),
        limited_by=str((given.get("limit") or {}).get("by", "")),
        allowed=bool(given.get("allowed", True)),
        managed=bool(given.get("managed", True)),
    )


def _limit(given: Json | None) -> Grant | None:
    """`limit`: what the app may register at most, in the words of RFC 7591."""
    if given is None:
        return None
    method = given.get("token_endpoint_auth_method")
    return Grant(
        scope=given.get("scope"),
        grant_types=_names(given.get("grant_types")),
        auth_method=method,
        client=METHODS.get(str(method)),  # type: ignore[arg-type]
        redirect_uris=_names(given.get("redirect_uris")),
        jwks_uri=given.get("jwks_uri"),
    )


def _names(given: Any) -> tuple[str, ...] | None:
    return tuple(map(str, given)) if isinstance(given, list) else None


def known(given: Json, asked: RegistrationRequest) -> UrlContext:
    return UrlContext(server=read.server(given.get("context", {})))


def to_evidence(asked: RegistrationRequest) -> dict[str, object]:
    """What was given, with what was mended."""
    app: dict[str, Any] = dict(asked.source)
    app["redirect_uris"] = list(asked.redirect_uris)
    for name in ("scopes", "scope"):
        if name in app:
            app[name] = asked.scope
    if asked.post_logout_redirect_uris:
        app["post_logout_redirect_uris"] = list(asked.post_logout_redirect_uris)
    if asked.launch_uri is not None and "launch_uri" in app:
        app["launch_uri"] = asked.launch_uri
    if asked.grant_types is not None and "grant_types" in app:
        app["grant_types"] = list(asked.grant_types)
    if asked.auth_method is not None:
        app["token_endpoint_auth_method"] = asked.auth_method
    if asked.software_statement is None:
        app.pop("software_statement", None)
    if not asked.has_secret:
        app.pop("client_secret", None)
    if asked.jwks_uri is not None:
        app["jwks_uri"] = asked.jwks_uri
    if asked.jwks is not None:
        app["jwks"] = dict(asked.jwks)
    else:
        app.pop("jwks", None)
    if not asked.redirect_uris and "redirect_uris" not in asked.source:
        app.pop("redirect_uris")
    return {"kind": "registration", "app": app}
