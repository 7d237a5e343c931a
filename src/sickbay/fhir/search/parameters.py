"""The search parameters, resource types and compartments of each version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache

from msgspec.structs import replace

from sickbay.fhir.definitions import table
from sickbay.fhir.search.additional_parameters import ADDITIONS, PARTS
from sickbay.fhir.search.query import Kind, SearchParameter
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel.memoize import memoize

COMMON = ("_id", "_lastUpdated", "_profile", "_security", "_source", "_tag", "_language", "_text", "_content")
"""In the order of their numbers, which never move: what is new comes last."""
RESULT = (
    "_count",
    "_sort",
    "_include",
    "_revinclude",
    "_total",
    "_summary",
    "_elements",
    "_format",
    "_pretty",
    "_has",
    "_list",
)
COLLOQUIAL = {
    "lastupdated": "_lastUpdated",
    "id": "_id",
    "sort": "_sort",
    "count": "_count",
    "limit": "_count",
    "firstname": "given",
    "lastname": "family",
    "surname": "family",
    "dob": "birthdate",
    "sex": "gender",
    "mrn": "identifier",
}
"""What people write for what they mean, where spelling alone would not tell."""
_BLOCK = 128
"""Numbers of one type: the first 16 for the common parameters. The versions are published, so numbers never move."""
IDENTIFIER, OF_TYPE, TEXT = 1 << 20, 2 << 20, 3 << 20
"""Added to a parameter's number: what `:identifier`, `:of-type` and `:text` look into is a fact of its own."""


@cache
def resource_types(version: str) -> tuple[str, ...]:
    """All resource types of a version, sorted."""
    return tuple(sorted(name for name in table(version, "search") if name != "Resource"))


@cache
def known_types(version: str) -> frozenset[str]:
    """The same, to ask whether a type is known."""
    return frozenset(resource_types(version))


@cache
def parameters(version: str, type: str) -> Mapping[str, SearchParameter]:
    """The parameters of a type by code, the common ones included. Raises KeyError where the type is unknown."""
    first = resource_types(version).index(type) * _BLOCK
    rows = table(version, "search")
    own = rows[type]
    found = {}
    for position, code in enumerate(COMMON):
        if code in rows["Resource"]:
            found[code] = _parameter(type, code, first + position, rows["Resource"][code])
    added = ADDITIONS.get(version, {}).get(type, {})
    codes = [*sorted(own), *(code for code in added if code not in own)]
    for position, code in enumerate(codes):
        found[code] = _parameter(type, code, first + 16 + position, added.get(code) or own[code])
    return {code: replace(one, held=_covering(one, found)) if " | " in one.expression else one for code, one in found.items()}


_COVERED = ("token", "quantity", "date", "string", "number", "uri")
"""Of composites `composites.held_by` says it; along references chains and includes go, by the number of their own."""


def _covering(one: SearchParameter, every: Mapping[str, SearchParameter]) -> tuple[int, ...]:
    """The numbers of those whose elements together are this one's, so that the index need not hold them twice: combo-code
    is code and component-code."""
    if one.kind not in _COVERED:
        return ()
    parts = _parts(one)
    alike = [other for other in every.values() if other.kind == one.kind and other.expression in one.expression]
    within = [other for other in alike if _parts(other) < parts]
    whole = parts == frozenset().union(*map(_parts, within))
    return tuple(other.number for other in within) if whole else ()


def _parts(one: SearchParameter) -> frozenset[str]:
    return frozenset(one.expression.split(" | "))


def _parameter(type: str, code: str, number: int, row: Sequence[object]) -> SearchParameter:
    kind, expression, targets, components = row
    return SearchParameter(
        code=code,
        type=type,
        kind=kind,  # type: ignore[arg-type]
        number=number,
        expression=str(expression).replace("Resource.", f"{type}."),
        targets=tuple(targets),  # type: ignore[arg-type]
        components=tuple(map(_code, components)),  # type: ignore[call-overload]
    )


def _code(definition: str) -> str:
    """The code of a component, from the id or the address of its definition: clinical-code, Observation-value-concept."""
    return definition.rpartition("/")[2].partition("-")[2]


def beside(parameter: SearchParameter, offset: int, kind: Kind) -> SearchParameter:
    """The same elements by what else they say."""
    held = tuple(one + offset for one in parameter.held)
    return replace(parameter, number=parameter.number + offset, kind=kind, held=held)


_LONGEST = 64


def find(version: str, type: str, code: str) -> SearchParameter | None:
    """One parameter, or None where the type does not have it."""
    return parameters(version, type).get(code)


@cache
def components(version: str, parameter: SearchParameter) -> tuple[SearchParameter | None, ...]:
    """The parts of a composite; None for one that nothing is known of."""
    own = PARTS.get(version, {}).get(parameter.type, {})
    found: list[SearchParameter | None] = []
    for code in parameter.components:
        if code in own:
            kind, below, *rest = own[code]
            found.append(_parameter(parameter.type, code, 0, (kind, parameter.expression + below, *rest)))
        else:
            found.append(find(version, parameter.type, code))
    return tuple(found)


@memoize(1024)
def nearest(version: str, type: str, name: str) -> str | None:
    """The known name that somebody who wrote `name` most likely meant."""
    known = [*parameters(version, type), *RESULT]
    meant = COLLOQUIAL.get(name.lower().replace("_", "").replace("-", ""))
    return meant if meant in known else nearest_of(name, known)


def nearest_of(name: str, known: Iterable[str]) -> str | None:
    """The most alike of `known`, capitals aside; None where none is alike."""
    if len(name) > _LONGEST:
        return None  # nobody meant a name of ours, and comparing would take long
    lowered = {one.lower(): one for one in known}
    wanted = name.lower().replace("_", "-") if not name.startswith("_") else name.lower()
    close = get_close_matches(wanted, lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else None


@cache
def compartment_types(version: str, compartment: str = "Patient") -> Mapping[str, tuple[str, ...]]:
    """Type -> the parameters by which it belongs to the compartment."""
    held = table(version, "compartments").get(compartment, {})
    return {type: tuple(codes) for type, codes in held.items()}


def other_versions(version: str, type: str) -> tuple[str, ...]:
    """The other versions that know this type."""
    return tuple(one for one in VERSIONS if one != version and type in known_types(one))
