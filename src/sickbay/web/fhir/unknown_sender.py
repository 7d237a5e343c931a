"""Turns away a FHIR request whose token isn't valid: before its parameters and its body are read, and explained afterwards."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from msgspec import structs

from sickbay.authorization.origin import is_withheld
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.explain import Explanation
from sickbay.fhir.media import Media, negotiate
from sickbay.fhir.outcome import Issue
from sickbay.fhir.routing import Misrouted, Route
from sickbay.protocol.parameters import Parameters, find_first_value, parse
from sickbay.services import unknown_sender
from sickbay.services.access import AccessResult
from sickbay.services.journal.write import Exchange, RecordedRequest, RecordedResponse
from sickbay.services.redaction.excerpt import UNKNOWN_SENDER, make_excerpt
from sickbay.services.token_cache import BearerContext
from sickbay.web.fhir.context import FhirBase
from sickbay.web.fhir.refusals import make_refusal_response
from sickbay.web.fhir.request import is_bulky, is_form, receive_body, request_errors_of, text_of
from sickbay.web.fhir.response import FhirResponse, negotiate_format
from sickbay.web.http_request import RequestState, get_peer

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Any]]
TOKEN: Final = "access_token"
HINTED_CHARACTERS: Final = 200
"""Maximum number of characters of a path in the link to the explorer."""


async def refuse_unknown_sender(
    base: FhirBase, scope: Scope, receive: Receive, path: str, routed: Route | Misrouted, holder: BearerContext
) -> FhirResponse | None:
    """The response to a request whose token isn't valid; None if it is valid.

    A body isn't received, unless it is a form, which may contain the token.
    """
    state: RequestState = scope["state"]
    query = scope["query_string"].decode("latin-1")
    media = negotiate(base.version, state.headers.get("accept"), find_first_value(query, "_format"))
    request = _strip_parameters(base, scope["method"], path, query, state.headers, routed)
    result = await _refuse_unknown_sender(base, request, routed, holder, media)
    if result is None:
        return None
    if scope["method"] == "POST" and is_form(state.headers) and not is_bulky(state.headers):
        body = text_of(await receive_body(base.version, receive, state.headers, routed), routed)
        request = structs.replace(request, body=body)
        if (token := find_first_value(body, TOKEN)) is not None:
            request = structs.replace(request, parameters=Parameters(((TOKEN, token),)))
            result = await _refuse_unknown_sender(base, request, routed, holder, media) or result
    findings = result.decision.refused_findings()
    response = make_refusal_response(
        base.version, base.url, result, findings, _hints_for_person(base, scope["method"], state.headers, path)
    )
    if media.xml or "_pretty" in query:
        shaping = Parameters((("_pretty", find_first_value(query, "_pretty") or ""),))
        response = negotiate_format(base.version, response, media, shaping)
    state.withheld = is_withheld(result.decision.examination)
    exchange = _exchange_to_record(base, scope, request, response, result, Explanation(findings, None))
    base.sandbox.journal.write_later(exchange, _explain_exchange)
    return response


def _hints_for_person(base: FhirBase, method: str, headers: Mapping[str, str], path: str) -> tuple[Issue, ...]:
    """Where a person who opened a FHIR address in a browser finds the data: an address never authenticates by cookie."""
    if method != "GET" or "authorization" in headers or "text/html" not in headers.get("accept", ""):
        return ()
    here = f"&path={quote(path.lstrip('/'), safe='')}" if len(path) <= HINTED_CHARACTERS else ""
    address = f"{base.sandbox.runtime.base}/developer/explorer?hospital={base.space.tenant}&fhir={base.version}{here}"
    return (Issue("informational", f"To see this data in a browser, open {address}", "information"),)


async def _refuse_unknown_sender(
    base: FhirBase, request: AccessRequest, routed: Route | Misrouted, holder: BearerContext, media: Media
) -> AccessResult | None:
    faults = request_errors_of(base.version, routed, media, None)
    if isinstance(routed, Misrouted) and routed.sought is not None:
        faults = faults[1:]  # nothing is said of an unknown type or operation without a suggestion
    return await unknown_sender.refuse_unknown_sender(base.sandbox.runtime, base.tenant, base.version, request, holder, faults)


def _strip_parameters(
    base: FhirBase, method: str, path: str, query: str, headers: Mapping[str, str], routed: Route | Misrouted
) -> AccessRequest:
    """The request without its parameters, except the token."""
    token = find_first_value(query, TOKEN)
    parameters = Parameters() if token is None else Parameters(((TOKEN, token),))
    url = f"{base.url}{path}?{query}" if query else f"{base.url}{path}"
    if not isinstance(routed, Route):
        return AccessRequest(method, base.url, path, parameters, headers, url=url)
    return AccessRequest(
        method, base.url, path, parameters, headers, routed.type, routed.id, routed.interaction, routed.letters, (), url
    )


def _exchange_to_record(
    base: FhirBase, scope: Scope, request: AccessRequest, response: FhirResponse, result: AccessResult, explanation: Explanation
) -> Exchange:
    """Builds the exchange with the beginning of its request, to be queued."""
    state: RequestState = scope["state"]
    recorded = RecordedRequest(scope["method"], request.url, state.headers, request.body, get_peer(scope))
    examined, unexamined = make_excerpt(recorded, UNKNOWN_SENDER)
    if unexamined:
        request = structs.replace(
            request, path=request.path[:UNKNOWN_SENDER], headers=examined.headers, url=examined.url, body=examined.body
        )
    return Exchange(
        state.exchange,
        base.sandbox.runtime.effects.now(),
        base.space.tenant,
        result.decision.stage.name,
        result.client_id,
        "" if state.resent_from else result.timeline,
        examined,
        RecordedResponse(response.status, response.headers, response.body.decode(), len(response.body)),
        structs.replace(result.decision, request=request),
        explanation,
        unexamined,
        state.injected,
        seconds=state.seconds(),
        resent_from=state.resent_from,
    )


def _explain_exchange(exchange: Exchange) -> Exchange:
    """The exchange with everything that is said of the beginning of its request. A corrected request needs all of it."""
    assert exchange.decision is not None
    request: AccessRequest = exchange.decision.request
    query = parse(request.url.partition("?")[2])
    form = parse(request.body).pairs if is_form(request.headers) else ()
    parameters = Parameters((*query.pairs, *form), query.raw)
    decision = unknown_sender.skip_checks(
        structs.replace(exchange.decision, request=structs.replace(request, parameters=parameters))
    )
    explanation = decision.explain()
    if exchange.unexamined:
        explanation = explanation._replace(corrected=None)
    return structs.replace(exchange, decision=decision, explanation=explanation)
