"""The response to a FHIR request that was refused: an OperationOutcome, and a challenge if the token is the reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import structs

from sickbay.authorization.access.bearer import format_challenge, issue_type
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.protected_resource import challenge_parameters
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.rule import Finding
from sickbay.fhir.body import Body
from sickbay.fhir.outcome import Issue
from sickbay.fhir.validation.issue import ValidationIssue
from sickbay.services.access import AccessResult
from sickbay.services.decision import Decision, hide_private
from sickbay.web.fhir.response import FhirResponse, issue_response

CHALLENGE = b"www-authenticate"
INVALID = "fhir-resource-invalid"
OAUTH = frozenset(("", "invalid_request", "invalid_token", "insufficient_scope"))
"""Errors of RFC 6750, which come with a challenge."""


def make_refusal_response(
    version: str, base: str, access: AccessResult, refusals: Sequence[Finding] | None = None, more: Sequence[Issue] = ()
) -> FhirResponse:
    """The response with all errors, the decisive refusal first. refusals: their findings, if known. more: issues after the
    errors.
    """
    decision = access.decision
    refusal = decision.refusal
    assert refusal is not None
    of_oauth = refusal.error in OAUTH
    findings = [hide_private(finding) for finding in (refusals or decision.explain().findings) if finding.refused]
    findings.sort(key=lambda finding: finding.id != refusal.name)
    code = issue_type(refusal) if of_oauth else refusal.error
    issues = [
        Issue(code, f"{finding.title}. {finding.why} {finding.fix}", rule=finding.id, text=finding.title)
        for finding in findings
    ]
    issues += [
        Issue(problem.code, problem.text, rule=INVALID, where=(problem.expression,))
        for problem in _validation_problems(decision)
    ]
    response = issue_response(version, refusal.status, *(issues or [Issue(code, refusal.name, rule=refusal.name)]), *more)
    if not of_oauth:
        return response
    return structs.replace(response, headers=[*response.headers, _bearer_challenge(access, base)])


def _bearer_challenge(access: AccessResult, base: str, entries: Iterable[AccessRequest] = ()) -> tuple[bytes, bytes]:
    decision = access.decision
    assert decision.refusal is not None
    parameters = challenge_parameters(decision.refusal, decision.request, decision.context, base, entries)
    return CHALLENGE, format_challenge(decision.refusal, base, parameters).encode()


def add_scopes(entries: Iterable[AccessRequest], response: FhirResponse, base: str) -> FhirResponse:
    """Returns the refusal of a transaction, with a challenge for the scopes of all entries: one new authorization is enough."""
    others = [header for header in response.headers if header[0] != CHALLENGE]
    if response.status != 403 or response.access is None or len(others) == len(response.headers):
        return response
    return structs.replace(response, headers=[*others, _bearer_challenge(response.access, base, entries)])


def _validation_problems(decision: Decision[AccessRequest, AccessContext]) -> tuple[ValidationIssue, ...]:
    """The validation problems, if validation is among the refusals. Each becomes an issue with its place."""
    invalid = any(refusal.name == INVALID for refusal in decision.examination.refusals)
    body = decision.context.body
    return body.problems if invalid and isinstance(body, Body) else ()
