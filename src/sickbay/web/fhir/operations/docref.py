"""$docref: a patient's documents by date and type. It returns stored documents and generates none on demand.

https://hl7.org/fhir/us/core/OperationDefinition-docref.html
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.operations.parameters import OperationInput
from sickbay.fhir.outcome import Issue
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.query import Query
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.interactions import search
from sickbay.web.fhir.operations.parameters import parameters_of
from sickbay.web.fhir.response import FhirResponse


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    pairs = _search_parameters(parameters_of(context, request))
    query = search_parser.parse(context.version, context.type, pairs, base=context.base.url, strict=True)
    if isinstance(query, Query):
        return await search.handle(structs.replace(context, query=query), request)
    issues = [
        Issue("value", f"{fault.parameter}={fault.value} can't be used: {fault.expected}.", rule=fault.rule) for fault in query
    ]
    return context.issue(400, *issues)


def _search_parameters(arguments: OperationInput) -> list[tuple[str, str]]:
    pairs = [("patient", arguments.value("patient") or "")]
    pairs += [
        ("date", f"{prefix}{text}") for prefix, name in (("ge", "start"), ("le", "end")) if (text := arguments.value(name))
    ]
    pairs += [("type", text) for text in (arguments.value("type"), _convert_to_token(arguments.objects.get("type"))) if text]
    return pairs + [(name, text) for name in ("_count", search_parser.CURSOR) if (text := arguments.value(name))]


def _convert_to_token(value: Any) -> str | None:
    """A Coding or a CodeableConcept as a token."""
    listed = value.get("coding", [value]) if isinstance(value, dict) else []
    codes = [
        f"{coding.get('system', '')}|{coding['code']}" for coding in listed if isinstance(coding, dict) and coding.get("code")
    ]
    return ",".join(codes) or None
