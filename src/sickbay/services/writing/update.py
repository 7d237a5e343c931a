"""update: replaces a resource, or creates it at an id of the client's choice."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization.access import writes
from sickbay.authorization.refusals import write as refusals
from sickbay.services.context import Runtime
from sickbay.services.writing import decisions, saving
from sickbay.services.writing.requests import Prepared, WriteRejected, WriteRequest
from sickbay.storage.interface import Step


async def prepare_update(runtime: Runtime, write: WriteRequest) -> Prepared | WriteRejected:
    """The steps of an update, at the address or at the match of a condition; without a match, those of a create."""
    assert write.body is not None
    steps: tuple[Step, ...] = ()
    if write.query is not None:
        matches, lock = await saving.find_matches(runtime, write, write.query)
        if isinstance(matches, WriteRejected):
            return matches
        steps = (lock,)
        if not matches and write.body.id is None:
            new_body = decisions.check_body(runtime, write, write.body.resource, write.fresh or saving.new_id(runtime))
            if isinstance(new_body, WriteRejected):
                return new_body
            declined = decisions.reject_other_record(write, new_body, None)
            declined = declined or decisions.reject_conditions(write, new_body, None)
            return declined or saving.prepend_steps(saving.prepare_save(runtime, write, new_body, 0, "create"), steps)
        id = matches[0].id if matches else write.body.id or ""
        if matches and write.body.id not in (None, id):
            return decisions.reject_write(write, refusals.FHIR_BODY_ID_MISMATCH(received=write.body.id, expected=id))
        body = decisions.check_body(runtime, write, write.body.resource, id)
        if isinstance(body, WriteRejected):
            return body
        write = write._replace(body=body, request=structs.replace(write.request, id=id))
        return saving.prepend_steps(await _replace_resource(runtime, write, only_new=not matches), steps)
    return await _replace_resource(runtime, write)


async def _replace_resource(runtime: Runtime, write: WriteRequest, only_new: bool = False) -> Prepared | WriteRejected:
    """Replaces the resource at the address. A deleted one counts as missing, whatever its last version was."""
    assert write.body is not None
    current = await saving.load_current_resource(runtime, write, "u")
    if current is None and not writes.may_choose_the_id(write.seen.decision.context.token, write.type):
        return decisions.reject_not_found(write)
    before = await decisions.load_before(runtime, write, current)
    declined = decisions.reject_outside(write, current, before)
    if declined is None and only_new and current is not None and not current.deleted:
        return decisions.reject_taken_id(write, current)
    stored = current if saving.is_there(current) else None
    readable = stored is not None and decisions.is_readable(write, stored)
    declined = declined or decisions.reject_conflict(write, stored)
    known = before if readable else decisions.drop_participants(before)
    declined = declined or decisions.reject_other_record(write, write.body, known)
    declined = declined or decisions.reject_conditions(write, write.body, stored if readable else None)
    if declined is not None:
        return declined
    return saving.prepare_save(
        runtime, write, write.body, current.version_id if current else 0, "update", saving.is_there(current)
    )
