"""Derives what a pharmacy dispensed for the orders: a course once, a long-term drug every 90 days of its last year."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import NamedTuple

from sickbay.population.patient_history import Drug, PatientHistory, Prescription

QUARTER = 90
REPEATS = 3
"""Refills after the first fill of a year; then the order is renewed."""
_WHEN_NEEDED = 30
"""Number of doses in a supply of a drug that is taken when needed, estimated at one a day."""
_PACKS: Mapping[str, str] = {"puff": "inhaler", "injection": "auto-injector", "application": "tube"}
"""Packages of forms that are not dispensed by the dose."""
_MONTH = 30
"""Number of days that an inhaler lasts if it is used daily."""


class Supply(NamedTuple):
    """The amount that is dispensed at once, its unit, and for how many days it lasts."""

    amount: float
    unit: str
    days: int


class Fill(NamedTuple):
    """One dispensing. earlier: how many fills of this order came before."""

    number: int
    order: Prescription
    day: datetime.date
    earlier: int


def choose_supply(order: Prescription) -> Supply:
    drug = order.drug
    if order.finished and order.end:
        return _supply_for(drug, (order.end - order.start).days)
    return _supply_when_needed(drug) if drug.when_needed else _supply_for(drug, QUARTER)


def _supply_when_needed(drug: Drug) -> Supply:
    """Returns the supply of a drug that is taken when needed. Auto-injectors come in pairs."""
    if drug.form in _PACKS:
        return Supply(2 if drug.form == "injection" else 1, _PACKS[drug.form], _WHEN_NEEDED)
    return Supply(drug.dose * _WHEN_NEEDED, drug.form, _WHEN_NEEDED)


def _supply_for(drug: Drug, days: int) -> Supply:
    if drug.form in _PACKS:
        return Supply(max(round(days / _MONTH), 1) if drug.form == "puff" else 1, _PACKS[drug.form], days)
    return Supply(drug.dose * drug.times * days, drug.form, days)


def list_fills(history: PatientHistory) -> list[Fill]:
    """Returns the fills by order and day. Only those in an order's last year are included."""
    dispensed: list[Fill] = []
    for order in history.prescriptions:
        last = order.end or history.person.last
        count = 1 if order.finished or order.drug.when_needed else max(-((order.start - last).days // QUARTER), 1)
        for earlier in range(max(count - 1 - REPEATS, 0), count):
            day = order.start + datetime.timedelta(days=QUARTER * earlier)
            dispensed.append(Fill(len(dispensed) + 1, order, day, earlier))
    return dispensed
