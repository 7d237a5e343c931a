"""Reads a HAR file from a browser's developer tools, and returns the exchanges of a launch as inputs for diagnose().

HAR 1.2: `log.entries[]`, each with `request` and `response`. One exchange may become several inputs, for example a token
request and its response. What one exchange reveals (the discovery document, the `state`) is part of the others' context.

A file that Sickbay wrote has masks instead of secrets, few of the response headers and no body of a public document. So its
masks count as well-formed values, and nothing is said about those headers and documents.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sickbay.diagnosis.answers.values import ErrorAnswer
from sickbay.diagnosis.evidence.address import fhir_base_of
from sickbay.doctor.errors.find import find_in_exchange
from sickbay.doctor.pieces.structured import read_object
from sickbay.doctor.request_kind import WELL_KNOWN, Request, is_fetched_fhir, kind_of
from sickbay.protocol.parameters import parse

Json = Mapping[str, Any]
_DECORATION = re.compile(r"\.(?:css|map|png|svg|ico|gif|jpe?g|webp|woff2?|ttf)$", re.I)
"""Files that a page can do without. A missing icon isn't an error of a launch."""
_WAIT_PAGE = frozenset(("refresh", "retry-after", "x-correlation-id"))
"""Headers of the page that Sickbay shows while it creates patients. It reloads itself, so no server is down."""
_MASK = re.compile(r"([\w.~-]{0,4})…\((\d{1,4})\)|‹(\d{1,4})(?: |%20|\+)characters?›", re.A)
"""The placeholder that Sickbay records instead of a secret (`redaction.masking`), with its length."""
MASK_CHARACTERS = 128
"""The maximum number of characters that replace a mask, which is that of a code_verifier (RFC 7636, 4.1)."""
_INCOMPLETE = frozenset(("smart_configuration", "http_exchange"))
"""Inputs that need what Sickbay doesn't record."""


class HarExchange(NamedTuple):
    """One exchange. number: its place in the file, from 1. url: without query and fragment, which may contain secrets."""

    number: int
    method: str
    url: str
    status: int
    inputs: tuple[dict[str, Any], ...]
    sent: dict[str, Any]
    """Headers (names in lower case), query, body and response: everything that may contain a secret."""
    answers: tuple[ErrorAnswer, ...] = ()
    """The errors in its response. A failed exchange is kept even if it isn't part of a launch."""


def is_har(document: Any) -> bool:
    log = document.get("log") if isinstance(document, dict) else None
    return isinstance(log, dict) and isinstance(log.get("entries"), list)


def read(document: Json) -> tuple[HarExchange, ...]:
    """The exchanges of a launch and the failed ones, in order. Everything else that the browser fetched is left out."""
    entries = [(number, entry) for number, entry in enumerate(document["log"]["entries"], 1) if _is_entry(entry)]
    exchanges = [(number, _read_plain(entry)) for number, entry in entries]
    is_recorded = _is_recorded(document)
    if is_recorded:
        exchanges = [(number, _fill_masks(exchange)) for number, exchange in exchanges]
    server = _discovered_server([exchange for _, exchange in exchanges])
    result: list[HarExchange] = []
    states: list[str] = []
    for number, exchange in exchanges:
        context = {"server": server or _guessed_base(exchange), "sent_state": _find_sent_state(states, exchange)}
        known = {name: value for name, value in context.items() if value}
        inputs = tuple(
            {**evidence, "context": known}
            for evidence in _inputs_of_exchange(exchange)
            if not (is_recorded and evidence["kind"] in _INCOMPLETE)
        )
        answers = _error_answers(exchange, launch=bool(inputs))
        if not inputs and answers:
            inputs = ({"kind": "error_answer", "text": "", "context": {}},)
        if not inputs:
            continue
        url = exchange["url"].partition("?")[0].partition("#")[0]
        result.append(HarExchange(number, exchange["method"], url, exchange["status"], inputs, exchange, answers))
        if inputs[0]["kind"] == "authorize_url":
            states.append(parse(exchange["query"]).get("state") or "")
    return tuple(result) if is_recorded else tuple(_add_shared_evidence(result))


def _add_shared_evidence(exchanges: Sequence[HarExchange]) -> Iterator[HarExchange]:
    """The exchanges with what the others show, which can't be known from a masked file."""
    from sickbay.doctor.pieces.known import compare_exchanges  # only a HAR file needs it

    inputs = compare_exchanges([exchange.inputs for exchange in exchanges])
    return (exchange._replace(inputs=each) for exchange, each in zip(exchanges, inputs, strict=True))


def _find_sent_state(states: Sequence[str], exchange: Json) -> str:
    """The state that came back, if an earlier request sent it: logins may overlap. Otherwise the latest; "" without one."""
    returned = parse(exchange["query"]).get("state") or ""
    return returned if returned in states else "".join(states[-1:])


def _is_recorded(document: Json) -> bool:
    """Whether Sickbay wrote the file, from its journal."""
    creator = document["log"].get("creator")
    return isinstance(creator, dict) and creator.get("name") == "Sickbay"


def _fill_masks(value: Any) -> Any:
    """The value with x instead of what was masked."""
    if isinstance(value, str):
        return _MASK.sub(lambda mask: (mask[1] or "").ljust(min(int(mask[2] or mask[3]), MASK_CHARACTERS), "x"), value)
    return {name: _fill_masks(member) for name, member in value.items()} if isinstance(value, dict) else value


def _error_answers(exchange: Json, *, launch: bool) -> tuple[ErrorAnswer, ...]:
    scheme, _, rest = exchange["url"].partition("://")
    decoration = _DECORATION.search(rest.partition("?")[0]) and not launch
    if scheme.lower() not in ("http", "https") or decoration or exchange["answer_headers"].keys() >= _WAIT_PAGE:
        return ()
    return find_in_exchange(exchange["status"], exchange["answer_headers"], exchange["answer"], launch=launch)


def _is_entry(entry: Any) -> bool:
    request = entry.get("request") if isinstance(entry, dict) else None
    return isinstance(request, dict) and isinstance(request.get("url"), str) and "://" in request["url"]


def _read_plain(entry: Json) -> dict[str, Any]:
    request, response = entry["request"], entry.get("response") or {}
    response = response if isinstance(response, dict) else {}
    method, url = str(request.get("method") or "GET").upper(), request["url"]
    return {
        "method": method,
        "url": url,
        "query": url.partition("#")[0].partition("?")[2],
        "headers": _headers_by_name(request.get("headers")),
        "body": _read_post(request.get("postData")),
        "status": _status_number(response.get("status")),
        "answer_headers": _headers_by_name(response.get("headers")),
        "answer": _content_text(response.get("content")),
    }


def _status_number(status: Any) -> int:
    """0 if there was no response. Some tools write the status as text."""
    match = re.match(r"\s*(\d{1,3})\b", str(status))
    return int(match[1]) if match else 0


def _headers_by_name(entries: Any) -> dict[str, str]:
    """The headers by name, in lower case. The pseudo-headers of HTTP/2, which start with a colon, are left out."""
    headers = [header for header in entries if isinstance(header, dict)] if isinstance(entries, list) else []
    pairs = ((str(header.get("name", "")).lower(), str(header.get("value", ""))) for header in headers)
    return {name: value for name, value in pairs if name and not name.startswith(":")}


def _read_post(data: Any) -> str:
    """The body as text. If the browser saved only parameters (decoded in Chromium, encoded in Firefox), they become a form."""
    if not isinstance(data, dict):
        return ""
    if isinstance(data.get("text"), str) and data["text"]:
        return str(data["text"])
    data = data.get("params")
    params = [param for param in data if isinstance(param, dict)] if isinstance(data, list) else []
    return "&".join(f"{param.get('name', '')}={param.get('value', '')}" for param in params)


def _content_text(content: Any) -> str | None:
    text = content.get("text") if isinstance(content, dict) else None
    if not isinstance(text, str):
        return None
    if content.get("encoding") != "base64":
        return text
    try:
        return base64.b64decode(text, validate=False).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return None


def _discovered_server(exchanges: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The server as the discovery documents describe it; empty if they disagree."""
    fetched = [exchange for exchange in exchanges if WELL_KNOWN in exchange["url"]]
    documents = [(exchange["url"].partition(WELL_KNOWN)[0], read_object(exchange["answer"])) for exchange in fetched]
    complete = [(base, document) for base, document in documents if "token_endpoint" in document]
    names = ("authorization_endpoint", "token_endpoint")
    if not complete or any(len({str(document.get(name)) for _, document in complete}) > 1 for name in names):
        return {}
    bases = list(dict.fromkeys(base for base, _ in complete))
    first = complete[0][1]
    return {"fhir_bases": bases} | {name: str(first[name]) for name in (*names, "issuer") if first.get(name)}


def _guessed_base(exchange: dict[str, Any]) -> dict[str, Any]:
    """The FHIR base URL: the part of the URL before the resource type. Used if there is no discovery document."""
    base = fhir_base_of(exchange["url"]) if is_fetched_fhir(request_of(exchange)) else ""
    return {"fhir_bases": [base]} if base else {}


def _inputs_of_exchange(exchange: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = kind_of(request_of(exchange), "file")
    if kind == "":
        return
    if kind == "smart_configuration":
        yield {
            "kind": kind,
            "url": exchange["url"],
            "status": exchange["status"],
            "body": exchange["answer"],
            "request_headers": exchange["headers"],
            "headers": exchange["answer_headers"],
        }
        return
    sent = {"method": exchange["method"], "url": exchange["url"], "headers": exchange["headers"]}
    if exchange["method"] == "GET" and kind.endswith("_url"):
        yield {"kind": kind, "url": exchange["url"]}
    elif exchange["method"] != "OPTIONS":
        yield {"kind": kind, **sent} | ({"body": exchange["body"]} if exchange["body"] else {})
    if kind == "token_request" and (members := read_object(exchange["answer"])):
        yield {"kind": "token_response", "json": members}
    if "origin" in exchange["headers"] or "sec-fetch-site" in exchange["headers"]:
        answer = {"status": exchange["status"], "headers": exchange["answer_headers"], "body": exchange["answer"]}
        yield {"kind": "http_exchange", "request": sent, "response": answer}


def request_of(exchange: Json) -> Request:
    types = exchange["headers"].get("accept", "") + exchange["answer_headers"].get("content-type", "")
    is_fhir = "fhir+" in types or "resourceType" in (exchange["answer"] or "")[:2000]
    return Request(exchange["url"].replace(" ", "%20"), exchange["method"], exchange["headers"], exchange["body"], is_fhir)
