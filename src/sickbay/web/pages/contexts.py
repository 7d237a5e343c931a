"""Which resource an app is opened for (launch/imagingstudy and the like, standalone).

POST view.action: csrf, request, reference (Type/id), decision = open | without | nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sickbay.web.pages import chart, times

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


@dataclass(frozen=True, slots=True)
class ContextChoice:
    reference: str
    title: str
    day: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextsView:
    """scope: the one that asked. role: "" where none was asked for. patient: "" where it is about none."""

    action: str
    app: str
    scope: str
    type: str
    role: str = ""
    patient: str = ""
    choices: tuple[ContextChoice, ...] = ()
    request: str = ""


def choices(type: str, found: Iterable[Mapping[str, Any]]) -> tuple[ContextChoice, ...]:
    made = (_choice(type, one) for one in found)
    return tuple(sorted(made, key=lambda one: one.title))


def _choice(type: str, one: Mapping[str, Any]) -> ContextChoice:
    reference = f"{type}/{one['id']}"
    title = next((said for name in NAMED_BY if (said := _said(one.get(name)))), "") or chart.drug(one) or reference
    day = next((times.said(str(one[name])) for name in DATED_BY if one.get(name)), "")
    status = one.get("status")
    return ContextChoice(reference, title, day, status if isinstance(status, str) else "")


def _said(value: Any) -> str:
    """Of a text, a concept or a name; of several the first."""
    if isinstance(value, list):
        return _said(value[0]) if value else ""
    if isinstance(value, Mapping) and "family" in value:
        parts = [*value.get("prefix", ()), *value.get("given", ()), value["family"]]
        return " ".join(str(one) for one in parts if isinstance(one, str))
    return value if isinstance(value, str) else chart.said(value)
