"""$expand, $validate-code and $lookup over HTTP. What codes mean is no patient's: a good token is enough."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from sickbay.fhir import terminology as terms
from sickbay.fhir import written
from sickbay.fhir.operation_parameters import RULE, Given
from sickbay.fhir.outcome import Issue
from sickbay.fhir.terminology import Term
from sickbay.fhir.versions import VERSIONS
from sickbay.operations import terminology
from sickbay.web.fhir_answer import Answer

if TYPE_CHECKING:
    from sickbay.web.operations import Call


async def expand(call: Call) -> Answer:
    given, version, url = call.given, call.door.version, _url(call)
    if url not in terms.value_sets(version):
        return _absent(call, url)
    at = datetime.datetime.fromtimestamp(call.door.sandbox.world.now(), datetime.UTC)
    count, offset = given.count("count", terms.MOST), given.count("offset", 0)
    found = terms.expansion(version, url, given.one("filter") or "", offset, count, at)
    return Answer(200, written.dumps(found), call.content)


async def validate_code(call: Call) -> Answer:
    """In a value set, or in a code system where it stands at CodeSystem."""
    asked = _asked(call.given)
    if not asked:
        return _required(call, "code, coding or codeableConcept")
    if call.type == "CodeSystem":
        return await _in_system(call, asked)
    url = _url(call)
    held = terms.value_sets(call.door.version).get(url)
    return _absent(call, url) if held is None else _verdict(call, *terms.judged(held, asked))


async def _in_system(call: Call, asked: list[Term]) -> Answer:
    system = call.given.one("url") or asked[0].system
    known = (await _systems(call)).get(system)
    if known is None:
        return _unknown(call, system)
    return _verdict(call, *terms.judged([Term(system, *one) for one in known.items()], asked))


async def lookup(call: Call) -> Answer:
    asked = _asked(call.given)
    if not asked or not asked[0].system:
        return _required(call, "code with system, or coding")
    system, code, _ = asked[0]
    known = (await _systems(call)).get(system)
    if known is None:
        return _unknown(call, system)
    if code not in known:
        return call.door.issue(404, Issue("not-found", f"Nothing is known here of {code} in {system}."))
    parts = {"name_valueString": system.rpartition("/")[2] or system, "display_valueString": known[code] or code}
    return call.parameters(**parts)


async def _systems(call: Call) -> Mapping[str, Mapping[str, str]]:
    return await asyncio.to_thread(terminology.systems, call.door.version)


def _verdict(call: Call, result: bool, message: str, display: str) -> Answer:
    parts: dict[str, Any] = {"result_valueBoolean": result}
    parts |= {"message_valueString": message} if message else {}
    return call.parameters(**parts, **({"display_valueString": display} if display else {}))


def _url(call: Call) -> str:
    """Without its version, where that is the one that is here: those of the specification have its own."""
    url, mark, number = (call.given.one("url") or "").partition("|")
    number = number if mark else call.given.one("valueSetVersion") or ""
    own = url.startswith(terms.SPECIFICATION)
    return f"{url}|{number}" if own and not VERSIONS[call.door.version].number.startswith(number) else url


def _asked(given: Given) -> list[Term]:
    code, coding, concept = given.one("code"), given.things.get("coding"), given.things.get("codeableConcept")
    if code is not None:
        return [Term(given.one("system") or "", code, given.one("display") or "")]
    listed = concept.get("coding") if isinstance(concept, dict) else [coding]
    codings = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [
        Term(str(one.get("system", "")), str(one["code"]), str(one.get("display", ""))) for one in codings if one.get("code")
    ]


def _absent(call: Call, url: str) -> Answer:
    text = f"There is no value set {url} here. {terms.meant(call.door.version, url)}"
    return call.door.issue(404, Issue("not-found", text))


def _unknown(call: Call, system: str) -> Answer:
    text = f"The code system {system} is not known here: those of required bindings are, and those of the population's codes."
    return call.door.issue(404, Issue("not-found", text))


def _required(call: Call, what: str) -> Answer:
    return call.door.issue(400, Issue("required", f"Say what is asked about: {what}.", rule=RULE))
