"""Finds the other types that a search refers to. Their resources are read too, so the token must allow each of them.

Reads the text and not the Query, because parameters that are ignored or refused also refer to types.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from sickbay.fhir.search.parameters import find, known_types
from sickbay.kernel.memoize import memoized

FEW, BRIEF, KEPT = 6, 160, 2048
"""Maximum number of parameters of a search that is cached, and of characters in them; and how many searches are cached."""
_BY_VALUE = frozenset({"_include", "_revinclude", "_in", "_type"})
"""Parameters whose value names types. For other parameters, only the name does."""
_NAMING = ("_has", "_include", "_revinclude", "_list", "_in")
"""What the names of parameters that may refer to another type begin with. In all others, a dot does it."""
LINKS = 8
"""Maximum links read in a parameter. A search with more than six, three in a chain and three `_has`, is always refused."""


def is_brief(pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether the result may be cached. Apps repeat their searches, and the limits protect the memory."""
    return len(pairs) <= FEW and sum(map(len, chain.from_iterable(pairs))) <= BRIEF


def named(version: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Returns names such as `Patient`, or `Device|Patient` if a chain or an include has no type: one of them must be allowed.

    Wildcards are skipped. pairs: decoded, for a search on `type`, which must be a known type; None: on several types.
    """
    for name, _ in pairs:
        if "." in name or name.startswith(_NAMING):
            break
    else:
        return ()
    relevant = tuple((name, value if name.partition(":")[0] in _BY_VALUE else "") for name, value in pairs)
    return _cached(version, type, relevant) if is_brief(relevant) else _find_named(version, type, relevant)


@memoized(KEPT)
def _cached(version: str, type: str | None, pairs: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    return _find_named(version, type, pairs)


def _find_named(version: str, type: str | None, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    names: dict[str, None] = {}
    several = (type,) if type is not None else chosen(version, pairs) or tuple(known_types(version))
    for name, value in pairs:
        head = name.partition(":")[0]
        groups: Iterable[Iterable[str]]
        if head in ("_include", "_revinclude"):
            groups = _included(version, head, value)
        elif head == "_list":
            groups = (("List",),)
        elif head == "_in" and version == "r5":
            groups = [(item.partition("/")[0],) for item in value.split(",")]
        else:
            groups = _followed(version, several, name)
        for group in groups:
            known = sorted({name for name in group if name in known_types(version)})
            if known and type not in known:
                names["|".join(known)] = None
    return tuple(names)


def chosen(version: str, pairs: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Returns the known types in `_type`."""
    requested = [name for text_name, text in pairs if text_name == "_type" for name in text.split(",")]
    return tuple(dict.fromkeys(name for name in requested if name in known_types(version)))


def _included(version: str, parameter: str, value: str) -> Iterator[Iterable[str]]:
    """Reads `Source:code[:Target]`. For _revinclude, the target is a searched type."""
    source, _, rest = value.partition(":")
    code, _, target = rest.partition(":")
    yield (source,)
    if target:
        yield (target,)
    elif parameter == "_include":
        yield _targets(version, (source,), code)


def _followed(version: str, types: Iterable[str], path: str) -> Iterator[Iterable[str]]:
    """Reads each link of `code:Type.rest`, `code.rest` and `_has:Type:code:rest`, at most LINKS of them."""
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
        able = [target for target in reached if then == "_has" or find(version, target, then)]
        types, path = (type,) if type in known_types(version) else able or reached, rest
        yield types


def _targets(version: str, types: Iterable[str], code: str) -> list[str]:
    known = known_types(version)
    found = [find(version, type, code) for type in types if type in known]
    return [target for parameter in found if parameter for target in parameter.targets if target in known]
