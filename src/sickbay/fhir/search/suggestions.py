"""Suggests the search parameter that a client probably meant by an unknown name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final

from sickbay.fhir.search.parameters import DEFINED_LATER, RESULT, load_parameters, nearest_of
from sickbay.kernel.memoize import memoize
from sickbay.kernel.similar_names import WORD_CHARACTERS

COLLOQUIAL: Final = {
    "lastupdated": ("_lastUpdated",),
    "id": ("_id",),
    "sort": ("_sort",),
    "count": ("_count",),
    "limit": ("_count",),
    "pagesize": ("_count",),
    "firstname": ("given",),
    "lastname": ("family",),
    "surname": ("family",),
    "dob": ("birthdate",),
    "dateofbirth": ("birthdate",),
    "sex": ("gender",),
    "mrn": ("identifier",),
    "zip": ("address-postalcode",),
    "zipcode": ("address-postalcode",),
    "start": ("date",),
    "startdate": ("date",),
    "end": ("date",),
    "enddate": ("date",),
    "from": ("date",),
    "since": ("date", "_lastUpdated"),
}
"""Common names for parameters that aren't similar in spelling, compared without hyphens and underscores.

The first that exists counts.
"""
_SIMILAR: Final = 0.75
"""Below this, other names are often as similar: `start` resembles `status`, and `city` resembles `ethnicity`."""
_SHORTEST: Final = 3
"""Minimum length of a name that another one begins with."""
_ELEMENT: Final = re.compile(
    r"\b[A-Z]\w+\.(\w+)(?:\.(?:as|ofType)\((\w+)\)| as (\w+)|\.where\(resolve\(\) is \w+\))?(?=[)\s|]|$)"
)
_CHOICE: Final = re.compile(r"(?i)(?:dateTime|period|instant|timing|quantity|codeableConcept|reference|string|range|age)$")
"""The type with which JSON writes an element that has several: `effectiveDateTime`."""


@memoize(1024)
def find_nearest(version: str, type: str, name: str) -> str | None:
    """Returns the known name that a client probably meant by `name`; None if several fit equally well, or none does."""
    if len(name) > WORD_CHARACTERS:
        return None
    known, sought = _names_of_parameters(version, type), _fold(name)
    own = [code for code in load_parameters(version, type) if not code.startswith("_")]
    spelled = [code for code in own if _fold(code) == sought]
    common = next((code for code in COLLOQUIAL.get(sought.removeprefix(type.lower()), ()) if code in known), None)
    if name.startswith("_") or (common is not None and not spelled):
        return common or nearest_of(name, known, _SIMILAR)
    by_element = _parameters_by_element(version, type)
    for fits in (
        spelled,
        by_element.get(sought) or by_element.get(_CHOICE.sub("", sought), ()),
        _longest(code for code in own if sought.startswith(_fold(code))),
        [code for code in own if len(sought) >= _SHORTEST and (_fold(code).startswith(sought) or code.endswith(f"-{sought}"))],
        _longest(code for code in own if sought.endswith(_fold(code))),
    ):
        if fits:
            return _only(fits)
    return nearest_of(name, known, _SIMILAR)


def _fold(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _only(codes: Iterable[str]) -> str | None:
    first, *others = codes
    return None if others else first


def _longest(codes: Iterable[str]) -> list[str]:
    return sorted(codes, key=len)[-1:]


@cache
def _names_of_parameters(version: str, type: str) -> tuple[str, ...]:
    undefined = DEFINED_LATER.get(version, ())
    return (*load_parameters(version, type), *(name for name in RESULT if name not in undefined))


@cache
def _parameters_by_element(version: str, type: str) -> Mapping[str, tuple[str, ...]]:
    """Maps the names of elements, such as `effective` and `valueQuantity` in lower case, to the parameters that search them."""
    found: dict[str, dict[str, None]] = {}
    for parameter in load_parameters(version, type).values():
        for element, *kinds in _ELEMENT.findall(parameter.expression):
            for name in {element, element + "".join(kinds)}:
                found.setdefault(name.lower(), {})[parameter.code] = None
    return {name: tuple(codes) for name, codes in found.items()}
