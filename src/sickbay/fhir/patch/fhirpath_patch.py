"""FHIRPath Patch (R4, fhirpatch): add, insert, delete, replace and move elements at a simple FHIRPath.

Supports names, indexes, first(), last(), and where() with comparisons of elements and literals, joined by `and`.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from typing import Any, NamedTuple

from sickbay.fhir.patch.json_patch import MAXIMUM_OPERATIONS, PatchFailed
from sickbay.fhir.validation.shapes import Shape, load_shape

_STEP = re.compile(r"\.?(?:(where)\(((?:[^()']|'(?:[^'\\]|\\.)*+')*+)\)|(first|last)\(\)|([A-Za-z]\w*)|\[(\d{1,6})\])")
_EQUALS = re.compile(r"\s*([A-Za-z][\w.]*)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|(true|false)|(-?\d+(?:\.\d+)?))\s*")
_TAKES = {
    "add": ("path", "name", "value"),
    "insert": ("path", "index", "value"),
    "delete": ("path",),
    "replace": ("path", "value"),
    "move": ("path", "source", "destination"),
}


MAXIMUM_PATH_CHARACTERS = 2000
"""Maximum length of a path, in characters."""
LOOKED = 10_000_000
"""Maximum of (values in the resource) × (characters in all paths), because each step may visit every value."""


class PatchTarget(NamedTuple):
    """holder[key] is the value; holder None: the resource itself. home: path of the value's shape, "" for a primitive.

    group: the bare name, if the element is a choice. extras: ids and extensions of the primitives in a list.
    """

    holder: Any
    key: Any
    home: str
    group: str = ""
    extras: Any = None

    @property
    def value(self) -> Any:
        return self.key if self.holder is None else self.holder[self.key]


Operation = dict[str, Any]


def read(parameters: dict[str, Any]) -> list[Operation]:
    """Returns the operations of a Parameters resource; none if it has no parameters. Raises PatchFailed."""
    listed = parameters.get("parameter", [])
    if not isinstance(listed, list) or len(listed) > MAXIMUM_OPERATIONS:
        raise PatchFailed(f"a FHIRPath Patch must have at most {MAXIMUM_OPERATIONS} parameters, each named operation")
    return [_read_operation(number, parameter) for number, parameter in enumerate(listed)]


def find_read_path(operations: list[Operation]) -> str | None:
    """Returns the first operation that moves or compares an existing value."""
    reading = ((number, operation) for number, operation in enumerate(operations) if _is_reading(operation))
    return next((f"operation {number}, {operation['type']} at {operation['path']!r}" for number, operation in reading), None)


def _is_reading(operation: Operation) -> bool:
    return operation["type"] == "move" or "where" in str(operation["path"])


def _read_operation(number: int, parameter: Any) -> Operation:
    parts = parameter.get("part") if isinstance(parameter, dict) and parameter.get("name") == "operation" else None
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise PatchFailed(f"parameter {number} must be an operation with parts")
    values = {str(part.get("name")): _value_of_part(part) for part in parts}
    takes = _TAKES.get(str(values.get("type")))
    if takes is None:
        raise PatchFailed(f"operation {number} must have a type of {', '.join(_TAKES)}")
    missing = [name for name in takes if values.get(name) is None]
    if missing:
        raise PatchFailed(f"operation {number}, {values['type']}, lacks {', '.join(missing)}")
    return values | {"key": next((_type_in_key(part) for part in parts if part.get("name") == "value"), "")}


def _value_of_part(part: dict[str, Any]) -> Any:
    """Returns value[x], or the parts if the value is of a type without a name."""
    if isinstance(part.get("part"), list):
        value = _Anonymous()
        for member in part["part"]:
            if not isinstance(member, dict):
                raise PatchFailed("a part of a value must be an object with a name")
            _put_member(value, str(member.get("name")), _value_of_part(member))
            value.types[str(member.get("name"))] = _type_in_key(member)
        return value
    return next((value for key, value in part.items() if key.startswith("value") or key == "resource"), None)


class _Anonymous(dict[str, Any]):
    """A value of an unnamed type, from parts. types: name -> the type as written in the name of a choice."""

    def __init__(self) -> None:
        super().__init__()
        self.types: dict[str, str] = {}


def _fit_to_element(version: str, home: str, value: Any) -> Any:
    """Converts the value to the element at `home`: `time` with a valueDateTime becomes timeDateTime, and elements that repeat
    become lists. Members without an element stay unchanged."""
    if isinstance(value, list):
        return [_fit_to_element(version, home, item) for item in value]
    if not isinstance(value, _Anonymous):
        return value
    known, result = load_shape(version, home).elements, {}
    for name, member in value.items():
        key = name if name in known else name + value.types[name]
        element = known.get(key)
        if element is None:
            result[name] = member  # validation reports it
            continue
        fitted = _fit_to_element(version, element.home, member)
        result[key] = [fitted] if element.many and not isinstance(fitted, list) else fitted
    return result


def _put_member(members: dict[str, Any], name: str, value: Any) -> None:
    """Adds a member. A name that occurs several times becomes a list."""
    if name not in members:
        members[name] = value
    else:
        members[name] = [*(members[name] if isinstance(members[name], list) else [members[name]]), value]


def _type_in_key(part: dict[str, Any]) -> str:
    """Returns the type of the value as it is written in the name of a choice: Boolean for valueBoolean."""
    return next((key.removeprefix("value") for key in part if key.startswith("value")), "")


def apply(version: str, resource: dict[str, Any], operations: list[Operation]) -> Any:
    """Returns the patched resource without changing the original. Raises PatchFailed."""
    changed = copy.deepcopy(resource)
    if _count_values(resource) * sum(len(str(operation["path"])) for operation in operations) > LOOKED:
        raise PatchFailed("it has too many operations for a resource of this size; send them in several patches")
    for number, operation in enumerate(operations):
        try:
            _DO[operation["type"]](version, changed, operation)
        except (_PathError, KeyError) as error:
            raise PatchFailed(f"operation {number}, {operation['type']} at {operation['path']!r}: {error.args[0]}") from None
    return changed


def _count_values(value: Any) -> int:
    """Counts a value and all values nested in it."""
    members = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(_count_values, members))


class _PathError(Exception):
    """A path that leads to no element, or to several."""


def _add_element(version: str, resource: dict[str, Any], operation: Operation) -> None:
    place = _find_only_place(version, resource, operation["path"])
    holder, name = place.value, str(operation["name"])
    if not isinstance(holder, dict) or not place.home:
        raise _PathError("it isn't an object")
    known = _shape_of_value(version, place.home, holder).elements
    key = name if name in known else name + str(operation["key"])
    if key not in known:
        raise _PathError(f"there is no element {name}")
    value = _fit_to_element(version, known[key].home, operation["value"])
    if known[key].many:
        holder[key] = [*holder.get(key, []), *(value if isinstance(value, list) else [value])]
    else:
        if any(other in holder for other in known if other == key or known[other].group == known[key].group != ""):
            raise _PathError(f"{name} already exists")
        holder[key] = value


def _apply_insert(version: str, resource: dict[str, Any], operation: Operation) -> None:
    listed, home = _list_at_path(version, resource, operation["path"])
    index = _read_number(operation["index"])
    if index > len(listed):
        raise _PathError(f"there are {len(listed)} elements, so index {index} is out of range")
    listed.insert(index, _fit_to_element(version, home, operation["value"]))


def _apply_delete(version: str, resource: dict[str, Any], operation: Operation) -> None:
    """Deletes the element, if it exists."""
    places = _find_places(version, resource, operation["path"])
    if len(places) > 1:
        raise _PathError(f"it matches {len(places)} elements, but only one can be deleted at a time")
    for place in places:
        if place.holder is None:
            raise _PathError("a resource must be deleted with DELETE")
        del place.holder[place.key]
        if isinstance(place.holder, dict):
            place.holder.pop(f"_{place.key}", None)
        elif isinstance(place.extras, list):
            del place.extras[place.key]
    _remove_empty_values(resource)


def _remove_empty_values(value: Any) -> bool:
    """Removes empty objects and lists from the value, which FHIR doesn't allow (R4, 2.6.2). Returns whether it is empty."""
    if isinstance(value, dict):
        for key in [key for key, member in value.items() if _remove_empty_values(member)]:
            del value[key]
    elif isinstance(value, list):
        value[:] = [item for item in value if not _remove_empty_values(item)]
    return value in ({}, [])


def _apply_replace(version: str, resource: dict[str, Any], operation: Operation) -> None:
    place = _find_only_place(version, resource, operation["path"])
    if place.holder is None:
        raise _PathError("a resource must be replaced with PUT")
    key = f"{place.group}{operation['key']}" if place.group and operation["key"] else place.key
    value = _fit_to_element(version, place.home, operation["value"])
    if key == place.key:
        place.holder[key] = value
        return
    others = {name: member for name, member in place.holder.items() if name not in (place.key, f"_{place.key}")}
    place.holder.clear()  # another type of a choice has another name
    place.holder.update(others | {key: value})


def _move_element(version: str, resource: dict[str, Any], operation: Operation) -> None:
    listed, _ = _list_at_path(version, resource, operation["path"])
    source, destination = _read_number(operation["source"]), _read_number(operation["destination"])
    if max(source, destination) >= len(listed):
        raise _PathError(f"there are {len(listed)} elements, so an index is out of range")
    listed.insert(destination, listed.pop(source))


def _read_number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise _PathError("an index must be a whole number, 0 or greater")
    return value


def _list_at_path(version: str, resource: dict[str, Any], path: str) -> tuple[list[Any], str]:
    """Returns the list that contains all elements of the path, and the path of their shape."""
    places = _find_places(version, resource, path)
    holders = [place.holder for place in places]
    if not holders or not isinstance(holders[0], list) or any(holder is not holders[0] for holder in holders):
        raise _PathError("it doesn't match exactly one list")
    return holders[0], places[0].home


def _find_only_place(version: str, resource: dict[str, Any], path: str) -> PatchTarget:
    places = _find_places(version, resource, path)
    if len(places) != 1:
        raise _PathError("there is no such element" if not places else f"it matches {len(places)} elements")
    return places[0]


def _find_places(version: str, resource: dict[str, Any], path: str) -> list[PatchTarget]:
    type = str(resource["resourceType"])
    if len(path) > MAXIMUM_PATH_CHARACTERS:
        raise _PathError(f"a path must not be longer than {MAXIMUM_PATH_CHARACTERS} characters")
    head = re.match(r"[A-Za-z]+", path)
    if head is None or head[0] not in (type, "Resource", "DomainResource"):
        raise _PathError(f"a path must begin with {type}")
    places, at = [PatchTarget(None, resource, type)], head.end()
    while at < len(path):
        step = _STEP.match(path, at)
        if step is None:
            raise _PathError(f"{path[at:]!r} is not supported")
        places, at = _follow_step(version, places, step), step.end()
    return places


def _follow_step(version: str, places: list[PatchTarget], step: re.Match[str]) -> list[PatchTarget]:
    where, criteria, end, name, index = step.groups()
    if where:
        wanted = _parse_comparisons(criteria)
        return [place for place in places if all(value in _values_at(place.value, names) for names, value in wanted)]
    if end:
        return places[:1] if end == "first" else places[-1:]
    if index:
        return places[int(index) : int(index) + 1]
    return [below for place in places for below in _find_below(version, place, name)]


def _find_below(version: str, place: PatchTarget, name: str) -> list[PatchTarget]:
    value = place.value
    if not isinstance(value, dict) or not place.home:
        return []
    known = _shape_of_value(version, place.home, value).elements
    places: list[PatchTarget] = []
    for key, element in known.items():
        if key in value and (key == name or element.group == name):
            home = element.home
            members = value[key]
            places += (
                [PatchTarget(members, at, home, extras=value.get(f"_{key}")) for at in range(len(members))]
                if isinstance(members, list)
                else [PatchTarget(value, key, home, element.group)]
            )
    return places


def _shape_of_value(version: str, home: str, value: dict[str, Any]) -> Shape:
    return load_shape(version, str(value.get("resourceType", home)) if home == "Resource" else home)


_WORD_OR_AND = re.compile(r"'(?:[^'\\]|\\.)*+'?|\band\b")


def _split_conditions(criteria: str) -> list[str]:
    """Splits criteria at each `and` outside quotation marks."""
    places = [match.span() for match in _WORD_OR_AND.finditer(criteria) if match[0] == "and"]
    starts, ends = [0, *(end for _, end in places)], [*(start for start, _ in places), len(criteria)]
    return [criteria[start:end] for start, end in zip(starts, ends, strict=True)]


def _parse_comparisons(criteria: str) -> list[tuple[list[str], Any]]:
    """Parses the comparisons: the names that lead to a value, and the value."""
    comparisons: list[tuple[list[str], Any]] = []
    for text in _split_conditions(criteria):
        equals = _EQUALS.fullmatch(text)
        if equals is None:
            raise _PathError(f"where({criteria}) is not supported")
        path, word, truth, number = equals.groups()
        wanted: Any = (truth == "true") if truth else float(number) if number else re.sub(r"\\(.)", r"\1", word or "")
        comparisons.append((path.split("."), wanted))
    return comparisons


def _values_at(value: Any, names: list[str]) -> list[Any]:
    if isinstance(value, list):
        return [result for item in value for result in _values_at(item, names)]
    if not names:
        return [value]
    return _values_at(value[names[0]], names[1:]) if isinstance(value, dict) and names[0] in value else []


_DO: dict[str, Callable[[str, dict[str, Any], Operation], None]] = {
    "add": _add_element,
    "insert": _apply_insert,
    "delete": _apply_delete,
    "replace": _apply_replace,
    "move": _move_element,
}
