"""Examines token introspection requests."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization import introspection
from sickbay.authorization.contexts import SubjectContext
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import recheck
from sickbay.diagnosis.evidence import subject as read
from sickbay.diagnosis.evidence import token as read_token
from sickbay.diagnosis.examiner import Decided, Examiner
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import INTROSPECTION
from sickbay.kernel.checks import UNKNOWN


def recheck_lookup(
    refused: Decided[TokenRequest, SubjectContext], corrected: TokenRequest
) -> tuple[TokenRequest, SubjectContext]:
    """The corrected request of an introspection or revocation, and its context."""
    context = recheck.context_for(refused.context, refused.request, corrected)
    if corrected.parameters.get("token") != refused.request.parameters.get("token"):
        context = structs.replace(context, subject=UNKNOWN)
    return corrected, context


EXAMINER: Examiner[TokenRequest, SubjectContext] = Examiner(
    checks=introspection.checks_for,
    to_evidence=lambda request: {**read_token.to_evidence(request), "kind": "introspection_request"},
    recheck=recheck_lookup,
)
KINDS = {"introspection_request": Kind(INTROSPECTION, read_token.read_request, read.context_of)}
