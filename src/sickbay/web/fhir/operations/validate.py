"""$validate: checks a resource from the request, or a stored one.

https://hl7.org/fhir/R4/resource-operation-validate.html
"""

from __future__ import annotations

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import body as bodies
from sickbay.fhir import lossless_json
from sickbay.fhir.operations import validate_operation
from sickbay.fhir.operations.parameters import RULE
from sickbay.fhir.outcome import Issue, make_outcome
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.operations.parameters import parameters_of, resource_of
from sickbay.web.fhir.response import FhirResponse


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    arguments, version, id = parameters_of(context, request), context.version, context.route.id
    mode = arguments.value("mode")
    if mode is not None and mode not in validate_operation.MODES:
        text = f"mode is {', '.join(validate_operation.MODES)}; here {mode}."
        return context.issue(400, Issue("value", text, rule=RULE))
    resource = arguments.objects.get("resource")
    if resource is None:
        if id is None:
            return context.issue(400, Issue("required", "Send the resource to validate.", rule=RULE))
        stored = await resource_of(context)
        if isinstance(stored, FhirResponse):
            return stored
        resource = lossless_json.loads(stored.body)
    body = bodies.make_body(version, context.type, "", resource, context.base.url)
    issues = validate_operation.judge(version, context.type, body, mode, id, arguments.values("profile"))
    return FhirResponse(200, make_outcome(version, issues), context.content)
