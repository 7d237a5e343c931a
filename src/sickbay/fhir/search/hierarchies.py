"""Hierarchies for `:above` and `:below`: of codes in the bundled code systems, and of resources that are part of others.

See R4, 3.1.1.5.10 for tokens and 3.1.1.5.8.2 for references. The hierarchies are R4's; older versions use other URLs for the
same systems.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sickbay.fhir.definitions import load_table
from sickbay.fhir.search.parameters import SearchParameter, load_parameters
from sickbay.fhir.terminology import load_systems

_FHIR, _V3 = "http://hl7.org/fhir/", "http://hl7.org/fhir/v3/"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


def find_related_codes(version: str, system: str, code: str, way: str) -> tuple[str, ...] | None:
    """Returns the code and all codes above or below it; None if the system is unknown. way: "above" or "below"."""
    known = next((name for name in _names_of_system(system) if name in _parents_by_code()), None)
    if known is not None:
        return _list_reachable_codes(_neighbours_by_code(known, way), code)
    return (code,) if any(name in load_systems(version) for name in _names_of_system(system)) else None


@cache
def find_parent_parameter(version: str, type: str) -> SearchParameter | None:
    """Returns the parameter that makes resources of a type part of each other, such as `partof` of Location."""
    own = load_parameters(version, type).values()
    return next(
        (parameter for parameter in own if parameter.code.replace("-", "") == "partof" and type in parameter.targets), None
    )


def _names_of_system(system: str) -> tuple[str, ...]:
    """Returns the URL of a system as written, and as R4 writes it."""
    if system.startswith(_V3):
        return system, f"{_TERMINOLOGY}v3-{system.removeprefix(_V3)}"
    return (system, _TERMINOLOGY + system.removeprefix(_FHIR)) if system.startswith(_FHIR) else (system,)


@cache
def _parents_by_code() -> Mapping[str, Mapping[str, list[str]]]:
    """System -> code -> its parent codes."""
    return load_table("r4", "hierarchy")


@cache
def _neighbours_by_code(system: str, way: str) -> Mapping[str, list[str]]:
    above = _parents_by_code()[system]
    if way == "above":
        return above
    below: dict[str, list[str]] = {}
    for code, parents in above.items():
        for parent in parents:
            below.setdefault(parent, []).append(code)
    return below


def _list_reachable_codes(ways: Mapping[str, list[str]], code: str) -> tuple[str, ...]:
    """Returns all codes that can be reached, each once even if it has several parents."""
    reached, waiting = {code: None}, [code]
    while waiting:
        for next_code in ways.get(waiting.pop(), ()):
            if next_code not in reached:
                reached[next_code] = None
                waiting.append(next_code)
    return tuple(reached)
