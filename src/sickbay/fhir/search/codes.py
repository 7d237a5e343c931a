"""The systems and value sets of elements of type `code`. The definition implies them, so resources don't contain them."""

from __future__ import annotations

import re
from functools import cache

from msgspec.structs import replace

from sickbay.fhir import terminology
from sickbay.fhir.definitions import load_table
from sickbay.fhir.elements import list_children
from sickbay.fhir.search import hierarchies
from sickbay.fhir.search.expressions import list_kinds
from sickbay.fhir.search.index_values import CASELESS
from sickbay.fhir.search.parameters import CASELESS_VERSIONS, SearchParameter
from sickbay.fhir.search.query import TokenValue

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
    """Returns the systems that a search may put before a code of this parameter, though no resource contains them.

    Empty if some of the elements contain their own system (R4, 3.1.1.5.10).
    """
    types = list_kinds(version, parameter.type, parameter.expression)
    if types == {"boolean"}:
        return _BOOLEAN
    if types != {"code"}:
        return frozenset()
    return frozenset(system for url in value_sets(version, parameter) for system in _systems_of_value_set(url))


def _systems_of_value_set(url: str) -> tuple[str, ...]:
    if url in _OTHERS:
        return (_OTHERS[url],)
    return tuple(prefix + url.removeprefix(_VALUE_SETS) for prefix in _SYSTEMS) if url.startswith(_VALUE_SETS) else ()


@cache
def value_sets(version: str, parameter: SearchParameter) -> tuple[str, ...]:
    """Returns the required value sets of its elements, without versions."""
    urls: dict[str, None] = {}
    for part in parameter.expression.split("|"):
        names = re.findall(r"\.(\w+)(?![\w(])", part.strip())
        entry = _element_entry(version, parameter.type, names)
        if entry is not None and len(entry) > 3 and entry[3]:
            urls[entry[3].partition("|")[0]] = None
    return tuple(urls)


def _element_entry(version: str, type: str, names: list[str]) -> list[str] | None:
    """Returns the entry for the element at the end of these names in the table of elements."""
    at, path = type, ""
    for name in names:
        path = f"{at}.{name}"
        elements = list_children(version, at).get(name)
        if not elements:
            return None
        at = elements[0].path
    entry: list[str] | None = load_table(version, "elements").get(path)
    return entry


@cache
def list_possible_codes(version: str, parameter: SearchParameter) -> frozenset[str]:
    """Returns all codes that its elements may contain, from a required binding or as booleans; empty if unknown."""
    types = list_kinds(version, parameter.type, parameter.expression)
    if types and types <= {"boolean", "presence"}:
        return frozenset({"true", "false"})
    if types != {"code"}:
        return frozenset()
    parts, known = parameter.expression.split(" | "), terminology.value_sets(version)
    bound = [value_sets(version, replace(parameter, expression=part)) for part in parts]
    if not all(urls and urls[0] in known for urls in bound):
        return frozenset()
    return frozenset(term.code for url, *_ in bound for term in known[url])


@cache
def list_searchable_codes(version: str, parameter: SearchParameter) -> frozenset[str]:
    """Returns the possible codes as a search compares them."""
    codes = list_possible_codes(version, parameter)
    return frozenset(map(str.lower, codes)) if version in CASELESS_VERSIONS else codes


def list_tokens_of_value_set(version: str, parameter: SearchParameter, url: str) -> tuple[TokenValue, ...] | None:
    """Returns the codes of a value set as the parameter's elements store them; None if the value set isn't bundled."""
    terms = terminology.value_sets(version).get(url)
    if terms is None:
        return None
    implied = implied_systems(version, parameter)
    is_bound = url in value_sets(version, parameter)
    values = [
        TokenValue("" if implied else term.system, term.code)
        for term in terms
        if not implied or is_bound or term.system in implied
    ]
    return tuple([fold_case_if_insensitive(version, parameter, value) for value in values])


def find_related_codes(version: str, parameter: SearchParameter, value: TokenValue, way: str) -> tuple[TokenValue, ...] | None:
    """Returns the code and all codes above or below it; None if its system is unknown, or neither sent nor implied."""
    assert value.code is not None
    systems = (value.system,) if value.system else sorted(implied_systems(version, parameter))
    known = [hierarchies.find_related_codes(version, system, value.code, way) for system in systems]
    codes = dict.fromkeys(code for reached in known if reached is not None for code in reached)
    return tuple([fold_case_if_insensitive(version, parameter, TokenValue(value.system or "", code)) for code in codes]) or None


def convert_to_indexed(version: str, parameter: SearchParameter, value: TokenValue) -> TokenValue:
    """Converts a value to how the index holds it, such as `http://hl7.org/fhir/administrative-gender|male` to `|male`."""
    return fold_case_if_insensitive(version, parameter, drop_implied_system(version, parameter, value))


def drop_implied_system(version: str, parameter: SearchParameter, value: TokenValue) -> TokenValue:
    """Removes a system that the element implies. Also converts a contact `|Ann@Example.org` to lower case."""
    types = list_kinds(version, parameter.type, parameter.expression)
    if types and types <= CASELESS and parameter.code != "_id":
        code = value.code.lower() if value.code is not None else None
        return TokenValue(value.system or None, code)
    if not value.system or value.system not in implied_systems(version, parameter):
        return value
    return TokenValue("", value.code)


def fold_case_if_insensitive(version: str, parameter: SearchParameter, value: TokenValue) -> TokenValue:
    """Converts the code to lower case if the version searches tokens in any case. Ids are case-sensitive in every version."""
    if version not in CASELESS_VERSIONS or value.code is None or parameter.code == "_id":
        return value
    return TokenValue(value.system, value.code.lower())
