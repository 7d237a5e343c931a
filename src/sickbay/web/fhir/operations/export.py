"""$export: kick-off, status, cancel and the files of a Bulk Data export.

https://hl7.org/fhir/uv/bulkdata/STU2/export.html
"""

from __future__ import annotations

from typing import Any

import orjson
from msgspec import structs

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.outcome import Issue, make_outcome
from sickbay.fhir.routing import JOBS
from sickbay.fhir.visibility import add_groups
from sickbay.services import bulk_export
from sickbay.services.bulk_export import Job
from sickbay.services.writing import saving
from sickbay.storage.interface import Record
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.operations.parameters import parameters_of, resource_of
from sickbay.web.fhir.response import FhirResponse, Headers, format_last_modified

NDJSON: Headers = [(b"content-type", b"application/fhir+ndjson")]
SUFFIX = ".ndjson"
DELETED, OUTCOMES = f"deleted{SUFFIX}", f"outcomes{SUFFIX}"


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    """Kick-off: 202 with the URL of the status, or 429 if too many exports of the client are in progress."""
    base, route, client_id = context.base, context.route, context.access.client_id
    if seconds := await bulk_export.count_seconds_until_free(context.runtime, base.tenant, client_id):
        return _refuse_another_export(context, seconds)
    level = "system" if route.type is None else "type" if route.id is None else "instance"
    group = None
    if level == "instance":
        stored = await resource_of(context, add_groups(context.visibility))
        if isinstance(stored, FhirResponse):
            return stored
        group = bulk_export.list_members(stored, base.url)
    job = bulk_export.make_job(context.runtime, base.version, request.url, parameters_of(context, request), level, group)
    id = await bulk_export.begin_export(context.runtime, base.tenant, job, client_id)
    status_url = f"{base.url}/{JOBS}/{id}"
    text = f"The export was started. Poll {status_url} for its status."
    body = make_outcome(base.version, [Issue("informational", text, "information")])
    return FhirResponse(202, body, [*context.content, (b"content-location", status_url.encode())])


def _refuse_another_export(context: FhirContext, seconds: int) -> FhirResponse:
    text = (
        f"{bulk_export.IN_PROGRESS_AT_A_TIME} exports of this client are in progress, and it can't have more at a time. "
        f"Wait for the number of seconds in Retry-After, here {seconds}, or poll the exports that you started."
    )
    response = context.issue(429, Issue("throttled", text))
    return structs.replace(response, headers=[*response.headers, (b"retry-after", str(seconds).encode())])


async def show_status(context: FhirContext, request: AccessRequest) -> FhirResponse:
    """Return 202 with Retry-After until the export is complete, then the manifest."""
    job_or_response = await _find_job(context)
    if isinstance(job_or_response, FhirResponse):
        return job_or_response
    job, record = job_or_response
    if rest := bulk_export.count_seconds_to_wait(context.runtime, job):
        waiting: Headers = [(b"x-progress", b"begun"), (b"retry-after", str(rest).encode())]
        return FhirResponse(202, b"", waiting)
    return await _manifest_response(context, job, record)


async def cancel(context: FhirContext, request: AccessRequest) -> FhirResponse:
    job = await _find_job(context)
    if isinstance(job, FhirResponse):
        return job
    await bulk_export.cancel_job(context.runtime, context.id)
    text = "The export was cancelled and its files were deleted."
    return FhirResponse(202, make_outcome(context.version, [Issue("informational", text, "information")]), context.content)


async def send_file(context: FhirContext, request: AccessRequest) -> FhirResponse:
    """Stream one file, which is generated while it is sent."""
    job_or_response = await _find_job(context)
    if isinstance(job_or_response, FhirResponse):
        return job_or_response
    job, name = job_or_response[0], context.route.version_id or ""
    runtime, space, visibility = context.runtime, context.space, context.visibility
    if name == OUTCOMES and job.ignored:
        return FhirResponse(200, bulk_export.encode_outcomes(job), NDJSON)
    if name == DELETED and job.since is not None:
        return FhirResponse(200, b"", NDJSON, stream=bulk_export.export_deleted_resources(runtime, space, job, visibility))
    type = name.removesuffix(SUFFIX)
    if type == name or not bulk_export.has_file(job, visibility, type):
        text = f"This export has no file {name}. See the manifest for its files."
        return context.issue(404, Issue("not-found", text))
    return FhirResponse(200, b"", NDJSON, stream=bulk_export.stream_lines(runtime, space, job, visibility, type))


async def _find_job(context: FhirContext) -> tuple[Job, Record] | FhirResponse:
    job = await bulk_export.find_job(
        context.runtime, context.tenant, context.version, context.access.client_id, context.route.id or ""
    )
    if job is None:
        text = "This client has no export with this ID, or the export has expired."
        return context.issue(404, Issue("not-found", text))
    return job


async def _manifest_response(context: FhirContext, job: Job, record: Record) -> FhirResponse:
    files = f"{context.base.url}/{JOBS}/{record.key}"
    runtime, space, visibility = context.runtime, context.space, context.visibility
    output: list[dict[str, Any]] = []
    for type in await bulk_export.list_types(runtime, space, job, visibility):
        count = await bulk_export.count_lines(runtime, space, job, visibility, type)
        output.append({"type": type, "url": f"{files}/{type}{SUFFIX}", **({} if count is None else {"count": count})})
    has_deleted = await bulk_export.has_any_deleted(runtime, space, job, visibility)
    body = {
        "transactionTime": saving.format_instant(job.at),
        "request": job.request,
        "requiresAccessToken": True,
        "output": output,
        "deleted": [{"type": "Bundle", "url": f"{files}/{DELETED}"}] if has_deleted else [],
        "error": [{"type": bulk_export.OUTCOMES, "url": f"{files}/{OUTCOMES}"}] if job.ignored else [],
    }
    expires = format_last_modified(record.expires_at or 0)
    return FhirResponse(200, orjson.dumps(body), [(b"content-type", b"application/json"), (b"expires", expires)])
