"""Examines a pasted text, and makes the views of the doctor's result and of a rule from a Diagnosis, a Rule and its case."""

from __future__ import annotations

import json
import secrets
from typing import Any

from msgspec.structs import replace

from sickbay.diagnosis.case import Case
from sickbay.diagnosis.corrections import insert_fresh_pkce
from sickbay.diagnosis.rule import Rule, strip_facts
from sickbay.diagnosis.stages import STAGES
from sickbay.doctor.copying import undo_copying
from sickbay.doctor.diagnose import Diagnosis, LikelyCause
from sickbay.doctor.verdict import LABELS, Verdict, summarize_findings
from sickbay.services.redaction import pasted_secrets
from sickbay.web.exchanges import code_samples
from sickbay.web.exchanges.views import ExchangeView, exchange_view
from sickbay.web.pages.exchange_summary import shorten_long_words
from sickbay.web.pages.parts import VERDICTS, FindingView, Link, TextPiece
from sickbay.web.portal import paste_views
from sickbay.web.portal.doctor_views import DoctorView, RuleView
from sickbay.web.portal.rule_search import kind_of

KINDS = {
    "authorize_url": "Authorization request",
    "token_request": "Token request",
    "fhir_request": "FHIR request",
    "launch_url": "Launch URL",
    "redirect_url": "Authorization response",
    "token_response": "Token response",
    "error_answer": "Error response",
}


def examine(text: str, added: str) -> DoctorView:
    """Examines a pasted text in this process (`doctor_process` has its own). text, added: the contents of the two boxes."""
    from sickbay.doctor.text import diagnose_text  # a page of a rule doesn't need it

    try:
        parsed, diagnosis = diagnose_text(join_texts(text, added))
        if diagnosis.verdict == Verdict.UNKNOWN and not diagnosis.recognised:
            return DoctorView(input=text, added=added, fault=diagnosis.help, related=diagnosis.related)
        return doctor_view(text, parsed, diagnosis, secrets.token_urlsafe(32), added)
    except ValueError as error:
        return DoctorView(input=text, added=added, fault=str(error))
    except (AttributeError, KeyError, TypeError):
        return DoctorView(input=text, added=added, fault="Sickbay doesn’t support this kind of exchange yet.")


def doctor_view(pasted: str, parsed: dict[str, Any], diagnosis: Diagnosis, verifier: str = "", added: str = "") -> DoctorView:
    """The doctor's result. pasted, added: the texts in the two boxes. parsed: the diagnosed input.

    verifier: a new one, for the corrected request.
    """
    checks = [
        {"name": check.name, "outcome": check.outcome, "waits_for": check.waits_for} for check in diagnosis.examination.checked
    ]
    findings = [finding.to_json() | {"parameter": finding.parameter} for finding in diagnosis.explanation.findings]
    exchange: dict[str, Any] = {
        "id": "",
        "stage": diagnosis.stage,
        "request": parsed,
        "checks": checks,
        "findings": findings,
        "corrected": diagnosis.corrected,
        "causes": [cause.to_json() for cause in diagnosis.causes],
    }
    exchange = pasted_secrets.hide_secrets(exchange, parsed, diagnosis.pieces)
    page = exchange_view(insert_fresh_pkce(exchange, verifier) if verifier else exchange)
    shown = summarize_findings(exchange["findings"], exchange["causes"])
    kind, verdict = VERDICT_TAGS[diagnosis.verdict]
    is_alone = _is_assertion_alone(parsed, diagnosis)
    is_request = bool(parsed.get("url")) and not is_alone and parsed.get("kind") != "redirect_url"
    is_only_possible = shown.cause is not None and shown.cause["confidence"] == "possible"
    return DoctorView(
        input=pasted,
        added=added,
        marked=paste_views.split_into_parts(undo_copying(join_texts(pasted, added)), diagnosis.pieces),
        tokens=paste_views.list_tokens(diagnosis.pieces),
        check=shown.cause["why"] if shown.cause and shown.finding else "",
        causes=tuple(LikelyCause(**cause) for cause in exchange["causes"]),
        known=tuple(LikelyCause(**cause) for cause in shown.known),
        rest=shown.rest,
        related=diagnosis.related,
        kind=_kind_of_input(parsed, diagnosis),
        verdict_kind=kind,
        help=diagnosis.what_to_paste,
        headline=_format_first_headline(page, diagnosis, LABELS[shown.cause["confidence"]] if shown.cause else ""),
        verdict=verdict,
        has_problem=diagnosis.has_problem,
        findings=_soften_first_finding(page.findings) if is_only_possible else page.findings,
        rows=tuple(row for row in page.rows if row.is_faulty or not is_alone),
        tabs=page.tabs if is_request or page.corrected else (),
        corrected=page.corrected,
        filled=page.filled,
        steps=page.steps,
        tally=page.tally,
        is_only_possible=is_only_possible,
    )


def _soften_first_finding(findings: tuple[FindingView, ...]) -> tuple[FindingView, ...]:
    """Nothing proves the first one, so it isn't drawn as a refusal."""
    return (*(replace(first, kind="advice", is_only_possible=True) for first in findings[:1]), *findings[1:])


def _kind_of_input(parsed: dict[str, Any], diagnosis: Diagnosis) -> str:
    kind = str(parsed.get("kind"))
    if _is_assertion_alone(parsed, diagnosis):
        return "Client assertion"
    if kind != "error_answer" or diagnosis.answers:
        return KINDS.get(kind, "Request")
    first = next(iter(diagnosis.recognised), "text")
    return first[:1].upper() + first[1:]


def _is_assertion_alone(parsed: dict[str, Any], diagnosis: Diagnosis) -> bool:
    """Whether the text is only a client assertion. The request around it was made up to examine it, so it isn't shown."""
    kinds = {piece.subkind or piece.kind for piece in diagnosis.pieces}
    return parsed.get("kind") == "token_request" and bool(kinds) and kinds <= _OF_A_TOKEN


_OF_A_TOKEN = frozenset(("client_assertion", "jwt_header", "jwt_claims", "decoded_jwt"))


def _format_first_headline(page: ExchangeView, diagnosis: Diagnosis, label: str) -> str:
    """The first finding. What is only likely has a label and isn't followed by its fix, because it has to be checked first."""
    if diagnosis.begins_with_summary:
        return diagnosis.summary
    title = f"{shorten_long_words(page.findings[0].title.rstrip('.'))}."
    if label:
        return f"{label}{title}"
    return page.headline if diagnosis.verdict == Verdict.REFUSED else title


def join_texts(pasted: str, added: str) -> str:
    """The texts of both boxes, which are diagnosed together."""
    return f"{pasted}\n\n{added}" if added else pasted


VERDICT_TAGS: dict[Verdict, tuple[str, str]] = {
    Verdict.ERROR: ("refused", "Contains an error response"),
    Verdict.REFUSED: ("refused", "A server would refuse this"),
    Verdict.DOUBTFUL: ("warning", "May not work"),
    Verdict.UNKNOWN: ("advice", "Not understood"),
    Verdict.FINE: ("passed", "No reason to refuse this"),
    Verdict.UNEXAMINED: ("advice", "Nothing to check"),
}
"""Style and text of each verdict."""


def rule_view(rule: Rule, case: Case | None, diagnosis: Diagnosis | None = None) -> RuleView:
    """diagnosis: that of the refused input in the case. It fills the texts of the rule and marks the errors in the table."""
    findings = diagnosis.explanation.findings if diagnosis else ()
    finding = next((finding for finding in findings if finding.id == rule.id), None)
    shown = doctor_view("", case.refused, diagnosis).rows if case and diagnosis else ()
    rows = tuple(replace(row, number=0) for row in shown)
    return RuleView(
        id=rule.id,
        title=finding.title if finding else strip_facts(rule.title),
        kind=VERDICTS[finding.severity] if finding else kind_of(rule),
        why=finding.why if finding else strip_facts(rule.why),
        fix=finding.fix if finding else strip_facts(rule.fix),
        outcome=rule.outcome,
        stage=STAGES[rule.stage].title,
        degree=rule.degree,
        spec=Link(rule.spec.name, rule.spec.url),
        prose=case.prose if case else "",
        tab="Refused" if rule.explains else "Sent",
        refused=_example_tab(case.refused) if case else None,
        corrected=_example_tab(case.corrected) if case else None,
        rows=rows,
    )


def _example_tab(example: dict[str, Any] | None) -> code_samples.Tab | None:
    """A request as its URL. Anything else (a token response, what a browser saw) as the JSON that `doctor` reads."""
    if not example or example.get("url"):
        return code_samples.make_tabs(code_samples.read_request_parts(example), {})[0] if example else None
    shown = {name: value for name, value in example.items() if name != "context"}
    lines = json.dumps(shown, indent=2, ensure_ascii=False).splitlines()
    return code_samples.Tab("json", "JSON", tuple(code_samples.CodeLine((TextPiece(line),), end="\n") for line in lines))
