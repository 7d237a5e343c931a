"""Reading a search: the pairs of a query string or of a form become a Query, or the faults that are in them."""

from __future__ import annotations

from collections.abc import Sequence

from sickbay.fhir.fault import Fault
from sickbay.fhir.query import DateValue, Query, SearchParameter
from sickbay.fhir.references import ID
from sickbay.fhir.search_filters import filter_of, understood
from sickbay.fhir.search_parameters import find, nearest, parameters
from sickbay.fhir.search_reading import Reading
from sickbay.fhir.search_results import CURSOR, MAXIMUM_COUNT, RESULTS
from sickbay.fhir.search_types import named
from sickbay.fhir.search_values import READ, split

__all__ = ["CURSOR", "MAXIMUM_COUNT", "named", "parse"]
_ELSEWHERE = frozenset({"_format", "_pretty"})


def parse(
    version: str, type: str, pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False
) -> Query | tuple[Fault, ...]:
    """The search on `type`, a type the version knows, or every fault in it (never an empty tuple).

    pairs: decoded, query string and form together, in order. base: the FHIR base, without a slash at the end. strict:
    `Prefer: handling=strict` or the tenant's policy; else an unknown parameter goes to `Query.ignored`.
    """
    reading = Reading(version, type, base, strict)
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


def _read(reading: Reading, name: str, text: str) -> None:
    code, _, modifier = name.partition(":")
    if code in _ELSEWHERE:
        return
    if code in RESULTS:
        _result(reading, name, code, modifier, text)
        return
    head, dot, _ = name.partition(".")
    parameter = find(reading.version, reading.type, head.partition(":")[0])
    if parameter is None or parameter.kind not in READ:
        _unknown(reading, name, code, modifier, text)
    elif text == "" and modifier and not dot and not understood(reading, parameter, modifier):
        # `code:50050`: the value was put where a modifier stands.
        reading.faults.append(Fault("fhir-search-colon-for-equals", name, "", f"{code}={modifier}"))
    elif text == "":
        reading.ignored.append((name, None))
    else:
        _known(reading, parameter, name, text)


def _known(reading: Reading, parameter: SearchParameter, name: str, text: str) -> None:
    found = filter_of(reading, reading.type, name, text, depth=0)
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


def _unknown(reading: Reading, name: str, code: str, modifier: str, text: str) -> None:
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


def _all(reading: Reading) -> str:
    return "one of " + ", ".join(sorted(parameters(reading.version, reading.type)))


def _ids(reading: Reading, text: str) -> None:
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


def _result(reading: Reading, name: str, code: str, modifier: str, text: str) -> None:
    expected = RESULTS[code](reading, modifier, text)
    if expected is None:
        if code != CURSOR:
            reading.applied.append((name, text))
    elif reading.strict or code in ("_include", "_revinclude", "_sort", "_summary", "_elements"):
        reading.faults.append(Fault("fhir-search-value-malformed", name, text, expected))
    else:
        reading.ignored.append((name, None))
