"""Creates the finding for error responses that no other finding explains, so that they never count as "no problem"."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import structs

from sickbay.diagnosis.answers.meanings import HTTP, NONE, ask_for_more, cite_specification, describe_answer, describe_meaning
from sickbay.diagnosis.answers.values import ErrorAnswer, is_specific
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.rule import fill_rule
from sickbay.diagnosis.rule_index import find_rule
from sickbay.kernel.checks import Facts

UNEXPLAINED = "error-answer-unexplained"
"""The rule of such a finding."""
MAXIMUM_QUOTED_CHARACTERS = 400
"""The maximum number of characters that are quoted from the server's description."""


def add_finding(
    stage: str, explanation: Explanation, answers: Sequence[ErrorAnswer], quoted: str = "", *, is_doubted: bool = False
) -> Explanation:
    """The explanation with this finding first. A finding about the browser stays before it.

    quoted: the most specific message of the text, if it has one. is_doubted: it's the reader's sentence, or called misleading.
    """
    found = fill_rule(find_rule(UNEXPLAINED), _facts_of_answers(stage, answers, quoted, is_doubted), refused=True)
    spec = describe_meaning(answers[0])[1]
    has_status = spec != HTTP or any(answer.kind == "status" for answer in answers)
    unexplained = structs.replace(found, spec=spec if has_status else NONE)
    findings = (*explanation.findings, unexplained) if stage == "browser" else (unexplained, *explanation.findings)
    return explanation._replace(findings=findings)


def _facts_of_answers(stage: str, answers: Sequence[ErrorAnswer], quoted: str, is_doubted: bool) -> Facts:
    first = answers[0]
    name = describe_answer(first)
    others = list(
        dict.fromkeys(describe_answer(answer) for answer in answers[1:] if answer.code and describe_answer(answer) != name)
    )[:3]
    words = quoted or next((answer.description for answer in answers if answer.description), "")
    words = re.sub(r"\s+", " ", words).strip()
    means, spec = describe_meaning(first)
    named = ". It may name what failed" if first.kind == "message" else ". Its message may name the cause"
    is_named = is_specific(words) and not is_doubted
    return {
        "article": "an" if name[0] in "aeiouAEIOUH" else "a",
        "recognised": name,
        "code": first.code,
        "meaning": "" if is_named or (words and first.kind == "message") else f"{cite_specification(first, means, spec)} ",
        "add": ask_for_more(first, stage),
        "also": f"The text also has: {'; '.join(others)}." if others else "",
        "ending": named if is_named else ". Sickbay can't tell what caused it",
        "quoted": f"{quote_message('message' if is_named else 'text says', words)} " if words else "",
        "advice": "Look at what the message names first. If that isn't enough, add" if is_named else "Add",
    }


def quote_message(name: str, words: str) -> str:
    """A sentence that quotes a message, or its beginning. name: what it is called."""
    cut = words if len(words) <= MAXIMUM_QUOTED_CHARACTERS else words[:MAXIMUM_QUOTED_CHARACTERS] + "…"
    return f'The {name}: "{cut}"{"" if words[-1] in ".!?" else "."}'
