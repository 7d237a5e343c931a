"""Finds the resource that a reference leads to on this server. All other references stay text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from sickbay.fhir.readable.values import object_of, text_of
from sickbay.fhir.routing import ID
from sickbay.fhir.search.parameters import known_types


class Target(NamedTuple):
    """A resource at the same FHIR base, or a contained resource, for which only `contained` is set."""

    type: str = ""
    id: str = ""
    version_id: str = ""
    contained: str = ""

    @property
    def path(self) -> str:
        """The path below the FHIR base."""
        return f"{self.type}/{self.id}" + (f"/_history/{self.version_id}" if self.version_id else "")


def find_target(version: str, reference: str, bases: Sequence[str]) -> Target | None:
    """Returns None for logical and external references, and for any other text. bases: the URLs of this FHIR base."""
    if reference.startswith("#"):
        return Target(contained=reference[1:]) if ID.fullmatch(reference[1:]) else None
    base = next((base for base in bases if reference.startswith(f"{base}/")), "")
    type, _, rest = (reference.removeprefix(f"{base}/") if base else reference).partition("/")
    id, _, version_id = rest.partition("/_history/")
    if type not in known_types(version) or not ID.fullmatch(id):
        return None
    if rest != id and not ID.fullmatch(version_id):
        return None
    return Target(type, id, version_id)


def target_of(version: str, type: str, value: Any, bases: Sequence[str]) -> Target | None:
    """Returns the target of a value: a reference, or an attachment whose URL is a Binary on this server."""
    members = object_of(value)
    if type == "CodeableReference":
        members = object_of(members.get("reference"))
    elif type not in ("Reference", "Attachment"):
        return None
    return find_target(version, text_of(members.get("url" if type == "Attachment" else "reference")), bases)
