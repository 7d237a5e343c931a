"""Diagnose an exchange offline: what `sickbay doctor`, the page and the cases all call. Nothing leaves the machine."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from sickbay.diagnosis.catalogue import RULES
from sickbay.diagnosis.explain import Explanation, explain
from sickbay.diagnosis.stages import KINDS, Kind
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
    examination = _examine(kind, request, known)
    explanation = explain(RULES, kind.stage, request, known, examination, again=partial(_again, kind, given))
    corrected = None if explanation.corrected is None else given | kind.unread(explanation.corrected)
    return Diagnosis(kind.stage, examination, explanation, corrected)


def _examine(kind: Kind, request: Any, known: Any) -> Examination:
    return examine(kind.checks(request), request, known, kind.relaxed(known))


def _again(kind: Kind, given: dict[str, Any], mended: Any) -> tuple[Examination, Any]:
    """The mended request is written and read once more: what it derives from its address changes with it."""
    written = given | kind.unread(mended)
    request = kind.request(written)
    known = kind.known(written, request)
    return _examine(kind, request, known), known


def diagnose_line(line: Any) -> dict[str, Any]:
    """A line of `doctor --jsonl`: `id` is echoed, `input` alone is looked at; one that can't be read says so."""
    id, given = (line.get("id"), line.get("input")) if isinstance(line, dict) else (None, None)
    if not isinstance(given, dict):
        return {"id": id, "findings": [], "corrected": None, "trouble": "it is no JSON object with an input"}
    if given.get("kind") not in [*KINDS]:
        return {"id": id, "findings": [], "corrected": None, "trouble": f"cannot read the kind {given.get('kind')!r}"}
    found = diagnose(given)
    findings = [finding.to_json() for finding in found.explanation.findings]
    return {"id": id, "findings": findings, "corrected": found.corrected}
