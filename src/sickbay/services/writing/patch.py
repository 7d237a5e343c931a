"""patch: changes parts of a resource."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.refusals import write as refusals
from sickbay.fhir import lossless_json
from sickbay.fhir.patch import formats as patch_formats
from sickbay.fhir.patch import json_patch
from sickbay.fhir.subjects import Before
from sickbay.services.context import Runtime
from sickbay.services.writing import decisions, saving
from sickbay.services.writing.requests import Prepared, WriteRejected, WriteRequest
from sickbay.storage.answers import Stored


async def prepare_patch(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    """The steps of a patch. If the token can't read the resource, the patch may not reveal what is in it."""
    target = await saving.find_target(runtime, write, "u")
    if isinstance(target, WriteRejected):
        return target
    before = await decisions.load_before(runtime, write, target)
    declined = decisions.reject_outside(write, target, before) or decisions.reject_conflict(write, target)
    if declined is not None:
        return declined
    if target.deleted:
        return decisions.reject_deleted_resource(write, target.id)
    targeted = write._replace(request=structs.replace(write.request, id=target.id))
    if decisions.is_readable(write, target):
        return _apply_patch(runtime, targeted, target, before)
    if write.change is None and (declined := decisions.patch_reads(targeted)):  # an operation reads nothing
        return declined
    prepared = _apply_patch(runtime, targeted, target, before, readable=False)
    return decisions.patch_not_applicable(targeted) if isinstance(prepared, WriteRejected) else prepared


def _apply_patch(
    runtime: Runtime, write: WriteRequest, target: Stored, before: Before | None, *, readable: bool = True
) -> Prepared | WriteRejected:
    """Applies a patch. One that changes nothing creates no new version, unless the token can't read the resource and would
    learn its content from that.
    """
    resource = lossless_json.loads(target.body)
    change = write.change or patch_formats.read(
        write.space.version, write.request.body, write.request.headers.get("content-type")
    )
    try:
        changed = change(resource)
        written = lossless_json.dumps(changed)  # raises ValueError if the patch nested a value too deeply
    except (json_patch.PatchFailed, ValueError) as error:
        return decisions.reject_write(write, refusals.FHIR_PATCH_NOT_APPLICABLE(received=str(error)))
    if change is patch_formats.NOTHING or (readable and written == lossless_json.dumps(resource)):
        return Prepared(saving.report_unchanged_resource(write, target))
    body = decisions.check_body(runtime, write, changed, "")
    if isinstance(body, WriteRejected):
        return body
    declined = decisions.reject_other_record(write, body, before) or decisions.reject_conditions(write, body, target)
    return declined or saving.prepare_save(runtime, write, body, target.version_id, "update")
