"""Answers the requests to a FHIR base: read the request, route, authorize, handle, format, record, respond.

A plain ASGI function, since a framework's routing would cost more than reading a resource.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any, Final, TypeAlias

from sickbay.authorization.origin import withheld
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.media import negotiate
from sickbay.fhir.outcome import Issue
from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.fhir.search.query import Query
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.budget import HELD
from sickbay.services.access import AccessResult
from sickbay.services.journal.journal import Exchange, RecordedRequest, RecordedResponse
from sickbay.web import unreadable
from sickbay.web.fhir import binary, public
from sickbay.web.fhir.access_control import authorize, refusal_before_the_body
from sickbay.web.fhir.context import FhirBase, FhirContext
from sickbay.web.fhir.interactions import batch, create, delete, history, patch, read, search, update, vread
from sickbay.web.fhir.kinds import kind_of
from sickbay.web.fhir.operations import OPERATIONS, export
from sickbay.web.fhir.refusals import refused
from sickbay.web.fhir.request import LARGE, BodyRejected, access_request, is_bulky, query_of, receive_body, text_of
from sickbay.web.fhir.response import FhirResponse, issue_response, negotiate_format, send_response
from sickbay.web.http_request import UnreadableRequest, check_target, raw_path
from sickbay.web.http_request import query_of as parameters_of
from sickbay.web.middleware import cors as middleware_cors
from sickbay.web.request_state import RequestState

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Respond: TypeAlias = Callable[[FhirBase, Scope, Receive], Awaitable[FhirResponse]]
Handler: TypeAlias = Callable[[FhirContext, AccessRequest], Awaitable[FhirResponse]]
ToRequest: TypeAlias = Callable[[str], AccessRequest]
"""Builds the access request once the body is known."""
Result: TypeAlias = tuple[FhirResponse, AccessResult]
Perform: TypeAlias = Callable[[FhirBase, AccessRequest, Route | Misrouted, bytes], Awaitable[Result]]

BODILESS = frozenset(("GET", "HEAD", "DELETE"))
SHAPING = frozenset(("_format", "_pretty"))
"""Parameters that ask for another format than compact JSON."""


async def serve(base: FhirBase, scope: Scope, receive: Receive, send: Send) -> None:
    await serve_with(respond, base, scope, receive, send)


async def serve_with(respond: Respond, base: FhirBase, scope: Scope, receive: Receive, send: Send) -> None:
    """Run a handler with what every endpoint needs: responses to unreadable requests, CORS headers, and sending."""
    state: RequestState = scope["state"]
    try:
        check_target(scope)
        response = await respond(base, scope, receive)
    except UnreadableRequest as error:
        refusal = await unreadable.answered_in_fhir(scope, base.sandbox, base.tenant, base.version, error)
        response = in_format(base, scope, refusal)
    except BodyRejected as error:
        response = in_format(base, scope, error.response)
    cors = await middleware_cors.readable(base.sandbox, base.tenant, state)
    if scope["method"] == "OPTIONS" and middleware_cors.is_preflight(scope["method"], state.headers):
        url = f"{base.url}{raw_path(scope)[len(base.path) :]}"
        middleware_cors.keep_preflight(base.sandbox, base.tenant, state, url, cors)
    await send_response(send, scope["method"], response, cors, state.exchange)


async def respond(base: FhirBase, scope: Scope, receive: Receive) -> FhirResponse:
    """Route the request, and answer it. Raises NotFhir, Unreadable and BodyRejected."""
    method, path, headers = scope["method"], raw_path(scope)[len(base.path) :], scope["state"].headers
    routed = route(base.version, method, path)
    scope["state"].kind = kind_of(routed)
    if isinstance(routed, Misrouted) or routed.interaction in public.INTERACTIONS:
        response = public.public_response(base, routed, path, headers)
        if response is not None:
            return in_format(base, scope, response)
    query = scope["query_string"].decode("latin-1")

    def to_request(body: str) -> AccessRequest:
        return access_request(base, method, query, headers, path, routed, body)

    return await answer(base, scope, receive, routed, to_request, perform)


async def answer(
    base: FhirBase, scope: Scope, receive: Receive, routed: Route | Misrouted, to_request: ToRequest, perform: Perform
) -> FhirResponse:
    """Decide on a request, carry it out, and record it. Raises Unreadable and BodyRejected."""
    filling = base.sandbox.filling
    if not filling.is_ready(base.space):
        await filling.ensure(base.space)
    if scope["method"] in BODILESS:
        request = to_request("")
        response, access = await perform(base, request, routed, b"")
    else:
        request, response, access = await _answer_with_body(base, scope, receive, routed, to_request, perform)
    if "xml" in request.headers.get("accept", "") or not SHAPING.isdisjoint(request.parameters.sent):
        response = await _formatted(base, request, response)
    await record(base, scope, request, response, access)
    return response


async def _answer_with_body(
    base: FhirBase, scope: Scope, receive: Receive, routed: Route | Misrouted, to_request: ToRequest, perform: Perform
) -> tuple[AccessRequest, FhirResponse, AccessResult]:
    """Refuse a client that may not send this before a large body is received. The server drops the rest of the body."""
    headers = scope["state"].headers
    if is_bulky(headers):
        request = to_request("")
        refusal = await refusal_before_the_body(base, request, routed)
        if refusal is not None:
            return request, refused(base.version, base.url, refusal), refusal
    raw = await receive_body(base.version, receive, headers, routed)
    request = to_request(text_of(raw, routed))
    if len(raw) <= LARGE:
        return request, *await perform(base, request, routed, raw)
    async with base.sandbox.bodies.hold(len(raw)):
        return request, *await perform(base, request, routed, raw)


async def perform(base: FhirBase, request: AccessRequest, routed: Route | Misrouted, raw: bytes) -> Result:
    """Decide on one request, or on one entry of a Bundle, and respond to it. raw: the body as received."""
    is_raw = request.type == "Binary" and binary.is_raw(request)
    if is_raw or request.interaction == "export-file":  # the response isn't a resource, so Accept isn't about its format
        request = replace(request, headers={**request.headers, "accept": VERSIONS[base.version].json})
    format = request.parameters.get("_format") if request.parameters.pairs else None
    media = negotiate(base.version, request.headers.get("accept"), format)
    query = query_of(base, request, routed)
    access = await authorize(base, request, routed, media, query, raw)
    if access.decision.refusal is not None:
        return refused(base.version, base.url, access), access
    if isinstance(routed, Misrouted):
        return _misrouted(base, routed), access
    condition = query if isinstance(query, Query) else None
    content = [(b"content-type", (media.content_type or "").encode())]
    context = FhirContext(base, access, routed, condition, content)
    response = await INTERACTIONS[routed.interaction](context, request)
    return binary.content_of(response) if is_raw else response, response.access or access


async def _batch(context: FhirContext, request: AccessRequest) -> FhirResponse:
    return await batch.handle(context, request, perform)


async def _operation(context: FhirContext, request: AccessRequest) -> FhirResponse:
    return await OPERATIONS[context.route.operation or ""](context, request)


INTERACTIONS: Final[dict[str, Handler]] = {
    "read": read.handle,
    "vread": vread.handle,
    "search-type": search.handle,
    "search-system": search.handle,
    "search-compartment": search.handle,
    "create": create.handle,
    "update": update.handle,
    "patch": patch.handle,
    "delete": delete.handle,
    "history-instance": history.handle,
    "history-type": history.handle,
    "history-system": history.handle,
    "batch": _batch,
    "operation": _operation,
    "export-status": export.status,
    "export-cancel": export.cancel,
    "export-file": export.file,
    "capabilities": public.capabilities_entry,
    "discovery": public.discovery_entry,
}
"""The handler of each interaction, by the name that fhir.routing gives it."""


def _misrouted(base: FhirBase, routed: Misrouted) -> FhirResponse:
    if routed.status == 405:
        text = f"Here one may {' or '.join(routed.allowed)}."
        response = issue_response(base.version, 405, Issue("not-supported", text))
        return response._replace(headers=[*response.headers, *routed.allow])
    text = f"There is no such address under {base.url}."
    return issue_response(base.version, routed.status, Issue("not-found", text))


def in_format(base: FhirBase, scope: Scope, response: FhirResponse) -> FhirResponse:
    """Format a response that needed no decision, as JSON or XML."""
    parameters = parameters_of(scope)
    media = negotiate(base.version, scope["state"].headers.get("accept"), parameters.get("_format"))
    return negotiate_format(base.version, response, media, parameters)


async def _formatted(base: FhirBase, request: AccessRequest, response: FhirResponse) -> FhirResponse:
    """Format the response as the client asks. Large bodies are converted on a thread."""
    parameters, size = request.parameters, len(response.body)
    media = negotiate(base.version, request.headers.get("accept"), parameters.get("_format"))
    if size <= LARGE:
        return negotiate_format(base.version, response, media, parameters)
    with HELD.of(size):
        async with base.sandbox.shaping.hold(size):
            return await asyncio.to_thread(negotiate_format, base.version, response, media, parameters)


async def record(base: FhirBase, scope: Scope, request: AccessRequest, response: FhirResponse, access: AccessResult) -> None:
    """Record the exchange: a refusal is written before this returns, a granted request with the next batch."""
    state: RequestState = scope["state"]
    decision, journal = access.decision, base.sandbox.journal
    is_refused = decision.refusal is not None
    wire = RecordedRequest(scope["method"], request.url, state.headers, request.body if response.status >= 400 else "")
    recorded = RecordedResponse(response.status, response.headers, response.body.decode() if response.loggable else None)
    exchange = Exchange(
        state.exchange,
        base.sandbox.runtime.effects.now(),
        base.tenant.name,
        decision.stage.name,
        access.client_id,
        access.timeline,
        wire,
        recorded,
        decision,
        decision.explained() if is_refused else None,
    )
    if not is_refused:
        journal.hold(exchange)
        return
    state.withheld = withheld(decision.examination)
    await journal.write(exchange)
