"""$meta, $meta-add and $meta-delete: the profiles, tags and security labels of a resource, a type or the server.

https://hl7.org/fhir/R4/resource-operation-meta.html
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from msgspec import structs

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import lossless_json
from sickbay.fhir.operations import meta_operations
from sickbay.fhir.operations.parameters import RULE
from sickbay.fhir.outcome import Issue
from sickbay.fhir.search.parameters import resource_types
from sickbay.services import writing
from sickbay.services.writing.requests import WriteRequest, WriteResult
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.interactions.write_response import write_response
from sickbay.web.fhir.operations.parameters import parameters_of, parameters_response, resource_of
from sickbay.web.fhir.response import FhirResponse


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    """The meta of a resource; for a type or the server, all labels that are used in the resources the token may search."""
    if context.route.id is None:
        types = (context.route.type,) if context.route.type else resource_types(context.version)
        labels = await context.store.labels(context.space, types, context.visibility)
        return parameters_response(
            context, return_valueMeta=meta_operations.build_meta(labels.profiles, labels.security, labels.tags)
        )
    stored = await resource_of(context)
    if isinstance(stored, FhirResponse):
        return stored
    return parameters_response(context, return_valueMeta=lossless_json.loads(stored.body).get("meta", {}))


async def add(context: FhirContext, request: AccessRequest) -> FhirResponse:
    return await _change_meta(context, request, meta_operations.add_labels)


async def delete(context: FhirContext, request: AccessRequest) -> FhirResponse:
    return await _change_meta(context, request, meta_operations.remove_labels)


async def _change_meta(context: FhirContext, request: AccessRequest, change: Callable[[Any, Any], Any]) -> FhirResponse:
    """Change meta like a patch, under the same rules as any write."""
    meta = parameters_of(context, request).objects.get("meta")
    if not isinstance(meta, dict) or not meta_operations.is_meta(meta):
        issue = Issue("value", "Send a parameter `meta` with a valueMeta that has tag, security or profile.", rule=RULE)
        return context.issue(400, issue)
    request = structs.replace(request, interaction="patch")
    wanted = WriteRequest(
        context.tenant, context.space, context.type, request, context.access, change=lambda resource: change(resource, meta)
    )
    result = await writing.perform_write(context.runtime, wanted)
    response = write_response(context.base, request, context.access, result, context.content)
    if not isinstance(result, WriteResult):
        return response
    changed = lossless_json.loads(result.body).get("meta", {}) if result.body else {}
    headers = [*context.content, *response.headers]
    return structs.replace(parameters_response(context, return_valueMeta=changed), headers=headers)
