"""The search form of a type: made from its search parameters, filled from a query, and turned back into a query."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Final, NamedTuple

from sickbay.fhir.search.codes import list_possible_codes
from sickbay.fhir.search.descriptions import describe_parameter
from sickbay.fhir.search.filters import is_answered
from sickbay.fhir.search.modifiers import list_modifiers
from sickbay.fhir.search.parameters import COMMON, SearchParameter, known_types, load_parameters
from sickbay.fhir.search.referring import list_referring_parameters
from sickbay.fhir.search.result_parameters import CURSOR
from sickbay.fhir.served import served_types
from sickbay.protocol.parameters import Parameters
from sickbay.web.explorer.views import FormView, ParameterRow
from sickbay.web.pages.parts import Choice

Pair = tuple[str, str]
SHOWN_PARAMETERS: Final = 6
"""Parameters that are shown without opening the list of all."""
LISTED_CODES: Final = 30
PICKED_TYPES: Final = 3
"""Types of a reference with a button to pick one. A reference to more types is typed."""
OFTEN_USED: Final = (
    *("patient", "subject", "name", "identifier", "code", "category", "status", "clinical-status", "date", "birthdate"),
    *("gender", "encounter", "type", "title", "authoredon", "onset-date", "start", "actor", "recorded-date", "_id"),
)
ORDERED: Final = frozenset(("date", "number", "quantity"))
"""Kinds of parameters whose values have a prefix."""
PREFIXES: Final[Mapping[str, str]] = {
    "ge": "at or after",
    "gt": "after",
    "le": "at or before",
    "lt": "before",
    "ne": "not equal",
    "sa": "starts after",
    "eb": "ends before",
    "ap": "approximately",
}
HINTS: Final[Mapping[str, str]] = {
    "token": "code or system|code",
    "reference": "Type/id",
    "date": "2026-01-31",
    "quantity": "5.4 or 5.4|system|code",
    "number": "100",
    "uri": "https://…",
    "composite": "first$second",
}
_PREFIXED: Final = re.compile(r"(ge|gt|le|lt|ne|sa|eb|ap|eq)(?=[\d.-])")
SORTABLE: Final = frozenset(("date", "string", "token", "number", "quantity", "uri", "reference"))


class FilledForm(NamedTuple):
    """A query by the fields of the form. rows: (code, modifier or prefix, value). single: _sort and _count. more: the rest."""

    rows: tuple[tuple[str, str, str], ...]
    single: Mapping[str, str]
    ticked: frozenset[Pair]
    more: tuple[Pair, ...]


def make_form(version: str, type: str, pairs: Sequence[Pair], action: str) -> FormView:
    """Builds the form with the values of a query."""
    known = list_answered_parameters(version, type)
    includes, reverse = list_includes(version, type)
    filled = fill_form(version, type, pairs)
    used = dict.fromkeys(code for code, _, _ in filled.rows)
    often = sorted((code for code in known if code in OFTEN_USED), key=OFTEN_USED.index)
    others = sorted(known, key=lambda code: (code in COMMON, code))
    first = list(dict.fromkeys((*used, *often, *others)))[: max(SHOWN_PARAMETERS, len(used))]
    return FormView(
        action=action,
        type=type,
        specification=f"https://hl7.org/fhir/{version.upper()}/{type.lower()}.html#search",
        first=tuple(row for code in first for row in _rows_of_parameter(version, known[code], filled.rows)),
        rest=tuple(row for code in others if code not in first for row in _rows_of_parameter(version, known[code], ())),
        includes=tuple(Choice(name, name, ("_include", name) in filled.ticked) for name in includes),
        reverse_includes=tuple(Choice(name, name, ("_revinclude", name) in filled.ticked) for name in reverse),
        sort=filled.single.get("_sort", ""),
        sortable=tuple(sorted(code for code, parameter in known.items() if parameter.kind in SORTABLE)),
        count=filled.single.get("_count", ""),
        more="\n".join(f"{name}={value}" for name, value in filled.more),
    )


def fill_form(version: str, type: str, pairs: Sequence[Pair]) -> FilledForm:
    """Distribute a query among the fields of the form. The cursor of a page belongs to none."""
    known, choices = list_answered_parameters(version, type), list_includes(version, type)
    rows: list[tuple[str, str, str]] = []
    single: dict[str, str] = {}
    ticked, more = set(), []
    for name, value in pairs:
        code, _, modifier = name.partition(":")
        if name in ("_include", "_revinclude") and value in choices[name == "_revinclude"]:
            ticked.add((name, value))
        elif name in ("_sort", "_count") and name not in single:
            single[name] = value
        elif code in known and (not modifier or modifier in _list_modifiers(version, known[code])):
            rows.append((code, *_split_value(known[code], modifier, value)))
        elif name != CURSOR:
            more.append((name, value))
    return FilledForm(tuple(rows), single, frozenset(ticked), tuple(more))


def read_form(sent: Parameters, version: str, type: str) -> tuple[Pair, ...]:
    """Returns the query that a submitted form describes. Empty fields are left out."""
    pairs = [
        pair
        for code, parameter in list_answered_parameters(version, type).items()
        for pair in _read_rows(sent, code, parameter)
    ]
    pairs += [(name, value) for name in ("_include", "_revinclude") for value in sent.all(name)]
    pairs += [(name, value) for name in ("_sort", "_count") if (value := (sent.get(name) or "").strip())]
    lines = (line.strip() for line in (sent.get("more") or "").splitlines())
    return (*pairs, *(_split_line(line) for line in lines if line))


def _split_line(line: str) -> Pair:
    name, _, value = line.partition("=")
    return name.strip(), value.strip()


def _read_rows(sent: Parameters, code: str, parameter: SearchParameter) -> Iterator[Pair]:
    hows = sent.all(f"how.{code}")
    for number, text in enumerate(sent.all(f"value.{code}")):
        how, value = hows[number] if number < len(hows) else "", text.strip()
        if value:
            yield (f"{code}{how}", value) if how.startswith(":") else (code, f"{how}{value}")


@cache
def list_answered_parameters(version: str, type: str) -> Mapping[str, SearchParameter]:
    """The search parameters that this server answers, by code."""
    return {code: parameter for code, parameter in load_parameters(version, type).items() if is_answered(version, parameter)}


@cache
def list_includes(version: str, type: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The values of _include and of _revinclude that name this type."""
    own = sorted(code for code, parameter in list_answered_parameters(version, type).items() if parameter.kind == "reference")
    referring = [f"{source}:{code}" for source, code in list_referring_parameters(version, type)]
    return tuple(f"{type}:{code}" for code in own), tuple(referring)


def _rows_of_parameter(
    version: str, parameter: SearchParameter, filled: Sequence[tuple[str, str, str]]
) -> Iterator[ParameterRow]:
    """A row for each value of the parameter, or an empty one."""
    values = [(how, value) for code, how, value in filled if code == parameter.code] or [("", "")]
    codes = sorted(list_possible_codes(version, parameter))
    targets = [target for target in parameter.targets if target in served_types(version)]
    for number, (how, value) in enumerate(values, 1):
        yield ParameterRow(
            code=parameter.code,
            kind=parameter.kind,
            help=describe_parameter(parameter),
            how=tuple(Choice(way, text, way == how) for way, text in _list_ways(version, parameter)),
            value=value,
            hint="" if parameter.code == "_id" else HINTS.get(parameter.kind, ""),
            codes=tuple(codes[:LISTED_CODES]),
            picks=tuple(targets) if len(targets) <= PICKED_TYPES else (),
            id=f"p-{parameter.code}-{number}",
        )


def _list_ways(version: str, parameter: SearchParameter) -> list[Pair]:
    """The choices of how to compare: prefixes, then modifiers."""
    prefixes = [(prefix, f"{prefix}: {words}") for prefix, words in PREFIXES.items()] if parameter.kind in ORDERED else []
    return [("", "is"), *prefixes, *((f":{modifier}", f":{modifier}") for modifier in _list_modifiers(version, parameter))]


def _list_modifiers(version: str, parameter: SearchParameter) -> tuple[str, ...]:
    types = tuple(target for target in parameter.targets if target in known_types(version))
    return (*list_modifiers(version, parameter), *(types if 1 < len(types) <= PICKED_TYPES else ()))


def _split_value(parameter: SearchParameter, modifier: str, value: str) -> tuple[str, str]:
    """Returns the modifier or prefix of a value, and the rest. A prefix belongs only to the first of several values."""
    if modifier:
        return f":{modifier}", value
    prefix = _PREFIXED.match(value) if parameter.kind in ORDERED and "," not in value else None
    if prefix is None or prefix[1] not in PREFIXES:
        return "", value
    return prefix[1], value[2:]
