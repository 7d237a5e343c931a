"""What lies above and below: codes in the code systems whose hierarchy comes with us, and resources that are part of others.

`:above` and `:below` of tokens (R4, 3.1.1.5.10) and of references (R4, 3.1.1.5.8.2). The hierarchies are R4's; the older
versions call the same systems otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from sickbay.fhir.definitions import table
from sickbay.fhir.search.parameters import parameters
from sickbay.fhir.search.query import SearchParameter
from sickbay.fhir.terminology import systems

_FHIR, _V3 = "http://hl7.org/fhir/", "http://hl7.org/fhir/v3/"
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem/"


def related(version: str, system: str, code: str, way: str) -> tuple[str, ...] | None:
    """The code itself and every code above or below it. None: this system is not here. way: "above" or "below"."""
    known = next((one for one in _names(system) if one in _hierarchies()), None)
    if known is not None:
        return _reached(_ways(known, way), code)
    return (code,) if any(one in systems(version) for one in _names(system)) else None


@cache
def ladder(version: str, type: str) -> SearchParameter | None:
    """The parameter by which resources of a type are part of each other: a Location's `partof`."""
    held = parameters(version, type).values()
    return next((one for one in held if one.code.replace("-", "") == "partof" and type in one.targets), None)


def _names(system: str) -> tuple[str, ...]:
    """A system as it is written, and as R4 writes it."""
    if system.startswith(_V3):
        return system, f"{_TERMINOLOGY}v3-{system.removeprefix(_V3)}"
    return (system, _TERMINOLOGY + system.removeprefix(_FHIR)) if system.startswith(_FHIR) else (system,)


@cache
def _hierarchies() -> Mapping[str, Mapping[str, list[str]]]:
    """System -> code -> the codes directly above it."""
    return table("r4", "hierarchy")


@cache
def _ways(system: str, way: str) -> Mapping[str, list[str]]:
    above = _hierarchies()[system]
    if way == "above":
        return above
    found: dict[str, list[str]] = {}
    for code, parents in above.items():
        for parent in parents:
            found.setdefault(parent, []).append(code)
    return found


def _reached(ways: Mapping[str, list[str]], code: str) -> tuple[str, ...]:
    """Some codes are below several others: each is reached once."""
    found, waiting = {code: None}, [code]
    while waiting:
        for one in ways.get(waiting.pop(), ()):
            if one not in found:
                found[one] = None
                waiting.append(one)
    return tuple(found)
