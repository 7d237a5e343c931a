"""Answers the requests to a FHIR base: read the request, route, authorize, handle, format, record, respond.

A plain ASGI function, since a framework's routing would cost more than reading a resource.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from msgspec import structs

from sickbay.authorization.origin import is_withheld
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.body import Body
from sickbay.fhir.media import negotiate
from sickbay.fhir.routing import Misrouted, Route, add_suggestion, route_without_suggestions
from sickbay.fhir.search.query import Query
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.budget import HELD, yield_if_slice_is_over
from sickbay.kernel.checks import UNKNOWN, Unknown
from sickbay.sandbox.population_loader import NEVER
from sickbay.services import runtime_settings
from sickbay.services.access import AccessResult, find_cached_context, load_context
from sickbay.services.access import examine_access as decide_access
from sickbay.services.empty_searches.explain import explain_soon
from sickbay.services.journal.write import Exchange, RecordedRequest, RecordedResponse
from sickbay.services.request_metrics import Kind
from sickbay.services.token_cache import BearerContext
from sickbay.web.fhir import binary, public, unknown_sender
from sickbay.web.fhir.context import FhirBase, FhirContext
from sickbay.web.fhir.interactions import batch, create, delete, history, patch, read, search, update, vread
from sickbay.web.fhir.operations import OPERATIONS, export
from sickbay.web.fhir.refusals import make_refusal_response
from sickbay.web.fhir.request import (
    LARGE,
    PARSED,
    BodyRejected,
    access_request,
    is_bulky,
    parse_body,
    query_of,
    receive_body,
    request_errors_of,
    text_of,
)
from sickbay.web.fhir.response import FhirResponse, Headers, negotiate_format
from sickbay.web.http_request import RequestState, UnreadableRequest, check_target, get_peer, raw_path
from sickbay.web.http_request import query_of as parameters_of
from sickbay.web.middleware import cors as middleware_cors
from sickbay.web.middleware import unreadable

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]
Handler: TypeAlias = Callable[[FhirContext, AccessRequest], Awaitable[FhirResponse]]
Result: TypeAlias = tuple[FhirResponse, AccessResult]
Perform: TypeAlias = Callable[[FhirBase, AccessRequest, Route | Misrouted, bytes, BearerContext | None], Awaitable[Result]]


class Api(NamedTuple):
    """The API below a base: FHIR, or app state. public: the response to a request that needs no token, otherwise None. Such
    requests name no resource type. perform: decides on a request and responds to it. addressed: changes the request if the API
    isn't served at the URL of the base.
    """

    public: Callable[[FhirBase, Route | Misrouted, str, Mapping[str, str]], FhirResponse | None]
    perform: Perform
    addressed: Callable[[FhirBase, AccessRequest], AccessRequest] | None = None


KINDS: Final[dict[str, Kind]] = {
    "read": "fhir_read",
    "vread": "fhir_read",
    "search-type": "fhir_search",
    "search-system": "fhir_search",
    "search-compartment": "fhir_search",
    "create": "fhir_write",
    "update": "fhir_write",
    "patch": "fhir_write",
    "delete": "fhir_write",
    "batch": "fhir_write",
}
"""Maps an interaction to its kind in the metrics. All others, such as histories and exports, are "fhir_other"."""
BODILESS = frozenset(("GET", "HEAD", "DELETE"))
ALWAYS = ((b"cache-control", b"no-store"), (b"vary", b"Origin, Accept, Authorization"), (b"x-content-type-options", b"nosniff"))
PIECE = 131_072
"""Maximum number of bytes sent at once."""
LARGE_PUBLIC_BODY = 50_000
"""Minimum size in bytes of a public body, such as a CapabilityStatement, that is formatted on a thread."""
SHAPING = frozenset(("_format", "_pretty"))
"""Parameters that ask for another format than compact JSON."""


async def serve(api: Api, base: FhirBase, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request, even one that can't be read, with CORS headers."""
    state: RequestState = scope["state"]
    try:
        check_target(scope)
        response = await _respond_to_request(api, base, scope, receive)
    except UnreadableRequest as error:
        refusal = await unreadable.respond_in_fhir(scope, base.sandbox, base.tenant, base.version, error)
        response = convert_format(base, scope, refusal)
    except BodyRejected as error:
        response = convert_format(base, scope, error.response)
    cors = middleware_cors.lines_without_origin(base.tenant, state)
    if cors is None:
        cors = await middleware_cors.allow_reading(base.sandbox, base.tenant, state, scope["method"])
        if middleware_cors.is_preflight(scope["method"], state.headers):
            url = f"{base.url}{raw_path(scope)[len(base.path) :]}"
            middleware_cors.keep_preflight(base.sandbox, base.tenant, scope, url, cors)
    await _send_response(send, scope["method"], response, cors, state.exchange)


async def _respond_to_request(api: Api, base: FhirBase, scope: Scope, receive: Receive) -> FhirResponse:
    """Route a request, decide on it, carry it out and record it. Raises NotFhir, UnreadableRequest and BodyRejected."""
    state: RequestState = scope["state"]
    path = raw_path(scope)[len(base.path) :]
    routed = route_without_suggestions(base.version, scope["method"], path)
    state.kind = KINDS.get(routed.interaction, "fhir_other")
    if routed.type is None and (response := await _respond_without_type(api, base, scope, path, routed)) is not None:
        return response
    runtime, filling, tenant = base.sandbox.runtime, base.sandbox.filling, base.tenant
    header, now = state.headers.get("authorization", ""), int(runtime.effects.now())
    holder = find_cached_context(runtime, base.url, header)
    if holder is None:
        holder = await load_context(runtime, tenant, base.version, base.url, header)
    if (holder.token is None or holder.server is not tenant.server or now >= holder.token.expires_at) and (
        turned_away := await unknown_sender.refuse_unknown_sender(base, scope, receive, path, routed, holder)
    ):
        await runtime_settings.check_reset(runtime)
        return turned_away
    if isinstance(routed, Misrouted):
        routed = add_suggestion(base.version, routed)
    if runtime.shared or now not in filling.current.get(base.space, NEVER):
        await filling.ensure(base.space)
        holder = None
    if scope["method"] in BODILESS:
        request = _make_access_request(api, base, scope, path, routed, "")
        response, access = await api.perform(base, request, routed, b"", holder)
    else:
        request, response, access = await _answer_with_body(api, base, scope, receive, path, routed)
    parameters = request.parameters
    if "xml" in request.headers.get("accept", "") or (parameters.pairs and not SHAPING.isdisjoint(parameters.sent)):
        response = await _format_response(base, request, response)
    exchange = _exchange_of_request(base, scope, request, response, access)
    if access.decision.refusal is None:
        base.sandbox.journal.hold(exchange)
        if response.empty is not None:
            response.empty.id = exchange.id
            explain_soon(runtime, response.empty)
    else:
        await runtime_settings.check_reset(runtime)  # it may have deleted the token since the request began
        state.withheld = is_withheld(access.decision.examination)
        await base.sandbox.journal.write(exchange)
    return response


async def _respond_without_type(
    api: Api, base: FhirBase, scope: Scope, path: str, routed: Route | Misrouted
) -> FhirResponse | None:
    """The response to a request that names no resource type, if it needs no token. Raises NotFhir."""
    if routed.interaction == "capabilities":
        await base.documents.prepare(base.tenant, base.version)
    response = api.public(base, routed, path, scope["state"].headers)
    if response is None:
        return None
    if routed.interaction in public.LOOKED_UP and scope["method"] in ("GET", "HEAD"):
        public.record_discovery(base, scope, path, response)
    return await _convert_format(base, scope, response)


def _make_access_request(
    api: Api, base: FhirBase, scope: Scope, path: str, routed: Route | Misrouted, body: str
) -> AccessRequest:
    query = scope["query_string"].decode("latin-1")
    request = access_request(base, scope["method"], query, scope["state"].headers, path, routed, body)
    return request if api.addressed is None else api.addressed(base, request)


async def _answer_with_body(
    api: Api, base: FhirBase, scope: Scope, receive: Receive, path: str, routed: Route | Misrouted
) -> tuple[AccessRequest, FhirResponse, AccessResult]:
    """Refuse a client without permission before a large body is received. The server drops the rest of the body."""
    headers = scope["state"].headers
    if is_bulky(headers):
        request = _make_access_request(api, base, scope, path, routed, "")
        refusal = await _refusal_before_the_body(base, request, routed)
        if refusal is not None:
            return request, make_refusal_response(base.version, base.url, refusal), refusal
    raw = await receive_body(base.version, receive, headers, routed)
    request = _make_access_request(api, base, scope, path, routed, text_of(raw, routed))
    if len(raw) <= LARGE:
        return request, *await api.perform(base, request, routed, raw, None)
    async with base.sandbox.bodies.hold(len(raw)):
        return request, *await api.perform(base, request, routed, raw, None)


async def _refusal_before_the_body(base: FhirBase, request: AccessRequest, routed: Route | Misrouted) -> AccessResult | None:
    """The refusal of a client that may not send this request at all, decided before a large body is received."""
    media = negotiate(base.version, request.headers.get("accept"), request.parameters.get("_format"))
    faults = request_errors_of(base.version, routed, media, None)
    result = await decide_access(base.sandbox.runtime, base.tenant, base.version, request, faults, unread=True)
    refusal = result.decision.refusal
    return result if refusal is not None and refusal.status in (401, 403) else None


async def perform(
    base: FhirBase, request: AccessRequest, routed: Route | Misrouted, raw: bytes, holder: BearerContext | None = None
) -> Result:
    """Decide on one request, or on one entry of a Bundle, and respond to it. raw: the body as received.

    holder: the token, if it has just been loaded. An older one may have been revoked since.
    """
    is_raw = request.type == "Binary" and binary.is_raw(request)
    if is_raw or request.interaction == "export-file":  # the response isn't a resource, so Accept isn't about its format
        request = structs.replace(request, headers={**request.headers, "accept": VERSIONS[base.version].json})
    parameters = request.parameters
    format = parameters.get("_format") if parameters.pairs and "_format" in parameters.sent else None
    media = negotiate(base.version, request.headers.get("accept"), format)
    query = query_of(base, request, routed)
    condition = query if isinstance(query, Query) else None
    faults = request_errors_of(base.version, routed, media, query)
    body: Body | Unknown = UNKNOWN
    if request.interaction in PARSED:
        body = parse_body(base, request, raw) if len(raw) <= LARGE else await asyncio.to_thread(parse_body, base, request, raw)
    ignored = condition.ignored if condition is not None else ()
    access = await decide_access(base.sandbox.runtime, base.tenant, base.version, request, faults, body, ignored, holder=holder)
    if access.decision.refusal is not None:
        if len(raw) > LARGE:
            await asyncio.to_thread(access.decision.explain)  # reads the corrected request, with its body, once more
        response = make_refusal_response(base.version, base.url, access)
        if isinstance(routed, Misrouted) and response.status == 405:
            response = structs.replace(response, headers=[*response.headers, *routed.allow])
        return response, access
    assert isinstance(routed, Route)  # a fault of the path is refused above
    content = [(b"content-type", (media.content_type or "").encode())]
    context = FhirContext(base, access, routed, condition, content)
    response = await INTERACTIONS[routed.interaction](context, request)
    return binary.content_of(response) if is_raw else response, response.access or access


async def _run_batch(context: FhirContext, request: AccessRequest) -> FhirResponse:
    return await batch.handle(context, request, perform)


async def _run_operation(context: FhirContext, request: AccessRequest) -> FhirResponse:
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
    "batch": _run_batch,
    "operation": _run_operation,
    "export-status": export.show_status,
    "export-cancel": export.cancel,
    "export-file": export.send_file,
    "capabilities": public.capabilities_entry,
    "discovery": public.discovery_entry,
}
"""The handler of each interaction, by the name that fhir.routing gives it."""


def convert_format(base: FhirBase, scope: Scope, response: FhirResponse) -> FhirResponse:
    """Format a response that needed no decision, as JSON or XML."""
    parameters = parameters_of(scope)
    media = negotiate(base.version, scope["state"].headers.get("accept"), parameters.get("_format"))
    return negotiate_format(base.version, response, media, parameters)


async def _convert_format(base: FhirBase, scope: Scope, response: FhirResponse) -> FhirResponse:
    """The same, on a thread if a large body has to be converted."""
    parameters = parameters_of(scope)
    media = negotiate(base.version, scope["state"].headers.get("accept"), parameters.get("_format"))
    if len(response.body) <= LARGE_PUBLIC_BODY or not (media.xml or parameters.get("_pretty") == "true"):
        return negotiate_format(base.version, response, media, parameters)
    async with base.sandbox.shaping.hold(len(response.body)):
        return await asyncio.to_thread(negotiate_format, base.version, response, media, parameters)


async def _format_response(base: FhirBase, request: AccessRequest, response: FhirResponse) -> FhirResponse:
    """Format the response as the client requested. Large bodies are converted on a thread."""
    parameters, size = request.parameters, len(response.body)
    media = negotiate(base.version, request.headers.get("accept"), parameters.get("_format"))
    if size <= LARGE:
        return negotiate_format(base.version, response, media, parameters)
    with HELD.of(size):
        async with base.sandbox.shaping.hold(size):
            return await asyncio.to_thread(negotiate_format, base.version, response, media, parameters)


def _exchange_of_request(
    base: FhirBase, scope: Scope, request: AccessRequest, response: FhirResponse, access: AccessResult
) -> Exchange:
    """The exchange to record: a refusal is written before the response, a granted request with the next batch."""
    state: RequestState = scope["state"]
    decision = access.decision
    body = request.body if response.status >= 400 else ""
    return Exchange(
        state.exchange,
        base.sandbox.runtime.effects.now(),
        base.space.tenant,
        decision.stage.name,
        access.client_id,
        "" if state.resent_from else access.timeline,
        RecordedRequest(scope["method"], request.url, state.headers, body, get_peer(scope)),
        RecordedResponse(
            response.status,
            response.headers,
            response.body.decode() if response.loggable else None,
            len(response.body) if response.stream is None else None,
        ),
        decision,
        None if decision.refusal is None else decision.explain(),
        injected=state.injected,
        seconds=state.seconds(),
        resent_from=state.resent_from,
    )


async def _send_response(send: Send, method: str, response: FhirResponse, cors: Sequence[tuple[bytes, bytes]], id: str) -> None:
    """cors: the headers that let a page read the response. id: that of the exchange."""
    body = response.body
    headers = [*response.headers, *cors, (b"x-correlation-id", id.encode()), *ALWAYS]
    if response.stream is not None:
        await _send_stream(send, method, response.status, headers, response.stream)
        return
    if response.status not in (204, 304):
        headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if len(body) > PIECE and method != "HEAD":
        await _send_in_pieces(send, body)
    else:
        await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


async def _send_in_pieces(send: Send, body: bytes) -> None:
    """Send at the client's pace. The body stays in memory, and is counted, until the last byte is sent."""
    with HELD.of(len(body)):
        for start in range(0, len(body), PIECE):
            end = start + PIECE
            await send({"type": "http.response.body", "body": body[start:end], "more_body": end < len(body)})


async def _send_stream(send: Send, method: str, status: int, headers: Headers, pieces: AsyncIterator[bytes]) -> None:
    """Send each piece as it is generated: a file of an export may be larger than memory."""
    await send({"type": "http.response.start", "status": status, "headers": headers})
    if method != "HEAD":
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await yield_if_slice_is_over()
    await send({"type": "http.response.body", "body": b""})


def _respond_to_public_request(
    base: FhirBase, routed: Route | Misrouted, path: str, headers: Mapping[str, str]
) -> FhirResponse | None:
    return public.public_response(base, routed, path, headers) if routed.interaction in public.MAYBE_PUBLIC else None


FHIR: Final = Api(_respond_to_public_request, perform)
