"""Search modifiers (R4, 3.1.1.4.4; R5, 3.2.1.5.5): where each is supported, and how it changes the values."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search import codes as search_codes
from sickbay.fhir.search.full_text import WORDS
from sickbay.fhir.search.hierarchies import find_parent_parameter
from sickbay.fhir.search.parameters import COLUMNS, Kind, SearchParameter, known_types
from sickbay.fhir.search.parser_state import SearchState
from sickbay.fhir.search.query import Filter, ReferenceValue, TokenValue, UriValue, Value
from sickbay.fhir.search.text import split, unescape
from sickbay.fhir.search.values import url_and_parents

UNSUPPORTED = "fhir-search-modifier-unsupported"
_MODIFIERS: dict[Kind, tuple[str, ...]] = {
    "token": ("not", "text", "of-type", "in", "not-in", "above", "below"),
    "string": ("exact", "contains"),
    "uri": ("below", "above"),
    "reference": ("identifier", "above", "below"),
}
_IN_R5: dict[Kind, tuple[str, ...]] = {
    "token": ("code-text",),
    "string": ("text",),
    "uri": ("contains",),
    "reference": ("text", "code-text"),
}
_SINCE_R4 = frozenset({"of-type", "identifier"})
_SPARE = "http://terminology.hl7.org/CodeSystem/condition-clinical|active"


def list_modifiers(version: str, parameter: SearchParameter) -> tuple[str, ...]:
    """Returns the supported modifiers, except the types that a reference may refer to."""
    if parameter.code in COLUMNS:
        return ("missing", "not") if parameter.code == "_id" else ("missing",)
    if parameter.code in WORDS:
        return ()
    later = _IN_R5.get(parameter.kind, ()) if version == "r5" else ()
    missing = _SINCE_R4 if version in ("dstu2", "stu3") else ()
    return ("missing", *(name for name in _MODIFIERS.get(parameter.kind, ()) if name not in missing), *later)


def is_understood(version: str, parameter: SearchParameter, modifier: str) -> bool:
    if modifier in list_modifiers(version, parameter):
        return True
    return parameter.kind == "reference" and modifier in known_types(version)


def refuse_unsupported_modifier(version: str, parameter: SearchParameter, name: str) -> RequestError:
    """Refuses an unsupported modifier, even with lenient handling (R4, 3.1.1.4.4)."""
    known = (*list_modifiers(version, parameter), *(("<Type>",) if parameter.kind == "reference" else ()))
    allowed = "one of " + ", ".join(f":{modifier}" for modifier in known) if known else "no modifier"
    return RequestError(UNSUPPORTED, name, "", f"{parameter.code} with {allowed}")


def parse_of_type(parameter: SearchParameter, text: str) -> TokenValue | RequestError:
    parts = [unescape(part) for part in split(text, "|")]
    if len(parts) != 3 or not parts[1] or not parts[2]:
        form = f"{parameter.code}:of-type=<system of the type>|<code of the type>|<value>"
        return RequestError("fhir-search-value-malformed", f"{parameter.code}:of-type", text, form)
    return TokenValue(f"{parts[0]}|{parts[1]}", parts[2])


def filter_by_value_sets(
    state: SearchState, parameter: SearchParameter, modifier: str, urls: Sequence[str]
) -> Filter | RequestError:
    """Uses the bundled value sets. Other value sets would need a terminology server."""
    values: dict[TokenValue, None] = {}
    for url in urls:
        codes = search_codes.list_tokens_of_value_set(state.version, parameter, unescape(url).partition("|")[0])
        if codes is None:
            bound = search_codes.value_sets(state.version, parameter)
            expected = f"{bound[0]}" if bound else f"{parameter.code}=<code>,<code> instead of a value set"
            return RequestError(UNSUPPORTED, f"{parameter.code}:{modifier}", url, expected)
        values |= dict.fromkeys(codes)
    return Filter(parameter, tuple(values), "not" if modifier == "not-in" else None)


def expand_hierarchy(state: SearchState, parameter: SearchParameter, way: str, value: Value) -> Sequence[Value] | RequestError:
    """Returns the values that `:above` or `:below` includes. References and `uri:below` stay one value for the store."""
    match value:
        case UriValue() if way == "above":
            return [UriValue(url) for url in url_and_parents(value.uri)]
        case TokenValue():
            return _related_codes(state, parameter, way, value)
        case ReferenceValue():
            return _related_parts(state, parameter, way, value)
    return [value]


def _related_codes(
    state: SearchState, parameter: SearchParameter, way: str, value: TokenValue
) -> Sequence[Value] | RequestError:
    name = f"{parameter.code}:{way}"
    if value.code is None:
        return RequestError("fhir-search-value-malformed", name, f"{value.system}|", f"{name}=<system>|<code>")
    codes = search_codes.find_related_codes(state.version, parameter, value, way)
    if codes is not None:
        return codes
    expected = (
        f"{parameter.code} and a list of codes; only the hierarchies of FHIR's own systems are available, such as {_SPARE}"
    )
    return RequestError(UNSUPPORTED, name, value.code, expected)


def _related_parts(
    state: SearchState, parameter: SearchParameter, way: str, value: ReferenceValue
) -> Sequence[Value] | RequestError:
    """Accepts canonicals, which have versions below them, and resources whose type has parts."""
    if value.url is not None:
        return [value]
    if value.type is not None and find_parent_parameter(state.version, value.type):
        return [value]
    able = [type for type in parameter.targets if find_parent_parameter(state.version, type)]
    form = f"{parameter.code}:{way}={'|'.join(able)}/<id>" if able else f"{parameter.code}, because its targets have no parts"
    return RequestError(UNSUPPORTED, f"{parameter.code}:{way}", value.id, form)
