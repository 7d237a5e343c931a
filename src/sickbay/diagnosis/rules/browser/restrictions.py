"""Rules about what browsers block: CORS, frames, cookies and the local network."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sickbay.authorization import origin
from sickbay.authorization.contexts import AccessContext, AnswerContext, AuthorizeContext, TokenContext, UrlContext
from sickbay.authorization.models import Client, Server
from sickbay.authorization.requests import AccessRequest, AuthorizeRequest, HttpExchange, TokenRequest, UrlRequest
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.checks import Facts
from sickbay.protocol import urls
from sickbay.protocol.parameters import parse

CORS = Spec("Fetch Standard, CORS protocol", "https://fetch.spec.whatwg.org/#http-cors-protocol")
FRAMES = Spec("CSP Level 3, frame-ancestors", "https://www.w3.org/TR/CSP3/#directive-frame-ancestors")
LOCAL = Spec("Local Network Access", "https://wicg.github.io/local-network-access/")
COOKIES = Spec("RFC 6265bis, SameSite", "https://datatracker.ietf.org/doc/html/draft-ietf-httpbis-rfc6265bis#section-5.6.7")
STORAGE = Spec("HTML Standard, Web storage", "https://html.spec.whatwg.org/multipage/webstorage.html")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _unregistered_origin(request: object, context: object) -> Facts | None:
    if not isinstance(request, TokenRequest | AccessRequest) or not isinstance(context, TokenContext | AccessContext):
        return None
    own = origin.find_foreign(request, context)
    return None if own is None else _add_origin_hint({"received": request.headers["origin"], "registered": own})


def _add_origin_hint(facts: Facts) -> Facts:
    received, own = facts["received"], facts["registered"]
    aliased = any(urls.one_loopback(registered) == urls.one_loopback(received) for registered in own)
    hint = " `localhost` and `127.0.0.1` are different origins." if aliased else ""
    if received == "null":
        hint = " A page opened from a file or in a sandboxed frame has the origin `null`. Serve it over http instead."
    return {**facts, "hint": hint, "expected": own[0] if own else None}


def _cookie(exchange: HttpExchange | UrlRequest, context: AnswerContext | UrlContext) -> Facts | None:
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


def _different_origins(request: object, context: object) -> Facts | None:
    """An EHR launch whose response goes to a different origin. Native apps don't use session storage."""
    client = context.client if isinstance(context, AuthorizeContext) else None
    if not isinstance(request, AuthorizeRequest) or not isinstance(client, Client) or client.native:
        return None
    sent = request.parameters.get("redirect_uri") or ""
    began, ends = urls.origin(client.launch_uri or ""), urls.origin(sent)
    native = urls.is_loopback(sent) and not urls.is_loopback(began)
    return {"received": ends, "registered_launch": began} if began and ends and began != ends and not native else None


def _preflight(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    if exchange.method != "OPTIONS" or not exchange.headers.get("origin"):
        return None
    allowed = exchange.answer_headers.get("access-control-allow-headers", "").lower()
    fine = 200 <= exchange.status < 300 and ("authorization" in allowed or allowed.strip() == "*")
    return None if fine else {"status": exchange.status, "received": allowed or None}


def _find_missing_cors_header(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    hidden = exchange.status >= 400 and "access-control-allow-origin" not in exchange.answer_headers
    origin = exchange.headers.get("origin")
    return {"origin": origin, "status": exchange.status} if hidden and origin and exchange.method != "OPTIONS" else None


def _credentials(exchange: HttpExchange | TokenRequest, context: AnswerContext | TokenContext) -> Facts | None:
    """A response with `*` to a request with a cookie. A token request shows it too, because a form needs no preflight."""
    origin = exchange.headers.get("origin")
    if not origin or "cookie" not in exchange.headers:
        return None
    if isinstance(exchange, HttpExchange):
        star = exchange.answer_headers.get("access-control-allow-origin") == "*"
    else:
        server = context.server if isinstance(context.server, Server) else None
        star = server is not None and origin != urls.origin(server.issuer) and not server.policy.credentialed_cors
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


def _from_public_page(exchange: HttpExchange, context: AnswerContext) -> Facts | None:
    page = urlsplit(exchange.headers.get("origin") or exchange.headers.get("referer") or "")
    to_us = urlsplit(exchange.url).hostname in LOOPBACK
    public = page.scheme == "https" and page.hostname not in LOOPBACK
    return {"origin": f"{page.scheme}://{page.netloc}", "received": exchange.url} if to_us and public else None


def _rule(id: str, title: str, why: str, fix: str, advises: Callable[[Any, Any], Facts | None], **more: Any) -> Rule:
    fields: dict[str, Any] = {"spec": CORS, **more}
    return Rule(id=id, title=title, why=why, fix=fix, advises=advises, **fields)


RULES = (
    _rule(
        origin.NAME,
        "`Origin` isn't registered for your app: `{received}`",
        "An EHR lets a page read its responses only if the page's origin (scheme, host, port) is that of "
        "a registered launch or redirect URI: {registered:code}.{hint}",
        "Register a redirect URI on `{received}`. If your app also runs on a registered origin, call from there.",
        _unregistered_origin,
        outcome="advice; 403 with the policy strict_cors",
        differs="Browsers enforce CORS themselves; the server refuses only if the hospital wants that too.",
        recognises=_add_origin_hint,
        at=("token", "access"),
        parameter="Origin",
    ),
    _rule(
        "cookie-samesite-iframe",
        "The browser doesn't send a cookie in this frame",
        "In a frame on another site, browsers send only cookies with `SameSite=None; Secure`, and none "
        "at all if third-party cookies are blocked.",
        "Open the app in a tab. If it must run in a frame, set `SameSite=None; Secure; Partitioned` on "
        "its session cookie, or store the session on your server, under the `state`.",
        _cookie,
        outcome="advice",
        differs="The refusal is a page of the sign-in, which offers to continue in a tab.",
        at=("redirect",),
        spec=COOKIES,
        degree="probable",
    ),
    _rule(
        "session-storage-lost",
        "`redirect_uri` and the launch URL have different origins: `{received}` and `{registered_launch}`",
        "A page can't read the `sessionStorage` of another origin or the cookies of another host.",
        "Serve the launch URL and the redirect URI from one origin. If you can't, keep `state` and the "
        "verifier on your server.",
        _different_origins,
        at=("authorize",),
        sent="launch",
        parameter="redirect_uri",
        severity="warning",
        spec=STORAGE,
        degree="probable",
    ),
    _rule(
        "cors-preflight-rejected",
        "The CORS preflight failed (status {status})",
        "The browser first sends an `OPTIONS` request without a token. It sends the real request only if "
        "the response is 2xx and allows the `authorization` header.",
        "Answer `OPTIONS` before checking for a token, with `Access-Control-Allow-Headers: "
        "authorization, content-type, prefer`.",
        _preflight,
    ),
    _rule(
        "cors-missing-on-error",
        "The browser reports an error response (status {status}) as a CORS error",
        "The response has no `Access-Control-Allow-Origin` header, so the page on `{origin}` can't see what was wrong.",
        "Send the CORS headers with every response, including errors.",
        _find_missing_cors_header,
    ),
    _rule(
        "cors-credentials-wildcard",
        "Cookies were sent to a server that allows any origin",
        "With credentials, browsers don't accept `Access-Control-Allow-Origin: *`. A FHIR request needs "
        "its token, not a cookie.",
        "Call `fetch` with `credentials: 'omit'`.",
        _credentials,
        at=("token",),
    ),
    _rule(
        "cors-credentials-not-allowed",
        "The browser will block requests with credentials from `{origin}`",
        "The response has no `Access-Control-Allow-Credentials: true` with this exact origin.{because} A "
        "preflight doesn't say whether the request will have credentials; without them, the browser "
        "sends it.",
        "Call `fetch` with `credentials: 'omit'`. If your client insists on `credentials: 'include'`, "
        "turn on the hospital's policy `credentialed_cors` and register a redirect URI on `{origin}`.",
        _find_preflight_without_credentials,
        severity="info",
        parameter="Origin",
    ),
    _rule(
        "iframe-blocked",
        "The page can't be shown in a frame: `X-Frame-Options` is `{received}`",
        "EHRs show apps in frames, including their sign-in pages.",
        "Replace `X-Frame-Options` with `Content-Security-Policy: frame-ancestors` and the EHR's origin. "
        "If the page must not be framed, launch the app in a tab.",
        _find_refused_frame,
        spec=FRAMES,
    ),
    _rule(
        "browser-local-network-access",
        "A page on `{origin}` calls this machine",
        "Browsers ask the user before a public page may call `{received}`. Without permission, the request fails.",
        "Allow local network access for `{origin}`. To avoid the question, run the app on `localhost` "
        "too, or serve the EHR over `https`.",
        _from_public_page,
        severity="warning",
        spec=LOCAL,
    ),
)
