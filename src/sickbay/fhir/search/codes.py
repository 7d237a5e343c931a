"""The systems and value sets of elements of type `code`: the definition implies them, so the resource does not say them."""

from __future__ import annotations

import re
from functools import cache

from msgspec.structs import replace

from sickbay.fhir import terminology
from sickbay.fhir.definitions import table
from sickbay.fhir.elements import children
from sickbay.fhir.search import hierarchies
from sickbay.fhir.search.expressions import kinds
from sickbay.fhir.search.index_values import CASELESS
from sickbay.fhir.search.query import SearchParameter, TokenValue

_SYSTEMS = ("http://hl7.org/fhir/", "http://hl7.org/fhir/CodeSystem/", "http://terminology.hl7.org/CodeSystem/")
_VALUE_SETS = "http://hl7.org/fhir/ValueSet/"
_OTHERS = {
    _VALUE_SETS + "mimetypes": "urn:ietf:bcp:13",
    _VALUE_SETS + "languages": "urn:ietf:bcp:47",
    _VALUE_SETS + "currencies": "urn:iso:std:iso:4217",
}
_BOOLEAN = frozenset({"http://terminology.hl7.org/CodeSystem/special-values", "http://hl7.org/fhir/special-values"})


@cache
def implied_systems(version: str, parameter: SearchParameter) -> frozenset[str]:
    """The systems that may stand before a code of this parameter, though no resource holds them (R4, 3.1.1.5.10).

    Empty where some of its elements say their system themselves.
    """
    types = kinds(version, parameter.type, parameter.expression)
    if types == {"boolean"}:
        return _BOOLEAN
    if types != {"code"}:
        return frozenset()
    return frozenset(system for url in value_sets(version, parameter) for system in _systems(url))


def _systems(url: str) -> tuple[str, ...]:
    if url in _OTHERS:
        return (_OTHERS[url],)
    return tuple(one + url.removeprefix(_VALUE_SETS) for one in _SYSTEMS) if url.startswith(_VALUE_SETS) else ()


@cache
def value_sets(version: str, parameter: SearchParameter) -> tuple[str, ...]:
    """The required value sets of its elements, without their versions."""
    found: dict[str, None] = {}
    for part in parameter.expression.split("|"):
        names = re.findall(r"\.(\w+)(?![\w(])", part.strip())
        entry = _entry(version, parameter.type, names)
        if entry is not None and len(entry) > 3 and entry[3]:
            found[entry[3].partition("|")[0]] = None
    return tuple(found)


def _entry(version: str, type: str, names: list[str]) -> list[str] | None:
    """What the table of elements says of the last of these names, one below the other."""
    at, path = type, ""
    for name in names:
        path = f"{at}.{name}"
        held = children(version, at).get(name)
        if not held:
            return None
        at = held[0].path
    entry: list[str] | None = table(version, "elements").get(path)
    return entry


@cache
def possible(version: str, parameter: SearchParameter) -> frozenset[str]:
    """All codes that its elements may hold, by a required binding or as booleans; empty where that is not known."""
    types = kinds(version, parameter.type, parameter.expression)
    if types and types <= {"boolean", "presence"}:
        return frozenset({"true", "false"})
    if types != {"code"}:
        return frozenset()
    parts, held = parameter.expression.split(" | "), terminology.value_sets(version)
    each = [value_sets(version, replace(parameter, expression=one)) for one in parts]
    if not all(one and one[0] in held for one in each):
        return frozenset()
    return frozenset(term.code for url, *_ in each for term in held[url])


def tokens_in(version: str, parameter: SearchParameter, url: str) -> tuple[TokenValue, ...] | None:
    """The codes of a value set that comes with us, as the parameter's elements hold them; None where it is not here."""
    terms = terminology.value_sets(version).get(url)
    if terms is None:
        return None
    if not implied_systems(version, parameter):
        return tuple(TokenValue(one.system, one.code) for one in terms)
    bound = url in value_sets(version, parameter)
    return tuple(TokenValue("", one.code) for one in terms if bound or one.system in implied_systems(version, parameter))


def related(version: str, parameter: SearchParameter, value: TokenValue, way: str) -> tuple[TokenValue, ...] | None:
    """The code and all above or below it; None where its system is not here, or is neither said nor implied."""
    assert value.code is not None
    systems = (value.system,) if value.system else sorted(implied_systems(version, parameter))
    known = [hierarchies.related(version, one, value.code, way) for one in systems]
    codes = dict.fromkeys(code for found in known if found is not None for code in found)
    return tuple(TokenValue(value.system or "", code) for code in codes) or None


def as_held(version: str, parameter: SearchParameter, value: TokenValue) -> TokenValue:
    """`http://hl7.org/fhir/administrative-gender|male` as |male; of a contact `|Ann@Example.org` as ann@example.org."""
    types = kinds(version, parameter.type, parameter.expression)
    if types and types <= CASELESS and parameter.code != "_id":
        code = value.code.lower() if value.code is not None else None
        return TokenValue(value.system or None, code)
    if not value.system or value.system not in implied_systems(version, parameter):
        return value
    return TokenValue("", value.code)
