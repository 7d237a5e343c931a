"""Examines requests to the UserInfo endpoint."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization import userinfo
from sickbay.authorization.access import bearer
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.evidence import access as read_access
from sickbay.diagnosis.evidence import subject as read
from sickbay.diagnosis.examiner import Decided, Examiner, examine_always
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.stages import USERINFO
from sickbay.kernel.checks import UNKNOWN


def _recheck_userinfo(
    refused: Decided[AccessRequest, AccessContext], corrected: AccessRequest
) -> tuple[AccessRequest, AccessContext]:
    same = bearer.read_bearer(corrected) == bearer.read_bearer(refused.request)
    context = refused.context if same else structs.replace(refused.context, token=UNKNOWN, client=UNKNOWN, user=UNKNOWN)
    return corrected, context


EXAMINER: Examiner[AccessRequest, AccessContext] = Examiner(
    checks=examine_always(*userinfo.CHECKS),
    to_evidence=lambda request: {**read_access.to_evidence(request), "kind": "userinfo_request"},
    recheck=_recheck_userinfo,
)
KINDS = {"userinfo_request": Kind(USERINFO, read.read_userinfo_request, read.read_userinfo_context)}
