"""Reads a resource as labelled values: the name of each element, the text of its value, and where its reference leads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from msgspec import Struct

from sickbay.fhir.elements import Child, list_children
from sickbay.fhir.readable.budget import PageBudget
from sickbay.fhir.readable.narrative import read_narrative
from sickbay.fhir.readable.references import Target, target_of
from sickbay.fhir.readable.values import DESCRIBE, describe_codes, describe_value, list_of, object_of, text_of
from sickbay.fhir.search.parameters import known_types

DEEPEST: Final = 12
"""Maximum nesting of listed elements. The raw JSON shows deeper ones."""
MARKUP_BYTES: Final = 130
"""Size of the HTML around each label and value, in bytes."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_HIDDEN = frozenset(("resourceType", "text", "contained", "id", "meta"))
"""Members of a resource that its page shows elsewhere."""
_EXTENSIONS = ("extension", "modifierExtension")
_MACHINE = frozenset(("id", "uri", "url", "canonical", "oid", "uuid", "code", "base64Binary", "markdown"))


class Value(Struct, frozen=True):
    """One value. note: codes and other details. target: where its reference leads. groups: its elements, if it has some.

    is_code: the text is meant for machines.
    """

    text: str = ""
    note: str = ""
    target: Target | None = None
    groups: tuple[ElementText, ...] = ()
    is_code: bool = False


class ElementText(Struct, frozen=True):
    """An element and all its values."""

    label: str
    values: tuple[Value, ...]


class ResourceText(Struct, frozen=True):
    """A resource as text. contained: those inside it. is_cut: something was left out."""

    type: str
    id: str
    groups: tuple[ElementText, ...]
    narrative: str = ""
    contained: tuple[ResourceText, ...] = ()
    is_cut: bool = False


def read_resource(version: str, resource: dict[str, Any], bases: Sequence[str], budget: PageBudget) -> ResourceText:
    """Returns the resource as text. bases: the URLs of this FHIR base, for its references."""
    reader = _Reader(version, bases, budget)
    groups = reader.read_elements(_path_of(version, resource), resource, 0)
    narrative = read_narrative(text_of(object_of(resource.get("text")).get("div")))
    inner = [dict(object_of(contained)) for contained in list_of(resource.get("contained"))]
    contained = tuple(
        read_resource(version, item, bases, budget) for item in inner if "contained" not in item and not budget.is_spent
    )
    return ResourceText(
        text_of(resource.get("resourceType")),
        text_of(resource.get("id")),
        groups,
        budget.take(narrative, MARKUP_BYTES),
        contained,
        budget.is_exceeded,
    )


def _path_of(version: str, resource: dict[str, Any]) -> str:
    type = text_of(resource.get("resourceType"))
    return type if type in known_types(version) else ""


class _Reader:
    def __init__(self, version: str, bases: Sequence[str], budget: PageBudget) -> None:
        self._version, self._bases, self._budget = version, bases, budget

    def read_elements(self, path: str, members: dict[str, Any], depth: int) -> tuple[ElementText, ...]:
        """Returns the elements of an object in order, then its extensions. path: in the definitions; "" if unknown."""
        extensions = [extension for key in _EXTENSIONS for extension in list_of(members.get(key))]
        return (*self._element_texts(path, members, depth), *self._extension_texts(extensions, depth))

    def _element_texts(self, path: str, members: dict[str, Any], depth: int) -> Iterator[ElementText]:
        for key, member in members.items():
            if self._budget.is_spent:
                return
            if key in _EXTENSIONS or (depth == 0 and key in _HIDDEN):
                continue
            if values := self._texts_of_items(find_child(self._version, path, key), list_of(member), depth):
                yield ElementText(self._budget.take(label_of(self._version, path, key), MARKUP_BYTES), values)

    def _extension_texts(self, extensions: Sequence[Any], depth: int) -> Iterator[ElementText]:
        for extension in map(object_of, extensions):
            if self._budget.is_spent:
                return
            rest = {key: value for key, value in extension.items() if key not in ("url", "id")}
            groups = self.read_elements("Extension", rest, depth + 1)
            values = tuple(value for group in groups for value in group.values)
            shown = (Value(groups=groups),) if "extension" in rest else values
            url = text_of(extension.get("url"))
            yield ElementText(self._budget.take(url.rstrip("/").rpartition("/")[2] or "extension", MARKUP_BYTES), shown)

    def _texts_of_items(self, child: Child, items: Sequence[Any], depth: int) -> tuple[Value, ...]:
        values = []
        for item in items:
            if self._budget.is_spent:
                break
            value = self._text_of_item(child, item, depth)
            if value is not None:
                values.append(value)
        return tuple(values)

    def _text_of_item(self, child: Child, item: Any, depth: int) -> Value | None:
        """Returns the text of a value; None for an empty one."""
        text = self._budget.take(describe_value(child.type, item), MARKUP_BYTES)
        note = self._budget.take(describe_codes(child.type, item), 0)
        if not isinstance(item, dict):
            return (
                Value(text, target=target_of(self._version, child.type, item, self._bases), is_code=child.type in _MACHINE)
                if text
                else None
            )
        target = target_of(self._version, child.type, item, self._bases)
        more = {key: item[key] for key in _EXTENSIONS if key in item} if child.type in DESCRIBE else item
        if depth >= DEEPEST:
            return Value(text or "nested deeper: see the JSON", note, target)
        groups = self.read_elements(_path_of_elements(self._version, child, item), more, depth + 1) if more else ()
        return Value(text, note, target, groups) if text or note or groups else None


def _path_of_elements(version: str, child: Child, item: dict[str, Any]) -> str:
    """Returns the path of a value's elements. For a nested resource, as in a Bundle, this is its type."""
    return _path_of(version, item) if child.type == "Resource" else child.path


def find_child(version: str, path: str, key: str) -> Child:
    """Returns the definition of a member. A member that starts with an underscore has the extensions of a primitive."""
    if key.startswith("_"):
        return Child(key, "Element", "Element")
    known = list_children(version, path).get(key, ())
    return next((child for child in known if child.key == key), Child(key, "", ""))


def label_of(version: str, path: str, key: str) -> str:
    """'Birth date' of birthDate, 'Value' of valueQuantity."""
    child, name = find_child(version, path, key), key.removeprefix("_")
    bare = name[: -len(child.type)] if child.type and name.lower().endswith(child.type.lower()) else ""
    return humanize_name(bare if bare and bare in list_children(version, path) else name)


def humanize_name(name: str) -> str:
    words = _HUMP.sub(" ", name).lower()
    return words[:1].upper() + words[1:]
