"""What the FHIR door says where it refuses or leaves out something: an OperationOutcome, and a challenge for a token."""

from __future__ import annotations

from sickbay.authorization.access import challenge, issue_type
from sickbay.fhir.body import Body
from sickbay.fhir.bundle import Entry
from sickbay.fhir.media import negotiate
from sickbay.fhir.outcome import Issue, outcome
from sickbay.fhir.problem import Problem
from sickbay.fhir.query import Query
from sickbay.operations.access import AccessResult
from sickbay.operations.decision import Decision, public
from sickbay.web.fhir_answer import Answer

INVALID = "fhir-resource-invalid"
OAUTH = frozenset(("", "invalid_request", "invalid_token", "insufficient_scope"))
"""Errors of RFC 6750: they come with a challenge."""


def told(version: str, status: int, *issues: Issue) -> Answer:
    """Issues as an answer in JSON: whoever wants XML has it made of this."""
    type = (negotiate(version, None).content_type or "").encode()
    return Answer(status, outcome(version, issues), [(b"content-type", type)], kept=True)


def refused(version: str, base: str, seen: AccessResult) -> Answer:
    """All that was wrong, the deciding one first."""
    decision = seen.decision
    refusal = decision.refusal
    assert refusal is not None
    of_oauth = refusal.error in OAUTH
    findings = [public(one) for one in decision.explained().findings if one.refused]
    findings.sort(key=lambda one: one.id != refusal.name)
    code = issue_type(refusal) if of_oauth else refusal.error
    issues = [Issue(code, f"{one.title}. {one.why} {one.fix}", rule=one.id, text=one.title) for one in findings]
    issues += [Issue(one.code, one.text, rule=INVALID, where=(one.expression,)) for one in _problems(decision)]
    answer = told(version, refusal.status, *(issues or [Issue(code, refusal.name, rule=refusal.name)]))
    if not of_oauth:
        return answer
    asked = (b"www-authenticate", challenge(refusal, base).encode())
    return answer._replace(headers=[*answer.headers, asked])


def _problems(decision: Decision) -> tuple[Problem, ...]:
    """What validation found, where that is among the refusals: every fault an issue with its place."""
    invalid = any(one.name == INVALID for one in decision.examination.refusals)
    body = decision.known.body
    return body.problems if invalid and isinstance(body, Body) else ()


def left_out(version: str, query: Query, clipped: bool) -> list[Entry]:
    """What was left out, parameters and included resources, and codes that nothing has are said in the page (R4, 3.1.1.5)."""
    if not query.ignored and not query.doubted and not clipped:
        return []
    issues = [
        Issue(
            "not-supported",
            f"{name} was not applied." + (f" Did you mean {near}?" if near else ""),
            "warning",
            "fhir-search-unknown-param",
        )
        for name, near in query.ignored
    ]
    for name, code, meant in query.doubted:
        text = f"No resource can have {code} as {name}: codes are of their value set, in its case. Use {meant}."
        issues.append(Issue("code-invalid", text, "warning"))
    if clipped:
        text = "More is included than a page takes: ask for fewer matches by _count, or search for it by itself."
        issues.append(Issue("incomplete", text, "warning"))
    return [Entry("OperationOutcome", "", outcome(version, issues))]
