"""What a pharmacy handed out for what was ordered: a course once, what lasts every ninety days of its last year."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from sickbay.population.patient_history import Drug, PatientHistory, Prescription

QUARTER = 90
REPEATS = 3
"""After the first of a year; then the order is renewed."""
_WHEN_NEEDED = 30
"""Doses of what is taken when needed, one a day at a guess."""
_PACKS: Mapping[str, str] = {"puff": "inhaler", "injection": "auto-injector", "application": "tube"}
"""What is not handed out by the dose."""
_MONTH = 30
"""Days that an inhaler lasts which is used each day."""


class Supply(NamedTuple):
    """How much is handed out at once: an amount of a unit, and for how many days it lasts."""

    amount: float
    unit: str
    days: int


class Fill(NamedTuple):
    """One handing out. earlier: how often this order had been filled before."""

    number: int
    order: Prescription
    day: datetime.date
    earlier: int


def supply(order: Prescription) -> Supply:
    drug = order.drug
    if order.finished and order.end:
        return _lasting(drug, (order.end - order.start).days)
    return _when_needed(drug) if drug.when_needed else _lasting(drug, QUARTER)


def _when_needed(drug: Drug) -> Supply:
    """Auto-injectors come in pairs."""
    if drug.form in _PACKS:
        return Supply(2 if drug.form == "injection" else 1, _PACKS[drug.form], _WHEN_NEEDED)
    return Supply(drug.dose * _WHEN_NEEDED, drug.form, _WHEN_NEEDED)


def _lasting(drug: Drug, days: int) -> Supply:
    if drug.form in _PACKS:
        return Supply(max(round(days / _MONTH), 1) if drug.form == "puff" else 1, _PACKS[drug.form], days)
    return Supply(drug.dose * drug.times * days, drug.form, days)


def fills(life: PatientHistory) -> list[Fill]:
    """By order and day. Older ones than those of an order's last year are no longer told."""
    found: list[Fill] = []
    for order in life.prescriptions:
        last = order.end or life.person.last
        often = 1 if order.finished or order.drug.when_needed else max(-((order.start - last).days // QUARTER), 1)
        for earlier in range(max(often - 1 - REPEATS, 0), often):
            day = order.start + datetime.timedelta(days=QUARTER * earlier)
            found.append(Fill(len(found) + 1, order, day, earlier))
    return found
