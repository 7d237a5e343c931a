"""Examines logout requests."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization import logout
from sickbay.authorization.contexts import LogoutContext
from sickbay.authorization.requests import LogoutRequest
from sickbay.diagnosis.evidence import logout as read
from sickbay.diagnosis.examiner import Decided, Examiner, examine_always
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import LOGOUT


def _recheck_logout(
    refused: Decided[LogoutRequest, LogoutContext], corrected: LogoutRequest
) -> tuple[LogoutRequest, LogoutContext]:
    same = corrected.client_id == refused.request.client_id
    return corrected, refused.context if same else structs.replace(refused.context, client=refused.context.hinted)


EXAMINER: Examiner[LogoutRequest, LogoutContext] = Examiner(
    checks=examine_always(*logout.CHECKS), to_evidence=read.to_evidence, recheck=_recheck_logout
)
KINDS = {"logout_request": Kind(LOGOUT, read.read_request, read.context_of)}
