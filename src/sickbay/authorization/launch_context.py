"""Launch context (SMART 2.2, Launch context arrives with your access_token): what a launch tells an app, by SMART release."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sickbay.authorization.models import Client

SINCE_2 = ("fhirContext", "tenant")
"""Members that SMART 1.0 does not know."""
IN_CONTEXT = ("Patient", "Encounter")
"""Types that stand in members of their own, and in fhirContext only in another role than the launch's."""


def members(context: Mapping[str, Any], client: Client) -> dict[str, Any]:
    """What of a launch's context this app is told, in the shape of the release of SMART that it is registered for."""
    told = {name: value for name, value in context.items() if value is not None}
    if client.smart_version == 1:
        return {name: value for name, value in told.items() if name not in SINCE_2}
    if "fhirContext" in told:
        told["fhirContext"] = fhir_context(told["fhirContext"], client.smart_release)
    return told


def chosen(context: Mapping[str, Any], items: Sequence[tuple[str, str | None]]) -> dict[str, Any]:
    """With what a person chose at a picker: reference and the role that the app asked for."""
    added = [{"reference": reference} | ({"role": role} if role else {}) for reference, role in items]
    return {**context, "fhirContext": [*context.get("fhirContext", ()), *added]} if added else dict(context)


def fhir_context(items: Sequence[Any], release: str | None = None) -> list[Any]:
    """Objects since 2.1; in 2.0 strings, the references alone. A string given stands for its reference."""
    whole = [{"reference": one} if isinstance(one, str) else one for one in items]
    return [one["reference"] for one in whole if "reference" in one] if release == "2.0" else whole


def faults(items: Sequence[Any]) -> list[str]:
    """What is wrong with a fhirContext, one sentence each (SMART 2.2, fhirContext)."""
    return [fault for number, item in enumerate(items) if (fault := _fault(item, f"fhirContext[{number}]"))]


def _fault(item: Any, here: str) -> str:
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
