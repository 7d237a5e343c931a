"""The types that a search names besides its own: they are read too, so each needs to be allowed, by what is asked alone.

Read from the text and not from the Query: what is left out under lenient handling, or refused, names its types as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from sickbay.fhir.search.parameters import find, known_types
from sickbay.kernel.memoize import memoized

FEW, BRIEF, KEPT = 6, 160, 2048
"""Parameters, and characters in all of them, of a search that is worth remembering; and how many are remembered."""
_BY_VALUE = frozenset({"_include", "_revinclude", "_in", "_type"})
"""Parameters whose value names types; of the others the name alone does."""
LINKS = 8
"""Of one parameter; a search with more than six, three in a chain and three times `_has`, is refused wherever they lead."""


def is_brief(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether what was read of these may be remembered: apps ask the same again, and nobody fills the memory."""
    return len(pairs) <= FEW and sum(map(len, chain.from_iterable(pairs))) <= BRIEF


def named(version: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """`Patient`, or `Device|Patient` where a chain or an include says no type: of those one must be allowed.

    Wildcards name none. pairs: decoded, of a search on `type`, which the version knows; None: on several.
    """
    asked = tuple((name, value if name.partition(":")[0] in _BY_VALUE else "") for name, value in pairs)
    return _brief(version, type, asked) if is_brief(asked) else _named(version, type, asked)


@memoized(KEPT)
def _brief(version: str, type: str | None, pairs: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return _named(version, type, pairs)


def _named(version: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    several = (type,) if type is not None else chosen(version, pairs) or tuple(known_types(version))
    for name, value in pairs:
        head = name.partition(":")[0]
        groups: Iterable[Iterable[str]]
        if head in ("_include", "_revinclude"):
            groups = _included(version, head, value)
        elif head == "_list":
            groups = (("List",),)
        elif head == "_in" and version == "r5":
            groups = [(one.partition("/")[0],) for one in value.split(",")]
        else:
            groups = _followed(version, several, name)
        for group in groups:
            kept = sorted({one for one in group if one in known_types(version)})
            if kept and type not in kept:
                found["|".join(kept)] = None
    return tuple(found)


def chosen(version: str, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """The types that `_type` names, of those that there are."""
    said = [one for name, text in pairs if name == "_type" for one in text.split(",")]
    return tuple(dict.fromkeys(one for one in said if one in known_types(version)))


def _included(version: str, parameter: str, value: str) -> Iterator[Iterable[str]]:
    """`Source:code[:Target]`; at _revinclude the target is a type that is searched."""
    source, _, rest = value.partition(":")
    code, _, target = rest.partition(":")
    yield (source,)
    if target:
        yield (target,)
    elif parameter == "_include":
        yield _targets(version, (source,), code)


def _followed(version: str, types: Iterable[str], path: str) -> Iterator[Iterable[str]]:
    """`code:Type.rest`, `code.rest`, `_has:Type:code:rest`, each link of it, as far as LINKS."""
    for _ in range(LINKS):
        if path.startswith("_has:"):
            _, type, _, rest = (path + ":::").split(":", 3)
            yield (type,)
            types, path = (type,), rest.removesuffix(":::")
            continue
        head, dot, rest = path.partition(".")
        if not dot:
            return
        code, _, type = head.partition(":")
        then = rest.partition(".")[0].partition(":")[0]
        reached = _targets(version, types, code)
        able = [one for one in reached if then == "_has" or find(version, one, then)]
        types, path = (type,) if type in known_types(version) else able or reached, rest
        yield types


def _targets(version: str, types: Iterable[str], code: str) -> list[str]:
    known = known_types(version)
    found = [find(version, one, code) for one in types if one in known]
    return [target for one in found if one for target in one.targets if target in known]
