"""Converts Questionnaire and QuestionnaireResponse to DSTU2, where a group contains either groups or questions."""

from __future__ import annotations

from collections.abc import Callable

from sickbay.population.render.changing import form_of, leave_out, rename_elements
from sickbay.population.render.common import Json

_QuestionConverter = Callable[[Json], Json]


def render_questionnaire(form: Json) -> Json:
    group = {
        "title": form["title"],
        **({"concept": form["code"]} if "code" in form else {}),
        **_group_items(form["item"], _convert_question),
    }
    return {**leave_out(form, "url", "title", "code", "item"), "status": "published", "group": group}


def render_response(answers: Json) -> Json:
    changed = {**leave_out(answers, "_questionnaire", "item"), "questionnaire": form_of(answers)}
    return {**changed, "group": _group_items(answers["item"], _convert_answer)}


def _group_items(items: list[Json], question: _QuestionConverter) -> Json:
    """Returns a group with the items. If there are groups, the other questions get their own last group."""
    groups = [item for item in items if "item" in item and "answer" not in item and item.get("type", "group") == "group"]
    questions = [question(item) for item in items if item not in groups]
    if not groups:
        return {"question": questions}
    nested_groups = [
        {"linkId": group["linkId"], "title": group["text"], "question": [question(part) for part in group["item"]]}
        for group in groups
    ]
    return {"group": [*nested_groups, {"question": questions}] if questions else nested_groups}


def _convert_question(item: Json) -> Json:
    changed = rename_elements(leave_out(item, "answerOption", "item"), code="concept")
    if "answerOption" in item:
        changed["option"] = [option["valueCoding"] for option in item["answerOption"]]
    if "item" in item:
        changed["group"] = [{"question": [_convert_question(nested_item) for nested_item in item["item"]]}]
    return changed


def _convert_answer(item: Json) -> Json:
    answers = []
    for answer in item["answer"]:
        nested_group = [{"question": answer["item"]}] if "item" in answer else []
        answers.append({**leave_out(answer, "item"), **({"group": nested_group} if nested_group else {})})
    return {**item, "answer": answers}
