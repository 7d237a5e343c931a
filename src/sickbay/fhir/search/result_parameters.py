"""The search parameters that control the result: _count, _sort, _include, _total, _summary, _elements, the cursor.

Each function stores the value and returns None, or returns what a valid value looks like.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, partial
from typing import Literal, cast

from sickbay.fhir.search.parameters import find, known_types, load_parameters
from sickbay.fhir.search.parser_state import SearchState
from sickbay.fhir.search.query import Include, Sort

MAXIMUM_COUNT = 1000
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
CURSOR = "_cursor"
_SORTABLE = frozenset({"date", "string", "token", "number", "quantity", "uri", "reference"})
_SUMMARIES = ("true", "text", "data", "count", "false")
_TOTALS = ("none", "estimate", "accurate")

_INCLUDED = frozenset({"_include", "_revinclude"})
_REPEATED = {"dstu2": ("recurse",), "stu3": ("recurse", "iterate")}
"""The modifiers of `_include` that also follow references of included resources. Since R4 it is `iterate`."""
UNSHAPED = frozenset({"_contained", "_containedType", "_graph", "_maxresults", "_score"})
"""Known but not supported. Except for `_contained`, they change only how results are presented."""


def _read_count(state: SearchState, modifier: str, text: str) -> str | None:
    if not _COUNT.fullmatch(text):
        return "_count=<a whole number>"
    state.fields["count"] = min(int(text), MAXIMUM_COUNT)
    return None


def correct_modifier(version: str, code: str, modifier: str, text: str) -> str | None:
    """Returns what to send if the parameter can't have this modifier. Only DSTU2 has `_sort:asc` and `_sort:desc`."""
    if not modifier or (version == "dstu2" and code == "_sort" and modifier in ("asc", "desc")):
        return None
    if code in _INCLUDED:
        known = _REPEATED.get(version, ("iterate",))
        return None if modifier in known else f"{code}:{known[0]}={text}"
    if code != "_sort":
        return f"{code} with no modifier"
    if version == "dstu2":
        return f"_sort:asc={text}"
    minus = "-" if modifier == "desc" else ""
    return "_sort=" + ",".join(minus + key.removeprefix("-") for key in text.split(","))


def _parse_sort(state: SearchState, modifier: str, text: str) -> str | None:
    """Parses R4's `_sort=-date,code`, and DSTU2's `_sort:desc=date`, where a repeated `_sort` adds a key."""
    keys = list(state.fields.get("sort", ()))
    for key in text.split(","):
        code = key.removeprefix("-")
        parameter = find(state.version, state.type, code)
        if parameter is None or parameter.kind not in _SORTABLE:
            return f"_sort={state.nearest_of(code, lambda: _sortable_names(state)) or '-_lastUpdated'}"
        keys.append(Sort(code, key.startswith("-") or modifier == "desc"))
    state.fields["sort"] = tuple(keys)
    return None


def _sortable_names(state: SearchState) -> list[str]:
    return [parameter.code for parameter in load_parameters(state.version, state.type).values() if parameter.kind in _SORTABLE]


def _read_inclusion(state: SearchState, modifier: str, text: str, *, reverse: bool) -> str | None:
    source, _, rest = text.partition(":")
    code, _, aim = rest.partition(":")
    form = "_revinclude" if reverse else "_include"
    known = known_types(state.version)
    if source != "*" and (source not in known or (aim and aim not in known)):
        return f"{form}=<Type>:<parameter>, with a type of this version"
    if source != "*" and code != "*":
        parameter = find(state.version, source, code)
        if parameter is None or parameter.kind != "reference":
            return f"{form}={source}:{_nearest_reference(state, source, code)}"
    state.includes.append(Include(source, code or "*", aim or None, reverse, bool(modifier)))
    return None


def _nearest_reference(state: SearchState, type: str, code: str) -> str:
    references = _reference_parameters(state.version, type)
    return state.nearest_of(code, lambda: references) or "<" + " | ".join(references) + ">"


@cache
def _reference_parameters(version: str, type: str) -> tuple[str, ...]:
    return tuple(
        sorted(parameter.code for parameter in load_parameters(version, type).values() if parameter.kind == "reference")
    )


def _read_total(state: SearchState, modifier: str, text: str) -> str | None:
    if text not in _TOTALS:
        return "_total=none, estimate or accurate"
    state.fields["total"] = cast(Literal["none", "estimate", "accurate"], text)
    return None


def _read_summary(state: SearchState, modifier: str, text: str) -> str | None:
    if text not in _SUMMARIES:
        return "_summary=true, text, data, count or false"
    state.fields["summary"] = None if text == "false" else text
    return None


def _read_elements(state: SearchState, modifier: str, text: str) -> str | None:
    names = tuple(name for name in text.split(",") if name)
    state.fields["elements"] = (*state.fields.get("elements", ()), *names)
    return None


def _read_cursor(state: SearchState, modifier: str, text: str) -> str | None:
    state.fields["cursor"] = text
    return None


RESULTS: dict[str, Callable[[SearchState, str, str], str | None]] = {
    "_count": _read_count,
    "_sort": _parse_sort,
    "_include": partial(_read_inclusion, reverse=False),
    "_revinclude": partial(_read_inclusion, reverse=True),
    "_total": _read_total,
    "_summary": _read_summary,
    "_elements": _read_elements,
    CURSOR: _read_cursor,
}
