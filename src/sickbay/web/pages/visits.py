"""Which visit an app is opened for (launch/encounter, standalone).

POST view.action: csrf, request, encounter (an id), decision = open | without | nobody.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sickbay.web.pages import chart, times


@dataclass(frozen=True, slots=True)
class VisitChoice:
    """day: "14 Mar 2026"; kind and why in words; status as FHIR has it."""

    id: str
    day: str
    kind: str = ""
    why: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsView:
    action: str
    app: str
    patient: str
    choices: tuple[VisitChoice, ...] = ()
    request: str = ""


def choices(encounters: Iterable[Mapping[str, Any]]) -> tuple[VisitChoice, ...]:
    return tuple(_choice(one) for one in encounters)


def _choice(one: Mapping[str, Any]) -> VisitChoice:
    when = times.said((one.get("period") or {}).get("start"))
    kinds, reasons = one.get("type") or (), one.get("reasonCode") or one.get("reason") or ()
    kind = ", ".join(filter(None, map(chart.said, kinds)))
    why = ", ".join(filter(None, map(chart.said, reasons)))
    return VisitChoice(str(one["id"]), when or "Day unknown", kind, why, str(one.get("status") or ""))
