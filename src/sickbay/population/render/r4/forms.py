"""What R4 says of questionnaires and of how they were answered."""

from __future__ import annotations

from collections.abc import Iterator

from sickbay.population.forms import FORMS, Form, Response
from sickbay.population.life import Concept, Person
from sickbay.population.render.common import (
    IDENTIFIERS,
    Json,
    coding,
    encounter,
    instant,
    part_of,
    profiled,
    reference,
)

_DISPLAY = "http://hl7.org/fhir/StructureDefinition/display"
_ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"


def questionnaires() -> Iterator[Json]:
    return map(_questionnaire, FORMS)


def canonical(form: Form) -> str:
    return f"{IDENTIFIERS}questionnaires/{form.id}"


def _questionnaire(form: Form) -> Json:
    weights = not form.results
    counted = _item(form.measure.concept, "choice" if form.results else "decimal")
    if form.results:
        counted["answerOption"] = [{"valueCoding": coding(each.codes[0])} for each in form.results]
    return {
        "resourceType": "Questionnaire",
        "id": form.id,
        "url": canonical(form),
        "title": form.title,
        "status": "active",
        "subjectType": ["Patient"],
        "date": "2020-01-01",
        "publisher": "General Hospital",
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
        "item": [*(_answered(asked, {"valueCoding": value}) for asked, value in answers),
                 _answered(form.measure.concept, _result(one))],
    }  # fmt: skip


def _answered(asked: Concept, value: Json) -> Json:
    return {"linkId": f"/{asked.codes[0].code}", "text": asked.text, "answer": [value]}


def _result(one: Response) -> Json:
    told = one.reading
    if told.concept:
        return {"valueCoding": coding(told.concept.codes[0])}
    return {"valueDecimal": int(told.value or 0)}
