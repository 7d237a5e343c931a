"""Questionnaires that patients complete, and their answers, which add up to the score recorded at the visit."""

from __future__ import annotations

import datetime
from typing import NamedTuple

from sickbay.population import measures
from sickbay.population.codings import LOINC, Coding, Concept, loinc
from sickbay.population.patient_history import Measure, Observation, PatientHistory
from sickbay.population.seeded_random import SeededRandom


def _answer_choice(code: str, display: str) -> Concept:
    return Concept((Coding(LOINC, code, display),), display)


HOW_OFTEN = (
    _answer_choice("LA6568-5", "Not at all"),
    _answer_choice("LA6569-3", "Several days"),
    _answer_choice("LA6570-1", "More than half the days"),
    _answer_choice("LA6571-9", "Nearly every day"),
)
"""Choices in the order of their scores, 0 to 3."""
HOW_TRUE = (
    _answer_choice("LA28398-8", "Never true"),
    _answer_choice("LA6729-3", "Sometimes true"),
    _answer_choice("LA28397-0", "Often true"),
)
AT_RISK, NO_RISK = _answer_choice("LA19952-3", "At risk"), _answer_choice("LA19983-8", "No risk")

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


MILD, MODERATE, SEVERE = (
    _answer_choice("LA6752-5", "Mild"),
    _answer_choice("LA6751-7", "Moderate"),
    _answer_choice("LA6750-9", "Severe"),
)
_SEVERITIES = ((20, SEVERE), (10, MODERATE), (0, MILD))
"""The lowest score of each severity."""


def rate_severity(score: float) -> Concept:
    """Returns the severity of a depression by its PHQ-9 score."""
    return next(concept for lowest, concept in _SEVERITIES if score >= lowest)


class Form(NamedTuple):
    """A questionnaire whose questions share the same choices. Its result is `measure`: a number, or one of `results`."""

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
    """A form completed at a visit. chosen: the index of the chosen choice, for each question."""

    number: int
    form: Form
    visit: int
    at: datetime.datetime
    chosen: tuple[int, ...]
    reading: Observation


def index_responses(history: PatientHistory) -> dict[int, Response]:
    """Maps the number of an observation to the response that its score comes from. Duplicated observations share one."""
    responses: dict[tuple[str, int], Response] = {}
    by_reading: dict[int, Response] = {}
    hunger_answers: list[Observation] = []
    for reading in history.readings:
        form = _BY_KEY.get(reading.measure.key)
        if form and reading.visit and not reading.absent:
            key = form.id, reading.visit
            if key not in responses:
                rng = SeededRandom(history.person.record_number, *key)
                responses[key] = Response(
                    len(responses) + 1, form, reading.visit, reading.at, _choose_answers(form, reading, rng), reading
                )
            by_reading[reading.number] = responses[key]
        elif reading.measure.key.startswith("hunger_") and reading.visit and not reading.absent:
            hunger_answers.append(reading)
    by_reading.update(
        (reading.number, responses[HUNGER.id, reading.visit])
        for reading in hunger_answers
        if reading.visit and (HUNGER.id, reading.visit) in responses
    )
    return by_reading


def _choose_answers(form: Form, reading: Observation, rng: SeededRandom) -> tuple[int, ...]:
    if reading.value is not None:
        return _distribute_score(form, int(reading.value), rng)
    return (1, rng.pick_integer(0, 1)) if reading.concept is AT_RISK else (0, 0)


def _distribute_score(form: Form, total: int, rng: SeededRandom) -> tuple[int, ...]:
    """Returns answers that add up to the total. The last question, about death, scores as low as possible."""
    highest, last = len(form.choices) - 1, len(form.questions) - 1
    counts = [0] * len(form.questions)
    for _ in range(min(total, highest * len(counts))):
        below_highest = [index for index, count in enumerate(counts[:last]) if count < highest]
        counts[rng.pick(below_highest or [last])] += 1
    return tuple(counts)
