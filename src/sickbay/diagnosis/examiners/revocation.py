"""Examines token revocation requests."""

from __future__ import annotations

from sickbay.authorization import revocation
from sickbay.authorization.contexts import SubjectContext
from sickbay.authorization.requests import TokenRequest
from sickbay.diagnosis.evidence import subject as read
from sickbay.diagnosis.evidence import token as read_token
from sickbay.diagnosis.examiner import Examiner
from sickbay.diagnosis.examiners.introspection import recheck_lookup
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import REVOCATION

EXAMINER: Examiner[TokenRequest, SubjectContext] = Examiner(
    checks=revocation.checks_for,
    to_evidence=lambda request: {**read_token.to_evidence(request), "kind": "revocation_request"},
    recheck=recheck_lookup,
)
KINDS = {"revocation_request": Kind(REVOCATION, read_token.read_request, read.context_of)}
