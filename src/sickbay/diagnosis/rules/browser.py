"""Rules of what browsers keep from an app: CORS, frames, the local network."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from sickbay.authorization.known import AnswerKnown
from sickbay.authorization.requests import HttpExchange
from sickbay.diagnosis.rule import Rule, Spec
from sickbay.kernel.refusal import Facts

CORS = Spec("Fetch Standard, CORS protocol", "https://fetch.spec.whatwg.org/#http-cors-protocol")
FRAMES = Spec("CSP Level 3, frame-ancestors", "https://www.w3.org/TR/CSP3/#directive-frame-ancestors")
LOCAL = Spec("Local Network Access", "https://wicg.github.io/local-network-access/")
LOOPBACK = ("localhost", "127.0.0.1", "::1")


def _preflight(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    if asked.method != "OPTIONS" or not asked.headers.get("origin"):
        return None
    allowed = asked.answer_headers.get("access-control-allow-headers", "").lower()
    fine = 200 <= asked.status < 300 and ("authorization" in allowed or allowed.strip() == "*")
    return None if fine else {"status": asked.status, "received": allowed or None}


def _missing(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    hidden = asked.status >= 400 and "access-control-allow-origin" not in asked.answer_headers
    origin = asked.headers.get("origin")
    return {"origin": origin, "status": asked.status} if hidden and origin and asked.method != "OPTIONS" else None


def _credentials(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    star = asked.answer_headers.get("access-control-allow-origin") == "*"
    return (
        {"origin": asked.headers["origin"]}
        if star and asked.headers.get("origin") and "cookie" in asked.headers
        else None
    )


def _framed(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    refused = asked.answer_headers.get("x-frame-options", "").upper()
    framed = asked.headers.get("sec-fetch-dest") == "iframe"
    return {"received": refused} if framed and refused in ("DENY", "SAMEORIGIN") else None


def _local(asked: HttpExchange, known: AnswerKnown) -> Facts | None:
    page = urlsplit(asked.headers.get("origin") or asked.headers.get("referer") or "")
    to_us = urlsplit(asked.url).hostname in LOOPBACK
    public = page.scheme == "https" and page.hostname not in LOOPBACK
    return {"origin": f"{page.scheme}://{page.netloc}", "received": asked.url} if to_us and public else None


def _rule(id: str, title: str, why: str, fix: str, advises: Callable[[Any, Any], Facts | None], **more: Any) -> Rule:
    given: dict[str, Any] = {"stage": "browser", "severity": "error", "outcome": "advice", "spec": CORS, **more}
    return Rule(id=id, title=title, why=why, fix=fix, advises=advises, **given)


RULES = (
    _rule(
        "cors-preflight-rejected",
        "The preflight was answered with {status}",
        "A browser asks first, without a token. Unless the answer is 2xx and allows authorization, the request is never sent.",
        "Answer OPTIONS before looking for a token, with Access-Control-Allow-Headers: authorization, content-type, prefer.",
        _preflight,
    ),
    _rule(
        "cors-missing-on-error",
        "The browser hides an answer with {status} behind a CORS message",
        "The error has no Access-Control-Allow-Origin, so the page at {origin} does not learn what was wrong.",
        "Send the CORS headers with every answer, errors too.",
        _missing,
    ),
    _rule(
        "cors-credentials-wildcard",
        "Cookies were sent to a server that allows any origin",
        "With credentials a browser does not take * for an answer. A FHIR request needs its token, and no cookie.",
        "Call fetch with credentials: omit.",
        _credentials,
    ),
    _rule(
        "iframe-blocked",
        "The page refuses to be shown in a frame: X-Frame-Options is {received}",
        "EHRs show apps in frames, and the sign-in pages with them.",
        "Send Content-Security-Policy: frame-ancestors with the EHR's origin, in place of X-Frame-Options; or launch in a tab.",
        _framed,
        spec=FRAMES,
    ),
    _rule(
        "browser-local-network-access",
        "A page of {origin} calls an address of this machine",
        "Browsers ask the person before a public page may reach {received}; without leave the request fails.",
        "Allow local network access for the origin, run the app on localhost too, or serve the EHR under https.",
        _local,
        severity="warning",
        spec=LOCAL,
    ),
)
