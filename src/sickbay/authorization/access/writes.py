"""Checks of FHIR writes: first the body, then whether it stays within what the token may write, then version and conditions.

The body is checked before anything is looked up, so that all its faults are reported at once. Checks that depend on the store
(BEFORE_SAVING) run after it was read, and only on what the token may see.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sickbay.authorization.access.bearer import token_is_known
from sickbay.authorization.access.scope import grants_letters, needed_scope, scope_covers_the_request
from sickbay.authorization.access.visibility import determine_visibility
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import UNKNOWN_SERVER, AccessToken
from sickbay.authorization.refusals import write as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import preconditions
from sickbay.fhir.body import Body
from sickbay.fhir.patch.formats import find_read_path, read
from sickbay.fhir.patch.json_patch import PatchFailed
from sickbay.fhir.served import NOT_SERVED
from sickbay.fhir.subjects import Before, Subjects, subject_parameters, subjects_of
from sickbay.fhir.validation.issue import ValidationIssue
from sickbay.fhir.visibility import Visibility
from sickbay.kernel.checks import UNKNOWN, Check, Refusal
from sickbay.protocol import scopes

WriteCheck: TypeAlias = Check[AccessRequest, AccessContext]
CHANGING = ("update", "patch")
SENDING = ("create", *CHANGING)
LETTERS = {"create": "c", "update": "u", "patch": "u", "delete": "d"}


@check(requires=("server",))
def resource_type_can_be_written(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """A subscription would be accepted and never fire, though other servers notify. Stored ones can be read and deleted."""
    if request.type not in NOT_SERVED or request.interaction not in SENDING:
        return None
    return refusals.FHIR_SUBSCRIPTION_UNSUPPORTED(type=request.type)


@check(requires=("body",))
def body_is_a_resource_of_the_type_in_the_url(request: AccessRequest, context: AccessContext) -> Refusal | None:
    reason = _get_body(context).malformed
    facts = {"received": reason, "expected": f"a {request.type} as JSON", "type": request.type}
    return refusals.FHIR_BODY_MALFORMED.with_facts(facts) if reason else None


@check(requires=("body",), after=(body_is_a_resource_of_the_type_in_the_url,))
def id_in_the_body_equals_id_in_the_url(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """An update needs the id of its URL (R4, 3.1.0.4). A create ignores the id: the server assigns a new one."""
    sent = _get_body(context).id
    if request.interaction == "create" or request.id is None or sent == request.id:
        return None
    return refusals.FHIR_BODY_ID_MISMATCH(received=sent, expected=request.id)


@check(requires=("body",), after=(body_is_a_resource_of_the_type_in_the_url,))
def resource_is_valid(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """An update may keep invalid references that were already stored (`conditional_references_were_stored_before`). All other
    problems are refused.
    """
    problems = _get_body(context).problems
    if request.interaction in CHANGING and all(problem.search for problem in problems):
        return None
    return _refuse_invalid(request, problems)


@check(requires=("body", "kept"))
def conditional_references_were_stored_before(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """References that are searches may stay if they were loaded that way: a client that reads, changes something else and
    writes back didn't add them. New ones are refused as in any other write.
    """
    stored = context.kept if isinstance(context.kept, frozenset) else frozenset()
    return _refuse_invalid(
        request, [problem for problem in _get_body(context).problems if problem.search and problem.search not in stored]
    )


def _refuse_invalid(request: AccessRequest, problems: Sequence[ValidationIssue]) -> Refusal | None:
    if not problems:
        return None
    first = problems[0]
    facts = {
        "type": request.type,
        "count": len(problems),
        "received": first.text,
        "where": [problem.expression for problem in problems],
        "said": " ".join(problem.text for problem in problems[:10]),
    }
    return refusals.FHIR_RESOURCE_INVALID.with_facts(facts)


@check(requires=("body", "token"), after=(token_is_known, scope_covers_the_request, body_is_a_resource_of_the_type_in_the_url))
def resource_stays_within_the_scope(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """The resource must be within the token's scope after the write too: it can't be moved to another patient's chart.

    Which patients an update may name besides the subject depends on what was stored before:
    `resource_is_not_added_to_another_record`.
    """
    writable, facts = _writable_visibility(context), _get_body(context).facts
    reach = (
        writable.reach(request.type, _needed_scope_letter(request), facts.codes)
        if writable is not None and request.type
        else None
    )
    if writable is None or reach is None:
        return None
    assert request.type is not None
    whose = _list_written_subjects(request, context)
    creates = request.interaction == "create"
    named = whose.patients | whose.subjects if creates else whose.subjects
    if not writable.allows(request.type, _needed_scope_letter(request), facts.patients, facts.codes) or not named <= reach:
        return _outside_scope(request, context, named - reach or whose.patients)
    if not whose.subjects and (whose.is_named or not creates):
        return _not_its_subject(request, context)
    return None


@check(requires=("before", "token"))
def record_belongs_to_the_patient_of_the_token_if_it_has_one(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Only a token for the record's subject may change or delete it. Patients who only take part in it can only read it."""
    writable = _writable_visibility(context)
    if writable is None or not isinstance(context.before, Before) or not request.type:
        return None
    reach = writable.reach(request.type, _needed_scope_letter(request), context.before.codes)
    subjects = context.before.whose.subjects
    return None if reach is None or (subjects and subjects <= reach) else _not_its_subject(request, context)


@check(requires=("before", "body", "token"))
def resource_is_not_added_to_another_record(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """A write can't add the resource to a compartment that the token doesn't cover. Compartments it is already in may stay."""
    writable = _writable_visibility(context)
    if writable is None or not request.type:
        return None
    reach = writable.reach(request.type, _needed_scope_letter(request), _get_body(context).facts.codes)
    whose = _list_written_subjects(request, context)
    stored = context.before.whose.patients if isinstance(context.before, Before) else frozenset()
    added = (whose.patients | whose.subjects) - stored
    return None if reach is None or added <= reach else _outside_scope(request, context, added - reach)


def _writable_visibility(context: AccessContext) -> Visibility | None:
    """Returns what the token may write; None if that isn't known: offline, a user's patients aren't known."""
    assert isinstance(context.token, AccessToken)
    if context.user is UNKNOWN and any(scope.level == "user" for scope in scopes.list_resources(context.token.scope)):
        return None
    policy = (context.server or UNKNOWN_SERVER).policy
    return determine_visibility(context.token, context.user, policy, context.version)


def _needed_scope_letter(request: AccessRequest) -> str:
    return LETTERS.get(request.interaction, "u")


def _list_written_subjects(request: AccessRequest, context: AccessContext) -> Subjects:
    return subjects_of(context.version, _get_body(context).resource, request.base)


def _outside_scope(request: AccessRequest, context: AccessContext, patients: frozenset[str]) -> Refusal:
    """Names only the patients in the request, so it doesn't reveal whether they exist."""
    received = [f"Patient/{patient}" for patient in sorted(patients)] or "no patient"
    return refusals.FHIR_WRITE_OUTSIDE_SCOPE.with_facts({**_patient_facts(request, context), "received": received})


def _not_its_subject(request: AccessRequest, context: AccessContext) -> Refusal:
    by = subject_parameters(context.version, request.type or "") or ("no element",)
    facts = {**_patient_facts(request, context), "interaction": request.interaction, "by": by}
    return refusals.FHIR_WRITE_NOT_SUBJECT.with_facts(facts)


def _patient_facts(request: AccessRequest, context: AccessContext) -> dict[str, object]:
    token = context.token
    assert isinstance(token, AccessToken)
    return {
        "type": request.type,
        "patient": token.patient,
        "expected": f"Patient/{token.patient}" if token.patient else "a patient of this user",
        "held": tuple(scope.text for scope in scopes.list_resources(token.scope)),
    }


@check()
def patch_is_well_formed(request: AccessRequest, context: AccessContext) -> Refusal | None:
    if not request.body:
        return refusals.FHIR_PATCH_FAILED(received="it is empty")
    try:
        read(context.version or "r4", request.body, request.headers.get("content-type"))
    except PatchFailed as error:
        return refusals.FHIR_PATCH_FAILED(received=str(error))
    return None


@check(requires=("token",), after=(token_is_known, scope_covers_the_request, patch_is_well_formed))
def patch_reads_only_what_the_token_may_read(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """`test`, `copy`, `move` and where() read or compare stored values, so they need permission to read."""
    token = context.token
    assert isinstance(token, AccessToken)
    if request.interaction != "patch" or context.readable is True:
        return None
    if context.readable is UNKNOWN and grants_letters(token.scope, request.type, "r"):
        return None
    operation = find_read_path(context.version or "r4", request.body, request.headers.get("content-type"))
    if operation is None:
        return None
    granted = tuple(scope.text for scope in scopes.list_resources(token.scope))
    facts = {"type": request.type, "received": operation, "held": granted, "needed": needed_scope(token, request.type, "r")}
    return refusals.FHIR_PATCH_READS.with_facts(facts)


@check(requires=("server",))
def deletes_do_not_cascade(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """_cascade would delete resources that the request doesn't name."""
    name = next((name for name in request.parameters.names() if name.startswith("_cascade")), None)
    if request.method != "DELETE" or name is None:
        return None
    return refusals.FHIR_DELETE_CASCADE(parameter=name, received=request.parameters.get(name))


@check(requires=("current",))
def if_match_has_the_stored_version_if_sent(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Compares If-Match with the stored version (RFC 9110 13.1.1). Without a stored version nothing matches."""
    sent, current = request.headers.get("if-match"), _current_version(context)
    if sent is None or preconditions.matches_version(sent, current):
        return None
    expected = preconditions.make_etag(current) if current is not None else None
    return refusals.FHIR_VERSION_CONFLICT(received=sent, expected=expected)


@check(requires=("current",))
def if_none_match_matches_no_stored_version(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Applies If-None-Match to a write (RFC 9110 13.1.2): `*` creates and overwrites nothing."""
    sent, current = request.headers.get("if-none-match"), _current_version(context)
    if sent is None or current is None or not preconditions.matches_version(sent, current):
        return None
    facts = {"type": request.type, "received": f"If-None-Match: {sent}", "current": preconditions.make_etag(current)}
    return refusals.FHIR_RESOURCE_EXISTS.with_facts(facts)


@check(requires=("matches",))
def condition_matches_at_most_one_resource(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """A delete may match several resources if the policy allows it."""
    policy = (context.server or UNKNOWN_SERVER).policy
    if not isinstance(context.matches, int) or context.matches < 2:
        return None
    if request.interaction == "delete" and policy.multiple_deletes:
        return None
    facts = {"type": request.type, "received": read_condition(request), "interaction": request.interaction}
    return refusals.FHIR_CONDITION_AMBIGUOUS.with_facts(facts)


def read_condition(request: AccessRequest) -> str | None:
    """Returns the search that selects the resource; None if the URL names it."""
    if request.interaction == "create":
        return request.headers.get("if-none-exist")
    return request.parameters.raw if request.id is None and request.interaction in ("update", "patch", "delete") else None


def may_choose_the_id(token: object, type: str) -> bool:
    """Update-as-create needs a system/ scope for the type without a filter; other tokens could find out which ids exist."""
    granted = scopes.list_resources(token.scope) if isinstance(token, AccessToken) else ()
    return any(
        scope.level == "system" and "u" in scope.letters and scope.type in ("*", type) and "?" not in scope.text
        for scope in granted
    )


def _current_version(context: AccessContext) -> int | None:
    return context.current if isinstance(context.current, int) else None


def _get_body(context: AccessContext) -> Body:
    assert isinstance(context.body, Body)
    return context.body


WRITING = frozenset(("create", "update", "patch", "delete"))
BODY: tuple[WriteCheck, ...] = (
    body_is_a_resource_of_the_type_in_the_url,
    id_in_the_body_equals_id_in_the_url,
    resource_is_valid,
    resource_stays_within_the_scope,
)
PATCH: tuple[WriteCheck, ...] = (patch_is_well_formed, patch_reads_only_what_the_token_may_read)
BEFORE_SAVING: tuple[WriteCheck, ...] = (
    record_belongs_to_the_patient_of_the_token_if_it_has_one,
    resource_is_not_added_to_another_record,
    if_match_has_the_stored_version_if_sent,
    if_none_match_matches_no_stored_version,
    conditional_references_were_stored_before,
    condition_matches_at_most_one_resource,
)


def checks_for(request: AccessRequest) -> tuple[WriteCheck, ...]:
    """Returns the checks that need only the request; none for a read."""
    if request.interaction not in WRITING:
        return ()
    if request.type in NOT_SERVED and request.interaction in SENDING:
        return (resource_type_can_be_written,)
    if request.interaction == "update" and request.id is None:
        return (body_is_a_resource_of_the_type_in_the_url, resource_is_valid)
    if request.interaction in ("create", "update"):
        return BODY
    return PATCH if request.interaction == "patch" else (deletes_do_not_cascade,)


def all_checks(request: AccessRequest) -> tuple[WriteCheck, ...]:
    """Returns all checks, including those that need the store."""
    return (*checks_for(request), *BEFORE_SAVING) if request.interaction in WRITING else ()
