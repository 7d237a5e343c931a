"""Sends requests to a FHIR base inside this process, with the decisions of real requests. It never writes.

A refused request, and one that finds nothing, is recorded like an app's, so that its page explains it. Others leave no trace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from sickbay import __version__
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.rule import Finding
from sickbay.fhir import lossless_json
from sickbay.fhir.media import Media
from sickbay.fhir.routing import Misrouted, Route, route
from sickbay.fhir.versions import VERSIONS
from sickbay.protocol.parameters import Parameters
from sickbay.sandbox.sandbox import Sandbox
from sickbay.services.access import STAND_IN_HEADER, AccessResult
from sickbay.services.empty_searches.explain import examine_search as ask_data
from sickbay.services.empty_searches.explain import explain_soon, explanation_of
from sickbay.services.empty_searches.memory import EmptySearch
from sickbay.services.journal.write import Exchange, RecordedRequest, RecordedResponse
from sickbay.services.viewers import Viewer
from sickbay.settings.database import Unavailable
from sickbay.web.explorer.place import ExplorerPlace
from sickbay.web.fhir.context import FhirBase
from sickbay.web.fhir.endpoint import perform
from sickbay.web.fhir.request import LARGE, access_request
from sickbay.web.fhir.response import FhirResponse, negotiate_format

READING: Final = frozenset(
    (
        "read",
        "vread",
        "search-type",
        "search-system",
        "search-compartment",
        "history-instance",
        "history-type",
        "history-system",
    )
)
"""The interactions that the explorer sends. None of them writes."""
AGENT: Final = f"sickbay-explorer/{__version__}"
"""The User-Agent. In a recorded exchange, it shows that no app sent the request."""
EXPLANATION_ROWS: Final = 60_000
"""Maximum rows read to explain an empty search on its page. The page of the exchange has the whole explanation."""
EXPLANATION_SECONDS: Final = 1.0
"""Maximum seconds that the page waits for an explanation."""


class NotReading(Exception):
    """The URL isn't one of a read, a search or a history."""


class Asked(NamedTuple):
    """A request and its response. exchange: the id of its record, if any. findings: why it was refused or empty."""

    route: Route | Misrouted
    url: str
    response: FhirResponse
    exchange: str = ""
    findings: tuple[Finding, ...] = ()

    @property
    def is_ok(self) -> bool:
        return self.response.status == 200


async def send_request(base: FhirBase, place: ExplorerPlace, viewer: Viewer) -> Asked:
    """Send the request at this place as this viewer, and record it if it is refused or finds nothing. Raises NotReading."""
    routed, request = _read_place(base, place)
    response, access = await perform(base, request, routed, b"", viewer.context)
    asked = Asked(routed, request.url, response)
    if asked.is_ok and response.empty is None:
        return asked
    return await _record_exchange(base, asked, response.access or access, viewer)


async def ask_without_record(base: FhirBase, place: ExplorerPlace, viewer: Viewer) -> FhirResponse:
    """The same, without a record of any kind. Raises NotReading."""
    routed, request = _read_place(base, place)
    response, _ = await perform(base, request, routed, b"", viewer.context)
    return response


def _read_place(base: FhirBase, place: ExplorerPlace) -> tuple[Route | Misrouted, AccessRequest]:
    path = f"/{place.path}" if place.path else ""
    routed = route(place.version, "GET", path)
    if isinstance(routed, Route) and routed.interaction not in READING:
        raise NotReading
    headers = {"authorization": STAND_IN_HEADER, "accept": VERSIONS[place.version].json, "user-agent": AGENT}
    return routed, access_request(base, "GET", place.query, headers, path, routed)


async def _record_exchange(base: FhirBase, asked: Asked, access: AccessResult, viewer: Viewer) -> Asked:
    """Record the exchange without an app: none sent it. Then say why it was refused or found nothing."""
    runtime, response, decision = base.sandbox.runtime, asked.response, access.decision
    id = runtime.effects.token(12)
    explanation = None if decision.refusal is None else decision.explain()
    exchange = Exchange(
        id,
        runtime.effects.now(),
        base.space.tenant,
        decision.stage.name,
        "",
        "",
        RecordedRequest("GET", asked.url, dict(decision.request.headers), "", ""),
        RecordedResponse(
            response.status, response.headers, response.body.decode() if response.loggable else None, len(response.body)
        ),
        decision,
        explanation,
    )
    await base.sandbox.journal.write(exchange)
    findings: Sequence[Finding] = explanation.findings if explanation is not None else ()
    if response.empty is not None:
        response.empty.id, response.empty.token = id, viewer.token_key
        explain_soon(runtime, response.empty)
        findings = await _explain_empty(base.sandbox, response.empty)
    return asked._replace(exchange=id, findings=tuple(findings))


async def _explain_empty(sandbox: Sandbox, search: EmptySearch) -> Sequence[Finding]:
    """Returns the findings that are ready in time; none if the database is unavailable."""
    try:
        answer = await asyncio.wait_for(ask_data(sandbox.runtime, search, EXPLANATION_ROWS), EXPLANATION_SECONDS)
    except (TimeoutError, Unavailable):
        return ()
    return explanation_of(search, answer).findings


async def read_json(body: bytes) -> dict[str, Any]:
    """The resource of a response. A large one is parsed on a thread."""
    value = await asyncio.to_thread(lossless_json.loads, body) if len(body) > LARGE else lossless_json.loads(body)
    return value if isinstance(value, dict) else {}


async def write_text(version: str, response: FhirResponse, *, xml: bool) -> str:
    """The body as indented JSON or XML."""
    media = Media(VERSIONS[version].xml if xml else VERSIONS[version].json, "", xml=xml)
    parameters = Parameters((("_pretty", "true"),))
    formatted = await asyncio.to_thread(negotiate_format, version, response, media, parameters)
    return formatted.body.decode("utf-8", "replace")
