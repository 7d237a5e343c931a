"""From the typed values of a resource to index rows: one function per kind of search parameter.

Every function takes (value, type of the element) and yields rows without the parameter's number. A value of another
shape than its type promises yields nothing: the index never refuses what validation let pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias, TypeGuard

from sickbay.fhir.dates import BEGINNING, END, span
from sickbay.fhir.primitives import HUGE
from sickbay.fhir.text import fold

_NAME = ("family", "given", "text", "prefix", "suffix")
_ADDRESS = ("line", "city", "district", "state", "postalCode", "country", "text")
_DATES = frozenset({"date", "dateTime", "instant"})
_URIS = frozenset({"uri", "url", "canonical", "oid", "uuid"})
_QUANTITIES = frozenset(
    {"Quantity", "SimpleQuantity", "Age", "Count", "Distance", "Duration", "Money", "MoneyQuantity"}
)


Coded: TypeAlias = Sequence[tuple[str | None, str]]
"""(system, code). Most of what is indexed are codes: no generators, since to begin one costs as much as a code does."""


def tokens(value: Any, type: str) -> Coded:
    """(system, code)."""
    if isinstance(value, dict):
        read = _CODED.get(type)
        return read(value) if read is not None else ()
    if isinstance(value, bool):
        return ((None, "true" if value else "false"),)
    return ((None, str(value)),) if isinstance(value, str | int | float) else ()


def _codings(value: dict[str, Any]) -> Coded:
    held = [one for one in _list(value.get("coding")) if isinstance(one, dict)]
    return [pair for one in held for pair in _coded(one, "system", "code")]


def _extended(value: dict[str, Any]) -> Coded:
    inner, of = _extension(value)
    return tokens(inner, of) if inner is not None else ()


def _coded(value: dict[str, Any], system: str, code: str) -> Coded:
    held, written = value.get(system), value.get(code)
    if not isinstance(written, str) or not written:
        return ()
    return ((held if isinstance(held, str) and held else None, written),)


_CODED: dict[str, Callable[[dict[str, Any]], Coded]] = {
    "CodeableConcept": _codings,
    "Coding": lambda value: _coded(value, "system", "code"),
    "Identifier": lambda value: _coded(value, "system", "value"),
    "ContactPoint": lambda value: _coded(value, "", "value"),
    "Extension": _extended,
}


def texts(value: Any, type: str) -> Sequence[tuple[str, str]]:
    """What a value says in words, for `:text` (R4, 3.1.1.5.4): text, displays, the text of an identifier's type."""
    if not isinstance(value, dict):
        return ()
    if type == "CodeableConcept":
        held = [one for one in _list(value.get("coding")) if isinstance(one, dict)]
        return [*_parts(value, ("text",)), *(pair for one in held for pair in _parts(one, ("display",)))]
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


def identified(value: Any, type: str) -> Iterator[tuple[str | None, str]]:
    """(system, value) by which a reference names its target without an address, for `:identifier`."""
    if type == "Reference" and isinstance(value, dict) and isinstance(value.get("identifier"), dict):
        yield from _coded(value["identifier"], "system", "value")


def position(value: Any) -> tuple[int, int] | None:
    """(latitude, longitude) in microdegrees."""
    if not isinstance(value, dict):
        return None
    latitude, longitude = value.get("latitude"), value.get("longitude")
    if not _is_number(latitude) or not _is_number(longitude) or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return round(latitude * 1e6), round(longitude * 1e6)


def strings(value: Any, type: str) -> Iterator[tuple[str, str]]:
    """(folded, as it is written): each part of a name or an address by itself."""
    if isinstance(value, str):
        folded = fold(value)
        if folded:
            yield folded, value
    elif isinstance(value, dict):
        if type == "HumanName":
            yield from _parts(value, _NAME)
        elif type == "Address":
            yield from _parts(value, _ADDRESS)
        elif type in ("CodeableConcept", "Annotation"):
            yield from _parts(value, ("text",))
        elif type == "ContactPoint":
            yield from _parts(value, ("value",))
        elif type == "Extension":
            inner, of = _extension(value)
            if inner is not None:
                yield from strings(inner, of)


def _parts(value: dict[str, Any], keys: tuple[str, ...]) -> list[tuple[str, str]]:
    held = [one for key in keys if key in value for one in _list(value[key]) if isinstance(one, str)]
    return [(folded, one) for one in held if (folded := fold(one))]


def dates(value: Any, type: str) -> Iterator[tuple[int, int]]:
    """[low, high) in epoch milliseconds. A Timing counts as all that it spans."""
    if isinstance(value, str):
        found = span(value) if type in _DATES else None
        if found:
            yield found
    elif isinstance(value, dict):
        if type == "Period":
            yield from _period(value)
        elif type == "Timing":
            yield from _timing(value)
        elif type == "Extension":
            inner, of = _extension(value)
            if inner is not None:
                yield from dates(inner, of)


def _period(value: dict[str, Any]) -> Iterator[tuple[int, int]]:
    start, end = _span(value.get("start")), _span(value.get("end"))
    if start or end:
        low, high = (start[0] if start else BEGINNING), (end[1] if end else END)
        if low < high:
            yield low, high


def _timing(value: dict[str, Any]) -> Iterator[tuple[int, int]]:
    found = [one for text in _list(value.get("event")) if (one := _span(text))]
    repeat = value.get("repeat")
    bounds = repeat.get("boundsPeriod") if isinstance(repeat, dict) else None
    if isinstance(bounds, dict):
        found.extend(_period(bounds))
    if found:
        yield min(low for low, _ in found), max(high for _, high in found)


def _span(text: Any) -> tuple[int, int] | None:
    return span(text) if isinstance(text, str) else None


def numbers(value: Any, type: str) -> Iterator[tuple[float, float]]:
    """[low, high], both ends included."""
    if _is_number(value):
        yield float(value), float(value)
    elif isinstance(value, dict) and type == "Range":
        for _, _, low, high in quantities(value, type):
            yield low, high


def quantities(value: Any, type: str) -> Iterator[tuple[str | None, str | None, float, float]]:
    """(system, code, low, high): once by code, once more by the unit as it is written where that differs."""
    if not isinstance(value, dict):
        return
    if type in _QUANTITIES:
        yield from _quantity(value, type)
    elif type == "Range":
        yield from _range(value)
    elif type == "Extension":
        inner, of = _extension(value)
        if inner is not None:
            yield from quantities(inner, of)


def _quantity(value: dict[str, Any], type: str) -> Iterator[tuple[str | None, str | None, float, float]]:
    number = value.get("value")
    if not _is_number(number):
        return
    low = high = float(number)
    comparator = value.get("comparator")
    if comparator in ("<", "<="):
        low = -HUGE
    elif comparator in (">", ">="):
        high = HUGE
    yield from _in_units(value, type, low, high)


def _in_units(
    value: dict[str, Any], type: str, low: float, high: float
) -> Iterator[tuple[str | None, str | None, float, float]]:
    if type == "Money" and isinstance(value.get("currency"), str):
        yield "urn:iso:std:iso:4217", value["currency"], low, high
        return
    system, code, unit = (one if isinstance(one, str) else None for one in map(value.get, ("system", "code", "unit")))
    yield system, code or unit, low, high
    if code and unit and unit != code:
        yield None, unit, low, high


def _range(value: dict[str, Any]) -> Iterator[tuple[str | None, str | None, float, float]]:
    low, high = value.get("low"), value.get("high")
    at = low.get("value") if isinstance(low, dict) else None
    to = high.get("value") if isinstance(high, dict) else None
    named = low if isinstance(low, dict) and _is_number(at) else high
    if isinstance(named, dict) and (_is_number(at) or _is_number(to)):
        begin, end = (float(at) if _is_number(at) else -HUGE), (float(to) if _is_number(to) else HUGE)
        yield from _in_units(named, "Quantity", begin, end)


def _is_number(value: Any) -> TypeGuard[int | float]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return -HUGE < value < HUGE


def uris(value: Any, type: str) -> Iterator[str]:
    """Uris as they stand."""
    if isinstance(value, str) and value:
        yield value


def referenced(value: Any, type: str) -> str | None:
    """The text of a reference, whatever the element: Reference, canonical, uri."""
    if isinstance(value, dict):
        text = value.get("reference") if type == "Reference" else None
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
