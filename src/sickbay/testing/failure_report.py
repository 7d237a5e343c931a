"""What a failed test shows: why Sickbay refused its requests, and its exchanges as files."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from sickbay.testing.sandbox_client import SandboxClient, SickbayError

MOST = 5
"""How many refusals are explained at most."""


def diagnosis(client: SandboxClient) -> str:
    """The explanations of the refused exchanges. "" if there are none, or if the server is gone."""
    try:
        refused = client.refusals()
    except (SickbayError, OSError, RuntimeError):
        return ""
    more = [f"… and {len(refused) - MOST} more"] if len(refused) > MOST else []
    return "\n\n".join([*(_brief(client.explanation(entry["id"])) for entry in refused[:MOST]), *more])


def _brief(explanation: str) -> str:
    """The explanation without the list of checks at its end."""
    return explanation.partition("\nChecks (")[0].rstrip()


def keep(client: SandboxClient, folder: Path, test: str) -> str:
    """Writes the exchanges of a test to FOLDER/TEST.har and a page for each refused one. Returns where they are."""
    name = re.sub(r"[^\w.-]+", "-", test).strip("-")[-150:]
    folder.mkdir(parents=True, exist_ok=True)
    exchanges = [client.admin.get(f"/exchanges/{exchange['id']}") for exchange in client.exchanges()][::-1]
    file = folder / f"{name}.har"
    file.write_text(json.dumps(har(exchanges), indent=1), encoding="utf-8")
    for entry in client.refusals():
        (folder / f"{name}-{entry['id']}.html").write_text(client.page(entry["id"]), encoding="utf-8")
    return f"{file} (examine it: sickbay doctor {file})"


def har(exchanges: list[dict[str, Any]]) -> dict[str, Any]:
    """Exchanges as HAR 1.2, with their secrets masked."""
    creator = {"name": "Sickbay", "version": "1"}
    return {"log": {"version": "1.2", "creator": creator, "entries": [_entry(exchange) for exchange in exchanges]}}


def _entry(exchange: dict[str, Any]) -> dict[str, Any]:
    request, response = exchange.get("request") or {}, exchange.get("response") or {}
    url, body = str(request.get("url") or ""), request.get("body")
    sent: dict[str, Any] = {
        "method": request.get("method") or "GET",
        "url": url,
        "httpVersion": "HTTP/1.1",
        "headers": _pairs(request.get("headers")),
        "queryString": [{"name": name, "value": value} for name, value in parse_qsl(urlsplit(url).query)],
        "cookies": [],
        "headersSize": -1,
        "bodySize": -1,
    }
    if body:
        sent["postData"] = {"mimeType": "application/x-www-form-urlencoded", "text": str(body)}
    return {
        "startedDateTime": datetime.fromtimestamp(float(exchange.get("at") or 0), UTC).isoformat(),
        "time": 0,
        "request": sent,
        "response": _received(response),
        "cache": {},
        "timings": {"send": 0, "wait": 0, "receive": 0},
    }


def _received(response: dict[str, Any]) -> dict[str, Any]:
    body = response.get("body")
    text = body if isinstance(body, str) else json.dumps(body) if body else ""
    return {
        "status": int(response.get("status") or 0),
        "statusText": "",
        "httpVersion": "HTTP/1.1",
        "headers": _pairs(response.get("headers")),
        "cookies": [],
        "content": {"size": len(text), "mimeType": "application/json", "text": text},
        "redirectURL": str((response.get("headers") or {}).get("location") or ""),
        "headersSize": -1,
        "bodySize": -1,
    }


def _pairs(headers: dict[str, Any] | None) -> list[dict[str, str]]:
    return [{"name": name, "value": str(value)} for name, value in (headers or {}).items()]
