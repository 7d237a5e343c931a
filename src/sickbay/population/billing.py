"""Claims, their settlement by the payer, and consents. All follow from the history."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from sickbay.population.patient_history import PatientHistory, Visit

_RATES = {"ambulatory": 95, "emergency": 480, "inpatient": 2400}
"""Dollars for a visit, or for each day of a hospital stay."""
_BENEFIT = {"Medicare": 0.8, "Medicaid": 1.0}
_SETTLED = datetime.timedelta(days=12)


class Bill(NamedTuple):
    """A claim for one visit. amount and benefit in dollars; settled: the day on which the payer decided."""

    visit: Visit
    amount: float
    benefit: float
    settled: datetime.date


class Agreement(NamedTuple):
    """A patient's consent to exchange the record with other hospitals, or the refusal of it."""

    decided: datetime.date
    permits: bool


def make_bill(history: PatientHistory) -> Bill | None:
    """Returns the bill for the last settled visit of every third patient; other patients have none."""
    settled = [visit for visit in history.visits if visit.end.date() + _SETTLED <= history.person.last]
    if history.person.number % 3 or not settled:
        return None
    visit = settled[-1]
    amount = _RATES[visit.setting] * max(visit.minutes // 1440, 1)
    benefit = round(amount * _BENEFIT.get(history.person.plan, 0.7), 2)
    return Bill(visit, float(amount), benefit, visit.end.date() + _SETTLED)


def find_agreement(history: PatientHistory) -> Agreement | None:
    """Returns the decision of every fourth patient, made at the first visit. Few refuse."""
    if history.person.number % 4 != 1 or not history.visits:
        return None
    return Agreement(history.visits[0].day, permits=history.person.number % 20 != 13)
