"""What a person leaves of the scopes that may be granted (SMART 2.2, Finer-grained resource constraints): never more."""

from __future__ import annotations

from collections.abc import Collection

from sickbay.protocol import scopes
from sickbay.protocol.scopes import ResourceScope

OBSERVATIONS = (
    ("laboratory", "lab results"),
    ("vital-signs", "vital signs"),
    ("social-history", "social history"),
)
CONDITIONS = (("problem-list-item", "problem list"), ("encounter-diagnosis", "visit diagnoses"))
SYSTEMS = {"Observation": "observation-category", "Condition": "condition-category"}
CATEGORIES = {"Observation": OBSERVATIONS, "Condition": CONDITIONS}
"""Type -> what of it may be given alone: code and words. DSTU2 has no such categories of conditions."""
TERMS = "http://terminology.hl7.org/CodeSystem/"


def granted(grantable: Collection[str], ticked: Collection[str] | None) -> tuple[str, ...]:
    """Each scope as it stands where it was left ticked, narrowed where it was narrowed; None: nobody was asked."""
    if ticked is None:
        return tuple(grantable)
    kept = [one for wide in grantable for one in ([wide] if wide in ticked else _narrowed(wide, ticked))]
    return tuple(dict.fromkeys(kept))


def _narrowed(wide: str, ticked: Collection[str]) -> list[str]:
    return [one for one in ticked if one.startswith(f"{wide}?") and _is_within(one, wide)]


def _is_within(narrow: str, wide: str) -> bool:
    one, other = scopes.parse(narrow), scopes.parse(wide)
    return one is not None and other is not None and scopes.covers(other, one)


def approved(grantable: Collection[str], allowed: Collection[str]) -> tuple[str, ...]:
    """What a list of allowed scopes leaves: a scope that one of them permits as it was asked, else the parts of it that
    the list permits too: fewer letters, one type of a wildcard, or only what a filter on the list lets through.
    """
    held = tuple(one for one in scopes.parse_all(tuple(allowed)) if scopes.is_enforceable(one))
    kept = [one for wide in grantable for one in ([wide] if _permitted(wide, held) else _parts(wide, held))]
    return tuple(dict.fromkeys(kept))


def _permitted(text: str, held: tuple[scopes.Scope, ...]) -> bool:
    scope = scopes.parse(text)
    return scope is not None and scopes.covered(scope, held)


def _parts(text: str, held: tuple[scopes.Scope, ...]) -> list[str]:
    """What both the requested scope and a scope on the list permit, each part once."""
    wide = scopes.parse(text)
    if not isinstance(wide, ResourceScope):
        return []
    shared = [scopes.intersection(wide, one) for one in held if isinstance(one, ResourceScope)]
    parts = list(dict.fromkeys(one for one in shared if one is not None))
    return [one.text for one in parts if not any(one != other and scopes.covers(other, one) for other in parts)]


def narrowings(text: str, version: str) -> tuple[tuple[str, str], ...]:
    """Words and scope of each way to narrow this one; version: of FHIR, "r4". Only v2 scopes can be, by the grammar."""
    scope = scopes.parse(text)
    if not isinstance(scope, ResourceScope) or scope.version != "v2" or scope.filters:
        return ()
    if version == "dstu2":
        return tuple((words, f"{text}?category={code}") for code, words in OBSERVATIONS if scope.type == "Observation")
    system = TERMS + SYSTEMS.get(scope.type, "")
    return tuple((words, f"{text}?category={system}|{code}") for code, words in CATEGORIES.get(scope.type, ()))
