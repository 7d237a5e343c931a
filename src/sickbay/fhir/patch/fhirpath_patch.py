"""FHIRPath Patch (R4, fhirpatch): add, insert, delete, replace, move, at places that a simple FHIRPath names.

Of FHIRPath: names, indexes, first(), last(), and where() of elements that equal literals, joined by `and`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from sickbay.fhir.patch.json_patch import MOST, PatchFailed
from sickbay.fhir.validation.shapes import Shape, shape

_STEP = re.compile(r"\.?(?:(where)\(((?:[^()']|'(?:[^'\\]|\\.)*')*)\)|(first|last)\(\)|([A-Za-z]\w*)|\[(\d{1,6})\])")
_EQUALS = re.compile(r"\s*([A-Za-z][\w.]*)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(true|false)|(-?\d+(?:\.\d+)?))\s*")
_TAKES = {
    "add": ("path", "name", "value"),
    "insert": ("path", "index", "value"),
    "delete": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "source", "destination"),
}


LONGEST = 2000
"""Characters of a path."""
LOOKED = 10_000_000
"""Values of the resource times characters of all paths: what a patch may look at, since each step may look at every value."""


class PatchTarget(NamedTuple):
    """holder[key] is the value; holder None: the resource itself. home: path of the value's shape, "" of a primitive.

    group: the bare name, where it is of a choice. beside: what says more of a list of primitives, index by index.
    """

    holder: Any
    key: Any
    home: str
    group: str = ""
    beside: Any = None

    @property
    def value(self) -> Any:
        return self.key if self.holder is None else self.holder[self.key]


Operation = dict[str, Any]


def read(parameters: dict[str, Any]) -> list[Operation]:
    """The operations of a Parameters resource; none if it has no parameters. Raises PatchFailed."""
    listed = parameters.get("parameter", [])
    if not isinstance(listed, list) or len(listed) > MOST:
        raise PatchFailed(f"a FHIRPath Patch has at most {MOST} parameters, each named operation")
    return [_read(number, one) for number, one in enumerate(listed)]


def reads(operations: list[Operation]) -> str | None:
    """The first operation that moves or compares a value that is there."""
    found = ((number, one) for number, one in enumerate(operations) if _is_reading(one))
    return next((f"operation {number}, {one['type']} at {one['path']!r}" for number, one in found), None)


def _is_reading(one: Operation) -> bool:
    return one["type"] == "move" or "where" in str(one["path"])


def _read(number: int, one: Any) -> Operation:
    parts = one.get("part") if isinstance(one, dict) and one.get("name") == "operation" else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise PatchFailed(f"parameter {number} must be an operation with parts")
    found = {str(part.get("name")): _value(part) for part in parts}
    takes = _TAKES.get(str(found.get("type")))
    if takes is None:
        raise PatchFailed(f"operation {number} must have a type of {', '.join(_TAKES)}")
    lacking = [name for name in takes if found.get(name) is None]
    if lacking:
        raise PatchFailed(f"operation {number}, {found['type']}, lacks {', '.join(lacking)}")
    return found | {"key": next((_key(part) for part in parts if part.get("name") == "value"), "")}


def _value(part: dict[str, Any]) -> Any:
    """value[x]; parts where the value is of a type without a name."""
    if isinstance(part.get("part"), list):
        made = _Anonymous()
        for one in part["part"]:
            if not isinstance(one, dict):
                raise PatchFailed("a part of a value must be an object with a name")
            _put(made, str(one.get("name")), _value(one))
            made.types[str(one.get("name"))] = _key(one)
        return made
    return next((value for key, value in part.items() if key.startswith("value") or key == "resource"), None)


class _Anonymous(dict[str, Any]):
    """A value of a type without a name, as parts. types: name -> how the part's type stands in the name of a choice."""

    def __init__(self) -> None:
        super().__init__()
        self.types: dict[str, str] = {}


def _fitted(version: str, home: str, value: Any) -> Any:
    """The value as the element at `home` has it: `time` with a valueDateTime becomes timeDateTime, a list what repeats.
    What there is no element for stays as it was sent."""
    if isinstance(value, list):
        return [_fitted(version, home, one) for one in value]
    if not isinstance(value, _Anonymous):
        return value
    known, made = shape(version, home).elements, {}
    for name, held in value.items():
        key = name if name in known else name + value.types[name]
        element = known.get(key)
        if element is None:
            made[name] = held  # which validation names
            continue
        fitted = _fitted(version, element.home, held)
        made[key] = [fitted] if element.many and not isinstance(fitted, list) else fitted
    return made


def _put(made: dict[str, Any], name: str, value: Any) -> None:
    """A name that comes twice is a list."""
    if name not in made:
        made[name] = value
    else:
        made[name] = [*(made[name] if isinstance(made[name], list) else [made[name]]), value]


def _key(part: dict[str, Any]) -> str:
    """How the type of the value stands in the name of a choice: Boolean of valueBoolean."""
    return next((key.removeprefix("value") for key in part if key.startswith("value")), "")


def apply(version: str, resource: dict[str, Any], operations: list[Operation]) -> Any:
    """The patched resource; the one given stays as it is. Raises PatchFailed."""
    changed = copy.deepcopy(resource)
    if _count(resource) * sum(len(str(one["path"])) for one in operations) > LOOKED:
        raise PatchFailed("it has too many operations for so large a resource; send them in several patches")
    for number, one in enumerate(operations):
        try:
            _DO[one["type"]](version, changed, one)
        except (_NotThere, KeyError) as error:
            raise PatchFailed(f"operation {number}, {one['type']} at {one['path']!r}: {error.args[0]}") from None
    return changed


def _count(value: Any) -> int:
    """Values of every kind in it, itself too."""
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count, held))


class _NotThere(Exception):
    """Where a path leads nowhere, or to several places."""


def _add(version: str, resource: dict[str, Any], one: Operation) -> None:
    place = _one(version, resource, one["path"])
    holder, name = place.value, str(one["name"])
    if not isinstance(holder, dict) or not place.home:
        raise _NotThere("it holds nothing by name")
    known = _shape(version, place.home, holder).elements
    key = name if name in known else name + str(one["key"])
    if key not in known:
        raise _NotThere(f"there is no element {name}")
    value = _fitted(version, known[key].home, one["value"])
    if known[key].many:
        holder[key] = [*holder.get(key, []), *(value if isinstance(value, list) else [value])]
    else:
        if any(other in holder for other in known if other == key or known[other].group == known[key].group != ""):
            raise _NotThere(f"{name} is there already")
        holder[key] = value


def _insert(version: str, resource: dict[str, Any], one: Operation) -> None:
    listed, home = _list(version, resource, one["path"])
    index = _number(one["index"])
    if index > len(listed):
        raise _NotThere(f"there are {len(listed)} elements, and no place {index}")
    listed.insert(index, _fitted(version, home, one["value"]))


def _delete(version: str, resource: dict[str, Any], one: Operation) -> None:
    """What is not there is as if deleted."""
    found = _places(version, resource, one["path"])
    if len(found) > 1:
        raise _NotThere(f"it names {len(found)} elements, and one can be deleted at a time")
    for place in found:
        if place.holder is None:
            raise _NotThere("a resource is removed by DELETE")
        del place.holder[place.key]
        if isinstance(place.holder, dict):
            place.holder.pop(f"_{place.key}", None)
        elif isinstance(place.beside, list):
            del place.beside[place.key]
    _clear(resource)


def _clear(value: Any) -> bool:
    """Whether nothing is left of it; what is left empty within it is not there at all (R4, 2.6.2)."""
    if isinstance(value, dict):
        for key in [key for key, held in value.items() if _clear(held)]:
            del value[key]
    elif isinstance(value, list):
        value[:] = [held for held in value if not _clear(held)]
    return value in ({}, [])


def _replace(version: str, resource: dict[str, Any], one: Operation) -> None:
    place = _one(version, resource, one["path"])
    if place.holder is None:
        raise _NotThere("a resource is replaced by PUT")
    key = f"{place.group}{one['key']}" if place.group and one["key"] else place.key
    value = _fitted(version, place.home, one["value"])
    if key == place.key:
        place.holder[key] = value
        return
    others = {name: held for name, held in place.holder.items() if name not in (place.key, f"_{place.key}")}
    place.holder.clear()  # another type of a choice has another name
    place.holder.update(others | {key: value})


def _move(version: str, resource: dict[str, Any], one: Operation) -> None:
    listed, _ = _list(version, resource, one["path"])
    source, destination = _number(one["source"]), _number(one["destination"])
    if max(source, destination) >= len(listed):
        raise _NotThere(f"there are {len(listed)} elements")
    listed.insert(destination, listed.pop(source))


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _NotThere("an index is a whole number from 0 on")
    return value


def _list(version: str, resource: dict[str, Any], path: str) -> tuple[list[Any], str]:
    """The list whose elements the path names, all of them, and the path of their shape."""
    found = _places(version, resource, path)
    holders = [one.holder for one in found]
    if not holders or not isinstance(holders[0], list) or any(one is not holders[0] for one in holders):
        raise _NotThere("it names no one list")
    return holders[0], found[0].home


def _one(version: str, resource: dict[str, Any], path: str) -> PatchTarget:
    found = _places(version, resource, path)
    if len(found) != 1:
        raise _NotThere("there is no such element" if not found else f"it names {len(found)} elements")
    return found[0]


def _places(version: str, resource: dict[str, Any], path: str) -> list[PatchTarget]:
    type = str(resource["resourceType"])
    if len(path) > LONGEST:
        raise _NotThere(f"a path may have {LONGEST} characters")
    head = re.match(r"[A-Za-z]+", path)
    if head is None or head[0] not in (type, "Resource", "DomainResource"):
        raise _NotThere(f"a path begins with {type}")
    found, at = [PatchTarget(None, resource, type)], head.end()
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise _NotThere(f"{path[at:]!r} is not understood")
        found, at = _follow(version, found, step), step.end()
    return found


def _follow(version: str, found: list[PatchTarget], step: re.Match[str]) -> list[PatchTarget]:
    where, criteria, end, name, index = step.groups()
    if where:
        wanted = _wanted(criteria)
        return [one for one in found if all(value in _values(one.value, names) for names, value in wanted)]
    if end:
        return found[:1] if end == "first" else found[-1:]
    if index:
        return found[int(index) : int(index) + 1]
    return [below for one in found for below in _below(version, one, name)]


def _below(version: str, one: PatchTarget, name: str) -> list[PatchTarget]:
    value = one.value
    if not isinstance(value, dict) or not one.home:
        return []
    known = _shape(version, one.home, value).elements
    found: list[PatchTarget] = []
    for key, element in known.items():
        if key in value and (key == name or element.group == name):
            home = element.home
            held = value[key]
            found += (
                [PatchTarget(held, at, home, beside=value.get(f"_{key}")) for at in range(len(held))]
                if isinstance(held, list)
                else [PatchTarget(value, key, home, element.group)]
            )
    return found


def _shape(version: str, home: str, value: dict[str, Any]) -> Shape:
    return shape(version, str(value.get("resourceType", home)) if home == "Resource" else home)


def _wanted(criteria: str) -> list[tuple[list[str], Any]]:
    """Names that lead to a value, and the value."""
    found: list[tuple[list[str], Any]] = []
    for text in re.split(r"\band\b(?=(?:[^']*'[^']*')*[^']*$)", criteria):
        equals = _EQUALS.fullmatch(text)
        if equals is None:
            raise _NotThere(f"where({criteria}) is not understood")
        path, word, truth, number = equals.groups()
        wanted: Any = (truth == "true") if truth else float(number) if number else re.sub(r"\\(.)", r"\1", word or "")
        found.append((path.split("."), wanted))
    return found


def _values(value: Any, names: list[str]) -> list[Any]:
    if isinstance(value, list):
        return [found for one in value for found in _values(one, names)]
    if not names:
        return [value]
    return _values(value[names[0]], names[1:]) if isinstance(value, dict) and names[0] in value else []


_DO: dict[str, Callable[[str, dict[str, Any], Operation], None]] = {
    "add": _add,
    "insert": _insert,
    "delete": _delete,
    "replace": _replace,
    "move": _move,
}
