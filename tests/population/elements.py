"""Checks a resource against the shared element tables: elements, cardinalities, primitive types, required codes, targets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_DATE = r"\d{4}(-\d\d(-\d\d)?)?"
_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"
TEXTS = {
    "date": _DATE,
    "dateTime": f"{_DATE}|{_INSTANT}",
    "instant": _INSTANT,
    "id": r"[A-Za-z0-9\-.]{1,64}",
    "code": r"\S+( \S+)*",
    "uri": r"\S+",
    "url": r"\S+",
    "canonical": r"\S+",
    "string": r"(?s).+",
    "markdown": r"(?s).+",
    "base64Binary": r"[A-Za-z0-9+/]+=*",
    "xhtml": r"(?s)<div xmlns=.+</div>",
}


class Tables:
    """The elements and codes of one FHIR version."""

    def __init__(self, folder: Path, version: str) -> None:
        self.elements = json.loads((folder / f"{version}-elements.json").read_text())
        self.codes = json.loads((folder / f"{version}-codes.json").read_text())
        self.children: dict[str, list[str]] = {}
        for path in self.elements:
            parent, _, name = path.rpartition(".")
            self.children.setdefault(parent, []).append(name)

    def faults(self, resource: dict[str, Any]) -> Iterator[str]:
        kind = resource["resourceType"]
        if kind not in self.children:
            yield f"no type {kind}"
            return
        yield from self._object({name: value for name, value in resource.items() if name != "resourceType"}, kind)

    def _object(self, value: Any, path: str) -> Iterator[str]:
        if not isinstance(value, dict) or not value:
            yield f"{path}: not an object, or empty"
            return
        remaining = dict(value)
        for name in self.children[path]:
            minimum, maximum, types, *rest = self.elements[f"{path}.{name}"]
            present = [(key, type_) for key, type_ in _keys(name, types) if key in remaining]
            absent = [key for key, _ in _keys(name, types) if f"_{key}" in remaining and key not in remaining]
            for key in absent:
                remaining.pop(f"_{key}")
            if len(present) > 1 or (minimum and not present and not absent):
                yield f"{path}.{name}: {len(present)} present, expected {minimum}..{maximum}"
            for key, type_ in present:
                yield from self._values(remaining.pop(key), f"{path}.{name}", type_, maximum, rest[0] if rest else None)
        for key in remaining:
            if key.startswith("_") and key[1:] in value:
                continue  # id or extensions of a primitive
            yield f"{path}.{key}: no such element"

    def _values(self, value: Any, path: str, type_: str, maximum: str, codes: str | None) -> Iterator[str]:
        if (maximum == "*") != isinstance(value, list):
            yield f"{path}: list or single value does not match the maximum {maximum}"
            return
        for item in value if isinstance(value, list) else [value]:
            yield from self._value(item, path, type_, codes)

    def _value(self, value: Any, path: str, type_: str, codes: str | None) -> Iterator[str]:
        name, _, targets = type_.partition(":")
        if name.startswith("@"):
            tail = name[1:]
            yield from self._object(value, tail if "." in tail else f"{path.split('.')[0]}.{tail}")
        elif path in self.children:
            yield from self._object(value, path)
        elif name in self.children and name[0].isupper():
            yield from self._object(value, name)
            if (
                name == "Reference"
                and targets not in ("", "Resource")
                and value["reference"].split("/")[0] not in targets.split("|")
            ):
                yield f"{path}: refers to {value['reference']}, not to {targets}"
        else:
            yield from _primitive(value, path, name)
        yield from self._check_binding(value, path, codes)

    def _check_binding(self, value: Any, path: str, codes: str | None) -> Iterator[str]:
        allowed = self.codes.get(codes.split("|")[0]) if codes else None
        if not allowed:
            return
        used = [coding["code"] for coding in value.get("coding", [])] if isinstance(value, dict) else [value]
        if used and not set(used) & set(allowed):
            yield f"{path}: {used} is not in {codes}"


def _keys(name: str, types: list[str]) -> Iterator[tuple[str, str]]:
    if name.endswith("[x]"):
        for type_ in types:
            plain = type_.partition(":")[0]
            yield name[:-3] + plain[0].upper() + plain[1:], type_
    else:
        yield name, types[0] if types else "string"


def _primitive(value: Any, path: str, name: str) -> Iterator[str]:
    if name == "boolean":
        valid = isinstance(value, bool)
    elif name in {"integer", "positiveInt", "unsignedInt"}:
        valid = type(value) is int and value >= {"positiveInt": 1, "unsignedInt": 0}.get(name, value)
    elif name == "decimal":
        valid = type(value) in {int, float}
    elif name in TEXTS:
        valid = isinstance(value, str) and re.fullmatch(TEXTS[name], value) is not None
    else:
        valid = False
    if not valid:
        yield f"{path}: {value!r} is not a valid {name}"
