"""Reading a search: the pairs of a query string or of a form become a Query, or the faults that are in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from sickbay.fhir.fault import Fault
from sickbay.fhir.query import DateValue, Filter, Include, Query, SearchParameter, Sort, Value
from sickbay.fhir.references import ID
from sickbay.fhir.search_parameters import find, known_types, nearest, nearest_of, parameters
from sickbay.fhir.search_values import MODIFIERS, READ, split

DEFAULT_COUNT = 50
MAXIMUM_COUNT = 1000
CURSOR = "_cursor"
_SORTABLE = frozenset({"date", "string", "token", "number", "quantity", "uri", "reference"})
_SUMMARIES = ("true", "text", "data", "count", "false")
_TOTALS = ("none", "estimate", "accurate")
_ELSEWHERE = frozenset({"_format", "_pretty"})


@dataclass(slots=True)
class _Reading:
    """A search while it is being read; `said` are the fields of the Query so far."""

    version: str
    type: str
    base: str
    strict: bool
    said: dict[str, Any] = field(default_factory=dict)
    filters: list[Filter] = field(default_factory=list)
    updated: list[DateValue] = field(default_factory=list)
    includes: list[Include] = field(default_factory=list)
    applied: list[tuple[str, str]] = field(default_factory=list)
    ignored: list[tuple[str, str | None]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def parse(
    version: str, type: str, pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False
) -> Query | tuple[Fault, ...]:
    """The search on `type`, a type the version knows, or every fault in it (never an empty tuple).

    pairs: decoded, query string and form together, in order. base: the FHIR base, without a slash at the end. strict:
    `Prefer: handling=strict` or the tenant's policy; else an unknown parameter goes to `Query.ignored`.
    """
    reading = _Reading(version, type, base, strict)
    for name, text in pairs:
        _read(reading, name, text)
    if reading.faults:
        return tuple(reading.faults)
    return Query(
        version=version,
        type=type,
        filters=tuple(reading.filters),
        updated=tuple(reading.updated),
        includes=tuple(reading.includes),
        applied=tuple(reading.applied),
        ignored=tuple(reading.ignored),
        **reading.said,
    )


def involved(query: Query) -> tuple[str, ...]:
    """The types besides its own that a query names: each needs to be allowed for itself, by what is asked."""
    found: dict[str, None] = {}
    for one in query.includes:
        if one.source != "*" and one.source != query.type:
            found[one.source] = None
        parameter = find(query.version, one.source, one.parameter) if one.source != "*" else None
        only = parameter.targets[0] if parameter and len(parameter.targets) == 1 else None
        if (aim := one.target or only) and aim != query.type:
            found[aim] = None
    return tuple(found)


def _read(reading: _Reading, name: str, text: str) -> None:
    code, _, modifier = name.partition(":")
    if code in _ELSEWHERE:
        return
    if code in _RESULTS:
        _result(reading, name, code, modifier, text)
        return
    parameter = find(reading.version, reading.type, code)
    if parameter is None or parameter.kind not in READ:
        _unknown(reading, name, code, modifier, text)
    elif text == "" and modifier and not _understood(reading, parameter, modifier):
        # `code:50050`: the value was put where a modifier stands.
        reading.faults.append(Fault("fhir-search-colon-for-equals", name, "", f"{code}={modifier}"))
    elif text == "":
        reading.ignored.append((name, None))
    elif modifier and not _understood(reading, parameter, modifier):
        _unsupported(reading, parameter, name)
    else:
        _filter(reading, parameter, name, modifier or None, text)


def _understood(reading: _Reading, parameter: SearchParameter, modifier: str) -> bool:
    if parameter.kind == "reference":
        return modifier in known_types(reading.version)
    return modifier in MODIFIERS.get(parameter.kind, ())


def _unsupported(reading: _Reading, parameter: SearchParameter, name: str) -> None:
    """A modifier that is not understood is refused, however lenient the handling (R4, 3.1.1.4.4)."""
    known = "Type" if parameter.kind == "reference" else ", ".join(MODIFIERS.get(parameter.kind, ())) or "none"
    reading.faults.append(
        Fault("fhir-search-unknown-param", name, "", f"{parameter.code}; modifiers understood here: {known}")
    )


def _unknown(reading: _Reading, name: str, code: str, modifier: str, text: str) -> None:
    near = nearest(reading.version, reading.type, code)
    if reading.type == "Patient" and code in ("patient", "subject") and not modifier:
        expected = f"_id={text.removeprefix('Patient/')}"
        reading.faults.append(Fault("fhir-patient-searched-by-patient", name, text, expected))
    elif text == "" and modifier:
        reading.faults.append(Fault("fhir-search-colon-for-equals", name, "", f"{near or code}={modifier}"))
    elif reading.strict:
        reading.faults.append(Fault("fhir-search-unknown-param", name, text, near or _all(reading)))
    else:
        reading.ignored.append((name, near))


def _all(reading: _Reading) -> str:
    return "one of " + ", ".join(sorted(parameters(reading.version, reading.type)))


def _filter(reading: _Reading, parameter: SearchParameter, name: str, modifier: str | None, text: str) -> None:
    found: list[Value] = []
    for part in split(text):
        value = READ[parameter.kind](parameter, modifier, part, reading.base)
        if isinstance(value, Fault):
            reading.faults.append(value)
        else:
            found.append(value)
    if parameter.code == "_id":
        _ids(reading, text)
    elif parameter.code == "_lastUpdated":
        reading.updated.extend(one for one in found if isinstance(one, DateValue))
    else:
        kept = modifier if parameter.kind != "reference" else None
        reading.filters.append(Filter(parameter, tuple(found), kept))
    reading.applied.append((name, text))


def _ids(reading: _Reading, text: str) -> None:
    """Several `_id` must all hold: their common ids remain."""
    asked = []
    for one in split(text):
        if ID.fullmatch(one):
            asked.append(one)
        else:
            expected = "an id of 1 to 64 letters, digits, '-' or '.'"
            reading.faults.append(Fault("fhir-id-invalid", "_id", one, expected))
    before = reading.said.get("ids")
    reading.said["ids"] = tuple(one for one in dict.fromkeys(asked) if before is None or one in before)


def _result(reading: _Reading, name: str, code: str, modifier: str, text: str) -> None:
    expected = _RESULTS[code](reading, modifier, text)
    if expected is None:
        if code != CURSOR:
            reading.applied.append((name, text))
    elif reading.strict or code in ("_include", "_revinclude", "_sort"):
        reading.faults.append(Fault("fhir-search-value-malformed", name, text, expected))
    else:
        reading.ignored.append((name, None))


def _count(reading: _Reading, modifier: str, text: str) -> str | None:
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        return "_count=<a whole number>"
    reading.said["count"] = min(int(text), MAXIMUM_COUNT)
    return None


def _sort(reading: _Reading, modifier: str, text: str) -> str | None:
    """R4: `_sort=-date,code`. DSTU2: `_sort:desc=date`, and a repeated `_sort` adds a key."""
    keys = list(reading.said.get("sort", ()))
    for one in text.split(","):
        code = one.removeprefix("-")
        parameter = find(reading.version, reading.type, code)
        if parameter is None or parameter.kind not in _SORTABLE or modifier not in ("", "asc", "desc"):
            return f"_sort={nearest_of(code, parameters(reading.version, reading.type)) or '-_lastUpdated'}"
        keys.append(Sort(code, one.startswith("-") or modifier == "desc"))
    reading.said["sort"] = tuple(keys)
    return None


def _include(reading: _Reading, modifier: str, text: str) -> str | None:
    return _inclusion(reading, modifier, text, reverse=False)


def _revinclude(reading: _Reading, modifier: str, text: str) -> str | None:
    return _inclusion(reading, modifier, text, reverse=True)


def _inclusion(reading: _Reading, modifier: str, text: str, *, reverse: bool) -> str | None:
    source, _, rest = text.partition(":")
    code, _, aim = rest.partition(":")
    form = "_revinclude" if reverse else "_include"
    known = known_types(reading.version)
    if modifier not in ("", "iterate", "recurse"):
        return f"{form}:iterate"
    if source != "*" and (source not in known or (aim and aim not in known)):
        return f"{form}=<Type>:<parameter>, Type one that this version knows"
    if source != "*" and code != "*":
        parameter = find(reading.version, source, code)
        if parameter is None or parameter.kind != "reference":
            return f"{form}={source}:{_nearest_reference(reading.version, source, code)}"
    reading.includes.append(Include(source, code or "*", aim or None, reverse, bool(modifier)))
    return None


def _nearest_reference(version: str, type: str, code: str) -> str:
    held = [one.code for one in parameters(version, type).values() if one.kind == "reference"]
    return nearest_of(code, held) or "<" + " | ".join(sorted(held)) + ">"


def _total(reading: _Reading, modifier: str, text: str) -> str | None:
    if text not in _TOTALS:
        return "_total=none, estimate or accurate"
    reading.said["total"] = cast(Literal["none", "estimate", "accurate"], text)
    return None


def _summary(reading: _Reading, modifier: str, text: str) -> str | None:
    if text not in _SUMMARIES:
        return "_summary=true, text, data, count or false"
    reading.said["summary"] = None if text == "false" else text
    return None


def _elements(reading: _Reading, modifier: str, text: str) -> str | None:
    names = tuple(one for one in text.split(",") if one)
    reading.said["elements"] = (*reading.said.get("elements", ()), *names)
    return None


def _cursor(reading: _Reading, modifier: str, text: str) -> str | None:
    reading.said["cursor"] = text
    return None


_RESULTS: dict[str, Callable[[_Reading, str, str], str | None]] = {
    "_count": _count,
    "_sort": _sort,
    "_include": _include,
    "_revinclude": _revinclude,
    "_total": _total,
    "_summary": _summary,
    "_elements": _elements,
    CURSOR: _cursor,
}
"""Each returns None, or what would have been right."""
