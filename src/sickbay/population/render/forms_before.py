"""Questionnaire and QuestionnaireResponse as DSTU2 has them: groups that hold either groups or questions."""

from __future__ import annotations

from collections.abc import Callable

from sickbay.population.render.changing import form_of, renamed, without
from sickbay.population.render.common import Json

_Question = Callable[[Json], Json]


def questionnaire(one: Json) -> Json:
    group = {
        "title": one["title"],
        **({"concept": one["code"]} if "code" in one else {}),
        **_grouped(one["item"], _asked),
    }
    return {**without(one, "url", "title", "code", "item"), "status": "published", "group": group}


def response(one: Json) -> Json:
    changed = {**without(one, "_questionnaire", "item"), "questionnaire": form_of(one)}
    return {**changed, "group": _grouped(one["item"], _answered)}


def _grouped(items: list[Json], question: _Question) -> Json:
    """Questions beside groups come into a last group of their own."""
    groups = [each for each in items if "item" in each and "answer" not in each and each.get("type", "group") == "group"]
    questions = [question(each) for each in items if each not in groups]
    if not groups:
        return {"question": questions}
    made = [
        {"linkId": each["linkId"], "title": each["text"], "question": [question(part) for part in each["item"]]}
        for each in groups
    ]
    return {"group": [*made, {"question": questions}] if questions else made}


def _asked(item: Json) -> Json:
    changed = renamed(without(item, "answerOption", "item"), code="concept")
    if "answerOption" in item:
        changed["option"] = [option["valueCoding"] for option in item["answerOption"]]
    if "item" in item:
        changed["group"] = [{"question": [_asked(each) for each in item["item"]]}]
    return changed


def _answered(item: Json) -> Json:
    answers = []
    for answer in item["answer"]:
        below = [{"question": answer["item"]}] if "item" in answer else []
        answers.append({**without(answer, "item"), **({"group": below} if below else {})})
    return {**item, "answer": answers}
