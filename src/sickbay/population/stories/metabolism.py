"""Type 2 diabetes, hyperlipidaemia, hypothyroidism, chronic kidney disease."""

from __future__ import annotations

import datetime
import math

from sickbay.population import drugs, measures, problems
from sickbay.population.body import Body
from sickbay.population.dice import Dice
from sickbay.population.life import Drug, Person
from sickbay.population.stories.base import Lasting


class Diabetes(Lasting):
    """Type 2 diabetes: metformin, then more of it, then a second drug; aim an HbA1c below 7."""

    chronic = True
    concept = problems.DIABETES
    tests = (measures.A1C, measures.GLUCOSE, measures.ALBUMIN_RATIO)
    ladder = (*drugs.METFORMIN, drugs.EMPAGLIFLOZIN)
    replaces = (False, True, False)
    relief = (0.9, 0.6, 0.7)

    def __init__(self, onset: datetime.date, dice: Dice) -> None:
        super().__init__(onset)
        self.rise = dice.between(1.9, 3.4)

    def bend(self, body: Body, day: datetime.date) -> None:
        body["weight"] += 6.0
        if day >= self.onset:
            years = (day - self.onset).days / 365
            body["a1c"] = max(5.3 + self.rise + min(years, 12) * 0.05 - sum(self.relief[: len(self.orders)]), 5.9)
            body["glucose"] = (28.7 * body["a1c"] - 46.7) * 0.88
            body["albumin_ratio"] += min(years, 15) * 1.4

    def missed(self, seen: Body) -> bool:
        return seen.get("a1c", 0) >= 7.0


class Lipids(Lasting):
    """Hyperlipidaemia and its statin."""

    chronic = True
    concept = problems.HYPERLIPIDEMIA
    tests = measures.LIPIDS
    ladder = drugs.ATORVASTATIN
    replaces = (False, True)
    left = (1.0, 0.62, 0.53)
    """How much of the LDL is left on each rung."""

    def __init__(self, onset: datetime.date, dice: Dice) -> None:
        super().__init__(onset)
        self.rise = dice.between(35, 70)

    def bend(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            body["ldl"] = (body["ldl"] + self.rise) * self.left[len(self.orders)]
            body["triglycerides"] += 35

    def missed(self, seen: Body) -> bool:
        return seen.get("ldl", 0) >= 105


class Hypothyroidism(Lasting):
    """Hypothyroidism: levothyroxine is raised until the TSH is back."""

    chronic = True
    concept = problems.HYPOTHYROIDISM
    tests = (measures.TSH,)
    ladder = drugs.LEVOTHYROXINE
    replaces = (False, True, True)

    def __init__(self, onset: datetime.date, dice: Dice) -> None:
        super().__init__(onset)
        self.rise = dice.between(6, 12)

    def bend(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            body["tsh"] += self.rise * (1.0, 0.35, 0.12, 0.05)[len(self.orders)]
            body["pulse"] -= 0 if self.orders else 6

    def missed(self, seen: Body) -> bool:
        return seen.get("tsh", 0) > 4.5


class Kidney(Lasting):
    """Chronic kidney disease stage 3: the filtration rate starts in the fifties and loses about one a year."""

    chronic = True
    concept = problems.KIDNEY_3
    tests = (*measures.METABOLIC, measures.ALBUMIN_RATIO)
    ladder: tuple[Drug, ...] = (drugs.LOSARTAN,)
    replaces = (False,)

    def __init__(self, onset: datetime.date, dice: Dice, person: Person, other_drug: bool) -> None:
        super().__init__(onset)
        self.person = person
        self.start = dice.between(46, 56)
        if other_drug:
            self.ladder = ()

    def bend(self, body: Body, day: datetime.date) -> None:
        if day >= self.onset:
            years = (day - self.onset).days / 365
            rate = max(self.start - years * 0.9, 34)
            body["creatinine"] = _creatinine(rate, self.person.age(day), self.person.sex)
            body["urea"] = 26.0
            body["potassium"] += 0.4
            body["albumin_ratio"] += 55
            body["hemoglobin"] -= 0.9


def _creatinine(rate: float, age: float, sex: str) -> float:
    """The creatinine (mg/dL) that gives this filtration rate by CKD-EPI 2021, above its bend."""
    woman = sex == "female"
    share = math.pow(142 * math.pow(0.9938, age) * (1.012 if woman else 1.0) / rate, 1 / 1.2)
    return share * (0.7 if woman else 0.9)
