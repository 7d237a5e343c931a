"""The doctor's result and the page of a rule: from a Diagnosis, a Rule and its case to their views."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sickbay.diagnosis.case import Case
from sickbay.diagnosis.doctor import Diagnosis
from sickbay.diagnosis.rule import Rule
from sickbay.web.pages import code
from sickbay.web.pages.exchange import STAGES, exchange_view
from sickbay.web.pages.frame import Link
from sickbay.web.pages.fresh_pkce import with_fresh_pkce
from sickbay.web.pages.marks import Piece
from sickbay.web.pages.parts import VERDICTS, Verdict
from sickbay.web.pages.workshop import DoctorView, RuleRow, RulesView, RuleView

KINDS = {
    "authorize_url": "An authorize request",
    "token_request": "A token request",
    "fhir_request": "A FHIR request",
    "launch_url": "A launch URL",
    "redirect_url": "An answer to an authorize request",
    "token_response": "A token response",
    "error_answer": "An error answer",
}


def doctor_view(pasted: str, given: dict[str, Any], diagnosis: Diagnosis, verifier: str = "") -> DoctorView:
    """`given`: the diagnosed input; `pasted`: the text in the box; `verifier`: a new one, for the corrected request."""
    checks = [{"name": one.name, "outcome": one.outcome, "waits_for": one.waits_for} for one in diagnosis.examination.checked]
    findings = [one.to_json() | {"parameter": one.parameter} for one in diagnosis.explanation.findings]
    exchange = {
        "id": "",
        "stage": diagnosis.stage,
        "request": given,
        "checks": checks,
        "findings": findings,
        "corrected": diagnosis.corrected,
    }
    page = exchange_view(with_fresh_pkce(exchange, verifier) if verifier else exchange)
    refused = page.kind == "refused"
    kind = "refused" if diagnosis.answers else page.kind
    return DoctorView(
        input=pasted,
        kind=KINDS.get(str(given.get("kind")), "A request"),
        verdict_kind=kind,
        headline=page.headline if page.findings else "Nothing is wrong with it, as far as it can be seen here.",
        verdict=_verdict(diagnosis, refused),
        findings=page.findings,
        rows=page.rows,
        tabs=page.tabs if given.get("url") or page.corrected else (),
        corrected=page.corrected,
        filled=page.filled,
        walk=page.walk,
        sum=page.sum,
    )


def _verdict(diagnosis: Diagnosis, refused: bool) -> str:
    if diagnosis.answers:
        return "This holds an error answer"
    return "A server would refuse this" if refused else "Nothing would refuse this"


def rules_view(rules: Sequence[Rule], root: str = "") -> RulesView:
    """All rules, grouped by stage, in the order of the catalogue."""
    groups: dict[str, list[RuleRow]] = {}
    for rule in rules:
        row = RuleRow(rule.id, f"{root}/rules/{rule.id}", plain(rule.title), _kind(rule), rule.outcome)
        groups.setdefault(STAGES.get(rule.stage, rule.stage), []).append(row)
    return RulesView(tuple((name, tuple(rows)) for name, rows in groups.items()), len(rules))


def _kind(rule: Rule) -> Verdict:
    """Its severity; where that hangs on the facts, the middle one."""
    return "warning" if callable(rule.severity) else VERDICTS[rule.severity]


def rule_view(rule: Rule, case: Case | None, diagnosis: Diagnosis | None = None) -> RuleView:
    """`diagnosis`: of the case's refused input, so that its words are filled and its faults are marked."""
    said = next((one for one in diagnosis.explanation.findings if one.id == rule.id), None) if diagnosis else None
    shown = doctor_view("", case.refused, diagnosis).rows if case and diagnosis else ()
    rows = tuple(replace(row, number=0) for row in shown)
    return RuleView(
        id=rule.id,
        title=said.title if said else plain(rule.title),
        kind=VERDICTS[said.severity] if said else _kind(rule),
        why=said.why if said else plain(rule.why),
        fix=said.fix if said else plain(rule.fix),
        outcome=rule.outcome,
        stage=STAGES.get(rule.stage, rule.stage),
        degree=rule.degree,
        spec=Link(rule.spec.name, rule.spec.url),
        prose=case.prose if case else "",
        tab="Refused" if rule.explains else "Sent",
        refused=_tab(case.refused) if case else None,
        corrected=_tab(case.corrected) if case else None,
        rows=rows,
    )


def _tab(given: dict[str, Any] | None) -> code.Tab | None:
    """A request as its URL; what is none (a token response, what a browser saw) as the JSON that `doctor` takes."""
    if not given or given.get("url"):
        return code.tabs(code.read(given), {})[0] if given else None
    shown = {name: value for name, value in given.items() if name != "context"}
    lines = json.dumps(shown, indent=2, ensure_ascii=False).splitlines()
    return code.Tab("json", "JSON", tuple(code.Line((Piece(line),), end="\n") for line in lines))


def plain(template: str) -> str:
    """A rule's text without facts: placeholders are in angle brackets."""
    return (
        template.replace(":code}", "}")
        .replace("{{", "\0")
        .replace("{", "‹")
        .replace("}", "›")
        .replace("\0", "{")
        .replace("››", "}")
    )
