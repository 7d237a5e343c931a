"""The picker of another resource for a standalone launch (launch/imagingstudy and the like).

POST view.action: csrf, request, reference (Type/id), decision = open | without | nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from sickbay.kernel import english
from sickbay.web.ehr import chart

NAMED_BY = (
    "code",
    "medicationCodeableConcept",
    "vaccineCode",
    "serviceType",
    "name",
    "title",
    "description",
    "type",
    "specialty",
    "category",
)
DATED_BY = (
    "effectiveDateTime",
    "started",
    "authoredOn",
    "dateWritten",
    "occurrenceDateTime",
    "onsetDateTime",
    "start",
    "date",
    "recordedDate",
    "created",
    "issued",
)


class ContextChoice(Struct, frozen=True):
    reference: str
    title: str
    day: str = ""
    status: str = ""


class ContextsView(Struct, frozen=True, kw_only=True):
    """scope: the launch scope that needs this choice. role: "" if the app requested none. patient: "" if there is none."""

    action: str
    app: str
    scope: str
    type: str
    role: str = ""
    patient: str = ""
    choices: tuple[ContextChoice, ...] = ()
    request: str = ""


def list_choices(type: str, resources: Iterable[Mapping[str, Any]]) -> tuple[ContextChoice, ...]:
    options = (_context_choice(type, resource) for resource in resources)
    return tuple(sorted(options, key=lambda option: option.title))


def _context_choice(type: str, resource: Mapping[str, Any]) -> ContextChoice:
    reference = f"{type}/{resource['id']}"
    names = (_display_text(resource.get(member)) for member in NAMED_BY)
    title = next(filter(None, names), "") or chart.describe_drug(resource) or reference
    day = next((english.format_fhir_date(str(resource[member])) for member in DATED_BY if resource.get(member)), "")
    status = resource.get("status")
    return ContextChoice(reference, title, day, status if isinstance(status, str) else "")


def _display_text(value: Any) -> str:
    """The text of a string, a concept or a name; the first one of a list."""
    if isinstance(value, list):
        return _display_text(value[0]) if value else ""
    if isinstance(value, Mapping) and "family" in value:
        parts = [*value.get("prefix", ()), *value.get("given", ()), value["family"]]
        return " ".join(str(part) for part in parts if isinstance(part, str))
    return value if isinstance(value, str) else chart.concept_text(value)
