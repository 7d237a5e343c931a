"""A launch URL, a redirect URL or the address of an error page, as the app's side has it."""

from __future__ import annotations

from dataclasses import replace

from sickbay.authorization.contexts import UrlContext
from sickbay.authorization.requests import UrlRequest
from sickbay.diagnosis.catalogue import BY_ID
from sickbay.diagnosis.evidence import context as read
from sickbay.diagnosis.evidence.context import Json
from sickbay.kernel.checks import UNKNOWN
from sickbay.protocol.parameters import Parameters, parse


def request(given: Json) -> UrlRequest:
    """The fragment is read as a query too: that is where a router puts what belongs before it."""
    url = str(given.get("url", "")).strip()
    front, _, fragment = url.partition("#")
    tail = fragment.partition("?")[2] or fragment
    headers = {str(name).lower(): str(value) for name, value in (given.get("headers") or {}).items()}
    return UrlRequest(url, parse(front.partition("?")[2]), parse(tail) if "=" in tail else Parameters(), headers)


def error_page(given: Json) -> UrlRequest:
    """The address itself is what an error_uri would hold."""
    plain = request(given)
    if "error_uri" in plain.parameters:
        return plain
    return replace(plain, parameters=plain.parameters.replaced([("error_uri", plain.url)]))


def known(given: Json, asked: UrlRequest) -> UrlContext:
    context = given.get("context", {})
    allowed = context.get("allowed_iss")
    return UrlContext(
        server=read.server(context),
        client=read.client(context),
        sent_state=context.get("sent_state", UNKNOWN),
        allowed_iss=UNKNOWN if allowed is None else tuple(allowed),
        ids=frozenset(BY_ID),
        context=dict(context),
    )


def to_evidence(kind: str, asked: UrlRequest) -> dict[str, object]:
    query = asked.parameters.raw
    return {"kind": kind, "url": f"{asked.url}?{query}" if query else asked.url}


def unread_launch(asked: UrlRequest) -> dict[str, object]:
    return to_evidence("launch_url", asked)


def unread_redirect(asked: UrlRequest) -> dict[str, object]:
    return to_evidence("redirect_url", asked)
