"""history: the versions of a resource, of a type or of the whole server, page by page.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from typing import Any

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import history as parameters
from sickbay.fhir import subset
from sickbay.fhir.bundle import Change, history, search_url
from sickbay.fhir.outcome import Issue
from sickbay.fhir.search.result_parameters import CURSOR
from sickbay.fhir.subset import Part
from sickbay.services import binaries, writing
from sickbay.storage.interface import BadCursor, Versions
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.response import FhirResponse, absent


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    asked = parameters.parse(request.parameters.pairs)
    assert isinstance(asked, parameters.HistoryParams)  # its faults were refused
    try:
        versions = await _versions(context, request.type, request.id, asked)
    except BadCursor:
        text = "This page address was not made for this history. Follow the link `next` as it is."
        return context.issue(400, Issue("value", text))
    if request.id is not None and not versions.entries and not versions.total:
        whole = asked.cursor is None and asked.since is None and asked.at is None
        if whole or not await _is_visible(context):
            return absent(context.version, context.type, request.id)
    return _bundle(context, request, asked, versions)


def _bundle(context: FhirContext, request: AccessRequest, asked: parameters.HistoryParams, versions: Versions) -> FhirResponse:
    part = subset.asked(context.version, request.type, request.parameters.pairs)
    assert isinstance(part, Part)  # its faults were refused
    changes = [
        Change(
            stored.type,
            stored.id,
            stored.version_id,
            interaction,
            _subset(context.version, stored.type, stored.body, part),
            writing.instant(stored.at),
        )
        for stored, interaction in versions.entries
    ]
    path, base = "/".join(filter(None, (request.type, request.id, "_history"))), context.base.url
    total, is_one_page = versions.total, versions.next is None and asked.cursor is None
    following = search_url(base, path, (*asked.applied, (CURSOR, versions.next))) if versions.next else None
    own = search_url(base, path, asked.applied)
    total = len(changes) if total is None and is_one_page else total
    return FhirResponse(200, history(base, changes, self_url=own, next_url=following, total=total), context.content)


def _subset(version: str, type: str, body: bytes, part: Part) -> bytes:
    """A deleted version has no body."""
    return subset.subset(version, type, body, part.summary, part.elements) if body else body


async def _versions(context: FhirContext, type: str | None, id: str | None, asked: parameters.HistoryParams) -> Versions:
    """Raises BadCursor."""
    runtime, space, visibility = context.runtime, context.space, context.visibility
    page: dict[str, Any] = {"count": asked.most, "cursor": asked.cursor, "since": asked.since, "at": asked.at}
    if type == "Binary" and id is not None:
        return await binaries.history(runtime, space, id, visibility, context.base.url, **page)
    return await runtime.store.history(space, type, id, visibility, **page)


async def _is_visible(context: FhirContext) -> bool:
    """A visible resource without versions in the requested time has an empty history; a hidden one has none."""
    return await context.store.read(context.space, context.type, context.id, context.visibility) is not None
