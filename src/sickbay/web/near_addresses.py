"""Finds addresses that exist near one that doesn't: a misspelled part, a missing hospital, a wrong version, the page above."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from msgspec import Struct, field

from sickbay.kernel.similar_names import find_closest

SEGMENTS: Final = 12
"""Parts of a path that are read."""
PATH_CHARACTERS: Final = 300
LISTED_ADDRESSES: Final = 5
TRIED_HOSPITALS: Final = 4
"""Hospitals whose names are put before a path that names none."""
SIMILARITY: Final = 0.6
_VERSION: Final = re.compile(r"(?:r|stu|dstu)\d\w?|fhir|v\d", re.IGNORECASE)


class AddressNode(Struct):
    """A part of the known addresses. variable: any text. is_page: an address ends here. takes_rest: anything may follow."""

    names: dict[str, AddressNode] = field(default_factory=dict)
    variable: AddressNode | None = None
    is_page: bool = False
    takes_rest: bool = False


def build_tree(templates: Iterable[str]) -> AddressNode:
    """templates: such as `/developer/apps/{id}` and `/general/r4/{path:path}`."""
    root = AddressNode(is_page=True)
    for template in templates:
        node = root
        for part in _split_path(template):
            if part.endswith(":path}"):
                node.takes_rest = True
            elif part.startswith("{"):
                node.variable = node = node.variable or AddressNode()
            else:
                node = node.names.setdefault(part, AddressNode())
        node.is_page = True
    return root


def _split_path(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def find_near(path: str, root: AddressNode, hospitals: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Addresses near this one, the most likely first. hospitals: name -> its FHIR versions."""
    parts = _split_path(path[:PATH_CHARACTERS])[:SEGMENTS]
    if not parts:
        return ()
    found = [*_try_other_version(parts, hospitals), *_try_hospital(parts, root, hospitals), *_find_near_addresses(parts, root)]
    return tuple(address for address in dict.fromkeys(found) if address != path)[:LISTED_ADDRESSES]


def _find_near_addresses(parts: Sequence[str], root: AddressNode) -> Iterator[str]:
    """The address whose parts are these or similar ones; if there is none, the last page on the way."""
    node, here, last = root, "", ""
    for number, part in enumerate(parts):
        name = part if part in node.names else find_closest(part.lower(), node.names, SIMILARITY)
        if name is not None:
            node, here = node.names[name], f"{here}/{name}"
        elif node.variable is not None:
            node, here = node.variable, f"{here}/{part}"
        elif node.takes_rest and here:
            yield "/".join((here, *parts[number:]))
            return
        else:
            break
        last = here if node.is_page else last
    if last:
        yield last


def _try_other_version(parts: Sequence[str], hospitals: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The same FHIR address in the versions that this hospital has."""
    name = find_closest(parts[0].lower(), hospitals, SIMILARITY)
    if name is None or len(parts) < 2 or not _VERSION.fullmatch(parts[1]):
        return
    versions = hospitals[name]
    same = [version for version in versions if version == parts[1].lower()]
    for version in same or versions:
        yield "/".join(("", name, version, *parts[2:]))


def _try_hospital(parts: Sequence[str], root: AddressNode, hospitals: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The same address below each hospital, if the path names none."""
    if find_closest(parts[0].lower(), root.names, SIMILARITY) is not None:
        return
    for name in list(hospitals)[:TRIED_HOSPITALS]:
        below = root.names.get(name)
        if below is not None and (parts[0] in below.names or _is_type(parts[0])):
            base = (name, hospitals[name][0]) if _is_type(parts[0]) and parts[0] not in below.names else (name,)
            yield "/".join(("", *base, *parts))


def _is_type(part: str) -> bool:
    """Whether the part looks like a FHIR type. The path is only suggested, so its form is enough."""
    return re.fullmatch(r"[A-Z][A-Za-z]{3,40}", part) is not None or part == "metadata"
