"""Examines a corrected request with the context of the refused one, without a new lookup. One function for each stage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol, TypeVar

from sickbay.authorization import access, client_assertion, client_authentication, token_recheck
from sickbay.authorization import authorize as authorization
from sickbay.authorization.contexts import AccessContext, AuthorizeContext, LogoutContext, SubjectContext, TokenContext
from sickbay.authorization.requests import AccessRequest, AuthorizeRequest, LogoutRequest, TokenRequest
from sickbay.diagnosis.corrections import PLACEHOLDER_LAUNCH, PLACEHOLDER_SECRET
from sickbay.diagnosis.evidence import access as access_evidence
from sickbay.kernel.checks import UNKNOWN, Examination

R_co = TypeVar("R_co", covariant=True)
K_co = TypeVar("K_co", covariant=True)
T = TypeVar("T", bound=TokenContext)


class Decided(Protocol[R_co, K_co]):
    """A refused request and its context. meant: the context of the token that was probably meant, if none could be read."""

    @property
    def request(self) -> R_co: ...
    @property
    def known(self) -> K_co: ...
    @property
    def examination(self) -> Examination: ...
    @property
    def meant(self) -> Any: ...


def authorize(
    refused: Decided[AuthorizeRequest, AuthorizeContext], corrected: AuthorizeRequest
) -> tuple[AuthorizeRequest, AuthorizeContext]:
    known = authorization.known_for(refused.known, refused.request, corrected)
    if corrected.parameters.get("launch") == PLACEHOLDER_LAUNCH:
        known = replace(known, launch=UNKNOWN)  # a placeholder: the app has the value, we don't
    return corrected, known


def token(refused: Decided[TokenRequest, T], corrected: TokenRequest) -> tuple[TokenRequest, T]:
    known: T = token_recheck.known_for(refused.known, refused.request, corrected)
    if refused.examination.passed(client_assertion.signature_is_right):
        known = replace(known, jwks=UNKNOWN)  # verifying the same signature again would take half a millisecond
    if PLACEHOLDER_SECRET in client_authentication.secrets(corrected):
        known = replace(known, secret_known=UNKNOWN)
    return corrected, known


def token_lookup(
    refused: Decided[TokenRequest, SubjectContext], corrected: TokenRequest
) -> tuple[TokenRequest, SubjectContext]:
    """Checks a corrected introspection or revocation request."""
    known = token_recheck.known_for(refused.known, refused.request, corrected)
    if corrected.parameters.get("token") != refused.request.parameters.get("token"):
        known = replace(known, subject=UNKNOWN)
    return corrected, known


def userinfo(refused: Decided[AccessRequest, AccessContext], corrected: AccessRequest) -> tuple[AccessRequest, AccessContext]:
    same = access.bearer(corrected) == access.bearer(refused.request)
    known = refused.known if same else replace(refused.known, token=UNKNOWN, client=UNKNOWN, user=UNKNOWN)
    return corrected, known


def fhir(refused: Decided[AccessRequest, AccessContext], corrected: AccessRequest) -> tuple[AccessRequest, AccessContext]:
    return access_evidence.reread(refused.known, refused.request, corrected, refused.meant)


def logout(refused: Decided[LogoutRequest, LogoutContext], corrected: LogoutRequest) -> tuple[LogoutRequest, LogoutContext]:
    same = corrected.client_id == refused.request.client_id
    return corrected, refused.known if same else replace(refused.known, client=refused.known.hinted)


def same_context(refused: Decided[R_co, K_co], corrected: Any) -> tuple[Any, K_co]:
    """Returns the context unchanged, because the context of a registration doesn't depend on the request."""
    return corrected, refused.known
