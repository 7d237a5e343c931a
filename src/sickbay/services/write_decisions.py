"""What declines a write: each function decides by what is stored and says why not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sickbay.authorization import access as stage
from sickbay.authorization import writes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.refusals import write as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.stages import FHIR
from sickbay.fhir import body as bodies
from sickbay.fhir import lossless_json, preconditions
from sickbay.fhir.body import Body
from sickbay.fhir.subjects import Before, subjects_of
from sickbay.fhir.validation.validator import validate
from sickbay.fhir.visibility import through
from sickbay.kernel.checks import Refusal
from sickbay.services.context import Runtime
from sickbay.services.decision import Decision, decide, refused
from sickbay.services.write_requests import WriteRejected, WriteRequest
from sickbay.storage.interface import Stored


async def record(runtime: Runtime, one: WriteRequest, current: Stored | None) -> Before | None:
    """Whose record it is; of one that was deleted, whose it was. None if that doesn't matter: the token writes everyone's."""
    letter = writes.LETTERS[one.request.interaction]
    if current is None or one.seen.visibility.allows_all(one.type, letter):
        return None
    eyes, last = through(one.seen.visibility, letter), current
    if current.deleted:
        last = await runtime.store.version(one.space, one.type, current.id, current.version_id - 1, eyes) or current
    resource = lossless_json.loads(last.body) if last.body else {}
    return Before(subjects_of(one.version, resource, one.tenant.fhir_base(one.version)), last.codes)


def not_theirs(one: WriteRequest, current: Stored | None, before: Before | None) -> WriteRejected | None:
    """Who may not read it isn't told that it is there."""
    if current is None or before is None:
        return None
    decision = decided(one, (writes.record_is_of_the_tokens_patient,), before=before)
    if decision.refusal is None:
        return None
    if not one.seen.visibility.allows(one.type, "rs", current.patients, current.codes):
        return not_there(one._replace(request=replace(one.request, id=current.id)))
    return WriteRejected(decision.refusal.status, decision=decision)


def added(one: WriteRequest, body: Body, before: Before | None) -> WriteRejected | None:
    """Whether the write puts the resource into a chart that the token may not write. before: None if nothing was there."""
    if one.seen.visibility.allows_all(one.type, writes.LETTERS[one.request.interaction]):
        return None
    decision = decided(one, (writes.no_chart_is_added,), body=body, before=before)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else None


def unread(before: Before | None) -> Before | None:
    """For a token that may not read the record: who else takes part in it counts as not known, and isn't found out."""
    return before._replace(whose=before.whose._replace(patients=before.whose.subjects)) if before else None


def is_readable(one: WriteRequest, current: Stored) -> bool:
    return one.seen.visibility.allows(one.type, "r", current.patients, current.codes)


def reading(one: WriteRequest) -> WriteRejected | None:
    """Of a patch of what the token may not read."""
    decision = decided(one, (*stage.CHECKS, *writes.PATCH), readable=False)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else None


def untold(one: WriteRequest) -> WriteRejected:
    """One answer for every patch that fails on what the token may not read, whatever the reason."""
    text = "it doesn't fit the resource, and the token may not read what is there"
    return declined_by(one, refusals.FHIR_PATCH_NOT_APPLICABLE(received=text))


def version(one: WriteRequest, current: Stored | None) -> WriteRejected | None:
    checks = (writes.version_is_the_one_named, writes.nothing_is_there_that_must_not_be)
    decision = decided(one, checks, current=current.version_id if current else None)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else None


def searching(one: WriteRequest, body: Body, current: Stored | None) -> WriteRejected | None:
    """Asked where references of the body are searches alone: those of what is there may stay."""
    if not body.problems:
        return None
    base = one.tenant.fhir_base(one.version)
    before = validate(one.version, lossless_json.loads(current.body), base) if current else ()
    kept = frozenset(each.search for each in before)
    # Of very many searches the list is full before all is looked at.
    whole = body._replace(problems=(*validate(one.version, body.resource, base, searches=True), *body.problems))
    checks = (writes.body_is_such_a_resource, writes.resource_is_valid, writes.searches_stood_there)
    decision = decided(one, checks, body=whole, kept=kept)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else None


def judged(runtime: Runtime, one: WriteRequest, resource: Any, id: str) -> Body | WriteRejected:
    """A body whose id or content came out of what is stored, held against all that a body must be."""
    body = bodies.of(one.version, one.type, id, resource, one.tenant.fhir_base(one.version))
    known = one._replace(request=one.request if one.request.id or not id else replace(one.request, id=id))
    body = body._replace(id=known.request.id) if id and body.malformed is None else body
    decision = decided(known, (*stage.CHECKS, *writes.BODY), body=body)
    return WriteRejected(decision.refusal.status, decision=decision) if decision.refusal else body


def decided(one: WriteRequest, checks: Sequence[Any], **more: Any) -> Decision[AccessRequest, AccessContext]:
    return decide(FHIR, one.tenant, checks, one.request, replace(one.seen.decision.known, **more))


def declined_by(one: WriteRequest, refusal: Refusal) -> WriteRejected:
    return WriteRejected(refusal.status, decision=refused(FHIR, one.request, one.seen.decision.known, refusal))


def taken(one: WriteRequest, current: Stored) -> WriteRejected:
    """No match, and an id that is there already (R5, 3.2.0.4.1): what the condition did not mean is not overwritten."""
    told = f"the id {current.id} with a condition that it does not match"
    facts = {"type": one.type, "received": told, "current": preconditions.etag(current.version_id)}
    return declined_by(one, refusals.FHIR_RESOURCE_EXISTS_ALREADY.with_facts(facts))


def gone(one: WriteRequest, id: str) -> WriteRejected:
    return WriteRejected(410, "deleted", f"{one.type}/{id} was deleted.")


def not_there(one: WriteRequest) -> WriteRejected:
    return WriteRejected(404, "not-found", absent(one.type, one.request.id or ""))


def absent(type: str, id: str) -> str:
    """Hidden and never stored are one answer."""
    return f"There is no {type}/{id} that this token may see."
