"""JSON Patch (RFC 6902) on a resource: applies all operations or none, and explains errors."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from sickbay.fhir import lossless_json

MAXIMUM_OPERATIONS = 1000
"""Maximum number of operations in a patch."""
LARGEST = 1_000_000
"""Maximum size of all copies in a patch, in bytes, because each copy may contain all previous ones."""
VALUE = 20
"""Bytes added to the size of each copied value, because many small values take longer to copy than a few large ones."""
_STARTS = (b",", b"[", b"{")


class PatchFailed(Exception):
    """Raised if an operation of the patch fails. The text says which one, and why."""


def read(text: bytes | str) -> list[dict[str, Any]]:
    """Returns the operations of a patch document. Raises PatchFailed."""
    try:
        operations = lossless_json.loads(text)
    except ValueError as error:
        raise PatchFailed(f"it isn't valid JSON: {error}") from None
    if not isinstance(operations, list) or len(operations) > MAXIMUM_OPERATIONS:
        raise PatchFailed(f"a JSON Patch must be a list of at most {MAXIMUM_OPERATIONS} operations")
    for number, operation in enumerate(operations):
        _check_operation(number, operation)
    return operations


def _check_operation(number: int, operation: Any) -> None:
    name = operation.get("op") if isinstance(operation, dict) else None
    if not isinstance(name, str) or name not in _OPERATIONS:
        raise PatchFailed(f"operation {number} must have an op of {', '.join(_OPERATIONS)}")
    for key in ("path", *(["from"] if name in ("move", "copy") else [])):
        text = operation.get(key)
        if not isinstance(text, str) or (text and not text.startswith("/")):
            raise PatchFailed(f"operation {number} needs {key}, a JSON Pointer such as /name/0/family")
    if name in ("add", "replace", "test") and "value" not in operation:
        raise PatchFailed(f"operation {number} needs a value")


def find_read_path(operations: list[dict[str, Any]]) -> str | None:
    """Returns the first operation that uses or compares an existing value."""
    reading = ((number, operation["op"]) for number, operation in enumerate(operations) if operation["op"] in _READING)
    return next((f"operation {number}, {name}" for number, name in reading), None)


_READING = ("test", "copy", "move")


def apply(resource: dict[str, Any], operations: list[dict[str, Any]]) -> Any:
    """Returns the patched resource without changing the original. Raises PatchFailed."""
    root = {"": copy.deepcopy(resource)}
    remaining = LARGEST
    for number, operation in enumerate(operations):
        try:
            remaining -= _measure_copy(root, operation["from"], remaining) if operation["op"] == "copy" else 0
            _OPERATIONS[operation["op"]](root, operation)
        except (_Missing, RecursionError) as error:
            raise PatchFailed(f"operation {number}, {operation['op']} {operation['path']!r}: {error}") from None
    return root[""]


class _Missing(Exception):
    """A pointer to a value that doesn't exist, or another failure of an operation."""


def _steps_of_pointer(pointer: str) -> list[str]:
    """Splits a pointer. The resource itself is stored under "", so that it has a parent like any of its parts."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")]


def _holder_of_target(root: Any, pointer: str) -> tuple[Any, str]:
    *way, last = _steps_of_pointer(pointer)
    at = root
    for step in way:
        at = _get_step(at, step)
    return at, last


def _get_step(at: Any, step: str) -> Any:
    if isinstance(at, dict) and step in at:
        return at[step]
    if isinstance(at, list):
        return at[_index_in_list(at, step, len(at) - 1)]
    raise _Missing(f"there is no {step!r}")


def _index_in_list(at: list[Any], step: str, most: int) -> int:
    good = step.isascii() and step.isdigit() and (step == "0" or step[0] != "0")
    if not good or int(step[:9]) > most:
        raise _Missing(f"there is no element {step!r} in a list of length {len(at)}")
    return int(step)


def _add_value(root: Any, pointer: str, value: Any) -> None:
    at, last = _holder_of_target(root, pointer)
    if isinstance(at, dict):
        at[last] = value
    elif isinstance(at, list):
        at.insert(len(at) if last == "-" else _index_in_list(at, last, len(at)), value)
    else:
        raise _Missing("its parent isn't an object or a list")


def _remove_at(root: Any, pointer: str) -> Any:
    at, last = _holder_of_target(root, pointer)
    value = _get_step(at, last)
    if isinstance(at, dict):
        del at[last]
    else:
        del at[int(last)]
    return value


def _apply_replace(root: Any, operation: dict[str, Any]) -> None:
    at, last = _holder_of_target(root, operation["path"])
    _get_step(at, last)
    at[last if isinstance(at, dict) else int(last)] = operation["value"]


def _move_value(root: Any, operation: dict[str, Any]) -> None:
    if f"{operation['path']}/".startswith(f"{operation['from']}/") and operation["path"] != operation["from"]:
        raise _Missing("it would move a value into itself")
    _add_value(root, operation["path"], _remove_at(root, operation["from"]))


def _measure_copy(root: Any, pointer: str, left: int) -> int:
    """Returns the size of the copy in bytes, plus VALUE for each of its values."""
    at, last = _holder_of_target(root, pointer)
    written = lossless_json.dumps(_get_step(at, last))
    size = len(written) + VALUE * sum(map(written.count, _STARTS))
    if size > left:
        raise _Missing(f"the copies of a patch must not exceed {LARGEST} bytes in total")
    return size


def _copy_value(root: Any, operation: dict[str, Any]) -> None:
    at, last = _holder_of_target(root, operation["from"])
    _add_value(root, operation["path"], copy.deepcopy(_get_step(at, last)))


def _apply_test(root: Any, operation: dict[str, Any]) -> None:
    at, last = _holder_of_target(root, operation["path"])
    if not _is_equal(_get_step(at, last), operation["value"]):
        raise _Missing("the existing value is different")


def _is_equal(value: Any, other: Any) -> bool:
    """Compares two values as JSON: true is not equal to 1 (RFC 6902 4.6)."""
    if isinstance(value, dict) and isinstance(other, dict):
        return value.keys() == other.keys() and all(_is_equal(member, other[key]) for key, member in value.items())
    if isinstance(value, list) and isinstance(other, list):
        return len(value) == len(other) and all(map(_is_equal, value, other))
    return isinstance(value, bool) == isinstance(other, bool) and bool(value == other)


_OPERATIONS: dict[str, Callable[[Any, dict[str, Any]], None]] = {
    "add": lambda root, operation: _add_value(root, operation["path"], operation["value"]),
    "remove": lambda root, operation: _apply_remove(root, operation),
    "replace": _apply_replace,
    "move": _move_value,
    "copy": _copy_value,
    "test": _apply_test,
}


def _apply_remove(root: Any, operation: dict[str, Any]) -> None:
    if not operation["path"]:
        raise _Missing("a resource must be deleted with DELETE")
    _remove_at(root, operation["path"])
