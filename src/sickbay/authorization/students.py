"""Finds, in class mode, the app, exchange, launch or list that a student requests.

All other pages of the portal are only for the administrator, including future ones.
"""

from __future__ import annotations

from collections.abc import Container
from typing import Final, Literal

from msgspec import Struct

LISTS: Final = frozenset(
    (
        ("developer",),
        ("developer", "class"),
        ("developer", "register"),
        ("developer", "search"),
        ("exchanges",),
        ("exchanges", "clear"),
        ("timelines",),
    )
)
"""Pages whose handlers show a student only what belongs to the student."""
OF_APP: Final = frozenset(("", "edit", "secret", "settings", "policy", "cards", "faults", "enable", "remove"))
"""Path segments that follow the ID of an app in the addresses of its pages."""


class Wanted(Struct, frozen=True):
    """The object that must belong to the student. id: that of an app, an exchange or a launch; "" for lists.

    app of launch: the app that was launched, by any student.
    """

    kind: Literal["lists", "app", "exchange", "launch", "app of launch"]
    id: str = ""


def find_requested_object(path: str, method: str, app: str, timeline: str, tenants: Container[str]) -> Wanted | None:
    """Returns the object that a request is about; None if students can't have one. app, timeline: query parameters."""
    match path[1:].split("/"):
        case parts if tuple(parts) in LISTS:
            return Wanted("lists")
        case ["developer", "apps", id, *more] if id and "/".join(more) in OF_APP:
            return Wanted("app", id)
        case ["exchanges", id] if id:
            return Wanted("exchange", id)
        case ["timelines", id] if id and method != "POST":  # POST makes Sickbay ask the app's address
            return Wanted("launch", id)
        case ["timelines", id, "compare"] if id:
            return Wanted("app of launch", id)
        case [tenant, "ehr", "launch"] if tenant in tenants and app:
            return Wanted("app", app)
        case [tenant, "ehr", "patients", _, "requests"] if tenant in tenants and timeline:
            return Wanted("launch", timeline)
        case [tenant, "errors", _, "instances", id] if tenant in tenants and id:
            return Wanted("exchange", id)
    return None
