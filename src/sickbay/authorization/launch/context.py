"""Launch context (SMART 2.2, Launch context arrives with your access_token), in the form of each SMART release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sickbay.authorization.models import Client

SINCE_2 = ("fhirContext", "tenant")
"""Members that SMART 1.0 doesn't have."""
IN_CONTEXT = ("Patient", "Encounter")
"""Types with their own members; fhirContext has them only with a role other than `launch`."""


def list_members(context: Mapping[str, Any], client: Client) -> dict[str, Any]:
    """Returns the members of a launch's context in the form of the SMART release that the app is registered for."""
    members = {name: value for name, value in context.items() if value is not None}
    if client.smart_version == 1:
        return {name: value for name, value in members.items() if name not in SINCE_2}
    if "fhirContext" in members:
        members["fhirContext"] = fhir_context(members["fhirContext"], client.smart_release)
    return members


def add_choices(context: Mapping[str, Any], items: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """Adds what the user chose at a picker: each item's reference, and the role that the app requested."""
    added = [{"reference": reference} | ({"role": role} if role else {}) for reference, role in items]
    return {**context, "fhirContext": [*context.get("fhirContext", ()), *added]} if added else dict(context)


def fhir_context(items: Sequence[Any], release: str | None = None) -> list[Any]:
    """Returns objects for 2.1 and later, and only the references as strings for 2.0. A string counts as its reference."""
    objects = [{"reference": item} if isinstance(item, str) else item for item in items]
    return [item["reference"] for item in objects if "reference" in item] if release == "2.0" else objects


def find_problems(items: Sequence[Any]) -> list[str]:
    """Returns what is wrong with a fhirContext, one sentence per fault (SMART 2.2, fhirContext)."""
    return [fault for number, item in enumerate(items) if (fault := _problem_of_item(item, f"fhirContext[{number}]"))]


def _problem_of_item(item: Any, here: str) -> str:
    if isinstance(item, str):
        item = {"reference": item}
    if not isinstance(item, Mapping):
        return f"{here} must be an object or a reference"
    if not {"reference", "canonical", "identifier"} & set(item):
        return f"{here} needs reference, canonical or identifier"
    role = item.get("role", "launch")
    if role == "":
        return f"{here} has an empty role. Leave role out, or give it a value"
    reference = item.get("reference", "/")
    if not isinstance(reference, str) or "/" not in reference or "://" in reference:
        return f"{here}.reference must be relative, such as Observation/123"
    if role == "launch" and reference.partition("/")[0] in IN_CONTEXT:
        return f"{here} names a {reference.partition('/')[0]} with the role launch. Send it as a separate member instead"
    return ""
