"""$docref: a patient's documents by date and type. It finds stored documents and makes none on demand.

https://hl7.org/fhir/us/core/OperationDefinition-docref.html
"""

from __future__ import annotations

from typing import Any

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir.operations.parameters import OperationInput
from sickbay.fhir.outcome import Issue
from sickbay.fhir.search import parser as search_parser
from sickbay.fhir.search.query import Query
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.interactions.search import search_response
from sickbay.web.fhir.operations.parameters import parameters_of
from sickbay.web.fhir.response import FhirResponse


async def handle(context: FhirContext, request: AccessRequest) -> FhirResponse:
    pairs = _search(parameters_of(context, request))
    query = search_parser.parse(context.version, context.type, pairs, base=context.base.url, strict=True)
    if isinstance(query, Query):
        return await search_response(context, query)
    issues = [
        Issue("value", f"{fault.parameter}={fault.value} cannot be taken: {fault.expected}.", rule=fault.rule)
        for fault in query
    ]
    return context.issue(400, *issues)


def _search(given: OperationInput) -> list[tuple[str, str]]:
    """The search parameters that mean the same."""
    pairs = [("patient", given.one("patient") or "")]
    pairs += [("date", f"{prefix}{text}") for prefix, name in (("ge", "start"), ("le", "end")) if (text := given.one(name))]
    pairs += [("type", text) for text in (given.one("type"), _coded(given.things.get("type"))) if text]
    return pairs + [(name, text) for name in ("_count", search_parser.CURSOR) if (text := given.one(name))]


def _coded(thing: Any) -> str | None:
    """A Coding or a CodeableConcept as a token."""
    listed = thing.get("coding", [thing]) if isinstance(thing, dict) else []
    codes = [f"{each.get('system', '')}|{each['code']}" for each in listed if isinstance(each, dict) and each.get("code")]
    return ",".join(codes) or None
