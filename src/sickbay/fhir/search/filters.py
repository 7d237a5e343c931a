"""One parameter of a search as a Filter: its modifier, its alternatives, the chain or `_has` that it may be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from msgspec.structs import replace

from sickbay.fhir.references import ID
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.search import codes as search_codes
from sickbay.fhir.search import composites, full_text
from sickbay.fhir.search.expressions import kinds, routes
from sickbay.fhir.search.full_text import WORDS
from sickbay.fhir.search.hierarchies import ladder
from sickbay.fhir.search.modifiers import in_value_sets, modifiers, of_type, spread, understood, unsupported
from sickbay.fhir.search.parameters import (
    IDENTIFIER,
    OF_TYPE,
    TEXT,
    beside,
    components,
    find,
    known_types,
    nearest,
    nearest_of,
    parameters,
    resource_types,
)
from sickbay.fhir.search.parser_state import SearchState
from sickbay.fhir.search.query import (
    CompositeValue,
    Filter,
    Kind,
    ReferenceValue,
    SearchParameter,
    StringValue,
    TokenValue,
    Value,
)
from sickbay.fhir.search.values import READ, missing, near, split, unescape

DEPTH = 3
"""Parameters in a chain, and `_has` one below the other."""
TYPES = 16
"""To which a chain may lead that does not say which; so many ends it may have in all."""
VALUES = 500
"""Alternatives of one parameter."""
UNSUPPORTED = "fhir-search-param-unsupported"
UNANSWERED = frozenset({"_filter", "_query"})
"""Known by name, and not answered: what they leave out is not known, so an answer without them would be another's."""
MEMBERS = {"CareTeam": "participant", "Group": "member", "List": "item"}
"""What R5's `_in` may name, and by which parameter it has members."""


@cache
def is_answered(version: str, parameter: SearchParameter) -> bool:
    """Whether a search by it has an answer here: some are published without an expression, or lead to no element."""
    if parameter.kind == "composite":
        return composites.kinds(version, parameter) is not None
    if parameter.kind == "special" or parameter.code in WORDS:
        return parameter.code == "near" or parameter.code in WORDS
    return parameter.code not in UNANSWERED and bool(routes(version, parameter.type, parameter.expression))


def is_by_url(version: str, parameter: SearchParameter) -> bool:
    """Whether it names resources by their url alone: an index of references has no way along it."""
    canonical = kinds(version, parameter.type, parameter.expression) == {"canonical"}
    return parameter.kind == "reference" and canonical


class Way(NamedTuple):
    """What leads to a parameter: so many in the chain before it, and so many times `_has`."""

    links: int = 0
    back: int = 0


BEGIN = Way()


def too_deep(name: str) -> RequestError:
    return RequestError("fhir-search-too-complex", name, "", f"at most {DEPTH} parameters in a chain, and {DEPTH} times _has")


def filter_of(reading: SearchState, type: str, name: str, text: str, way: Way = BEGIN) -> Filter | RequestError:
    """One parameter on `type`, with the chain that leads on from it."""
    if name.startswith("_has:") or name == "_has":
        return _has(reading, type, name, text, way)
    if name == "_list":
        return _list(reading, type, text)
    if name == "_in":
        return _in(reading, type, text)
    head, dot, rest = name.partition(".")
    code, _, modifier = head.partition(":")
    parameter = find(reading.version, type, code)
    if code in UNANSWERED:
        return unanswered(name, text, type)
    if parameter is None:
        near_by = nearest(reading.version, type, code)
        return RequestError("fhir-search-unknown-param", name, text, near_by or f"<a search parameter of {type}>")
    if not is_answered(reading.version, parameter):
        return unanswered(name, text, type)
    if modifier and not understood(reading.version, parameter, modifier):
        return unsupported(reading.version, parameter, name)
    if dot:
        return _chain(reading, parameter, modifier, rest, text, way)
    return values_of(reading, parameter, modifier or None, text)


def _from(inner: RequestError, name: str, way: str) -> RequestError:
    """The fault at the end of a chain, told of the whole; a sentence in words stays as it is."""
    worded = inner.rule in ("fhir-search-too-complex", UNSUPPORTED)
    return RequestError(inner.rule, name, inner.value, inner.expected if worded else way + inner.expected)


def unanswered(name: str, text: str, type: str) -> RequestError:
    return RequestError(UNSUPPORTED, name, text, f"the search parameters that the metadata lists for {type}")


def _has(reading: SearchState, type: str, name: str, text: str, way: Way) -> Filter | RequestError:
    """`_has:Observation:patient:code`: there is an Observation with this code, and its `patient` is this one."""
    parts = name.split(":", 3)
    if len(parts) < 4 or not all(parts):
        return RequestError("fhir-search-value-malformed", name, text, "_has:<Type>:<reference parameter>:<parameter>=<value>")
    _, source, code, rest = parts
    if way.back >= DEPTH:
        return too_deep(name)
    if source not in known_types(reading.version):
        nearest_type = nearest_of(source, resource_types(reading.version))
        return RequestError("fhir-search-unknown-param", name, text, f"_has:{nearest_type or '<Type>'}:{code}:{rest}")
    parameter = find(reading.version, source, code)
    if parameter is None or not leads_to(parameter, type):
        able = [one.code for one in parameters(reading.version, source).values() if leads_to(one, type)]
        known = nearest_of(code, able) or "|".join(sorted(able)) or "<none>"
        return RequestError("fhir-search-unknown-param", name, text, f"_has:{source}:{known}:{rest}")
    if is_by_url(reading.version, parameter):
        return RequestError(UNSUPPORTED, name, text, f"{source}?{code}=<canonical URL of the {type}>")
    inner = filter_of(reading, source, rest, text, way._replace(back=way.back + 1))
    if isinstance(inner, RequestError):
        return _from(inner, name, f"_has:{source}:{code}:")
    return Filter(parameter, (), None, (source, inner), reverse=True)


def leads_to(parameter: SearchParameter, type: str) -> bool:
    """Whether a reference of this parameter may name a resource of the type."""
    anything = not parameter.targets or "Resource" in parameter.targets
    return parameter.kind == "reference" and (anything or type in parameter.targets)


def _list(reading: SearchState, type: str, text: str) -> Filter | RequestError:
    """What an entry of a List refers to: the List is read too, so it has to be visible."""
    ids = [unescape(one).removeprefix("List/") for one in split(text)]
    item, by = find(reading.version, "List", "item"), find(reading.version, "List", "_id")
    assert item is not None
    assert by is not None
    for one in ids:
        if one.startswith("$"):
            return RequestError(UNSUPPORTED, "_list", text, "_list=<id of a List>: lists that are worked out are not kept here")
        if not ID.fullmatch(one):
            return RequestError("fhir-id-invalid", "_list", one, "the id of a List")
    return Filter(item, (), None, ("List", Filter(by, tuple(TokenValue(None, one) for one in ids))), reverse=True)


def _in(reading: SearchState, type: str, text: str) -> Filter | RequestError:
    """Members of a CareTeam, a Group or a List (R5, 3.2.1.6.2), which has to be visible itself."""
    named = [unescape(one).partition("/") for one in split(text) if one]
    holders = {holder for holder, _, _ in named}
    if len(holders) != 1 or not holders <= MEMBERS.keys() or not all(ID.fullmatch(id) for _, _, id in named):
        return RequestError("fhir-search-value-malformed", "_in", text, "Group/<id>, CareTeam/<id> or List/<id>")
    holder = holders.pop()
    by, link = find(reading.version, holder, "_id"), find(reading.version, holder, MEMBERS[holder])
    assert by is not None
    assert link is not None
    inner = Filter(by, tuple(TokenValue(None, id) for _, _, id in named))
    return Filter(link, (), None, (holder, inner), reverse=True)


def _chain(
    reading: SearchState, parameter: SearchParameter, modifier: str, rest: str, text: str, way: Way
) -> Filter | RequestError:
    head = f"{parameter.code}:{modifier}" if modifier else parameter.code
    name = f"{head}.{rest}"
    if parameter.kind != "reference" or modifier in modifiers(reading.version, parameter):
        return RequestError("fhir-search-unknown-param", name, text, f"{parameter.code}: only a reference can be followed")
    if is_by_url(reading.version, parameter):
        return RequestError(UNSUPPORTED, name, text, f"{parameter.code}=<canonical URL>, and bring what it names by _include")
    if way.links + 1 >= DEPTH and not rest.startswith("_has:"):
        return too_deep(name)
    targets = (modifier,) if modifier else parameter.targets
    able, kinds = _able(reading.version, targets, rest)
    meant = len(targets) == 1 or (0 < len(able) <= TYPES and kinds <= 1)
    led = _led(reading, able or targets, rest, text, way._replace(links=way.links + 1)) if meant else None
    if led is None:
        type = "Patient" if "Patient" in (able or targets) else (*able, *targets, "<Type>")[0]
        aim = f"{parameter.code}:{type}.{rest}: say which type is meant"
        return RequestError("fhir-search-unknown-param", name, text, aim)
    if isinstance(led, RequestError):
        return _from(led, name, f"{head}.")
    several = tuple(Filter(parameter, (), None, one) for one in led)
    return several[0] if len(several) == 1 else Filter(parameter, (), either=several)


def _able(version: str, targets: Sequence[str], rest: str) -> tuple[list[str], int]:
    """The types that know what follows in a chain, and of how many kinds it is there."""
    code = rest.partition(".")[0].partition(":")[0]
    known = {one: find(version, one, code) for one in targets if one in known_types(version)}
    able = [one for one, parameter in known.items() if code == "_has" or parameter is not None]
    return able, len({one.kind for one in known.values() if one is not None})


def _led(
    reading: SearchState, types: Sequence[str], rest: str, text: str, way: Way
) -> list[tuple[str, Filter]] | RequestError | None:
    """To each type, but for those in which it ends nowhere; None where it has too many ends."""
    found: list[tuple[str, Filter]] = []
    wrong: RequestError | None = None
    for type in types:
        inner = filter_of(reading, type, rest, text, way)
        if isinstance(inner, Filter):
            found.append((type, inner))
        elif inner.rule == "fhir-search-unknown-param":
            wrong = wrong or inner
        else:
            return inner
        if len(types) > 1 and sum(one.ends for _, one in found) > TYPES:
            return None
    return found or wrong


def values_of(reading: SearchState, parameter: SearchParameter, modifier: str | None, text: str) -> Filter | RequestError:
    """The filter by a parameter that is not the first of a chain."""
    parts = [one for one in split(text) if one]  # an empty alternative would match all: it counts as not said
    if len(parts) > VALUES:
        return RequestError("fhir-search-too-complex", parameter.code, f"{len(parts)} values", f"at most {VALUES} values")
    if modifier in ("in", "not-in"):
        return in_value_sets(reading, parameter, modifier, parts)
    if parameter.code in WORDS:
        return _in_words(reading, parameter, parts)
    found: list[Value] = []
    for part in parts:
        value = _value(reading, parameter, modifier, part)
        if isinstance(value, RequestError):
            return value
        if not isinstance(value, StringValue) or value.text:
            several = spread(reading, parameter, modifier, value) if modifier in ("above", "below") else [value]
            if isinstance(several, RequestError):
                return several
            found += several
    return Filter(
        _looked_into(reading, parameter, modifier),
        tuple(found),
        _kept(parameter, modifier),
        along=_ladders(reading, found) if modifier in ("above", "below") else (),
    )


def _in_words(reading: SearchState, parameter: SearchParameter, parts: list[str]) -> Filter | RequestError:
    try:
        found = full_text.asked([unescape(one) for one in parts])
    except full_text.TooMuch:
        most = f"at most {full_text.ASKED} words in {full_text.ALTERNATIVES} alternatives"
        return RequestError("fhir-search-too-complex", parameter.code, "many words", most)
    if isinstance(found, str):
        form = "words, AND or OR between them, as (bone OR liver) AND metastases"
        return RequestError("fhir-search-value-malformed", parameter.code, found, form)
    held = full_text.numbers(reading.version, parameter.type) if parameter.code == "_content" else ()
    return Filter(replace(parameter, kind="string", held=held), found)


def _ladders(reading: SearchState, found: list[Value]) -> tuple[tuple[str, int], ...]:
    """By which parameter the resources of each type that is named are part of each other."""
    types = sorted({one.type for one in found if isinstance(one, ReferenceValue) and one.type is not None})
    return tuple((one, step.number) for one in types if (step := ladder(reading.version, one)) is not None)


def _value(reading: SearchState, parameter: SearchParameter, modifier: str | None, text: str) -> Value | RequestError:
    if modifier == "missing":
        return missing(parameter, modifier, text, reading.base)
    if parameter.code == "_id" and not ID.fullmatch(text):
        return RequestError("fhir-id-invalid", "_id", text, "an id of 1 to 64 letters, digits, '-' or '.'")
    if parameter.kind == "composite":
        return _composite(reading, parameter, text)
    if parameter.kind == "special":
        return near(parameter, text, reading.distance)
    if modifier == "of-type":
        return of_type(parameter, text)
    kind = _READ_AS.get(modifier or "", parameter.kind)
    aim = modifier if modifier in known_types(reading.version) else None
    value = READ[kind](parameter, aim, text, reading.base)
    return search_codes.as_held(reading.version, parameter, value) if isinstance(value, TokenValue) else value


_READ_AS: dict[str, Kind] = {"text": "string", "code-text": "string", "identifier": "token"}


def _composite(reading: SearchState, parameter: SearchParameter, text: str) -> Value | RequestError:
    """`8480-6$gt140`: each part in the form of its own kind."""
    given = split(text, "$")
    held = [one for one in components(reading.version, parameter) if one is not None]
    if len(given) != len(held) or not all(given):
        form = "$".join(f"<{one.code}>" for one in held)
        return RequestError("fhir-search-value-malformed", parameter.code, text, f"{form}, the parts divided by a dollar sign")
    parts = []
    for one, part in zip(held, given, strict=True):
        value = _value(reading, one, None, part)
        if isinstance(value, RequestError):
            return RequestError(value.rule, parameter.code, text, value.expected)
        if isinstance(value, ReferenceValue) and value.type is None:
            value = replace(value, type=parameter.type)  # what is alike refers to what is alike
        parts.append(value)
    return CompositeValue(tuple(parts))  # type: ignore[arg-type]


def _looked_into(reading: SearchState, parameter: SearchParameter, modifier: str | None) -> SearchParameter:
    if modifier == "identifier":
        return beside(parameter, IDENTIFIER, "token")
    if modifier == "of-type":
        return beside(parameter, OF_TYPE, "token")
    if modifier in ("text", "code-text") and parameter.kind != "string":
        return beside(parameter, TEXT, "string")
    if parameter.kind == "composite":
        return replace(parameter, held=composites.held_by(reading.version, parameter))
    return parameter


def _kept(parameter: SearchParameter, modifier: str | None) -> str | None:
    """What is left of the modifier where the parameter or the values do not say it yet."""
    if modifier == "text":
        return "text" if parameter.kind == "string" else None
    if modifier in ("above", "below"):
        return modifier if parameter.kind == "reference" or (parameter.kind, modifier) == ("uri", "below") else None
    return modifier if modifier in ("missing", "not", "exact", "contains") else None
