"""Converts typed values of a resource to index rows, with one function for each kind of search parameter.

Each function takes (value, type of the element) and returns rows without the parameter's number. A value that doesn't match its
type produces no rows, because the index must not refuse what passed validation. Few functions are generators, because starting
one takes as long as reading a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeGuard

import orjson

from sickbay.fhir import lossless_json
from sickbay.fhir.dates import BEGINNING, END, span
from sickbay.fhir.search.text import fold
from sickbay.fhir.validation.primitives import HUGE
from sickbay.kernel.memoize import memoized

_SHORT = 500
"""Longest cached value, in bytes of JSON."""
_NAME = ("family", "given", "text", "prefix", "suffix")
_ADDRESS = ("line", "city", "district", "state", "postalCode", "country", "text")
_DATES = frozenset({"date", "dateTime", "instant"})
_URIS = frozenset({"uri", "url", "canonical", "oid", "uuid"})
_QUANTITIES = frozenset({"Quantity", "SimpleQuantity", "Age", "Count", "Distance", "Duration", "Money", "MoneyQuantity"})


CASELESS = frozenset({"string", "ContactPoint"})
"""Types whose tokens match in any case (R4, 3.1.1.4.10). Codes and identifiers match only as written."""
Coded: TypeAlias = Sequence[tuple[str | None, str]]
"""(system, code)."""


def tokens(value: Any, type: str) -> Coded:
    """Returns (system, code) of each token."""
    if isinstance(value, dict):
        read = _CODED.get(type)
        return read(value) if read is not None else ()
    if isinstance(value, bool):
        return ((None, "true" if value else "false"),)
    if isinstance(value, str):
        return ((None, value.lower() if type in CASELESS else value),)
    return ((None, str(value)),) if isinstance(value, (int, float)) else ()


def known(value: Any) -> bytes | None:
    """Returns the cache key of a value: its JSON if it is short, otherwise None."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # a decimal, or a value that isn't JSON
        return None
    return text if len(text) <= _SHORT else None


def _concept(value: dict[str, Any]) -> tuple[Coded, Sequence[tuple[str, str]]]:
    """Returns the codes and texts of a CodeableConcept."""
    text = known(value)
    return _cached_concept(text) if text is not None else (_codings(value), _displays(value))


@memoized(8192)
def _cached_concept(text: bytes) -> tuple[Coded, Sequence[tuple[str, str]]]:
    value = lossless_json.loads(text)
    return tuple(_codings(value)), tuple(_displays(value))


def _displays(value: dict[str, Any]) -> Sequence[tuple[str, str]]:
    displays = [value.get("text")]
    for coding in _list(value.get("coding")):
        if isinstance(coding, dict):
            displays.append(coding.get("display"))
    return [(folded, text) for text in displays if isinstance(text, str) and (folded := fold(text))]


def coded(value: Any, type: str) -> tuple[Coded, Sequence[tuple[str, str]]]:
    """Returns both `tokens` and `texts`."""
    if not isinstance(value, dict):
        return tokens(value, type), ()
    return _concept(value) if type == "CodeableConcept" else (tokens(value, type), texts(value, type))


def _codings(value: dict[str, Any]) -> Coded:
    pairs: list[tuple[str | None, str]] = []
    for coding in _list(value.get("coding")):
        if isinstance(coding, dict):
            system, code = coding.get("system"), coding.get("code")
            if isinstance(code, str) and code:
                pairs.append((system if isinstance(system, str) and system else None, code))
    return pairs


def _extension_tokens(value: dict[str, Any]) -> Coded:
    """Returns the tokens in an extension, as written, because a search doesn't know the extension's type."""
    inner, of = _extension(value)
    return tokens(inner, "code" if of == "string" else of) if inner is not None else ()


def _coded(value: dict[str, Any], system: str, code: str) -> Coded:
    system_value, written = value.get(system), value.get(code)
    if not isinstance(written, str) or not written:
        return ()
    return ((system_value if isinstance(system_value, str) and system_value else None, written),)


def _contact(value: dict[str, Any]) -> Coded:
    """Returns the contact in lower case. No version defines its system; apps send `phone|…`, which other servers accept."""
    return [(system, address.lower()) for system, address in _coded(value, "system", "value")]


def _codeable_reference(value: dict[str, Any]) -> Coded:
    concept = value.get("concept")
    return _concept(concept)[0] if isinstance(concept, dict) else ()


_CODED: dict[str, Callable[[dict[str, Any]], Coded]] = {
    "CodeableConcept": lambda value: _concept(value)[0],
    "Coding": lambda value: _coded(value, "system", "code"),
    "Identifier": lambda value: _coded(value, "system", "value"),
    "CodeableReference": _codeable_reference,
    "ContactPoint": _contact,
    "Extension": _extension_tokens,
}


def texts(value: Any, type: str) -> Sequence[tuple[str, str]]:
    """Returns the words of a value for `:text` (R4, 3.1.1.5.4): text, displays, the text of an identifier's type."""
    if not isinstance(value, dict):
        return ()
    if type == "CodeableConcept":
        return _concept(value)[1]
    if type in ("Coding", "Reference"):
        return _parts(value, ("display",))
    if type == "Identifier" and isinstance(value.get("type"), dict):
        return _parts(value["type"], ("text",))
    return ()


def of_type(value: Any, type: str) -> Iterator[tuple[str, str]]:
    """Yields (system|code of an identifier's type, its value) for `:of-type`."""
    if type != "Identifier" or not isinstance(value, dict) or not isinstance(value.get("type"), dict):
        return
    identifier = value.get("value")
    for coding in _list(value["type"].get("coding")):
        if isinstance(identifier, str) and identifier and isinstance(coding, dict):
            for system, code in _coded(coding, "system", "code"):
                yield f"{system or ''}|{code}", identifier


def identified(value: Any, type: str) -> Coded:
    """Returns (system, value) of a reference's identifier, for `:identifier`."""
    if type == "Reference" and isinstance(value, dict) and isinstance(value.get("identifier"), dict):
        return _coded(value["identifier"], "system", "value")
    return ()


def position(value: Any) -> tuple[int, int] | None:
    """Returns (latitude, longitude) in microdegrees."""
    if not isinstance(value, dict):
        return None
    latitude, longitude = value.get("latitude"), value.get("longitude")
    if not _is_number(latitude) or not _is_number(longitude) or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return round(latitude * 1e6), round(longitude * 1e6)


def strings(value: Any, type: str) -> Sequence[tuple[str, str]]:
    """Returns (folded, original) texts, with a separate one for each part of a name or an address."""
    if isinstance(value, str):
        folded = fold(value)
        return ((folded, value),) if folded else ()
    if not isinstance(value, dict):
        return ()
    if type == "Extension":
        inner, of = _extension(value)
        return strings(inner, of) if inner is not None else ()
    return _parts(value, _TEXT_KEYS[type]) if type in _TEXT_KEYS else ()


_TEXT_KEYS = {
    "HumanName": _NAME,
    "Address": _ADDRESS,
    "CodeableConcept": ("text",),
    "Annotation": ("text",),
    "ContactPoint": ("value",),
}
"""The members that contain text, by type."""


def _parts(value: dict[str, Any], keys: tuple[str, ...]) -> list[tuple[str, str]]:
    texts = [text for key in keys if key in value for text in _list(value[key]) if isinstance(text, str)]
    return [(folded, text) for text in texts if (folded := fold(text))]


def dates(value: Any, type: str) -> Sequence[tuple[int, int]]:
    """Returns [low, high) in epoch milliseconds. A Timing covers everything from its first to its last event."""
    if isinstance(value, str):
        period = span(value) if type in _DATES else None
        return (period,) if period else ()
    if not isinstance(value, dict):
        return ()
    if type == "Period":
        return _period(value)
    if type == "Timing":
        return _timing(value)
    inner, of = _extension(value) if type == "Extension" else (None, "")
    return dates(inner, of) if inner is not None else ()


def _period(value: dict[str, Any]) -> Sequence[tuple[int, int]]:
    start, end = _span(value.get("start")), _span(value.get("end"))
    if not start and not end:
        return ()
    low, high = (start[0] if start else BEGINNING), (end[1] if end else END)
    return ((low, high),) if low < high else ()


def _timing(value: dict[str, Any]) -> Sequence[tuple[int, int]]:
    periods = [period for text in _list(value.get("event")) if (period := _span(text))]
    repeat = value.get("repeat")
    bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    if isinstance(bounds, dict):
        periods.extend(_period(bounds))
    return ((min(low for low, _ in periods), max(high for _, high in periods)),) if periods else ()


def _span(text: Any) -> tuple[int, int] | None:
    return span(text) if isinstance(text, str) else None


_DAYS = {"s": 1 / 86400, "min": 1 / 1440, "h": 1 / 24, "d": 1.0, "wk": 7.0}
"""Units of time in days, the unit in which DSTU2 and STU3 search the length of an encounter."""


def numbers(value: Any, type: str) -> Sequence[tuple[float, float]]:
    """Returns [low, high], both included. A duration is converted to days if its unit is known."""
    if _is_number(value):
        return ((float(value), float(value)),)
    if isinstance(value, dict) and (type == "Range" or type in _QUANTITIES):
        days = _DAYS.get(str(value.get("code")), 1.0)
        return list(dict.fromkeys((low * days, high * days) for _, _, low, high in quantities(value, type)))
    return ()


Amounts: TypeAlias = Sequence[tuple[str | None, str | None, float, float]]


def quantities(value: Any, type: str) -> Amounts:
    """Returns (system, code, low, high) by code, and again by the unit as written if it is different."""
    if not isinstance(value, dict):
        return ()
    if type in _QUANTITIES:
        return _quantity(value, type)
    if type == "Range":
        return _range(value)
    inner, of = _extension(value) if type == "Extension" else (None, "")
    return quantities(inner, of) if inner is not None else ()


def _quantity(value: dict[str, Any], type: str) -> Amounts:
    number = value.get("value")
    if not _is_number(number):
        return ()
    low = high = float(number)
    comparator = value.get("comparator")
    if comparator is not None:
        low, high = (-HUGE if comparator in ("<", "<=") else low), (HUGE if comparator in (">", ">=") else high)
    return _in_units(value, type, low, high)


def _in_units(value: dict[str, Any], type: str, low: float, high: float) -> Amounts:
    if type == "Money" and isinstance(value.get("currency"), str):
        return (("urn:iso:std:iso:4217", value["currency"], low, high),)
    system, code, unit = value.get("system"), value.get("code"), value.get("unit")
    system = system if isinstance(system, str) else None
    unit = unit if isinstance(unit, str) else None
    if not isinstance(code, str) or not code:
        return ((system, unit, low, high),)
    coded = system, code, low, high
    return (coded, (None, unit, low, high)) if unit and unit != code else (coded,)


def _range(value: dict[str, Any]) -> Amounts:
    low, high = value.get("low"), value.get("high")
    at = low.get("value") if isinstance(low, dict) else None
    to = high.get("value") if isinstance(high, dict) else None
    quantity = low if isinstance(low, dict) and _is_number(at) else high
    if isinstance(quantity, dict) and (_is_number(at) or _is_number(to)):
        begin, end = (float(at) if _is_number(at) else -HUGE), (float(to) if _is_number(to) else HUGE)
        return _in_units(quantity, "Quantity", begin, end)
    return ()


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -HUGE < value < HUGE


def uris(value: Any, type: str) -> Sequence[str]:
    """Returns a URI as it is."""
    return (value,) if isinstance(value, str) and value else ()


_REFERRING = ("Reference", "CodeableReference")


def referenced(value: Any, type: str) -> str | None:
    """Returns the text of a reference in an element of any type: Reference, canonical, uri."""
    if isinstance(value, dict):
        inner = value.get("reference") if type == "CodeableReference" else value
        text = inner.get("reference") if isinstance(inner, dict) and type in _REFERRING else None
        return text if isinstance(text, str) else None
    return value if isinstance(value, str) and type in _URIS else None


def _extension(value: dict[str, Any]) -> tuple[Any, str]:
    """Returns the value of an extension and its type, from the name of its key."""
    for key, inner in value.items():
        if key.startswith("value") and len(key) > 5:
            name = key[5:]
            return inner, name if isinstance(inner, dict) else name[0].lower() + name[1:]
    return None, ""


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
