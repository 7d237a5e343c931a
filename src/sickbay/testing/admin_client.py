"""Sends JSON to /admin: what the fixture registers, launches and changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .http_client import HttpClient, HttpResponse, SickbayError


class AdminClient:
    """Sends JSON to /admin. Each method returns the JSON of the response, None if it is empty, and raises SickbayError."""

    def __init__(self, http: HttpClient) -> None:
        self._http = http

    def get(self, path: str, **query: str) -> Any:
        return _read_response(self._http.get(path, query, Accept="application/json"))

    def post(self, path: str, body: dict[str, Any] | None = None) -> Any:
        return _read_response(self._http.send_json("POST", path, body or {}))

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        return _read_response(self._http.send_json("PATCH", path, body))

    def delete(self, path: str) -> Any:
        return _read_response(self._http.send("DELETE", path))


def _read_response(response: HttpResponse) -> Any:
    if not response.is_success:
        raise SickbayError(describe_problem(response))
    return json.loads(response.body) if response.body else None


def describe_problem(response: HttpResponse) -> str:
    """The problem details of a refused request in one text (RFC 9457)."""
    try:
        details = json.loads(response.body)
        sentence = details.get("detail") or details.get("title") or f"status {response.status}"
        lines = [sentence, *(_describe_finding(finding, sentence) for finding in details.get("findings") or ())]
    except (ValueError, AttributeError, KeyError, TypeError):  # the response isn't Sickbay's
        return f"{response.url} answered with status {response.status}"
    return "\n".join(map(str, lines))


def _describe_finding(finding: Mapping[str, Any], sentence: str) -> str:
    """Leaves out a title that the sentence before it already contains."""
    title = "" if finding["title"] in sentence else f"{finding['title']} "
    return f"{title}[{finding['id']}]: {finding['fix']}"


class Clock:
    """Moves the time of the server, so that codes, tokens and sessions expire without waiting."""

    def __init__(self, admin: AdminClient) -> None:
        self._admin = admin

    def advance(self, seconds: float) -> None:
        """Move it forward. It keeps running."""
        self._admin.post("/admin/clock", {"advance": seconds})

    def now(self) -> float:
        """The time in seconds since 1970."""
        return float(self._admin.get("/admin/clock")["now"])
