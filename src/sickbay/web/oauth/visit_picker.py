"""The visit picker for a standalone launch with launch/encounter.

POST view.action: csrf, request, encounter (an id), decision = open | without | nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from sickbay.kernel import english
from sickbay.web.ehr import chart


class VisitChoice(Struct, frozen=True):
    """day: "14 Mar 2026". kind and why: in words. status: the FHIR code."""

    id: str
    day: str
    kind: str = ""
    why: str = ""
    status: str = ""


class VisitsView(Struct, frozen=True, kw_only=True):
    action: str
    app: str
    patient: str
    choices: tuple[VisitChoice, ...] = ()
    request: str = ""


def list_choices(encounters: Iterable[Mapping[str, Any]]) -> tuple[VisitChoice, ...]:
    return tuple(_visit_choice(encounter) for encounter in encounters)


def _visit_choice(encounter: Mapping[str, Any]) -> VisitChoice:
    when = english.format_fhir_date((encounter.get("period") or {}).get("start"))
    kinds, reasons = encounter.get("type") or (), encounter.get("reasonCode") or encounter.get("reason") or ()
    kind = ", ".join(filter(None, map(chart.concept_text, kinds)))
    why = ", ".join(filter(None, map(chart.concept_text, reasons)))
    return VisitChoice(str(encounter["id"]), when or "Date unknown", kind, why, str(encounter.get("status") or ""))
