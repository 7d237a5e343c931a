"""$expand, $validate-code and $lookup. They reveal nothing about patients, so any valid token may use them.

https://hl7.org/fhir/R4/terminology-service.html
"""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping
from typing import Any

from sickbay.authorization.requests import AccessRequest
from sickbay.fhir import lossless_json
from sickbay.fhir import terminology as terms
from sickbay.fhir.operations.parameters import RULE, OperationInput
from sickbay.fhir.outcome import Issue
from sickbay.fhir.terminology import Term
from sickbay.fhir.versions import VERSIONS
from sickbay.services import terminology
from sickbay.web.fhir.context import FhirContext
from sickbay.web.fhir.operations.parameters import parameters_of, parameters_response
from sickbay.web.fhir.response import FhirResponse


async def expand(context: FhirContext, request: AccessRequest) -> FhirResponse:
    arguments, version = parameters_of(context, request), context.version
    url = _url_of_terminology(version, arguments)
    if url not in terms.value_sets(version):
        return _respond_not_found(context, url)
    at = datetime.datetime.fromtimestamp(context.runtime.now(), datetime.UTC)
    count, offset = arguments.count("count", terms.MAXIMUM_CODES), arguments.count("offset", 0)
    expansion = terms.make_expansion(version, url, arguments.value("filter") or "", offset, count, at)
    return FhirResponse(200, lossless_json.dumps(expansion), context.content)


async def validate_code(context: FhirContext, request: AccessRequest) -> FhirResponse:
    """Validate a code in a value set; for CodeSystem/$validate-code in a code system."""
    arguments = parameters_of(context, request)
    requested = _requested_terms(arguments)
    if not requested:
        return _refuse_missing_parameters(context, "code, coding or codeableConcept")
    if context.type == "CodeSystem":
        return await _look_up_in_system(context, arguments, requested)
    url = _url_of_terminology(context.version, arguments)
    value_set = terms.value_sets(context.version).get(url)
    return (
        _respond_not_found(context, url)
        if value_set is None
        else _verdict_response(context, *terms.validate_code(value_set, requested))
    )


async def _look_up_in_system(context: FhirContext, arguments: OperationInput, requested: list[Term]) -> FhirResponse:
    system = arguments.value("url") or requested[0].system
    known = (await _codes_by_system(context)).get(system)
    if known is None:
        return _respond_unknown_system(context, system)
    return _verdict_response(context, *terms.validate_code([Term(system, *code) for code in known.items()], requested))


async def look_up(context: FhirContext, request: AccessRequest) -> FhirResponse:
    requested = _requested_terms(parameters_of(context, request))
    if not requested or not requested[0].system:
        return _refuse_missing_parameters(context, "code with system, or coding")
    system, code, _ = requested[0]
    known = (await _codes_by_system(context)).get(system)
    if known is None:
        return _respond_unknown_system(context, system)
    if code not in known:
        return context.issue(404, Issue("not-found", f"Sickbay doesn't know the code {code} in {system}."))
    parts = {"name_valueString": system.rpartition("/")[2] or system, "display_valueString": known[code] or code}
    return parameters_response(context, **parts)


async def _codes_by_system(context: FhirContext) -> Mapping[str, Mapping[str, str]]:
    return await asyncio.to_thread(terminology.list_systems, context.version)


def _verdict_response(context: FhirContext, result: bool, message: str, display: str) -> FhirResponse:
    parts: dict[str, Any] = {"result_valueBoolean": result}
    parts |= {"message_valueString": message} if message else {}
    return parameters_response(context, **parts, **({"display_valueString": display} if display else {}))


def _url_of_terminology(version: str, arguments: OperationInput) -> str:
    """The URL of the value set or code system, without the version if it is the available one."""
    url, mark, number = (arguments.value("url") or "").partition("|")
    number = number if mark else arguments.value("valueSetVersion") or ""
    is_own = url.startswith(terms.SPECIFICATION)
    return f"{url}|{number}" if is_own and not VERSIONS[version].number.startswith(number) else url


def _requested_terms(arguments: OperationInput) -> list[Term]:
    code, coding, concept = (arguments.value("code"), arguments.objects.get("coding"), arguments.objects.get("codeableConcept"))
    if code is not None:
        return [Term(arguments.value("system") or "", code, arguments.value("display") or "")]
    listed = concept.get("coding") if isinstance(concept, dict) else [coding]
    codings = [coding for coding in listed if isinstance(coding, dict)] if isinstance(listed, list) else []
    return [
        Term(str(coding.get("system", "")), str(coding["code"]), str(coding.get("display", "")))
        for coding in codings
        if coding.get("code")
    ]


def _respond_not_found(context: FhirContext, url: str) -> FhirResponse:
    text = f"There is no value set {url} here. {terms.suggest_value_set(context.version, url)}"
    return context.issue(404, Issue("not-found", text))


def _respond_unknown_system(context: FhirContext, system: str) -> FhirResponse:
    text = (
        f"Sickbay doesn't have the code system {system}. It has those of required bindings and of the sample patients' codes."
    )
    return context.issue(404, Issue("not-found", text))


def _refuse_missing_parameters(context: FhirContext, names: str) -> FhirResponse:
    return context.issue(400, Issue("required", f"Send {names}.", rule=RULE))
