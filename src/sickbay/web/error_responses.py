"""The one translator from a refusal to HTTP: OAuth JSON, a redirect, a page's facts. It decides nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

import orjson
from starlette.responses import Response

from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.rule import Finding
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, public, words

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
_FORBIDDEN = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_SPELLED = {'"': "'", "\\": "/", "“": "'", "”": "'", "’": "'", "–": "-", "—": "-", "…": "..."}


class OAuthErrorText(NamedTuple):
    """What a refusal says in OAuth's members. description: None where the dialect is silent."""

    error: str
    description: str | None
    uri: str


def json(body: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(body), status, headers, "application/json")


def spelled(text: str) -> str:
    """In the characters of an error_description (RFC 6749 4.1.2.1)."""
    for wrong, right in _SPELLED.items():
        text = text.replace(wrong, right)
    return _FORBIDDEN.sub("?", text)


def rule_for(decision: Decision[Any, Any], explanation: Explanation) -> Finding | None:
    """The finding that speaks for the refusal which decided: the first refused one of its name, else the loudest."""
    name = decision.refusal.name if decision.refusal else ""
    said = [one for one in explanation.findings if one.refused]
    return next((one for one in said if BY_ID[one.id].explains == name), said[0] if said else None)


def oauth_words(
    runtime: Runtime, tenant: Tenant, decision: Decision[Any, Any], explanation: Explanation, id: str, client: str, persona: str
) -> OAuthErrorText:
    refusal = decision.refusal
    assert refusal is not None
    finding = rule_for(decision, explanation)
    own = words(tenant, decision, finding)
    cause = next((one for one in explanation.findings if finding and one.id == finding.because), finding)
    said = _description(public(cause)) if cause else refusal.name.replace("-", " ")
    description = said if tenant.dialect.answers.error_description else None
    vendor = tenant.dialect.error_path(own, id=id, client=client, persona=persona)
    uri = tenant.base + vendor if vendor else f"{runtime.base}/exchanges/{id}"
    return OAuthErrorText(own.error or refusal.error, description, uri)


def _description(finding: Finding) -> str:
    return spelled(f"{finding.title} ({finding.id}). {finding.fix}")[:600]


def oauth_json(said: OAuthErrorText, status: int, tenant: Tenant, basic: bool) -> Response:
    """RFC 6749 5.2. basic: the client used the Authorization header, so a 401 must name the scheme.

    The challenge to a request without a token has no error code (RFC 6750 3.1); the body has one all the same, for clients
    that look for it.
    """
    error = said.error or ("invalid_token" if status == 401 else "invalid_request")
    body = {"error": error, "error_description": said.description, "error_uri": said.uri}
    headers = dict(NO_STORE)
    if status == 401 and basic:
        headers["www-authenticate"] = f'Basic realm="{tenant.name}"'
    silent = {"error_description": None} if tenant.dialect.answers.null_description else {}
    return json({**{key: value for key, value in body.items() if value}, **silent}, status, headers)


def redirect(address: str, parameters: dict[str, str | None], method: str) -> Response:
    """To a proven redirect URI: its own query is kept. 303 after a form (RFC 9700 4.12), 302 otherwise."""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items() if value is not None)
    joint = "" if not query else "&" if "?" in address else "?"
    return Response(status_code=303 if method == "POST" else 302, headers={**NO_STORE, "location": f"{address}{joint}{query}"})


def error_redirect(tenant: Tenant, said: OAuthErrorText, address: str, state: str | None, method: str) -> Response:
    return redirect(
        address,
        {
            "error": said.error,
            "error_description": said.description,
            "error_uri": said.uri,
            "state": state,
            "iss": tenant.server.issuer if tenant.dialect.answers.iss else None,
        },
        method,
    )


def oauth_trouble(status: int, title: str, detail: str = "") -> Response:
    """What an OAuth endpoint answers where no rule explains it: `error` is always there (RFC 6749 5.2, RFC 6750 3.1)."""
    error = {500: "server_error", 503: "temporarily_unavailable"}.get(status, "invalid_request")
    return json({"error": error, "error_description": spelled(f"{title}. {detail}".strip())[:600]}, status, dict(NO_STORE))


_ENDPOINTS = ("authorize", "token", "introspect", "revoke", "manage")


def is_oauth(tenants: Mapping[str, Tenant], path: str) -> bool:
    """Whether an address is below the OAuth endpoints of a hospital, ours or its dialect's."""
    _, name, *rest = path.split("/")[:4] if path.count("/") > 1 else ("", "")
    tenant = tenants.get(name)
    if tenant is None:
        return False
    own = path.removeprefix(f"/{name}")
    named = (tenant.dialect.path(one, persona) for one in _ENDPOINTS for persona in ("patient", "provider"))
    return rest[:1] == ["oauth"] or any(own == one or own.startswith(f"{one}/") for one in named)


Form = Literal["html", "json", "text"]


def wanted(accept: str) -> Form:
    """HTML to a browser, JSON or text to who asks for it; JSON to everything else that is not picky."""
    kinds = [piece.partition(";")[0].strip().lower() for piece in accept.split(",")]
    for kind in kinds:
        if kind in ("text/html", "application/xhtml+xml"):
            return "html"
        if kind == "application/json" or kind.endswith("+json"):
            return "json"
        if kind == "text/plain":
            return "text"
    return "html"


def browses(accept: str) -> bool:
    """Whether a page is asked for by name, as a browser does: anything else is content with JSON."""
    return "text/html" in accept


def problem(status: int, title: str, findings: list[dict[str, Any]] | None = None, detail: str = "") -> Response:
    """RFC 9457."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "findings": findings or []}
    if detail:
        body["detail"] = detail
    return Response(orjson.dumps(body), status, media_type="application/problem+json")
