"""R4 resources for questionnaires and their responses."""

from __future__ import annotations

from collections.abc import Iterator

from sickbay.population import intake, measures
from sickbay.population.codings import Concept
from sickbay.population.forms import FORMS, HUNGER, Form, Response
from sickbay.population.intake import Intake
from sickbay.population.patient_history import Person
from sickbay.population.render.common import (
    CORE,
    IDENTIFIERS,
    Json,
    begin_resource,
    format_instant,
    part_of,
    refer_to_encounter,
    refer_to_practitioner,
    render_coding,
    render_reference,
)

_DISPLAY = "http://hl7.org/fhir/StructureDefinition/display"
_ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"


def render_questionnaires() -> Iterator[Json]:
    yield from map(_render_questionnaire, FORMS)
    yield _habits_questionnaire()


def make_canonical(form: Form) -> str:
    return _questionnaire_url(form.id)


def _questionnaire_url(id: str) -> str:
    return f"{IDENTIFIERS}questionnaires/{id}"


def _questionnaire_frame(id: str, title: str) -> Json:
    return {
        "resourceType": "Questionnaire",
        "id": id,
        "url": _questionnaire_url(id),
        "title": title,
        "status": "active",
        "subjectType": ["Patient"],
        "date": "2020-01-01",
        "publisher": "General Hospital",
    }


def _render_questionnaire(form: Form) -> Json:
    has_scores = not form.results
    result = _render_item(form.measure.concept, "choice" if form.results else "decimal")
    if form.results:
        result["answerOption"] = [{"valueCoding": render_coding(concept.codes[0])} for concept in form.results]
    return {
        **_questionnaire_frame(form.id, form.title),
        "code": [render_coding(form.concept.codes[0])],
        "item": [*(_render_question(question, form.choices, has_scores) for question in form.questions), result],
    }


def _render_item(question: Concept, kind: str) -> Json:
    code = question.codes[0]
    return {"linkId": f"/{code.code}", "code": [render_coding(code)], "text": question.text, "type": kind}


def _render_question(question: Concept, choices: tuple[Concept, ...], has_scores: bool) -> Json:
    """Returns a question. has_scores: whether the position of a choice is its score."""
    options: list[Json] = []
    for weight, choice in enumerate(choices):
        score: Json = {"extension": [{"url": _ORDINAL, "valueDecimal": weight}]} if has_scores else {}
        options.append({**score, "valueCoding": render_coding(choice.codes[0])})
    return {**_render_item(question, "choice"), "required": True, "answerOption": options}


_SDOH = {"system": "http://hl7.org/fhir/us/core/CodeSystem/us-core-tags", "code": "sdoh", "display": "SDOH"}
"""The tag of US Core 5 for responses about living conditions."""


def render_response(person: Person, filled_in: Response) -> Json:
    """Returns the response that the patient completed; the last item is its result."""
    id, form = part_of(person.id, "u", filled_in.number), filled_in.form
    patient = render_reference("Patient", person.id)
    answers = [
        (question, render_coding(form.choices[index].codes[0]))
        for question, index in zip(form.questions, filled_in.chosen, strict=True)
    ]
    frame = begin_resource("QuestionnaireResponse", id, "us-core-questionnaireresponse")
    if form is HUNGER:
        frame["meta"] = {**frame["meta"], "tag": [_SDOH]}
    return {
        **frame,
        "identifier": {"system": IDENTIFIERS + "responses", "value": id},
        "questionnaire": make_canonical(form),
        "_questionnaire": {"extension": [{"url": _DISPLAY, "valueString": form.title}]},
        "status": "completed",
        "subject": patient,
        "encounter": refer_to_encounter(person.id, filled_in.visit),
        "authored": format_instant(filled_in.at),
        "author": patient,
        "source": patient,
        "item": [
            *(_render_answer(question, {"valueCoding": value}) for question, value in answers),
            _render_answer(form.measure.concept, _render_score(filled_in)),
        ],
    }


def _render_answer(question: Concept, value: Json) -> Json:
    return {"linkId": f"/{question.codes[0].code}", "text": question.text, "answer": [value]}


def _render_score(filled_in: Response) -> Json:
    reading = filled_in.reading
    if reading.concept:
        return {"valueCoding": render_coding(reading.concept.codes[0])}
    return {"valueDecimal": int(reading.value or 0)}


_AID, _WHICH, _REMARK = "/aid", "/aid/which", "/remark"
_URI = CORE + "us-core-extension-questionnaire-uri"


def _habits_questionnaire() -> Json:
    """Returns a questionnaire with groups, a question that depends on an answer, and answers in text."""
    drinks = [{"valueCoding": render_coding(intake.ONE_OR_TWO.codes[0])}]
    often = [{"valueCoding": render_coding(intake.NEVER.codes[0])}]
    yes_or_no = [{"valueCoding": render_coding(concept.codes[0])} for concept in (intake.YES, intake.NO)]
    which = {"linkId": _WHICH, "text": intake.WHICH.text, "type": "string"}
    return {
        **_questionnaire_frame(intake.ID, intake.TITLE),
        "item": [
            _question_group(
                "/exercise",
                "Exercise",
                _render_item(measures.EXERCISE.concept, "decimal"),
                _render_item(intake.MINUTES, "decimal"),
            ),
            _question_group(
                "/alcohol",
                "Alcohol",
                {**_render_item(intake.DRINKS, "choice"), "answerOption": drinks},
                {**_render_item(intake.SIX_OR_MORE_DRINKS, "choice"), "answerOption": often},
                _render_item(measures.ALCOHOL.concept, "decimal"),
            ),
            {"linkId": _AID, "text": intake.AID.text, "type": "choice", "answerOption": yes_or_no, "item": [which]},
            {"linkId": _REMARK, "text": intake.REMARK.text, "type": "string"},
        ],
    }


def _question_group(link: str, text: str, *items: Json) -> Json:
    return {"linkId": link, "text": text, "type": "group", "item": list(items)}


def render_habits(person: Person, filled_in: Intake, number: int) -> Json:
    """Returns the response. number: its number in the record. The form also exists on paper, at another URL."""
    id, patient = part_of(person.id, "u", number), render_reference("Patient", person.id)
    aid: Json = {"valueCoding": render_coding((intake.YES if filled_in.aid else intake.NO).codes[0])}
    if filled_in.aid:
        aid["item"] = [{"linkId": _WHICH, "text": intake.WHICH.text, "answer": [{"valueString": filled_in.aid}]}]
    return {
        **begin_resource("QuestionnaireResponse", id, "us-core-questionnaireresponse"),
        "identifier": {"system": IDENTIFIERS + "responses", "value": id},
        "questionnaire": _questionnaire_url(intake.ID),
        "_questionnaire": {
            "extension": [
                {"url": _DISPLAY, "valueString": intake.TITLE},
                {"url": _URI, "valueUri": f"{IDENTIFIERS}forms/{intake.ID}.pdf"},
            ]
        },
        "status": "completed",
        "subject": patient,
        "encounter": refer_to_encounter(person.id, filled_in.visit),
        "authored": format_instant(filled_in.at),
        "author": refer_to_practitioner(filled_in.nurse) if filled_in.nurse else patient,
        "source": patient,
        "item": [
            _answer_group(
                "/exercise",
                "Exercise",
                _render_answer(measures.EXERCISE.concept, {"valueDecimal": filled_in.days}),
                _render_answer(intake.MINUTES, {"valueDecimal": filled_in.minutes}),
            ),
            _answer_group(
                "/alcohol",
                "Alcohol",
                _render_answer(intake.DRINKS, _choice_answer(intake.ONE_OR_TWO)),
                _render_answer(intake.SIX_OR_MORE_DRINKS, _choice_answer(intake.NEVER)),
                _render_answer(measures.ALCOHOL.concept, {"valueDecimal": filled_in.drinks}),
            ),
            {"linkId": _AID, "text": intake.AID.text, "answer": [aid]},
            {"linkId": _REMARK, "text": intake.REMARK.text, "answer": [{"valueString": filled_in.remark}]},
        ],
    }


def _answer_group(link: str, text: str, *items: Json) -> Json:
    return {"linkId": link, "text": text, "item": list(items)}


def _choice_answer(concept: Concept) -> Json:
    return {"valueCoding": render_coding(concept.codes[0])}
