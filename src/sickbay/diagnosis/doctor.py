"""Diagnose an exchange offline: what `sickbay doctor`, the page and the cases all call. Nothing leaves the machine."""

from __future__ import annotations

from typing import Any, NamedTuple

from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.explain import Explanation, explain
from sickbay.diagnosis.stages import KINDS
from sickbay.kernel.refusal import Examination, examine


class Diagnosis(NamedTuple):
    stage: str
    examination: Examination
    explanation: Explanation
    corrected: dict[str, Any] | None


def diagnose(given: dict[str, Any]) -> Diagnosis:
    """`given` is the `input` of a case: kind, url/method/headers/body/…, context. Raises KeyError on an unknown kind."""
    kind = KINDS[given["kind"]]
    request = kind.request(given)
    known = kind.known(given, request)
    examination = examine(kind.checks(request), request, known)
    explanation = explain(RULES, kind.stage, request, known, examination)
    corrected = None if explanation.corrected is None else given | kind.unread(explanation.corrected)
    return Diagnosis(kind.stage, examination, explanation, corrected)
