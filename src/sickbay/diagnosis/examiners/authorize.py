"""Examines authorization requests."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization import readable
from sickbay.authorization.authorize import stage
from sickbay.authorization.authorize.parameters import context_for
from sickbay.authorization.contexts import AuthorizeContext
from sickbay.authorization.requests import AuthorizeRequest
from sickbay.diagnosis.evidence import authorize as read
from sickbay.diagnosis.examiner import Decided, Examiner, examine_always
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.placeholders import PLACEHOLDER_LAUNCH
from sickbay.diagnosis.stages import AUTHORIZE
from sickbay.kernel.checks import UNKNOWN


def _recheck_authorize(
    refused: Decided[AuthorizeRequest, AuthorizeContext], corrected: AuthorizeRequest
) -> tuple[AuthorizeRequest, AuthorizeContext]:
    context = context_for(refused.context, refused.request, corrected)
    if corrected.parameters.get("launch") == PLACEHOLDER_LAUNCH:
        context = structs.replace(context, launch=UNKNOWN)  # a placeholder: the app has the value, we don't
    return corrected, context


EXAMINER: Examiner[AuthorizeRequest, AuthorizeContext] = Examiner(
    checks=examine_always(*stage.CHECKS),
    pasted=(readable.request_is_utf8,),
    relaxed=stage.relaxed_refusals,
    to_evidence=read.to_evidence,
    recheck=_recheck_authorize,
    compared=AuthorizeContext,
)
KINDS = {"authorize_url": Kind(AUTHORIZE, read.read_request, read.context_of)}
