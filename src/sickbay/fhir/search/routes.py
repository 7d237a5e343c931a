"""Parses a search according to its URL (on a type, in a compartment, or on the whole server), and finds the types it reads.

A search may also refer to other types, whose resources are then read too, so the token must allow each of them. They are found
in the text and not in the Query, because parameters that are ignored or refused also refer to types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from sickbay.fhir import subset
from sickbay.fhir.preconditions import read_handling
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import Route
from sickbay.fhir.search import full_text
from sickbay.fhir.search.parameters import compartment_types, find, known_types, nearest_of, resource_types
from sickbay.fhir.search.parser import CACHED_SEARCHES, FILTERS, is_brief, parse
from sickbay.fhir.search.parser_state import SUGGESTED
from sickbay.fhir.search.query import Query, Within
from sickbay.kernel.memoize import cache_results

SEARCHES = frozenset({"search-type", "search-system", "search-compartment"})
SEVERAL = frozenset({"search-system", "search-compartment"})
"""Interactions that may search several types."""
_BY_VALUE = frozenset({"_include", "_revinclude", "_in", "_type"})
"""Parameters whose value names types. For other parameters, only the name does."""
_NAMING = ("_has", "_include", "_revinclude", "_list", "_in")
"""Prefixes of parameter names that may refer to another type. All other names do so only with a dot."""
PARSED, EACH_PARAMETER = 250_000, 100
"""Maximum number of characters that a search of several types may parse, and how many each parameter adds to the count."""
LINKS = 8
"""Maximum links read in a parameter. A search with more than six, three in a chain and three `_has`, is always refused."""


def search_of(
    version: str, route: Route, pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False
) -> Query | tuple[RequestError, ...] | None:
    """Returns the search, or all errors in it; None if it isn't a search. pairs, base, strict: as in `parser.parse`."""
    if route.interaction not in SEARCHES:
        return None
    compartment = compartment_types(version, route.compartment[0]) if route.compartment else {}
    if route.type is not None:
        query = parse(version, route.type, pairs, base=base, strict=strict)
    else:
        types = sorted(compartment) if route.compartment else resource_types(version)
        query = parse_multi_type_search(version, types, pairs, base=base, strict=strict)
    if not isinstance(query, Query):
        return query
    if (query.elements or query.summary) and (wrong := subset.find_errors(query)):
        return wrong
    if route.compartment is None:
        return query
    parts = tuple(replace(part, within=_compartment_of(version, part.type, *route.compartment)) for part in query.parts)
    return replace(query, parts=parts, within=_compartment_of(version, route.type or "", *route.compartment))


def parse_multi_type_search(
    version: str, types: Sequence[str], pairs: Sequence[tuple[str, str]], *, base: str, strict: bool = False
) -> Query | tuple[RequestError, ...]:
    """Parses a search on several types (R4, 3.1.1.5.6) by their common parameters. types: those that `_type` selects from."""
    requested, wrong = _read_types(version, types, pairs)
    if is_excessive(len(requested), pairs):
        expected = f"fewer or shorter parameters, because they are read for each of the {len(requested)} types"
        return (RequestError("fhir-search-too-complex", "parameters", f"{len(pairs)} parameters", expected),)
    remaining = [pair for pair in pairs if pair[0] != "_type"]
    parsed, suggestions = {}, SUGGESTED
    for type in requested:
        query = parsed[type] = parse(version, type, remaining, base=base, strict=strict, suggestions=suggestions)
        suggestions = max(0, suggestions - len(query.ignored if isinstance(query, Query) else query))
    errors = {error: None for query in parsed.values() if isinstance(query, tuple) for error in query}
    if wrong or errors:
        return (*wrong, *errors)
    queries = [query for query in parsed.values() if isinstance(query, Query)]
    ignored = {name: near for query in reversed(queries) for name, near in query.ignored}
    known = [pair for pair in remaining if pair[0] not in ignored]
    parts = tuple(part for type in requested if isinstance(part := parse(version, type, known, base=base), Query))
    if any(sum(filter.ends for filter in part.filters) * 4 > FILTERS for part in parts):
        return (RequestError("fhir-search-too-complex", "filters", "several types", f"at most {FILTERS // 4} filters"),)
    if any(sum(map(full_text.count_words, part.filters)) * 10 > full_text.ASKED for part in parts):
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
        doubted=tuple({doubt: None for part in parts for doubt in part.doubted}),
    )


def is_excessive(types: int, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether parsing these parameters for each of this many types would take too long."""
    characters = sum([len(value) for name, value in pairs if name != "_type"])
    return types > 1 and types * (characters + EACH_PARAMETER * len(pairs)) > PARSED


def _read_types(
    version: str, types: Sequence[str], pairs: Sequence[tuple[str, str]]
) -> tuple[tuple[str, ...], tuple[RequestError, ...]]:
    requested = dict.fromkeys(type for name, text in pairs if name == "_type" for type in text.split(",") if type)
    wrong: list[RequestError] = []
    for type in requested:
        if type not in known_types(version):
            near = nearest_of(type, resource_types(version)) if len(wrong) < SUGGESTED else None
            expected = f"_type={near or '<Type>,<Type>'}"
            wrong.append(RequestError("fhir-search-value-malformed", "_type", type, expected))
    return tuple(type for type in types if not requested or type in requested), tuple(wrong)


def _compartment_of(version: str, type: str, holder: str, id: str) -> Within:
    """Returns the compartment. It has no parameters, and so no resources, if the type isn't part of it."""
    codes = compartment_types(version, holder).get(type, ())
    numbers = tuple(parameter.number for code in codes if (parameter := find(version, type, code)) is not None)
    return Within(holder, id, numbers)


def is_strict(policy: bool, prefer: str) -> bool:
    """Whether `Prefer: handling` or, without it, the tenant's policy requires strict handling (R4, 3.1.0.1.2)."""
    preference = read_handling(prefer) if prefer else None
    return policy if preference is None else preference == "strict"


def searched_types(version: str, interaction: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Returns the types that a search may find; empty if it isn't a search, or is in a compartment."""
    if interaction == "search-type" and type is not None:
        return (type,)
    if interaction != "search-system":
        return ()
    return chosen_types(version, pairs) or resource_types(version)


def find_types(version: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Returns names such as `Patient`, or `Device|Patient` if a chain or an include has no type: one of them must be allowed.

    Wildcards are skipped. pairs: decoded, for a search on `type`, which must be a known type; None: on several types.
    """
    for name, _ in pairs:
        if "." in name or name.startswith(_NAMING):
            break
    else:
        return ()
    if type is None and is_excessive(len(chosen_types(version, pairs)) or len(known_types(version)), pairs):
        return resource_types(version)  # finding those that it names would take too long
    relevant = tuple((name, value if name.partition(":")[0] in _BY_VALUE else "") for name, value in pairs)
    return _find_types(version, type, relevant) if is_brief(relevant) else _find_named_types(version, type, relevant)


@cache_results(CACHED_SEARCHES)
def _find_types(version: str, type: str | None, pairs: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return _find_named_types(version, type, pairs)


def _find_named_types(version: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    several = (type,) if type is not None else chosen_types(version, pairs) or tuple(known_types(version))
    for name, value in pairs:
        head = name.partition(":")[0]
        groups: Iterable[Iterable[str]]
        if head in ("_include", "_revinclude"):
            groups = _list_included_types(version, head, value)
        elif head == "_list":
            groups = (("List",),)
        elif head == "_in" and version == "r5":
            groups = [(item.partition("/")[0],) for item in value.split(",")]
        else:
            groups = _list_chained_types(version, several, name)
        for group in groups:
            known = sorted({name for name in group if name in known_types(version)})
            if known and type not in known:
                names["|".join(known)] = None
    return tuple(names)


def chosen_types(version: str, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Returns the known types in `_type`."""
    requested = [name for text_name, text in pairs if text_name == "_type" for name in text.split(",")]
    return tuple(dict.fromkeys(name for name in requested if name in known_types(version)))


def _list_included_types(version: str, parameter: str, value: str) -> Iterator[Iterable[str]]:
    """Reads `Source:code[:Target]`. For _revinclude, the target is a searched type."""
    source, _, rest = value.partition(":")
    code, _, target = rest.partition(":")
    yield (source,)
    if target:
        yield (target,)
    elif parameter == "_include":
        yield _target_types(version, (source,), code)


def _list_chained_types(version: str, types: Iterable[str], path: str) -> Iterator[Iterable[str]]:
    """Reads each link of `code:Type.rest`, `code.rest` and `_has:Type:code:rest`, at most LINKS of them."""
    for _ in range(LINKS):
        if path.startswith("_has:") and version != "dstu2":
            _, type, _, rest = (path + ":::").split(":", 3)
            yield (type,)
            types, path = (type,), rest.removesuffix(":::")
            continue
        head, dot, rest = path.partition(".")
        if not dot:
            return
        code, _, type = head.partition(":")
        then = rest.partition(".")[0].partition(":")[0]
        reached = _target_types(version, types, code)
        able = [target for target in reached if then == "_has" or find(version, target, then)]
        types, path = (type,) if type in known_types(version) else able or reached, rest
        yield types


def _target_types(version: str, types: Iterable[str], code: str) -> list[str]:
    known = known_types(version)
    found = [find(version, type, code) for type in types if type in known]
    return list(dict.fromkeys(target for parameter in found if parameter for target in parameter.targets if target in known))
