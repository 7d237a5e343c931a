"""Compares two versions of a resource, element by element."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final, NamedTuple

from sickbay.fhir import lossless_json
from sickbay.fhir.readable.values import text_of

DEEPEST: Final = 40
"""Maximum nesting to which elements are compared one by one. Deeper values are compared as a whole."""


class Difference(NamedTuple):
    """path: such as name[0].family. before, after: None if the version doesn't have the element."""

    path: str
    before: str | None
    after: str | None


def compare_versions(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Difference]:
    """Yields the changes in the order of the newer version. List items that only moved aren't changes."""
    yield from _compare_values("", before, after, 0)


def _compare_values(path: str, before: Any, after: Any, depth: int) -> Iterator[Difference]:
    if _is_same(before, after):
        return
    if depth >= DEEPEST:
        yield Difference(path, _write_value(before), _write_value(after))
    elif isinstance(before, dict) and isinstance(after, dict):
        for key in dict.fromkeys((*after, *before)):
            yield from _compare_values(f"{path}.{key}" if path else key, before.get(key), after.get(key), depth + 1)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _compare_lists(path, before, after, depth)
    elif isinstance(after or before, (dict, list)) and (before is None or after is None):
        yield from _list_leaves(path, before, after, depth)
    else:
        yield Difference(path, _write_value(before), _write_value(after))


def _list_leaves(path: str, before: Any, after: Any, depth: int) -> Iterator[Difference]:
    """Returns each value of an element that only one of the versions has."""
    empty: Any = {} if isinstance(after if after is not None else before, dict) else []
    yield from _compare_values(path, empty if before is None else before, empty if after is None else after, depth + 1)


def _compare_lists(path: str, before: Sequence[Any], after: Sequence[Any], depth: int) -> Iterator[Difference]:
    """Leaves out items that both lists have, and pairs the others in order."""
    texts_before, texts_after = ([lossless_json.dumps(item) for item in items] for items in (before, after))
    both = set(texts_before) & set(texts_after)
    left = [(number, item) for number, item in enumerate(before) if texts_before[number] not in both]
    right = [(number, item) for number, item in enumerate(after) if texts_after[number] not in both]
    if not left and not right:
        yield Difference(path, f"{len(before)} values", f"{len(after)} values, the same ones in another order or number")
    for old, new in zip_longest(left, right):
        number = (new or old)[0]
        yield from _compare_values(f"{path}[{number}]", old[1] if old else None, new[1] if new else None, depth + 1)


def _is_same(before: Any, after: Any) -> bool:
    """Whether both are equal as JSON text: 1.0 and 1.00 differ."""
    return type(before) is type(after) and lossless_json.dumps(before) == lossless_json.dumps(after)


def _write_value(value: Any) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return lossless_json.dumps(value).decode() if isinstance(value, (dict, list)) else text_of(value)
