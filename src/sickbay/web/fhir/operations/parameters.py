"""Shared by operations: their parameters, the resource in the URL, and a response of type Parameters."""

from __future__ import annotations

from typing import Any

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import lossless_json, preconditions
from sickbay.fhir.operations import parameters as operation_parameters
from sickbay.fhir.operations.parameters import OperationInput
from sickbay.fhir.outcome import Issue
from sickbay.fhir.visibility import Visibility
from sickbay.storage.answers import Stored
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.response import FhirResponse, respond_not_found


def parameters_of(context: FhirContext, request: AccessRequest) -> OperationInput:
    """The input of an operation, from the query or the Parameters resource. Errors were already refused."""
    lenient = preconditions.read_handling(request.headers.get("prefer")) == "lenient"
    return operation_parameters.read_input(context.version, context.route, request.parameters.pairs, request.body, lenient)


async def resource_of(context: FhirContext, visibility: Visibility | None = None) -> Stored | FhirResponse:
    """The resource in the URL, or 404 or 410. visibility: if it isn't that of the token."""
    type, id = context.type, context.id
    stored = await context.store.read(context.space, type, id, visibility or context.visibility)
    if stored is None:
        return respond_not_found(context.version, type, id)
    return context.issue(410, Issue("deleted", f"{type}/{id} was deleted.")) if stored.deleted else stored


def parameters_response(context: FhirContext, **parts: Any) -> FhirResponse:
    """One parameter for each argument, named <name>_value[x]: parameters_response(context, return_valueMeta={...})."""
    parameter = []
    for key, value in parts.items():
        name, _, kind = key.rpartition("_")
        parameter.append({"name": name, kind: value})
    return FhirResponse(200, lossless_json.dumps({"resourceType": "Parameters", "parameter": parameter}), context.content)
