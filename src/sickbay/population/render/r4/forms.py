"""What R4 says of questionnaires and of how they were answered."""

from __future__ import annotations

from collections.abc import Iterator

from sickbay.population import intake, social_measures
from sickbay.population.codings import Concept
from sickbay.population.forms import FORMS, Form, Response
from sickbay.population.intake import Intake
from sickbay.population.patient_history import Person
from sickbay.population.render.common import (
    CORE,
    IDENTIFIERS,
    Json,
    coding,
    encounter,
    instant,
    part_of,
    practitioner,
    profiled,
    reference,
)

_DISPLAY = "http://hl7.org/fhir/StructureDefinition/display"
_ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"


def questionnaires() -> Iterator[Json]:
    yield from map(_questionnaire, FORMS)
    yield _habits()


def canonical(form: Form) -> str:
    return _address(form.id)


def _address(id: str) -> str:
    return f"{IDENTIFIERS}questionnaires/{id}"


def _frame(id: str, title: str) -> Json:
    return {
        "resourceType": "Questionnaire",
        "id": id,
        "url": _address(id),
        "title": title,
        "status": "active",
        "subjectType": ["Patient"],
        "date": "2020-01-01",
        "publisher": "General Hospital",
    }


def _questionnaire(form: Form) -> Json:
    weights = not form.results
    counted = _item(form.measure.concept, "choice" if form.results else "decimal")
    if form.results:
        counted["answerOption"] = [{"valueCoding": coding(each.codes[0])} for each in form.results]
    return {
        **_frame(form.id, form.title),
        "code": [coding(form.concept.codes[0])],
        "item": [*(_question(each, form.choices, weights) for each in form.questions), counted],
    }


def _item(asked: Concept, kind: str) -> Json:
    code = asked.codes[0]
    return {"linkId": f"/{code.code}", "code": [coding(code)], "text": asked.text, "type": kind}


def _question(asked: Concept, choices: tuple[Concept, ...], weights: bool) -> Json:
    """weights: whether a choice counts as much as its position says."""
    options: list[Json] = []
    for weight, choice in enumerate(choices):
        counted: Json = {"extension": [{"url": _ORDINAL, "valueDecimal": weight}]} if weights else {}
        options.append({**counted, "valueCoding": coding(choice.codes[0])})
    return {**_item(asked, "choice"), "required": True, "answerOption": options}


def response(who: Person, one: Response) -> Json:
    """Filled in by the patient; the last item is what came of it."""
    id, form = part_of(who.id, "u", one.number), one.form
    himself = reference("Patient", who.id)
    answers = [(asked, coding(form.choices[at].codes[0])) for asked, at in zip(form.questions, one.chosen, strict=True)]
    return {
        **profiled("QuestionnaireResponse", id, "us-core-questionnaireresponse"),
        "identifier": {"system": IDENTIFIERS + "responses", "value": id},
        "questionnaire": canonical(form),
        "_questionnaire": {"extension": [{"url": _DISPLAY, "valueString": form.title}]},
        "status": "completed",
        "subject": himself,
        "encounter": encounter(who.id, one.visit),
        "authored": instant(one.at),
        "author": himself,
        "source": himself,
        "item": [
            *(_answered(asked, {"valueCoding": value}) for asked, value in answers),
            _answered(form.measure.concept, _result(one)),
        ],
    }


def _answered(asked: Concept, value: Json) -> Json:
    return {"linkId": f"/{asked.codes[0].code}", "text": asked.text, "answer": [value]}


def _result(one: Response) -> Json:
    told = one.reading
    if told.concept:
        return {"valueCoding": coding(told.concept.codes[0])}
    return {"valueDecimal": int(told.value or 0)}


_AID, _WHICH, _REMARK = "/aid", "/aid/which", "/remark"
_URI = CORE + "us-core-extension-questionnaire-uri"


def _habits() -> Json:
    """A form with groups, a question that depends on an answer, and answers in words."""
    drinks = [{"valueCoding": coding(intake.ONE_OR_TWO.codes[0])}]
    often = [{"valueCoding": coding(intake.NEVER.codes[0])}]
    known = [{"valueCoding": coding(each.codes[0])} for each in (intake.YES, intake.NO)]
    which = {"linkId": _WHICH, "text": intake.WHICH.text, "type": "string"}
    return {
        **_frame(intake.ID, intake.TITLE),
        "item": [
            _group(
                "/exercise", "Exercise", _item(social_measures.EXERCISE.concept, "decimal"), _item(intake.MINUTES, "decimal")
            ),
            _group(
                "/alcohol",
                "Alcohol",
                {**_item(intake.DRINKS, "choice"), "answerOption": drinks},
                {**_item(intake.MANY, "choice"), "answerOption": often},
                _item(social_measures.ALCOHOL.concept, "decimal"),
            ),
            {"linkId": _AID, "text": intake.AID.text, "type": "choice", "answerOption": known, "item": [which]},
            {"linkId": _REMARK, "text": intake.REMARK.text, "type": "string"},
        ],
    }


def _group(link: str, text: str, *items: Json) -> Json:
    return {"linkId": link, "text": text, "type": "group", "item": list(items)}


def habits(who: Person, one: Intake, number: int) -> Json:
    """number: of this response in the record. The form is on paper too, at an address of its own."""
    id, himself = part_of(who.id, "u", number), reference("Patient", who.id)
    aid: Json = {"valueCoding": coding((intake.YES if one.aid else intake.NO).codes[0])}
    if one.aid:
        aid["item"] = [{"linkId": _WHICH, "text": intake.WHICH.text, "answer": [{"valueString": one.aid}]}]
    return {
        **profiled("QuestionnaireResponse", id, "us-core-questionnaireresponse"),
        "identifier": {"system": IDENTIFIERS + "responses", "value": id},
        "questionnaire": _address(intake.ID),
        "_questionnaire": {
            "extension": [
                {"url": _DISPLAY, "valueString": intake.TITLE},
                {"url": _URI, "valueUri": f"{IDENTIFIERS}forms/{intake.ID}.pdf"},
            ]
        },
        "status": "completed",
        "subject": himself,
        "encounter": encounter(who.id, one.visit),
        "authored": instant(one.at),
        "author": practitioner(one.nurse) if one.nurse else himself,
        "source": himself,
        "item": [
            _answers(
                "/exercise",
                "Exercise",
                _answered(social_measures.EXERCISE.concept, {"valueDecimal": one.days}),
                _answered(intake.MINUTES, {"valueDecimal": one.minutes}),
            ),
            _answers(
                "/alcohol",
                "Alcohol",
                _answered(intake.DRINKS, _choice(intake.ONE_OR_TWO)),
                _answered(intake.MANY, _choice(intake.NEVER)),
                _answered(social_measures.ALCOHOL.concept, {"valueDecimal": one.drinks}),
            ),
            {"linkId": _AID, "text": intake.AID.text, "answer": [aid]},
            {"linkId": _REMARK, "text": intake.REMARK.text, "answer": [{"valueString": one.remark}]},
        ],
    }


def _answers(link: str, text: str, *items: Json) -> Json:
    return {"linkId": link, "text": text, "item": list(items)}


def _choice(concept: Concept) -> Json:
    return {"valueCoding": coding(concept.codes[0])}
