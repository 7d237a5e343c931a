"""Minor illnesses such as colds and sprains, each with its visit, diagnosis and perhaps a drug; and allergies."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from sickbay.population import drugs, measures, problems
from sickbay.population.chart import Chart
from sickbay.population.codings import Concept
from sickbay.population.patient_history import Category, Criticality, Drug, Severity, Visit
from sickbay.population.vitals import Body


class Illness(NamedTuple):
    concept: Concept
    days: int
    fever: float
    drug: Drug | None


ADULT = (
    Illness(problems.COLD, 9, 0.7, drugs.PARACETAMOL),
    Illness(problems.PHARYNGITIS, 7, 1.1, drugs.PARACETAMOL),
    Illness(problems.BRONCHITIS, 16, 0.9, None),
    Illness(problems.BACK_PAIN, 24, 0.0, drugs.PARACETAMOL),
    Illness(problems.ANKLE, 21, 0.0, drugs.PARACETAMOL),
)
CHILD = (
    Illness(problems.COLD, 8, 1.0, None),
    Illness(problems.OTITIS, 9, 1.6, drugs.AMOXICILLIN),
    Illness(problems.PHARYNGITIS, 6, 1.4, None),
)


def record_illness(chart: Chart, visit: Visit, body: Body, illness: Illness) -> None:
    body["temperature"] += illness.fever
    body["pulse"] += illness.fever * 8
    others = (measures.PULSE, measures.BREATHS, measures.TEMPERATURE, measures.OXYGEN)
    chart.measure_vitals(visit, body, others, pressure=chart.person.age(visit.day) >= 3)
    onset = visit.day - datetime.timedelta(days=2)
    over = visit.day + datetime.timedelta(days=illness.days)
    problem = chart.add_problem(
        illness.concept, onset, visit.day, visit, lasting=False, over=over if over <= chart.person.last else None
    )
    if illness.drug and not (illness.drug is drugs.AMOXICILLIN and chart.is_allergic_to("Penicillin G")):
        chart.prescribe(illness.drug, visit, problem, end=visit.day + datetime.timedelta(days=7))


TOO_YOUNG = 3
"""Below this age in years no allergies are known yet."""


def record_allergies(chart: Chart, visit: Visit) -> None:
    """Records the allergies that the patient reports, from the age of `TOO_YOUNG` on. Two in three report none."""
    rng, born, day = chart.rng, chart.person.born.year, visit.day
    if chart.person.age(day) < TOO_YOUNG or rng.chance(0.64):
        if not chart.history.allergies:
            chart.add_allergy(problems.NO_KNOWN_ALLERGY, day)
        return
    known: list[tuple[Concept, Category, Criticality, Concept, Severity]] = [
        (problems.PENICILLIN, "medication", "high", problems.HIVES, "moderate"),
        (problems.SULFAMETHOXAZOLE, "medication", "low", problems.RASH, "mild"),
        (problems.CODEINE, "medication", "low", problems.NAUSEA, "mild"),
        (problems.LATEX, "environment", "low", problems.RASH, "mild"),
        (problems.PEANUT, "food", "high", problems.HIVES, "severe"),
        (problems.GRASS_POLLEN, "environment", "low", problems.SNEEZING, "mild"),
        (problems.DUST_MITE, "environment", "low", problems.SNEEZING, "mild"),
    ]
    if chart.person.age(day) < 12:
        known = [candidate for candidate in known if candidate[0] is not problems.CODEINE]  # codeine isn't given to children
    if any(order.drug in (drugs.AMOXICILLIN, drugs.AMOXICILLIN_INFANT) for order in chart.history.prescriptions):
        known = known[1:]  # amoxicillin was tolerated
    for _ in range(rng.pick((1, 1, 1, 2))):
        substance, category, criticality, reaction, severity = known.pop(rng.pick_integer(0, len(known) - 1))
        latest = max(day.year - 1, born)
        since = rng.pick_integer(min(born + 2, latest), latest)
        # A year may not be later than the visit that records it, nor earlier than the birth.
        chart.add_allergy(
            substance,
            day,
            reaction,
            category=category,
            criticality=criticality,
            severity=severity,
            since=str(since) if since > born else None,
        )
