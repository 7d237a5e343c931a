"""The decisions that can reject a write because of what is stored. Each function returns None if the write is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import structs

from sickbay.authorization import access as stage
from sickbay.authorization.access import writes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.refusals import write as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.stages import ACCESS
from sickbay.fhir import body as bodies
from sickbay.fhir import lossless_json, preconditions
from sickbay.fhir.body import Body
from sickbay.fhir.subjects import Before, subjects_of
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.visibility import Visibility, visible_before_change
from sickbay.kernel.checks import Refusal
from sickbay.services.context import Runtime
from sickbay.services.decision import Decision, decide, refuse
from sickbay.services.writing.requests import WriteRejected, WriteRequest
from sickbay.storage.answers import HistoryQuery, Stored


async def load_before(runtime: Runtime, write: WriteRequest, current: Stored | None) -> Before | None:
    """The patients of the record or, if deleted, of its last version. None if there is none or the token can write all."""
    letter = writes.LETTERS[write.request.interaction]
    if current is None or write.seen.visibility.allows_all(write.type, letter):
        return None
    visibility, latest = visible_before_change(write.seen.visibility, letter), current
    if current.deleted:
        latest = await _load_before_deletion(runtime, write, current, visibility) or current
    resource = lossless_json.loads(latest.body) if latest.body else {}
    return Before(subjects_of(write.space.version, resource, write.tenant.fhir_base(write.space.version)), latest.codes)


async def _load_before_deletion(
    runtime: Runtime, write: WriteRequest, current: Stored, visibility: Visibility
) -> Stored | None:
    """The last version with content. Its number isn't always one less, because numbers can be left out."""
    last = await runtime.store.version(write.space, write.type, current.id, current.version_id - 1, visibility)
    if last is None:
        versions = await runtime.store.history(write.space, HistoryQuery(write.type, current.id, 2), visibility)
        return versions.entries[1][0] if len(versions.entries) > 1 else None
    return last


def reject_outside(write: WriteRequest, current: Stored | None, before: Before | None) -> WriteRejected | None:
    """Rejects a write to another patient's record. A token that can't read the record gets the same 404 as if none existed."""
    if current is None or before is None:
        return None
    decision = decide_write(write, (writes.record_belongs_to_the_patient_of_the_token_if_it_has_one,), before=before)
    if decision.refusal is None:
        return None
    if not write.seen.visibility.allows(write.type, "rs", current.patients, current.codes):
        return reject_not_found(write._replace(request=structs.replace(write.request, id=current.id)))
    return WriteRejected(decision.refusal.status, decision=decision)


def reject_other_record(write: WriteRequest, body: Body, before: Before | None) -> WriteRejected | None:
    """Rejects a write that adds the resource to a chart that the token can't write. before: None if the resource is new."""
    if write.seen.visibility.allows_all(write.type, writes.LETTERS[write.request.interaction]):
        return None
    decision = decide_write(write, (writes.resource_is_not_added_to_another_record,), body=body, before=before)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else None


def drop_participants(before: Before | None) -> Before | None:
    """Removes what a token that can't read the record may not learn: all participants except its subjects."""
    return before._replace(whose=before.whose._replace(patients=before.whose.subjects)) if before else None


def is_readable(write: WriteRequest, current: Stored) -> bool:
    return write.seen.visibility.allows(write.type, "r", current.patients, current.codes)


def patch_reads(write: WriteRequest) -> WriteRejected | None:
    """Rejects a patch that would read a resource that the token can't read, for example by `test` or `copy`."""
    decision = decide_write(write, (*stage.CHECKS, *writes.PATCH), readable=False)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else None


def patch_not_applicable(write: WriteRequest) -> WriteRejected:
    """The same response for every failed patch of a resource that the token can't read, whatever the reason."""
    text = "it doesn't fit the resource, and the token may not read what is there"
    return reject_write(write, refusals.FHIR_PATCH_NOT_APPLICABLE(received=text))


def reject_conflict(write: WriteRequest, current: Stored | None) -> WriteRejected | None:
    checks = (writes.if_match_has_the_stored_version_if_sent, writes.if_none_match_matches_no_stored_version)
    decision = decide_write(write, checks, current=current.version_id if current else None)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else None


def reject_conditions(write: WriteRequest, body: Body, current: Stored | None) -> WriteRejected | None:
    """Checks references in the form of a search. Those that the stored resource already has may stay."""
    if not body.problems:
        return None
    base = write.tenant.fhir_base(write.space.version)
    before = validate(write.space.version, lossless_json.loads(current.body), base) if current else ()
    stored_searches = frozenset(problem.search for problem in before)
    # If the body has very many searches, the list of problems is full before everything was validated.
    complete_body = body._replace(problems=(*validate(write.space.version, body.resource, base, searches=True), *body.problems))
    checks = (
        writes.body_is_a_resource_of_the_type_in_the_url,
        writes.resource_is_valid,
        writes.conditional_references_were_stored_before,
    )
    decision = decide_write(write, checks, body=complete_body, kept=stored_searches)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else None


def check_body(runtime: Runtime, write: WriteRequest, resource: Any, id: str) -> Body | WriteRejected:
    """Runs all body checks on a body whose id or content comes from what is stored."""
    body = bodies.make_body(write.space.version, write.type, id, resource, write.tenant.fhir_base(write.space.version))
    checked_write = write._replace(
        request=write.request if write.request.id or not id else structs.replace(write.request, id=id)
    )
    body = body._replace(id=checked_write.request.id) if id and body.malformed is None else body
    decision = decide_write(checked_write, (*stage.CHECKS, *writes.BODY), body=body)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else body


def decide_write(write: WriteRequest, checks: Sequence[Any], **context: Any) -> Decision[AccessRequest, AccessContext]:
    return decide(ACCESS, write.tenant, checks, write.request, structs.replace(write.seen.decision.context, **context))


def reject_write(write: WriteRequest, refusal: Refusal) -> WriteRejected:
    return WriteRejected(refusal.status, decision=refuse(ACCESS, write.request, write.seen.decision.context, refusal))


def reject_taken_id(write: WriteRequest, current: Stored) -> WriteRejected:
    """Rejects a conditional update without a match if its id already exists, so that nothing is overwritten (R5, 3.2.0.4.1)."""
    received = f"the id {current.id} with a condition that it doesn't match"
    facts = {"type": write.type, "received": received, "current": preconditions.make_etag(current.version_id)}
    return reject_write(write, refusals.FHIR_RESOURCE_EXISTS_ALREADY.with_facts(facts))


def reject_deleted_resource(write: WriteRequest, id: str) -> WriteRejected:
    return WriteRejected(410, "deleted", f"{write.type}/{id} was deleted.")


def reject_not_found(write: WriteRequest) -> WriteRejected:
    return WriteRejected(404, "not-found", describe_not_found(write.type, write.request.id or ""))


def describe_not_found(type: str, id: str) -> str:
    """The same text for hidden resources and for resources that never existed."""
    return f"There is no {type}/{id} that this token may see."
