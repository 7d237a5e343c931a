"""Reads index rows from typed values of a resource.

Each table maps the type of an element to the function that reads it, so that it is chosen once for a path, not for each value.
The functions return rows without the parameter's number. A value that doesn't match its type produces no rows, because the
index must not refuse what passed validation. Few functions are generators, because starting one takes as long as reading one
value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeAlias, TypeGuard

import orjson

from sickbay.fhir import lossless_json
from sickbay.fhir.dates import BEGINNING, END, parse_span
from sickbay.fhir.search.text import fold
from sickbay.kernel.memoize import cache_results

HUGE = 1e300
"""Upper limit of numbers, and the end of a range of numbers that has none."""
_SHORT = 500
"""Longest cached value, in bytes of JSON."""

CASELESS = frozenset({"string", "ContactPoint"})
"""Types whose tokens match in any case (R4, 3.1.1.4.10). Codes and identifiers match only as written."""
Coding: TypeAlias = tuple[str | None, str]
"""(system, code)."""
Text: TypeAlias = tuple[str, str]
"""(folded, original)."""
Coded: TypeAlias = tuple[Sequence[Coding], Sequence[Text]]
"""The codings of a token, and its words for `:text` (R4, 3.1.1.5.4): text, displays, the text of an identifier's type."""
Dates: TypeAlias = Sequence[tuple[int, int]]
"""[low, high) in epoch milliseconds."""
Amounts: TypeAlias = Sequence[tuple[str | None, str | None, float, float]]
"""(system, code, low, high), both included."""
Json: TypeAlias = dict[str, Any]
_NONE: Coded = ((), ())


def _read_plain(value: Any) -> Coded:
    """Reads a code, a string, a boolean or a number as a token."""
    if isinstance(value, str):
        return ((None, value),), ()
    if isinstance(value, bool):
        return ((None, "true" if value else "false"),), ()
    return (((None, str(value)),), ()) if isinstance(value, (int, float)) else _NONE


def _read_caseless(value: Any) -> Coded:
    return (((None, value.lower()),), ()) if isinstance(value, str) else _read_plain(value)


def _read_concept(value: Any) -> Coded:
    if not isinstance(value, dict):
        return _read_plain(value)
    text = cache_key(value)
    return _cached_concept(text) if text is not None else (_read_codings(value), _read_displays(value))


def cache_key(value: Any) -> bytes | None:
    """Returns the cache key of a value: its JSON if it is short, otherwise None."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # a decimal, or a value that isn't JSON
        return None
    return text if len(text) <= _SHORT else None


@cache_results(8192)
def _cached_concept(text: bytes) -> Coded:
    value = lossless_json.loads(text)
    return tuple(_read_codings(value)), tuple(_read_displays(value))


def _read_codings(value: Json) -> Sequence[Coding]:
    pairs: list[Coding] = []
    for coding in _wrap_in_list(value.get("coding")):
        if isinstance(coding, dict):
            pairs += _read_pair(coding, "code")
    return pairs


def _read_displays(value: Json) -> Sequence[Text]:
    displays = [value.get("text")]
    for coding in _wrap_in_list(value.get("coding")):
        if isinstance(coding, dict):
            displays.append(coding.get("display"))
    return [(folded, text) for text in displays if isinstance(text, str) and (folded := fold(text))]


def _read_pair(value: Json, key: str) -> Sequence[Coding]:
    """Returns the system and the code, or the value, of a Coding or an Identifier."""
    system, code = value.get("system"), value.get(key)
    if not isinstance(code, str) or not code:
        return ()
    return ((system if isinstance(system, str) and system else None, code),)


def _read_coding(value: Any) -> Coded:
    return (_read_pair(value, "code"), _read_text_parts(value, ("display",))) if isinstance(value, dict) else _read_plain(value)


def _read_identifier(value: Any) -> Coded:
    if not isinstance(value, dict):
        return _read_plain(value)
    kind = value.get("type")
    return _read_pair(value, "value"), _read_text_parts(kind, ("text",)) if isinstance(kind, dict) else ()


def _read_contact(value: Any) -> Coded:
    """Reads a contact in lower case. No version defines its system; apps send `phone|…`, which other servers accept."""
    if not isinstance(value, dict):
        return _read_caseless(value)
    return [(system, address.lower()) for system, address in _read_pair(value, "value")], ()


def _codeable_reference(value: Any) -> Coded:
    if not isinstance(value, dict):
        return _read_plain(value)
    concept = value.get("concept")
    return (_read_concept(concept)[0], ()) if isinstance(concept, dict) else _NONE


def _displayed_reference(value: Any) -> Coded:
    return ((), _read_text_parts(value, ("display",))) if isinstance(value, dict) else _read_plain(value)


def _token_extension(value: Any) -> Coded:
    """Reads the tokens in an extension, as written, because a search doesn't know the extension's type."""
    if not isinstance(value, dict):
        return _read_plain(value)
    inner, type = _read_extension(value)
    return (token_reader("code" if type == "string" else type)(inner)[0], ()) if inner is not None else _NONE


_TOKENS: Mapping[str, Callable[[Any], Coded]] = {
    "CodeableConcept": _read_concept,
    "CodeableReference": _codeable_reference,
    "Coding": _read_coding,
    "ContactPoint": _read_contact,
    "Extension": _token_extension,
    "Identifier": _read_identifier,
    "Reference": _displayed_reference,
    "string": _read_caseless,
}


def token_reader(type: str) -> Callable[[Any], Coded]:
    return _TOKENS.get(type, _read_plain)


def read_of_type(identifier: Json) -> Iterator[tuple[str, str]]:
    """Yields (system|code of an identifier's type, its value) for `:of-type`."""
    kind, value = identifier.get("type"), identifier.get("value")
    if not isinstance(kind, dict) or not isinstance(value, str) or not value:
        return
    for coding in _wrap_in_list(kind.get("coding")):
        if isinstance(coding, dict):
            for system, code in _read_pair(coding, "code"):
                yield f"{system or ''}|{code}", value


def list_identifiers(reference: Json) -> Sequence[Coding]:
    """Returns (system, value) of a reference's identifier, for `:identifier`."""
    identifier = reference.get("identifier")
    return _read_pair(identifier, "value") if isinstance(identifier, dict) else ()


def extract_position(value: Any) -> tuple[int, int] | None:
    """Returns (latitude, longitude) in microdegrees."""
    if not isinstance(value, dict):
        return None
    latitude, longitude = value.get("latitude"), value.get("longitude")
    if not _is_number(latitude) or not _is_number(longitude) or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return round(latitude * 1e6), round(longitude * 1e6)


_TEXT_KEYS = {
    "HumanName": ("family", "given", "text", "prefix", "suffix"),
    "Address": ("line", "city", "district", "state", "postalCode", "country", "text"),
    "CodeableConcept": ("text",),
    "Annotation": ("text",),
    "ContactPoint": ("value",),
}
"""The members that contain text, by type."""


def extract_strings(value: Any, type: str) -> Sequence[Text]:
    """Returns (folded, original) texts, with a separate one for each part of a name or an address."""
    if isinstance(value, str):
        folded = fold(value)
        return ((folded, value),) if folded else ()
    if not isinstance(value, dict):
        return ()
    if type == "Extension":
        inner, of = _read_extension(value)
        return extract_strings(inner, of) if inner is not None else ()
    return _read_text_parts(value, _TEXT_KEYS[type]) if type in _TEXT_KEYS else ()


def _read_text_parts(value: Json, keys: tuple[str, ...]) -> list[Text]:
    texts = [text for key in keys if key in value for text in _wrap_in_list(value[key]) if isinstance(text, str)]
    return [(folded, text) for text in texts if (folded := fold(text))]


def _read_date(value: Any) -> Dates:
    period = parse_span(value) if isinstance(value, str) else None
    return (period,) if period else ()


def _read_period(value: Any) -> Dates:
    if not isinstance(value, dict):
        return ()
    start, end = _read_date(value.get("start")), _read_date(value.get("end"))
    if not start and not end:
        return ()
    low, high = (start[0][0] if start else BEGINNING), (end[0][1] if end else END)
    return ((low, high),) if low < high else ()


def _read_timing(value: Any) -> Dates:
    """Returns one range, from the first to the last event."""
    if not isinstance(value, dict):
        return ()
    periods = [period for text in _wrap_in_list(value.get("event")) for period in _read_date(text)]
    repeat = value.get("repeat")
    if isinstance(repeat, dict):
        periods.extend(_read_period(repeat.get("boundsPeriod")))
    return ((min(low for low, _ in periods), max(high for _, high in periods)),) if periods else ()


def _date_extension(value: Any) -> Dates:
    inner, type = _read_extension(value) if isinstance(value, dict) else (None, "")
    return date_reader(type)(inner)


def _read_nothing(value: Any) -> tuple[()]:
    return ()


_DATES: Mapping[str, Callable[[Any], Dates]] = {
    "date": _read_date,
    "dateTime": _read_date,
    "Extension": _date_extension,
    "instant": _read_date,
    "Period": _read_period,
    "Timing": _read_timing,
}


def date_reader(type: str) -> Callable[[Any], Dates]:
    return _DATES.get(type, _read_nothing)


def _read_quantity(value: Any) -> Amounts:
    """Returns the amount by code, and again by the unit as written if that is different."""
    if not isinstance(value, dict):
        return ()
    number = value.get("value")
    if not _is_number(number):
        return ()
    low = high = float(number)
    comparator = value.get("comparator")
    if comparator is not None:
        low, high = (-HUGE if comparator in ("<", "<=") else low), (HUGE if comparator in (">", ">=") else high)
    return _convert_to_units(value, low, high)


def _convert_to_units(value: Json, low: float, high: float) -> Amounts:
    system, code, unit = value.get("system"), value.get("code"), value.get("unit")
    system = system if isinstance(system, str) else None
    unit = unit if isinstance(unit, str) else None
    if not isinstance(code, str) or not code:
        return ((system, unit, low, high),)
    coded = system, code, low, high
    return (coded, (None, unit, low, high)) if unit and unit != code else (coded,)


def _read_money(value: Any) -> Amounts:
    amounts, currency = _read_quantity(value), value.get("currency") if isinstance(value, dict) else None
    if not isinstance(currency, str):
        return amounts
    return [("urn:iso:std:iso:4217", currency, low, high) for _, _, low, high in amounts[:1]]


def _read_range(value: Any) -> Amounts:
    if not isinstance(value, dict):
        return ()
    low, high = value.get("low"), value.get("high")
    at = low.get("value") if isinstance(low, dict) else None
    to = high.get("value") if isinstance(high, dict) else None
    quantity = low if isinstance(low, dict) and _is_number(at) else high
    if isinstance(quantity, dict) and (_is_number(at) or _is_number(to)):
        begin, end = (float(at) if _is_number(at) else -HUGE), (float(to) if _is_number(to) else HUGE)
        return _convert_to_units(quantity, begin, end)
    return ()


def _quantity_extension(value: Any) -> Amounts:
    inner, type = _read_extension(value) if isinstance(value, dict) else (None, "")
    return quantity_reader(type)(inner)


_SIMPLE = ("Quantity", "SimpleQuantity", "Age", "Count", "Distance", "Duration", "MoneyQuantity")
_QUANTITIES: Mapping[str, Callable[[Any], Amounts]] = {
    **dict.fromkeys(_SIMPLE, _read_quantity),
    "Extension": _quantity_extension,
    "Money": _read_money,
    "Range": _read_range,
}


def quantity_reader(type: str) -> Callable[[Any], Amounts]:
    return _QUANTITIES.get(type, _read_nothing)


_DAYS = {"s": 1 / 86400, "min": 1 / 1440, "h": 1 / 24, "d": 1.0, "wk": 7.0}
"""Units of time in days, the unit in which DSTU2 and STU3 search the length of an encounter."""


def extract_numbers(value: Any, type: str) -> Sequence[tuple[float, float]]:
    """Returns [low, high], both included. A duration is converted to days if its unit is known."""
    if _is_number(value):
        return ((float(value), float(value)),)
    if isinstance(value, dict) and type != "Extension":
        days = _DAYS.get(str(value.get("code")), 1.0)
        return list(dict.fromkeys((low * days, high * days) for _, _, low, high in quantity_reader(type)(value)))
    return ()


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -HUGE < value < HUGE


def extract_uris(value: Any) -> Sequence[str]:
    return (value,) if isinstance(value, str) and value else ()


def _read_reference(value: Any) -> str | None:
    text = value.get("reference") if isinstance(value, dict) else None
    return text if isinstance(text, str) else None


def _reference_of_concept(value: Any) -> str | None:
    return _read_reference(value.get("reference")) if isinstance(value, dict) else None


def _read_uri(value: Any) -> str | None:
    return value if isinstance(value, str) else None


_REFERENCES: Mapping[str, Callable[[Any], str | None]] = {
    **dict.fromkeys(("uri", "url", "canonical", "oid", "uuid"), _read_uri),
    "CodeableReference": _reference_of_concept,
    "Reference": _read_reference,
}


def reference_reader(type: str) -> Callable[[Any], str | None]:
    """Returns a function that reads the text of a reference."""
    return _REFERENCES.get(type, lambda value: None)


def _read_extension(value: Json) -> tuple[Any, str]:
    """Returns the value of an extension and its type, from the name of its key."""
    for key, inner in value.items():
        if key.startswith("value") and len(key) > 5:
            name = key[5:]
            return inner, name if isinstance(inner, dict) else name[0].lower() + name[1:]
    return None, ""


def _wrap_in_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
