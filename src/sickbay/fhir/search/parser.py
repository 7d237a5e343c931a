"""Parses a search: converts the pairs of a query string or a form to a Query, or to the errors in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from itertools import chain
from typing import NamedTuple

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search import codes as search_codes
from sickbay.fhir.search import full_text
from sickbay.fhir.search.filters import UNANSWERED, filter_of, is_answered, refuse_unsupported_parameter, values_of
from sickbay.fhir.search.modifiers import UNSUPPORTED, is_understood
from sickbay.fhir.search.parameters import DEFINED_LATER, SearchParameter, find, load_parameters
from sickbay.fhir.search.parser_state import SUGGESTED, SearchState
from sickbay.fhir.search.query import DateValue, Filter, Query, StringValue, TokenValue, Value
from sickbay.fhir.search.result_parameters import CURSOR, MAXIMUM_COUNT, RESULTS, UNSHAPED, correct_modifier
from sickbay.fhir.search.values import READ
from sickbay.kernel.memoize import cache_results

__all__ = ["CURSOR", "MAXIMUM_COUNT", "parse"]
_ELSEWHERE = frozenset({"_format", "_pretty"})
_READ_BY_STEPS = frozenset({*_ELSEWHERE, "_has", "_list", "_in", "near", "near-distance", *RESULTS, *UNSHAPED, *UNANSWERED})
CACHED_PARAMETERS, CACHED_CHARACTERS, CACHED_SEARCHES = 6, 160, 2048
"""Maximum number of parameters of a cached search, of characters in them, and of cached searches."""
LONGEST_NAME = 64
"""Longest parameter name that is cached, in characters."""
SHORT = 64
"""Longest code included in a message, in characters."""
SHOWN = 12
"""Maximum number of codes listed if none is similar."""
FILTERS, INCLUDES, SORTS = 40, 40, 10
"""Limits of one search. A search of several types may have a quarter of the filters and a tenth of the words."""


def parse(
    version: str, type: str, pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False, suggestions: int = SUGGESTED
) -> Query | tuple[RequestError, ...]:
    """Returns the search on `type`, which must be a known type, or all errors in it (never an empty tuple).

    pairs: decoded, from the query string and the form, in order. base: the FHIR base without a trailing slash. strict:
    `Prefer: handling=strict` or the tenant's policy; otherwise unknown parameters are listed in `Query.ignored`.
    suggestions: maximum number of unknown names that get a suggestion.
    """
    if is_brief(pairs):
        return _parse_query_cached(version, type, tuple(pairs), base, strict, suggestions)
    return _parse_query(version, type, pairs, base, strict, suggestions)


def is_brief(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether the result may be cached. Apps repeat their searches, and the limits protect the memory."""
    return len(pairs) <= CACHED_PARAMETERS and sum(map(len, chain.from_iterable(pairs))) <= CACHED_CHARACTERS


@cache_results(CACHED_SEARCHES)
def _parse_query_cached(
    version: str, type: str, pairs: tuple[tuple[str, str], ...], base: str, strict: bool, suggestions: int
) -> Query | tuple[RequestError, ...]:
    """Caches the Query, which is immutable. The store also caches what it computes from it."""
    return _parse_query(version, type, pairs, base, strict, suggestions, remembered=True)


def _parse_query(
    version: str,
    type: str,
    pairs: Sequence[tuple[str, str]],
    base: str,
    strict: bool,
    suggestions: int = SUGGESTED,
    *,
    remembered: bool = False,
) -> Query | tuple[RequestError, ...]:
    state = SearchState(version, type, base, strict, pairs, suggestions=suggestions)
    for name, text in pairs:
        _read_parameter(state, name, text)
    if not _is_small(state):
        _limit_parameters(state)
    if state.faults:
        return tuple(state.faults)
    return Query(
        version=version,
        type=type,
        filters=tuple(state.filters),
        updated=tuple(state.updated),
        includes=tuple(state.includes),
        applied=tuple(state.applied),
        ignored=tuple(state.ignored),
        doubted=tuple(state.doubted),
        whole=False,
        remembered=remembered,
        **state.fields,
    )


def _limit_parameters(state: SearchState) -> None:
    """Refuses a search with more parameters than an app needs, before it costs time."""
    counts = (
        ("filters", sum(filter.ends for filter in state.filters), FILTERS),
        ("words", sum(map(full_text.count_words, state.filters)), full_text.ASKED),
        ("includes", len(state.includes), INCLUDES),
        ("sort keys", len(state.fields.get("sort", ())), SORTS),
    )
    for name, count, most in counts:
        if count > most:
            state.faults.append(RequestError("fhir-search-too-complex", name, f"{count} {name}", f"at most {most} {name}"))


def _is_small(state: SearchState) -> bool:
    """Whether the search is far below all limits. Nearly all searches are, and exact counting would take longer."""
    if (
        len(state.filters) > CACHED_PARAMETERS
        or len(state.includes) > CACHED_PARAMETERS
        or len(state.fields.get("sort", ())) > CACHED_PARAMETERS
    ):
        return False
    for filter in state.filters:
        if filter.chain is not None or filter.either or filter.parameter.code in full_text.WORDS:
            return False
    return True


class PlainParameter(NamedTuple):
    """A published parameter without a modifier or a chain, so that only its values need parsing.

    read: reads a single value; None if single values of the parameter have rules of their own.
    """

    parameter: SearchParameter
    read: Callable[[SearchParameter, str | None, str, str], Value | RequestError] | None


@cache_results(4096)
def find_plain(version: str, type: str, name: str) -> PlainParameter | None:
    """Returns the parameter if the name has no modifier and no chain, as in most requests; otherwise None."""
    if name in _READ_BY_STEPS or ":" in name or "." in name:
        return None
    parameter = find(version, type, name)
    if parameter is None or not is_answered(version, parameter):
        return None
    has_rules = parameter.kind == "uri" or name in ("_id", *full_text.WORDS)
    return PlainParameter(parameter, None if has_rules else READ.get(parameter.kind))


def _read_parameter(state: SearchState, name: str, text: str) -> None:
    known = find_plain(state.version, state.type, name) if text and len(name) <= LONGEST_NAME else None
    if known is None:
        _read_by_steps(state, name, text)
    elif known.read is None or "," in text or "\\" in text:
        _add_known_parameter(state, known.parameter, name, text, values_of(state, known.parameter, None, text))
    else:
        value = known.read(known.parameter, None, text, state.base)
        _add_known_parameter(state, known.parameter, name, text, _filter_of_one(state.version, known.parameter, value))


def _filter_of_one(version: str, parameter: SearchParameter, value: Value | RequestError) -> Filter | RequestError:
    """Returns what `values_of` returns for a single value."""
    if isinstance(value, RequestError):
        return value
    if isinstance(value, TokenValue):
        return Filter(parameter, (search_codes.convert_to_indexed(version, parameter, value),))
    return Filter(parameter, () if isinstance(value, StringValue) and not value.text else (value,))


def _read_by_steps(state: SearchState, name: str, text: str) -> None:
    code, _, modifier = name.partition(":")
    if code in _ELSEWHERE or code in DEFINED_LATER.get(state.version, ()):
        if code not in _ELSEWHERE:
            _add_undefined_parameter(state, name, text)
        return
    if code in RESULTS:
        _read_result_parameter(state, name, code, modifier, text)
        return
    if code in ("_has", "_list") or (name == "_in" and state.version == "r5"):
        _add_special_filter(state, name, text)
        return
    if code in UNSHAPED:
        _ignore_result_parameter(state, name, text)
        return
    if code == "near-distance" and state.type == "Location" and find(state.version, "Location", code):
        state.applied.append((name, text))  # it is part of near
        return
    head, dot, _ = name.partition(".")
    parameter = find(state.version, state.type, head.partition(":")[0])
    unknown = code in UNANSWERED or (parameter is not None and not is_answered(state.version, parameter))
    if unknown and text:
        state.faults.append(refuse_unsupported_parameter(name, text, state.type))
    elif parameter is None:
        _add_unknown(state, name, code, modifier, text)
    elif text == "" and modifier and not dot and not is_understood(state.version, parameter, modifier):
        # `code:50050`: the value is in the place of a modifier.
        state.faults.append(RequestError("fhir-search-colon-for-equals", name, "", f"{code}={modifier}"))
    elif text == "":
        state.ignored.append((name, None))
    else:
        _add_known_parameter(state, parameter, name, text, filter_of(state, state.type, name, text))


def _add_known_parameter(
    state: SearchState, parameter: SearchParameter, name: str, text: str, parsed: Filter | RequestError
) -> None:
    if isinstance(parsed, RequestError):
        state.faults.append(parsed)
        return
    if parameter.code == "_id" and parsed.modifier is None and parsed.chain is None:
        _intersect_ids(state, [value.code or "" for value in parsed.values if isinstance(value, TokenValue)])
    elif parameter.code == "_lastUpdated" and parsed.modifier is None and len(parsed.values) == 1 and parsed.chain is None:
        state.updated.extend(value for value in parsed.values if isinstance(value, DateValue))
    else:
        state.filters.append(parsed)
        if parameter.kind == "token":
            _warn_of_unknown_code(state, parameter, name, parsed)
    state.applied.append((name, text))


def _warn_of_unknown_code(state: SearchState, parameter: SearchParameter, name: str, filter: Filter) -> None:
    """Records codes that no resource can have, such as `gender=Male`. The search is answered, with a warning."""
    if filter.leads or filter.modifier not in (None, "not"):
        return
    known = search_codes.list_searchable_codes(state.version, parameter)
    for value in filter.values if known and filter.parameter == parameter else ():
        if isinstance(value, TokenValue) and value.code is not None and value.code not in known:
            suggestion = state.nearest_of(value.code, lambda: sorted(known)) or ", ".join(sorted(known)[:SHOWN])
            state.doubted.append((name, value.code[:SHORT], suggestion))


def _add_unknown(state: SearchState, name: str, code: str, modifier: str, text: str) -> None:
    # `_type` is a parameter only of searches at the base URL.
    near = state.find_nearest(state.type, code) if code != "_type" else None
    if state.type == "Patient" and code in ("patient", "subject") and not modifier:
        expected = f"_id={text.removeprefix('Patient/')}"
        state.faults.append(RequestError("fhir-patient-searched-by-patient", name, text, expected))
    elif text == "" and modifier:
        state.faults.append(RequestError("fhir-search-colon-for-equals", name, "", f"{near or code}={modifier}"))
    elif state.strict:
        state.faults.append(
            RequestError("fhir-search-unknown-param", name, text, near or _list_parameter_codes(state.version, state.type))
        )
    else:
        state.ignored.append((name, near))


def _add_undefined_parameter(state: SearchState, name: str, text: str) -> None:
    """Treats a parameter of later versions as unknown, without a suggestion: its name isn't misspelled."""
    if state.strict:
        expected = _list_parameter_codes(state.version, state.type)
        state.faults.append(RequestError("fhir-search-unknown-param", name, text, expected))
    else:
        state.ignored.append((name, None))


@cache
def _list_parameter_codes(version: str, type: str) -> str:
    return "one of " + ", ".join(sorted(load_parameters(version, type)))


def _intersect_ids(state: SearchState, ids: list[str]) -> None:
    """Combines several `_id` parameters: only their common ids remain."""
    before = state.fields.get("ids")
    state.fields["ids"] = tuple(id for id in dict.fromkeys(ids) if before is None or id in before)


def _add_special_filter(state: SearchState, name: str, text: str) -> None:
    """Parses `_has` and `_list`, which aren't parameters of the type."""
    filter = filter_of(state, state.type, name, text)
    if isinstance(filter, RequestError):
        state.faults.append(filter)
    elif text == "":
        state.ignored.append((name, None))
    else:
        state.filters.append(filter)
        state.applied.append((name, text))


def _ignore_result_parameter(state: SearchState, name: str, text: str) -> None:
    """Ignores parameters such as a score or a limit, but refuses `_contained`, because results would be missing."""
    if (name, text) == ("_contained", "false"):
        state.applied.append((name, text))
    elif name == "_contained":
        expected = f"the resource that contains them, without _contained; this server doesn't search contained {state.type}s"
        state.faults.append(RequestError("fhir-search-param-unsupported", name, text, expected))
    elif state.strict:
        state.faults.append(refuse_unsupported_parameter(name, text, state.type))
    else:
        state.ignored.append((name, None))


def _read_result_parameter(state: SearchState, name: str, code: str, modifier: str, text: str) -> None:
    if not text:
        state.ignored.append((name, None))
        return
    if corrected := correct_modifier(state.version, code, modifier, text):
        state.faults.append(RequestError(UNSUPPORTED, name, text, corrected))
        return
    expected = RESULTS[code](state, modifier, text)
    if expected is None:
        if code != CURSOR:
            state.applied.append((name, str(state.fields["count"]) if code == "_count" else text))
    elif state.strict or code in ("_include", "_revinclude", "_sort", "_summary"):
        state.faults.append(RequestError("fhir-search-value-malformed", name, text, expected))
    else:
        state.ignored.append((name, None))
