"""Examines token requests."""

from __future__ import annotations

from msgspec import structs

from sickbay.authorization import readable, token
from sickbay.authorization.contexts import TokenContext
from sickbay.authorization.requests import TokenRequest
from sickbay.authorization.token import client_assertion, client_authentication, recheck
from sickbay.diagnosis.evidence import token as read
from sickbay.diagnosis.examiner import Decided, Examiner
from sickbay.diagnosis.kinds import Kind
from sickbay.diagnosis.placeholders import PLACEHOLDER_SECRET
from sickbay.diagnosis.stages import TOKEN
from sickbay.kernel.checks import UNKNOWN


def _recheck_token(refused: Decided[TokenRequest, TokenContext], corrected: TokenRequest) -> tuple[TokenRequest, TokenContext]:
    context = recheck.context_for(refused.context, refused.request, corrected)
    if refused.examination.has_passed(client_assertion.signature_is_valid):
        context = structs.replace(context, jwks=UNKNOWN)  # verifying the same signature again would take half a millisecond
    if PLACEHOLDER_SECRET in client_authentication.list_secrets(corrected):
        context = structs.replace(context, secret_known=UNKNOWN)
    return corrected, context


EXAMINER: Examiner[TokenRequest, TokenContext] = Examiner(
    checks=token.checks_for,
    pasted=(*readable.FORM_CHECKS, client_authentication.failed_attempts_are_below_the_limit),
    to_evidence=read.to_evidence,
    recheck=_recheck_token,
    compared=TokenContext,
)
KINDS = {"token_request": Kind(TOKEN, read.read_request, read.context_of)}
