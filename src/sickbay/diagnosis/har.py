"""A HAR file, as a browser's developer tools save it: of its exchanges those of a launch, each as the inputs of diagnose().

HAR 1.2: `log.entries[]`, each with `request` and `response`. One exchange may be several inputs: a token request, and the
answer to it. What one exchange tells of the server (its discovery document, the state that was sent) is known to the others.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sickbay.diagnosis.answers.read import in_exchange
from sickbay.diagnosis.answers.values import ErrorAnswer
from sickbay.diagnosis.pasted import kind_of
from sickbay.protocol import unicode, urls
from sickbay.protocol.parameters import parse

Json = Mapping[str, Any]
WELL_KNOWN = "/.well-known/smart-configuration"
_FHIR = re.compile(r"/(?:metadata|[A-Z][A-Za-z]+(?:/[A-Za-z0-9.-]{1,64}(?:/_history.*|/\$.*)?|/_search|/\$.*)?)/?$")
_DECORATION = re.compile(r"\.(?:css|map|png|svg|ico|gif|jpe?g|webp|woff2?|ttf)$", re.I)
"""What a page can lack and still work: a missing icon is no error of a launch."""
_ASSET = re.compile(r"\.(?:m?js|css|map|png|svg|ico|gif|jpe?g|webp|woff2?|ttf|html?)$", re.I)


class Seen(NamedTuple):
    """number: among all exchanges of the file, from 1. url: without query and fragment, which may hold secrets."""

    number: int
    method: str
    url: str
    status: int
    inputs: tuple[dict[str, Any], ...]
    sent: dict[str, Any]
    """Headers (names in lower case), query, body and answer: what a secret may stand in."""
    answers: tuple[ErrorAnswer, ...] = ()
    """The error answers in its response. An exchange that failed is kept even if it isn't of a launch."""


def is_har(given: Any) -> bool:
    log = given.get("log") if isinstance(given, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def read(given: Json) -> tuple[Seen, ...]:
    """The exchanges of a launch and those that failed, in order; what else a browser fetched is left out."""
    entries = [(number, one) for number, one in enumerate(given["log"]["entries"], 1) if _is_entry(one)]
    plain = [(number, _plain(one)) for number, one in entries]
    server = _server([one for _, one in plain])
    found: list[Seen] = []
    states: list[str] = []
    for number, one in plain:
        context = {"server": server or _base(one)} | ({"sent_state": states[-1]} if states else {})
        inputs = tuple({**each, "context": {name: it for name, it in context.items() if it}} for each in _inputs(one))
        answers = _answers(one, launch=bool(inputs))
        if not inputs and answers:
            inputs = ({"kind": "error_answer", "text": "", "context": {}},)
        if not inputs:
            continue
        address = one["url"].partition("?")[0].partition("#")[0]
        found.append(Seen(number, one["method"], address, one["status"], inputs, one, answers))
        if inputs[0]["kind"] == "authorize_url":
            states.append(parse(one["query"]).get("state") or "")
    return tuple(found)


def _answers(one: Json, *, launch: bool) -> tuple[ErrorAnswer, ...]:
    scheme, _, rest = one["url"].partition("://")
    decoration = _DECORATION.search(rest.partition("?")[0]) and not launch
    if scheme.lower() not in ("http", "https") or decoration:
        return ()
    return in_exchange(one["status"], one["answer_headers"], one["answer"], launch=launch)


def _is_entry(one: Any) -> bool:
    request = one.get("request") if isinstance(one, dict) else None
    return isinstance(request, dict) and isinstance(request.get("url"), str) and "://" in request["url"]


def _plain(one: Json) -> dict[str, Any]:
    request, response = one["request"], one.get("response") or {}
    response = response if isinstance(response, dict) else {}
    method, url = str(request.get("method") or "GET").upper(), request["url"]
    status = response.get("status")
    return {
        "method": method,
        "url": url,
        "query": url.partition("#")[0].partition("?")[2],
        "headers": _headers(request.get("headers")),
        "body": _posted(request.get("postData")),
        "status": _number(status),
        "answer_headers": _headers(response.get("headers")),
        "answer": _content(response.get("content")),
    }


def _number(status: Any) -> int:
    """0 if there was no response. Some tools write the status as text."""
    match = re.match(r"\s*(\d{1,3})\b", str(status))
    return int(match[1]) if match else 0


def _headers(given: Any) -> dict[str, str]:
    """Those of HTTP/2 that begin with a colon are none."""
    pairs = [one for one in given or () if isinstance(one, dict)] if isinstance(given, list) else []
    named = ((str(one.get("name", "")).lower(), str(one.get("value", ""))) for one in pairs)
    return {name: value for name, value in named if name and not name.startswith(":")}


def _posted(given: Any) -> str:
    """The text; where a browser kept parameters alone, these as a form. Chromium decodes them, Firefox does not."""
    if not isinstance(given, dict):
        return ""
    if isinstance(given.get("text"), str) and given["text"]:
        return str(given["text"])
    given = given.get("params")
    params = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    return "&".join(f"{one.get('name', '')}={one.get('value', '')}" for one in params)


def _content(given: Any) -> str | None:
    text = given.get("text") if isinstance(given, dict) else None
    if not isinstance(text, str):
        return None
    if given.get("encoding") != "base64":
        return text
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


def _server(every: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What the discovery documents say; where they disagree, nothing can be told by them."""
    found = [(one["url"].partition(WELL_KNOWN)[0], _object(one["answer"])) for one in every if WELL_KNOWN in one["url"]]
    told = [(base, document) for base, document in found if "token_endpoint" in document]
    names = ("authorization_endpoint", "token_endpoint")
    if not told or any(len({str(document.get(name)) for _, document in told}) > 1 for name in names):
        return {}
    bases = list(dict.fromkeys(base for base, _ in told))
    return {"fhir_bases": bases} | {name: str(told[0][1][name]) for name in (*names, "issuer") if told[0][1].get(name)}


def _base(one: dict[str, Any]) -> dict[str, Any]:
    """What stands before the type, where nothing else says what the FHIR base is."""
    address = one["url"].partition("?")[0]
    found = _FHIR.search(address) if _is_fhir(one, urls.split(address).path) else None
    return {"fhir_bases": [address[: found.start()]]} if found else {}


def _object(text: str | None) -> dict[str, Any]:
    try:
        found = unicode.loads(text or "")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _inputs(one: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = _kind(one)
    if kind == "":
        return
    if kind == "smart_configuration":
        yield {
            "kind": kind,
            "url": one["url"],
            "status": one["status"],
            "body": one["answer"],
            "request_headers": one["headers"],
            "headers": one["answer_headers"],
        }
        return
    sent = {"method": one["method"], "url": one["url"], "headers": one["headers"]}
    if one["method"] == "GET" and kind.endswith("_url"):
        yield {"kind": kind, "url": one["url"]}
    elif one["method"] != "OPTIONS":
        yield {"kind": kind, **sent} | ({"body": one["body"]} if one["body"] else {})
    if kind == "token_request" and (members := _object(one["answer"])):
        yield {"kind": "token_response", "json": members}
    if "origin" in one["headers"] or "sec-fetch-site" in one["headers"]:
        answer = {"status": one["status"], "headers": one["answer_headers"], "body": one["answer"]}
        yield {"kind": "http_exchange", "request": sent, "response": answer}


def _kind(one: dict[str, Any]) -> str:
    """Of a launch, or "": a browser fetches much else."""
    url, query, method = one["url"], parse(one["query"]), one["method"]
    path = urls.split(url).path
    if WELL_KNOWN in url or path.endswith("/.well-known/openid-configuration"):
        return "smart_configuration" if WELL_KNOWN in url and method == "GET" else ""
    if "grant_type=" in one["body"] or (path.rstrip("/").endswith("/token") and method in ("POST", "OPTIONS")):
        return "token_request"
    if "response_type" in query or {"client_id", "redirect_uri"} <= set(query.names()):
        return "authorize_url"
    if "iss" in query and "launch" in query:
        return "launch_url"
    if method == "GET" and "state" in query and ("code" in query or "error" in query):
        return "redirect_url"
    if _is_fhir(one, path):
        return "fhir_request"
    return "error_page_url" if method == "GET" and kind_of(url) == "error_page_url" else ""


def _is_fhir(one: dict[str, Any], path: str) -> bool:
    """By the path of a resource, and by what was asked for, sent with it or answered."""
    said = one["headers"].get("accept", "") + one["answer_headers"].get("content-type", "")
    fhir = "fhir+" in said or "authorization" in one["headers"] or "resourceType" in (one["answer"] or "")[:2000]
    return fhir and _FHIR.search(path) is not None and not _ASSET.search(path)
