"""The search parameters, resource types and compartments of each version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Literal, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from sickbay.fhir.definitions import load_table
from sickbay.fhir.search.additional_parameters import ADDITIONS, PARTS
from sickbay.fhir.versions import VERSIONS
from sickbay.kernel import similar_names
from sickbay.kernel.memoize import cache_results

Kind: TypeAlias = Literal["token", "reference", "string", "date", "number", "quantity", "uri", "composite", "special"]

COMMON = ("_id", "_lastUpdated", "_profile", "_security", "_source", "_tag", "_language", "_text", "_content")
"""Parameters of all types in the order of their numbers, which never change. Add new parameters at the end."""
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
DEFINED_LATER = {"dstu2": frozenset({"_has", "_total"}), "stu3": frozenset({"_total"})}
"""Version -> the parameters in RESULT that only later versions define (DSTU2 2.1.1.1, STU3 search, R4 3.1.1.1)."""
_BLOCK = 128
"""Numbers reserved for a type; the first 16 are for the common parameters. Published versions don't change."""
IDENTIFIER, OF_TYPE, TEXT = 1 << 20, 2 << 20, 3 << 20
"""Added to a parameter's number for the index rows that `:identifier`, `:of-type` and `:text` use."""
COLUMNS = frozenset({"_id", "_lastUpdated"})
"""Parameters that the stores keep in columns of the resource, not in an index. Every resource has both."""
PRESENT = 4 << 20
"""Added to the number for `:missing` if an element has content but no other row, such as a concept with only text."""
AS_WRITTEN = 5 << 20
"""Added to the number for labels whose code is searched in any case but shown as written."""
CASELESS_VERSIONS = frozenset({"dstu2", "stu3"})
"""Versions in which matches of tokens are "not case sensitive" (DSTU2 2.1.1.4.7, STU3 2.21.1.4.10); later ones dropped that."""


class SearchParameter(Struct, frozen=True, gc=False, cache_hash=True):
    """A search parameter of a version and type. `number` is a small integer for the index, fixed for (version, type, code)."""

    code: str
    type: str
    kind: Kind
    number: int
    expression: str = ""
    targets: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    """For a composite: the codes of its parts, in the order of a value."""
    held: tuple[int, ...] = ()
    """The numbers under which it is indexed, if not its own."""

    @property
    def numbers(self) -> tuple[int, ...]:
        return self.held or (self.number,)


@cache
def resource_types(version: str) -> tuple[str, ...]:
    """Returns all resource types of a version, sorted."""
    return tuple(sorted(name for name in load_table(version, "search") if name != "Resource"))


@cache
def known_types(version: str) -> frozenset[str]:
    """Returns the resource types of a version as a set."""
    return frozenset(resource_types(version))


@cache
def load_parameters(version: str, type: str) -> Mapping[str, SearchParameter]:
    """Returns the parameters of a type by code, including common ones. Raises KeyError if the type is unknown."""
    first = resource_types(version).index(type) * _BLOCK
    rows = load_table(version, "search")
    own = rows[type]
    by_code = {}
    for position, code in enumerate(COMMON):
        if code in rows["Resource"]:
            by_code[code] = _build_parameter(type, code, first + position, rows["Resource"][code])
    added = ADDITIONS.get(version, {}).get(type, {})
    codes = [*sorted(own), *(code for code in added if code not in own)]
    for position, code in enumerate(codes):
        by_code[code] = _build_parameter(type, code, first + 16 + position, added.get(code) or own[code])
    return {
        code: replace(parameter, held=_find_covering_parameters(parameter, by_code))
        if " | " in parameter.expression
        else parameter
        for code, parameter in by_code.items()
    }


_COVERED = ("token", "quantity", "date", "string", "number", "uri")
"""Kinds that other parameters may cover. For composites see `composites.list_covering_composites`; chains and includes need a
reference's own number.
"""


def _find_covering_parameters(parameter: SearchParameter, every: Mapping[str, SearchParameter]) -> tuple[int, ...]:
    """Returns the numbers of the parameters that together cover this one's elements, so that they aren't indexed twice.

    For example, combo-code is covered by code and component-code.
    """
    if parameter.kind not in _COVERED:
        return ()
    parts = _split_expression(parameter)
    alike = [other for other in every.values() if other.kind == parameter.kind and other.expression in parameter.expression]
    within = [other for other in alike if _split_expression(other) < parts]
    whole = parts == frozenset().union(*map(_split_expression, within))
    return tuple(other.number for other in within) if whole else ()


def _split_expression(parameter: SearchParameter) -> frozenset[str]:
    return frozenset(parameter.expression.split(" | "))


def _build_parameter(type: str, code: str, number: int, row: Sequence[object]) -> SearchParameter:
    kind, expression, targets, components = row
    return SearchParameter(
        code=code,
        type=type,
        kind=kind,  # type: ignore[arg-type]
        number=number,
        expression=str(expression).replace("Resource.", f"{type}."),
        targets=tuple(targets),  # type: ignore[arg-type]
        components=tuple(map(_code_of_definition, components)),  # type: ignore[call-overload]
    )


def _code_of_definition(definition: str) -> str:
    """Returns the code of a component from its definition's id or URL: clinical-code, Observation-value-concept."""
    return definition.rpartition("/")[2].partition("-")[2]


def add_offset(parameter: SearchParameter, offset: int, kind: Kind) -> SearchParameter:
    """Returns the parameter for other index rows of the same elements: IDENTIFIER, OF_TYPE or TEXT."""
    numbers = tuple(number + offset for number in parameter.held)
    return replace(parameter, number=parameter.number + offset, kind=kind, held=numbers)


def find(version: str, type: str, code: str) -> SearchParameter | None:
    """Returns a parameter, or None if the type doesn't have it."""
    return load_parameters(version, type).get(code)


def is_defined_in_any_version(type: str, name: str) -> bool:
    """Whether a FHIR version defines the parameter for the type. name: also with a modifier or as the start of a chain."""
    code = name.partition(":")[0].partition(".")[0]
    return any(type in known_types(version) and find(version, type, code) for version in VERSIONS)


@cache
def list_components(version: str, parameter: SearchParameter) -> tuple[SearchParameter | None, ...]:
    """Returns the parts of a composite; None for an unknown part."""
    own = PARTS.get(version, {}).get(parameter.type, {})
    parts: list[SearchParameter | None] = []
    for code in parameter.components:
        if code in own:
            kind, below, *rest = own[code]
            parts.append(_build_parameter(parameter.type, code, 0, (kind, parameter.expression + below, *rest)))
        else:
            parts.append(find(version, parameter.type, code))
    return tuple(parts)


def nearest_of(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Returns the most similar name in `known`, ignoring case; None if none is as similar as `cutoff` (from 0 to 1)."""
    lowered, spelled = _index_lower_case(tuple(known))
    wanted = name.lower().replace("_", "-") if not name.startswith("_") else name.lower()
    close = similar_names.find_closest(wanted, lowered, cutoff) if len(name) <= similar_names.WORD_CHARACTERS else None
    return None if close is None else spelled[close]


@cache_results(512)
def _index_lower_case(known: tuple[str, ...]) -> tuple[similar_names.Vocabulary, Mapping[str, str]]:
    """Maps each name in lower case to its original spelling."""
    spelled = {name.lower(): name for name in known}
    return similar_names.make_vocabulary(spelled), spelled


@cache
def compartment_types(version: str, compartment: str = "Patient") -> Mapping[str, tuple[str, ...]]:
    """Type -> the parameters that put it in the compartment."""
    by_type = load_table(version, "compartments").get(compartment, {})
    return {type: tuple(codes) for type, codes in by_type.items()}


def list_other_versions(version: str, type: str) -> tuple[str, ...]:
    """Returns the other versions that have this type."""
    return tuple(other for other in VERSIONS if other != version and type in known_types(other))
