"""Adds social history: work, orientation, family, food, transport, abilities, preferences and advance directives."""

from __future__ import annotations

import datetime
from typing import Any

from msgspec.structs import replace

from sickbay.population import forms, measures, problems, procedure_codes
from sickbay.population.chart import Chart
from sickbay.population.codings import DECLINED, Coding, Concept, text_concept
from sickbay.population.patient_history import Measure, Visit
from sickbay.population.seeded_random import SeededRandom

_ODH = "http://terminology.hl7.org/CodeSystem/PHOccupationalDataForHealthODH"
_WORK: tuple[tuple[Concept, Concept], ...] = (
    (
        Concept(
            (Coding(_ODH, "31-1014.00.007136", "Certified Nursing Assistant (CNA) [Nursing Assistants]"),), "Nursing assistant"
        ),
        Concept((Coding(_ODH, "621610.008495", "Home nursing services"),), "Home nursing services"),
    ),
    (
        Concept(
            (Coding(_ODH, "29-2099.06.034077", "Radiology Technician (Radiology Tech) [Radiologic Technicians]"),),
            "Radiology technician",
        ),
        text_concept("Hospital"),
    ),
    (text_concept("Teacher"), text_concept("Primary school")),
    (text_concept("Carpenter"), text_concept("House building")),
    (text_concept("Bus driver"), text_concept("Public transport")),
)
_WISHES = (
    "If I am dying I want to be at home, without machines, and free of pain.",
    "Treat what can be treated, but no feeding tube if I do not know my family any more.",
)
_COMFORTS = (
    "Likes quiet mornings and an own blanket; the door left open.",
    "Wants a chaplain to be called, and music in the evening.",
)
_OLD = 65


def add_social_history(chart: Chart, rng: SeededRandom) -> None:
    visit = chart.history.visits[-1]
    age = chart.person.age(visit.day)
    if age >= 18:
        _add_work(chart, rng, visit, age)
        _add_family(chart, rng, visit, age)
        _add_hunger(chart, visit)
        _add_transport(chart, rng, visit)
        _add_mood(chart, visit)
        _add_intake_form(chart, rng, visit, age)
    if age >= _OLD:
        _add_abilities(chart, rng, visit)
        _add_preferences(chart, rng, visit)


def _add_observation(chart: Chart, measure: Measure, visit: Visit, **more: Any) -> int:
    return chart.add_observation(measure, visit, visit.start + datetime.timedelta(minutes=9), **more)


def _add_work(chart: Chart, rng: SeededRandom, visit: Visit, age: float) -> None:
    if chart.person.number % 3 != 2 or age >= _OLD:
        return
    work, industry = rng.pick(_WORK)
    since = visit.start - datetime.timedelta(days=rng.pick_integer(100, 700))
    _add_observation(
        chart,
        measures.OCCUPATION,
        visit,
        concept=work,
        parts=((measures.INDUSTRY, industry),),
        since=since,
        open=True,
        performer=visit.practitioner,
    )


def _add_family(chart: Chart, rng: SeededRandom, visit: Visit, age: float) -> None:
    if chart.person.number % 5 == 0:
        share = rng.draw_uniform(0, 1)
        orientation = problems.HETEROSEXUAL if share < 0.9 else problems.HOMOSEXUAL if share < 0.95 else problems.BISEXUAL
        _add_observation(chart, measures.ORIENTATION, visit, concept=orientation, performer=visit.practitioner)
    pregnant = any(problem.concept is problems.PREGNANCY and problem.over is None for problem in chart.history.problems)
    if chart.person.sex == "female" and age < 45 and not pregnant:
        wish = problems.UNSURE if chart.person.number % 2 else text_concept("Does not want to become pregnant in the next year")
        _add_observation(chart, measures.INTENT, visit, concept=wish, performer=visit.practitioner)
        _add_observation(chart, measures.PREGNANT, visit, concept=problems.NOT_PREGNANT, performer=visit.practitioner)


def _add_hunger(chart: Chart, visit: Visit) -> None:
    """Adds, for patients at risk of hunger: the answers as observations, the panel, a health concern and a referral."""
    history = chart.history
    for number, response in forms.index_responses(history).items():
        reading = history.readings[number - 1]
        if reading.concept is not forms.AT_RISK:
            continue
        screening_visit = history.visits[(reading.visit or 1) - 1]
        items = tuple(
            _add_observation(
                chart,
                replace(measures.HUNGER_PANEL, key="hunger_item", concept=question),
                screening_visit,
                concept=response.form.choices[choice],
                performer=reading.performer,
            )
            for question, choice in zip(response.form.questions, response.chosen, strict=True)
        )
        history.readings[number - 1] = replace(reading, derived=items)
        _add_observation(
            chart, measures.HUNGER_PANEL, screening_visit, concept=forms.AT_RISK, members=(*items, number), performer=None
        )
        problem = chart.add_problem(problems.FOOD_INSECURITY, screening_visit.day, screening_visit.day, screening_visit)
        history.problems[problem.number - 1] = replace(problem, social=True)
        chart.add_request(procedure_codes.FOOD_PANTRY, procedure_codes.SOCIAL_SERVICE, screening_visit, problem, social=True)


def _add_transport(chart: Chart, rng: SeededRandom, visit: Visit) -> None:
    if chart.person.plan == "Medicaid":
        _add_observation(chart, measures.TRANSPORT, visit, flag=rng.chance(0.4), performer=visit.practitioner)


def _add_mood(chart: Chart, visit: Visit) -> None:
    """Records the severity of the depression, according to the last PHQ-9 score."""
    scores = [reading for reading in chart.history.readings if reading.measure is measures.PHQ9 and reading.value is not None]
    if scores and scores[-1].value is not None:
        severity = forms.rate_severity(scores[-1].value)
        scored_visit = chart.history.visits[(scores[-1].visit or 1) - 1]
        _add_observation(
            chart,
            measures.DISABILITY,
            scored_visit,
            concept=severity,
            derived=(scores[-1].number,),
            performer=scored_visit.practitioner,
        )


def _add_intake_form(chart: Chart, rng: SeededRandom, visit: Visit, age: float) -> None:
    """Records the scores of the form that some patients complete before their last visit."""
    if chart.person.number % 8 == 3:
        days, drinks = rng.pick_integer(0, 5), rng.pick_integer(0, 2)
        _add_observation(chart, measures.EXERCISE, visit, value=float(days), performer=None)
        _add_observation(chart, measures.ALCOHOL, visit, value=float(drinks), performer=None)


def _add_abilities(chart: Chart, rng: SeededRandom, visit: Visit) -> None:
    by = visit.practitioner
    if chart.person.number % 2:
        _add_observation(chart, measures.FUNCTION, visit, concept=problems.DRESSES, performer=by)
    else:
        _add_observation(chart, measures.FUNCTION, visit, absent=True, why=DECLINED, performer=by)
    forgets = any(problem.concept is problems.DEMENTIA for problem in chart.history.problems)
    text = "Knows the people, not the date; needs help with money." if forgets else "Alert and oriented, manages alone."
    _add_observation(chart, measures.COGNITION, visit, text=text, performer=by)


def _add_preferences(chart: Chart, rng: SeededRandom, visit: Visit) -> None:
    """Records preferences that the patient reports. Some patients have a living will on file."""
    has_living_will = chart.person.number % 6 in (3, 4)
    if has_living_will:
        _add_observation(chart, measures.TREATMENT_PREFERENCE, visit, concept=problems.NOT_RESUSCITATED, performer=None)
        _add_observation(
            chart, measures.CARE_PREFERENCE, visit, concept=text_concept("Examined by a woman, if possible"), performer=None
        )
    else:
        _add_observation(chart, measures.TREATMENT_PREFERENCE, visit, text=rng.pick(_WISHES), performer=None)
        _add_observation(chart, measures.CARE_PREFERENCE, visit, text=rng.pick(_COMFORTS), performer=None)
    number = None
    if has_living_will:
        number = chart.add_note(procedure_codes.LIVING_WILL, visit, _WISHES[0], printed=True, inline=True, directive=True)
        chart.add_note(procedure_codes.NOT_RESUSCITATE, visit, "No resuscitation, by the wish of the patient.", directive=True)
    answer = problems.YES if has_living_will else problems.NO
    _add_observation(chart, measures.DIRECTIVE, visit, concept=answer, note=number, performer=visit.practitioner)
