"""Reading a search: the pairs of a query string or of a form become a Query, or the faults that are in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from sickbay.fhir.fault import Fault
from sickbay.fhir.query import DateValue, Filter, Include, Query, SearchParameter, Sort, StringValue, Value
from sickbay.fhir.references import ID
from sickbay.fhir.search_parameters import find, known_types, nearest, nearest_of, parameters
from sickbay.fhir.search_values import MODIFIERS, READ, missing, split

DEFAULT_COUNT = 50
MAXIMUM_COUNT = 1000
CURSOR = "_cursor"
DEPTH = 3
"""Parameters in a chain."""
_COLUMNS = frozenset({"_id", "_lastUpdated"})
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
    for each in query.filters:
        found.update(dict.fromkeys(_chained(each)))
    return tuple(found)


def _chained(one: Filter) -> tuple[str, ...]:
    return (one.chain[0], *_chained(one.chain[1])) if one.chain else ()


def _read(reading: _Reading, name: str, text: str) -> None:
    code, _, modifier = name.partition(":")
    if code in _ELSEWHERE:
        return
    if code in _RESULTS:
        _result(reading, name, code, modifier, text)
        return
    head, dot, _ = name.partition(".")
    parameter = find(reading.version, reading.type, head.partition(":")[0])
    if parameter is None or parameter.kind not in READ:
        _unknown(reading, name, code, modifier, text)
    elif text == "" and modifier and not dot and not _understood(reading, parameter, modifier):
        # `code:50050`: the value was put where a modifier stands.
        reading.faults.append(Fault("fhir-search-colon-for-equals", name, "", f"{code}={modifier}"))
    elif text == "":
        reading.ignored.append((name, None))
    else:
        _known(reading, parameter, name, text)


def _known(reading: _Reading, parameter: SearchParameter, name: str, text: str) -> None:
    found = _filter(reading, reading.type, name, text, depth=0)
    if isinstance(found, Fault):
        reading.faults.append(found)
        return
    if parameter.code == "_id" and found.modifier is None and found.chain is None:
        _ids(reading, text)
    elif parameter.code == "_lastUpdated" and found.modifier is None:
        reading.updated.extend(one for one in found.values if isinstance(one, DateValue))
    else:
        reading.filters.append(found)
    reading.applied.append((name, text))


def _understood(reading: _Reading, parameter: SearchParameter, modifier: str) -> bool:
    if parameter.code in _COLUMNS:
        return False
    if modifier == "missing" or parameter.kind != "reference":
        return modifier in ("missing", *MODIFIERS.get(parameter.kind, ()))
    return modifier in known_types(reading.version)


def _unsupported(parameter: SearchParameter, name: str) -> Fault:
    """A modifier that is not understood is refused, however lenient the handling (R4, 3.1.1.4.4)."""
    known = ("Type",) if parameter.kind == "reference" else MODIFIERS.get(parameter.kind, ())
    allowed = (
        "no modifier" if parameter.code in _COLUMNS else "with " + ", ".join(f":{one}" for one in ("missing", *known))
    )
    return Fault("fhir-search-unknown-param", name, "", f"{parameter.code}, {allowed}")


def _filter(reading: _Reading, type: str, name: str, text: str, depth: int) -> Filter | Fault:
    """One parameter on `type`, a chain of at most three links included."""
    head, dot, rest = name.partition(".")
    code, _, modifier = head.partition(":")
    parameter = find(reading.version, type, code)
    if parameter is None or parameter.kind not in READ:
        near = nearest(reading.version, type, code)
        return Fault("fhir-search-unknown-param", name, text, near or f"a search parameter of {type}")
    if modifier and not _understood(reading, parameter, modifier):
        return _unsupported(parameter, name)
    if dot:
        return _chain(reading, parameter, modifier, rest, text, depth)
    return _values(reading, parameter, modifier or None, text)


def _chain(
    reading: _Reading, parameter: SearchParameter, modifier: str, rest: str, text: str, depth: int
) -> Filter | Fault:
    name = f"{parameter.code}.{rest}"
    if parameter.kind != "reference" or modifier == "missing":
        return Fault("fhir-search-unknown-param", name, text, f"{parameter.code}: only a reference can be followed")
    if rest in _COLUMNS:
        return Fault("fhir-search-unknown-param", name, text, f"{parameter.code}={text}")
    if depth + 1 >= DEPTH:
        return Fault("fhir-search-unknown-param", name, text, f"a chain of at most {DEPTH} parameters")
    targets = (modifier,) if modifier else parameter.targets
    code = rest.partition(".")[0].partition(":")[0]
    able = [one for one in targets if find(reading.version, one, code)]
    if len(targets) > 1 and len(able) != 1:
        type = "Patient" if "Patient" in targets else (*able, *targets)[0]
        return Fault(
            "fhir-search-unknown-param", name, text, f"{parameter.code}:{type}.{rest}: say which type is meant"
        )
    aim = (able or list(targets))[0]
    inner = _filter(reading, aim, rest, text, depth + 1)
    if isinstance(inner, Fault):
        return Fault(inner.rule, name, inner.value, f"{parameter.code}.{inner.expected}")
    return Filter(parameter, (), None, (aim, inner))


def _values(reading: _Reading, parameter: SearchParameter, modifier: str | None, text: str) -> Filter | Fault:
    read = missing if modifier == "missing" else READ[parameter.kind]
    found: list[Value] = []
    for part in filter(None, split(text)):  # an empty alternative would match all: it counts as not said
        value = read(parameter, modifier, part, reading.base)
        if isinstance(value, Fault):
            return value
        if not isinstance(value, StringValue) or value.text:
            found.append(value)
    kept = modifier if parameter.kind != "reference" or modifier == "missing" else None
    return Filter(parameter, tuple(found), kept)


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
