"""Turns every exception of a request into its response: an OperationOutcome below a FHIR base, otherwise a page or JSON."""

from __future__ import annotations

import logging
from contextlib import suppress

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from sickbay.sandbox.sandbox import Sandbox
from sickbay.services import runtime_settings
from sickbay.services.app_limits import AppTooLarge
from sickbay.services.context import Runtime
from sickbay.services.registration import AppRemoved
from sickbay.services.throttle import Throttled
from sickbay.settings.database import Unavailable
from sickbay.storage.resets import WasReset
from sickbay.web import html_response
from sickbay.web.admin.wrong import Wrong
from sickbay.web.fhir.public import NotFhir
from sickbay.web.http_request import UnreadableRequest, check_target, get_first_segment, state_of
from sickbay.web.middleware import throttling, unreadable
from sickbay.web.middleware.cors import allow_origins, list_cors_headers
from sickbay.web.middleware.page_headers import ID_HEADER, NOSNIFF
from sickbay.web.pages.notice import NoticeView
from sickbay.web.pages.parts import Link
from sickbay.web.population_pending import PopulationPending, population_pending_page

LOG = logging.getLogger("sickbay")


class FhirFailures:
    """Below a FHIR base. The endpoint itself answers what it can't read, in the format of the request.

    pages: answers the requests that raise NotFhir.
    """

    def __init__(self, app: ASGIApp, runtime: Runtime, pages: ASGIApp) -> None:
        self._app, self._runtime, self._pages = app, runtime, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            return await self._app(scope, receive, send)
        except NotFhir:
            pass
        except ClientDisconnect:
            return
        except Exception as error:
            return await self._respond_to_failure(scope["state"].exchange, send, error)
        await self._pages(scope, receive, send)

    async def _respond_to_failure(self, id: str, send: Send, error: Exception) -> None:
        if isinstance(error, Unavailable):
            await notice_reset(self._runtime, error)
            LOG.error("%s %s", id, error, extra={"correlation_id": id})
            await send_fhir_error(send, id, 503, "transient", error.detail, error.retry_after)
        else:
            LOG.error("%s failed", id, exc_info=error, extra={"correlation_id": id})
            await send_fhir_error(send, id, 500, "exception", f"Internal error in Sickbay. Its log has the details under {id}.")


class PageFailures:
    """At all other addresses. A failure after the response began can only end the connection."""

    def __init__(self, app: ASGIApp, runtime: Runtime) -> None:
        self._app, self._runtime = app, runtime

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            check_target(scope)
            await self._app(scope, receive, send)
        except ClientDisconnect:
            return
        except Exception as error:
            if scope["state"].is_answered:
                raise
            await notice_reset(self._runtime, error)
            request = Request(scope, receive, send)
            response = await page_error(request, error)
            await response(scope, receive, send)


async def notice_reset(runtime: Runtime, error: Exception) -> None:
    """Another process may have reset the data. A single worker doesn't look for that at every request."""
    if isinstance(error, WasReset):
        with suppress(Unavailable):
            await runtime_settings.refresh_settings(runtime)


async def page_error(request: Request, error: Exception) -> Response:
    """The response at an address that isn't FHIR. For an error in Sickbay it contains only the id to look for in the log."""
    try:
        expected = await _respond_to_expected(request, error)
    except Unavailable as unavailable:
        expected, error = None, unavailable
    if expected is not None:
        return expected
    state = state_of(request.scope)
    id = state.exchange
    if isinstance(error, Unavailable):
        LOG.error("%s %s", id, error, extra={"correlation_id": id})
        response = _error_response(request, 503, error.title, error.detail)
        response.headers["retry-after"] = str(error.retry_after)
    else:
        LOG.error("%s failed", id, exc_info=error, extra={"correlation_id": id})
        response = _error_response(request, 500, "Internal error in Sickbay", f"See its log for {id}.")
    if state.open_to:
        response.raw_headers.extend(list_cors_headers(request.headers.get("origin")))
    return response


async def _respond_to_expected(request: Request, error: Exception) -> Response | None:
    """The response to an exception that a handler raises on purpose; None for any other."""
    sandbox: Sandbox = request.app.state.sandbox
    if isinstance(error, UnreadableRequest):
        return await unreadable.respond_with_cors(request, sandbox, error)
    tenant = sandbox.runtime.tenants.get(get_first_segment(request.scope))
    if isinstance(error, Throttled) and tenant is not None:
        return await allow_origins(request, sandbox, await throttling.refuse_too_many_failures(request, sandbox, tenant, error))
    if isinstance(error, PopulationPending):
        return await population_pending_page(request, error)
    if isinstance(error, Wrong):
        return error.response
    if isinstance(error, AppTooLarge):
        return _error_response(request, 422, "This app can't be stored", str(error))
    if isinstance(error, AppRemoved):
        return _error_response(request, 404, "This app was removed", "It was removed at the same time. Nothing was stored.")
    if isinstance(error, HTTPException):  # raised by the router: no such method, no such file
        return PlainTextResponse(error.detail, error.status_code, error.headers)
    return None


def _error_response(request: Request, status: int, title: str, text: str) -> Response:
    view = NoticeView(title=title, text=text, primary=Link("Go to the start page", "/"))
    return html_response.error_response(request, request.app.state.sandbox, status, title, text, view)


async def send_fhir_error(send: Send, id: str, status: int, code: str, text: str, retry_after: int | None = None) -> None:
    """An OperationOutcome of severity fatal. retry_after: seconds for Retry-After, if trying again may help."""
    issue = {"severity": "fatal", "code": code, "diagnostics": text}
    body = orjson.dumps({"resourceType": "OperationOutcome", "issue": [issue]})
    headers = [
        (b"content-type", b"application/fhir+json"),
        (ID_HEADER, id.encode()),
        *list_cors_headers(None),
        *([(b"retry-after", str(retry_after).encode())] if retry_after is not None else []),
        (b"content-length", str(len(body)).encode()),
        NOSNIFF,
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
