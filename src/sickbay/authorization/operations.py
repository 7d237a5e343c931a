"""Operations that cannot be carried out as they are asked: which there are, what they are given, and who may export.

They come behind the checks of access and search, on what is asked alone.
"""

from __future__ import annotations

from typing import TypeAlias

from sickbay.authorization.access import covers, insufficient, token_is_known
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client
from sickbay.authorization.refusals import operations as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.authorization.search import no_fault
from sickbay.fhir.operations import parameters as operation_parameters
from sickbay.kernel.checks import Check, Refusal, check
from sickbay.protocol import scopes

OperationCheck: TypeAlias = Check[AccessRequest, AccessContext]
EXPORT = "$export"
ASKED = ("", "operation")
"""Kinds of request that may ask for one: "" where it is asked for by a method, or of something, that it is not offered for."""
NDJSON = ("application/fhir+ndjson", "application/ndjson", "ndjson")


def is_export(request: AccessRequest) -> bool:
    """The request that begins one, not the one that asks after it."""
    return "$" in request.path and request.path.rstrip("/").rpartition("/")[2] == EXPORT


@check(requires=("token",), after=(token_is_known,), applies_to=ASKED)
def export_is_for_the_system(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """An export is for whole populations: scopes that a person gave are held to this person's patients."""
    if not is_export(request) or not isinstance(known.token, AccessToken):
        return None
    held = scopes.resources(known.token.scope)
    if held and all(one.level == "system" for one in held):
        return None
    facts = {"held": tuple(one.text for one in held), "needed": "system/*.rs", "received": known.token.scope}
    return refusals.BULK_NOT_BY_SYSTEM.with_facts(facts)


@check(requires=("token", "client"), after=(token_is_known,), applies_to=ASKED)
def members_of_the_group_may_be_known(request: AccessRequest, known: AccessContext) -> Refusal | None:
    """Its export tells who is in a Group. The token need not say so where the app is registered for it: clients that others
    wrote ask for the types that they export, and Group is none of these."""
    if request.type != "Group" or not is_export(request) or not isinstance(known.token, AccessToken):
        return None
    registered = known.client.scope if isinstance(known.client, Client) else ""
    if covers(known.token.scope, "Group", "r") or covers(registered, "Group", "r"):
        return None
    return insufficient(request, known.token, "Group", "r")


@check(applies_to=ASKED)
def export_is_asked_for_later(request: AccessRequest, known: AccessContext) -> Refusal | None:
    prefer = request.headers.get("prefer", "")
    if not is_export(request) or "respond-async" in prefer:
        return None
    facts = {"received": prefer or None, "expected": "respond-async"}
    return refusals.BULK_PREFER_MISSING.with_facts(facts)


@check(applies_to=ASKED)
def export_is_written_as_ndjson(request: AccessRequest, known: AccessContext) -> Refusal | None:
    if not is_export(request):
        return None
    asked = next((text for text in _formats(request, known) if text.replace(" ", "+") not in NDJSON), None)
    if asked is None:
        return None
    facts = {"parameter": "_outputFormat", "received": asked, "expected": NDJSON[0]}
    return refusals.BULK_FORMAT_UNSUPPORTED.with_facts(facts)


def _formats(request: AccessRequest, known: AccessContext) -> tuple[str, ...]:
    """`_outputFormat` in the query, a form or Parameters; each that is sent counts."""
    return (
        *request.parameters.all("_outputFormat"),
        *operation_parameters.in_body(known.version or "r4", request.body, "_outputFormat"),
    )


CHECKS: tuple[OperationCheck, ...] = (
    no_fault(refusals.FHIR_OPERATION_UNKNOWN, "operation_is_offered"),
    no_fault(refusals.FHIR_OPERATION_PARAMETER, "parameters_of_the_operation_fit"),
    export_is_for_the_system,
    members_of_the_group_may_be_known,
    export_is_asked_for_later,
    export_is_written_as_ndjson,
)
