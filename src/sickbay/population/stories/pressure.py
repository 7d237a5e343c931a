"""Hypertension: the pressure rises, the ladder of drugs brings it back step by step. Heart failure."""

from __future__ import annotations

import datetime

from sickbay.population import drugs, problems
from sickbay.population.body import Body
from sickbay.population.dice import Dice
from sickbay.population.stories.base import Lasting


class Hypertension(Lasting):
    """Essential hypertension, aim below 140."""

    chronic = True
    concept = problems.HYPERTENSION
    ladder = (*drugs.LISINOPRIL, drugs.AMLODIPINE, drugs.HYDROCHLOROTHIAZIDE)
    replaces = (False, True, False, False)
    relief = (9.0, 6.0, 8.0, 6.0)

    def __init__(self, onset: datetime.date, dice: Dice) -> None:
        super().__init__(onset)
        self.rise = dice.between(18, 36)

    def bend(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            change = self.rise - sum(self.relief[: len(self.orders)])
            body["systolic"] += change
            body["diastolic"] += change * 0.4

    def missed(self, seen: Body) -> bool:
        return seen.get("systolic", 0) >= 140


class HeartFailure(Lasting):
    """Heart failure, with a diuretic."""

    chronic = True
    concept = problems.HEART_FAILURE
    ladder = (drugs.FUROSEMIDE,)
    replaces = (False,)

    def bend(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            wet = 0.0 if self.orders else 3.0
            body["weight"] += wet
            body["oxygen"] -= 2.0 + wet / 3
            body["pulse"] += 7.0
            body["breaths"] += 2.0
