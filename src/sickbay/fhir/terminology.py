"""The code systems and value sets that come with us: those of required bindings, with the system of each code.

The names of codes are R4's; of other versions those that R4 has too. A code of which nothing is said has no display.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from sickbay.fhir.definitions import table
from sickbay.fhir.search.parameters import nearest_of

SPECIFICATION = "http://hl7.org/fhir/"
MOST = 1000


class Term(NamedTuple):
    system: str
    code: str
    display: str = ""


@cache
def value_sets(version: str) -> Mapping[str, tuple[Term, ...]]:
    """By URL, in the order of the definition."""
    return {url: _terms(version, url, codes) for url, codes in table(version, "codes").items()}


def _terms(version: str, url: str, codes: Sequence[str]) -> tuple[Term, ...]:
    named = [Term(*one) for one in table("r4", "terms").get(url, ())]
    known = {one.code for one in named}
    own = SPECIFICATION + url.rpartition("/")[2]
    return (*(one for one in named if one.code in codes), *(Term(own, code) for code in codes if code not in known))


@cache
def systems(version: str) -> Mapping[str, Mapping[str, str]]:
    """System -> code -> display, as far as the value sets reach."""
    found: dict[str, dict[str, str]] = {}
    for terms in value_sets(version).values():
        for one in terms:
            found.setdefault(one.system, {}).setdefault(one.code, one.display)
    return found


def meant(version: str, url: str) -> str:
    """For who asked for a value set that is not here: the nearest, or how many there are."""
    known = value_sets(version)
    near = nearest_of(url.rpartition("/")[2][:64], [one.rpartition("/")[2] for one in known])
    if near is not None:
        return f"Did you mean {next(one for one in known if one.endswith('/' + near))}?"
    return f"The {len(known)} of required bindings are here, as {SPECIFICATION}ValueSet/administrative-gender."


def expansion(version: str, url: str, text: str, offset: int, count: int, at: datetime.datetime) -> dict[str, Any]:
    """The expanded ValueSet. text: in code or display, capitals aside. Raises KeyError where there is none."""
    wanted = text.casefold()
    found = [one for one in value_sets(version)[url] if wanted in one.code.casefold() or wanted in one.display.casefold()]
    shown = [
        {name: value for name, value in one._asdict().items() if value} for one in found[offset : offset + min(count, MOST)]
    ]
    held: dict[str, Any] = {
        "identifier": f"{url}?filter={text}" if text else url,
        "timestamp": at.isoformat(timespec="seconds"),
        "total": len(found),
        "offset": offset,
    }
    if shown:
        held["contains"] = shown
    return {
        "resourceType": "ValueSet",
        "url": url,
        "name": url.rpartition("/")[2].replace("-", " ").title().replace(" ", ""),
        "status": "active",
        "expansion": held,
    }


def judged(terms: Sequence[Term], asked: Sequence[Term]) -> tuple[bool, str, str]:
    """Whether one of the codes is among the terms; what is said of it; its display. system "": whichever."""
    for one in asked:
        held = next((term for term in terms if term.code == one.code and one.system in ("", term.system)), None)
        if held is None:
            continue
        if one.display and held.display and one.display.casefold() != held.display.casefold():
            return False, f"{one.code} is called {held.display}, not {one.display}.", held.display
        return True, "", held.display
    elsewhere = next((term for one in asked for term in terms if term.code == one.code), None)
    if elsewhere is not None:
        return False, f"{elsewhere.code} is of the system {elsewhere.system}.", elsewhere.display
    return False, f"There is no {' or '.join(one.code for one in asked) or 'code'} in it.", ""
