"""What was billed for a last visit, what the payer settled, and what the patient consented to. It follows from the life."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from sickbay.population.patient_history import PatientHistory, Visit

_RATES = {"ambulatory": 95, "emergency": 480, "inpatient": 2400}
"""Dollars for a visit, and for each further day in hospital."""
_BENEFIT = {"Medicare": 0.8, "Medicaid": 1.0}
_SETTLED = datetime.timedelta(days=12)


class Bill(NamedTuple):
    """A claim for one visit. amount and benefit in dollars; settled: the day of the payer's answer."""

    visit: Visit
    amount: float
    benefit: float
    settled: datetime.date


class Agreement(NamedTuple):
    """Consent to the exchange of the record with other hospitals, or the refusal of it."""

    given: datetime.date
    permits: bool


def bill(life: PatientHistory) -> Bill | None:
    """Of every third patient the last visit that the payer has settled is billed through the hospital."""
    settled = [visit for visit in life.visits if visit.end.date() + _SETTLED <= life.person.last]
    if life.person.number % 3 or not settled:
        return None
    visit = settled[-1]
    amount = _RATES[visit.setting] * max(visit.minutes // 1440, 1)
    benefit = round(amount * _BENEFIT.get(life.person.plan, 0.7), 2)
    return Bill(visit, float(amount), benefit, visit.end.date() + _SETTLED)


def agreement(life: PatientHistory) -> Agreement | None:
    """Every fourth patient was asked at the first visit; few refuse."""
    if life.person.number % 4 != 1 or not life.visits:
        return None
    return Agreement(life.visits[0].day, permits=life.person.number % 20 != 13)
