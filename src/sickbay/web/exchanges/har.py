"""Writes the exchanges of a launch as a HAR file (HTTP Archive 1.2), which browsers and `sickbay doctor` read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from sickbay import __version__
from sickbay.kernel import english
from sickbay.kernel.english import count
from sickbay.protocol.parameters import parse
from sickbay.services.journal import outcomes
from sickbay.web.exchanges.timeline_steps import describe_evidence

PAGE: Final = "launch"
"""The id of the only page of the file."""
MASKED: Final = "Secrets and patient data are masked, as on Sickbay’s pages."


def make_har(title: str, exchanges: Sequence[Mapping[str, Any]], left_out: int = 0) -> dict[str, Any]:
    """A HAR document. exchanges: with all members, redacted, oldest first. left_out: how many more the launch has."""
    more = (
        f" {count(left_out, 'more exchange')} of the launch {'is' if left_out == 1 else 'are'} not in this file."
        if left_out
        else ""
    )
    begin = english.format_iso(exchanges[0]["at"] if exchanges else 0)
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "Sickbay", "version": __version__},
            "pages": [{"startedDateTime": begin, "id": PAGE, "title": title, "pageTimings": {}}],
            "entries": [_har_entry(exchange) for exchange in exchanges],
            "comment": f"{MASKED}{more}",
        }
    }


def _har_entry(exchange: Mapping[str, Any]) -> dict[str, Any]:
    milliseconds = float(exchange.get("milliseconds") or 0)
    said = (outcomes.describe_problem(exchange), describe_evidence(exchange))
    return {
        "pageref": PAGE,
        "startedDateTime": english.format_iso(exchange["at"]),
        "time": milliseconds,
        "request": _har_request(exchange.get("request") or {}),
        "response": _har_response(exchange),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": ". ".join(filter(None, (f"Exchange {exchange['id']}", *(text.rstrip(".") for text in said)))),
    }


def _har_request(request: Mapping[str, Any]) -> dict[str, Any]:
    url, body = str(request.get("url") or ""), str(request.get("body") or "")
    headers = request.get("headers") or {}
    query = parse(urlsplit(url).query)
    sent = {
        "method": str(request.get("method") or "GET"),
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _name_value_pairs(headers.items()),
        "queryString": _name_value_pairs(query),
        "headersSize": -1,
        "bodySize": len(body.encode()),
    }
    kind = _header_value(headers, "content-type")
    return sent | ({"postData": {"mimeType": kind or "application/octet-stream", "params": [], "text": body}} if body else {})


def _har_response(exchange: Mapping[str, Any]) -> dict[str, Any]:
    response = exchange.get("response") or {}
    body, headers = str(response.get("body") or ""), response.get("headers") or {}
    size = exchange.get("size")
    content = {"size": len(body.encode()) if size is None else int(size), "mimeType": _header_value(headers, "content-type")}
    return {
        "status": int(response.get("status") or 0),
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _name_value_pairs(headers.items()),
        "content": content | ({"text": body} if body else {}),
        "redirectURL": outcomes.get_location(exchange),
        "headersSize": -1,
        "bodySize": -1,
    }


def _header_value(headers: Mapping[str, Any], name: str) -> str:
    return next((str(value) for key, value in headers.items() if key.lower() == name), "")


def _name_value_pairs(pairs: Any) -> list[dict[str, str]]:
    return [{"name": str(name), "value": str(value)} for name, value in pairs]
