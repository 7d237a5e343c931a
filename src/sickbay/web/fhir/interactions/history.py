"""history: the versions of a resource, of a type or of the whole server, page by page.

https://hl7.org/fhir/R4/http.html#history
"""

from __future__ import annotations

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import history as parameters
from sickbay.fhir import subset
from sickbay.fhir.bundle import Change, make_history, search_url
from sickbay.fhir.outcome import Issue
from sickbay.fhir.search.result_parameters import CURSOR
from sickbay.fhir.subset import Part
from sickbay.services import binaries
from sickbay.services.writing import saving
from sickbay.storage.answers import BadCursor, HistoryQuery, Versions
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.response import FhirResponse, respond_not_found


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    params = parameters.parse(request.parameters.pairs)
    assert isinstance(params, parameters.HistoryParams)  # errors were already refused
    try:
        versions = await _read_versions(context, request.type, request.id, params)
    except BadCursor:
        text = "This page link doesn't belong to this history. Use the `next` link unchanged."
        return context.issue(400, Issue("value", text))
    if request.id is not None and not versions.entries and not versions.total:
        unfiltered = params.cursor is None and params.since is None and params.at is None
        if unfiltered or not await _is_visible(context):
            return respond_not_found(context.version, context.type, request.id)
    return _history_bundle(context, request, params, versions)


def _history_bundle(
    context: FhirContext, request: AccessRequest, params: parameters.HistoryParams, versions: Versions
) -> FhirResponse:
    part = subset.read_part(context.version, request.type, request.parameters.pairs)
    assert isinstance(part, Part)  # errors were already refused
    changes = [
        Change(
            stored.type,
            stored.id,
            stored.version_id,
            interaction,
            _subset_of_version(context.version, stored.type, stored.body, part),
            saving.format_instant(stored.at),
        )
        for stored, interaction in versions.entries
    ]
    path, base = "/".join(filter(None, (request.type, request.id, "_history"))), context.base.url
    total, is_one_page = versions.total, versions.next is None and params.cursor is None
    following = search_url(base, path, (*params.applied, (CURSOR, versions.next))) if versions.next else None
    self_url = search_url(base, path, params.applied)
    total = len(changes) if total is None and is_one_page else total
    return FhirResponse(200, make_history(base, changes, self_url=self_url, next_url=following, total=total), context.content)


def _subset_of_version(version: str, type: str, body: bytes, part: Part) -> bytes:
    """A deleted version has no body."""
    return subset.make_subset(version, type, body, part.summary, part.elements) if body else body


async def _read_versions(context: FhirContext, type: str | None, id: str | None, params: parameters.HistoryParams) -> Versions:
    """Raises BadCursor."""
    runtime, space, visibility = context.runtime, context.space, context.visibility
    query = HistoryQuery(type, id, params.most, params.cursor, params.since, params.at)
    if type == "Binary" and id is not None:
        return await binaries.read_history(runtime, space, id, query, visibility, context.base.url)
    return await runtime.store.history(space, query, visibility)


async def _is_visible(context: FhirContext) -> bool:
    """A visible resource without versions in the requested time has an empty history; a hidden one has none."""
    return await context.store.read(context.space, context.type, context.id, context.visibility) is not None
