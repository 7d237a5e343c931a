"""The scopes that remain after consent (SMART 2.2, Finer-grained resource constraints): never more than could be granted."""

from __future__ import annotations

from collections.abc import Collection

from sickbay.authorization.login.consent_categories import list_categories
from sickbay.fhir.visibility import is_enforceable
from sickbay.protocol import scopes
from sickbay.protocol.scopes import ResourceScope


def select_ticked_scopes(grantable: Collection[str], ticked: Collection[str]) -> tuple[str, ...]:
    """Returns each scope left ticked, or narrowed if the user narrowed it."""
    remaining = [scope for wide in grantable for scope in ([wide] if wide in ticked else _list_narrowed_scopes(wide, ticked))]
    return tuple(dict.fromkeys(remaining))


def _list_narrowed_scopes(wide: str, ticked: Collection[str]) -> list[str]:
    return [scope for scope in ticked if scope.startswith(f"{wide}?") and _is_within(scope, wide)]


def _is_within(narrow: str, wide: str) -> bool:
    part, whole = scopes.parse(narrow), scopes.parse(wide)
    return part is not None and whole is not None and scopes.is_included(whole, part)


def limit_to_allowed(grantable: Collection[str], allowed: Collection[str]) -> tuple[str, ...]:
    """Returns what a list of allowed scopes permits: each scope as requested if an allowed one covers it, otherwise the parts
    that the list permits: fewer letters, one type of a wildcard, or only what an allowed filter matches.
    """
    permitted = tuple(scope for scope in scopes.parse_scopes(tuple(allowed)) if is_enforceable(scope))
    remaining = [
        scope
        for wide in grantable
        for scope in ([wide] if _is_permitted(wide, permitted) else _permitted_parts(wide, permitted))
    ]
    return tuple(dict.fromkeys(remaining))


def _is_permitted(text: str, allowed: tuple[scopes.Scope, ...]) -> bool:
    scope = scopes.parse(text)
    return scope is not None and scopes.is_covered(scope, allowed)


def _permitted_parts(text: str, allowed: tuple[scopes.Scope, ...]) -> list[str]:
    """Returns the parts that both the requested scope and an allowed scope permit, each once."""
    wide = scopes.parse(text)
    if not isinstance(wide, ResourceScope):
        return []
    shared = [scopes.intersect(wide, scope) for scope in allowed if isinstance(scope, ResourceScope)]
    parts = list(dict.fromkeys(part for part in shared if part is not None))
    return [part.text for part in parts if not any(part != other and scopes.is_included(other, part) for other in parts)]


def list_narrowings(text: str, version: str) -> tuple[tuple[str, str], ...]:
    """Returns label and scope of each way to narrow this scope. version: the FHIR version, such as "r4". Only v2 scopes can
    be narrowed.
    """
    scope = scopes.parse(text)
    if not isinstance(scope, ResourceScope) or scope.version != "v2" or scope.filters:
        return ()
    offered = list_categories(version, scope.type)
    values = [f"{category.system}|{category.code}" if category.system else category.code for category in offered]
    return tuple((category.words, f"{text}?category={value}") for category, value in zip(offered, values, strict=True))
