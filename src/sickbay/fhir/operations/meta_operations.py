"""Adding to the meta of a resource, and taking away: tags, security labels and profiles (R4, $meta-add, $meta-delete)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

LISTS = ("profile", "security", "tag")


def of(profiles: Sequence[str], security: Sequence[tuple[str, str]], tags: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A Meta that has these; labels as (system, code), the system "" where there is none."""
    coded = {
        name: [{"system": system, "code": code} if system else {"code": code} for system, code in held]
        for name, held in (("security", security), ("tag", tags))
    }
    return {name: held for name, held in {"profile": list(profiles), **coded}.items() if held}


def is_one(meta: dict[str, Any]) -> bool:
    return any(name in meta for name in LISTS) and all(isinstance(meta.get(name, []), list) for name in LISTS)


def adding(resource: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    """What is there already is not there twice."""
    held = _held(resource)
    for name in LISTS:
        new = [one for one in meta.get(name, []) if not _among(one, held.get(name, []))]
        if new:
            held[name] = [*held.get(name, []), *new]
    return {**resource, "meta": held}


def removing(resource: dict[str, Any], meta: dict[str, Any]) -> dict[str, Any]:
    held = _held(resource)
    for name in LISTS:
        kept = [one for one in held.get(name, []) if not _among(one, meta.get(name, []))]
        held = {**held, name: kept} if kept else {key: value for key, value in held.items() if key != name}
    return {**resource, "meta": held}


def _held(resource: dict[str, Any]) -> dict[str, Any]:
    """What was loaded may never have been looked at: what is no Meta is none."""
    meta = resource.get("meta")
    found = dict(meta) if isinstance(meta, dict) else {}
    return {name: held for name, held in found.items() if name not in LISTS or isinstance(held, list)}


def _among(one: Any, others: list[Any]) -> bool:
    return any(_key(one) == _key(other) for other in others)


def _key(one: Any) -> Any:
    """A coding is the same by system and code, whatever it is called."""
    return (one.get("system"), one.get("code")) if isinstance(one, dict) else one
