"""JSON Patch (RFC 6902) on a resource: all operations or none, and what went wrong in words."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from sickbay.fhir import lossless_json

MOST = 1000
"""Operations in one patch."""
LARGEST = 1_000_000
"""Bytes that all copies of a patch may have together: each may hold all that were made before."""


class PatchFailed(Exception):
    """Its text says which operation, and why."""


def read(text: bytes | str) -> list[dict[str, Any]]:
    """The operations of a patch document. Raises PatchFailed."""
    try:
        found = lossless_json.loads(text)
    except ValueError as error:
        raise PatchFailed(f"it is no JSON: {error}") from None
    if not isinstance(found, list) or len(found) > MOST:
        raise PatchFailed(f"a JSON Patch is a list of at most {MOST} operations")
    for number, one in enumerate(found):
        _check(number, one)
    return found


def _check(number: int, one: Any) -> None:
    name = one.get("op") if isinstance(one, dict) else None
    if not isinstance(name, str) or name not in _OPERATIONS:
        raise PatchFailed(f"operation {number} must have an op of {', '.join(_OPERATIONS)}")
    for key in ("path", *(["from"] if name in ("move", "copy") else [])):
        text = one.get(key)
        if not isinstance(text, str) or (text and not text.startswith("/")):
            raise PatchFailed(f"operation {number} needs {key}, a JSON Pointer such as /name/0/family")
    if name in ("add", "replace", "test") and "value" not in one:
        raise PatchFailed(f"operation {number} needs a value")


def reads(operations: list[dict[str, Any]]) -> str | None:
    """The first operation that uses or compares a value that is there."""
    found = ((number, one["op"]) for number, one in enumerate(operations) if one["op"] in ("test", "copy", "move"))
    return next((f"operation {number}, {name}" for number, name in found), None)


def apply(resource: dict[str, Any], operations: list[dict[str, Any]]) -> Any:
    """The patched resource; the one given stays as it is. Raises PatchFailed."""
    root = {"": copy.deepcopy(resource)}
    left = LARGEST
    for number, one in enumerate(operations):
        try:
            left -= _copied(root, one["from"], left) if one["op"] == "copy" else 0
            _OPERATIONS[one["op"]](root, one)
        except (_Missing, RecursionError) as error:
            raise PatchFailed(f"operation {number}, {one['op']} {one['path']!r}: {error}") from None
    return root[""]


class _Missing(Exception):
    """Where a pointer leads nowhere."""


def _steps(pointer: str) -> list[str]:
    """The resource stands under "", so that the whole of it has a place like any part."""
    return [one.replace("~1", "/").replace("~0", "~") for one in pointer.split("/")]


def _holder(root: Any, pointer: str) -> tuple[Any, str]:
    *way, last = _steps(pointer)
    at = root
    for step in way:
        at = _get(at, step)
    return at, last


def _get(at: Any, step: str) -> Any:
    if isinstance(at, dict) and step in at:
        return at[step]
    if isinstance(at, list):
        return at[_index(at, step, len(at) - 1)]
    raise _Missing(f"there is no {step!r}")


def _index(at: list[Any], step: str, most: int) -> int:
    good = step.isascii() and step.isdigit() and (step == "0" or step[0] != "0")
    if not good or int(step[:9]) > most:
        raise _Missing(f"there is no element {step!r} in a list of {len(at)}")
    return int(step)


def _add(root: Any, pointer: str, value: Any) -> None:
    at, last = _holder(root, pointer)
    if isinstance(at, dict):
        at[last] = value
    elif isinstance(at, list):
        at.insert(len(at) if last == "-" else _index(at, last, len(at)), value)
    else:
        raise _Missing("it leads into a value that holds nothing")


def _remove(root: Any, pointer: str) -> Any:
    at, last = _holder(root, pointer)
    found = _get(at, last)
    if isinstance(at, dict):
        del at[last]
    else:
        del at[int(last)]
    return found


def _replace(root: Any, one: dict[str, Any]) -> None:
    at, last = _holder(root, one["path"])
    _get(at, last)
    at[last if isinstance(at, dict) else int(last)] = one["value"]


def _move(root: Any, one: dict[str, Any]) -> None:
    if f"{one['path']}/".startswith(f"{one['from']}/") and one["path"] != one["from"]:
        raise _Missing("it would move something into itself")
    _add(root, one["path"], _remove(root, one["from"]))


def _copied(root: Any, pointer: str, left: int) -> int:
    """Bytes that a copy will have."""
    at, last = _holder(root, pointer)
    size = len(lossless_json.dumps(_get(at, last)))
    if size > left:
        raise _Missing(f"the copies of a patch may have {LARGEST} bytes in all")
    return size


def _copy(root: Any, one: dict[str, Any]) -> None:
    at, last = _holder(root, one["from"])
    _add(root, one["path"], copy.deepcopy(_get(at, last)))


def _test(root: Any, one: dict[str, Any]) -> None:
    at, last = _holder(root, one["path"])
    if not _equal(_get(at, last), one["value"]):
        raise _Missing("the value there is another")


def _equal(one: Any, other: Any) -> bool:
    """As JSON: true is not 1 (RFC 6902 4.6)."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


_OPERATIONS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "add": lambda root, one: _add(root, one["path"], one["value"]),
    "remove": lambda root, one: _drop(root, one),
    "replace": _replace,
    "move": _move,
    "copy": _copy,
    "test": _test,
}


def _drop(root: Any, one: dict[str, Any]) -> None:
    if not one["path"]:
        raise _Missing("a resource is removed by DELETE")
    _remove(root, one["path"])
