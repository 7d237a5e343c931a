"""Rules about what browsers block: CORS, frames, cookies and the local network."""

from urllib.parse import urlsplit

from sickbay.authorization import origin
from sickbay.authorization.contexts import AccessContext, AnswerContext, AuthorizeContext, TokenContext, UrlContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AccessRequest, AuthorizeRequest, HttpExchange, TokenRequest, UrlRequest
from sickbay.diagnosis.rule import RuleFunctions
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse


def _origin_is_unregistered(request: object, context: object) -> Facts | None:
    if not isinstance(request, TokenRequest | AccessRequest) or not isinstance(context, TokenContext | AccessContext):
        return None
    own = origin.find_foreign(request, context)
    return None if own is None else _add_origin_hint({"received": request.headers["origin"], "registered": own})


def _add_origin_hint(facts: Facts) -> Facts:
    received, own = facts["received"], facts["registered"]
    aliased = any(urls.use_localhost(registered) == urls.use_localhost(received) for registered in own)
    hint = " `localhost` and `127.0.0.1` are different origins." if aliased else ""
    if received == "null":
        hint = " A page opened from a file or in a sandboxed frame has the origin `null`. Serve it over http instead."
    return {**facts, "hint": hint, "expected": own[0] if own else None}


def _cookie_is_blocked(exchange: HttpExchange | UrlRequest, context: AnswerContext | UrlContext) -> Facts | None:
    """Recognises, in a cross-site frame, a cookie that the browser won't return, or a redirect that arrives without one."""
    if context.cookie_lost and exchange.headers.get("sec-fetch-dest", "iframe") == "iframe":
        return {}
    if isinstance(exchange, UrlRequest):
        return None
    framed = exchange.headers.get("sec-fetch-dest") == "iframe" and exchange.headers.get("sec-fetch-site") == "cross-site"
    set_now = exchange.answer_headers.get("set-cookie", "")
    allowed = "samesite=none" in set_now.lower() and "secure" in set_now.lower()
    back = {"code", "state"} <= set(parse(urlsplit(exchange.url).query).names()) and "cookie" not in exchange.headers
    return {} if framed and (back or (set_now and not allowed)) else None


def _origins_differ(request: object, context: object) -> Facts | None:
    """An EHR launch whose response goes to a different origin. Native apps don't use session storage."""
    client = context.client if isinstance(context, AuthorizeContext) else None
    if not isinstance(request, AuthorizeRequest) or not isinstance(client, Client) or client.native:
        return None
    sent = request.parameters.get("redirect_uri") or ""
    began, ends = urls.origin_of(client.launch_uri or ""), urls.origin_of(sent)
    native = urls.is_loopback(sent) and not urls.is_loopback(began)
    return {"received": ends, "registered_launch": began} if began and ends and began != ends and not native else None


def _preflight_lacks_authorization(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    if exchange.method != "OPTIONS" or not exchange.headers.get("origin"):
        return None
    allowed = exchange.answer_headers.get("access-control-allow-headers", "").lower()
    fine = 200 <= exchange.status < 300 and ("authorization" in allowed or allowed.strip() == "*")
    return None if fine else {"status": exchange.status, "received": allowed or None}


def _find_missing_cors_header(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    hidden = exchange.status >= 400 and "access-control-allow-origin" not in exchange.answer_headers
    origin = exchange.headers.get("origin")
    return {"origin": origin, "status": exchange.status} if hidden and origin and exchange.method != "OPTIONS" else None


def _allows_star_with_credentials(exchange: HttpExchange | TokenRequest, context: AnswerContext | TokenContext) -> Facts | None:
    """A response with `*` to a request with a cookie. A token request shows it too, because a form needs no preflight."""
    origin = exchange.headers.get("origin")
    if not origin or "cookie" not in exchange.headers:
        return None
    if isinstance(exchange, HttpExchange):
        star = exchange.answer_headers.get("access-control-allow-origin") == "*"
    else:
        server = context.server if isinstance(context.server, Server) else None
        star = server is not None and origin != urls.origin_of(server.issuer) and not server.policy.credentialed_cors
    return {"origin": origin} if star else None


def _find_preflight_without_credentials(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    """A preflight that succeeded, but only for requests without credentials."""
    asks = exchange.method == "OPTIONS" and "access-control-request-method" in exchange.headers
    origin, allowed = exchange.headers.get("origin"), exchange.answer_headers.get("access-control-allow-origin")
    if not asks or not origin or not allowed or not 200 <= exchange.status < 300:
        return None
    if exchange.answer_headers.get("access-control-allow-credentials") == "true" and allowed == origin:
        return None
    policy = context.server.policy if isinstance(context.server, Server) else None
    unregistered = policy is not None and policy.credentialed_cors
    because = f" The origin `{origin}` isn't registered for an app of this hospital." if unregistered else ""
    return {"origin": origin, "received": allowed, "because": because}


def _find_refused_frame(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    refused = exchange.answer_headers.get("x-frame-options", "").upper()
    framed = exchange.headers.get("sec-fetch-dest") == "iframe"
    return {"received": refused} if framed and refused in ("DENY", "SAMEORIGIN") else None


def _page_is_public(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    page = urlsplit(exchange.headers.get("origin") or exchange.headers.get("referer") or "")
    to_us = urlsplit(exchange.url).hostname in urls.LOOPBACK
    public = page.scheme == "https" and page.hostname not in urls.LOOPBACK
    return {"origin": f"{page.scheme}://{page.netloc}", "received": exchange.url} if to_us and public else None


FUNCTIONS: RuleFunctions = {
    "cors-origin-not-registered": {"recognises": _add_origin_hint, "advises": _origin_is_unregistered},
    "cookie-samesite-iframe": {"advises": _cookie_is_blocked},
    "session-storage-lost": {"advises": _origins_differ},
    "cors-preflight-rejected": {"advises": _preflight_lacks_authorization},
    "cors-missing-on-error": {"advises": _find_missing_cors_header},
    "cors-credentials-wildcard": {"advises": _allows_star_with_credentials},
    "cors-credentials-not-allowed": {"advises": _find_preflight_without_credentials},
    "iframe-blocked": {"advises": _find_refused_frame},
    "browser-local-network-access": {"advises": _page_is_public},
}
