"""Reading a search: the pairs of a query string or of a form become a Query, or the faults that are in them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search import codes as search_codes
from sickbay.fhir.search import full_text
from sickbay.fhir.search.filters import UNANSWERED, filter_of, is_answered, unanswered, values_of
from sickbay.fhir.search.modifiers import UNSUPPORTED, understood
from sickbay.fhir.search.parameters import find, known_types, nearest, nearest_of, parameters, resource_types
from sickbay.fhir.search.parser_state import SearchState
from sickbay.fhir.search.query import DateValue, Filter, Query, SearchParameter, TokenValue
from sickbay.fhir.search.result_parameters import CURSOR, MAXIMUM_COUNT, MODIFIED, RESULTS, UNSHAPED
from sickbay.fhir.search.types import FEW, KEPT, is_brief, named
from sickbay.fhir.search_templates import plain
from sickbay.kernel.memoize import memoized

__all__ = ["CURSOR", "MAXIMUM_COUNT", "named", "parse", "parse_several"]
_ELSEWHERE = frozenset({"_format", "_pretty"})
SHORT = 64
"""Characters of a code that are told."""
SHOWN = 12
"""Codes that are named where none is alike."""
FILTERS, INCLUDES, SORTS = 40, 40, 10
"""What one search may ask at once; of several types a quarter of the filters, and a tenth of the words."""


def parse(
    version: str, type: str, pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False
) -> Query | tuple[RequestError, ...]:
    """The search on `type`, a type the version knows, or every fault in it (never an empty tuple).

    pairs: decoded, query string and form together, in order. base: the FHIR base, without a slash at the end. strict:
    `Prefer: handling=strict` or the tenant's policy; else an unknown parameter goes to `Query.ignored`.
    """
    if is_brief(pairs):
        return _brief(version, type, tuple(pairs), base, strict)
    return _parsed(version, type, pairs, base, strict)


@memoized(KEPT)
def _brief(
    version: str, type: str, pairs: tuple[tuple[str, str], ...], base: str, strict: bool
) -> Query | tuple[RequestError, ...]:
    """A Query never changes; the store knows it again, and keeps what it made of it."""
    return _parsed(version, type, pairs, base, strict, remembered=True)


def _parsed(
    version: str, type: str, pairs: Sequence[tuple[str, str]], base: str, strict: bool, *, remembered: bool = False
) -> Query | tuple[RequestError, ...]:
    reading = SearchState(version, type, base, strict)
    reading.distance = next((text for name, text in pairs if name == "near-distance"), None)
    for name, text in pairs:
        _read(reading, name, text)
    _limit(reading)
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
        doubted=tuple(reading.doubted),
        whole=False,
        remembered=remembered,
        **reading.said,
    )


def _limit(reading: SearchState) -> None:
    """A search that asks more at once than any app needs is refused, before it costs anything."""
    if _is_small(reading):
        return
    asked = (
        ("filters", sum(one.ends for one in reading.filters), FILTERS),
        ("words", sum(map(full_text.count, reading.filters)), full_text.ASKED),
        ("includes", len(reading.includes), INCLUDES),
        ("sort keys", len(reading.said.get("sort", ())), SORTS),
    )
    for name, count, most in asked:
        if count > most:
            reading.faults.append(RequestError("fhir-search-too-complex", name, f"{count} {name}", f"at most {most} {name}"))


def _is_small(reading: SearchState) -> bool:
    """Whether it is far below each bound, as nearly every search is: counting would take longer."""
    few = len(reading.filters) <= FEW and len(reading.includes) <= FEW and len(reading.said.get("sort", ())) <= FEW
    return few and not any(one.leads or one.parameter.code in full_text.WORDS for one in reading.filters)


def parse_several(
    version: str, types: Sequence[str], pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False
) -> Query | tuple[RequestError, ...]:
    """A search on several types (R4, 3.1.1.5.6), by what all of them have. types: those among which `_type` chooses."""
    chosen, wrong = _types(version, types, pairs)
    asked = [pair for pair in pairs if pair[0] != "_type"]
    read = {type: parse(version, type, asked, base=base, strict=strict) for type in chosen}
    faults = {one: None for query in read.values() if isinstance(query, tuple) for one in query}
    if wrong or faults:
        return (*wrong, *faults)
    queries = [one for one in read.values() if isinstance(one, Query)]
    ignored = {name: near for query in reversed(queries) for name, near in query.ignored}
    kept = [pair for pair in asked if pair[0] not in ignored]
    parts = tuple(one for type in chosen if isinstance(one := parse(version, type, kept, base=base), Query))
    if any(sum(each.ends for each in one.filters) * 4 > FILTERS for one in parts):
        return (RequestError("fhir-search-too-complex", "filters", "several types", f"at most {FILTERS // 4} filters"),)
    if any(sum(map(full_text.count, one.filters)) * 10 > full_text.ASKED for one in parts):
        return (RequestError("fhir-search-too-complex", "words", "several types", f"at most {full_text.ASKED // 10} words"),)
    whole = parts[0] if parts else Query(version, "")
    named_types = tuple(pair for pair in pairs if pair[0] == "_type")
    return replace(
        whole,
        type="",
        parts=parts,
        filters=(),
        ids=None,
        updated=(),
        applied=(*named_types, *whole.applied),
        ignored=tuple(ignored.items()),
        doubted=tuple({one: None for part in parts for one in part.doubted}),
    )


def _types(
    version: str, types: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], tuple[RequestError, ...]]:
    said = [one for name, text in pairs if name == "_type" for one in text.split(",") if one]
    wrong = []
    for one in said:
        if one not in known_types(version):
            expected = f"_type={nearest_of(one, resource_types(version)) or '<Type>,<Type>'}"
            wrong.append(RequestError("fhir-search-value-malformed", "_type", one, expected))
    return tuple(one for one in types if not said or one in said), tuple(wrong)


def _read(reading: SearchState, name: str, text: str) -> None:
    parameter = plain(reading.version, reading.type, name) if text else None
    if parameter is not None:
        _known(reading, parameter, name, text, values_of(reading, parameter, None, text))
    else:
        _read_by_steps(reading, name, text)


def _read_by_steps(reading: SearchState, name: str, text: str) -> None:
    code, _, modifier = name.partition(":")
    if code in _ELSEWHERE:
        return
    if code in RESULTS:
        _result(reading, name, code, modifier, text)
        return
    if code in ("_has", "_list") or (name == "_in" and reading.version == "r5"):
        _filtered(reading, name, text)
        return
    if code in UNSHAPED:
        _unshaped(reading, name, text)
        return
    if code == "near-distance" and reading.type == "Location" and find(reading.version, "Location", code):
        reading.applied.append((name, text))  # it was said together with near
        return
    head, dot, _ = name.partition(".")
    parameter = find(reading.version, reading.type, head.partition(":")[0])
    unknown = code in UNANSWERED or (parameter is not None and not is_answered(reading.version, parameter))
    if unknown and text:
        reading.faults.append(unanswered(name, text, reading.type))
    elif parameter is None:
        _unknown(reading, name, code, modifier, text)
    elif text == "" and modifier and not dot and not understood(reading.version, parameter, modifier):
        # `code:50050`: the value was put where a modifier stands.
        reading.faults.append(RequestError("fhir-search-colon-for-equals", name, "", f"{code}={modifier}"))
    elif text == "":
        reading.ignored.append((name, None))
    else:
        _known(reading, parameter, name, text, filter_of(reading, reading.type, name, text))


def _known(reading: SearchState, parameter: SearchParameter, name: str, text: str, found: Filter | RequestError) -> None:
    if isinstance(found, RequestError):
        reading.faults.append(found)
        return
    if parameter.code == "_id" and found.modifier is None and found.chain is None:
        _ids(reading, [one.code or "" for one in found.values if isinstance(one, TokenValue)])
    elif parameter.code == "_lastUpdated" and found.modifier is None and len(found.values) == 1 and found.chain is None:
        reading.updated.extend(one for one in found.values if isinstance(one, DateValue))
    else:
        reading.filters.append(found)
        _doubt(reading, parameter, name, found)
    reading.applied.append((name, text))


def _doubt(reading: SearchState, parameter: SearchParameter, name: str, found: Filter) -> None:
    """`gender=Male` is a search, and finds nobody: a code that no resource can hold is answered, and said."""
    if parameter.kind != "token" or found.leads or found.modifier not in (None, "not"):
        return
    known = search_codes.possible(reading.version, parameter)
    for one in found.values if known and found.parameter == parameter else ():
        if isinstance(one, TokenValue) and one.code is not None and one.code not in known:
            meant = nearest_of(one.code, sorted(known)) or ", ".join(sorted(known)[:SHOWN])
            reading.doubted.append((name, one.code[:SHORT], meant))


def _unknown(reading: SearchState, name: str, code: str, modifier: str, text: str) -> None:
    near = nearest(reading.version, reading.type, code) if code != "_type" else None  # of a search below the base alone
    if reading.type == "Patient" and code in ("patient", "subject") and not modifier:
        expected = f"_id={text.removeprefix('Patient/')}"
        reading.faults.append(RequestError("fhir-patient-searched-by-patient", name, text, expected))
    elif text == "" and modifier:
        reading.faults.append(RequestError("fhir-search-colon-for-equals", name, "", f"{near or code}={modifier}"))
    elif reading.strict:
        reading.faults.append(RequestError("fhir-search-unknown-param", name, text, near or _all(reading)))
    else:
        reading.ignored.append((name, near))


def _all(reading: SearchState) -> str:
    return "one of " + ", ".join(sorted(parameters(reading.version, reading.type)))


def _ids(reading: SearchState, asked: list[str]) -> None:
    """Several `_id` must all hold: their common ids remain."""
    before = reading.said.get("ids")
    reading.said["ids"] = tuple(one for one in dict.fromkeys(asked) if before is None or one in before)


def _filtered(reading: SearchState, name: str, text: str) -> None:
    """`_has` and `_list`, which are no parameters of the type."""
    found = filter_of(reading, reading.type, name, text)
    if isinstance(found, RequestError):
        reading.faults.append(found)
    elif text == "":
        reading.ignored.append((name, None))
    else:
        reading.filters.append(found)
        reading.applied.append((name, text))


def _unshaped(reading: SearchState, name: str, text: str) -> None:
    """Nobody's answer is wrong without a score or a limit; without what lies in others it is, if that was asked for."""
    if (name, text) == ("_contained", "false"):
        reading.applied.append((name, text))
    elif name == "_contained":
        expected = f"what contains them, and _contained=false or none: {reading.type} is looked for by itself"
        reading.faults.append(RequestError("fhir-search-param-unsupported", name, text, expected))
    elif reading.strict:
        reading.faults.append(unanswered(name, text, reading.type))
    else:
        reading.ignored.append((name, None))


def _result(reading: SearchState, name: str, code: str, modifier: str, text: str) -> None:
    if not text:
        reading.ignored.append((name, None))
        return
    if modifier and code not in MODIFIED:
        reading.faults.append(RequestError(UNSUPPORTED, name, text, f"{code} with no modifier"))
        return
    expected = RESULTS[code](reading, modifier, text)
    if expected is None:
        if code != CURSOR:
            reading.applied.append((name, str(reading.said["count"]) if code == "_count" else text))
    elif reading.strict or code in ("_include", "_revinclude", "_sort", "_summary"):
        reading.faults.append(RequestError("fhir-search-value-malformed", name, text, expected))
    else:
        reading.ignored.append((name, None))
