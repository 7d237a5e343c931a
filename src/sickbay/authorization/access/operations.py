"""Checks of FHIR operations that can't be carried out as requested: which are supported, their parameters, who may export.

They run after the checks of access and search, and depend only on the request.
"""

from __future__ import annotations

import re
from typing import TypeAlias

from sickbay.authorization.access.bearer import token_is_known
from sickbay.authorization.access.scope import grants_letters, refuse_insufficient_scope
from sickbay.authorization.access.search import make_error_check
from sickbay.authorization.checks import check
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.models import AccessToken, Client
from sickbay.authorization.refusals import operations as refusals
from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.operations import parameters as operation_parameters
from sickbay.kernel.checks import Check, Refusal
from sickbay.protocol import scopes

OperationCheck: TypeAlias = Check[AccessRequest, AccessContext]
EXPORT = "$export"
ASKED = ("", "operation")
"""Interactions of operation requests; "" if the operation doesn't support the method or the resource type."""
_BETWEEN_PREFERENCES = re.compile(r"[,;\s]")
NDJSON = ("application/fhir+ndjson", "application/ndjson", "ndjson")


def is_export(request: AccessRequest) -> bool:
    """Whether the request starts an export, as opposed to asking for its status."""
    return "$" in request.path and request.path.rstrip("/").rpartition("/")[2] == EXPORT


@check(requires=("token",), after=(token_is_known,), applies_to=ASKED)
def export_is_requested_by_a_backend_service(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """An export covers whole populations, but a user's scopes are limited to that user's patients."""
    if not is_export(request) or not isinstance(context.token, AccessToken):
        return None
    granted = scopes.list_resources(context.token.scope)
    if granted and all(scope.level == "system" for scope in granted):
        return None
    facts = {"held": tuple(scope.text for scope in granted), "needed": "system/*.rs", "received": context.token.scope}
    return refusals.BULK_NOT_BY_SYSTEM.with_facts(facts)


@check(requires=("token", "client"), after=(token_is_known,), applies_to=ASKED)
def group_may_be_read(request: AccessRequest, context: AccessContext) -> Refusal | None:
    """Exporting a Group reveals its members. The app's registration for Group is enough if the token doesn't cover it: many
    clients request only the types that they export, and Group isn't one of them.
    """
    if request.type != "Group" or not is_export(request) or not isinstance(context.token, AccessToken):
        return None
    registered = context.client.scope if isinstance(context.client, Client) else ""
    if grants_letters(context.token.scope, "Group", "r") or grants_letters(registered, "Group", "r"):
        return None
    return refuse_insufficient_scope(request, context.token, "Group", "r")


@check(applies_to=ASKED)
def export_is_requested_with_respond_async(request: AccessRequest, context: AccessContext) -> Refusal | None:
    prefer = request.headers.get("prefer", "")
    if not is_export(request) or "respond-async" in _BETWEEN_PREFERENCES.split(prefer.lower()) or not context.headers_known:
        return None
    facts = {"received": prefer or None, "expected": "respond-async"}
    return refusals.BULK_PREFER_MISSING.with_facts(facts)


@check(applies_to=ASKED)
def export_format_is_ndjson(request: AccessRequest, context: AccessContext) -> Refusal | None:
    if not is_export(request):
        return None
    unsupported = next((text for text in _sent_output_formats(request, context) if text.replace(" ", "+") not in NDJSON), None)
    if unsupported is None:
        return None
    facts = {"parameter": "_outputFormat", "received": unsupported, "expected": NDJSON[0]}
    return refusals.BULK_FORMAT_UNSUPPORTED.with_facts(facts)


def _sent_output_formats(request: AccessRequest, context: AccessContext) -> tuple[str, ...]:
    """Returns every `_outputFormat` sent, in the query, a form or Parameters."""
    return (
        *request.parameters.all("_outputFormat"),
        *operation_parameters.list_values_in_body(context.version or "r4", request.body, "_outputFormat"),
    )


CHECKS: tuple[OperationCheck, ...] = (
    make_error_check(refusals.FHIR_OPERATION_UNKNOWN, "operation_is_supported"),
    make_error_check(refusals.FHIR_OPERATION_PARAMETER, "parameters_of_the_operation_are_valid"),
    export_is_requested_by_a_backend_service,
    group_may_be_read,
    export_is_requested_with_respond_async,
    export_format_is_ndjson,
)
