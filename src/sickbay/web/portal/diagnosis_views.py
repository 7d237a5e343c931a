"""The views of the doctor's result and of a rule, made from a Diagnosis, a Rule and its case."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sickbay.diagnosis.case import Case
from sickbay.diagnosis.doctor import Diagnosis
from sickbay.diagnosis.rule import Rule
from sickbay.web.exchanges import code_samples
from sickbay.web.exchanges.diff import TextPiece
from sickbay.web.exchanges.views import STAGES, exchange_view
from sickbay.web.pages.fresh_pkce import with_fresh_pkce
from sickbay.web.pages.layout import Link
from sickbay.web.pages.parts import VERDICTS, Verdict
from sickbay.web.portal.developer_views import DoctorView, RuleRow, RulesView, RuleView

KINDS = {
    "authorize_url": "Authorization request",
    "token_request": "Token request",
    "fhir_request": "FHIR request",
    "launch_url": "Launch URL",
    "redirect_url": "Authorization response",
    "token_response": "Token response",
    "error_answer": "Error response",
}


def doctor_view(pasted: str, parsed: dict[str, Any], diagnosis: Diagnosis, verifier: str = "") -> DoctorView:
    """The doctor's result. pasted: the text in the box. parsed: the diagnosed input.

    verifier: a new one, for the corrected request.
    """
    checks = [
        {"name": check.name, "outcome": check.outcome, "waits_for": check.waits_for} for check in diagnosis.examination.checked
    ]
    findings = [finding.to_json() | {"parameter": finding.parameter} for finding in diagnosis.explanation.findings]
    exchange = {
        "id": "",
        "stage": diagnosis.stage,
        "request": parsed,
        "checks": checks,
        "findings": findings,
        "corrected": diagnosis.corrected,
    }
    page = exchange_view(with_fresh_pkce(exchange, verifier) if verifier else exchange)
    refused = page.kind == "refused"
    kind = "refused" if diagnosis.answers else page.kind
    return DoctorView(
        input=pasted,
        kind=KINDS.get(str(parsed.get("kind")), "Request"),
        verdict_kind=kind,
        headline=page.headline if page.findings else "No problems found.",
        verdict=_verdict(diagnosis, refused),
        findings=page.findings,
        rows=page.rows,
        tabs=page.tabs if parsed.get("url") or page.corrected else (),
        corrected=page.corrected,
        filled=page.filled,
        walk=page.walk,
        sum=page.sum,
    )


def _verdict(diagnosis: Diagnosis, refused: bool) -> str:
    if diagnosis.answers:
        return "Contains an error response"
    return "A server would refuse this" if refused else "No reason to refuse this"


def rules_view(rules: Sequence[Rule], root: str = "") -> RulesView:
    """All rules, grouped by stage, in the order of the catalogue."""
    groups: dict[str, list[RuleRow]] = {}
    for rule in rules:
        row = RuleRow(rule.id, f"{root}/rules/{rule.id}", plain(rule.title), _kind(rule), rule.outcome)
        groups.setdefault(STAGES.get(rule.stage, rule.stage), []).append(row)
    return RulesView(tuple((name, tuple(rows)) for name, rows in groups.items()), len(rules))


def _kind(rule: Rule) -> Verdict:
    """The rule's severity; a warning if that depends on the facts."""
    return "warning" if callable(rule.severity) else VERDICTS[rule.severity]


def rule_view(rule: Rule, case: Case | None, diagnosis: Diagnosis | None = None) -> RuleView:
    """diagnosis: of the refused input in the case. It fills the texts of the rule and marks the errors in the table."""
    findings = diagnosis.explanation.findings if diagnosis else ()
    finding = next((finding for finding in findings if finding.id == rule.id), None)
    shown = doctor_view("", case.refused, diagnosis).rows if case and diagnosis else ()
    rows = tuple(replace(row, number=0) for row in shown)
    return RuleView(
        id=rule.id,
        title=finding.title if finding else plain(rule.title),
        kind=VERDICTS[finding.severity] if finding else _kind(rule),
        why=finding.why if finding else plain(rule.why),
        fix=finding.fix if finding else plain(rule.fix),
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


def _tab(example: dict[str, Any] | None) -> code_samples.Tab | None:
    """A request as its URL. Anything else (a token response, what a browser saw) as the JSON that `doctor` reads."""
    if not example or example.get("url"):
        return code_samples.tabs(code_samples.read(example), {})[0] if example else None
    shown = {name: value for name, value in example.items() if name != "context"}
    lines = json.dumps(shown, indent=2, ensure_ascii=False).splitlines()
    return code_samples.Tab("json", "JSON", tuple(code_samples.CodeLine((TextPiece(line),), end="\n") for line in lines))


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
