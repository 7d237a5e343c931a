"""Makes the finding for error answers that no other finding explains, so that an error never counts as "nothing wrong"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from sickbay.diagnosis.answers.meanings import meaning, recognised, to_add
from sickbay.diagnosis.answers.values import ErrorAnswer
from sickbay.diagnosis.explain import Explanation
from sickbay.diagnosis.rule import Finding, find
from sickbay.diagnosis.rules.answer import UNEXPLAINED
from sickbay.kernel.refusal import Examination, Facts

OPAQUE = "redirect-error-opaque"
_OF_THE_APP = frozenset(("redirect", "browser"))
"""Stages whose findings are about how an answer arrived, not about why it is an error."""
MOST = 300
"""Characters of the server's own words that are repeated."""


def added(stage: str, explanation: Explanation, answers: Sequence[ErrorAnswer]) -> Explanation:
    """With the finding. What the browser did with the answer is said before it."""
    found = (_finding(stage, answers), *explanation.findings)
    return explanation._replace(findings=found if stage != "browser" else (*found[1:], found[0]))


def is_explained(stage: str, examination: Examination, explanation: Explanation) -> bool:
    """Whether a finding names the cause of the error answer."""
    if any("told" in refusal.facts for refusal in (*examination.refusals, *examination.relaxed)):
        return True
    names = {finding.id for finding in explanation.findings}
    at_fault = any(finding.severity == "error" for finding in explanation.findings)
    return OPAQUE in names or (at_fault and stage not in _OF_THE_APP)


def _finding(stage: str, answers: Sequence[ErrorAnswer]) -> Finding:
    return replace(find(UNEXPLAINED, _facts(stage, answers), refused=True), spec=meaning(answers[0])[1])


def _facts(stage: str, answers: Sequence[ErrorAnswer]) -> Facts:
    first = answers[0]
    name = recognised(first)
    others = list(dict.fromkeys(recognised(one) for one in answers[1:] if one.code and recognised(one) != name))[:3]
    described = next((answer.description for answer in answers if answer.description), "")
    words = re.sub(r"\s+", " ", described).strip()
    words = words if len(words) <= MOST else words[:MOST] + "…"
    return {
        "article": "an" if name[0] in "aeiouAEIOUH" else "a",
        "recognised": name,
        "code": first.code,
        "meaning": meaning(first)[0],
        "add": to_add(first, stage),
        "also": f" The text also has: {'; '.join(others)}." if others else "",
        "said": f' The server adds: "{words}"{"" if words[-1] in ".!?…" else "."}' if words else "",
    }
