"""Questionnaires that patients fill in, and how they answered: the sum is the score that was read at the visit."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from sickbay.population import measures
from sickbay.population.codings import LOINC, Coding, Concept, loinc
from sickbay.population.patient_history import Measure, Observation, PatientHistory
from sickbay.population.seeded_random import SeededRandom


def _choice(code: str, display: str) -> Concept:
    return Concept((Coding(LOINC, code, display),), display)


HOW_OFTEN = (
    _choice("LA6568-5", "Not at all"),
    _choice("LA6569-3", "Several days"),
    _choice("LA6570-1", "More than half the days"),
    _choice("LA6571-9", "Nearly every day"),
)
"""In the order of what they count: 0 to 3."""
HOW_TRUE = (
    _choice("LA28398-8", "Never true"),
    _choice("LA6729-3", "Sometimes true"),
    _choice("LA28397-0", "Often true"),
)
AT_RISK, NO_RISK = _choice("LA19952-3", "At risk"), _choice("LA19983-8", "No risk")

MOOD = (
    loinc(
        "44250-9", "Little interest or pleasure in doing things in last 2 weeks", "Little interest or pleasure in doing things"
    ),
    loinc("44255-8", "Feeling down, depressed, or hopeless in last 2 weeks", "Feeling down, depressed, or hopeless"),
    loinc("44259-0", "Trouble falling or staying asleep, or sleeping too much"),
    loinc("44254-1", "Feeling tired or having little energy"),
    loinc("44251-7", "Poor appetite or overeating"),
    loinc("44258-2", "Feeling bad about yourself-or that you are a failure or have let yourself or your family down"),
    loinc("44252-5", "Trouble concentrating on things, such as reading the newspaper or watching television"),
    loinc(
        "44253-3",
        "Moving or speaking so slowly that other people could have noticed. Or the opposite-being so fidgety or"
        " restless that you have been moving around a lot more than usual",
    ),
    loinc("44260-8", "Thoughts that you would be better off dead, or of hurting yourself in some way"),
)
WORRY = (
    loinc("69725-0", "Feeling nervous, anxious or on edge"),
    loinc(
        "68509-9",
        "Over the past 2 weeks have you not been able to stop or control worrying",
        "Not being able to stop or control worrying",
    ),
    loinc("69733-4", "Worrying too much about different things"),
    loinc("69734-2", "Trouble relaxing"),
    loinc("69735-9", "Being so restless that it is hard to sit still"),
    loinc("69689-8", "Becoming easily annoyed or irritable"),
    loinc("69736-7", "Feeling afraid as if something awful might happen"),
)
FOOD = (
    loinc("88122-7", "(I/We) worried whether (my/our) food would run out before (I/we) got money to buy more."),
    loinc("88123-5", "The food that (I/we) bought just didn't last, and (I/we) didn't have money to get more."),
)


MILD, MODERATE, SEVERE = _choice("LA6752-5", "Mild"), _choice("LA6751-7", "Moderate"), _choice("LA6750-9", "Severe")
_SEVERITIES = ((20, SEVERE), (10, MODERATE), (0, MILD))
"""The least score of each."""


def severity(score: float) -> Concept:
    """Of a depression, by the score of the PHQ-9."""
    return next(concept for least, concept in _SEVERITIES if score >= least)


class Form(NamedTuple):
    """What is asked, each with the same choices; what comes of it is a measure: a number, or one of `results`."""

    id: str
    title: str
    concept: Concept
    questions: tuple[Concept, ...]
    choices: tuple[Concept, ...]
    measure: Measure
    results: tuple[Concept, ...] = ()


PHQ9 = Form(
    "phq-9", "PHQ-9", loinc("44249-1", "PHQ-9 quick depression assessment panel [Reported.PHQ]"), MOOD, HOW_OFTEN, measures.PHQ9
)
GAD7 = Form("gad-7", "GAD-7", loinc("69737-5", "Generalized anxiety disorder 7 item (GAD-7)"), WORRY, HOW_OFTEN, measures.GAD7)
HUNGER = Form(
    "hunger-vital-sign",
    "Hunger Vital Sign",
    loinc("88121-9", "Hunger Vital Sign [HVS]"),
    FOOD,
    HOW_TRUE,
    measures.HUNGER,
    (AT_RISK, NO_RISK),
)
FORMS = (PHQ9, GAD7, HUNGER)
_BY_KEY = {form.measure.key: form for form in FORMS}


class Response(NamedTuple):
    """One form, filled in at a visit. chosen: for each question the position of its choice."""

    number: int
    form: Form
    visit: int
    at: datetime.datetime
    chosen: tuple[int, ...]
    reading: Observation


def answered(life: PatientHistory) -> dict[int, Response]:
    """The number of a reading -> the form that it was counted from. A reading that came twice was asked for once."""
    found: dict[tuple[str, int], Response] = {}
    held: dict[int, Response] = {}
    parts: list[Observation] = []
    for one in life.readings:
        form = _BY_KEY.get(one.measure.key)
        if form and one.visit and not one.absent:
            key = form.id, one.visit
            if key not in found:
                dice = SeededRandom(life.person.record_number, *key)
                found[key] = Response(len(found) + 1, form, one.visit, one.at, _chosen(form, one, dice), one)
            held[one.number] = found[key]
        elif one.measure.key.startswith("hunger_") and one.visit and not one.absent:
            parts.append(one)
    held.update((one.number, found[HUNGER.id, one.visit]) for one in parts if one.visit and (HUNGER.id, one.visit) in found)
    return held


def _chosen(form: Form, reading: Observation, dice: SeededRandom) -> tuple[int, ...]:
    if reading.value is not None:
        return _counted(form, int(reading.value), dice)
    return (1, dice.whole(0, 1)) if reading.concept is AT_RISK else (0, 0)


def _counted(form: Form, total: int, dice: SeededRandom) -> tuple[int, ...]:
    """Answers whose sum is the total; of the last question as little as can be, since few think of death."""
    most, last = len(form.choices) - 1, len(form.questions) - 1
    counts = [0] * len(form.questions)
    for _ in range(min(total, most * len(counts))):
        room = [at for at, count in enumerate(counts[:last]) if count < most]
        counts[dice.pick(room or [last])] += 1
    return tuple(counts)
