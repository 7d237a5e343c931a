"""From the typed values of a resource to index rows: one function per kind of search parameter.

Every function takes (value, type of the element) and gives rows without the parameter's number. A value of another
shape than its type promises gives none: the index never refuses what validation let pass. Few are generators, since to
begin one costs as much as a value does.
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
"""Bytes."""
_NAME = ("family", "given", "text", "prefix", "suffix")
_ADDRESS = ("line", "city", "district", "state", "postalCode", "country", "text")
_DATES = frozenset({"date", "dateTime", "instant"})
_URIS = frozenset({"uri", "url", "canonical", "oid", "uuid"})
_QUANTITIES = frozenset({"Quantity", "SimpleQuantity", "Age", "Count", "Distance", "Duration", "Money", "MoneyQuantity"})


CASELESS = frozenset({"string", "ContactPoint"})
"""Types of which a token is found whatever its case (R4, 3.1.1.4.10); codes and identifiers are found as they are written."""
Coded: TypeAlias = Sequence[tuple[str | None, str]]
"""(system, code)."""


def tokens(value: Any, type: str) -> Coded:
    """(system, code)."""
    if isinstance(value, dict):
        read = _CODED.get(type)
        return read(value) if read is not None else ()
    if isinstance(value, bool):
        return ((None, "true" if value else "false"),)
    if isinstance(value, str):
        return ((None, value.lower() if type in CASELESS else value),)
    return ((None, str(value)),) if isinstance(value, (int, float)) else ()


def known(value: Any) -> bytes | None:
    """By which a value that comes again and again is known: its JSON, where that is short."""
    try:
        text = orjson.dumps(value)
    except TypeError:  # a decimal, or what is no JSON of ours
        return None
    return text if len(text) <= _SHORT else None


def _concept(value: dict[str, Any]) -> tuple[Coded, Sequence[tuple[str, str]]]:
    """Codes and texts of a CodeableConcept."""
    text = known(value)
    return _read(text) if text is not None else (_codings(value), _displays(value))


@memoized(8192)
def _read(text: bytes) -> tuple[Coded, Sequence[tuple[str, str]]]:
    value = lossless_json.loads(text)
    return tuple(_codings(value)), tuple(_displays(value))


def _displays(value: dict[str, Any]) -> Sequence[tuple[str, str]]:
    said = [value.get("text")]
    for one in _list(value.get("coding")):
        if isinstance(one, dict):
            said.append(one.get("display"))
    return [(folded, one) for one in said if isinstance(one, str) and (folded := fold(one))]


def coded(value: Any, type: str) -> tuple[Coded, Sequence[tuple[str, str]]]:
    """Both `tokens` and `texts`."""
    if not isinstance(value, dict):
        return tokens(value, type), ()
    return _concept(value) if type == "CodeableConcept" else (tokens(value, type), texts(value, type))


def _codings(value: dict[str, Any]) -> Coded:
    found: list[tuple[str | None, str]] = []
    for one in _list(value.get("coding")):
        if isinstance(one, dict):
            system, code = one.get("system"), one.get("code")
            if isinstance(code, str) and code:
                found.append((system if isinstance(system, str) and system else None, code))
    return found


def _extended(value: dict[str, Any]) -> Coded:
    """As it is written: nothing tells a search which type an extension has."""
    inner, of = _extension(value)
    return tokens(inner, "code" if of == "string" else of) if inner is not None else ()


def _coded(value: dict[str, Any], system: str, code: str) -> Coded:
    held, written = value.get(system), value.get(code)
    if not isinstance(written, str) or not written:
        return ()
    return ((held if isinstance(held, str) and held else None, written),)


def _contact(value: dict[str, Any]) -> Coded:
    """No version says what stands before the bar; apps send `phone|…`, which the servers they know take."""
    return [(system, held.lower()) for system, held in _coded(value, "system", "value")]


def _either(value: dict[str, Any]) -> Coded:
    concept = value.get("concept")
    return _concept(concept)[0] if isinstance(concept, dict) else ()


_CODED: dict[str, Callable[[dict[str, Any]], Coded]] = {
    "CodeableConcept": lambda value: _concept(value)[0],
    "Coding": lambda value: _coded(value, "system", "code"),
    "Identifier": lambda value: _coded(value, "system", "value"),
    "CodeableReference": _either,
    "ContactPoint": _contact,
    "Extension": _extended,
}


def texts(value: Any, type: str) -> Sequence[tuple[str, str]]:
    """What a value says in words, for `:text` (R4, 3.1.1.5.4): text, displays, the text of an identifier's type."""
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
    """(system|code of an identifier's type, its value), for `:of-type`."""
    if type != "Identifier" or not isinstance(value, dict) or not isinstance(value.get("type"), dict):
        return
    held = value.get("value")
    for one in _list(value["type"].get("coding")):
        if isinstance(held, str) and held and isinstance(one, dict):
            for system, code in _coded(one, "system", "code"):
                yield f"{system or ''}|{code}", held


def identified(value: Any, type: str) -> Coded:
    """(system, value) by which a reference names its target without an address, for `:identifier`."""
    if type == "Reference" and isinstance(value, dict) and isinstance(value.get("identifier"), dict):
        return _coded(value["identifier"], "system", "value")
    return ()


def position(value: Any) -> tuple[int, int] | None:
    """(latitude, longitude) in microdegrees."""
    if not isinstance(value, dict):
        return None
    latitude, longitude = value.get("latitude"), value.get("longitude")
    if not _is_number(latitude) or not _is_number(longitude) or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return round(latitude * 1e6), round(longitude * 1e6)


def strings(value: Any, type: str) -> Sequence[tuple[str, str]]:
    """(folded, as it is written): each part of a name or an address by itself."""
    if isinstance(value, str):
        folded = fold(value)
        return ((folded, value),) if folded else ()
    if not isinstance(value, dict):
        return ()
    if type == "Extension":
        inner, of = _extension(value)
        return strings(inner, of) if inner is not None else ()
    return _parts(value, _SAID[type]) if type in _SAID else ()


_SAID = {
    "HumanName": _NAME,
    "Address": _ADDRESS,
    "CodeableConcept": ("text",),
    "Annotation": ("text",),
    "ContactPoint": ("value",),
}
"""Where a value says something, by its type."""


def _parts(value: dict[str, Any], keys: tuple[str, ...]) -> list[tuple[str, str]]:
    held = [one for key in keys if key in value for one in _list(value[key]) if isinstance(one, str)]
    return [(folded, one) for one in held if (folded := fold(one))]


def dates(value: Any, type: str) -> Sequence[tuple[int, int]]:
    """[low, high) in epoch milliseconds. A Timing counts as all that it spans."""
    if isinstance(value, str):
        found = span(value) if type in _DATES else None
        return (found,) if found else ()
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
    found = [one for text in _list(value.get("event")) if (one := _span(text))]
    repeat = value.get("repeat")
    bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    if isinstance(bounds, dict):
        found.extend(_period(bounds))
    return ((min(low for low, _ in found), max(high for _, high in found)),) if found else ()


def _span(text: Any) -> tuple[int, int] | None:
    return span(text) if isinstance(text, str) else None


_DAYS = {"s": 1 / 86400, "min": 1 / 1440, "h": 1 / 24, "d": 1.0, "wk": 7.0}
"""What a unit of time is in days, in which DSTU2 and STU3 count the length of an encounter."""


def numbers(value: Any, type: str) -> Sequence[tuple[float, float]]:
    """[low, high], both ends included. A duration in days where its unit is known, else as the number that it is."""
    if _is_number(value):
        return ((float(value), float(value)),)
    if isinstance(value, dict) and (type == "Range" or type in _QUANTITIES):
        days = _DAYS.get(str(value.get("code")), 1.0)
        return list(dict.fromkeys((low * days, high * days) for _, _, low, high in quantities(value, type)))
    return ()


Amounts: TypeAlias = Sequence[tuple[str | None, str | None, float, float]]


def quantities(value: Any, type: str) -> Amounts:
    """(system, code, low, high): once by code, once more by the unit as it is written where that differs."""
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
    named = low if isinstance(low, dict) and _is_number(at) else high
    if isinstance(named, dict) and (_is_number(at) or _is_number(to)):
        begin, end = (float(at) if _is_number(at) else -HUGE), (float(to) if _is_number(to) else HUGE)
        return _in_units(named, "Quantity", begin, end)
    return ()


def _is_number(value: Any) -> TypeGuard[int | float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -HUGE < value < HUGE


def uris(value: Any, type: str) -> Sequence[str]:
    """Uris as they stand."""
    return (value,) if isinstance(value, str) and value else ()


_REFERRING = ("Reference", "CodeableReference")


def referenced(value: Any, type: str) -> str | None:
    """The text of a reference, whatever the element: Reference, canonical, uri."""
    if isinstance(value, dict):
        held = value.get("reference") if type == "CodeableReference" else value
        text = held.get("reference") if isinstance(held, dict) and type in _REFERRING else None
        return text if isinstance(text, str) else None
    return value if isinstance(value, str) and type in _URIS else None


def _extension(value: dict[str, Any]) -> tuple[Any, str]:
    """The value of an extension and its type, by the name of its key."""
    for key, inner in value.items():
        if key.startswith("value") and len(key) > 5:
            name = key[5:]
            return inner, name if isinstance(inner, dict) else name[0].lower() + name[1:]
    return None, ""


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
