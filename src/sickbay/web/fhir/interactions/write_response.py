"""Carries out a write, and builds its response: what was stored, or why the write was rejected."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import preconditions
from sickbay.fhir.body import Body
from sickbay.fhir.outcome import Issue, make_outcome
from sickbay.services import writing
from sickbay.services.access import AccessResult
from sickbay.services.writing.requests import Outcome, WriteRejected, WriteRequest, WriteResult
from sickbay.web.fhir.context import FhirBase, FhirContext
from sickbay.web.fhir.refusals import make_refusal_response
from sickbay.web.fhir.response import FhirResponse, Headers, issue_response, version_headers


async def respond_to_write(context: FhirContext, request: AccessRequest, body: Body | None = None) -> FhirResponse:
    """Carry out a create, update, patch or delete. body: that of a create or update."""
    base, access = context.base, context.access
    wanted = WriteRequest(base.tenant, base.space, request.type or "", request, access, body, context.query)
    result = await writing.perform_write(base.sandbox.runtime, wanted)
    return write_response(base, request, access, result, context.content)


def write_response(
    base: FhirBase, request: AccessRequest, access: AccessResult, outcome: Outcome, content: Headers
) -> FhirResponse:
    """Build the response.

    access: the decision that granted the request; if a rule declined the write, the response has that decision instead.
    """
    if isinstance(outcome, WriteRejected):
        return _declined_response(base, access, outcome)
    if outcome.status == 204:
        etag = [(b"etag", preconditions.make_etag(outcome.version_id).encode())] if outcome.version_id else []
        return FhirResponse(204, b"", etag)
    headers = version_headers(outcome.version_id, outcome.at)
    found = outcome.status == 201 or request.id is None  # then only the response has the id
    address = f"{base.url}/{outcome.type}/{outcome.id}/_history/{outcome.version_id}"
    headers.append((b"location" if found else b"content-location", address.encode()))
    return _preferred_response(base.version, request, outcome, headers, content)


def _declined_response(base: FhirBase, access: AccessResult, declined: WriteRejected) -> FhirResponse:
    if declined.decision is None:
        return issue_response(base.version, declined.status, Issue(declined.code, declined.text))
    access = AccessResult(declined.decision, access.visibility, access.client_id, access.timeline)
    return structs.replace(make_refusal_response(base.version, base.url, access), access=access)


def _preferred_response(
    version: str, request: AccessRequest, result: WriteResult, headers: Headers, content: Headers
) -> FhirResponse:
    """The body that `Prefer: return` requests (R4, 3.1.0.1.7). It is the resource only if the token may read it."""
    prefer = request.headers.get("prefer")
    preferred = preconditions.read_return(prefer) if prefer else None
    if preferred == "OperationOutcome":
        verb = "created" if result.status == 201 else "saved"
        text = f"{result.type}/{result.id} was {verb} as version {result.version_id}."
        body = make_outcome(version, [Issue("informational", text, "information")])
        return FhirResponse(result.status, body, [*content, *headers], loggable=True)
    if preferred == "minimal" or result.body is None:
        return FhirResponse(result.status, b"", headers)
    return FhirResponse(result.status, result.body, [*content, *headers])
