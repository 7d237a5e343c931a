"""Adds tags, security labels and profiles to the meta of a resource, and removes them (R4, $meta-add, $meta-delete)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LISTS = ("profile", "security", "tag")


def build_meta(profiles: Sequence[str], security: Sequence[tuple[str, str]], tags: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Returns a Meta with these values. Labels are (system, code), with the system "" if there is none."""
    coded = {
        name: [{"system": system, "code": code} if system else {"code": code} for system, code in values]
        for name, values in (("security", security), ("tag", tags))
    }
    return {name: values for name, values in {"profile": list(profiles), **coded}.items() if values}


def is_meta(meta: dict[str, Any]) -> bool:
    return any(name in meta for name in LISTS) and all(isinstance(meta.get(name, []), list) for name in LISTS)


def add_labels(resource: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    """Returns the resource with the values of `meta` added. Existing values aren't repeated."""
    values = _valid_meta(resource)
    for name in LISTS:
        new = [label for label in meta.get(name, []) if not _contains_label(label, values.get(name, []))]
        if new:
            values[name] = [*values.get(name, []), *new]
    return {**resource, "meta": values}


def remove_labels(resource: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    values = _valid_meta(resource)
    for name in LISTS:
        remaining = [label for label in values.get(name, []) if not _contains_label(label, meta.get(name, []))]
        values = {**values, name: remaining} if remaining else {key: value for key, value in values.items() if key != name}
    return {**resource, "meta": values}


def _valid_meta(resource: dict[str, Any]) -> dict[str, Any]:
    """Returns a copy of the meta without invalid lists, because a loaded resource may never have been validated."""
    meta = resource.get("meta")
    members = dict(meta) if isinstance(meta, dict) else {}
    return {name: member for name, member in members.items() if name not in LISTS or isinstance(member, list)}


def _contains_label(label: Any, others: list[Any]) -> bool:
    return any(_key_of_label(label) == _key_of_label(other) for other in others)


def _key_of_label(label: Any) -> Any:
    """Returns the system and code of a label, which identify it. The display doesn't."""
    return (label.get("system"), label.get("code")) if isinstance(label, dict) else label
