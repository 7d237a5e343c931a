"""The bundled code systems and value sets: those of required bindings, with the system of each code.

Displays come from R4; other versions have them only for codes that R4 also has. Other codes have no display.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sickbay.fhir.definitions import load_table
from sickbay.fhir.search.parameters import nearest_of

SPECIFICATION = "http://hl7.org/fhir/"
MAXIMUM_CODES = 1000


class Term(NamedTuple):
    system: str
    code: str
    display: str = ""


@cache
def value_sets(version: str) -> Mapping[str, tuple[Term, ...]]:
    """URL -> terms, in the order of the definition."""
    return {url: _look_up_terms(version, url, codes) for url, codes in load_table(version, "codes").items()}


def _look_up_terms(version: str, url: str, codes: Sequence[str]) -> tuple[Term, ...]:
    named = [Term(*fields) for fields in load_table("r4", "terms").get(url, ())]
    known = {term.code for term in named}
    own = SPECIFICATION + url.rpartition("/")[2]
    return (*(term for term in named if term.code in codes), *(Term(own, code) for code in codes if code not in known))


@cache
def load_systems(version: str) -> Mapping[str, Mapping[str, str]]:
    """System -> code -> display, for all codes in the value sets."""
    displays: dict[str, dict[str, str]] = {}
    for terms in value_sets(version).values():
        for term in terms:
            displays.setdefault(term.system, {}).setdefault(term.code, term.display)
    return displays


def suggest_value_set(version: str, url: str) -> str:
    """Suggests a value set for an unknown URL: the nearest name, or the number of available ones."""
    known = value_sets(version)
    near = nearest_of(url.rpartition("/")[2][:64], [value_set.rpartition("/")[2] for value_set in known])
    if near is not None:
        return f"Did you mean {next(value_set for value_set in known if value_set.endswith('/' + near))}?"
    example = f"{SPECIFICATION}ValueSet/administrative-gender"
    return f"{len(known)} value sets (required bindings) are available, for example {example}."


def make_expansion(version: str, url: str, text: str, offset: int, count: int, at: datetime.datetime) -> dict[str, Any]:
    """Returns the expanded ValueSet. text: part of a code or display, case-insensitive. Raises KeyError if it is unknown."""
    wanted = text.casefold()
    terms = value_sets(version)[url]
    matches = [term for term in terms if wanted in term.code.casefold() or wanted in term.display.casefold()]
    page = matches[offset : offset + min(count, MAXIMUM_CODES)]
    shown = [{name: value for name, value in term._asdict().items() if value} for term in page]
    expanded: dict[str, Any] = {
        "identifier": f"{url}?filter={text}" if text else url,
        "timestamp": at.isoformat(timespec="seconds"),
        "total": len(matches),
        "offset": offset,
    }
    if shown:
        expanded["contains"] = shown
    return {
        "resourceType": "ValueSet",
        "url": url,
        "name": url.rpartition("/")[2].replace("-", " ").title().replace(" ", ""),
        "status": "active",
        "expansion": expanded,
    }


def validate_code(terms: Sequence[Term], asked: Sequence[Term]) -> tuple[bool, str, str]:
    """Returns whether one of the codes is among the terms, a message, and its display. system "": any system."""
    for coding in asked:
        match = next((term for term in terms if term.code == coding.code and coding.system in ("", term.system)), None)
        if match is None:
            continue
        if coding.display and match.display and coding.display.casefold() != match.display.casefold():
            return False, f"The display of {coding.code} is {match.display}, not {coding.display}.", match.display
        return True, "", match.display
    elsewhere = next((term for coding in asked for term in terms if term.code == coding.code), None)
    if elsewhere is not None:
        return False, f"{elsewhere.code} belongs to the system {elsewhere.system}.", elsewhere.display
    return False, f"It doesn't contain {' or '.join(coding.code for coding in asked) or 'the code'}.", ""
