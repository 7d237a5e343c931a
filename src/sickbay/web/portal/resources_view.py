"""The view of a hospital's protected resources."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct

from sickbay.web.pages.parts import Choice


class ResourceRow(NamedTuple):
    """One resource. id: "" if a file configures it. client: the app that introspects its tokens. metadata: indented JSON."""

    url: str
    name: str
    scopes: str
    client: str
    metadata_url: str
    metadata: str
    id: str = ""


class ResourcesView(Struct, frozen=True, kw_only=True):
    """bases: the hospital's FHIR bases. clients: the apps that can introspect tokens. The other fields are as typed."""

    title: str
    hospital: str
    action: str
    bases: tuple[str, ...]
    rows: tuple[ResourceRow, ...] = ()
    clients: tuple[Choice, ...] = ()
    url: str = ""
    name: str = ""
    scopes: str = ""
    fault: str = ""
    saved: str = ""
