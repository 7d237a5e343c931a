"""Parses a search parameter into a Filter: its modifier, its alternatives, and its chain or `_has`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from msgspec.structs import replace

from sickbay.fhir.request_error import RequestError
from sickbay.fhir.routing import ID
from sickbay.fhir.search import codes as search_codes
from sickbay.fhir.search import composites, full_text
from sickbay.fhir.search.expressions import list_kinds
from sickbay.fhir.search.full_text import WORDS
from sickbay.fhir.search.hierarchies import find_parent_parameter
from sickbay.fhir.search.modifiers import (
    expand_hierarchy,
    filter_by_value_sets,
    is_understood,
    list_modifiers,
    parse_of_type,
    refuse_unsupported_modifier,
)
from sickbay.fhir.search.parameters import (
    IDENTIFIER,
    OF_TYPE,
    TEXT,
    Kind,
    SearchParameter,
    add_offset,
    find,
    known_types,
    list_components,
    load_parameters,
    resource_types,
)
from sickbay.fhir.search.parser_state import SearchState
from sickbay.fhir.search.query import CompositeValue, Filter, ReferenceValue, StringValue, TokenValue, UriValue, Value
from sickbay.fhir.search.text import split, unescape
from sickbay.fhir.search.values import READ, list_addresses, parse_missing_modifier, parse_near
from sickbay.kernel.memoize import memoize

DEPTH = 3
"""Maximum number of parameters in a chain, and of nested `_has`."""
TYPES = 16
"""Maximum number of types that a chain without a type may lead to, and of filters at its ends in total."""
VALUES = 500
"""Maximum number of alternatives in a parameter."""
UNSUPPORTED = "fhir-search-param-unsupported"
UNANSWERED = frozenset({"_filter", "_query"})
"""Known but not supported. They narrow a search in unknown ways, so ignoring them would return wrong results."""
NOWHERE = frozenset({"value-canonical", "component-value-canonical"})
"""Parameters of R5 that lead to no element: an Observation has no canonical yet. Compiling all to find them takes 30 ms."""
MEMBERS = {"CareTeam": "participant", "Group": "member", "List": "item"}
"""The types that R5's `_in` may name, and the parameter with their members."""


@cache
def is_answered(version: str, parameter: SearchParameter) -> bool:
    """Whether the server supports the parameter. Some are published without an expression, or lead to no element. A test makes
    sure that all others lead to one.
    """
    if parameter.kind == "composite":
        return composites.list_component_kinds(version, parameter) is not None
    if parameter.kind == "special" or parameter.code in WORDS:
        return parameter.code == "near" or parameter.code in WORDS
    return bool(parameter.expression) and parameter.code not in UNANSWERED | NOWHERE


def is_by_url(version: str, parameter: SearchParameter) -> bool:
    """Whether it refers to resources only by their URL, which the index of references can't follow."""
    canonical = list_kinds(version, parameter.type, parameter.expression) == {"canonical"}
    return parameter.kind == "reference" and canonical


class Way(NamedTuple):
    """The position of a parameter in a chain: the number of links before it, and of `_has`."""

    links: int = 0
    back: int = 0


BEGIN = Way()


def refuse_depth(name: str) -> RequestError:
    return RequestError(
        "fhir-search-too-complex", name, "", f"at most {DEPTH} parameters in a chain and at most {DEPTH} nested _has"
    )


def filter_of(state: SearchState, type: str, name: str, text: str, way: Way = BEGIN) -> Filter | RequestError:
    """Parses a parameter on `type`, with its chain if it has one."""
    if (name.startswith("_has:") or name == "_has") and state.version != "dstu2":
        return _reverse_chain_filter(state, type, name, text, way)
    if name == "_list":
        return _list_filter(state, type, text)
    if name == "_in":
        return _membership_filter(state, type, text)
    head, dot, rest = name.partition(".")
    code, _, modifier = head.partition(":")
    parameter = find(state.version, type, code)
    if code in UNANSWERED:
        return refuse_unsupported_parameter(name, text, type)
    if parameter is None:
        near_by = state.find_nearest(type, code)
        return RequestError("fhir-search-unknown-param", name, text, near_by or f"<a search parameter of {type}>")
    if not is_answered(state.version, parameter):
        return refuse_unsupported_parameter(name, text, type)
    if modifier and not is_understood(state.version, parameter, modifier):
        return refuse_unsupported_modifier(state.version, parameter, name)
    if dot:
        return _chain_filter(state, parameter, modifier, rest, text, way)
    return values_of(state, parameter, modifier or None, text)


def _error_in_chain(inner: RequestError, name: str, way: str) -> RequestError:
    """Reports an error at the end of a chain for the whole chain. Errors whose `expected` is a sentence keep it."""
    is_sentence = inner.rule in ("fhir-search-too-complex", UNSUPPORTED)
    return RequestError(inner.rule, name, inner.value, inner.expected if is_sentence else way + inner.expected)


def refuse_unsupported_parameter(name: str, text: str, type: str) -> RequestError:
    return RequestError(UNSUPPORTED, name, text, f"the search parameters that the metadata lists for {type}")


def _reverse_chain_filter(state: SearchState, type: str, name: str, text: str, way: Way) -> Filter | RequestError:
    """`_has:Observation:patient:code`: matches if an Observation with this code refers to the resource in `patient`."""
    parts = name.split(":", 3)
    if len(parts) < 4 or not all(parts):
        return RequestError("fhir-search-value-malformed", name, text, "_has:<Type>:<reference parameter>:<parameter>=<value>")
    _, source, code, rest = parts
    if way.back >= DEPTH:
        return refuse_depth(name)
    if source not in known_types(state.version):
        nearest_type = state.nearest_of(source, lambda: resource_types(state.version))
        return RequestError("fhir-search-unknown-param", name, text, f"_has:{nearest_type or '<Type>'}:{code}:{rest}")
    parameter = find(state.version, source, code)
    if parameter is None or not leads_to(parameter, type):
        able = _leading_to(state.version, source, type)
        known = state.nearest_of(code, lambda: able) or "|".join(sorted(able)) or "<none>"
        return RequestError("fhir-search-unknown-param", name, text, f"_has:{source}:{known}:{rest}")
    if is_by_url(state.version, parameter):
        return RequestError(UNSUPPORTED, name, text, f"{source}?{code}=<canonical URL of the {type}>")
    inner = filter_of(state, source, rest, text, way._replace(back=way.back + 1))
    if isinstance(inner, RequestError):
        return _error_in_chain(inner, name, f"_has:{source}:{code}:")
    return Filter(parameter, (), None, (source, inner), reverse=True)


@memoize(1024)
def _leading_to(version: str, source: str, type: str) -> tuple[str, ...]:
    """Returns the parameters of `source` that may refer to the type."""
    return tuple(other.code for other in load_parameters(version, source).values() if leads_to(other, type))


def leads_to(parameter: SearchParameter, type: str) -> bool:
    """Whether a reference in this parameter may refer to a resource of the type."""
    any_type = not parameter.targets or "Resource" in parameter.targets
    return parameter.kind == "reference" and (any_type or type in parameter.targets)


def _list_filter(state: SearchState, type: str, text: str) -> Filter | RequestError:
    """Matches the resources that a List refers to. The List is read too, so it must be visible."""
    ids = [unescape(item).removeprefix("List/") for item in split(text)]
    item, by = find(state.version, "List", "item"), find(state.version, "List", "_id")
    assert item is not None
    assert by is not None
    for id in ids:
        if id.startswith("$"):
            return RequestError(UNSUPPORTED, "_list", text, "_list=<id of a List>; this server has no computed lists")
        if not ID.fullmatch(id):
            return RequestError("fhir-id-invalid", "_list", id, "the id of a List")
    return Filter(item, (), None, ("List", Filter(by, tuple(TokenValue(None, id) for id in ids))), reverse=True)


def _membership_filter(state: SearchState, type: str, text: str) -> Filter | RequestError:
    """Matches the members of a CareTeam, a Group or a List (R5, 3.2.1.6.2), which must be visible too."""
    references = [unescape(item).partition("/") for item in split(text) if item]
    holders = {holder for holder, _, _ in references}
    if len(holders) != 1 or not holders <= MEMBERS.keys() or not all(ID.fullmatch(id) for _, _, id in references):
        return RequestError("fhir-search-value-malformed", "_in", text, "Group/<id>, CareTeam/<id> or List/<id>")
    holder = holders.pop()
    by, link = find(state.version, holder, "_id"), find(state.version, holder, MEMBERS[holder])
    assert by is not None
    assert link is not None
    inner = Filter(by, tuple(TokenValue(None, id) for _, _, id in references))
    return Filter(link, (), None, (holder, inner), reverse=True)


def _chain_filter(
    state: SearchState, parameter: SearchParameter, modifier: str, rest: str, text: str, way: Way
) -> Filter | RequestError:
    head = f"{parameter.code}:{modifier}" if modifier else parameter.code
    name = f"{head}.{rest}"
    if parameter.kind != "reference" or modifier in list_modifiers(state.version, parameter):
        form = f"{parameter.code} without a chain, because only references can be chained"
        return RequestError("fhir-search-unknown-param", name, text, form)
    if is_by_url(state.version, parameter):
        form = f"{parameter.code}=<canonical URL>, and _include to add the resource with that URL"
        return RequestError(UNSUPPORTED, name, text, form)
    if way.links + 1 >= DEPTH and not rest.startswith("_has:"):
        return refuse_depth(name)
    targets = (modifier,) if modifier else parameter.targets
    able, kinds = _types_with(state.version, targets, rest)
    is_clear = len(targets) == 1 or (0 < len(able) <= TYPES and kinds <= 1)
    ends = _ends_of_chain(state, able or targets, rest, text, way._replace(links=way.links + 1)) if is_clear else None
    if ends is None:
        type = "Patient" if "Patient" in (able or targets) else (*able, *targets, "<Type>")[0]
        form = f"{parameter.code}:{type}.{rest}, with the type that you mean"
        return RequestError("fhir-search-unknown-param", name, text, form)
    if isinstance(ends, RequestError):
        return _error_in_chain(ends, name, f"{head}.")
    either = tuple(Filter(parameter, (), None, end) for end in ends)
    return either[0] if len(either) == 1 else Filter(parameter, (), either=either)


def _types_with(version: str, targets: Sequence[str], rest: str) -> tuple[list[str], int]:
    """Returns the types that have the next parameter in a chain, and how many different kinds it has in them."""
    code = rest.partition(".")[0].partition(":")[0]
    known = {target: find(version, target, code) for target in targets if target in known_types(version)}
    able = [target for target, parameter in known.items() if code == "_has" or parameter is not None]
    return able, len({parameter.kind for parameter in known.values() if parameter is not None})


def _ends_of_chain(
    state: SearchState, types: Sequence[str], rest: str, text: str, way: Way
) -> list[tuple[str, Filter]] | RequestError | None:
    """Follows a chain to each type that has the parameter; None if there are too many ends."""
    ends: list[tuple[str, Filter]] = []
    wrong: RequestError | None = None
    for type in types:
        inner = filter_of(state, type, rest, text, way)
        if isinstance(inner, Filter):
            ends.append((type, inner))
        elif inner.rule == "fhir-search-unknown-param":
            wrong = wrong or inner
        else:
            return inner
        if len(types) > 1 and sum(end.ends for _, end in ends) > TYPES:
            return None
    return ends or wrong


def values_of(state: SearchState, parameter: SearchParameter, modifier: str | None, text: str) -> Filter | RequestError:
    """Parses the values of a parameter without a chain."""
    parts = [part for part in split(text) if part]  # an empty alternative would match everything, so it is ignored
    if len(parts) > VALUES:
        return RequestError("fhir-search-too-complex", parameter.code, f"{len(parts)} values", f"at most {VALUES} values")
    if modifier in ("in", "not-in"):
        return filter_by_value_sets(state, parameter, modifier, parts)
    if parameter.code in WORDS:
        return _describe_parts(state, parameter, parts)
    values: list[Value] = []
    for part in parts:
        value = _parse_value(state, parameter, modifier, part)
        if isinstance(value, RequestError):
            return value
        if not isinstance(value, StringValue) or value.text:
            alternatives = _alternative_values(state, parameter, modifier, value)
            if isinstance(alternatives, RequestError):
                return alternatives
            values += alternatives
    return Filter(
        _searched_parameter(state, parameter, modifier),
        tuple(values),
        _remaining_modifier(parameter, modifier),
        along=_hierarchy_parameters(state, values) if modifier in ("above", "below") else (),
    )


def _alternative_values(
    state: SearchState, parameter: SearchParameter, modifier: str | None, value: Value
) -> Sequence[Value] | RequestError:
    """Returns what `:above` or `:below` includes, and the other form of a URL on this server."""
    values = expand_hierarchy(state, parameter, modifier, value) if modifier in ("above", "below") else [value]
    if parameter.kind != "uri" or modifier in ("contains", "missing") or isinstance(values, RequestError):
        return values
    return [form for uri in values if isinstance(uri, UriValue) for form in list_addresses(uri, state.base)]


def _describe_parts(state: SearchState, parameter: SearchParameter, parts: list[str]) -> Filter | RequestError:
    try:
        words = full_text.parse_words([unescape(part) for part in parts])
    except full_text.TooMuch:
        most = f"at most {full_text.ASKED} words in {full_text.ALTERNATIVES} alternatives"
        return RequestError("fhir-search-too-complex", parameter.code, "many words", most)
    if isinstance(words, str):
        form = "words with AND or OR between them, such as (bone OR liver) AND metastases"
        return RequestError("fhir-search-value-malformed", parameter.code, words, form)
    numbers = full_text.list_parameter_numbers(state.version, parameter.type) if parameter.code == "_content" else ()
    return Filter(replace(parameter, kind="string", held=numbers), words)


def _hierarchy_parameters(state: SearchState, found: list[Value]) -> tuple[tuple[str, int], ...]:
    """Returns the parameter that makes a type hierarchical, for each type named in the values."""
    types = sorted({value.type for value in found if isinstance(value, ReferenceValue) and value.type is not None})
    return tuple((type, step.number) for type in types if (step := find_parent_parameter(state.version, type)) is not None)


def _parse_value(state: SearchState, parameter: SearchParameter, modifier: str | None, text: str) -> Value | RequestError:
    if modifier == "missing":
        return parse_missing_modifier(parameter, modifier, text, state.base)
    if parameter.code == "_id" and not ID.fullmatch(text):
        return RequestError("fhir-id-invalid", "_id", text, "an id of 1 to 64 letters, digits, '-' or '.'")
    if parameter.kind == "composite":
        return _parse_composite(state, parameter, text)
    if parameter.kind == "special":
        return parse_near(parameter, text, state.distance)
    if modifier == "of-type":
        return parse_of_type(parameter, text)
    kind = _READ_AS.get(modifier or "", parameter.kind)
    aim = modifier if modifier in known_types(state.version) else None
    value = READ[kind](parameter, aim, text, state.base)
    if not isinstance(value, TokenValue):
        return value
    if modifier in ("above", "below"):  # a hierarchy knows the code as it is written
        return search_codes.drop_implied_system(state.version, parameter, value)
    return search_codes.convert_to_indexed(state.version, parameter, value)


_READ_AS: dict[str, Kind] = {"text": "string", "code-text": "string", "identifier": "token"}


def _parse_composite(state: SearchState, parameter: SearchParameter, text: str) -> Value | RequestError:
    """Parses `8480-6$gt140`, with each part in the form of its own kind."""
    texts = split(text, "$")
    own = [component for component in list_components(state.version, parameter) if component is not None]
    if len(texts) != len(own) or not all(texts):
        form = "$".join(f"<{component.code}>" for component in own)
        return RequestError(
            "fhir-search-value-malformed", parameter.code, text, f"{form}, with a dollar sign between the parts"
        )
    parts = []
    for component, part in zip(own, texts, strict=True):
        value = _parse_value(state, component, None, part)
        if isinstance(value, RequestError):
            return RequestError(value.rule, parameter.code, text, value.expected)
        if isinstance(value, ReferenceValue) and value.type is None:
            value = replace(value, type=parameter.type)  # a part without a type refers to a resource of the same type
        parts.append(value)
    return CompositeValue(tuple(parts))  # type: ignore[arg-type]


def _searched_parameter(state: SearchState, parameter: SearchParameter, modifier: str | None) -> SearchParameter:
    if modifier == "identifier":
        return add_offset(parameter, IDENTIFIER, "token")
    if modifier == "of-type":
        return add_offset(parameter, OF_TYPE, "token")
    if modifier in ("text", "code-text") and parameter.kind != "string":
        return add_offset(parameter, TEXT, "string")
    if parameter.kind == "composite":
        return replace(parameter, held=composites.list_covering_composites(state.version, parameter))
    return parameter


def _remaining_modifier(parameter: SearchParameter, modifier: str | None) -> str | None:
    """Returns the modifier, unless the parameter or the values already include its effect."""
    if modifier == "text":
        return "text" if parameter.kind == "string" else None
    if modifier in ("above", "below"):
        return modifier if parameter.kind == "reference" or (parameter.kind, modifier) == ("uri", "below") else None
    return modifier if modifier in ("missing", "not", "exact", "contains") else None
