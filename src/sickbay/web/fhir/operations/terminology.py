"""$expand, $validate-code and $lookup. They tell nothing about patients, so any valid token may ask.

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
    given, version = parameters_of(context, request), context.version
    url = _url(version, given)
    if url not in terms.value_sets(version):
        return _absent(context, url)
    at = datetime.datetime.fromtimestamp(context.runtime.now(), datetime.UTC)
    count, offset = given.count("count", terms.MOST), given.count("offset", 0)
    found = terms.expansion(version, url, given.one("filter") or "", offset, count, at)
    return FhirResponse(200, lossless_json.dumps(found), context.content)


async def validate_code(context: FhirContext, request: AccessRequest) -> FhirResponse:
    """In a value set, or in a code system where it stands at CodeSystem."""
    given = parameters_of(context, request)
    asked = _asked(given)
    if not asked:
        return _required(context, "code, coding or codeableConcept")
    if context.type == "CodeSystem":
        return await _in_system(context, given, asked)
    url = _url(context.version, given)
    held = terms.value_sets(context.version).get(url)
    return _absent(context, url) if held is None else _verdict(context, *terms.judged(held, asked))


async def _in_system(context: FhirContext, given: OperationInput, asked: list[Term]) -> FhirResponse:
    system = given.one("url") or asked[0].system
    known = (await _systems(context)).get(system)
    if known is None:
        return _unknown(context, system)
    return _verdict(context, *terms.judged([Term(system, *one) for one in known.items()], asked))


async def lookup(context: FhirContext, request: AccessRequest) -> FhirResponse:
    asked = _asked(parameters_of(context, request))
    if not asked or not asked[0].system:
        return _required(context, "code with system, or coding")
    system, code, _ = asked[0]
    known = (await _systems(context)).get(system)
    if known is None:
        return _unknown(context, system)
    if code not in known:
        return context.issue(404, Issue("not-found", f"Nothing is known here of {code} in {system}."))
    parts = {"name_valueString": system.rpartition("/")[2] or system, "display_valueString": known[code] or code}
    return parameters_response(context, **parts)


async def _systems(context: FhirContext) -> Mapping[str, Mapping[str, str]]:
    return await asyncio.to_thread(terminology.systems, context.version)


def _verdict(context: FhirContext, result: bool, message: str, display: str) -> FhirResponse:
    parts: dict[str, Any] = {"result_valueBoolean": result}
    parts |= {"message_valueString": message} if message else {}
    return parameters_response(context, **parts, **({"display_valueString": display} if display else {}))


def _url(version: str, given: OperationInput) -> str:
    """Without its version, where that is the one that is here: those of the specification have its own."""
    url, mark, number = (given.one("url") or "").partition("|")
    number = number if mark else given.one("valueSetVersion") or ""
    own = url.startswith(terms.SPECIFICATION)
    return f"{url}|{number}" if own and not VERSIONS[version].number.startswith(number) else url


def _asked(given: OperationInput) -> list[Term]:
    code, coding, concept = given.one("code"), given.things.get("coding"), given.things.get("codeableConcept")
    if code is not None:
        return [Term(given.one("system") or "", code, given.one("display") or "")]
    listed = concept.get("coding") if isinstance(concept, dict) else [coding]
    codings = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [
        Term(str(one.get("system", "")), str(one["code"]), str(one.get("display", ""))) for one in codings if one.get("code")
    ]


def _absent(context: FhirContext, url: str) -> FhirResponse:
    text = f"There is no value set {url} here. {terms.meant(context.version, url)}"
    return context.issue(404, Issue("not-found", text))


def _unknown(context: FhirContext, system: str) -> FhirResponse:
    text = f"The code system {system} is not known here: those of required bindings are, and those of the population's codes."
    return context.issue(404, Issue("not-found", text))


def _required(context: FhirContext, what: str) -> FhirResponse:
    return context.issue(400, Issue("required", f"Say what is asked about: {what}.", rule=RULE))
