"""Sends HTTP requests with the standard library, so that the plugin adds no dependency to the tests of an app."""

from __future__ import annotations

import json
from collections.abc import Mapping
from email.message import Message
from http.client import HTTPException
from typing import Any, NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

RESPONSE_SECONDS = 180.0
"""Maximum seconds to wait for a response. The first request to a hospital creates its patients."""


class SickbayError(AssertionError):
    """Sickbay refused a request of the test itself, or doesn't answer. The message has the problem and the findings."""


class HttpResponse(NamedTuple):
    """headers: their names are compared without regard to case."""

    url: str
    status: int
    headers: Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


class HttpClient:
    """Sends requests to one server. Doesn't follow redirects, and ignores proxies. Can be used by several threads."""

    def __init__(self, base: str, headers: Mapping[str, str] | None = None) -> None:
        self.base = base.rstrip("/")
        self._headers = dict(headers or {})
        self._opener = _opener_without_redirects()

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, body: bytes | None = None
    ) -> HttpResponse:
        """Sends a request to a path of the server. Raises SickbayError if it doesn't answer."""
        try:
            request = Request(self.base + path, body, self._headers | dict(headers or {}), method=method)
            with self._opener.open(request, timeout=RESPONSE_SECONDS) as response:
                return HttpResponse(self.base + path, response.status, response.headers, response.read())
        except HTTPError as error:  # any status that isn't 2xx
            with error:
                return HttpResponse(self.base + path, error.code, error.headers, error.read())
        except (OSError, ValueError, HTTPException) as error:
            raise SickbayError(f"Sickbay at {self.base} doesn't answer: {getattr(error, 'reason', None) or error}") from error

    def get(self, path: str, query: Mapping[str, str] | None = None, **headers: str) -> HttpResponse:
        return self.send("GET", f"{path}?{urlencode(query)}" if query else path, headers=headers)

    def send_json(self, method: str, path: str, value: Any) -> HttpResponse:
        return self.send(method, path, headers={"Content-Type": "application/json"}, body=json.dumps(value).encode())

    def send_form(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> HttpResponse:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", path, headers=form | dict(headers), body=urlencode(fields).encode())


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *arguments: Any) -> None:
        """Returns nothing, so that the redirect itself is the response."""


def _opener_without_redirects() -> OpenerDirector:
    return build_opener(ProxyHandler({}), _NoRedirects())
