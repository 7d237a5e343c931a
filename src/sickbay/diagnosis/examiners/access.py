"""Examines FHIR requests, and those that read or write the state of an app."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sickbay.authorization import access, readable
from sickbay.authorization.access import app_state, operations, search, writes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.evidence import access as read
from sickbay.diagnosis.evidence import app_state as read_app_state
from sickbay.diagnosis.examiner import Decided, Examiner
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import ACCESS
from sickbay.kernel.checks import Check


def _checks_of_request(request: AccessRequest) -> Sequence[Check[Any, Any]]:
    """The token first, then the request itself."""
    return (*access.checks_for(request), *search.checks_for(request), *operations.CHECKS, *writes.all_checks(request))


def _recheck_access(
    refused: Decided[AccessRequest, AccessContext], corrected: AccessRequest
) -> tuple[AccessRequest, AccessContext]:
    return read.reread_request(refused.context, refused.request, corrected, refused.intended_context)


EXAMINER: Examiner[AccessRequest, AccessContext] = Examiner(
    checks=_checks_of_request,
    pasted=(readable.request_is_utf8,),
    to_evidence=read.to_evidence,
    recheck=_recheck_access,
    compared=AccessContext,
)
KINDS = {
    "fhir_request": Kind(ACCESS, read.read_request, read.context_of),
    "app_state_request": Kind(ACCESS, read_app_state.read_request, read_app_state.context_of, app_state.checks_for),
}
