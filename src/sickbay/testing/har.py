"""Writes exchanges as a HAR file, which browsers and `sickbay doctor` read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit


def make_har(exchanges: list[dict[str, Any]]) -> dict[str, Any]:
    """Exchanges as HAR 1.2, with their secrets masked."""
    creator = {"name": "Sickbay", "version": "1"}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_har_entry(exchange) for exchange in exchanges]}}


def _har_entry(exchange: dict[str, Any]) -> dict[str, Any]:
    request, response = exchange.get("request") or {}, exchange.get("response") or {}
    url, body = str(request.get("url") or ""), request.get("body")
    sent: dict[str, Any] = {
        "method": request.get("method") or "GET",
        "url": url,
        "httpVersion": "HTTP/1.1",
        "headers": _name_value_pairs(request.get("headers")),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query)],
        "cookies": [],
        "headersSize": -1,
        "bodySize": -1,
    }
    if body:
        sent["postData"] = {"mimeType": _media_type(request, "application/x-www-form-urlencoded"), "text": str(body)}
    return {
        "startedDateTime": datetime.fromtimestamp(float(exchange.get("at") or 0), UTC).isoformat(),
        "time": 0,
        "request": sent,
        "response": _describe_response(response),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
    }


def _describe_response(response: dict[str, Any]) -> dict[str, Any]:
    body = response.get("body")
    text = body if isinstance(body, str) else json.dumps(body) if body else ""
    return {
        "status": int(response.get("status") or 0),
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "headers": _name_value_pairs(response.get("headers")),
        "cookies": [],
        "content": {"size": len(text), "mimeType": _media_type(response, "application/json"), "text": text},
        "redirectURL": str((response.get("headers") or {}).get("location") or ""),
        "headersSize": -1,
        "bodySize": -1,
    }


def _media_type(message: dict[str, Any], default: str) -> str:
    return str((message.get("headers") or {}).get("content-type") or default)


def _name_value_pairs(headers: dict[str, Any] | None) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in (headers or {}).items()]
