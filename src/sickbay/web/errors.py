"""Responses to failures: of pages, of FHIR endpoints, and to requests for another host."""

from __future__ import annotations

import logging
from urllib.parse import urlsplit

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Send

from sickbay.protocol.nearby_hosts import nearby
from sickbay.settings.database import Unavailable
from sickbay.web import html_response, unreadable
from sickbay.web.http_request import UnreadableRequest, host_name, state_of
from sickbay.web.middleware.cors import cors
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link
from sickbay.web.population_pending import PopulationPending, population_pending_page

LOG = logging.getLogger("sickbay")
NOSNIFF = (b"x-content-type-options", b"nosniff")
"""Added to every response, so that no browser takes a text or JSON that quotes a request for a page."""
TWO_HOSTS = "The request has more than one Host header. Send one.\n"


async def page_error(request: Request, error: Exception) -> Response:
    """The response of a page that failed. For an error in Sickbay it contains only the id to look for in the log."""
    if isinstance(error, UnreadableRequest):
        try:
            return await unreadable.answered_openly(request, request.app.state.sandbox, error)
        except Unavailable as unavailable:
            error = unavailable
    if isinstance(error, PopulationPending):
        try:
            return await population_pending_page(request, error)
        except Unavailable as unavailable:
            error = unavailable
    if isinstance(error, HTTPException):  # raised by the router: no such method, no such file
        return PlainTextResponse(error.detail, error.status_code, error.headers)
    id = state_of(request.scope).exchange
    if isinstance(error, Unavailable):
        LOG.error("%s %s", id, error, extra={"correlation_id": id})
        response = _error_response(request, 503, error.title, error.detail)
        response.headers["retry-after"] = str(error.retry_after)
        return response
    LOG.error("%s failed", id, exc_info=error, extra={"correlation_id": id})
    return _error_response(request, 500, "Internal error in Sickbay", f"See its log for {id}.")


def _error_response(request: Request, status: int, title: str, text: str) -> Response:
    view = NoticeView(title=title, text=text, primary=Link("Go to the start page", "/"))
    return html_response.error_response(request, request.app.state.sandbox, status, title, text, view)


def add_retry_after(headers: list[tuple[bytes, bytes]]) -> None:
    """Every 503 says when to try again (RFC 9110 15.6.4), also if its handler forgot to."""
    if not any(name.lower() == b"retry-after" for name, _ in headers):
        headers.append((b"retry-after", str(Unavailable.retry_after).encode()))


async def send_fhir_error(send: Send, id: str, status: int, code: str, text: str, retry_after: int | None = None) -> None:
    """An OperationOutcome of severity fatal. retry_after: seconds for Retry-After, if trying again may help."""
    issue = {"severity": "fatal", "code": code, "diagnostics": text}
    body = orjson.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    headers = [
        (b"content-type", b"application/fhir+json"),
        (b"x-correlation-id", id.encode()),
        *cors(None),
        *([(b"retry-after", str(retry_after).encode())] if retry_after is not None else []),
        (b"content-length", str(len(body)).encode()),
        NOSNIFF,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def wrong_host(base: str, host: str) -> str:
    """How to reach this Sickbay under another name. A phone, an emulator or a container has a name of its own for it."""
    name = host_name(host)
    found = nearby(name)
    if found is None:
        return f"Sickbay’s address is {base}. To allow another host name, start it with --allowed-host NAME.\n"
    own = urlsplit(base)
    port = own.port or (443 if own.scheme == "https" else 80)
    listens = "--host 0.0.0.0 " if found.listens else ""
    forward = f"Or keep {base}, and forward its port: adb reverse tcp:{port} tcp:{port}\n"
    return (
        f"Sickbay’s address is {base}, but this request names {name}: {found.meaning}.\n"
        f"To use this address everywhere, start Sickbay with: {listens}--base-url {own.scheme}://{host.lower()}\n"
        f"{forward if found.forwards else ''}"
        f"To accept the name without using it in links and tokens, add: --allowed-host {name}\n"
        f"See {base}/docs/how-to/phones-and-emulators.html\n"
    )


async def send_wrong_host(send: Send, base: str, id: str, host: str) -> None:
    """421; 400 if there are two Host headers (RFC 9112 3.2). host: the Host header."""
    twice = "," in host
    body = (TWO_HOSTS if twice else wrong_host(base, host)).encode()
    headers = [
        (b"content-type", b"text/plain; charset=utf-8"),
        (b"x-correlation-id", id.encode()),
        (b"content-length", str(len(body)).encode()),
        NOSNIFF,
    ]
    await send({"type": "http.response.start", "status": 400 if twice else 421, "headers": headers})
    await send({"type": "http.response.body", "body": body})
