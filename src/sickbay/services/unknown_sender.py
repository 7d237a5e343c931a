"""Refuses a FHIR request whose token isn't valid, before its parameters and its body are read.

Anyone can send such a request, so it must cost little: the checks see only its token, its path and Accept, and it is explained
after the response was sent.
"""

from __future__ import annotations

from functools import cache
from typing import Any, Final

from msgspec import structs

from sickbay.authorization import access, origin
from sickbay.authorization.access import bearer, search, writes
from sickbay.authorization.contexts import AccessContext
from sickbay.authorization.requests import AccessRequest
from sickbay.diagnosis.evidence.access import reread_address
from sickbay.diagnosis.examiner import Decided, examine_always
from sickbay.diagnosis.stages import ACCESS
from sickbay.fhir.request_error import RequestError
from sickbay.fhir.visibility import NOTHING
from sickbay.kernel.checks import Check, Checked, Examination, examine
from sickbay.services.access import CHECKS, AccessResult, load_intended_context
from sickbay.services.context import Runtime, Tenant
from sickbay.services.decision import Decision, conclude
from sickbay.services.token_cache import BearerContext


def _reread_corrected(
    refused: Decided[AccessRequest, AccessContext], corrected: AccessRequest
) -> tuple[AccessRequest, AccessContext]:
    return reread_address(refused.context, refused.request, corrected, refused.intended_context)


EXAMINED: Final = (*access.TOKEN_CHECKS, *origin.ACCESS_CHECKS, *search.ADDRESS)
_SENDER: Final = frozenset(check.name for check in access.TOKEN_CHECKS if check is not bearer.token_was_issued_by_this_server)
"""Checks of the token that show who sends the request. A token of another issuer was stored here all the same."""
STAGE: Final = structs.replace(
    ACCESS, examined_by=structs.replace(ACCESS.examiner, checks=examine_always(*EXAMINED), recheck=_reread_corrected)
)
"""The stage ACCESS as far as a request is examined."""


async def refuse_unknown_sender(
    runtime: Runtime,
    tenant: Tenant,
    version: str,
    request: AccessRequest,
    holder: BearerContext,
    faults: tuple[RequestError, ...],
) -> AccessResult | None:
    """The refusal of a request because of its token; None if no check of the token refuses it.

    request: its parameters are at most `access_token`. faults: of the path and Accept. One response names them together with
    the problems of the token.
    """
    token, server, from_page = holder.token, tenant.server, "origin" in request.headers
    context = AccessContext(runtime.now(), server, holder.client, token, holder.user, version, faults, from_page=from_page)
    examination = examine(EXAMINED, request, context, server.policy.relaxed)
    if _find_failed_check(examination) is None:
        return None
    decision = conclude(STAGE, tenant, request, context, examination)
    if token is not None:
        return AccessResult(decision, NOTHING, token.client_id, token.timeline)
    intended = await load_intended_context(runtime, tenant, version, request)
    return AccessResult(decision if intended is None else structs.replace(decision, intended_context=intended), NOTHING)


def _find_failed_check(examination: Examination) -> str | None:
    """The first check that refused the token, so that the sender isn't known."""
    return next((check.name for check in examination.checked if check.outcome == "refused" and check.name in _SENDER), None)


def skip_checks(decision: Decision[AccessRequest, AccessContext]) -> Decision[AccessRequest, AccessContext]:
    """The decision with the checks that wait for a valid token, as it is recorded."""
    examined, checks = decision.examination, (*CHECKS, *writes.checks_for(decision.request))
    skipped = _skip_checks(_find_failed_check(examined) or "", checks)
    return structs.replace(decision, examination=Examination((*examined.checked, *skipped)))


@cache
def _skip_checks(failed: str, checks: tuple[Check[Any, Any], ...]) -> tuple[Checked, ...]:
    """The results of the checks that wait for a valid token."""
    examined = {check.name for check in EXAMINED}
    return tuple(Checked(check.name, "skipped", waits_for=failed) for check in checks if check.name not in examined)
