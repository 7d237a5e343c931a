"""Turns a refusal into an HTTP response: OAuth JSON, a redirect, or problem details. It decides nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson
from starlette.responses import Response

from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.rule import Finding
from sickbay.protocol.parameters import encode
from sickbay.protocol.urls import encode_for_header
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, hide_private, word_error

NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}
RAW_NO_STORE = tuple((name.encode(), value.encode()) for name, value in NO_STORE.items())
"""The same, as Starlette would encode them again for each response."""
_FORBIDDEN = re.compile(r"[^\x20-\x21\x23-\x5b\x5d-\x7e]")
_SPELLED = {'"': "'", "\\": "/", "“": "'", "”": "'", "’": "'", "–": "-", "—": "-", "…": "..."}


class OAuthErrorText(NamedTuple):
    """The error members of OAuth for a refusal. description: None if the dialect sends none."""

    error: str
    description: str | None
    uri: str


def respond_json(body: Any, status: int = 200, headers: Mapping[str, str] = NO_STORE) -> Response:
    """A response that no cache may store: most depend on the sender, and contain secrets."""
    return Response(orjson.dumps(body), status, headers, "application/json")


def replace_forbidden_characters(text: str) -> str:
    """Replace the characters that aren't allowed in an error_description (RFC 6749 4.1.2.1)."""
    for character, replacement in _SPELLED.items():
        text = text.replace(character, replacement)
    return _FORBIDDEN.sub("?", text)


def rule_for(decision: Decision[Any, Any], explanation: Explanation) -> Finding | None:
    """The finding for the refusal that decided the response; if there is none, the first finding of a refusal."""
    from sickbay.diagnosis.catalogue import BY_ID  # a server that starts needs no rules

    name = decision.refusal.name if decision.refusal else ""
    refused = [finding for finding in explanation.findings if finding.refused]
    return next((finding for finding in refused if BY_ID[finding.id].explains == name), refused[0] if refused else None)


def oauth_words(
    runtime: Runtime, tenant: Tenant, decision: Decision[Any, Any], explanation: Explanation, id: str, client: str, persona: str
) -> OAuthErrorText:
    refusal = decision.refusal
    assert refusal is not None
    finding = rule_for(decision, explanation)
    own = word_error(tenant, decision, finding)
    cause = next((candidate for candidate in explanation.findings if finding and candidate.id == finding.because), finding)
    text = _error_description(hide_private(cause)) if cause else refusal.name.replace("-", " ")
    description = text if tenant.dialect.answers.error_description else None
    vendor = tenant.dialect.error_path(own, id=id, client=client, persona=persona)
    uri = tenant.base + vendor if vendor else f"{runtime.base}/exchanges/{id}"
    return OAuthErrorText(own.error or refusal.error, description, uri)


def _error_description(finding: Finding) -> str:
    return replace_forbidden_characters(f"{finding.title} ({finding.id}). {finding.fix}")[:600]


def oauth_json(error_text: OAuthErrorText, status: int, tenant: Tenant, basic: bool) -> Response:
    """Build the error response of RFC 6749 5.2. basic: the client used the Authorization header, so a 401 must name the
    scheme.

    The challenge to a request without a token has no error code (RFC 6750 3.1). The body has one anyway, for clients that look
    for it.
    """
    error = error_text.error or ("invalid_token" if status == 401 else "invalid_request")
    body = {"error": error, "error_description": error_text.description, "error_uri": error_text.uri}
    headers = dict(NO_STORE)
    if status == 401 and basic:
        headers["www-authenticate"] = f'Basic realm="{tenant.name}"'
    if status == 405:
        headers["allow"] = "OPTIONS, POST"
    silent = {"error_description": None} if tenant.dialect.answers.null_description else {}
    return respond_json({**{key: value for key, value in body.items() if value}, **silent}, status, headers)


def redirect(address: str, parameters: dict[str, str | None], method: str) -> Response:
    """Redirect to a verified redirect URI and keep its own query. 303 after a form (RFC 9700 4.12), 302 otherwise."""
    query = encode([(name, value) for name, value in parameters.items() if value is not None])
    joint = "" if not query else "&" if "?" in address else "?"
    response = Response(status_code=303 if method == "POST" else 302)
    response.raw_headers[:0] = [*RAW_NO_STORE, (b"location", f"{encode_for_header(address)}{joint}{query}".encode("ascii"))]
    return response


def error_redirect(tenant: Tenant, error_text: OAuthErrorText, address: str, state: str | None, method: str) -> Response:
    return redirect(
        address,
        {
            "error": error_text.error,
            "error_description": error_text.description,
            "error_uri": error_text.uri,
            "state": state,
            "iss": tenant.server.issuer if tenant.dialect.answers.iss else None,
        },
        method,
    )


def oauth_error(status: int, title: str, detail: str = "") -> Response:
    """The response of an OAuth endpoint if no rule explains the error. It always has `error` (RFC 6749 5.2, RFC 6750 3.1)."""
    error = {500: "server_error", 503: "temporarily_unavailable"}.get(status, "invalid_request")
    return respond_json(
        {"error": error, "error_description": replace_forbidden_characters(f"{title}. {detail}".strip())[:600]}, status
    )


_ENDPOINTS = ("authorize", "token", "introspect", "revoke", "manage")


def is_oauth_path(tenants: Mapping[str, Tenant], path: str) -> bool:
    """Whether the path is an OAuth endpoint of a hospital, at Sickbay's path or its dialect's."""
    _, name, *rest = path.split("/")[:4] if path.count("/") > 1 else ("", "")
    tenant = tenants.get(name)
    if tenant is None:
        return False
    own = path.removeprefix(f"/{name}")
    named = (tenant.dialect.path(endpoint, persona) for endpoint in _ENDPOINTS for persona in ("patient", "provider"))
    return rest[:1] == ["oauth"] or any(own == named_path or own.startswith(f"{named_path}/") for named_path in named)


def respond_problem(status: int, title: str, findings: list[dict[str, Any]] | None = None, detail: str = "") -> Response:
    """Build a problem details response (RFC 9457)."""
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "findings": findings or []}
    if detail:
        body["detail"] = detail
    return Response(orjson.dumps(body), status, media_type="application/problem+json")
